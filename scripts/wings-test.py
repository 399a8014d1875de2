#!/usr/bin/env python3
"""Shows that wings.py fails where a wing uses one above it, and where files of a wing use each other in a circle."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What is added to which file of a copy, and what must then be said of it.
BREAKS = [
    ("src/client/terminal/wrap.rs", "use crate::client::page::render;", "`terminal` uses `page`, which stands above it"),
    ("src/client/settings/store.rs", "fn f() { crate::client::run(); }", "`settings` uses mod.rs, which stands above it"),
    ("src/client/connection/wire.rs", "use super::session::Session;", "which leads back to it"),
]


def wings(folder):
    run = subprocess.run([sys.executable, ROOT / "scripts/wings.py", folder], capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def main():
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "src", copy / "src")
        shutil.copy(ROOT / "ARCHITECTURE.md", copy)
        assert wings(copy) == (0, ""), wings(copy)
        for name, line, expected in BREAKS:
            path = copy / name
            whole = path.read_text()
            path.write_text(whole + "\n" + line + "\n")
            status, told = wings(copy)
            at = f"{name}:{whole.count(chr(10)) + 2}: "
            assert status == 1 and any(at in text and expected in text for text in told.splitlines()), (name, told)
            path.write_text(whole)


if __name__ == "__main__":
    main()
