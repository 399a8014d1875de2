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

const hour = time => clock.format(new Date(time));

function timeOf(text) {
  const time = make("time", "", hour(text));
  time.dateTime = text;
  time.title = new Date(text).toLocaleString();
  return time;
}

/** What people call somebody, behind the user name and in brackets that it can't close, as in the terminal: nobody is taken
 *  for somebody else, whatever they are called. */
function called(full) {
  return full ? [make("span", "also", " (", make("bdi", "", full.replaceAll("(", "[").replaceAll(")", "]")), ")")] : [];
}

function person(name, full = names.get(name)) { return make("span", "", make("bdi", "", name), ...called(full)); }

const people = all => all.flatMap((name, at) => [at ? ", " : "", person(name), away.has(name) ? " (away)" : ""]);

/** Somebody's name, in the colour that it has in the terminal too; a click begins a whisper. With the keyboard the list of
 *  people offers the same, without a stop at each line. */
function by(name, inList = false) {
  const whisperTo = button("by", make("bdi", "", name), () => { $("line").value = `/msg ${name} `; grow(); $("line").focus(); });
  whisperTo.style.setProperty("--c", colour(name));
  whisperTo.tabIndex = inList ? 0 : -1;
  if (inList) whisperTo.append(...called(names.get(name)));
  whisperTo.title = `Whisper to ${name}`;
  return whisperTo;
}

function button(kind, label, action) {
  const element = make("button", kind, label);
  element.type = "button";
  element.onclick = () => Promise.resolve(action()).catch(refused);
  return element;
}

/** The terminal's twelve colours, six letters each. */
const COLOURS = "005fff0087000087870087af5f5fff5f8700875fd7af00ffaf5f00af5f5fd7005fd700d7";

/** The one that a name has in the terminal client: FNV-1a. */
function colour(name) {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `#${COLOURS.substr(hash % 12 * 6, 6)}`;
}

/** What was said: as text, as a program, or that it was taken back. */
function text({ seq, text: words, format, lang, by: who = later.get(seq)?.removed?.from }) {
  if (words === undefined) return make("span", "also", who ? `removed by ${who}` : "removed");
  if (format !== "code") return make("span", "text", words);
  const program = make("pre", "", words);
  program.tabIndex = 0;
  const copy = button("small", "copy", async () => { await navigator.clipboard.writeText(words); copy.textContent = "copied"; });
  return make("span", "", `${lang ?? "code"}, number ${seq} `, copy, program);
}

/** How long one may take back what one said. */
const REMOVE_MS = 600000;

/** What can't be shown keeps nothing else away. */
function safely(what) {
  try {
    return what();
  } catch (fault) {
    console.error(fault);
    return make("p", "row also", "(this can't be shown)");
  }
}

/** An event's row; null for what is shown nowhere in the log. */
const draw = event => safely(() => drawn(event));

function drawn(event) {
  const { seq, time, from = later.get(seq)?.asked?.from } = event;
  if (event.from && from !== me.name && ignored.has(from)) return null;
  const line = rowOf({ ...event, from });
  if (!line) return null;
  Object.assign(line, { event }).dataset.seq = seq;
  const isOwn = from === me.name;
  const left = Date.parse(time) + REMOVE_MS - now();
  if (event.text === undefined || event.type === "topic" || !(isStaff() || isOwn && left > 0)) return line;
  const take = button(`small take${isOwn ? " own" : ""}`, "remove", () => {
    if (take.textContent === "remove") take.textContent = "really?";
    else return ask("remove", { event: seq });
  });
  take.tabIndex = -1;
  if (!isStaff()) setTimeout(() => take.remove(), left);
  line.append(" ", take);
  return line;
}

function rowOf(event) {
  const { type, from, username, room } = event;
  const time = timeOf(event.time);
  const others = from && from !== me.name;
  const as = (kind, ...inside) => make("p", `row ${kind}`, time, ...inside);
  const news = (name, ...inside) => as("news", name ? by(name) : "", ...inside);
  const doer = event.by ? ` (by ${event.by})` : "";
  switch (type) {
    case "message": return as(others && mentions(event.text ?? "") ? "mention" : "", event.action ? "* " : "", by(from), event.action ? " " : ": ", text(event));
    case "whisper": {
      const [sender, to] = [from, event.to].map(name => (name === me.name ? "you" : by(name)));
      const line = as("whisper", sender, " to ", to, " alone: ", text(event));
      if (event.away && !others) line.append(make("span", "also", ` (${event.to} is not here, and will read it later)`));
      return line;
    }
    case "announcement": return as("mention announcement", by(from), " to all: ", text(event));
    case "question": return as("", "somebody asks: ", text(event), make("span", "asker", from ? ` (${from})` : ""));
    case "joined": return news(username, ...called(event.name), " joined");
    case "left": return news(username, ` left (${reasonName(event.reason)})`);
    case "topic": return event.text ? news(from, " set the topic: ", text(event)) : news(from, " removed the topic");
    case "entered": return news(username, ` came into ${room}${doer}`);
    case "exited": return news(username, ` went out of ${room}${doer}`);
    case "room_closed": return news("", `${room} is closed${doer}`);
    case "floor": return news(from, ` ${floorNews(event)}`);
    case "split": return news(from, ` splits the class into ${splitWords(event)}`);
    case "gathered": return news(from, from ? " ends the groups" : "the time of the groups is over");
    case "called": return username === me.name ? as("mention", "you are called") : news(username, username ? " is called" : "nobody is called");
    case "poll": return news(from, " asks: ", event.question, ...event.options.map((option, at) => `\n${at + 1}. ${option}`));
    case "poll_closed": return make("div", "row result", time, ...bars({ ...polls.get(event.poll), ...event }));
    default: return null;
  }
}

/** What came later about an event: that it was taken back, whose question it was. */
const later = new Map();

function note(event) {
  const about = { removed: event.event, asked: event.question }[event.type];
  if (!about) return;
  later.set(about, { ...later.get(about), [event.type]: event });
  const lines = [...rooms.values()].flatMap(room => [...linesOf(room).querySelectorAll(`[data-seq="${about}"]`)]);
  for (const line of lines) {
    if (event.type === "removed") delete line.event.text;
    line.replaceWith(draw(line.event) ?? "");
  }
}

/** Somebody says one's name, as a word of its own. */
function mentions(words) {
  const name = me.name.replace(/\W/gu, one => `\\u{${one.codePointAt().toString(16)}}`);
  return new RegExp(`(^|[^\\p{L}\\p{N}_-])${name}($|[^\\p{L}\\p{N}_-])`, "iu").test(words);
}

function show(event, live) {
  const { type, username } = event;
  // What was said just now tells the most of it.
  const ahead = Date.parse(event.time) - Date.now();
  if (!(skew > ahead)) skew = ahead;
  if (type === "joined") nameAll([username], { [username]: event.name }), online.add(username);
  if (type === "left") for (const set of [away, ...[...rooms.values()].map(({ people }) => people)]) set.delete(username);
  // Which other rooms somebody is in who comes online, nobody tells.
  if (type === "joined" && here.name !== GENERAL) whoIsAway().catch(() => {});
  if (type === "whisper" && event.from !== me.name) lastWhisperer = event.from;
  if (/^(split|gathered)$/.test(type)) split = type === "split" && event;
  note(event);
  moved(event);
  elsewhere(event);
  const isFolded = /^(joined|left)$/.test(type) && isOneOfMany(event);
  const places = roomsOf(event).map(one => [one, isFolded ? null : draw({ ...event, before: one.floor })]);
  for (const [one, line] of places) {
    happened(event, one);
    if (line && one !== here && /^(message|question|poll)$/.test(type)) one.unread += 1;
  }
  // First what stands around the lines, then the lines: whoever reads the last one goes on with the last one.
  drawRoom();
  if (username) list();
  for (const [one, line] of places) if (line) append(line, event.time, one);
  if (live && (event.seq > missedTo || !isFolded)) call(event, places[0]?.[1]?.matches(".mention"));
}

/** What happens in another room and concerns one here: staff are asked in one that they are not in, one is called. */
function elsewhere({ type, room, from, username }) {
  if (type === "asked" && !rooms.has(room)) row("word asker", `* ${from} asks in ${room} `, thither(room));
  if (type === "called" && username === me.name && room !== here.name) row("word mention", `* you are called in ${room} `, thither(room));
}

/** Puts a line at the end of a room, and stays there if that is where one reads. */
function append(line, time, room = here) {
  const log = linesOf(room);
  const atEnd = room !== here || stays;
  const day = time && new Date(time).toDateString();
  if (day && day !== room.day) log.append(make("p", "day", dates.format(new Date(time))));
  if (day) room.day = day;
  log.append(line);
  for (const pending of log.querySelectorAll(".pending")) log.append(pending);
  while (log.childElementCount > ROWS_MAX && atEnd) {
    log.firstElementChild.remove();
    room.oldest = log.querySelector("[data-seq]")?.event.seq ?? room.oldest;
    room.whole = false;
  }
  if (room !== here) return;
  if (atEnd) toEnd();
  else $("newest").hidden = false;
}

function row(kind, ...inside) {
  const line = make("p", `row ${kind}`, ...inside);
  append(line);
  return line;
}

function isAtEnd() {
  return log.scrollHeight - log.scrollTop - log.clientHeight < 40;
}

function toEnd() {
  log.scrollTop = log.scrollHeight;
  $("newest").hidden = true;
}

/** What was said before, above all else; what a reader of the screen needn't hear again. */
async function past(since, missed, room = here) {
  if (room.looking || room.whole) return;
  Object.assign(room, { looking: true, looked: true });
  const { events, next } = await ask("history", { limit: HISTORY_EVENTS, before: room.oldest, room: only(room) })
    .finally(() => { room.looking = false; });
  if (!events.length && !next) return void (room.whole = true);
  room.oldest = next ?? events[0].seq;
  events.forEach(note);
  const log = linesOf(room);
  const height = log.scrollHeight;
  log.ariaBusy = "true";
  const lines = [];
  let day = "", before;
  for (const event of events) {
    if (event.type === "poll") polls.set(event.seq, event);
    if (!roomsOf(event).includes(room)) continue;
    if (!room.known) happened(event, room);
    const line = draw({ ...event, before });
    if (event.type === "floor") before = event;
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
  room.day ||= day;
  log.ariaBusy = "false";
  if (room === here) log.scrollTop += log.scrollHeight - height;
  if (!lines.length) await past(since, missed, room);
}

/** Whoever reads the newest goes on reading it in a window of another size. */
let stays = true;
new ResizeObserver(() => { if (stays) toEnd(); }).observe(log);
log.onscroll = () => {
  stays = isAtEnd();
  if (stays) $("newest").hidden = true;
  if (log.scrollTop <= 200) past().catch(refused);
};

function setPeople(room, users, more = 0) {
  room.people.clear();
  users.forEach(name => room.people.add(name));
  room.elsewhere = more;
}

/** Nobody tells who goes away for a moment: it is asked for, as long as somebody looks. */
async function whoIsAway() {
  const room = here;
  const answer = await ask("who", { room: only(room) });
  setPeople(room, answer.users, answer.more);
  away.clear();
  (answer.away ?? []).forEach(name => away.add(name));
  nameAll(answer.users, answer.names);
  list();
  return answer;
}

setInterval(() => { if (me.token && socket && !document.hidden) whoIsAway().catch(() => {}); }, 60000);

/** What the server says of these users: whom it gives no name has none any more. */
function nameAll(users, some) {
  for (const name of users) {
    if (some?.[name]) names.set(name, some[name]);
    else names.delete(name);
  }
}

function list() {
  const { people, elsewhere } = here;
  const items = [...people].sort().map(name => make("li", away.has(name) ? "away" : "", by(name, true)));
  if (elsewhere) items.push(make("li", "also", `and ${elsewhere} more`));
  $("here").replaceChildren(...items);
  if (socket) state(`${me.name} · ${people.size + elsewhere} here`);
}

function state(words, bad = false) {
  $("state").textContent = words;
  $("state").classList.toggle("bad", bad);
}

function awayWords({ username, text: why, since }) {
  return `${username} is away since ${hour(since)}${why ? `: ${why}` : ""}`;
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

const isHeard = () => $("sound").ariaPressed === "true";

$("sound").onclick = () => {
  $("sound").ariaPressed = !isHeard();
  if (isHeard()) audio ??= new AudioContext(), play("message");
};

function play(name) {
  const now = Date.now();
  if (!audio || !isHeard() || now < quietUntil || now - playedAt < 300) return;
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
  const cue = mentioned ? "mention" : { joined: "login", left: "logout", whisper: "private", question: "message", asked: rooms.has(event.room) ? "" : "message", poll: "message", message: "message" }[event.type];
  if (!cue) return;
  play(cue);
  if (!document.hidden || ["joined", "left"].includes(event.type)) return;
  unread += 1;
  title();
}

function title() { document.title = `${unread ? `(${unread}) ` : ""}${me.name || "homeroom"} - homeroom`; }

addEventListener("focus", () => { unread = 0; title(); });

