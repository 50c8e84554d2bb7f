import assert from "node:assert/strict";
import test from "node:test";
import { gzipSync } from "node:zlib";

import { documents, file, http } from "../../../web/src/data.js";

const pack = (value) => gzipSync(JSON.stringify(value)).toString("base64");

test("a file has what was written into it", async () => {
	const lines = pack({ schema: "esc-info/1", run: { command: ["<script>", "ü\u2028"] } }).replace(/(.{20})/g, "$1\n");
	const data = documents(file(new Map([
		["info?run=1", lines], ["state", pack({ revision: 1 })],
		["site?run=1", pack({ 7: { schema: "esc-site/1" } })], ["source?run=1", pack({ "/a.c": { lines: ["x"] } })],
	])));

	assert.deepEqual((await data.get("info", { run: 1 })).run.command, ["<script>", "ü\u2028"]);
	assert.equal((await data.get("state")).revision, 1);
	assert.deepEqual(await data.get("site", { run: 1, id: "7" }), { schema: "esc-site/1" });
	assert.deepEqual(await data.get("source", { run: 1, file: "/a.c" }), { lines: ["x"] });
	assert.equal(await data.find("site", { run: 1, id: "8" }), null);
	assert.equal(await data.find("tree", { run: 1 }), null);
	assert.equal(await data.find("info", { run: 2 }), null);
	await assert.rejects(data.get("tree", { run: 1 }), /does not have the document tree/);
	assert.equal(data.exportLink("folded"), null);
});

test("the server is asked once, until it is forgotten", async () => {
	const asked = [];
	const data = documents(http(async (url) => {
		asked.push(url);
		return new Response(JSON.stringify({ at: asked.length }));
	}));

	assert.equal((await data.get("sites", { run: 1 })).at, 1);
	assert.equal((await data.get("sites", { run: 1 })).at, 1);
	assert.equal((await data.get("site", { id: "a b&c", run: 1 })).at, 2);
	assert.deepEqual(asked, ["/api/sites?run=1", "/api/site?id=a+b%26c&run=1"]);
	data.forget("sites");
	assert.equal((await data.get("site", { id: "a b&c", run: 1 })).at, 2);
	assert.equal((await data.get("sites", { run: 1 })).at, 3);
	data.forget();
	assert.equal((await data.get("site", { id: "a b&c", run: 1 })).at, 4);
	assert.equal(data.exportLink("a/b"), "/export/a%2Fb");
	assert.equal(data.exportLink("svg", 2), "/export/svg?run=2");
});

test("what failed is told, and asked again", async () => {
	let status = 503;
	const data = documents(http(async () => new Response("no memory\n", { status })));

	await assert.rejects(data.get("tree"), /^Error: no memory$/);
	await assert.rejects(data.find("tree"), /no memory/);
	status = 404;
	assert.equal(await data.find("tree"), null);
	const gone = documents(http(() => Promise.reject(new TypeError("fetch failed"))));

	await assert.rejects(gone.get("info"), /does not answer/);
});
