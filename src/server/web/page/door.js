// ---- Coming in, and going -----------------------------------------------------------------------------------------

let registering = false;

/** With a class code people make an account; else they have one. */
function otherWay() {
  registering = !registering;
  for (const id of ["with-code", "with-full", "with-twice", "own-rule"]) $(id).hidden = !registering;
  $("code").required = registering;
  $("password").autocomplete = registering ? "new-password" : "current-password";
  $("other-way").textContent = registering ? "I have an account" : "I have a class code";
  allRight();
}

$("other-way").onclick = () => { otherWay(); $(registering ? "code" : "name").focus(); };

$("login").onsubmit = event => {
  event.preventDefault();
  allRight();
  me.keep = $("own").checked;
  const [code, username, name, password] = ["code", "name", "full", "password"].map(id => $(id).value);
  if (registering && password !== $("twice").value) return wrong("twice", "The two are not the same.");
  typedPassword = password;
  $("enter").disabled = true;
  const who = { protocol: 1, username: username.trim(), keep: me.keep };
  if (!registering) return connect({ type: "login", ...who, password });
  connect({ type: "register", ...who, code: code.trim(), ...(password && { password }), ...(name.trim() && { name: name.trim() }) });
};

/** Which field a refusal is about. */
const ABOUT = { __proto__: null, door_closed: "code", bad_username: "name", user_exists: "name", bad_request: "full", weak_password: "password" };

/** Says beside a field what is wrong with it. */
function wrong(id, why) {
  $(`${id}-wrong`).textContent = why;
  $(id).ariaInvalid = "true";
  $(id).focus();
}

function allRight() {
  for (const id of ["code", "name", "full", "password", "twice"]) {
    $(`${id}-wrong`).textContent = "";
    $(id).ariaInvalid = null;
    $(id).setAttribute("aria-describedby", `${id}-wrong${registering && id === "password" ? " own-rule" : ""}`);
  }
  $("door-word").textContent = "";
}

/** The login is refused. A token that was kept is of no use any more. */
function turnedAway({ code, message }) {
  if (["bad_credentials", "banned", "not_allowed"].includes(code)) forget();
  const field = registering && ABOUT[code];
  enterAgain(field ? "" : message);
  if (field) wrong(field, message);
}

/** Back to the form, with a word on why. */
function enterAgain(why) {
  const mine = socket;
  socket = null;
  mine?.close();
  clearInterval(watch);
  $("room").hidden = $("wall").hidden = true;
  document.body.classList.remove("wall");
  clearInterval(doorLook);
  $("door").hidden = false;
  $("enter").disabled = false;
  $("door-word").textContent = why;
  $(me.name || $("name").value ? "password" : "name").focus();
}

/** The session is over, and the token with it. */
function endedThere(why) {
  me.token = "";
  forget();
  enterAgain(`${why} What you had typed stays for when you come in again.`);
}

function enterRoom(hello) {
  $("door").hidden = true;
  $("room").hidden = false;
  $("password").value = $("twice").value = $("code").value = "";
  log.replaceChildren();
  stays = true;
  title();
  if (hello.motd) row("word", hello.motd);
  if (registering && !typedPassword) tell(`you are a guest: ${me.name} is yours until you log out${me.keep ? "" : ", or close this tab for two minutes"}`);
  if (registering) otherWay();
}

const isWall = () => location.hash === "#wall" || me.role === "display";

/** A display's view is the wall; anyone else has it by asking for it. */
function look() {
  if (isWall()) wall().catch(refused);
  else $("line").focus();
}

async function logout() {
  leaving = true;
  forget();
  try { await Promise.race([ask("logout"), new Promise(over => setTimeout(over, 2000))]); } finally { location.reload(); }
}

/** Asks for a new password until there is one, or until somebody has had enough. */
function choosePassword(oneTime) {
  const dialog = $("ask");
  $("with-old").hidden = oneTime && Boolean(typedPassword);
  $("ask-title").textContent = oneTime ? "This password was for one login: choose your own" : "Change your password";
  $("ask-word").textContent = "";
  $("passwd").reset();
  dialog.showModal();
  return new Promise(over => {
    $("not-now").onclick = () => { dialog.close(); over(oneTime ? logout() : tell("the old password stays")); };
    dialog.oncancel = event => { event.preventDefault(); $("not-now").click(); };
    $("passwd").onsubmit = async event => {
      event.preventDefault();
      const fresh = $("new").value;
      if (fresh !== $("again").value) return void ($("ask-word").textContent = "The two are not the same.");
      try {
        await ask("passwd", { old: $("with-old").hidden ? typedPassword : $("old").value, new: fresh }, false);
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

const KEPT = "homeroom";

/** A token outlives this tab only on a device of one's own. */
function remember() {
  const kept = JSON.stringify({ name: me.name, token: me.token, keep: me.keep });
  sessionStorage[KEPT] = kept;
  if (me.keep) localStorage[KEPT] = kept;
  else delete localStorage[KEPT];
}

function forget() {
  delete sessionStorage[KEPT];
  delete localStorage[KEPT];
}

// ---- The projector's view -----------------------------------------------------------------------------------------

/** How often the wall asks for the class's door. */
const DOOR_LOOK_MS = 10000;
let doorLook = 0;

/** Large, nothing to type, and how to join always in sight. */
async function wall() {
  document.body.classList.add("wall");
  $("wall").hidden = false;
  clearInterval(doorLook);
  doorLook = setInterval(lookAtDoor, DOOR_LOOK_MS);
  lookAtDoor();
  const { code, pages, qr } = await ask("code");
  $("wall-code").textContent = code;
  $("wall-page").textContent = pages?.[0] ?? "";
  if (qr) drawDots($("wall-qr"), qr);
}

/** The class code, while there is one. The server tells it to staff alone: on a display's wall it is not. */
async function lookAtDoor() {
  const { code, until } = socket && isStaff() ? await ask("door").catch(() => ({})) : {};
  $("wall-class").hidden = !code;
  if (code) $("wall-class").replaceChildren("Class code ", make("b", "", code), ` until ${hour(until)}`);
}

const isStaff = () => ["teacher", "admin"].includes(me.role);

// The same people, in the other view.
addEventListener("hashchange", () => {
  const isSlip = takeSlip();
  if (!me.token) fillIn();
  else if (isSlip) slip = null, tell("log out first: a slip is for coming in");
  else location.reload();
});

/** Rows of 0 and 1, with the quiet zone of four that readers want around them. */
function drawDots(svg, rows) {
  svg.setAttribute("viewBox", `-4 -4 ${rows.length + 8} ${rows.length + 8}`);
  svg.firstChild.setAttribute("d", rows.flatMap((dots, y) => [...dots].map((dot, x) => dot === "1" ? `M${x} ${y}h1v1h-1z` : "")).join(""));
}

// ---- The beginning ------------------------------------------------------------------------------------------------

/** Where the server has some. */
async function programs() {
  if ((await fetch("/get/")).ok) $("programs").append("This server also has ", Object.assign(make("a", "", "programs for a terminal"), { href: "/get/" }), ".");
}

let slip = null;

/** What a slip's QR code has behind `#`: `name,password`. It leaves the address at once, so that the browser doesn't keep it. */
function takeSlip() {
  const found = location.hash.match(/^#([^,]+),(.+)$/);
  if (!found) return false;
  history.replaceState(null, "", location.pathname);
  try { slip = found.slice(1).map(decodeURIComponent); } catch { slip = null; }
  return true;
}

/** Fills in the form with what a slip says: whoever has it still clicks. */
function fillIn() {
  if (!slip) return;
  if (registering) otherWay();
  [$("name").value, $("password").value] = slip;
  slip = null;
  $("enter").focus();
}

function begin() {
  takeSlip();
  const kept = slip ? null : JSON.parse(sessionStorage[KEPT] ?? localStorage[KEPT] ?? "null");
  if (kept) {
    me.keep = kept.keep;
    $("name").value = kept.name;
    return connect({ type: "login", protocol: 1, username: kept.name, token: kept.token, keep: kept.keep });
  }
  $("door").hidden = false;
  allRight();
  $("name").focus();
  fillIn();
  programs().catch(() => {});
}

begin();
