/** The module for pages that come from the first JavaScript SDK, against a real server. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { FloClient as NodeClient } from "@floruntime/node";
import { ServerProcess } from "@floruntime/testing";
import * as flo from "@floruntime/web/compat";

let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start("--durability", "ephemeral");
});
after(() => server.stop());

test("a page reads keys as bytes and streams from the beginning", async () => {
  const backend = new NodeClient(server.endpoint, { namespace: "page" });
  const { version } = await backend.kv.put("config:flags", '{"dark":1}');
  await backend.close();
  const options = { namespace: "page", logger: false, authToken: undefined };
  const client = new flo.FloClient(`ws://${server.endpoint}`, options);
  assert.equal(client.isConnected(), false);
  await client.connect();
  assert.ok(client.isConnected());
  assert.deepEqual([client.namespace(), client.getNamespace("other")], ["page", "other"]);
  const decoder = new TextDecoder();
  const value = await client.kv.get("config:flags");
  assert.ok(value);
  assert.deepEqual([decoder.decode(value), value.version], ['{"dark":1}', version]);
  const { entries } = await client.kv.scan("config:", { limit: 10 });
  assert.deepEqual(
    entries.map((entry) => decoder.decode(entry.key)),
    ["config:flags"],
  );
  const { seq } = await client.streams.append("chat", new TextEncoder().encode("hello"));
  const { records } = await client.streams.read("chat", { limit: 10, fromBeginning: true });
  assert.deepEqual(
    records.map((record) => [record.seq, decoder.decode(record.payload)]),
    [[seq, "hello"]],
  );
  const missing = await client.streams.groupInfo("chat", "none").catch((error) => error);
  assert.ok(flo.isNotFound(missing) && missing.is(flo.StatusCode.NotFound));
  await client.close();
});
