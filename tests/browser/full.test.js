// A full house, as the page tells it: at the door, and to whoever was there and waits for room.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { PASSWORD, data, violations, until, startServer, launch, makeAccounts, open, login, said, say, enter, test } = require("./harness.js");

const state = (page, words) => until(async () => (await page.textContent("#state")).includes(words), words, () => page.textContent("#state"));

async function main() {
  makeAccounts(["ada", "bob"].map((name) => `${name},${PASSWORD},user`), data);
  fs.writeFileSync(path.join(data, "homeroom.toml"), "max-sessions = 1\n");
  const server = await startServer("127.0.0.1:0");
  const browser = await launch();
  const ada = await enter(browser, server.place, "ada");

  console.log("at the door of a full house the reason is told");
  const bob = await open(browser, server.place);
  await login(bob, "bob");
  await until(async () => (await bob.textContent("#door-word")).includes("the server is full"), "the reason", () => bob.textContent("#door-word"));

  console.log("a page whose place somebody took says so, and waits");
  // It tries again when the test says so: bob is to be the first.
  await ada.evaluate(() => { wait = 3600000; connectedAt = Date.now(); socket.close(); });
  await state(ada, "no connection");
  await until(async () => {
    await bob.evaluate(() => { if (!$("door").hidden && !$("enter").disabled) $("enter").click(); });
    return bob.isVisible("#room");
  }, "room for bob");
  await ada.evaluate(() => { clearTimeout(timer); wait = 0; comeBack(); });
  await state(ada, "the server is full");
  await say(ada, "said before the door");
  await ada.locator("#log .pending", { hasText: "said before the door" }).waitFor();

  console.log("it is back when there is room, and what was said is sent");
  await bob.context().close();
  await ada.locator("#log .pending").waitFor({ state: "detached" });
  await said(ada, "said before the door");

  console.log("a connection that is lost later is no full house");
  server.kill("SIGKILL");
  await state(ada, "no connection");
  assert.deepEqual(violations.filter((text) => !/WebSocket connection to|ERR_CONNECTION_REFUSED|404/.test(text)), []);
  await browser.close();
}

test(main);
