
"use strict";
// The page of homeroom: a client like the terminal's, in one piece, without anything from elsewhere. From the top: what is
// kept, the wire, what is shown, what is typed, and how it begins. Whatever comes from others becomes text, never markup.

// ---- What is kept -------------------------------------------------------------------------------------------------

const $ = (id) => document.getElementById(id);

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

const me = { name: "", role: "", token: "", keep: false };
const names = new Map();   // user name -> the name that others read
const online = new Set();
const away = new Set();
const ignored = new Set();
const waiting = new Map(); // id -> a request without an answer
let commands = [];         // what the server's help lists
let lastSeq = 0;           // the greatest seq that was shown
let oldestSeq = 0;         // the smallest one, where history goes on
let early = new Set();     // answers that came before their turn
let unread = 0;
let lastWhisperer = "";
let quietUntil = 0;

/** Ids begin with a random word: the server remembers those of earlier runs. */
const run = Array.from(crypto.getRandomValues(new Uint8Array(6)), (b) => (b % 36).toString(36)).join("");
let count = 0;

// ---- The wire -----------------------------------------------------------------------------------------------------

let socket = null;
let heardAt = 0, connectedAt = 0;
let wait = WAIT_MS;
let timer = 0, watch = 0;
let leaving = false;

/** Opens a connection whose first line is this login, and goes on with whatever the server says. */
function connect(login) {
  clearTimeout(timer);
  const mine = new WebSocket(`wss://${location.host}/ws`);
  socket = mine;
  mine.onopen = () => { heardAt = Date.now(); mine.send(JSON.stringify(login)); };
  mine.onmessage = ({ data }) => {
    heardAt = Date.now();
    for (const line of data.split("\n")) if (line && socket === mine) take(JSON.parse(line));
  };
  mine.onclose = () => { if (socket === mine) lost(); };
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
function ask(request, again = true) {
  const id = `${run}-${++count}`;
  return new Promise((done, failed) => {
    waiting.set(id, { request: { ...request, id }, again, done, failed });
    transmit({ ...request, id });
  });
}

function lost() {
  clearInterval(watch);
  socket = null;
  if (leaving) return;
  if (!me.token) {
    enterAgain("The server can't be reached: is it running, and is this the right network?");
    return;
  }
  for (const [id, { again, failed }] of waiting) {
    if (again) continue;
    waiting.delete(id);
    failed({ message: "The connection broke before that was answered: look whether it was done." });
  }
  state("no connection; what you say is kept and sent later", true);
  if (Date.now() - connectedAt > 10000) wait = WAIT_MS;
  const shortened = wait * (0.5 + Math.random() / 2);
  wait = Math.min(2 * wait, WAIT_MS_MAX);
  timer = setTimeout(comeBack, shortened);
}

function comeBack() {
  const login = { type: "login", protocol: 1, username: me.name, token: me.token, keep: me.keep };
  connect(lastSeq ? { ...login, after: lastSeq } : login);
}

// A laptop that wakes, a phone that finds its network: now is better than after the wait.
addEventListener("online", () => { if (!socket && me.token && !leaving) comeBack(); });
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  if (!socket && me.token && !leaving) comeBack();
  else if (socket && Date.now() - heardAt > ANSWER_MS) transmit({ type: "ping" });
});

/** Whatever the server sends. */
function take(message) {
  const { type, id } = message;
  if (type === "ping") return transmit({ type: "pong" });
  if (type === "welcome") return welcome(message);
  if (type === "bye") return bye(message.reason);
  if (type === "error" && !me.token) return enterAgain(message.message);
  if (type === "error" && !id && ["bad_credentials", "banned"].includes(message.code)) return endedThere(message.message);
  if (typeof message.seq === "number") shown(message);
  else if (type === "notice") row("word", timeOf(message.time), `the server says: ${message.text}`);
  else if (type === "away") row("word", null, awayWords(message));
  if (!id || !waiting.has(id) || (message.from && message.from !== me.name)) return;
  const { done, failed } = waiting.get(id);
  waiting.delete(id);
  $(id)?.remove();
  if (type === "error") failed(message);
  else done(message);
}

/** An event, in its turn or ahead of it, and not twice. */
function shown(event) {
  if (event.seq <= lastSeq || early.has(event.seq)) return early.delete(event.seq);
  const answers = event.id && event.from === me.name && waiting.get(event.id)?.sentAgain;
  if (answers) early.add(event.seq);
  else lastSeq = event.seq;
  show(event, true);
}

async function welcome(hello) {
  const first = !me.token;
  Object.assign(me, { name: hello.username, role: hello.role, token: hello.token });
  remember();
  connectedAt = Date.now();
  setOnline(hello.users, hello.more);
  nameAll(hello.names);
  topic(hello.topic);
  if (first) {
    lastSeq = hello.seq;
    enterRoom(hello);
  } else if (hello.gap) {
    row("word", null, "what was said meanwhile is no longer kept in full");
  }
  state(`${me.name} · ${online.size + (hello.more ?? 0)} here`);
  if (hello.must_change_password) await choosePassword(true);
  // The server knows what it has under which id: nothing is said twice.
  for (const pending of waiting.values()) {
    pending.sentAgain = true;
    transmit(pending.request);
  }
  if (first) {
    await past(hello.left_at, hello.missed);
    help();
  }
}

function bye(reason) {
  const mine = socket;
  if (reason === "shutdown") {
    wait = 0;
    return;
  }
  socket = null;
  mine.close();
  const why = { removed: "This session was ended: by an administrator, or by a change of the password.",
    logout: "This session made way for a newer one of yours." };
  endedThere(why[reason] ?? "The server ended this session.");
}

// ---- What is shown ------------------------------------------------------------------------------------------------

/** An element with a class and text in it. */
function make(tag, kind, ...inside) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  element.append(...inside);
  return element;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dates = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

function timeOf(text) {
  const time = make("time", "", clock.format(new Date(text)));
  time.dateTime = text;
  time.title = new Date(text).toLocaleString();
  return time;
}

/** Somebody's name, in the colour that it has in the terminal too; a click begins a whisper. */
function by(name) {
  const button = make("button", `by c${colour(name)}`, make("bdi", "", name));
  button.type = "button";
  const full = names.get(name);
  if (full) button.append(make("span", "also", " (", make("bdi", "", full), ")"));
  button.title = `Whisper to ${name}`;
  button.onclick = () => { $("line").value = `/msg ${name} `; grow(); $("line").focus(); };
  return button;
}

/** FNV-1a, as in the terminal client. */
function colour(name) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % 12;
}

function text(words) { return make("span", "text", words); }

/** What is shown of an event; null for what is shown nowhere in the log. */
function draw(event) {
  const time = timeOf(event.time);
  const others = event.from && event.from !== me.name;
  if (others && ignored.has(event.from)) return null;
  switch (event.type) {
    case "message": {
      const kind = others && mentions(event.text) ? "row mention" : "row";
      return event.action ? make("p", kind, time, "* ", by(event.from), " ", text(event.text))
        : make("p", kind, time, by(event.from), ": ", text(event.text));
    }
    case "whisper": {
      const [from, to] = [event.from, event.to].map((name) => (name === me.name ? "you" : by(name)));
      const line = make("p", "row whisper", time, from, " to ", to, " alone: ", text(event.text));
      if (event.away && !others) line.append(make("span", "also", ` (${event.to} is not here, and will read it later)`));
      return line;
    }
    case "joined": return make("p", "row news", time, by(event.username), " joined");
    case "left": return make("p", "row news", time, by(event.username), ` left (${event.reason.replace("_", " ")})`);
    case "topic": return event.text ? make("p", "row news", time, by(event.from), " set the topic: ", text(event.text))
      : make("p", "row news", time, by(event.from), " removed the topic");
    default: return null;
  }
}

/** Somebody says one's name, as a word of its own. */
function mentions(words) {
  const name = me.name.replace(/[.-]/g, "\\$&");
  return new RegExp(`(^|[^\\p{L}\\p{N}_-])${name}($|[^\\p{L}\\p{N}_-])`, "iu").test(words);
}

function show(event, live) {
  if (event.type === "joined") nameAll(event.name && { [event.username]: event.name }), online.add(event.username), list();
  if (event.type === "left") online.delete(event.username), away.delete(event.username), list();
  if (event.type === "topic") topic(event.text ? event : null);
  if (event.type === "whisper" && event.from !== me.name) lastWhisperer = event.from;
  const line = draw(event);
  if (!line) return;
  append(line, event.time);
  if (live) call(event, line.classList.contains("mention"));
}

let lastDay = "";

/** Puts a line at the end, and stays there if that is where one reads. */
function append(line, time) {
  const log = $("log");
  const atEnd = isAtEnd();
  const day = time && new Date(time).toDateString();
  if (day && day !== lastDay) log.append(make("p", "day", dates.format(new Date(time))));
  if (day) lastDay = day;
  log.append(line);
  for (const pending of log.querySelectorAll(".pending")) log.append(pending);
  while (log.childElementCount > ROWS_MAX && atEnd) {
    log.firstElementChild.remove();
    oldestSeq = 0;
  }
  if (atEnd) toEnd();
  else $("newest").hidden = false;
}

function row(kind, time, ...inside) {
  const line = make("p", `row ${kind}`, ...(time ? [time] : []), ...inside);
  append(line);
  return line;
}

function isAtEnd() {
  const log = $("log");
  return log.scrollHeight - log.scrollTop - log.clientHeight < 40;
}

function toEnd() {
  $("log").scrollTop = $("log").scrollHeight;
  $("newest").hidden = true;
}

/** What was said before, above all else; what a reader of the screen needn't hear again. */
async function past(since, missed) {
  const log = $("log");
  const request = { type: "history", limit: HISTORY_EVENTS };
  if (oldestSeq) request.before = oldestSeq;
  const page = await ask(request);
  const events = page.events;
  if (!events.length && !page.next) return false;
  oldestSeq = page.next ?? events[0].seq;
  const height = log.scrollHeight;
  log.ariaBusy = "true";
  const lines = [];
  let day = "";
  for (const event of events) {
    const line = draw(event);
    if (!line) continue;
    const its = new Date(event.time).toDateString();
    if (its !== day) lines.push(make("p", "day", dates.format(new Date(event.time))));
    day = its;
    if (since && missed && event.seq > since) {
      lines.push(make("p", "row since", `${missed} said since you were here last`));
      missed = 0;
    }
    lines.push(line);
  }
  log.prepend(...lines);
  lastDay ||= day;
  log.ariaBusy = "false";
  log.scrollTop += log.scrollHeight - height;
  return true;
}

let looking = false;
$("log").onscroll = async () => {
  if (isAtEnd()) $("newest").hidden = true;
  if (looking || $("log").scrollTop > 200 || !oldestSeq) return;
  looking = true;
  try { looking = !(await past()); } catch (refusal) { looking = false; refused(refusal); }
};

function topic(now) {
  $("topic").replaceChildren(now?.text ? make("bdi", "", now.text) : "homeroom");
}

function setOnline(users, more) {
  online.clear();
  users.forEach((name) => online.add(name));
  list(more);
}

function nameAll(some) { for (const [name, full] of Object.entries(some ?? {})) names.set(name, full); }

function list() {
  const items = [...online].sort().map((name) => {
    const item = make("li", away.has(name) ? "away" : "", by(name));
    return item;
  });
  $("here").replaceChildren(...items);
}

function state(words, bad = false) {
  $("state").textContent = words;
  $("state").classList.toggle("bad", bad);
}

function awayWords({ username, text: why, since }) {
  return `${username} is away since ${clock.format(new Date(since))}${why ? `: ${why}` : ""}`;
}

// ---- What is heard ------------------------------------------------------------------------------------------------

/** The terminal client's sounds, from the same table (sounds/make.py): its files would make this page four times as
 *  large. [start in s, Hz, rise in s, fade in s, loudness]. */
const SOUNDS = {
  login: [[0, 659.26, .012, .085, .9], [.11, 987.77, .012, .085, 1]],
  logout: [[0, 587.33, .012, .085, 1], [.11, 392, .012, .095, .9]],
  private: [[0, 1567.98, .004, .045, .9], [.1, 2093, .004, .05, 1]],
  message: [[0, 440, .006, .04, 1]],
  mention: [[0, 698.46, .005, .045, .9], [.09, 880, .005, .055, 1]],
  error: [[0, 277.18, .006, .05, .9], [.1, 207.65, .006, .06, 1]],
};
let audio = null;
let playedAt = 0;

$("sound").onclick = () => {
  const on = $("sound").getAttribute("aria-pressed") !== "true";
  $("sound").setAttribute("aria-pressed", on);
  if (on) audio ??= new AudioContext();
  if (on) play("message");
};

function play(name) {
  const now = Date.now();
  if (!audio || $("sound").getAttribute("aria-pressed") !== "true" || now < quietUntil || now - playedAt < 300) return;
  playedAt = now;
  for (const [start, hertz, rise, fade, loud] of SOUNDS[name]) {
    const [tone, gain, at] = [audio.createOscillator(), audio.createGain(), audio.currentTime + start];
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.25 * loud, at + rise);
    gain.gain.setTargetAtTime(0, at + rise, fade);
    tone.connect(gain).connect(audio.destination);
    tone.start(at);
    tone.stop(at + rise + 6 * fade);
  }
}

/** Calls for attention, as the terminal client does. */
function call(event, mentioned) {
  const who = event.from ?? event.username;
  if (who === me.name || ignored.has(who)) return;
  const cue = { joined: "login", left: "logout", whisper: "private", message: mentioned ? "mention" : "message" }[event.type];
  if (!cue) return;
  play(cue);
  if (!document.hidden || !["message", "whisper"].includes(event.type)) return;
  unread += 1;
  title();
}

function title() { document.title = `${unread ? `(${unread}) ` : ""}${me.name || "homeroom"} - homeroom`; }

addEventListener("focus", () => { unread = 0; title(); });

// ---- What is typed ------------------------------------------------------------------------------------------------

const requestOf = (type) => (username) => username && !/\s/.test(username) ? ask({ type, username }, false).then(ok) : null;
const alone = (type, then = ok) => (rest) => rest ? null : ask({ type }).then(then);

/** The commands, as they are typed in the terminal. Each gives a promise, or null where its usage is to be told. */
const COMMANDS = {
  msg: (rest) => whisper(...cut(rest)),
  reply: (rest) => !lastWhisperer ? tell("nobody has whispered to you yet") : whisper(lastWhisperer, rest),
  me: (rest) => rest ? say({ type: "say", text: rest, action: true }) : null,
  who: alone("who", (answer) => { setOnline(answer.users, answer.more); away.clear(); (answer.away ?? []).forEach((n) => away.add(n));
    nameAll(answer.names); list(); tell(`online: ${answer.users.map(called).join(", ")}${answer.more ? ` and ${answer.more} more` : ""}`); }),
  whois: (rest) => rest ? ask({ type: "whois", username: rest }).then(({ whois }) => tell(whoisWords(whois))) : null,
  away: (rest) => ask({ type: "away", text: rest }).then(() => tell("you are away until you say something, or /back")),
  back: alone("away", () => tell("you are back")),
  topic: (rest) => rest ? ask({ type: "topic", text: rest === "-" ? "" : rest })
    : ask({ type: "topic" }).then(({ topic: now }) => tell(now ? `the topic is: ${now.text}` : "there is no topic")),
  history: () => { $("log").scrollTop = 0; return tell("older messages come while you scroll up"); },
  passwd: (rest) => rest ? tell("type /passwd alone: it asks for the passwords, and hides them") : choosePassword(false),
  help: (rest) => help().then(() => tell(helpWords(rest))),
  logout: (rest) => rest ? null : logout(),
  code: alone("code", (answer) => tell(`join code ${answer.code}${(answer.pages ?? []).map((page) => `\n${page}`).join("")}`)),
  dnd: (rest) => /^\d*$/.test(rest) ? quiet(rest) : rest === "off" ? quiet("0") : null,
  ignore: (rest) => { if (rest) ignored.add(rest.toLowerCase()); return tell(`you ignore ${[...ignored].join(", ") || "nobody"}`); },
  unignore: (rest) => { if (!rest) return null; ignored.delete(rest.toLowerCase()); return tell(`you ignore ${[...ignored].join(", ") || "nobody"}`); },
  sound: (rest) => rest ? null : ($("sound").click(), tell("the button Sound turns sounds on and off")),
  clear: (rest) => { if (rest) return null; $("log").replaceChildren(); oldestSeq = 0; return tell("older messages are kept: reload the page to see them"); },
  adduser: (rest) => addUser(...cut(rest)),
  listusers: alone("list_users", (answer) => tell(accountsWords(answer))),
  logoutuser: requestOf("logout_user"),
  ban: requestOf("ban"), unban: requestOf("unban"),
  mute: (rest) => { const [username, minutes] = cut(rest);
    return username && /^\d*$/.test(minutes) ? ask({ type: "mute", username, ...(minutes && { minutes: +minutes }) }).then(ok) : null; },
  unmute: requestOf("unmute"),
  resetpassword: (rest) => rest ? ask({ type: "reset_password", username: rest }, false).then(({ password }) => tell(`one-time password for ${rest}: ${password}`)) : null,
  deluser: requestOf("delete_user"),
  promote: (rest) => role("promote", ...cut(rest)), demote: (rest) => role("demote", ...cut(rest)),
  setname: (rest) => set("name", ...cut(rest)), setgroup: (rest) => set("group", ...cut(rest)),
  door: (rest) => door(rest),
  status: alone("status", ({ status }) => tell(Object.entries(status).map(([key, value]) => `${key.replaceAll("_", " ")}: ${value}`).join("\n"))),
  reload: alone("reload", ({ report }) => tell((report ?? []).join("\n"))),
  shutdown: (rest) => rest || !confirm("End the server for everyone?") ? (rest ? null : tell("nothing was done")) : ask({ type: "shutdown" }, false),
};
Object.assign(COMMANDS, { whisper: COMMANDS.msg, w: COMMANDS.msg, r: COMMANDS.reply, quit: COMMANDS.logout });

const ok = () => tell("done");

function cut(rest) {
  const [first] = rest.split(/\s/, 1);
  return [first.toLowerCase(), rest.slice(first.length).trim()];
}

/** The client's own answer. */
function tell(words) { row("word", null, `* ${words}`); return Promise.resolve(); }

function refused(refusal) {
  row("refusal", null, `! ${refusal.message ?? refusal}`);
  play("error");
}

function called(name) { return names.has(name) ? `${name} (${names.get(name)})` : name; }

function say(request) { return ask(request); }

function whisper(to, words) { return to && words ? ask({ type: "whisper", to, text: words }) : null; }

function role(type, username, which) {
  return username && !/\s/.test(which) ? ask({ type, username, ...(which && { role: which }) }).then(ok) : null;
}

function set(what, username, value) {
  return username ? ask({ type: "set_user", username, [what]: value }).then(ok) : null;
}

function addUser(username, password) {
  if (!username) return null;
  return ask({ type: "add_user", username, ...(password && { password }) }, false)
    .then((answer) => tell(answer.password ? `one-time password for ${username}: ${answer.password}` : `${username} has an account`));
}

function door(rest) {
  const [, minutes, more] = rest.match(/^(\d*)\s*(\S*)$/) ?? [];
  if (minutes === undefined || !["", "guests", "close"].includes(more)) return null;
  const request = { type: "door", ...(minutes && { minutes: +minutes }), ...(more === "guests" && { guests: true }), ...(more === "close" && { minutes: 0 }) };
  return ask(request).then((answer) => tell(answer.code ? `class code ${answer.code}, until ${clock.format(new Date(answer.until))}` : "no door is open"));
}

function quiet(minutes) {
  quietUntil = minutes === "" ? Infinity : Date.now() + 60000 * minutes;
  return tell(minutes === "0" ? "sounds are on again" : `no sound ${minutes ? `for ${minutes} min` : "until /dnd off"}`);
}

function whoisWords(who) {
  const idle = who.idle_seconds >= 60 ? `, idle for ${Math.floor(who.idle_seconds / 60)} min` : "";
  const here = who.sessions ? `online since ${clock.format(new Date(who.since))}${idle}` : "not online";
  return [`${who.username}${who.name ? ` is ${who.name}` : ""}, ${who.role}${who.group ? `, group ${who.group}` : ""}: ${here}`,
    ...(who.away ? [awayWords(who.away)] : [])].join("\n");
}

function accountsWords({ users, more }) {
  const lines = users.map((user) => [user.username, user.name, user.role, user.group, user.online ? "online" : "", user.banned ? "banned" : "",
    user.muted ? "muted" : "", user.guest ? "guest" : ""].filter(Boolean).join(", "));
  return lines.join("\n") + (more ? `\nand ${more} more` : "");
}

async function help() { commands = (await ask({ type: "help" })).commands; }

function helpWords(which) {
  const some = commands.filter(({ usage }) => !which || usage.split(/[\s]/)[0] === `/${which.replace(/^\//, "")}`);
  return some.map(({ usage, about }) => `${usage}: ${about}`).join("\n") || `there is no /${which}`;
}

/** What people can't see in front of a line makes no message of a command. */
function typed(line) {
  const visible = line.replace(/^[\p{Cf}\p{Cc}\s]+/u, "");
  if (!visible) return Promise.resolve();
  if (!visible.startsWith("/")) return said(line.trim());
  if (visible.startsWith("//")) return said(visible.slice(1));
  const name = visible.slice(1).split(/\s/, 1)[0].toLowerCase();
  const command = COMMANDS[name];
  const rest = visible.slice(1 + name.length).trim();
  if (!command) return Promise.reject(`there is no /${name}: /help lists the commands; //${name} says it`);
  return command(rest) ?? Promise.reject(usageOf(name));
}

function usageOf(name) {
  const known = commands.find(({ usage }) => usage.split(" ")[0] === `/${name}`);
  return known ? `usage: ${known.usage}` : `that is not how /${name} is used: /help`;
}

function said(words) {
  if ([...words].length > TEXT_CHARS_MAX) return Promise.reject(`that has more than ${TEXT_CHARS_MAX} characters: say it in pieces`);
  const answer = say({ type: "say", text: words });
  const pending = make("p", "row pending", "… ", text(words));
  pending.id = `${run}-${count}`;
  // Only what isn't answered at once is shown as waiting.
  setTimeout(() => { if (waiting.has(pending.id)) append(pending); }, 500);
  return answer;
}

const sentLines = [];
let recalled = 0;

async function submit() {
  const line = $("line").value;
  if (!line.trim()) return;
  $("line").value = "";
  if (!line.startsWith("/passwd") && !line.startsWith("/adduser")) sentLines.push(line);
  recalled = sentLines.length;
  grow();
  toEnd();
  try {
    await typed(line);
  } catch (refusal) {
    refused(refusal);
    // Nothing that was typed is lost.
    if (!$("line").value) $("line").value = line;
    grow();
  }
}

function grow() {
  const line = $("line");
  line.style.height = "auto";
  line.style.height = `${line.scrollHeight + 2}px`;
}

$("say").onsubmit = (event) => { event.preventDefault(); submit(); };
$("line").oninput = grow;
$("line").onkeydown = (event) => {
  const { key, shiftKey, altKey, isComposing } = event;
  const line = $("line");
  if (key === "Enter" && !shiftKey && !altKey && !isComposing) { event.preventDefault(); submit(); }
  else if (key === "Tab" && !shiftKey && complete()) event.preventDefault();
  else if (key === "ArrowUp" && !line.selectionStart && recalled > 0) line.value = sentLines[--recalled];
  else if (key === "ArrowDown" && recalled < sentLines.length && line.selectionStart === line.value.length) line.value = sentLines[++recalled] ?? "";
};

/** Completes a command or a name, if there is just one. Else Tab moves on, as everywhere. */
function complete() {
  const line = $("line");
  const before = line.value.slice(0, line.selectionStart);
  const word = before.split(/\s/).pop();
  if (!word) return false;
  const isCommand = word.startsWith("/") && word === before;
  const all = isCommand ? commands.map(({ usage }) => usage.split(" ")[0]) : [...online];
  const start = word.replace(/^@/, "").toLowerCase();
  const fits = all.filter((one) => one.startsWith(start));
  if (fits.length !== 1) return false;
  line.setRangeText(word.slice(0, word.length - start.length) + fits[0] + (word === before && !isCommand ? ": " : " "), before.length - word.length, before.length, "end");
  return true;
}

$("newest").onclick = toEnd;
$("leave").onclick = () => logout();
$("who").onclick = () => {
  const open = $("people").classList.toggle("open");
  $("who").setAttribute("aria-expanded", open);
  if (open) $("people").querySelector("button")?.focus();
};
$("people").onkeydown = ({ key }) => { if (key === "Escape") $("who").click(), $("who").focus(); };

// ---- Coming in, and going -----------------------------------------------------------------------------------------

let registering = false;

$("other-way").onclick = () => {
  registering = !registering;
  $("with-code").hidden = $("with-full").hidden = !registering;
  $("code").required = registering;
  $("password").autocomplete = registering ? "new-password" : "current-password";
  $("other-way").textContent = registering ? "I have an account" : "I have a class code and no account";
  $(registering ? "code" : "name").focus();
};

$("login").onsubmit = (event) => {
  event.preventDefault();
  me.keep = $("own").checked;
  $("enter").disabled = true;
  $("door-word").textContent = "";
  const login = { type: "login", protocol: 1, username: $("name").value.trim(), password: $("password").value, keep: me.keep };
  if (!registering) return connect(login);
  if (!login.password) delete login.password;
  connect({ ...login, type: "register", code: $("code").value.trim(), ...($("full").value.trim() && { name: $("full").value.trim() }) });
};

/** Back to the form, with a word on why. */
function enterAgain(why) {
  const mine = socket;
  socket = null;
  mine?.close();
  clearInterval(watch);
  $("room").hidden = $("wall").hidden = true;
  $("door").hidden = false;
  $("enter").disabled = false;
  $("door-word").textContent = why;
  $(me.name || $("name").value ? "password" : "name").focus();
}

/** The session is over, and the token with it. */
function endedThere(why) {
  Object.assign(me, { token: "" });
  forget();
  enterAgain(`${why} What you had typed is still there when you come in again.`);
}

function enterRoom(hello) {
  $("door").hidden = true;
  $("room").hidden = false;
  $("password").value = "";
  title();
  if (hello.motd) row("word", null, hello.motd);
  if (location.hash === "#wall" || me.role === "display") wall();
  else $("line").focus();
}

async function logout() {
  leaving = true;
  forget();
  try { await Promise.race([ask({ type: "logout" }), new Promise((over) => setTimeout(over, 2000))]); } finally { location.reload(); }
}

/** Asks for a new password until there is one, or until somebody has had enough. */
function choosePassword(oneTime) {
  const dialog = $("ask");
  $("with-old").hidden = oneTime && Boolean(typedPassword);
  $("ask-title").textContent = oneTime ? "This password was for one login: choose your own" : "Change your password";
  $("ask-word").textContent = "";
  for (const id of ["old", "new", "again"]) $(id).value = "";
  dialog.showModal();
  return new Promise((over) => {
    $("not-now").onclick = () => { dialog.close(); over(oneTime ? logout() : tell("the old password stays")); };
    dialog.oncancel = (event) => { event.preventDefault(); $("not-now").click(); };
    $("passwd").onsubmit = async (event) => {
      event.preventDefault();
      const fresh = $("new").value;
      if (fresh !== $("again").value) return void ($("ask-word").textContent = "The two are not the same.");
      try {
        await ask({ type: "passwd", old: $("with-old").hidden ? typedPassword : $("old").value, new: fresh }, false);
      } catch (refusal) {
        return void ($("ask-word").textContent = refusal.message);
      }
      typedPassword = "";
      dialog.close();
      over(tell("your password is changed"));
    };
  });
}

let typedPassword = "";
$("password").onchange = () => { typedPassword = $("password").value; };

const KEPT = "homeroom";

/** A token outlives this tab only on a device of one's own. */
function remember() {
  const kept = JSON.stringify({ name: me.name, token: me.token, keep: me.keep });
  sessionStorage.setItem(KEPT, kept);
  if (me.keep) localStorage.setItem(KEPT, kept);
}

function forget() {
  sessionStorage.removeItem(KEPT);
  localStorage.removeItem(KEPT);
}

// ---- The projector's view -----------------------------------------------------------------------------------------

/** Large, nothing to type, and how to join always in sight. */
async function wall() {
  document.body.classList.add("wall");
  const { code, pages, qr } = await ask({ type: "code" });
  $("wall").hidden = false;
  $("wall-code").textContent = code;
  $("wall-page").textContent = pages?.[0] ?? "";
  if (qr) draw2d($("wall-qr"), qr);
}

/** Rows of 0 and 1, with the quiet zone of four that readers want around them. */
function draw2d(svg, rows) {
  svg.setAttribute("viewBox", `-4 -4 ${rows.length + 8} ${rows.length + 8}`);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", rows.flatMap((dots, y) => [...dots].map((dot, x) => dot === "1" ? `M${x} ${y}h1v1h-1z` : "")).join(""));
  svg.replaceChildren(path);
}

// ---- The beginning ------------------------------------------------------------------------------------------------

/** Which program fits this computer, where the server has some. */
async function programs() {
  const answer = await fetch("/get/", { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const system = /Windows/.test(navigator.userAgent) ? "windows" : /Mac/.test(navigator.userAgent) ? "mac" : "linux";
  const fitting = (await answer.json()).find(({ name }) => name.includes(system));
  const link = make("a", "", "programs for a terminal");
  link.href = "/get/";
  $("programs").append("This server also has ", link, fitting ? `; for this computer: ${fitting.name}` : "", ".");
}

function begin() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? localStorage.getItem(KEPT) ?? "null");
  if (kept) {
    Object.assign(me, { keep: kept.keep });
    $("name").value = kept.name;
    return connect({ type: "login", protocol: 1, username: kept.name, token: kept.token, keep: kept.keep });
  }
  $("door").hidden = false;
  $("name").focus();
  programs().catch(() => {});
}

begin();
