// A class that is split into groups: a teacher and two pupils in browsers.
"use strict";
const assert = require("node:assert");
const { PASSWORD, data, violations, until, startServer, launch, makeAccounts, open, login, said, say, told, withoutFindings, picture, line, tab,
  refusal, news, feed, comesBack, speaksIn, enter, wall, test } = require("./harness.js");

async function main() {
  makeAccounts(["noether", "ada", "bob", "eve", "mia"].map((name) => `${name},${PASSWORD},${name === "noether" ? "teacher" : "user"}`), data);
  const { place } = await startServer("127.0.0.1:0");
  const browser = await launch();
  const [noether, ada, bob] = [await enter(browser, place, "noether"), await enter(browser, place, "ada"), await enter(browser, place, "bob")];
  const eve = await wall(browser, place, "eve");
  await mates(noether, ada, bob, eve);
  await calls(noether, ada, bob);
  await back(browser, place, ada, bob);
  await groupless(browser, place, noether, ada);
  await withoutFindings([noether, ada]);
  await say(noether, "/gather");
  await speaksIn(ada, "general");
  await times(noether, ada, eve);
  assert.deepEqual(violations.filter((text) => !/WebSocket connection to|ERR_CONNECTION_REFUSED|404/.test(text)), []);
  await browser.close();
}

async function mates(noether, ada, bob, eve) {
  console.log("whoever is led into a group is told with whom, and the wall stays where it is");
  await say(noether, "/split 1");
  await told(ada, "with you in group-1: bob, eve");
  await told(bob, "with you in group-1: ada, eve");
  await until(() => eve.evaluate(() => rooms.has("group-1")), "her group");
  assert.equal(await tab(eve), "general");
  await say(noether, "/gather");
  await speaksIn(ada, "general");
  await news(ada, "noether ends the groups");
  await say(noether, "/split 3 20");
  await told(ada, /with you in group-\d: nobody/);
  for (const page of [noether, ada, eve]) {
    await until(async () => /^the class is in 3 groups (20:00|19:\d\d)$/.test(await page.textContent("#groups")), "how it is split", () => page.url());
    assert(await page.isVisible("#groups"));
  }
  await news(noether, "noether splits the class into 3 groups, until ");
}

async function calls(noether, ada, bob) {
  console.log("from a group one calls the teacher, who is in the general room");
  await ada.click("#hand");
  await told(ada, "your hand is up in general");
  await until(async () => (await noether.textContent("#up")) === "Hands: 1. ada", "her hand at the teacher's");
  await until(async () => (await ada.textContent("#up")) === "Hands in general: 1. ada", "her own hand");
  await ada.locator("#hand[aria-pressed=true]").waitFor();
  await picture(ada, "group-hand");
  await noether.click("#next");
  const called = ada.locator("#log .mention", { hasText: "you are called in general" });
  await called.getByRole("button", { name: "go there" }).waitFor();
  await ada.locator("#hand[aria-pressed=false]").waitFor();
  await say(ada, "/hand once more");
  await until(async () => (await noether.textContent("#up")).includes("1. ada (once more)"), "her hand at the teacher's");
  await ada.locator("#hand[aria-pressed=true]").waitFor();
  await ada.click("#hand");
  await told(ada, "your hand is down in general");
  await until(async () => !await noether.isVisible("#hands"), "no hand");
  await say(ada, "/ask is it seven?");
  await refusal(ada, "teachers do");
  await ada.press("#line", "Enter");
  await told(ada, "your question is in general");
  await news(noether, "somebody asks: is it seven? (ada)");

  console.log("a teacher who isn't in the room of a question learns who asks, and where");
  const group = await tab(ada);
  await ada.evaluate((room) => ask("ask", { room, text: "and here?" }), group);
  const asked = noether.locator("#log .word", { hasText: `ada asks in ${group}` });
  await asked.waitFor();
  await picture(noether, "asked");
  await noether.evaluate(() => document.body.classList.add("wall"));
  assert(!await asked.isVisible() && !await noether.locator("#log .asker").first().isVisible(), "a class reads along");
  await noether.evaluate(() => document.body.classList.remove("wall"));
  await asked.getByRole("button").click();
  await speaksIn(noether, group);

  console.log("a teacher in a group sees the hands of the general room, and calls there");
  await say(bob, "/hand from elsewhere");
  await until(async () => (await noether.textContent("#up")) === "Hands in general: 1. bob (from elsewhere)", "his hand");
  await noether.click("#next");
  await told(bob, "you are called in general");
}

async function back(browser, place, ada, bob) {
  console.log("whoever comes back during a split is in the group, unless they went elsewhere");
  const group = await tab(ada);
  const [name] = group.split(" ");
  await ada.reload();
  await speaksIn(ada, name);
  assert.match(await ada.textContent("#groups"), /^the class is in 3 groups (20:00|19:\d\d)$/);
  await say(ada, "here again");
  await said(ada, "here again");
  const other = await enter(browser, place, "ada");
  await speaksIn(other, name);
  await other.context().close();
  await ada.click("[role=tab] >> text=general");
  await speaksIn(ada, "general");
  await ada.fill("#line", "half typed");
  await comesBack(ada);
  await told(ada, "back, with");
  assert.equal(await tab(ada), "general", "she chose it");
  assert.equal(await line(ada), "half typed");
  await ada.fill("#line", "");
  // Who was led nowhere in this visit is led when the connection is there again.
  await bob.evaluate(() => { go("general"); });
  await comesBack(bob);
  await speaksIn(bob, "group-");
}

async function groupless(browser, place, noether, ada) {
  console.log("whoever is in none of the groups is told how to get into one, and nobody leaves one by mistake");
  const group = await ada.evaluate(() => [...rooms.keys()].find(isGroup));
  const words = /the class is in 3 groups, until .*; you are in none: \/hand asks a teacher to let you in/;
  const mia = await enter(browser, place, "mia");
  await told(mia, words);
  await ada.reload();
  await told(ada, `with you in ${group}: `);
  for (const stays of [true, false]) {
    ada.removeAllListeners("dialog");
    ada.once("dialog", dialog => { asked = dialog.message(); return stays ? dialog.dismiss() : dialog.accept(); });
    let asked = "";
    await ada.click("#exit");
    if (stays) await told(ada, "you stay");
    else await told(ada, words);
    assert.match(asked, /Only a teacher/);
  }
  assert.match(await tab(ada), /^general/);
  assert.equal(await noether.locator("#log .word", { hasText: "you are in none" }).count(), 0);
}

async function times(noether, ada, eve) {
  console.log("the bar and the wall say how the class is split, and for how long");
  const pages = [noether, ada, eve];
  const until5 = new Date(Date.now() + 300000).toISOString();
  for (const page of pages) {
    await feed(page, [{ type: "split", from: "noether", groups: 5, until: until5 }]);
    await news(page, "noether splits the class into 5 groups, until ");
    assert.match(await page.textContent("#groups"), /^the class is in 5 groups [45]:\d\d$/);
    assert(await page.isVisible("#groups"));
  }
  const left = await ada.textContent("#split-left");
  await until(async () => await ada.textContent("#split-left") !== left, "a second less");
  await picture(ada, "split");
  await picture(eve, "wall-split");
  await withoutFindings([ada, eve]);
  for (const page of pages) {
    await feed(page, [{ type: "gathered", from: "noether" }]);
    await news(page, "noether ends the groups");
    assert(!await page.isVisible("#groups"));
    await feed(page, [{ type: "split", from: "noether", groups: 2 }]);
    assert.equal(await page.textContent("#groups"), "the class is in 2 groups ");
    await feed(page, [{ type: "gathered" }]);
    await news(page, "the time of the groups is over");
    assert(!await page.isVisible("#groups"));
  }

  console.log("that it is over says a welcome too");
  await feed(ada, [{ type: "split", from: "noether", groups: 2 }]);
  await comesBack(ada);
  await until(async () => !await ada.isVisible("#groups"), "no split");
}

test(main);
