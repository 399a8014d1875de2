// ---- The floor, hands, questions, polls -----------------------------------------------------------------------------

/** Polls by their seq, and what one chose in them. */
const polls = new Map(), chosen = new Map();
/** So long a poll's result stands on the wall. */
const RESULT_MS = 120000;
/** The sizes of letters on the wall, of which the first is taken that leaves what is said its part of the window. */
const WALL_SIZES = [1, .85, .7, .6], LESSON_MAX = .88;
/** How the class is split, while it is. */
let split;
/** How far the server's clock is ahead of this one. */
let skew;
const now = () => Date.now() + (skew ?? 0);

/** What an event changes in a room. */
function happened(event, room) {
  const { type, username } = event;
  if (type === "topic") room.topic = event;
  if (type === "floor") {
    room.floor = { ...event, called: event.mode === "open" ? undefined : room.floor.called };
    for (const { floor } of rooms.values()) floor.whispers = event.whispers;
  }
  if (type === "called") room.floor.called = username, room.hands.delete(username);
  if (type === "hand") event.up ? room.hands.set(username, event.text ?? "") : room.hands.delete(username);
  if (type === "poll") polls.set(event.seq, room.poll = event);
  if (type === "poll_closed" && room.poll?.poll === event.poll) room.poll = { ...room.poll, ...event };
}

/** Who may speak, and whisper, where not everyone may. */
function floorWords({ mode, seconds, whispers, called: who }) {
  const words = { quiet: `quiet: ${who ? `${who} and teachers` : "teachers, and who is called,"} may speak`, slow: `slow: one message in ${seconds} s` };
  return [words[mode], { staff: "whispers to teachers alone", off: "no whispers" }[whispers]];
}

/** What has changed: who may whisper, or who may speak. Of the first one in sight it isn't known. */
function floorNews({ until, before, ...floor }) {
  const [holds, whispers] = floorWords(floor);
  if (before && before.whispers !== floor.whispers) return whispers ?? "everyone may whisper";
  return (holds ?? `everyone may speak${before || whispers ? "" : " and whisper"}`) + untilWords(until) + (whispers ? `; ${whispers}` : "");
}

const handWords = () => [...plenum().hands].flatMap(([name, why], at) => [at ? ", " : "", at + 1, ". ", make("bdi", "", name + (why && ` (${why})`))]);

let drawnPoll = null;

function drawLesson() {
  const { floor, poll } = here;
  const { hands, name } = plenum();
  fill("split", split ? `the class is in ${split.groups} groups` : "");
  $("split-left").dataset.until = split?.until ?? "";
  $("groups").hidden = !split;
  // The time is that of what stands before it.
  const [holds = "", whispers] = floorWords(floor).filter(Boolean);
  fill("holds", floor.until ? `${holds} ` : holds);
  fill("whispers", whispers ? `; ${whispers}` : "");
  $("left").dataset.until = floor.until ?? "";
  $("floor").hidden = !holds;
  fill("up", hands.size ? `Hands${name === here.name ? "" : ` in ${name}`}: ` : "", ...handWords());
  $("hands").hidden = !hands.size;
  $("next").hidden = !isStaff();
  $("hand").ariaPressed = hands.has(me.name);
  if (poll !== drawnPoll) drawPoll(poll);
  for (const [at, option] of $("poll").querySelectorAll("button").entries()) option.ariaPressed = chosen.get(poll?.poll) === at;
  tick();
  fit();
}

/** The wall's letters are smaller where the lesson has no room else: a projector scrolls by itself not at all. */
function fit() {
  const lesson = $("lesson");
  for (const size of isWall() ? WALL_SIZES : [1]) {
    lesson.style.fontSize = `${size}em`;
    if (lesson.getBoundingClientRect().bottom <= LESSON_MAX * innerHeight) break;
  }
  lesson.classList.toggle("more", lesson.scrollHeight - lesson.scrollTop > lesson.clientHeight + 8);
}
addEventListener("resize", fit);
$("lesson").onscroll = fit;

/** What changes is read out: so what doesn't is left alone. */
function fill(id, ...inside) {
  const made = make("p", "", ...inside);
  if ($(id).textContent !== made.textContent) $(id).replaceChildren(...made.childNodes);
}

/** To choose from while it is open; how it came out stays in the log, and on the wall for a while. */
function drawPoll(poll) {
  drawnPoll = poll;
  $("poll").hidden = !poll;
  if (!poll) return $("poll").replaceChildren();
  $("poll").className = `${poll.counts ? "over" : ""}${poll.options?.length > 4 ? " many" : ""}`;
  if (poll.counts) return $("poll").replaceChildren(...bars(poll));
  const until = make("span", "left");
  until.dataset.until = poll.until ?? "";
  $("poll").replaceChildren(make("h2", "", poll.question, " ", until), ...poll.options.map((option, at) => button("", `${at + 1}. ${option}`, () => vote(at))));
}

function vote(option) {
  const { poll, options, counts } = here.poll ?? {};
  if (!poll || counts) return no("there is no poll here");
  if (!options[option]) return null;
  return ask("vote", { poll, option }).then(() => { chosen.set(poll, option); drawLesson(); });
}

function bars({ question = "the poll", options = [], counts, voted, entitled }) {
  return [make("h2", "", question, ` (${voted} of ${entitled} voted)`), ...counts.map((count, at) => {
    const bar = Object.assign(make("meter"), { max: voted || 1, value: count, ariaLabel: options[at] ?? at + 1 });
    return make("p", "bar", bar, ` ${options[at] ?? at + 1}: ${count}`);
  })];
}

/** What is left, in minutes and seconds. */
function tick() {
  for (const left of document.querySelectorAll("[data-until]")) {
    const seconds = Math.max(0, Math.ceil((Date.parse(left.dataset.until) - now()) / 1000));
    left.textContent = left.dataset.until && `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
}
setInterval(() => {
  tick();
  if (!here.poll?.counts || now() - Date.parse(here.poll.time) < RESULT_MS) return;
  here.poll = null;
  drawLesson();
}, 1000);

const inRoom = (type, about) => ask(type, { room: here.name, ...about });

/** A request to the room that is shown, with numbers, the first so many of which it needs. */
const counted = (type, about, needed, ...keys) => rest => {
  const given = wordsOf(rest);
  if (given.length < needed || given.length > keys.length || !given.every(word => /^\d+$/.test(word))) return null;
  return inRoom(type, { ...about, ...Object.fromEntries(given.map((word, at) => [keys[at], +word])) });
};

/** Calls the teacher; from a group in the general room, and says so. */
const toTeacher = (type, about, done) => {
  const { name } = plenum();
  return ask(type, { room: name, ...about }).then(() => name === here.name || tell(`${done} in ${name}`));
};

let isWarned = false;

function question(words) {
  if (!words) return null;
  if (isWarned) return toTeacher("ask", { text: words }, "your question is");
  isWarned = true;
  return no("others don't see who asks, teachers do: send it once more");
}

function poll(rest) {
  const [question, ...options] = rest.split("|").map(part => part.trim());
  return question && options.length > 1 ? inRoom("poll", { question, options }) : null;
}

/** Something about the room's last poll. */
const ofPoll = (type, then) => rest => rest ? null : here.poll ? ask(type, { poll: here.poll.poll }).then(then) : no("there is no poll here");

function tallied({ counts, voted, missing }) {
  const all = { ...here.poll, counts, voted: voted.length, entitled: voted.length + missing.length };
  append(make("div", "row word", ...bars(all), missing.length ? `not yet: ${missing.join(", ")}` : ""));
}

/** `/code python`, and a program in the lines after it. Nothing of it is changed. */
function program(raw) {
  const [, lang, to, words] = raw.match(/^[ \t]*([\w.-]{0,16})[ \t]*(?:@(\S+)[ \t]*)?\n([^]*)$/) ?? [];
  if (!words?.trim()) return no("the program begins in the line below /code python: Shift-Enter, paste");
  return said(words, { format: "code", lang: lang.toLowerCase() || undefined, ...(to && { type: "whisper", to }) });
}

const takeBack = event => event ? ask("remove", { event }) : no("nothing here is yours");

const named = type => rest => {
  const [username, room] = cut(rest);
  return username ? ask(type, { username, room: room || here.name }) : null;
};

const speakIn = otherwise => rest => {
  const room = rest.toLowerCase();
  return !isWord(room) ? null : rooms.has(room) ? choose(room) : otherwise(room);
};

function makeRoom(room, rest) {
  const [, closed, about] = rest.match(/^(closed\b)?\s*([^]*)$/);
  return room ? ask("make_room", { room: wanted = room, open: !closed, about }) : null;
}

const dayOf = (time, more = 0) => {
  const day = new Date(time);
  day.setDate(day.getDate() + more);
  return day.toLocaleDateString("sv");
};

/** A moment as the terminal understands it: a time is of that day, a day stands for its midnight. */
function moment(word, day) {
  const text = word === "today" ? dayOf(now()) : word === "yesterday" ? dayOf(now(), -1) : /^\d\d?:/.test(word) ? `${dayOf(day)}T${word.padStart(5, 0)}` : word;
  const time = new Date(text[10] ? text.toUpperCase() : `${text}T00:00`);
  if (!/^\d{4}-/.test(text) || !+time) throw `a time is 08:00, yesterday or 2026-11-28T08:00, not ${word}`;
  return time;
}

/** `/attendance 7b 08:00 09:30`: today if no day is named, and to its end. */
async function attendance(rest) {
  const words = wordsOf(rest.toLowerCase());
  const group = /^$|^(to|yester)day$|:|^\d+[./-]\d+[./-]/.test(words[0] ?? "") ? undefined : words.shift();
  const [first = "today", last, more] = words;
  const from = moment(first, now());
  const to = moment(last ?? dayOf(from, 1), from);
  if (more || from >= to) throw more ? usageOf("attendance") : "the second moment is the end";
  const all = [];
  for (let more = 1; more;) {
    const answer = await ask("attendance", { group, from, to, after: all.at(-1)?.username });
    all.push(...answer.people);
    more = answer.more;
  }
  const whose = group ? `${group}: ` : "";
  if (!all.length) return tell(whose, "nobody has an account that could have been there");
  const end = Math.min(to, Math.max(from, now()));
  const at = (time, day = dayOf(from) !== dayOf(end)) => (day ? `${dayOf(time)} ` : "") + hour(time);
  const there = all.filter(one => one.first), absent = all.filter(one => !one.first);
  const who = ({ username, name, deleted }) => [person(username, name ?? null), deleted ? ", deleted" : ""];
  tell(whose, `${there.length} of ${all.length} were there, ${at(from, true)} to ${at(end)}`);
  for (const one of there) tell(...who(one), `: ${at(one.first)} to ${at(one.last)}, ${one.minutes} min, ${one.messages} message${one.messages === 1 ? "" : "s"}`);
  if (absent[0]) tell(`absent (${absent.length}): `, ...absent.flatMap((one, at) => [at ? ", " : "", ...who(one)]));
}

Object.assign(COMMANDS, {
  rooms: alone("rooms", toldRooms), join: speakIn(room => ask("enter", { room: wanted = room })),
  room: speakIn(room => no(`you are not in ${room}: /join ${room}`)),
  leave: rest => leave(rest || here.name),
  makeroom: rest => makeRoom(...cut(rest)), letin: named("let_in"), putout: named("put_out"),
  closeroom: rest => ask("close_room", { room: rest || here.name }),
  split: rest => counted("split", {}, 1, "groups", "minutes")(rest)
    ?.then(answer => tell(answer.rooms.map(({ room, users = [] }) => `${room}: ${users.join(", ")}`).join("\n"))),
  gather: alone("gather"),
  all: rest => rest ? ask("announce", { text: rest }) : null,
  quiet: counted("floor", { mode: "quiet" }, 0, "minutes"), open: counted("floor", { mode: "open" }, 0),
  slow: counted("floor", { mode: "slow" }, 1, "seconds", "minutes"),
  whispers: rest => /^(all|staff|off)$/.test(rest) ? inRoom("floor", { whispers: rest }) : null,
  hand: rest => rest === "-" ? toTeacher("hand", { up: false }, "your hand is down") : toTeacher("hand", { up: true, text: rest }, "your hand is up"),
  hands: rest => rest ? null : lookAround().then(() => tell(...handWords(), plenum().hands.size ? "" : "no hand is up")),
  next: rest => /^(nobody)?$/.test(rest) ? ask("next", { room: plenum().name, nobody: Boolean(rest) }) : null,
  ask: question, poll, vote: rest => /^[1-9]$/.test(rest) ? vote(rest - 1) : null,
  tally: ofPoll("tally", tallied), endpoll: ofPoll("close_poll"),
  remove: rest => /^\d*$/.test(rest) ? takeBack(+rest || [...log.querySelectorAll(".own")].at(-1)?.parentNode.event.seq) : null,
  attendance,
  erase: rest => !isWord(rest) || confirm(`Erase all accounts ever called ${rest}, for good?`)
    ? requestOf("erase_user", "is erased")(rest) : tell("nothing was erased"),
});

for (const [id, line] of Object.entries({ others: "/rooms", exit: "/leave", next: "/next", hand: "/hand" })) {
  $(id).onclick = () => typed($(id).ariaPressed === "true" ? `${line} -` : line).catch(refused);
}
