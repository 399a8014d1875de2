// The wall: what a projector shows of a lesson, and who comes and goes, on it and on the page.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { PASSWORD, STATES, data, violations, until, startServer, launch, makeAccounts, open, login, said, say, news, told, feed, withoutFindings,
  enter, test } = require("./harness.js");

/** A projector's window. */
const BEAMER = { width: 1280, height: 720 };
const OPTIONS = ["a half", "two thirds of it", "three quarters, as on the board", "the whole", "none of it", "twice as much", "a third", "it depends", "I don't know"];

async function main() {
  makeAccounts(["noether", "ada", "bob", "eve", "mia", "gast"].map((name) => `${name},${PASSWORD},${name === "noether" ? "teacher" : "user"}`), data);
  let server = await startServer("127.0.0.1:0");
  const { place } = server;
  const browser = await launch();
  const [noether, ada] = [await enter(browser, place, "noether"), await enter(browser, place, "ada")];
  const wall = await open(browser, place, { viewport: BEAMER });
  await wall.goto(`https://${place}/#wall`);
  await wall.reload();
  await login(wall, "eve");
  await wall.locator("#wall-qr path").waitFor();
  await large(noether, wall);
  await codeIsRead(noether, wall);
  await onPhone(noether, ada);
  await finished(noether, wall);
  await crowds(wall, ada);
  server = await restarted(server, browser, place, wall, noether, ada);
  assert.deepEqual(violations.filter((text) => !/WebSocket connection to|ERR_CONNECTION_REFUSED|404/.test(text)), []);
  await browser.close();
}

async function shot(page, name) {
  if (STATES) await page.screenshot({ path: path.join(STATES, `${name}.png`) });
}

/** Everything of the lesson is in the window, its letters are large enough, and there is room for what is said. */
async function fits(wall, smallest) {
  const { bottom, letters, cut, height } = await wall.evaluate(() => ({
    bottom: $("lesson").getBoundingClientRect().bottom, height: $("log").clientHeight,
    letters: parseFloat(getComputedStyle($("lesson")).fontSize),
    cut: $("lesson").scrollHeight > $("lesson").clientHeight || document.documentElement.scrollHeight > innerHeight || document.documentElement.scrollWidth > innerWidth,
  }));
  assert(!cut && bottom <= BEAMER.height * .88 && height > 60, `bottom ${bottom}, what is said ${height}, cut ${cut}`);
  assert(letters >= smallest, `letters of ${letters} px`);
}

async function large(noether, wall) {
  console.log("a poll of nine answers, hands and timers fit a projector, and so does its result");
  const until5 = new Date(Date.now() + 300000).toISOString();
  await feed(wall, [{ type: "split", from: "noether", groups: 5, until: until5 }]);
  await say(noether, "/slow 30 5");
  await say(noether, "/whispers staff");
  await say(noether, "How much of the cake is left?");
  await feed(wall, [{ type: "hand", room: "general", username: "ada", up: true, text: "" }, { type: "hand", room: "general", username: "bob", up: true, text: "why is it so?" }]);
  await say(noether, `/poll What is left of a cake of which everybody in the class has had a slice? | ${OPTIONS.join(" | ")}`);
  await wall.locator("#poll button").nth(8).waitFor();
  await fits(wall, 20);
  await shot(wall, "wall-nine");
  await withoutFindings([wall]);
  await noether.locator("#poll button").nth(8).waitFor();
  await say(noether, "/vote 3");
  await say(noether, "/endpoll");
  await wall.locator("#poll .bar").nth(8).waitFor();
  await fits(wall, 20);
  await shot(wall, "wall-nine-result");

  console.log("the longest poll, and the longest words of hands, leave it so");
  const long = "word ".repeat(20).trim().padEnd(100, "x");
  await feed(wall, [...Array(30).keys()].map((at) => ({ type: "hand", room: "general", username: `pupil${at}`, up: true, text: "why ".repeat(50).trim() })));
  await feed(wall, [{ type: "poll", room: "general", from: "noether", poll: 1, question: `${long} ${long}`.slice(0, 200), options: Array(9).fill(long) }]);
  await shot(wall, "wall-longest");
  await fits(wall, 14);
  await shot(wall, "wall-longest");
  await feed(wall, [{ type: "gathered", from: "noether" }, { type: "poll", room: "general", from: "noether", poll: 2, question: "Which one?", options: ["this", "that"] }]);
  for (const [name] of await wall.evaluate(() => [...here.hands])) await feed(wall, [{ type: "hand", room: "general", username: name, up: false }]);
  await until(async () => await wall.evaluate(() => $("lesson").style.fontSize) === "1em", "large letters again");
  await shot(wall, "wall-two");
}

async function codeIsRead(noether, wall) {
  console.log("code is as large on the wall as what is said, in whole lines, without a button");
  await say(noether, `/code python\nprint(${"'long', ".repeat(40)})`);
  const block = wall.locator("#log pre").last();
  await block.waitFor();
  const { letters, said, isCut } = await block.evaluate(pre => ({ isCut: pre.scrollWidth > pre.clientWidth,
    letters: getComputedStyle(pre).fontSize, said: getComputedStyle($("log")).fontSize }));
  assert.equal(letters, said);
  assert(!isCut && !await wall.getByRole("button", { name: "copy" }).isVisible());
}

async function onPhone(noether, ada) {
  console.log("on a phone the header has two rows, and it is seen that the lesson has more below");
  await ada.setViewportSize({ width: 390, height: 660 });
  const tops = await ada.evaluate(() => ["state", "sound", "who", "leave"].map(id => { const { top, bottom } = $(id).getBoundingClientRect(); return (top + bottom) / 2; }));
  assert(Math.max(...tops) - Math.min(...tops) < 9, `${tops}`);
  await feed(ada, [{ type: "poll", room: "general", from: "noether", poll: 4, question: "Which?", options: OPTIONS }]);
  const sign = () => ada.evaluate(() => getComputedStyle($("lesson"), "::after").content);
  await until(async () => await sign() !== "none", "the sign");
  await ada.evaluate(() => { $("lesson").scrollTop = 9999; });
  await until(async () => await sign() === "none", "the end");
  await feed(ada, [{ type: "poll_closed", room: "general", from: "noether", poll: 4, counts: Array(9).fill(0), voted: 0, entitled: 3 }]);
  await ada.setViewportSize(BEAMER);
}

async function finished(noether, wall) {
  console.log("a result leaves the wall after two minutes, and is on no wall that begins");
  await say(noether, "/poll Again? | yes | no");
  await noether.locator("#poll", { hasText: "Again?" }).waitFor();
  await say(noether, "/endpoll");
  await wall.locator("#poll .bar", { hasText: "yes: 0" }).waitFor();
  assert(!await wall.locator("#log .bar", { hasText: "yes: 0" }).isVisible(), "once is enough");
  await wall.evaluate(() => { globalThis.ticks = 0; setInterval(() => { ticks += 1; }, 1000); });
  await until(() => wall.evaluate(() => ticks > 2), "some seconds");
  assert(await wall.isVisible("#poll"), "it is there for a while");
  await feed(wall, [{ type: "poll", room: "general", from: "noether", poll: 3, question: "Of before?", options: ["this", "that"] },
    { type: "poll_closed", room: "general", from: "noether", poll: 3, counts: [1, 2], voted: 3, entitled: 3, time: new Date(Date.now() - 121000).toISOString() }]);
  await until(async () => !await wall.isVisible("#poll"), "its end");
  await news(wall, "(3 of 3 voted)");
  await wall.reload();
  await news(wall, "yes: 0");
  assert(!await wall.isVisible("#poll"), "a result of before");
}

const comings = (page, words) => page.locator("#log .news", { hasText: words });

async function crowds(wall, ada) {
  console.log("who comes or goes alone has a line at once, and a crowd has one together");
  await until(() => ada.evaluate(() => performance.now() - movedAt > ALONE_MS && !crowd.size), "quiet");
  const came = (names, type = "joined") => names.map((username) => ({ type, username, ...(type === "left" && { reason: "too_slow" }) }));
  await feed(ada, came(["pupil1"]));
  await comings(ada, "pupil1 joined").waitFor();
  await feed(ada, came(["pupil2", "pupil3", "pupil4", "pupil5", "pupil6"]));
  await feed(ada, came(["pupil1", "pupil6"], "left"));
  assert.equal(await comings(ada, "pupil2").count(), 0);
  await comings(ada, "pupil2, pupil3, pupil4 and pupil5 joined").waitFor();
  await comings(ada, "pupil1 and pupil6 left (too slow)").waitFor();
  await until(() => ada.evaluate(() => performance.now() - movedAt > ALONE_MS && !crowd.size), "quiet");
  await feed(ada, came(["pupil7", "pupil8"]));
  await comings(ada, "pupil8 joined").waitFor();
  await feed(ada, came(["p1", "p2", "p3", "p4", "p5", "p6"]));
  await comings(ada, "p2, p3, p4 and 2 others joined").waitFor();
  // Nobody waits for ever.
  await until(() => ada.evaluate(() => performance.now() - movedAt > ALONE_MS && !crowd.size), "quiet");
  const together = comings(ada, /s1, s2, s3 and \d+ others joined/);
  for (let at = 0; !await together.count(); at += 1) {
    await feed(ada, came([`s${at}`]));
    await new Promise((over) => setTimeout(over, 100));
    assert(at < 200, "nobody is told of");
  }
}

async function restarted(server, browser, place, wall, noether, ada) {
  console.log("after a restart nobody reads who has left and come again");
  for (const name of ["bob", "mia", "gast"]) await enter(browser, place, name);
  await until(async () => (await ada.textContent("#here")).includes("gast"), "the last of them");
  server.kill("SIGTERM");
  await until(() => server.exitCode !== null || server.signalCode, "its end");
  await until(async () => (await ada.textContent("#state")).includes("no connection"), "the loss");
  const next = await startServer(place);
  for (const page of [wall, noether, ada]) {
    await page.locator("#log .word", { hasText: /back, with \d+ online; what was said meanwhile follows/ }).waitFor();
  }
  await say(noether, "shall we go on?");
  for (const page of [wall, ada]) {
    await said(page, "shall we go on?");
    assert.equal(await comings(page, "(shutdown)").count(), 0, "who has left");
  }
  await until(async () => /ada.*bob.*gast.*mia.*noether/.test(await ada.textContent("#here")), "everybody", () => ada.url());
  await shot(wall, "wall-restart");
  return next;
}

test(main);
