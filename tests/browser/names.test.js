// Names with signs in them, and events that can't be shown: nobody's page stops for them.
"use strict";
const assert = require("node:assert");
const { PASSWORD, data, violations, startServer, launch, makeAccounts, said, say, feed, enter, test } = require("./harness.js");

const NAMES = ["anna-lena", "jean.luc-p_1"];

async function main() {
  makeAccounts(["ada", ...NAMES].map(name => `${name},${PASSWORD},user`), data);
  const { place } = await startServer("127.0.0.1:0");
  const browser = await launch();
  const ada = await enter(browser, place, "ada");
  for (const name of NAMES) await reads(browser, place, ada, name);
  await goesOn(ada);
  assert.deepEqual(violations.filter(text => !/404|TypeError/.test(text)), []);
  await browser.close();
}

async function reads(browser, place, ada, name) {
  console.log(`${name} reads what others say, now and before, and is mentioned`);
  const page = await enter(browser, place, name);
  const other = name.replace(/[.]/, "x").replace(/-/, "_");
  for (const text of [`good morning ${name}!`, `not ${other}, nor ${name}s`]) await say(ada, text);
  for (const when of ["now", "before"]) {
    const mention = page.locator("#log .mention", { hasText: `good morning ${name}!` });
    await mention.waitFor();
    await said(page, `not ${other}`);
    assert.equal(await page.locator("#log .mention", { hasText: "not " }).count(), 0, when);
    await page.reload();
  }
  await page.context().close();
}

async function goesOn(ada) {
  console.log("an event that can't be shown keeps neither later ones nor the history away");
  await feed(ada, [{ type: "poll", room: "general", from: "bob", question: "what?" }, { type: "left", username: "bob" },
    { type: "message", from: "bob", room: "general", text: "behind it" }]);
  await said(ada, "behind it");
  await ada.evaluate(() => { const { ask: before } = { ask };
    globalThis.ask = async (type, about) => { const answer = await before(type, about); answer.events?.unshift({ seq: 1, type: "poll", time: new Date().toISOString() }); return answer; };
    $("log").replaceChildren(); Object.assign(here, { oldest: lastSeq, whole: false }); past(); });
  await said(ada, "good morning");
}

test(main);
