// The page in headless Chromium, with the real server and the real terminal client: `make web-test`.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const { SHOTS, PASSWORD, WIDTHS, HOSTILE, folder, data, violations, until, startServer, startClient, launch, makeAccounts, open, login,
  chooseOwn, said, say, told, withoutFindings, picture, test } = require("./harness.js");
const { pictures } = require("./pictures.js");
const slips = require("./slips.js");

async function main() {
  const accounts = ["root", "ada", "bob", "eve", "noether"].map((name) => `${name},${PASSWORD},${name === "root" ? "admin" : "user"}`);
  const imported = makeAccounts([...accounts, "zoe,,user", "beamer,,user"], data);
  const [oneTime, displays] = ["zoe", "beamer"].map((name) => imported.match(new RegExp(`${name}\\W+(\\S{6,})`))[1].replace(/^,|"/g, ""));
  let server = await startServer("127.0.0.1:0");
  const place = server.place;
  const bob = startClient(server, "bob");
  await bob.waitFor("bob");
  const administrator = startClient(server, "root");
  administrator.stdin.write("/promote noether teacher\n/demote beamer display\n");
  await administrator.waitFor("noether is a teacher now");
  await administrator.waitFor("beamer is a display now");
  administrator.stdin.end("/quit\n");

  const browser = await launch();
  const ada = await open(browser, place);

  console.log("a wrong password is refused, the right one lets in");
  await login(ada, "ada", "wrong wrong");
  await until(async () => (await ada.textContent("#door-word")).includes("wrong"), "the refusal");
  await login(ada, "ada");
  await ada.waitForSelector("#room:not([hidden])");

  console.log("a browser and a terminal chat in both directions");
  await say(ada, "hello from the page");
  await bob.waitFor("hello from the page");
  bob.stdin.write("hello from the terminal\n");
  await said(ada, "hello from the terminal");
  await say(ada, "/msg bob psst");
  await bob.waitFor("psst");
  bob.stdin.write("/msg ada back to you\n");
  await ada.locator("#log .whisper .text", { hasText: "back to you" }).waitFor();
  await ada.locator("#log button.by", { hasText: "bob" }).first().click();
  assert.equal(await ada.inputValue("#line"), "/msg bob ");

  console.log("markup stays text");
  for (const text of HOSTILE) bob.stdin.write(`${text.replaceAll("\n", " ")}\n`);
  bob.stdin.write("the last of them\n");
  await said(ada, "the last of them");
  await said(ada, HOSTILE[0]);
  assert.equal(await ada.locator("#log :is(img, script, svg, iframe, a, b, style, base, meta, template, details, math)").count(), 0);

  console.log("commands");
  await say(ada, "/who");
  await ada.locator("#log .word", { hasText: "online: ada, bob" }).waitFor();
  await say(ada, "/code");
  await ada.locator("#log .code svg path").waitFor();
  assert((await ada.textContent("#log .code")).includes(server.code));
  await say(ada, "/constructor");
  await ada.locator("#log .refusal", { hasText: "there is no /constructor" }).waitFor();
  assert.equal(await ada.inputValue("#line"), "/constructor", "what was refused is there to be mended");
  await say(ada, "/help");
  await ada.locator("#log .word", { hasText: "/whois <user>" }).waitFor();

  console.log("of what the terminal client alone has is told, and there is no other command of which nothing is");
  for (const line of ["/import class.csv", "/save 7 x.py", "/set", "/attendance save x.csv 7b", "/Sound message off"]) {
    await say(ada, line);
    await ada.locator("#log .refusal", { hasText: `${line.toLowerCase().match(/^.\w+( save)?(?= |$)/)[0]} is a command of the terminal client` }).last().waitFor();
  }
  await say(ada, "/help import");
  await told(ada, "/import is a command of the terminal client");
  const rows = fs.readFileSync("docs/commands.md", "utf8").split("\n").filter((row) => row.startsWith("| `/"));
  const commands = rows.join("").match(/(?<=`)\/[a-z]+/g);
  assert(commands.length > 60 && commands.includes("/save"));
  assert.deepEqual(await ada.evaluate((all) => all.filter((name) => ![COMMANDS, ALSO, ELSEWHERE].some((some) => name.slice(1) in some)), commands), []);

  console.log("administrators are told where to log in");
  const root = await open(browser, place);
  await login(root, "root");
  await until(async () => (await root.textContent("#door-word")).includes("web-admins"), "the refusal");

  console.log("a one-time password is changed at the first login");
  const zoe = await open(browser, place);
  await login(zoe, "zoe", oneTime);
  await chooseOwn(zoe);
  await say(zoe, "in at last");
  await said(ada, "in at last");

  const { noether, code } = await withCode(browser, place, ada, bob);
  const taker = startClient(server, "root");
  await slips(browser, server, taker, folder);
  taker.stdin.end("/quit\n");
  await commandsByRole(noether, ada);
  await projector(browser, server, noether, code, displays);

  console.log("a line under way outlives a kill of the server");
  server.kill("SIGKILL");
  await until(() => server.exitCode !== null || server.signalCode, "its end");
  await until(async () => (await ada.textContent("#state")).includes("no connection"), "the loss");
  await say(ada, "said while it was away");
  await ada.locator("#log .pending", { hasText: "said while it was away" }).waitFor();
  server = await startServer(place);
  await bob.waitFor("said while it was away");
  await ada.locator("#log .pending").waitFor({ state: "detached" });
  await say(ada, "and goes on");
  await bob.waitFor("and goes on");
  assert.equal(await ada.locator("#log .row .text", { hasText: "said while it was away" }).count(), 1);
  assert.equal(bob.said.split("said while it was away").length, 2, "nothing comes twice");

  console.log("a reload comes back without a password and has history");
  await ada.reload();
  await ada.waitForSelector("#room:not([hidden])");
  await said(ada, "hello from the terminal");
  await until(async () => (await ada.locator("#log .row .text", { hasText: "and goes on" }).count()) === 1, "each event once");

  console.log("long texts and texts from right to left");
  bob.stdin.write(`${"long ".repeat(790)}end of it\n`);
  bob.stdin.write(`${"x".repeat(3990)}\n`);
  bob.stdin.write("שלום לכולם, מה שלומכם?\n");
  await said(ada, "שלום");
  const sideways = await ada.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert(!sideways, "nothing is wider than the page");

  console.log("without serious findings of axe");
  const door = await open(browser, place);
  await withoutFindings([ada, door]);

  console.log("the keyboard alone is enough");
  await door.focus("#name");
  await door.keyboard.type("eve");
  await door.keyboard.press("Tab");
  await door.keyboard.type(PASSWORD);
  await door.keyboard.press("Enter");
  await door.waitForSelector("#room:not([hidden])");
  await door.keyboard.type("typed");
  await door.keyboard.press("Enter");
  await said(door, "typed");

  console.log("the projector's view");
  const wall = await open(browser, place);
  await wall.goto(`https://${place}/#wall`);
  await wall.reload();
  await login(wall, "eve");
  await wall.locator("#wall-qr path").waitFor();
  assert((await wall.textContent("#wall-code")).includes(server.code));
  bob.stdin.write("/msg eve not for the class\n");
  bob.stdin.write("everybody may read\n");
  await said(wall, "everybody may read");
  await wall.locator("#log .text", { hasText: "not for the class" }).waitFor({ state: "attached" });
  assert(!await wall.locator("#log .text", { hasText: "not for the class" }).isVisible(), "a whisper on the wall");

  console.log("a browser that takes the page and no WebSocket says so, as iPads do behind a warning");
  const ipad = await open(browser, place);
  await ipad.addInitScript(() => {
    globalThis.WebSocket = class {
      constructor() { setTimeout(() => this.onclose()); }
    };
  });
  await ipad.reload();
  await login(ipad, "eve");
  await until(async () => (await ipad.textContent("#door-word")).includes("iPads"), "the reason");
  await ipad.route("**/get/", (route) => route.abort());
  await login(ipad, "eve");
  await until(async () => (await ipad.textContent("#door-word")).includes("can't be reached"), "the other reason");

  console.log("no page is wider than its window");
  for (const width of WIDTHS) {
    await ada.setViewportSize({ width, height: 640 });
    assert(!await ada.evaluate(() => document.documentElement.scrollWidth > innerWidth), `too wide at ${width}`);
  }

  const cookies = await ada.context().cookies();
  assert.deepEqual(cookies, []);
  assert.deepEqual(violations.filter((text) => !/WebSocket connection to|ERR_CONNECTION_REFUSED|ERR_FAILED|404/.test(text)), []);
  if (SHOTS) await pictures(browser);
  await browser.close();
}

/** A field's own complaint. */
async function complains(page, field, words) {
  await until(async () => (await page.textContent(`#${field}-wrong`)).includes(words), `${words} beside ${field}`, () => page.url());
  assert.equal(await page.getAttribute(`#${field}`, "aria-invalid"), "true");
  assert.equal(await page.evaluate(() => document.activeElement.id), field, "the field that is wrong has the focus");
}

async function register(page, code, name, { full = "", password = "", twice = password } = {}) {
  for (const [id, value] of Object.entries({ code, name, full, password, twice })) await page.fill(`#${id}`, value);
  await page.press("#twice", "Enter");
}


/** The class code of a teacher's door, which is shown large. */
async function openDoor(teacher, line) {
  const before = await teacher.locator("#log .code b").count();
  await say(teacher, line);
  await teacher.locator("#log .code b").nth(before).waitFor();
  return teacher.locator("#log .code b").last().textContent();
}

/** A teacher opens the door on the page, and people come in by its code there. */
async function withCode(browser, place, ada, bob) {
  console.log("a teacher logs in through the page, and opens the door");
  const noether = await open(browser, place);
  await login(noether, "noether");
  await noether.waitForSelector("#room:not([hidden])");
  await say(noether, "/door");
  await told(noether, "the door is closed");
  const code = await openDoor(noether, "/door 10 7b");
  assert.match(code, /^[a-z2-9]{3}-[a-z2-9]{3}$/);
  await told(noether, "the door is open for 7b until");
  assert(await noether.locator("#log .code b").evaluate((shown) => parseFloat(getComputedStyle(shown).fontSize) >= 40));

  console.log("whoever has the code makes an account, and is told beside the field what is wrong");
  const mia = await open(browser, place);
  const sent = [];
  mia.on("websocket", (socket) => socket.on("framesent", ({ payload }) => sent.push(JSON.parse(payload))));
  await mia.click("#other-way");
  assert.equal(await mia.evaluate(() => document.activeElement.id), "code");
  const own = { full: "Mia (teacher)", password: "nine green lanterns" };
  await register(mia, "aaa-aaa", "mia", own);
  await complains(mia, "code", "no door is open with this code");
  await register(mia, code, "mia", { ...own, twice: "another" });
  await complains(mia, "twice", "not the same");
  await register(mia, code, "ada", own);
  await complains(mia, "name", "there is an account of that name already");
  await register(mia, code, "mi a", own);
  await complains(mia, "name", "a user name");
  await register(mia, code, "mia", { ...own, password: "12345678" });
  await complains(mia, "password", "common");
  await register(mia, code, "mia", { full: own.full });
  await complains(mia, "password", "this door lets no guests in");
  await withoutFindings([mia]);
  await picture(mia, "register");
  // Whoever comes alone has a line of their own.
  await ada.waitForFunction(() => performance.now() - movedAt >= ALONE_MS && !crowd.size);
  await register(mia, code.toUpperCase().replace("-", ""), "mia", own);
  await mia.waitForSelector("#room:not([hidden])");
  assert(sent.filter(({ type }) => type === "register").every(({ keep }) => keep === false));
  assert(!await mia.evaluate(() => localStorage.length), "kept on a computer that others use too");

  console.log("a guest has a name alone, and comes back by a token");
  const guests = await openDoor(noether, "/door 10 guests");
  await told(noether, "guests need no password");
  const guest = await open(browser, place);
  await guest.click("#other-way");
  await register(guest, guests, "gast");
  await guest.waitForSelector("#room:not([hidden])");
  await told(guest, "you are a guest");
  await guest.reload();
  await guest.waitForSelector("#room:not([hidden])");
  await say(guest, "a guest is here again");
  await said(ada, "a guest is here again");

  console.log("a user name stands beside what people are called, in brackets that nobody closes");
  await ada.locator("#log .news", { hasText: "mia (Mia [teacher]) joined" }).waitFor();
  await ada.locator("#here li", { hasText: "mia (Mia [teacher])" }).waitFor();
  await bob.waitFor("mia (Mia [teacher]) joined");
  await say(ada, "/whois mia");
  await told(ada, "mia (Mia [teacher]) is a user of 7b, online since");
  await say(ada, "/who");
  await told(ada, "mia (Mia [teacher])");
  await say(ada, "/whois gast");
  await told(ada, "gast is a guest, online since");
  return { noether, code: guests };
}

/** Whoever has a role has its commands, with the terminal's words. */
async function commandsByRole(noether, ada) {
  console.log("each role has its commands");
  await say(ada, "/door 10");
  await ada.locator("#log .refusal", { hasText: "there is no /door" }).waitFor();
  await say(noether, "/setname eve Eve Noether");
  await told(noether, "eve (Eve Noether) has a name now");
  await say(noether, "/setgroup eve 7b");
  await told(noether, "eve is in 7b now");
  await say(noether, "/setname mia");
  await told(noether, "mia has no name any more");
  await until(async () => (await noether.locator("#here li").allTextContents()).includes("mia"), "her user name alone");
  await say(noether, "/mute gast 5");
  await told(noether, "gast is muted for 5 min");
  await say(noether, "/listusers");
  await told(noether, "eve (Eve Noether), user, group 7b");
  await told(noether, "gast, user, online, guest, muted");
  await say(noether, "/promote ada teacher");
  await noether.locator("#log .refusal", { hasText: "there is no /promote" }).waitFor();
  await picture(noether, "teacher");
}

/** A display's wall, and a teacher's. */
async function projector(browser, server, noether, code, oneTime) {
  console.log("a display has the wall at once, and nothing to type");
  const beamer = await open(browser, server.place);
  await login(beamer, "beamer", oneTime);
  await chooseOwn(beamer);
  await beamer.locator("#wall-qr path").waitFor();
  assert.equal(await beamer.textContent("#wall-code"), server.code);
  assert(!await beamer.isVisible("#say") && !await beamer.isVisible("#wall-class"));
  assert(await beamer.isVisible("#leave"));
  await withoutFindings([beamer]);
  await picture(beamer, "display");

  console.log("on a teacher's wall is the class code, while the door is open");
  await noether.evaluate(() => { location.hash = "#wall"; });
  await until(async () => (await noether.textContent("#wall-class")).includes(code), "the class code on the wall");
  await withoutFindings([noether]);
  await picture(noether, "wall");
  await noether.evaluate(() => { location.hash = ""; });
  await noether.waitForSelector("#line:visible");
  await say(noether, "/door 0 guests");
  await told(noether, "the door is closed, and guests are removed");
  await beamer.close();
}

test(main);
