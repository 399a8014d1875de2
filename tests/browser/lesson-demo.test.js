// A whole lesson: a teacher and eight students, two of them with a browser. What is printed stands in docs/classroom.md.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { PASSWORD, data, folder, violations, startServer, launch, makeAccounts, picture, until, test } = require("./harness.js");
const { Terminal, Page, print, act, masked, standsIn } = require("./stage.js");
const { read } = require("./slips.js");

const DOCUMENT = "docs/classroom.md";
const HEADING = "## A whole lesson";
const LIST = `Familienname;Vorname;Klasse
Müller;Zoë;7b
Okri;Ben;7b
Kim;Mia;7b
Weiß;Jonas;7b
Novak;Lea;7b
Demir;Ali;7b
Klein;Emma;7b
Bauer;Finn;7b
Berg;Noah;7b
`;
const VOTES = { jonas: 2, lea: 1, ali: 2, emma: 3 };
const RESULT = ["fractions: 1", "decimals: 4", "a break: 1"];
const OWN = "nine red lanterns";
const PROGRAM = "for n in range(4):\n\tprint(n,\t'quarters')\n";

// It is morning, wherever this runs: attendance is of one day, and no lesson goes over midnight.
process.env.TZ = `LST${(new Date().getUTCHours() + 24 - 9) % 24}`;

async function main() {
  makeAccounts([`noether,${PASSWORD},teacher`], data);
  const [server, browser] = await Promise.all([startServer("127.0.0.1:0"), launch()]);
  const noether = new Terminal(server, "noether", PASSWORD);
  await noether.line("you are noether, a teacher");
  const slips = await roster(browser, noether);
  const students = await everybodyComesIn(browser, server, noether, slips);
  await floorAndHands(noether, students);
  await question(noether, students);
  await poll(noether, students);
  await groups(noether, students);
  await code(students);
  await takenBack(noether, students);
  await attendance(noether);
  for (const one of Object.values(students)) if (one instanceof Terminal) await one.leaves();
  await noether.leaves();
  assert.deepEqual(violations.filter((text) => !/404/.test(text)), []);
  await browser.close();
  standsIn(DOCUMENT, HEADING);
}

/** The slips' user names, passwords and addresses. */
async function roster(browser, noether) {
  print("-- Before the lesson: the list that WebUntis saves becomes accounts, and slips to print and cut.");
  act("class.csv", "is", LIST.split("\n").slice(0, 3).join(" / ") + " / and seven more");
  fs.writeFileSync(path.join(folder, "class.csv"), Buffer.from(LIST, "latin1"));
  noether.types("/import class.csv slips slips.html");
  await noether.sees("added 9 accounts", "9 slips are in");
  const paper = await (await browser.newContext({ bypassCSP: true })).newPage();
  await paper.goto(pathToFileURL(path.join(folder, "slips.html")).href);
  const slips = await paper.locator("article").all();
  act("a slip", "says", masked((await slips[0].innerText()).trim().replace(/\s*\n\s*/g, " | ")));
  const rows = await Promise.all(slips.map((slip) => slip.locator("code").allTextContents()));
  const address = await read(paper, slips[0]);
  await paper.context().close();
  return { passwords: Object.fromEntries(rows), address };
}

/** Two in browsers, one of them with a slip's QR code; the others by the join code. All choose a password. */
async function everybodyComesIn(browser, server, noether, { passwords, address }) {
  print("\n-- Everybody comes in, and chooses a password.");
  const zoe = await Page.open(browser, server, "zoe.mueller");
  act(zoe.name, "scans", masked(address.replace(/,.*/, ",ONE-TIME")));
  await zoe.page.goto("about:blank");
  await zoe.page.goto(address);
  assert.equal(await zoe.page.inputValue("#name"), zoe.name);
  await zoe.comesIn();
  await noether.sees("zoe.mueller (Zoë Müller) joined");
  const ben = await Page.open(browser, server, "ben.okri");
  act(ben.name, "opens", masked(`https://${server.place}/ and types name and one-time password`));
  await ben.comesIn(passwords[ben.name]);
  await noether.sees("ben.okri (Ben Okri) joined");
  const students = { zoe, ben };
  for (const name of ["mia.kim", "jonas.weiss", "lea.novak", "ali.demir", "emma.klein", "finn.bauer"]) {
    const shows = name === "mia.kim";
    if (shows) act(name, "runs", "homeroom-client ADDRESS JOIN-CODE --user mia.kim");
    const one = students[name.split(".")[0]] = new Terminal(server, name, passwords[name]);
    if (shows) await one.sees("for one login");
    const line = `/passwd ${passwords[name]} ${OWN}`;
    if (shows) one.types(line, `/passwd ONE-TIME ${OWN}`);
    else one.enters(line);
    if (shows) await one.sees("your password is changed");
    else await one.line("your password is changed");
    await noether.line(`${name} (`);
  }
  print("(jonas.weiss, lea.novak, ali.demir, emma.klein, finn.bauer likewise; noah.berg is ill)");
  noether.types("/who");
  await noether.sees("9 online: ");
  noether.types("Good morning! Page 12: fractions.");
  await zoe.sees("Good morning!");
  return students;
}

async function floorAndHands(noether, { zoe, ben, mia, lea, jonas }) {
  print("\n-- Quiet, please; whoever knows it raises a hand.");
  noether.types("/quiet 5");
  await jonas.sees("it is quiet");
  await zoe.shows("#floor", "quiet");
  lea.types("it's three quarters!");
  await lea.sees("! it is quiet");
  mia.types("/hand I know why");
  await noether.sees("mia.kim raised a hand");
  await ben.clicks("button", "Hand");
  await noether.line("ben.okri raised a hand");
  await zoe.shows("#up", "2. ben.okri");
  await picture(zoe.page, "demo-hands");
  noether.types("/hands");
  await noether.sees(/^ {2}1 {2}mia/, /^ {2}2 {2}ben/);
  noether.types("/next");
  await mia.sees("calls you");
  mia.types("Three of four equal parts are coloured.");
  await ben.sees("Three of four");
  noether.types("/next");
  await ben.shows("#floor", "ben.okri");
  await ben.types("And one isn't.");
  await jonas.sees("And one isn't.");
  noether.types("/open");
  await jonas.sees("everyone may speak");
}

async function question(noether, { lea, ali }) {
  print("\n-- A question without a name.");
  lea.types("/ask is this in the test?");
  await lea.sees("teachers see who asks");
  await ali.sees("is this in the test?");
  await noether.sees("is this in the test?");
}

async function poll(noether, { zoe, ben, ...others }) {
  print("\n-- A poll.");
  noether.types("/poll What next? | fractions | decimals | a break");
  await others.mia.sees("noether asks", "  1  ", "  2  ", "  3  ");
  await ben.clicks("button", "2. decimals");
  await until(async () => await ben.page.locator("#poll button").nth(1).getAttribute("aria-pressed") === "true", "his vote");
  others.mia.types("/vote 2");
  await others.mia.sees("you chose");
  for (const [name, vote] of Object.entries(VOTES)) {
    others[name].enters(`/vote ${vote}`);
    await others[name].line("you chose");
  }
  print("(jonas.weiss, lea.novak, ali.demir, emma.klein vote too)");
  await picture(zoe.page, "demo-poll");
  noether.types("/tally");
  for (const row of RESULT) await noether.line(row);
  await noether.sees("6 of 8 voted", "not yet");
  noether.types("/endpoll");
  await others.finn.sees("the poll is over", ...RESULT, "6 of 8 voted");
  await zoe.sees("decimals: 4");
}

async function groups(noether, students) {
  print("\n-- Work in four groups of two, by chance.");
  const { zoe, finn } = students;
  noether.types("/split 4");
  await noether.sees("the class is in 4 rooms");
  const groups = [];
  for (const number of [1, 2, 3, 4]) groups.push((await noether.line(`  group-${number} `)).trim().split(/[ ,]+/));
  assert.deepEqual(groups.map(({ length }) => length), [3, 3, 3, 3], "a name, and two in each");
  const [group, ...both] = groups.find((group) => group.includes(zoe.name));
  await zoe.shows("[role=tab][aria-selected=true]", group, "is in");
  noether.types(`/join ${group}`, "/join group-·");
  await noether.sees("and speak there");
  await zoe.sees("noether came into");
  await zoe.types("Shall we draw a cake?");
  await noether.sees("Shall we draw a cake?");
  noether.types("/all two more minutes");
  await finn.sees("two more minutes");
  for (const one of Object.values(students)) {
    await until(async () => (await one.all()).includes("two more minutes"), `what ${one.name} is told`);
    assert.equal((await one.all()).includes("a cake"), both.includes(one.name), `what ${one.name} sees of another group`);
  }
  noether.types("/gather");
  await noether.sees("noether gathers the class");
  await until(async () => !await zoe.page.isVisible("#rooms"), "no more tabs");
}

/** The number of a message, as code and `/history` show it. */
const numberIn = (line) => line.match(/(?:code |#)(\d+)/)[1];

async function code({ zoe, jonas, ali }) {
  print("\n-- Code, with its tabs.");
  jonas.types(`/code python\n${PROGRAM}.`);
  const [shown] = await ali.sees("code ", ...PROGRAM.trim().split("\n"));
  await zoe.sees("for n in");
  ali.types(`/save ${numberIn(shown)} lesson.py`);
  await ali.sees("lesson.py");
  assert.equal(fs.readFileSync(path.join(folder, "lesson.py"), "utf8"), PROGRAM);
  act("lesson.py", "is", `what was typed, byte for byte: ${PROGRAM.length} bytes, with ${PROGRAM.split("\t").length - 1} tabs`);
}

async function takenBack(noether, { zoe, finn, emma }) {
  print("\n-- A message is taken back.");
  finn.types("Emma can't count!");
  await emma.sees("Emma can't count!");
  await zoe.sees("Emma can't count!");
  noether.types("/history 1");
  const [shown] = await noether.sees("Emma can't count!");
  noether.types(`/remove ${numberIn(shown)}`);
  await emma.sees("took back");
  await zoe.sees("removed by noether");
  assert(!(await zoe.all()).includes("count!"), "what was taken back is on the page");
}

async function attendance(noether) {
  print("\n-- Who was there.");
  noether.types("/attendance 7b");
  await noether.sees("of 9 were there", "first", "ali", "ben", "emma", "finn", "jonas", "lea", "mia", "zoe", "absent");
}

test(main);
