// Slips: what `/import … slips` writes is printed, and its QR code is the way in.
"use strict";
const jsQR = require("jsqr");
const assert = require("node:assert");
const fs = require("node:fs");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { open, until, chooseOwn, login, told } = require("./harness.js");

/** How many slips are on a page of paper. */
const ON_PAGE = 8;
/** How large a QR code is looked at, in dots of the screen. */
const QR_PIXELS = 400;

/** What a camera reads in a slip's QR code. */
async function read(page, slip) {
  const pixels = await slip.locator("svg").evaluate(async (svg, side) => {
    const copy = svg.cloneNode(true);
    copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
    copy.setAttribute("width", side);
    copy.setAttribute("height", side);
    const picture = new Image();
    picture.src = `data:image/svg+xml,${encodeURIComponent(copy.outerHTML)}`;
    await picture.decode();
    const context = Object.assign(document.createElement("canvas"), { width: side, height: side }).getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, side, side);
    context.drawImage(picture, 0, 0);
    // One text is handed over in no time, so many numbers aren't.
    return Array.from(context.getImageData(0, 0, side, side).data, (byte) => String.fromCharCode(byte)).join("");
  }, QR_PIXELS);
  return jsQR(Uint8ClampedArray.from(Buffer.from(pixels, "latin1")), QR_PIXELS, QR_PIXELS)?.data;
}

/** Each address that a browser's history has of this tab. */
async function visited(page) {
  const session = await page.context().newCDPSession(page);
  const { entries } = await session.send("Page.getNavigationHistory");
  return entries.map(({ url }) => url);
}

/** With a client of somebody who may make accounts. */
module.exports = async function slips(browser, server, client, folder) {
  console.log("a class is taken from a list, and its slips are printed");
  const [list, written] = [path.join(folder, "class.csv"), path.join(folder, "slips.html")];
  const people = Array.from({ length: 2 * ON_PAGE + 1 }, (_, at) => `Müller;Zoë ${at ? at + 1 : ""};7b\n`);
  people[1] = "Freiherr von Hohenstein-Guttenb;MAXIMILIAN ALEXANDER KONSTANTIN;naturwissenschaftliches-profil-b\n";
  fs.writeFileSync(list, `Familienname;Vorname;Klasse\n${people.join("")}`);
  client.stdin.write(`/import ${list} slips ${written}\n`);
  await client.waitFor("17 slips are in");
  const elsewhere = [];
  const context = await browser.newContext({ bypassCSP: true });
  context.on("request", (request) => { if (!/^(file|data):/.test(request.url())) elsewhere.push(request.url()); });
  const paper = await context.newPage();
  await paper.goto(pathToFileURL(written).href);
  for (const format of ["A4", "Letter"]) {
    const pages = (await paper.pdf({ format })).toString("latin1").match(/\/Type\s*\/Page\b/g).length;
    assert.equal(pages, 3, `${format}: 8 slips a page`);
  }
  await paper.emulateMedia({ media: "print" });
  for (const slip of await paper.locator("article").all()) {
    assert(await slip.evaluate((slip) => slip.scrollHeight <= slip.clientHeight + 1), "all of a slip is to be seen");
  }
  assert(!await paper.locator(".note").isVisible(), "what is said to whoever prints it is not printed");
  assert.deepEqual(elsewhere, []);

  console.log("a slip's QR code fills in the form, and is gone from the address");
  const slip = paper.locator("article").first();
  const [name, password] = await slip.locator("code").allTextContents();
  const address = await read(paper, slip);
  assert.equal(address, `https://${server.place}/#${name},${password}`);
  const zoe = await open(browser, server.place);
  await zoe.goto("about:blank");
  await zoe.goto(address);
  const filled = () => Promise.all(["#name", "#password"].map((field) => zoe.inputValue(field)));
  assert.deepEqual(await filled(), [name, password]);
  assert.equal(await zoe.evaluate(() => location.href), `https://${server.place}/`);
  assert(!(await visited(zoe)).join("\n").includes(password), "nor is it a step back");
  assert.equal(await zoe.evaluate(() => document.activeElement.id), "enter");

  console.log("so does one that is opened in the page as it stands");
  await zoe.evaluate(() => { location.hash = "#somebody,a%2Cb%20%C3%BC"; });
  await until(async () => (await filled())[0] === "somebody", "the other slip");
  assert.deepEqual(await filled(), ["somebody", "a,b ü"]);
  assert.equal(await zoe.evaluate(() => location.hash), "");
  await login(zoe, name, password);
  await chooseOwn(zoe);
  await zoe.waitForSelector("#room:not([hidden])");
  await zoe.evaluate(() => { location.hash = "#somebody,else"; });
  await told(zoe, "log out first");
  assert.equal(await zoe.evaluate(() => location.hash), "");
  for (const bad of ["#%,%E0%A4%A", "#a", "#,b", "#a,"]) {
    const page = await open(browser, server.place);
    await page.goto(`https://${server.place}/${bad}`);
    await page.reload();
    await page.waitForSelector("#name");
    assert.equal(await page.inputValue("#password"), "", bad);
    await page.context().close();
  }
  await Promise.all([context.close(), zoe.context().close()]);
};

module.exports.read = read;
