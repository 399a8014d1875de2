
"use strict";
// The page of homeroom: a client like the terminal's, in one piece, without anything from elsewhere. From the top: what is
// kept, the wire, what is shown, what is typed, and how it begins. Whatever comes from others becomes text, never markup.

// ---- What is kept -------------------------------------------------------------------------------------------------

const $ = id => document.getElementById(id);
const log = $("log");

/** The lines that stay on the page; older ones come back from the server while scrolling up. */
const ROWS_MAX = 2000;
/** The events that one look at the past brings (the wire takes at most 200). */
const HISTORY_EVENTS = 100;
/** The first wait before coming back, and the longest. */
const WAIT_MS = 1000, WAIT_MS_MAX = 30000;
/** After so long without a word the server is asked for one, and so long it has for it. */
const SILENCE_MS = 75000, ANSWER_MS = 10000;
/** The longest text, in characters as the server counts them. */
const TEXT_CHARS_MAX = 4000;
/** The room in which everyone is. */
const GENERAL = "general";

const me = { name: "", role: "", token: "", keep: false };
/** The names that others read, by user names. */
const names = new Map();
const online = new Set(), away = new Set(), ignored = new Set();
/** Whispers that waited, until history shows which of them it has. */
let held = null;
/** Requests without an answer, by their ids. */
const waiting = new Map();
/** What can be typed, as the server's help lists it. */
let commands = [];
/** The greatest seq that was shown, and answers that came before their turn. */
let lastSeq = 0, early = new Set();
let unread = 0;
let lastWhisperer = "";
let quietUntil = 0;

/** Ids begin with a random word: the server remembers those of earlier runs. */
const run = Array.from(crypto.getRandomValues(new Uint8Array(6)), b => (b % 36).toString(36)).join("");
let count = 0;

// ---- The wire -----------------------------------------------------------------------------------------------------

let socket = null;
let heardAt = 0, connectedAt = 0;
let wait = WAIT_MS;
let timer = 0, watch = 0;
let leaving = false;
/** Why the last attempt to come back was refused, if it was. */
let trouble;

/** Opens a connection whose first line is this login, and goes on with whatever the server says. */
function connect(login) {
  clearTimeout(timer);
  const mine = new WebSocket(`wss://${location.host}/ws`);
  socket = mine;
  let opened = false;
  mine.onopen = () => { opened = true; heardAt = Date.now(); mine.send(JSON.stringify(login)); };
  mine.onmessage = ({ data }) => {
    heardAt = Date.now();
    for (const line of data.split("\n")) if (line && socket === mine) take(JSON.parse(line));
  };
  mine.onclose = () => { if (socket === mine) lost(opened); };
  clearInterval(watch);
  watch = setInterval(() => {
    const silence = Date.now() - heardAt;
    if (!heardAt || silence < SILENCE_MS) return;
    if (silence > SILENCE_MS + ANSWER_MS) mine.close(), mine.onclose();
    else transmit({ type: "ping" });
  }, 5000);
}

function transmit(request) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
}

/** Asks for something. The answer, or the event that answers it; a refusal is thrown. What isn't answered when the
 *  connection breaks is asked again under its id, unless it would do harm twice. */
function ask(type, about, again = !/^(next|poll|split|make_room)$/.test(type)) {
  const id = `${run}-${++count}`;
  const request = { type, ...about, id };
  return new Promise((done, failed) => {
    waiting.set(id, { request, again, done, failed });
    transmit(request);
  });
}

function lost(opened) {
  clearInterval(watch);
  socket = null;
  if (leaving) return;
  if (!me.token) return void unreached(opened).then(enterAgain);
  for (const [id, { again, failed }] of waiting) {
    if (again) continue;
    waiting.delete(id);
    failed({ message: "The connection broke: look whether it was done." });
  }
  state(`${trouble || "no connection"}; what you say is kept and sent later`, true);
  trouble = "";
  if (Date.now() - connectedAt > 10000) wait = WAIT_MS;
  timer = setTimeout(comeBack, wait * (0.5 + Math.random() / 2));
  wait = Math.min(Math.max(2 * wait, WAIT_MS), WAIT_MS_MAX);
}

/** Why nobody could log in. Whoever clicks the warning of an iPad or iPhone away gets the page there, and no WebSocket. */
async function unreached(opened) {
  const isThere = !opened && await fetch("/get/").then(() => true, () => false);
  return isThere
    ? "The server is there, but this browser lets the page open no connection. iPads and iPhones are so where nobody " +
      "they know signed its certificate: take another device."
    : "The server can't be reached: does it run, and is this the right network?";
}

function comeBack() {
  connect({ type: "login", protocol: 1, username: me.name, token: me.token, keep: me.keep, ...(lastSeq && { after: lastSeq }) });
}

// A laptop that wakes, a phone that finds its network: now is better than after the wait.
function nowAgain() {
  if (!socket && me.token && !leaving) comeBack();
  else if (socket && Date.now() - heardAt > ANSWER_MS) transmit({ type: "ping" });
}
addEventListener("online", nowAgain);
document.addEventListener("visibilitychange", () => { if (!document.hidden) nowAgain(); });

/** Whatever the server sends. */
function take(message) {
  const { type, id } = message;
  if (type === "ping") return transmit({ type: "pong" });
  if (type === "welcome") return welcome(message);
  if (type === "bye") return bye(message.reason);
  if (type === "role") return promoted(message.role);
  if (type === "error" && !id) {
    if (!me.token) return turnedAway(message);
    trouble = message.message;
    if (["bad_credentials", "banned", "not_allowed"].includes(message.code)) return endedThere(trouble);
  }
  if (typeof message.seq === "number") shown(message);
  else if (type === "notice") row("word", timeOf(message.time), `the server says: ${message.text}`);
  else if (type === "away") row("word", awayWords(message));
  if (!id || !waiting.has(id) || (message.from && message.from !== me.name)) return;
  const { done, failed } = waiting.get(id);
  waiting.delete(id);
  if (type === "error") failed(message);
  else done(message);
}

/** An event, in its turn or ahead of it, and not twice. */
function shown(event) {
  if (event.seq <= lastSeq && held) return held.push(event);
  if (event.seq <= lastSeq || early.has(event.seq)) return early.delete(event.seq);
  const answers = event.id && (event.from ?? event.by ?? event.username) === me.name && waiting.get(event.id)?.sentAgain;
  if (answers) early.add(event.seq);
  else lastSeq = event.seq;
  safely(() => show(event, true));
}

async function welcome(hello) {
  const first = !me.token;
  Object.assign(me, { name: hello.username, role: hello.role, token: hello.token });
  remember();
  connectedAt = Date.now();
  nameAll(hello.users, hello.names);
  if (first) {
    lastSeq = hello.seq;
    early = new Set();
    held = [];
    hasChosen = false;
    go(GENERAL);
  }
  split = hello.split;
  ownRooms(hello, first);
  if (first) enterRoom(hello);
  else back(hello);
  drawRoom();
  if (hello.must_change_password) await choosePassword(true);
  // Whoever is in several has a choice.
  const [group, other] = [...rooms.keys()].filter(isGroup);
  if (group && !other && !hasChosen) lead(group);
  if (first && group) tellMates(group).catch(() => {});
  tellGroupless();
  // The server knows what it has under which id: nothing is said twice.
  for (const pending of waiting.values()) {
    pending.sentAgain = true;
    transmit(pending.request);
  }
  try {
    if (first) await begun(hello);
    await lookAround();
  } catch (refusal) {
    refused(refusal);
  }
}

function back({ seq, gap, users, more = 0 }) {
  missedTo = seq;
  tell(`back, with ${users.length + more} online; what was said meanwhile ${gap ? "is no longer kept in full" : "follows"}`);
}

/** The view, what was said before, the whispers that waited and are not among it, and the commands there are. */
async function begun(hello) {
  const general = rooms.get(GENERAL);
  look();
  await past(hello.left_at, hello.missed, general);
  const waited = held;
  held = null;
  for (const event of waited) safely(() => event.seq < general.oldest ? show(event, true) : call(event, false));
  await help();
}

async function promoted(role) {
  const before = me.role;
  me.role = role;
  tell(role === "user" ? `you are no longer ${titleOf(before)}` : `you are ${titleOf(role)} now; /help lists the commands`);
  drawRoom();
  await help();
}

function bye(reason) {
  const mine = socket;
  if (reason === "shutdown") return void (wait = 0);
  socket = null;
  mine.close();
  const why = { removed: "An administrator or a new password ended this session.",
    logout: "This made way for a newer session of yours." };
  endedThere(why[reason] ?? "The server ended this session.");
}

