// What the tests of the page share: programs, browsers, and what people do in them. The certificate's warning is taken as
// clicked through.
"use strict";
const { chromium } = require("playwright-core");
const { spawn, execFileSync } = require("node:child_process");
const assert = require("node:assert");
const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const BINARIES = process.env.HOMEROOM_BINARIES ?? path.join(__dirname, "../../target/debug");
const SHOTS = process.env.HOMEROOM_SHOTS;
/** Where pictures of each state go, to be looked at and thrown away. */
const STATES = process.env.HOMEROOM_STATES;
const PASSWORD = "seven green bottles";
const WAIT_MS = 15000;
/** By how many milliseconds, at the most, each of the server's words is late at a page. */
const LATE_MS = Number(process.env.HOMEROOM_LATE_MS ?? 0);
/** A phone, a tablet, a screen. */
const WIDTHS = [320, 768, 1440];

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "homeroom-web-"));
const data = path.join(folder, "data");
fs.mkdirSync(data, { mode: 0o700 });

const children = [];
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
  fs.rmSync(folder, { recursive: true, force: true });
});

/** A program and all that it prints. */
function run(name, args, options = {}) {
  const child = spawn(path.join(BINARIES, name), args, { stdio: ["pipe", "pipe", "pipe"], ...options });
  children.push(child);
  child.said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => { child.said += bytes; });
  child.waitFor = (what) => until(() => child.said.includes(what), `${name}: ${what}`, () => child.said);
  return child;
}

async function until(holds, what, meanwhile = () => "") {
  const end = Date.now() + WAIT_MS;
  while (!await holds()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}: ${meanwhile()}`);
    await new Promise((over) => setTimeout(over, 20));
  }
}

async function startServer(listen, folder = data) {
  const server = run("homeroom-server", ["--data-dir", folder, "--listen", listen, "--no-announce", "--hash-rounds", "1000"]);
  await server.waitFor("ready\n");
  server.place = server.said.match(/listening on (\S+)/)[1];
  server.code = server.said.match(/join code (\S+)/)[1];
  return server;
}

function startClient(server, name) {
  const settings = path.join(folder, `settings-${name}`);
  const env = { ...process.env, HOMEROOM_PASSWORD: PASSWORD, HOMEROOM_CONFIG_DIR: settings };
  return run("homeroom-client", [server.place, server.code, "--user", name], { env });
}

/** Accounts before the server starts, `name[,role]` each; what is printed of them. */
function makeAccounts(lines, data) {
  const file = path.join(folder, "accounts.csv");
  fs.writeFileSync(file, lines.join("\n"));
  return execFileSync(path.join(BINARIES, "homeroom-server"), ["--data-dir", data, "--hash-rounds", "1000", "user", "import", file], { encoding: "utf8", stdio: "pipe" });
}

function launch() {
  const signals = { handleSIGHUP: false, handleSIGINT: false, handleSIGTERM: false };
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"], ...signals });
}

const violations = [];

async function open(browser, place, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  page.on("console", (message) => { if (["error", "warning"].includes(message.type())) violations.push(message.text()); });
  page.on("pageerror", (error) => violations.push(String(error)));
  page.on("dialog", (dialog) => { violations.push(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  if (LATE_MS) await page.addInitScript(bringLate, LATE_MS);
  await page.goto(`https://${place}/`);
  return page;
}

/** What the server says comes late, each at another moment and in its order, as on a machine that is busy: a test that
 *  looks before it has waited fails. */
function bringLate(most) {
  const late = () => new Promise((over) => setTimeout(over, Math.random() * most));
  const before = new WeakMap();
  for (const kind of ["onmessage", "onclose"]) {
    const { set } = Object.getOwnPropertyDescriptor(WebSocket.prototype, kind);
    Object.defineProperty(WebSocket.prototype, kind, {
      set(heard) {
        set.call(this, (event) => { before.set(this, Promise.resolve(before.get(this)).then(late).then(() => heard(event))); });
      },
    });
  }
}

async function login(page, name, password = PASSWORD) {
  await page.fill("#name", name);
  await page.fill("#password", password);
  await page.click("#enter");
}

async function chooseOwn(page) {
  await page.waitForSelector("#ask[open]");
  await page.fill("#new", "nine red lanterns");
  await page.fill("#again", "nine red lanterns");
  await page.click("#change");
  await page.waitForSelector("#ask:not([open])", { state: "attached" });
}

const said = (page, text) => page.locator("#log .row .text", { hasText: text }).first().waitFor();

async function say(page, text) {
  await page.fill("#line", text);
  await page.press("#line", "Enter");
}

/** What is only text, whoever says it. */
const HOSTILE = ["<img src=x onerror=alert(1)>", "<script>alert(1)</script>", "\"><svg onload=alert(1)>", "javascript:alert(1)",
  "<a href=javascript:alert(1)>x</a>", "<iframe srcdoc='<script>alert(1)</script>'>", "{{constructor.constructor('alert(1)')()}}",
  "</script><script>alert(1)</script>", "&lt;b&gt;", "<b>bold</b>", "<style>*{display:none}</style>", "\u202Eolleh", "\u0000\u0007\u001b[2J",
  "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>", "<base href=//evil.example>", "<meta http-equiv=refresh content=0>",
  "`${alert(1)}`", "%3Cscript%3E", "<template><img src=x onerror=alert(1)></template>", "<details open ontoggle=alert(1)>"];

const told = (page, text) => page.locator("#log .word", { hasText: text }).last().waitFor();

/** No serious finding of axe, in light and dark. */
async function withoutFindings(pages) {
  const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
  // Its own script is let past the policy by the debugger.
  for (const page of pages) {
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      await page.evaluate(axe);
      const { violations: found } = await page.evaluate(() => globalThis.axe.run());
      const serious = found.filter(({ impact }) => ["serious", "critical"].includes(impact));
      assert.deepEqual(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html).slice(0, 3)]), []);
    }
  }
}

/** How a state looks on a phone and on a screen, where pictures are wanted; on both nothing is wider than its window. */
async function picture(page, name) {
  const before = page.viewportSize();
  for (const width of [WIDTHS[0], WIDTHS.at(-1)]) {
    await page.setViewportSize({ width, height: 640 });
    assert(!await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), `${name} is too wide at ${width}`);
    for (const colorScheme of STATES ? ["light", "dark"] : []) {
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: path.join(STATES, `${name}-${width}-${colorScheme}.png`) });
    }
  }
  await page.setViewportSize(before);
}

const line = (page) => page.inputValue("#line");
const tab = (page) => page.textContent("[role=tab][aria-selected=true]");
const refusal = (page, words) => page.locator("#log .refusal", { hasText: words }).last().waitFor();
const news = (page, words) => page.locator("#log .row", { hasText: words }).last().waitFor();

/** The page takes these as if they came from the server now, between what it has had and what comes next. */
const feed = (page, events) => page.evaluate((events) => {
  for (const event of events) take({ seq: lastSeq + 1 / 1024, time: new Date().toISOString(), ...event });
  lastSeq = Math.floor(lastSeq);
}, events);

/** A page's connection breaks, and is there again. */
async function comesBack(page) {
  await page.evaluate(() => { wait = 0; globalThis.before = connectedAt; socket.close(); });
  await until(() => page.evaluate(() => connectedAt > before), "the connection");
}

/** In which room somebody speaks. */
const speaksIn = (page, room) => until(async () => (await tab(page)).startsWith(room), `the room ${room}`, () => page.url());

async function enter(browser, place, name) {
  const page = await open(browser, place, { permissions: ["clipboard-read", "clipboard-write"] });
  await login(page, name);
  await page.waitForSelector("#room:not([hidden])");
  return page;
}

/** Runs the tests; whatever becomes of them, nothing is left behind. The browser ends with this program. */
function test(main) {
  const signals = ["SIGHUP", "SIGINT", "SIGTERM"];
  // Each may come twice: to the whole group, and from `timeout`.
  const told = new Promise((_, end) => { for (const signal of signals) process.on(signal, () => end(new Error(`ended by ${signal}`))); });
  Promise.race([main(), told]).then(() => 0, (error) => { console.error(error, violations); return 1; }).then(async (status) => {
    for (const child of children) {
      child.kill("SIGKILL");
      if (child.exitCode === null && !child.signalCode) await new Promise((over) => child.once("exit", over));
    }
    process.exit(status);
  });
}

/** The wall, for whoever logs in there. */
async function wall(browser, place, name) {
  const page = await open(browser, place);
  await page.goto(`https://${place}/#wall`);
  await page.reload();
  await login(page, name);
  await page.locator("#wall-qr path").waitFor();
  return page;
}

module.exports = {
  BINARIES, SHOTS, STATES, PASSWORD, WIDTHS, HOSTILE, folder, data, violations, run, until, startServer, startClient, launch, makeAccounts, open,
  login, chooseOwn, said, say, told, withoutFindings, picture, line, tab, refusal, news, feed, comesBack, speaksIn, enter, wall, test,
};
