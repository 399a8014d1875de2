// ---- Who comes and goes -------------------------------------------------------------------------------------------

/** Who comes or goes so long after the last one is alone, and so long somebody waits for the others of a crowd: the terminal
 *  client's rule. */
const ALONE_MS = 3000, CROWD_MS = 10000;
/** How many of a crowd are named. One more is named too. */
const NAMED_MAX = 3;
/** The last events of those who wait, by their names. */
const crowd = new Map();
let movedAt = -ALONE_MS, crowdSince = 0;
/** What came up to this seq was missed: who came and went meanwhile is not told, but who is there now. */
let missedTo = 0;

/** Whether somebody's coming or going has no line of its own. */
function isOneOfMany(event) {
  const { seq, username } = event;
  if (seq <= missedTo || ignored.has(username)) return true;
  const at = performance.now();
  const isAlone = at - movedAt >= ALONE_MS && !crowd.size;
  movedAt = at;
  const isMine = username === me.name;
  if (isMine) tellCrowd();
  if (isAlone || isMine) return false;
  if (!crowd.size) crowdSince = at;
  // Of who comes and goes, only the end matters.
  crowd.delete(username);
  return crowd.set(username, event);
}

/** A line for each way, what happened first first. */
function tellCrowd() {
  const all = [...crowd.values()];
  crowd.clear();
  for (const type of new Set(all.map(event => event.type))) {
    const some = all.filter(event => event.type === type);
    append(some[1] ? crowdLine(some) : draw(some[0]), some[0].time, rooms.get(GENERAL));
  }
}

function crowdLine(some) {
  const [{ time, type, reason }] = some;
  const all = some.map(({ username }) => username);
  const others = all.splice(all.length > NAMED_MAX + 1 ? NAMED_MAX : -1);
  const why = reason && some.every(one => one.reason === reason) ? ` (${reasonName(reason)})` : "";
  return make("p", "row news", timeOf(time), `${all.join(", ")} and ${others[1] ? `${others.length} others` : others[0]} ${type}${why}`);
}

const reasonName = reason => reason.replace("_", " ");

setInterval(() => {
  const at = performance.now();
  if (at - movedAt >= ALONE_MS || at - crowdSince >= CROWD_MS) tellCrowd();
}, 1000);

