// ---- Rooms --------------------------------------------------------------------------------------------------------

/** The rooms that one is in, the general one first: each with its lines, what is half typed there, and what holds in it. */
const rooms = new Map();
let here = roomOf(GENERAL);

function roomOf(name) {
  const room = rooms.get(name) ?? { name, people: name === GENERAL ? online : new Set(), elsewhere: 0, draft: "", hands: new Map(), floor: {} };
  if (!rooms.has(name)) empty(room, lastSeq + 1);
  rooms.set(name, room);
  return room;
}

/** Nothing of it is shown yet, and all before this seq is to be had from the server. */
function empty(room, oldest) {
  Object.assign(room, { lines: new DocumentFragment(), oldest, day: "", unread: 0, looking: false, looked: false, whole: false });
}

/** What a welcome says: rooms that it doesn't name are over. */
function ownRooms({ rooms: own = [], users, more }, first) {
  for (const name of rooms.keys()) if (name !== GENERAL && !own.some(({ room }) => room === name)) exit(name);
  for (const { room: name, topic, floor, poll } of own) {
    const room = Object.assign(roomOf(name), { topic, floor, poll, known: true });
    if (first) empty(room, lastSeq + 1);
  }
  setPeople(roomOf(GENERAL), users, more);
  list();
}

/** With whispers and comings the general one's past is that of everything. */
const only = ({ name }) => name === GENERAL ? undefined : name;
const linesOf = room => room === here ? log : room.lines;

/** Where an event is shown. */
function roomsOf({ type, room, username }) {
  const general = rooms.get(GENERAL);
  if (type === "announcement") return [...rooms.values()];
  if (/^(whisper|split|gathered)$/.test(type)) return [...new Set([general, here])];
  if (!room || rooms.has(room)) return [rooms.get(room ?? GENERAL)];
  return type === "room_closed" || username === me.name ? [general] : [];
}

/** Where one asked to go, and whether one has gone somewhere since one was led into a group. */
let wanted = "", hasChosen = false;

/** The rooms of a class that is split. */
const isGroup = name => /^group-\d+$/.test(name);

/** Who is in a group calls the teacher, who is in the general room. */
const plenum = () => isGroup(here.name) ? rooms.get(GENERAL) : here;

/** Whose class is split speaks in the group, but not on the wall. */
function lead(name) {
  if (isWall()) return;
  hasChosen = false;
  go(name);
}

/** Who else is in a group. */
async function tellMates(name) {
  const { users, names: their } = await ask("who", { room: name });
  nameAll(users, their);
  const mates = people(users.filter(one => one !== me.name));
  if (rooms.has(name)) append(make("p", "row word", `* with you in ${name}: `, ...mates.length ? mates : ["nobody"]), 0, rooms.get(name));
}

/** Who is in none of the groups: nobody comes into one by themselves. */
function tellGroupless() {
  if (!split || isStaff() || isWall() || [...rooms.keys()].some(isGroup)) return;
  tell(`the class is in ${splitWords()}; you are in none: /hand asks a teacher to let you in`);
}

const untilWords = until => until ? `, until ${hour(until)}` : "";
const splitWords = ({ groups, until } = split) => `${groups} groups${untilWords(until)}`;

function leave(room) {
  const isKept = isGroup(room) && !isStaff() && !confirm("Leave your group? Only a teacher can let you in again.");
  return isKept ? tell("you stay") : ask("leave", { room });
}

function choose(name) {
  hasChosen = true;
  return go(name);
}

/** Who comes into a room and goes out. */
function moved({ type, seq, room: name, username, by: leader }) {
  const mine = username === me.name;
  if (type === "entered") {
    if (mine && !rooms.has(name)) empty(roomOf(name), seq);
    rooms.get(name)?.people.add(username);
    if (mine && name === wanted) choose(name);
    else if (mine && leader) isGroup(name) ? lead(name) : tell(`${leader} let you into ${name}`);
    if (mine && isGroup(name)) tellMates(name).catch(() => {});
  }
  if (type === "exited") rooms.get(name)?.people.delete(username);
  if (type === "room_closed" || type === "exited" && mine) exit(name);
  if (type === "exited" && mine && isGroup(name)) tellGroupless();
}

function exit(name) {
  const room = rooms.get(name);
  if (!room) return;
  if (room === here) go(rooms.has(room.from) ? room.from : GENERAL);
  rooms.delete(name);
  room.tab?.remove();
  if (room.draft.trim()) tell(`you had not sent in ${name}: ${room.draft}`);
}

/** Shows a room, and speaks there. */
async function go(name) {
  const room = rooms.get(name);
  if (room === here) return;
  Object.assign(here, { draft: $("line").value, top: stays ? Infinity : log.scrollTop }).lines.append(...log.childNodes);
  room.from = here.name;
  here = room;
  log.replaceChildren(room.lines);
  room.unread = 0;
  $("line").value = room.draft;
  grow();
  drawRoom();
  list();
  toEnd();
  if (room.top < Infinity) log.scrollTop = room.top;
  stays = isAtEnd();
  (room.looked ? lookAround() : past().then(lookAround)).catch(() => {});
}

/** Who is there, and whose hands are up. */
async function lookAround() {
  await whoIsAway();
  const place = plenum();
  const { hands } = await ask("hands", { room: place.name });
  place.hands = new Map(hands.map(({ username, text: why = "" }) => [username, why]));
  drawRoom();
}

/** What stands above the lines: the tabs, the topic, and what the lesson is at. */
function drawRoom() {
  const isGeneral = here.name === GENERAL;
  $("rooms").hidden = rooms.size < 2 && !isStaff();
  $("exit").hidden = isGeneral;
  for (const room of rooms.values()) {
    const tab = room.tab ??= tabOf(room.name);
    tab.ariaSelected = room === here;
    tab.tabIndex = room === here ? 0 : -1;
    tab.textContent = room.unread ? `${room.name} (${room.unread})` : room.name;
    if (!tab.parentNode) $("tabs").append(tab);
  }
  $("middle").ariaLabel = here.name;
  $("topic").replaceChildren(make("bdi", "", here.topic?.text || (isGeneral ? "homeroom" : here.name)));
  drawLesson();
}

function tabOf(name) {
  const tab = button("", name, () => choose(name));
  tab.role = "tab";
  return tab;
}

// The arrows go round, Home and End to the ends.
$("tabs").onkeydown = event => {
  const all = [...rooms.keys()];
  const at = all.indexOf(here.name);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  choose(all.at(next % all.length));
  here.tab.focus();
};

const thither = room => button("small", "go there", () => typed(`/join ${room}`));

function toldRooms({ rooms: all }) {
  for (const { room, open, about, online: there } of all) {
    row("word", `* ${room}${open ? "" : " (closed)"}, ${there} online${about ? `: ${about}` : ""} `, thither(room));
  }
}
