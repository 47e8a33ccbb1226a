/** One address that says it all, and what the environment says where nothing is given. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

import { ActionWorker, BadRequestError, FloClient, StreamWorker } from "@floruntime/node";
import { Peer } from "@floruntime/testing";

import { type Address, addressIn, placeOf, readAddress } from "../dist/address.js";

const SECRET = "s3cret-t0ken";
const folder = mkdtempSync(join(tmpdir(), "flo-address-"));
const GARBAGE = join(folder, "garbage.pem");
writeFileSync(GARBAGE, "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n");
after(() => rmSync(folder, { recursive: true }));

const RIGHT: readonly [string, Partial<Address>][] = [
  ["localhost:9000", { endpoint: "localhost:9000" }],
  ["flo://host", { endpoint: "host" }],
  ["flo://[::1]:9001/shop", { endpoint: "[::1]:9001", namespace: "shop" }],
  ["flo://T@host:1/shop/", { endpoint: "host:1", namespace: "shop", token: "T" }],
  ["flo://a%2Fb%40c@host", { endpoint: "host", token: "a/b@c" }],
  ["flos://host", { endpoint: "host", tls: {} }],
  ["flo://host?tls=1", { endpoint: "host", tls: {} }],
  ["flo://host?tls=0", { endpoint: "host" }],
  [
    "flo://T@a:1,b:2/n?ca=x%20y.pem",
    { endpoint: "a:1,b:2", namespace: "n", token: "T", tls: { ca: "x y.pem" } },
  ],
  ["flos://h?cert=c&key=k", { endpoint: "h", tls: { cert: "c", key: "k" } }],
];
const WRONG: readonly [string, RegExp][] = [
  [`flo://${SECRET}@`, /names no host/],
  ["flo://@host", /no token/],
  [`flo://${SECRET}@host/a/b`, /one namespace/],
  [`flo://${SECRET}/x@host`, /%2F/],
  [`flo://${SECRET}@host/9`, /namespace/],
  [`flo://${SECRET}@host?tsl=1`, /no option "tsl"; there are tls, ca, cert, key/],
  [`flo://${SECRET}@host?token=${SECRET}`, /no option "token"/],
  [`flo://${SECRET}@host?tls=maybe`, /tls must be 1 or 0/],
  [`flos://${SECRET}@host?tls=0`, /contradicts/],
  [`flo://${SECRET}@host?tls=0&ca=x`, /contradicts/],
  [`flo://${SECRET}@host?key=k`, /key is given without cert/],
  [`flo://${SECRET}@host?ca=`, /one value/],
  [`flo://${SECRET}@host#x`, /not understood/],
  [`flo://${SECRET}@ho st`, /not understood/],
  [`flo://${SECRET} x@host`, /not understood/],
  [`flo://${SECRET}@host:0`, /port/],
  [`flo://${SECRET}@host?ca=/nowhere.pem`, /no such file/],
  [`flo://${SECRET}@host?cert=${GARBAGE}`, /^cert ".*garbage.pem/],
];

/** What is said, without what is left open. */
const said = (address: Address) => JSON.parse(JSON.stringify(address)) as unknown;

for (const [text, expected] of RIGHT) {
  test(`what ${text} says`, () => assert.deepEqual(said(readAddress(text)), expected));
}

for (const [text, says] of WRONG) {
  test(`${text} is refused, and no secret shows: ${says.source}`, () => {
    for (const make of [() => new FloClient(text), () => new ActionWorker({ endpoint: text })]) {
      assert.throws(make, (error: Error) => {
        assert.match(error.message, says);
        return error instanceof BadRequestError && !error.message.includes(SECRET);
      });
    }
  });
}

test("options that are given win", () => {
  const given = { namespace: "other", token: "U", tls: false };
  const { endpoint, ...told } = placeOf("flos://T@host/shop?ca=/nowhere.pem", given);
  assert.deepEqual([endpoint, told], ["host", given]);
  assert.equal(new FloClient("flo://T@host/shop", { namespace: "other" }).namespace, "other");
  assert.equal(new FloClient("flo://T@host/shop").namespace, "shop");
  assert.equal(new FloClient("flo://T@host").namespace, "default");
  assert.deepEqual(placeOf("flos://host", {}).tls, {});
});

test("the environment says what is left out", () => {
  assert.deepEqual(said(addressIn({})), { endpoint: "localhost:9000" });
  const others = { FLO_HOST: "other", FLO_NAMESPACE: "n", FLO_TOKEN: "T" };
  const there = { endpoint: "other", namespace: "n", token: "T" };
  assert.deepEqual(said(addressIn(others)), there);
  const db = { endpoint: "db", namespace: "shop", token: "U" };
  assert.deepEqual(said(addressIn({ ...others, FLO_URL: "flo://U@db/shop" })), db);
  const bare = { endpoint: "db", namespace: "n", token: "T" };
  assert.deepEqual(said(addressIn({ ...others, FLO_URL: "flo://db" })), bare);
  assert.deepEqual(addressIn({ FLO_TLS_CA: "ca.pem" }).tls?.ca, "ca.pem");
  assert.deepEqual(said(addressIn({ FLO_TLS: "true" })), { endpoint: "localhost:9000", tls: {} });
});

test("clients and workers ask the environment, where they are given nothing", async () => {
  const server = await Peer.start();
  process.env["FLO_URL"] = `flo://${server.endpoint}/shop`;
  try {
    const client = new FloClient();
    assert.deepEqual([client.endpoint, client.namespace], [server.endpoint, "shop"]);
    await client.namespaces.create("shop");
    const worker = new ActionWorker({ handleSignals: false, logger: false });
    worker.action("put", async (ctx) => {
      await ctx.client.kv.put("k", ctx.namespace);
    });
    const working = worker.start();
    await worker.atWork.wait();
    assert.equal((await client.action.call("put")).status, "completed");
    assert.equal(new TextDecoder().decode((await client.kv.get("k")) ?? undefined), "shop");
    await worker.close();
    await working;
    await client.close();
    new StreamWorker({ stream: "s", group: "g", handler: () => undefined });
    assert.equal(new FloClient("other:2").namespace, "default", "what is given is all there is");
  } finally {
    delete process.env["FLO_URL"];
    await server.stop();
  }
});
