// People of a scripted lesson, in terminals and on pages, and the transcript of what they type and see.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { createInterface } = require("node:readline");
const { folder, run, until, open, login, chooseOwn, say } = require("./harness.js");

/** With four blanks before it, a line of the transcript fits into the documents. */
const COLUMNS_MAX = 106;
const NAME_COLUMNS = 12;
/** What no two lessons have in common. */
const MASKS = [[/127\.0\.0\.1:\d+/g, "ADDRESS"], [/\b\d{1,2}:\d\d(\s[AP]M)?/g, "··:··"], [/\b\d{4}-\d\d-\d\d\b/g, "····-··-··"],
  [/\b[a-z0-9]{4}(-[a-z0-9]{4}){3}\b/g, "JOIN-CODE"], [/\b[a-z0-9]{4}(-[a-z0-9]{4}){2}\b/g, "ONE-TIME"], [/\bgroup-\d\b/g, "group-·"],
  // Minutes that somebody was there.
  [/(?<=··:·· {2}··:·· +)\d+/g, "·"]];

const printed = [];

const masked = (text) => MASKS.reduce((text, [what, mask]) => text.replace(what, mask), text);

/** Prints lines of the transcript, those that are too long in several, as a narrow window has them. */
function print(text, indent = "") {
  for (const whole of text.split("\n")) {
    let rest = whole;
    while ([...rest].length > COLUMNS_MAX) {
      const cut = rest.lastIndexOf(" ", COLUMNS_MAX);
      assert(cut > indent.length, `no blank to cut at: ${rest}`);
      put(rest.slice(0, cut));
      rest = indent + rest.slice(cut);
    }
    put(rest);
  }
}

function put(line) {
  printed.push(line.trimEnd());
  console.log(printed.at(-1));
}

function act(name, verb, text) {
  const head = `${name.padEnd(NAME_COLUMNS)} ${verb.padEnd(6)} `;
  const indent = " ".repeat(head.length);
  print(`${head}${text.replaceAll("\n", `\n${indent}`)}`, `${indent} `);
}

const fits = (line, what) => what instanceof RegExp ? what.test(line) : line.includes(what);

/** Somebody in a terminal: each line of the screen is seen once. */
class Terminal {
  constructor(server, name, password) {
    this.name = name;
    this.lines = [];
    const env = { ...process.env, HOMEROOM_PASSWORD: password, HOMEROOM_CONFIG_DIR: path.join(folder, `settings-${name}`) };
    this.program = run("homeroom-client", [server.place, server.code, "--user", name, "--plain", "--no-sound"], { env, cwd: folder });
    for (const stream of [this.program.stdout, this.program.stderr]) createInterface({ input: stream }).on("line", (line) => this.lines.push(line));
  }

  types(text, shown = text) {
    act(this.name, "types", shown);
    this.enters(text);
  }

  /** Types something of which nothing is told. What is seen from then on is what comes of it, or came just then. */
  enters(text) {
    this.lines.length = 0;
    this.program.stdin.write(`${text}\n`);
  }

  /** Waits for lines that have these words in them, or look like that, one after the other; what they are. */
  async sees(...wanted) {
    const lines = [];
    for (const what of wanted) {
      lines.push(await this.line(what));
      act(this.name, "sees", masked(lines.at(-1)));
    }
    return lines;
  }

  async line(what) {
    const at = () => this.lines.findIndex((line) => fits(line, what));
    await until(() => at() >= 0, `${what} at ${this.name}'s`, () => this.lines.join("\n"));
    return this.lines.splice(at(), 1)[0];
  }

  all() { return this.program.said; }

  async leaves() {
    this.program.stdin.end();
    await until(() => this.program.exitCode !== null, `the end of ${this.name}'s`);
    assert.equal(this.program.exitCode, 0, `${this.name} leaves: ${this.program.said}`);
  }
}

/** Somebody with a browser. */
class Page {
  static async open(browser, server, name) {
    return Object.assign(new Page(), { name, page: await open(browser, server.place) });
  }

  /** By a slip: with the name and the password that are on it, unless its QR code has filled them in. */
  async comesIn(password) {
    if (password) await login(this.page, this.name, password);
    else await this.page.click("#enter");
    await chooseOwn(this.page);
    await this.page.waitForSelector("#room:not([hidden])");
  }

  async types(text) {
    act(this.name, "types", text);
    await say(this.page, text);
  }

  async clicks(role, name) {
    act(this.name, "clicks", name);
    await this.page.getByRole(role, { name }).click();
  }

  async sees(...wanted) {
    for (const what of wanted) await this.shows("#log .row", what);
  }

  all() { return this.page.textContent("#log"); }

  /** What stands there, once it has these words in it or looks like that. */
  async shows(where, what, verb = "sees") {
    const all = this.page.locator(where).filter({ hasText: what, visible: true });
    await all.last().waitFor();
    const lines = (await all.last().innerText()).trim().split(/\s*\n/);
    // Between a time and what is beside it the page has room, and its text nothing. A program keeps its lines.
    const text = lines.join(await all.last().locator("pre").count() ? "\n" : "  ").replace(/^(\d+:\d\d(?:\s[AP]M)?)\s*/, "$1 ");
    act(this.name, verb, masked(text));
  }
}

/** The block of code in this section of a document is what was printed. With UPDATE_DOCS in the environment it becomes that. */
function standsIn(document, heading) {
  const lines = fs.readFileSync(document, "utf8").split("\n");
  const begin = lines.findIndex((line, at) => at > lines.indexOf(heading) && line.startsWith("    "));
  assert(lines.includes(heading) && begin > 0, `${document} has no block under ${heading}`);
  const length = lines.slice(begin).findIndex((line) => line && !line.startsWith("    "));
  const block = printed.map((line) => line && `    ${line}`);
  const stands = lines.splice(begin, length, ...block, "");
  if (process.env.UPDATE_DOCS) return fs.writeFileSync(document, lines.join("\n"));
  const wrong = [...block, ""].findIndex((line, at) => line !== stands[at]);
  assert(wrong < 0 && stands.length === block.length + 1, `${document} tells another lesson than the one above, in its line \
${begin + 1 + wrong}: ${stands[wrong]}\nUPDATE_DOCS=1 make demo-lesson writes it anew`);
}

module.exports = { Terminal, Page, print, act, masked, standsIn };
