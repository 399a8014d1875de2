// The pictures of docs/: `make web-test SHOTS=docs`.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { SHOTS, PASSWORD, WIDTHS, data, startServer, startClient, makeAccounts, open, login, said, say } = require("./harness.js");

/** What a browser shows before the page, and what is clicked there. */
async function warning(browser, place) {
  const page = await (await browser.newContext({ viewport: { width: 800, height: 640 } })).newPage();
  await page.goto(`https://${place}/`).then(() => assert.fail("no warning"), (error) => assert.match(String(error), /ERR_CERT_AUTHORITY_INVALID/));
  await page.screenshot({ path: path.join(SHOTS, "lesson-warning.png") });
  await page.click("#details-button");
  await page.locator("#proceed-link").scrollIntoViewIfNeeded();
  await page.screenshot({ path: path.join(SHOTS, "lesson-proceed.png") });
  await page.click("#proceed-link");
  await page.waitForSelector("#name");
}

/** A class chats, for docs/. The server listens where a real one does, so that the addresses in the pictures are such as people see. */
async function pictures(browser) {
  const people = ["ada", "bob", "eve", "mia", "noether"];
  const folder = fs.mkdtempSync(path.join(data, "pictures-"));
  const accounts = people.map((name) => `${name},${PASSWORD},${name === "noether" ? "admin" : "user"}`);
  const imported = makeAccounts([...accounts, "zoe,,user"], folder);
  const server = await startServer("0.0.0.0:7667", folder);
  server.place = server.said.match(/page +https:\/\/(\S+)\//)[1];
  await warning(browser, server.place);
  const clients = {};
  for (const name of people.filter((name) => name !== "ada")) {
    clients[name] = startClient(server, name);
    await clients[name].waitFor(name);
  }
  const ada = await open(browser, server.place);
  await ada.screenshot({ path: path.join(SHOTS, "page-door.png"), clip: { x: 320, y: 0, width: 640, height: 320 } });
  await login(ada, "ada");
  for (const [name, text] of [["noether", "/topic fractions, page 12"], ["noether", "Good morning! Who has an idea for exercise 3?"],
    ["bob", "12/18 is 2/3"], ["mia", "/me raises a hand"], ["mia", "first divide both by 6"], ["eve", "/msg ada is it due today?"],
    ["noether", "Right, Mia. ada, what about 15/35?"]]) {
    clients[name].stdin.write(`${text}\n`);
    await ada.locator("#log, #topic", { hasText: text.replace(/^\/(topic|me|msg ada) /, "") }).first().waitFor();
  }
  await say(ada, "3/7, since both have a 5 in them");
  await said(ada, "3/7");
  for (const colorScheme of ["light", "dark"]) {
    for (const width of WIDTHS) {
      await ada.setViewportSize({ width, height: 640 });
      await ada.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await ada.screenshot({ path: path.join(SHOTS, `page-${width}-${colorScheme}.png`) });
    }
  }
  const wall = await open(browser, `${server.place}`);
  await wall.goto(`https://${server.place}/#wall`);
  await wall.reload();
  await login(wall, "eve");
  await wall.locator("#wall-qr path").waitFor();
  await said(wall, "3/7");
  await wall.screenshot({ path: path.join(SHOTS, "page-wall.png") });
  const zoe = await open(browser, server.place, { viewport: { width: 800, height: 640 } });
  await login(zoe, "zoe", imported.match(/zoe\W+(\S{6,})/)[1].replace(/^,|"/g, ""));
  await zoe.waitForSelector("#ask[open]");
  await zoe.screenshot({ path: path.join(SHOTS, "lesson-password.png") });
}

module.exports = { pictures };
