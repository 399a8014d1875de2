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

/** What people call somebody, behind the user name and in brackets that it can't close, as in the terminal: nobody is taken
 *  for somebody else, whatever they are called. */
function called(full) {
  return full ? [make("span", "also", " (", make("bdi", "", full.replaceAll("(", "[").replaceAll(")", "]")), ")")] : [];
}

function person(name, full = names.get(name)) { return make("span", "", make("bdi", "", name), ...called(full)); }

/** Somebody's name, in the colour that it has in the terminal too; a click begins a whisper. With the keyboard the list of
 *  people offers the same, without a stop at each line. */
function by(name, inList = false) {
  const button = make("button", `by c${colour(name)}`, make("bdi", "", name));
  button.type = "button";
  button.tabIndex = inList ? 0 : -1;
  if (inList) button.append(...called(names.get(name)));
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
    case "joined": return make("p", "row news", time, by(event.username), ...called(event.name), " joined");
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
  if (event.type === "joined") nameAll([event.username], { [event.username]: event.name }), online.add(event.username), list();
  if (event.type === "left") online.delete(event.username), away.delete(event.username), list();
  if (event.type === "topic") topic(event.text ? event : null);
  if (event.type === "whisper" && event.from !== me.name) lastWhisperer = event.from;
  const line = draw(event);
  if (!line) return;
  line.dataset.seq = event.seq;
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
    oldestSeq = Number(log.querySelector("[data-seq]")?.dataset.seq ?? oldestSeq);
    looking = false;
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
    line.dataset.seq = event.seq;
    lines.push(line);
  }
  log.prepend(...lines);
  lastDay ||= day;
  log.ariaBusy = "false";
  log.scrollTop += log.scrollHeight - height;
  return true;
}

let looking = false;
let stays = true; // whoever reads the newest goes on reading it in a window of another size
new ResizeObserver(() => { if (stays) toEnd(); }).observe($("log"));
$("log").onscroll = async () => {
  stays = isAtEnd();
  if (isAtEnd()) $("newest").hidden = true;
  if (looking || $("log").scrollTop > 200 || !oldestSeq) return;
  looking = true;
  try { looking = !(await past()); } catch (refusal) { looking = false; refused(refusal); }
};

function topic(now) {
  $("topic").replaceChildren(now?.text ? make("bdi", "", now.text) : "homeroom");
}

function setOnline(users, more = 0) {
  online.clear();
  users.forEach((name) => online.add(name));
  elsewhere = more;
  list();
}

/** How many more are online than a list could hold. */
let elsewhere = 0;

/** Nobody tells who goes away for a moment: it is asked for, as long as somebody looks. */
async function whoIsAway() {
  const answer = await ask({ type: "who" });
  setOnline(answer.users, answer.more);
  away.clear();
  (answer.away ?? []).forEach((name) => away.add(name));
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
  const items = [...online].sort().map((name) => {
    const item = make("li", away.has(name) ? "away" : "", by(name, true));
    return item;
  });
  if (elsewhere) items.push(make("li", "also", `and ${elsewhere} more`));
  $("here").replaceChildren(...items);
  if (socket) state(`${me.name} · ${online.size + elsewhere} here`);
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

