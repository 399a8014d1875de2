#!/usr/bin/env python3
"""Holds the sources to the house that ARCHITECTURE.md draws.

In each table there whose heading is `| wing | what lives there |`, the wings of one part of the crate stand from the top
floor down; the line before the table names its folder. A wing uses what stands below it, never what stands above, and no
two files of a wing use each other, not even round about. This reads the `use` lines and the full paths of the sources
(but for their tests, which may look from above) and fails with file, line and what would be right.

    scripts/wings.py [FOLDER]       of the whole project; the current one unless given
"""

import re
import sys
from pathlib import Path

USE = re.compile(r"^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);", re.M)
INLINE = re.compile(r"\b(?:crate|super)(?:::\w+)+")


class House:
    """One part of the crate, `src/server` or `src/client`, and the order of its wings."""

    def __init__(self, root, folder, wings):
        self.root, self.folder, self.wings = root, folder, wings
        self.modules = {}
        for path in sorted((root / folder).rglob("*.rs")):
            parts = list(path.relative_to(root / "src").with_suffix("").parts)
            self.modules[tuple(parts[:-1] if parts[-1] == "mod" else parts)] = path
        self.base = Path(folder).parts[1:]
        self.exports = {module: exports(path) for module, path in self.modules.items() if path.name == "mod.rs"}

    def wing(self, module):
        """The wing that a module lives in: None for the part's own mod.rs, which stands above all."""
        return module[len(self.base)] if len(module) > len(self.base) else None

    def resolve(self, module, path):
        """The module that a path names, seen from another; None when it is none of this part's."""
        if path[0] == "crate":
            at, rest = [], path[1:]
        else:
            at, rest = list(module), list(path)
            while rest and rest[0] in ("super", "self"):
                if rest.pop(0) == "super":
                    at = at[:-1]
        at = tuple(at)
        while rest and at + (rest[0],) in self.modules:
            at, rest = at + (rest.pop(0),), rest
        # A name that a folder offers comes from one of its files.
        while rest and rest[0] in self.exports.get(at, {}):
            inner = at + (self.exports[at][rest[0]],)
            if inner not in self.modules:
                break
            at = inner
        return at if at[: len(self.base)] == self.base and at in self.modules else None

    def uses(self):
        """Each use: the module, its line, and the module used."""
        for module, path in self.modules.items():
            for line, used in paths(path):
                target = self.resolve(module, used)
                if target and target != module:
                    yield module, line, target


def without_tests(text):
    """The text with its comments and the modules under `#[cfg(test)]` blanked, line by line."""
    text = re.sub(r"//[^\n]*", "", text)
    for start in [found.start() for found in re.finditer(r"#\[cfg\(test\)\]\s*mod \w+ \{", text)]:
        depth, at = 0, text.index("{", start)
        while at < len(text):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
            if depth == 0:
                break
        text = text[:start] + re.sub(r"[^\n]", " ", text[start:at]) + text[at:]
    return text


def leaves(tree):
    """The paths in a `use` tree: `a::{b, c::{d}}` names a::b and a::c::d."""
    tree = " ".join(tree.split())
    found = re.match(r"((?:\w+::)*)\{(.*)\}$", tree)
    if not found:
        yield [part for part in re.sub(r" as \w+$", "", tree).split("::") if part not in ("*", "self")] or ["self"]
        return
    prefix, depth, item = found.group(1).split("::")[:-1], 0, ""
    for char in found.group(2) + ",":
        depth += {"{": 1, "}": -1}.get(char, 0)
        if char == "," and depth == 0:
            if item.strip():
                yield from (prefix + [part for part in leaf if part != "self"] for leaf in leaves(item.strip()))
            item = ""
        else:
            item += char


def paths(path):
    """Each path that a file names, with its line. What a mod.rs passes on is no use of its own."""
    text = without_tests(path.read_text())
    if re.search(r"^#!\[cfg\(test\)\]", text, re.M) or path.name == "tests.rs":
        return
    passed_on = [found.span() for found in USE.finditer(text) if found.group(0).lstrip().startswith("pub")]
    for found in USE.finditer(text):
        if found.span() not in passed_on:
            line = text.count("\n", 0, found.start(1)) + 1
            for leaf in leaves(found.group(1)):
                yield line, leaf
    for found in INLINE.finditer(USE.sub(lambda use: re.sub(r"[^\n]", " ", use.group(0)), text)):
        yield text.count("\n", 0, found.start()) + 1, found.group(0).split("::")


def exports(path):
    """What a mod.rs offers under its own name: each name and the file that it comes from."""
    names = {}
    for found in USE.finditer(without_tests(path.read_text())):
        if found.group(0).lstrip().startswith("pub"):
            for leaf in leaves(found.group(1)):
                leaf = leaf[1:] if leaf[0] == "self" else leaf
                if len(leaf) > 1:
                    names[leaf[-1]] = leaf[0]
    return names


def houses(root):
    """The parts that ARCHITECTURE.md has tables of."""
    lines = (root / "ARCHITECTURE.md").read_text().splitlines()
    for at, line in enumerate(lines):
        if line.replace(" ", "") == "|wing|whatlivesthere|":
            folder = re.findall(r"`(src/\w+)/`", "\n".join(lines[max(0, at - 6) : at]))[-1]
            rows = []
            for row in lines[at + 2 :]:
                if not row.startswith("|"):
                    break
                # `mod.rs` and the files beside it that start and end things stand above all wings.
                rows.append([re.sub(r"/$|\.rs$", "", name) for name in re.findall(r"`([^`]+)`", row.split("|")[1])])
            yield House(root, folder, rows)


def upward(house):
    """Uses of a wing above."""
    floor = {name: at for at, row in enumerate(house.wings) for name in row}
    for wing in sorted({house.wing(module) for module in house.modules} - {None}):
        if wing not in floor:
            yield f"{house.folder}/{wing}: ARCHITECTURE.md's table doesn't have it: say there what lives in it"
    for module, line, target in house.uses():
        own, used = house.wing(module), house.wing(target)
        if own is None or own == used or own not in floor:
            continue
        if used is None or floor.get(used, 0) <= floor[own]:
            where = house.modules[module].relative_to(house.root)
            name = "mod.rs" if used is None else f"`{used}`"
            yield (
                f"{where}:{line}: `{own}` uses {name}, which stands above it: move what both need to a wing below, "
                f"or the use to a wing above"
            )


def circles(house):
    """Files of a wing that use each other."""
    edges = {}
    for module, line, target in house.uses():
        if house.wing(module) == house.wing(target) and house.wing(module) is not None:
            edges.setdefault(module, {}).setdefault(target, line)
    reach = {module: reachable(edges, module) for module in edges}
    for module, targets in sorted(edges.items()):
        for target, line in sorted(targets.items()):
            if module in reach.get(target, set()):
                where, other = (house.modules[m].relative_to(house.root) for m in (module, target))
                yield f"{where}:{line}: uses {other}, which leads back to it: move what both need to a file below them"


def reachable(edges, start):
    seen, todo = set(), [start]
    while todo:
        for target in edges.get(todo.pop(), {}):
            if target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    found = list(houses(root))
    if not found:
        sys.exit("ARCHITECTURE.md: no table `| wing | what lives there |`")
    wrong = [text for house in found for check in (upward, circles) for text in check(house)]
    print("\n".join(wrong), end="\n" if wrong else "")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
