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
  typedPassword = $("password").value;
  $("enter").disabled = true;
  $("door-word").textContent = "";
  const login = { type: "login", protocol: 1, username: $("name").value.trim(), password: $("password").value, keep: me.keep };
  if (!registering) return connect(login);
  if (!login.password) delete login.password;
  connect({ ...login, type: "register", code: $("code").value.trim(), ...($("full").value.trim() && { name: $("full").value.trim() }) });
};

/** The login is refused. A token that was kept is of no use any more. */
function turnedAway({ code, message }) {
  if (["bad_credentials", "banned", "not_allowed"].includes(code)) forget();
  enterAgain(message);
}

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
  $("log").replaceChildren();
  lastDay = "";
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

const KEPT = "homeroom";

/** A token outlives this tab only on a device of one's own. */
function remember() {
  const kept = JSON.stringify({ name: me.name, token: me.token, keep: me.keep });
  sessionStorage.setItem(KEPT, kept);
  if (me.keep) localStorage.setItem(KEPT, kept);
  else localStorage.removeItem(KEPT);
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
  if (qr) drawDots($("wall-qr"), qr);
}

/** Rows of 0 and 1, with the quiet zone of four that readers want around them. */
function drawDots(svg, rows) {
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
