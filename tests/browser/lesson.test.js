// A lesson on the page: the floor, hands, questions, polls, code, taking back; a teacher and two students in browsers.
"use strict";
const assert = require("node:assert");
const { PASSWORD, WIDTHS, HOSTILE, data, violations, until, startServer, launch, makeAccounts, open, login, said, say, told,
  withoutFindings, picture, line, refusal, news, feed, speaksIn, enter, wall, test } = require("./harness.js");

async function main() {
  makeAccounts(["noether", "ada", "bob", "eve"].map((name) => `${name},${PASSWORD},${name === "noether" ? "teacher" : "user"}`), data);
  let server = await startServer("127.0.0.1:0");
  const place = server.place;
  const browser = await launch();
  const [noether, ada, bob] = [await enter(browser, place, "noether"), await enter(browser, place, "ada"), await enter(browser, place, "bob")];
  await announced(noether, ada);
  await floor(noether, ada);
  await changes(noether, ada);
  const beamer = await wall(browser, place, "eve");
  await hands(noether, ada, bob, beamer);
  await questions(noether, ada, bob);
  await polls(noether, ada, bob, beamer);
  await code(ada, bob);
  await takingBack(noether, ada, bob);
  await attendance(noether);
  await hostile(browser, place, noether, ada, bob);
  await withoutFindings([noether, ada]);
  if (!process.env.HOMEROOM_FAKE) server = await again(server, place, noether, ada);
  assert.deepEqual(violations.filter((text) => !/WebSocket connection to|ERR_CONNECTION_REFUSED|ERR_FAILED|404/.test(text)), []);
  await browser.close();
}

async function announced(noether, ada) {
  console.log("an announcement is in every room");
  await say(noether, "/split 1");
  await speaksIn(ada, "group-1");
  await say(noether, "/all five more minutes");
  await ada.locator("#log .announcement", { hasText: "five more minutes" }).waitFor();
  await say(noether, "/gather");
  await speaksIn(ada, "general");
  await ada.locator("#log .announcement", { hasText: "five more minutes" }).waitFor();
}

async function floor(noether, ada) {
  console.log("the floor says what holds and for how long, and what was typed stays");
  await say(noether, "/quiet 5");
  await until(async () => /quiet: .*[45]:\d\d/.test(await ada.textContent("#floor")), "the floor", () => ada.url());
  const left = await ada.textContent("#left");
  await until(async () => await ada.textContent("#left") !== left, "a second less");
  await say(ada, "may I?");
  await refusal(ada, "");
  assert.equal(await line(ada), "may I?");
  await picture(ada, "quiet");
  await say(noether, "/slow 600");
  await until(async () => /slow: .* 600 s/.test(await ada.textContent("#floor")), "the slow floor");
  await say(ada, "one at most of these");
  await say(ada, "the second");
  await until(async () => await line(ada) === "the second", "what was typed");
  await say(noether, "/whispers off");
  await until(async () => (await ada.textContent("#floor")).includes("no whispers"), "no whispers");
  await say(noether, "/slow 600 5");
  // The time stands beside what ends then.
  await until(async () => /slow: one message in 600 s [45]:\d\d; no whispers$/.test(await ada.textContent("#floor")), "its time", () => ada.url());
  assert.match(await ada.locator("#left").evaluate((left) => getComputedStyle(left, "::after").content), /left/);
  await say(ada, "/msg bob psst");
  await until(async () => await line(ada) === "/msg bob psst", "what was typed");
  await say(noether, "/open");
  await say(noether, "/whispers all");
  await until(async () => !await ada.isVisible("#floor"), "an open floor");
}

async function changes(noether, ada) {
  console.log("the log says what has changed, and for how long");
  for (const [line, words] of [["/quiet 5", /quiet: teachers, and who is called, may speak, until \d/], ["/whispers staff", "noether whispers to teachers alone"],
    ["/open", "everyone may speak; whispers to teachers alone"], ["/slow 30 4", /one message in 30 s, until \d[^;]*; whispers to teachers alone/],
    ["/quiet", "may speak; whispers to teachers alone"], ["/whispers all", "noether everyone may whisper"], ["/open", /everyone may speak$/]]) {
    await say(noether, line);
    await until(async () => fits(await ada.locator("#log .news").last().textContent(), words), `${words}`, () => ada.url());
    if (line === "/quiet") assert.match(await ada.textContent("#floor"), /may speak; whispers to teachers alone$/);
  }
  await until(async () => !await ada.isVisible("#floor"), "an open floor");
}

const fits = (text, words) => words instanceof RegExp ? words.test(text) : text.includes(words);

async function hands(noether, ada, bob, beamer) {
  console.log("hands are shown in order, and whoever is called may speak");
  await say(noether, "/quiet 5");
  await ada.click("#hand");
  await until(async () => (await bob.textContent("#hands")).includes("ada"), "her hand");
  await ada.locator("#hand[aria-pressed=true]").waitFor();
  await say(bob, "/hand I know it");
  await until(async () => (await noether.textContent("#up")) === "Hands: 1. ada, 2. bob (I know it)", "both hands");
  await until(async () => (await beamer.textContent("#up")).includes("2. bob (I know it)"), "the hands on the wall");
  assert.match(await beamer.textContent("#left"), /^[45]:\d\d$/);
  assert(await beamer.isVisible("#left") && await beamer.isVisible("#up") && !await beamer.isVisible("#next"));
  await picture(noether, "hands");
  await picture(beamer, "wall-hands");
  await noether.click("#next");
  await until(async () => (await ada.textContent("#floor")).includes("ada and teachers"), "her turn");
  assert.equal(await ada.getAttribute("#hand", "aria-pressed"), "false");
  await say(ada, "it is seven");
  await said(bob, "it is seven");
  await say(bob, "/hands");
  await told(bob, "1. bob (I know it)");
  // What turns its writing round stays in its own hand.
  await say(bob, "/hand \u202e9 ,)");
  await until(async () => (await noether.locator("#up bdi").allTextContents()).join() === "bob (\u202e9 ,))", "a hand that turns round");
  await bob.click("#hand");
  await until(async () => !await noether.isVisible("#hands"), "no hand");
  await say(noether, "/open");
}

async function questions(noether, ada, bob) {
  console.log("who asks is told before the first time who sees it");
  await say(ada, "/ask is this in the test?");
  await refusal(ada, "teachers do");
  assert.equal(await line(ada), "/ask is this in the test?");
  await ada.press("#line", "Enter");
  await news(bob, "somebody asks: is this in the test?");
  await news(noether, "is this in the test? (ada)");
  assert(!(await bob.textContent("#log")).includes("is this in the test? ("), "whose question it is");
}

async function polls(noether, ada, bob, beamer) {
  console.log("a poll is buttons while it is open, and then bars with their numbers");
  await say(noether, "/poll Which one? | the first | the second");
  await ada.getByRole("button", { name: "2. the second" }).click();
  await until(async () => await ada.locator("#poll button").nth(1).getAttribute("aria-pressed") === "true", "her vote");
  await say(bob, "/vote 1");
  await until(async () => await bob.locator("#poll button").first().getAttribute("aria-pressed") === "true", "his vote");
  await ada.locator("#poll button").first().click();
  await until(async () => await ada.locator("#poll button").first().getAttribute("aria-pressed") === "true", "another vote");
  assert(await bob.evaluate(() => isAtEnd()), "whoever reads the newest goes on with it");
  await picture(ada, "poll");
  await picture(beamer, "wall-poll");
  await withoutFindings([beamer, ada]);
  await say(noether, "/tally");
  await news(noether, "the first: 2");
  await news(noether, /not yet: .*eve/);
  // In another room meanwhile there is none.
  await say(noether, "/makeroom side");
  await speaksIn(noether, "side");
  await say(noether, "/closeroom");
  await speaksIn(noether, "general");
  await say(noether, "/attendance save x.csv");
  await refusal(noether, "/attendance save is a command of the terminal client");
  await say(noether, "/endpoll");
  for (const page of [ada, bob, noether]) {
    await page.locator("#poll").waitFor({ state: "hidden" });
    await news(page, "the first: 2");
  }
  await beamer.locator("#poll .bar", { hasText: "the first: 2" }).waitFor();
  assert.equal(await ada.locator("#log meter").first().evaluate(({ value, max }) => value / max), 1);
  await picture(ada, "result");
  await picture(beamer, "wall-result");
  await withoutFindings([beamer, ada]);
}

const PROGRAM = "def f(x):\n\tif x:\n\t\treturn '<b>'   \n\n\treturn \"" + "long ".repeat(60) + "\"\n";

async function code(ada, bob) {
  console.log("a program stays what it is");
  await say(ada, `/code python\n${PROGRAM}`);
  const block = bob.locator("#log pre").last();
  await block.waitFor();
  assert.equal(await block.textContent(), PROGRAM);
  assert(await block.evaluate((pre) => pre.scrollWidth > pre.clientWidth && getComputedStyle(pre).whiteSpace === "pre"), "it is wrapped");
  const shown = bob.locator("#log .row", { has: bob.locator("pre") }).last();
  assert.match(await shown.textContent(), /python, number \d+/);
  await shown.getByRole("button", { name: "copy" }).click();
  await shown.getByRole("button", { name: "copied" }).waitFor();
  assert.equal(await bob.evaluate(() => navigator.clipboard.readText()), PROGRAM);
  const before = bob.viewportSize();
  await bob.setViewportSize({ width: WIDTHS[0], height: 640 });
  await until(() => bob.evaluate(() => isAtEnd()), "the newest in a narrow window");
  await bob.setViewportSize(before);
  await picture(bob, "code");
  await say(ada, "/code python");
  await refusal(ada, "Shift-Enter");
}

async function takingBack(noether, ada, bob) {
  console.log("what is taken back is gone from every page, and says by whom");
  await say(ada, "I wish I hadn't");
  await say(ada, "nor that");
  await say(bob, "rude words");
  await said(ada, "rude words");
  await said(bob, "nor that");
  assert.equal(await bob.locator("#log .row", { hasText: "I wish I hadn't" }).locator(".take").count(), 0, "others may take it back");
  await ada.locator("#log .row", { hasText: "I wish I hadn't" }).hover();
  for (const name of ["remove", "really?"]) await ada.locator("#log .row", { hasText: "I wish I hadn't" }).getByRole("button", { name }).click();
  await until(async () => !(await bob.textContent("#log")).includes("I wish I hadn't"), "its end");
  await news(bob, "removed by ada");
  await say(ada, "/remove");
  await until(async () => !(await bob.textContent("#log")).includes("nor that"), "its end");
  const rude = noether.locator("#log .row", { hasText: "rude words" });
  await rude.hover();
  await picture(noether, "remove");
  for (const name of ["remove", "really?"]) await rude.getByRole("button", { name }).click();
  await news(bob, "removed by noether");
  await ada.reload();
  await news(ada, "bob: removed");
  assert(!/rude words|nor that|I wish/.test(await ada.textContent("#log")));
}

async function attendance(noether) {
  console.log("who was there, and for how long");
  await say(noether, "/attendance");
  await told(noether, /^\* 3 of 3 were there, \d{4}-\d\d-\d\d .* to /);
  await told(noether, /ada: .* to .*, \d+ min, \d+ messages/);
  await told(noether, /eve: .* 0 messages$/);
  for (const line of ["yesterday 23:59", "today", "2026-11-28 2100-01-01T08:00", "00:00 23:59:59"]) {
    await say(noether, `/attendance ${line}`);
    await news(noether, /3 of 3 were there|were there|could have been there/);
    assert.equal(await noether.locator("#log .refusal", { hasText: "moment" }).count(), 0, line);
  }
  // Nobody had an account in years that are over.
  await say(noether, "/attendance 2100-01-01 2100-01-02");
  await told(noether, "absent (3): ada, bob, eve");
  await say(noether, "/attendance 7b 00:00 23:59");
  await told(noether, "7b: nobody has an account that could have been there");
  for (const wrong of ["2020-13-01", "25:00", "28.11.2026"]) {
    await say(noether, `/attendance ${wrong}`);
    await refusal(noether, `, not ${wrong}`);
  }
  await say(noether, "/attendance 10:30 10:00");
  await refusal(noether, "the second moment is the end");
  await feed(noether, []);
  await noether.evaluate(() => { const before = ask; globalThis.ask = async () => ({ people: [{ username: "ada", deleted: true, first: new Date(), last: new Date(), minutes: 1, messages: 1 }] });
    return attendance("").finally(() => { globalThis.ask = before; }); });
  await told(noether, /ada, deleted: .*, 1 min, 1 message$/);

  console.log("help promises what is here");
  await say(noether, "/help");
  await told(noether, "/attendance [group] [from [to]]");
  assert(!/save| lone|x\.py|\|file|Alt-/.test(await noether.locator("#log .word", { hasText: "/attendance [group]" }).last().textContent()));
}

/** What a page asks the server for, whatever can be typed there. */
const request = (page, what) => page.evaluate(({ type, ...about }) => ask(type, about).catch(({ message }) => { throw new Error(message); }), what);

/** One of each event, with this text wherever others choose one. */
function eventsWith(text) {
  const [room, poll] = ["general", { poll: 9, question: text, options: [text, text] }];
  return [{ type: "message", from: "bob", room, text }, { type: "message", from: "bob", room, text, format: "code", lang: text },
    { type: "whisper", from: "bob", to: "eve", text }, { type: "announcement", from: "bob", text }, { type: "question", room, text },
    { type: "hand", room, username: "bob", up: true, text }, { type: "called", room, username: text, from: text },
    { type: "topic", room, from: text, text }, { type: "floor", room, from: text, mode: text, whispers: text },
    { type: "poll", room, from: text, ...poll }, { type: "poll_closed", room, ...poll, counts: [1, 0], voted: 1, entitled: 1 },
    { type: "entered", room: text, username: "eve", by: text }, { type: "message", from: "bob", room: text, text },
    { type: "room_closed", room: text, by: text }, { type: "split", from: text, groups: text }, { type: "gathered", from: text },
    { type: "asked", room: text, question: 1, from: text }, { type: "called", room: text, username: "eve", from: text }];
}

async function hostile(browser, place, noether, ada, bob) {
  console.log("markup stays text wherever others write");
  const [text] = HOSTILE;
  await request(ada, { type: "hand", up: true, text });
  await request(ada, { type: "ask", text });
  await request(ada, { type: "say", text, format: "code", lang: "x" });
  await request(noether, { type: "announce", text });
  const { poll } = await request(noether, { type: "poll", question: text, options: [text, "b"] });
  await until(async () => (await bob.textContent("#poll")).includes(text), "the poll");
  await until(async () => (await bob.textContent("#up")).includes(text), "the hand");
  await request(noether, { type: "close_poll", poll });
  await request(noether, { type: "make_room", room: "x", about: text });
  await say(bob, "/rooms");
  await told(bob, text);
  await request(noether, { type: "close_room", room: "x" });
  await request(ada, { type: "hand", up: false });
  const eve = await enter(browser, place, "eve");
  await feed(eve, HOSTILE.flatMap(eventsWith));
  for (const page of [bob, noether, eve]) {
    assert.equal(await page.locator("#room :is(img, script, svg, iframe, a, b, style, base, meta, template, details, math)").count(), 0);
  }
  const shown = await eve.locator("#log pre").allTextContents();
  assert.deepEqual(shown.slice(-HOSTILE.length), HOSTILE);
  for (const width of WIDTHS) {
    await eve.setViewportSize({ width, height: 640 });
    assert(!await eve.evaluate(() => document.documentElement.scrollWidth > innerWidth), `too wide at ${width}`);
  }
  await eve.context().close();
}

async function again(server, place, noether, ada) {
  console.log("rooms, floor and poll are there again after a kill of the server, and after a reload");
  await say(noether, "/makeroom go");
  await speaksIn(noether, "go");
  await say(ada, "/join go");
  await speaksIn(ada, "go");
  await say(noether, "/quiet 30");
  await say(noether, "/poll Black? | yes | no");
  await ada.waitForSelector("#poll:visible");
  await noether.evaluate(() => {
    socket.send = () => {};
    globalThis.unanswered = ask("next", { room: "go" }).catch(({ message }) => message);
  });
  server.kill("SIGKILL");
  await until(() => server.exitCode !== null || server.signalCode, "its end");
  assert.match(await noether.evaluate(() => unanswered), /look whether it was done/, "nobody is called twice");
  const next = await startServer(place);
  await until(async () => !(await ada.textContent("#state")).includes("no connection"), "the connection");
  await speaksIn(ada, "go");
  await ada.reload();
  await ada.click("[role=tab] >> text=go");
  await until(async () => (await ada.textContent("#floor")).includes("quiet"), "the floor");
  await ada.getByRole("button", { name: "1. yes" }).click();
  await until(async () => await ada.locator("#poll button").first().getAttribute("aria-pressed") === "true", "her vote");
  return next;
}

test(main);
