// ---- What is typed ------------------------------------------------------------------------------------------------

/** A command about one user, and what is said when it is done. */
const requestOf = (type, done) => username =>
  isWord(username) ? ask(type, { username }, false).then(() => tell(person(username.toLowerCase(), null), ` ${done}`)) : null;
const told = (type, about, ...words) => ask(type, about).then(() => tell(...words));
const alone = (type, then) => rest => rest ? null : ask(type).then(then);

/** The commands, as they are typed in the terminal. Each gives a promise, or null where its usage is to be told. */
const COMMANDS = {
  __proto__: null,
  msg: rest => whisper(...cut(rest)),
  reply: rest => !lastWhisperer ? tell("nobody has whispered to you yet") : whisper(lastWhisperer, rest),
  me: rest => rest ? inRoom("say", { text: rest, action: true }) : null,
  who: rest => rest ? null : whoIsAway().then(({ users, more = 0 }) => tell(`${users.length + more} online: `,
    ...people(users), more ? ` and ${more} more` : "")),
  whois: rest => rest ? ask("whois", { username: rest }).then(({ whois }) => tell(...whoisWords(whois))) : null,
  away: rest => told("away", { text: rest }, "you are away until you say something, or /back"),
  back: alone("away", () => tell("you are back")),
  topic: rest => rest ? inRoom("topic", { text: rest === "-" ? "" : rest })
    : inRoom("topic").then(({ topic: now }) => tell(now ? `the topic is: ${now.text}` : "there is no topic")),
  history: () => { log.scrollTop = 0; return tell(`scroll up for older ones; numbers are ${log.classList.toggle("numbered") ? "shown" : "hidden"}`); },
  passwd: rest => rest ? tell("type /passwd alone: it asks for the passwords") : choosePassword(false),
  help: rest => help().then(() => tell(helpWords(rest))),
  logout: rest => rest ? null : logout(),
  code: (rest, raw) => rest ? program(raw) : ask("code").then(answer => {
    const line = row("word code", `join code ${answer.code}${(answer.pages ?? []).map(page => `\n${page}`).join("")}`);
    if (!answer.qr) return;
    const dots = $("wall-qr").cloneNode(true);
    dots.id = "";
    drawDots(dots, answer.qr);
    line.append(dots);
    toEnd();
  }),
  dnd: rest => /^\d*$/.test(rest) ? quiet(rest) : rest === "off" ? quiet("0") : null,
  ignore: rest => whomIgnored(rest && ignored.add(rest.toLowerCase())),
  unignore: rest => rest ? whomIgnored(ignored.delete(rest.toLowerCase())) : null,
  clear: rest => { if (rest) return null; log.replaceChildren(); Object.assign(here, { whole: true, day: "" }); return tell("reload to see older messages"); },
  adduser: rest => addUser(...cut(rest)),
  listusers: alone("list_users", answer => row("word", ...accountsWords(answer))),
  logoutuser: requestOf("logout_user", "is logged out"),
  ban: requestOf("ban", "is banned"), unban: requestOf("unban", "is no longer banned"),
  mute: rest => mute(...cut(rest)), unmute: requestOf("unmute", "is no longer muted"),
  resetpassword: rest => isWord(rest) ? ask("reset_password", { username: rest }, false)
    .then(({ password }) => tell(`${rest.toLowerCase()} begins again, with the one-time password ${password}`)) : null,
  deluser: requestOf("delete_user", "is deleted"),
  promote: rest => role("promote", "is an administrator now", ...cut(rest)),
  demote: rest => role("demote", "is no longer an administrator", ...cut(rest)),
  setname: rest => setName(...cut(rest)), setgroup: rest => setGroup(...cut(rest)),
  door: rest => door(rest),
  status: alone("status", ({ status }) => tell(Object.entries(status).map(([key, value]) => `${key.replaceAll("_", " ")}: ${value}`).join("\n"))),
  reload: alone("reload", ({ report }) => tell((report ?? []).join("\n"))),
  shutdown: rest => rest ? null : confirm("End the server for everyone?") ? ask("shutdown", {}, false) : tell("nothing was done"),
};
/** Other words for them. */
const ALSO = { __proto__: null, whisper: "msg", w: "msg", r: "reply", j: "join", quit: "logout" };
/** Those that the terminal client alone has, and what is here in their place. */
const ELSEWHERE = {
  __proto__: null, import: "", save: "; here each has a button", say: "", set: "", sound: "; here is a button", "attendance save": "",
};
/** Those that the page carries out by itself. */
const LOCAL = [
  { usage: "/dnd [minutes|off]", about: "no sounds, for so long" },
  { usage: "/ignore [user]", about: "hide what somebody says, until the page is closed" },
  { usage: "/unignore <user>", about: "show it again" },
  { usage: "/clear", about: "an empty page" },
];

function cut(rest) {
  const [first] = rest.split(/\s/, 1);
  return [first.toLowerCase(), rest.slice(first.length).trim()];
}

/** The client's own answer. */
async function tell(...words) { row("word", "* ", ...words); }

const whomIgnored = () => tell(`you ignore ${[...ignored].join(", ") || "nobody"}`);
const no = why => Promise.reject(why);

function refused(refusal) {
  row("refusal", `! ${refusal.message ?? refusal}`);
  play("error");
}

function whisper(to, words) { return to && words ? ask("whisper", { to, text: words }) : null; }

const wordsOf = rest => rest.split(/\s+/).filter(Boolean);
const isWord = text => text && !/\s/.test(text);

/** The roles, the least first, and what somebody of each is. */
const ROLES = { __proto__: null, display: "a display", user: "a user", teacher: "a teacher", admin: "an administrator" };
const titleOf = name => ROLES[name] ?? name;

function role(type, done, username, which) {
  const wanted = which.toLowerCase();
  if (!username || /\s/.test(wanted)) return null;
  if (wanted && !ROLES[wanted]) return no(`${usageOf(type)}, and a role is one of ${Object.keys(ROLES).join(", ")}`);
  return told(type, { username, role: wanted || undefined }, `${username} ${wanted ? `is ${titleOf(wanted)} now` : done}`);
}

function mute(username, minutes) {
  if (!username || !/^\d*$/.test(minutes)) return null;
  return told("mute", { username, ...(minutes && { minutes: +minutes }) }, `${username} is muted${minutes && ` for ${minutes} min`}`);
}

/** Nobody is told of a new name: it is asked for. */
function setName(username, name) {
  return username ? ask("set_user", { username, name }).then(whoIsAway)
    .then(() => tell(...(name ? [person(username, name), " has a name now"] : [`${username} has no name any more`]))) : null;
}

function setGroup(username, group) {
  return username && !/\s/.test(group) ? told("set_user", { username, group }, `${username} is in ${group ? `${group.toLowerCase()} now` : "no group any more"}`) : null;
}

function addUser(username, password) {
  if (!username) return null;
  return ask("add_user", { username, password: password || undefined }, false)
    .then(answer => tell(`${username} is added${answer.password ? `, with the one-time password ${answer.password}` : ""}`));
}

/** How many minutes /door opens it for when it's given no number: so long a class takes to type a code. */
const DOOR_MINUTES = 10;

/** `/door 10 7b guests`: each of them may be left out. */
function door(rest) {
  const words = wordsOf(rest.toLowerCase());
  const isAsked = !words.length;
  const guests = words.at(-1) === "guests" && Boolean(words.pop());
  const minutes = /^\d+$/.test(words[0] ?? "") ? +words.shift() : DOOR_MINUTES;
  const group = words.shift();
  if (words.length) return null;
  const about = !isAsked && { minutes, group, guests: minutes ? guests : guests && "remove" || undefined };
  return ask("door", about, isAsked).then(answer => doorWords(answer, about.guests === "remove"));
}

/** The code large enough to be read out, and how it is used. */
function doorWords({ code, until, group, guests }, removed) {
  if (!code) return tell(`the door is closed${removed ? ", and guests are removed" : ""}`);
  row("word", `* the door is open${group ? ` for ${group}` : ""} until ${hour(until)}${guests ? ", guests need no password" : ""}`);
  row("word code", "class code ", make("b", "", code));
  return tell(`it is for "I have a class code" at https://${location.host}/, and for homeroom-client --register`);
}

function quiet(minutes) {
  quietUntil = minutes === "" ? Infinity : Date.now() + 60000 * minutes;
  return tell(minutes === "0" ? "sounds are on again" : `no sound ${minutes ? `for ${minutes} min` : "until /dnd off"}`);
}

function whoisWords(who) {
  const idle = who.idle_seconds >= 60 ? `, idle for ${Math.floor(who.idle_seconds / 60)} min` : "";
  const several = who.sessions > 1 ? ` with ${who.sessions} sessions` : "";
  const here = who.since ? `online since ${hour(who.since)}${several}${idle}` : "not online";
  const is = ` is ${who.guest ? "a guest" : titleOf(who.role)}${who.group ? ` of ${who.group}` : ""}, ${here}`;
  return [person(who.username, who.name ?? null), is, who.away ? `\n* ${awayWords(who.away)}` : ""];
}

/** A line each. */
function accountsWords({ users, more }) {
  const lines = users.flatMap((user, at) => [at ? "\n" : "", person(user.username, user.name ?? null), `, ${user.role}`, ...["online", "guest", "banned", "muted"].map(mark => user[mark] ? `, ${mark}` : ""), user.group ? `, group ${user.group}` : ""]);
  return [...lines, more ? `\nand ${more} more` : ""];
}

/** Without what the terminal alone has: files, keys, a lone dot. */
async function help() {
  const { commands: all } = await ask("help");
  commands = [...all.map(({ usage, about }) => ({ usage: usage.replace(/\|file|\[save <file>\] /, ""), about: about.replace(/, lines until.*|; `save`.*| \(also.*/, "") })), ...LOCAL];
}

const firstWord = ({ usage }) => usage.split(" ")[0];

function helpWords(which) {
  const some = commands.filter(one => !which || firstWord(one) === `/${which.replace(/^\//, "")}`);
  return some.map(({ usage, about }) => `${usage}: ${about}`).join("\n") || inTerminal(which) || `there is no /${which}`;
}

/** What is told of such a command. */
function inTerminal(line) {
  const [first, second] = wordsOf(line.toLowerCase().replace(/^\//, ""));
  const name = [first, `${first} ${second}`].find(name => ELSEWHERE[name] !== undefined);
  return name && `/${name} is a command of the terminal client${ELSEWHERE[name]}`;
}

/** What people can't see in front of a line makes no message of a command. */
function typed(line) {
  const visible = line.replace(/^[\p{Cf}\p{Cc}\s]+/u, "");
  if (!visible) return Promise.resolve();
  if (!visible.startsWith("/")) return said(line.trim());
  if (visible.startsWith("//")) return said(visible.slice(1));
  const name = visible.slice(1).split(/\s/, 1)[0].toLowerCase();
  const word = ALSO[name] ?? name;
  const isOffered = !commands.length || commands.some(one => firstWord(one) === `/${word}`);
  const command = isOffered ? COMMANDS[word] : null;
  const raw = visible.slice(1 + name.length);
  const why = inTerminal(visible) ?? (command ? "" : `there is no /${name}: /help lists the commands; //${name} says it`);
  return why ? no(why) : command(raw.trim(), raw) ?? no(usageOf(word));
}

function usageOf(name) {
  const known = commands.find(one => firstWord(one) === `/${name}`);
  return known ? `usage: ${known.usage}` : `that is not how /${name} is used: /help`;
}

function said(words, how) {
  if ([...words].length > TEXT_CHARS_MAX) return no(`that has more than ${TEXT_CHARS_MAX} characters: say it in pieces`);
  const room = here;
  const pending = make("p", "row pending", "… ", make("span", "text", words));
  // Only what isn't answered at once is shown as waiting.
  const late = setTimeout(() => append(pending, 0, room), 500);
  return inRoom("say", { text: words, ...how }).finally(() => { clearTimeout(late); pending.remove(); });
}

const sentLines = [];
let recalled = 0;

async function submit() {
  const line = $("line").value;
  const room = here;
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
    // Nothing that was typed is lost, and nothing gets into another room.
    if (room !== here) room.draft ||= line;
    else if (!$("line").value) $("line").value = line;
    grow();
  }
}

function grow() {
  const line = $("line");
  line.style.height = "auto";
  line.style.height = `${line.scrollHeight + 2}px`;
}

$("say").onsubmit = event => { event.preventDefault(); submit(); };
$("line").oninput = grow;
$("line").onkeydown = event => {
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
  const all = isCommand ? commands.map(firstWord) : [...online, ...rooms.keys()];
  const start = word.replace(/^@/, "").toLowerCase();
  const fits = all.filter(one => one.startsWith(start));
  if (fits.length !== 1) return false;
  line.setRangeText(word.slice(0, word.length - start.length) + fits[0] + (word === before && !isCommand ? ": " : " "), before.length - word.length, before.length, "end");
  return true;
}

$("newest").onclick = toEnd;
$("leave").onclick = logout;
$("who").onclick = () => {
  const open = $("people").classList.toggle("open");
  $("who").ariaExpanded = open;
  if (open) $("people").querySelector("button")?.focus();
};
$("people").onkeydown = ({ key }) => { if (key === "Escape") $("who").click(), $("who").focus(); };

