// The script that is served says what the written one says, in fewer bytes.
"use strict";
const assert = require("node:assert");
const fs = require("node:fs");
const acorn = require("acorn");
const { launch, open, startServer, test } = require("./harness.js");

/** Tests run in the checkout's folder. */
const SOURCES = "src/server/web/";

/** What a program says, without where it says it and how its texts are written. */
const tree = (script) => JSON.stringify(acorn.parse(script, { ecmaVersion: "latest" }), (key, value) =>
  ["start", "end", "raw"].includes(key) ? undefined : value instanceof RegExp ? String(value) : value);

async function main() {
  const files = [...fs.readFileSync(SOURCES + "page.rs", "utf8").matchAll(/include_str!\("(page\/\w+\.js)"\)/g)];
  const written = files.map(([, file]) => fs.readFileSync(SOURCES + file, "utf8")).join("");
  const server = await startServer("127.0.0.1:0");
  const browser = await launch();
  const served = await (await open(browser, server.place)).evaluate(() => document.scripts[0].textContent);
  assert(served.length < written.length, `${served.length} of ${written.length} bytes`);
  assert.equal(tree(served), tree(written));
  await browser.close();
}

test(main);
