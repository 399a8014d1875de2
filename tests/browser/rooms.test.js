// Rooms as tabs: a teacher and two students in browsers.
"use strict";
const assert = require("node:assert");
const { PASSWORD, data, violations, until, startServer, launch, makeAccounts, said, say, told, withoutFindings, picture, line, tab,
  speaksIn, enter, test } = require("./harness.js");

async function main() {
  makeAccounts(["noether", "ada", "bob"].map((name) => `${name},${PASSWORD},${name === "noether" ? "teacher" : "user"}`), data);
  const server = await startServer("127.0.0.1:0");
  const place = server.place;
  const browser = await launch();
  const [noether, ada, bob] = [await enter(browser, place, "noether"), await enter(browser, place, "ada"), await enter(browser, place, "bob")];
  await rooms(noether, ada, bob);
  await groups(noether, ada, bob);
  await again(server, place, noether, ada);
  assert.deepEqual(violations.filter((text) => !/WebSocket connection to|ERR_CONNECTION_REFUSED|404/.test(text)), []);
  await browser.close();
}

async function rooms(noether, ada, bob) {
  console.log("rooms are tabs, where there is more than one");
  assert(!await ada.isVisible("#rooms") && await noether.isVisible("#others"));
  await say(noether, "/makeroom chess mates in two");
  await speaksIn(noether, "chess");
  await say(noether, "e4, who answers?");
  await said(noether, "e4, who answers?");
  await say(ada, "/rooms");
  await ada.locator("#log .word", { hasText: "chess, 1 online: mates in two" }).getByRole("button").click();
  await speaksIn(ada, "chess");
  await said(ada, "e4, who answers?");
  await noether.locator("#here li", { hasText: "ada" }).waitFor();
  const here = () => ada.locator("#here li").allTextContents();
  await until(async () => (await here()).join() === "ada,noether", "who is in the room", here);

  console.log("arrows go from tab to tab, what is half typed stays with its room, and what is unread is counted");
  await ada.fill("#line", "half of it");
  await ada.locator("[role=tab]", { hasText: "chess" }).focus();
  await ada.keyboard.press("ArrowLeft");
  await speaksIn(ada, "general");
  assert.equal(await line(ada), "");
  assert.equal(await ada.evaluate(() => document.activeElement.textContent), "general");
  assert.deepEqual(await ada.locator("[role=tab]").evaluateAll((tabs) => tabs.map(({ tabIndex }) => tabIndex)), [0, -1]);
  await say(noether, "or d4?");
  await ada.locator("[role=tab]", { hasText: "chess (1)" }).waitFor();
  await ada.fill("#line", "for all");
  await ada.focus("[role=tab][aria-selected=true]");
  await ada.keyboard.press("End");
  await speaksIn(ada, "chess");
  assert.equal(await line(ada), "half of it");
  await said(ada, "or d4?");
  await ada.press("#line", "Enter");
  await said(noether, "half of it");
  await say(ada, "/room general");
  assert.equal(await line(ada), "for all");
  await ada.press("#line", "Enter");
  await said(bob, "for all");
  assert.equal(await bob.locator("#log .text", { hasText: "half of it" }).count(), 0);
  await picture(ada, "rooms");
  await withoutFindings([ada, noether]);

  console.log("whoever is let in has a tab, and whoever is put out or leaves has not");
  await bob.fill("#line", "half typed");
  await say(noether, "/letin bob");
  await told(bob, "noether let you into chess");
  assert.equal(await line(bob), "half typed", "nobody is led away while they type");
  await bob.click("[role=tab] >> text=chess");
  await said(bob, "half of it");
  await say(noether, "/putout bob");
  await until(async () => !await bob.isVisible("#rooms"), "no more tabs");
  await said(bob, "for all");
  assert.equal(await line(bob), "half typed");
  await ada.click("[role=tab] >> text=chess");
  await ada.fill("#line", "in chess");
  await say(noether, "/split 1");
  await speaksIn(ada, "group-1");
  await say(noether, "/gather");
  await speaksIn(ada, "chess");
  assert.equal(await line(ada), "in chess", "back where one was");
  await ada.click("#exit");
  await until(async () => !await ada.isVisible("#rooms"), "no more tabs");
  await say(noether, "/closeroom");
  await speaksIn(noether, "general");
}

async function groups(noether, ada, bob) {
  console.log("a split leads everyone into a group, and gathering back");
  await ada.fill("#line", "half typed in general");
  await say(noether, "/split 2");
  await speaksIn(ada, "group-");
  await speaksIn(bob, "group-");
  await told(noether, "group-1: ");
  assert.notEqual(await tab(ada), await tab(bob));
  await say(ada, "in our group");
  await said(ada, "in our group");
  await picture(ada, "group");
  await ada.fill("#line", "not yet said");
  await say(noether, "/gather");
  await until(async () => !await ada.isVisible("#rooms"), "no more tabs");
  assert.equal(await line(ada), "half typed in general");
  await told(ada, "not yet said");
  assert.equal(await ada.locator("#log .text", { hasText: "in our group" }).count(), 0);
}

async function again(server, place, noether, ada) {
  console.log("rooms are there again after a kill of the server, and after a reload");
  await say(noether, "/makeroom go closed");
  await speaksIn(noether, "go");
  await say(noether, "/letin ada");
  await ada.click("[role=tab] >> text=go");
  await say(ada, "black first");
  await said(noether, "black first");
  server.kill("SIGKILL");
  await until(() => server.exitCode !== null || server.signalCode, "its end");
  await until(async () => (await ada.textContent("#state")).includes("no connection"), "the loss");
  await say(ada, "said while it was away");
  await startServer(place);
  await said(noether, "said while it was away");
  await speaksIn(ada, "go");
  assert.equal(await ada.locator("#log .text", { hasText: "black first" }).count(), 1, "each event once");
  await ada.reload();
  await speaksIn(ada, "general");
  await ada.click("[role=tab] >> text=go");
  await said(ada, "black first");
  await said(ada, "said while it was away");
  assert.equal(await ada.locator("#log .text", { hasText: "black first" }).count(), 1, "each event once");
  await ada.click("[role=tab] >> text=general");
  assert.equal(await ada.locator("#log .text", { hasText: "black first" }).count(), 0, "what was said in another room");
}

test(main);
