/** The module for those who come from the first JavaScript SDK, against a real server. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import * as flo from "@floruntime/node/compat";
import { ServerProcess } from "@floruntime/testing";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start("--durability", "ephemeral");
});
after(() => server.stop());

async function withClient(
  namespace: string,
  body: (client: flo.FloClient) => Promise<void>,
): Promise<void> {
  const client = new flo.FloClient(server.endpoint, { namespace, debug: false });
  try {
    assert.equal(client.isConnected(), false);
    await client.connect();
    assert.ok(client.isConnected());
    await body(client);
  } finally {
    await client.close();
  }
}

test("a client has its namespace by methods", async () => {
  await withClient("names", async (client) => {
    assert.equal(client.namespace(), "names");
    assert.deepEqual([client.getNamespace(), client.getNamespace("other")], ["names", "other"]);
  });
});

test("a value is bytes, and has a version", async () => {
  await withClient("values", async (client) => {
    const { version } = await client.kv.put("key", encoder.encode("value"), { ttlMs: 60_000n });
    const found = await client.kv.get("key");
    assert.ok(found);
    assert.equal(decoder.decode(found), "value");
    assert.equal(decoder.decode(found.value), "value");
    assert.equal(found.version, version);
    assert.equal(found.slice(1).constructor, Uint8Array);
    assert.equal(await client.kv.get("missing", { blockMs: 0 }), null);
    assert.equal((await client.kv.get("key", { blockMs: 10 }))?.version, version);
    assert.equal(await client.kv.delete("key", { ifMatch: version }), true);
  });
});

test("keys and cursors of a scan are bytes", async () => {
  await withClient("scans", async (client) => {
    for (const name of ["user:1", "user:2", "user:3"]) {
      await client.kv.put(name, encoder.encode(name.slice(5)));
    }
    const seen: string[] = [];
    for await (const entry of client.kv.scanCursor("user:")) {
      seen.push(`${decoder.decode(entry.key)} = ${decoder.decode(entry.value ?? undefined)}`);
    }
    assert.deepEqual(seen, ["user:1 = 1", "user:2 = 2", "user:3 = 3"]);
    const cursor = client.kv.scanCursor("user:", { limit: 2 });
    const pages: string[][] = [];
    while (cursor.hasMore) {
      const page = await cursor.next();
      pages.push(page.entries.map((entry) => decoder.decode(entry.key)));
    }
    assert.deepEqual(pages, [["user:1", "user:2"], ["user:3"]]);
    const first = await client.kv.scan("user:", { limit: 2, keysOnly: true });
    assert.equal(first.entries[0]?.value, null);
    const rest = await client.kv.scan("user:", { cursor: first.cursor });
    assert.equal(rest.entries.length, 1);
    const [one, none] = await client.kv.mget(["user:1", "user:9"]);
    assert.deepEqual(
      [one?.key, one?.found, none?.found, none?.version],
      ["user:1", true, false, 0n],
    );
  });
});

test("counters, times to live and JSON documents", async () => {
  await withClient("documents", async (client) => {
    assert.equal(await client.kv.incr("hits", { delta: 10n }), 10n);
    assert.equal(await client.kv.touch("hits", 60n), true);
    const { expiresAtMs, updatedAtMs } = (await client.native.kv.entry("hits")) ?? {};
    assert.ok((expiresAtMs ?? 0n) > (updatedAtMs ?? 0n) + 50_000n, "seconds are meant");
    assert.equal(await client.kv.persist("hits"), true);
    await client.kv.jsonSet("doc", "$", encoder.encode('{"a":{"big":9007199254740993}}'));
    const found = await client.kv.jsonGet("doc", "$.a");
    assert.equal(decoder.decode(found?.value), '{"big":9007199254740993}');
    const { version } = await client.kv.jsonDel("doc", "$.a");
    assert.ok(found && version > found.version);
    assert.equal(await client.kv.jsonGet("doc", "$.a"), null);
    await assert.rejects(client.kv.jsonSet("doc", "$", encoder.encode("{")), SyntaxError);
  });
});

test("a transaction reads versions and touches in milliseconds", async () => {
  await withClient("transactions", async (client) => {
    const { version } = await client.kv.put("user:1", encoder.encode("Jane"));
    const txn = await client.kv.begin("user:1");
    assert.equal((await txn.get("user:1"))?.version, version);
    assert.equal(txn.pinnedHash, 0n);
    await txn.touch("user:1", 60_000n);
    assert.equal(await txn.incr("user:1:visits", 1n), 1n);
    assert.equal((await txn.commit()).opCount, 2);
    await assert.rejects(txn.get("user:1"), flo.TxnFinishedError);
    const other = await flo.beginTxn(client, "transactions", "user:1");
    await other.rollback();
    await assert.rejects(other.scan(), flo.TxnUnsupportedOpError);
  });
});

test("streams tell their sizes as bigints", async () => {
  await withClient("sizes", async (client) => {
    const { id } = await client.streams.append("events", { type: "login" });
    const info = await client.stream.info("events");
    assert.deepEqual([info.count, typeof info.bytes, info.partitionCount], [1n, "bigint", 1]);
    assert.ok(info.firstId?.equals(id));
    const { records } = await client.stream.groupRead("events", { group: "g", consumer: "c" });
    assert.equal(records[0]?.tier, flo.StorageTier.Hot);
    const settle = { group: "g", consumer: "c", redeliveryDelayMs: 5 };
    await client.stream.groupNack("events", [id], settle);
  });
});

test("a worker by its older name, beside one that claims by hand", async () => {
  await withClient("workers", async (client) => {
    const worker = new flo.Worker({
      ...{ endpoint: server.endpoint, namespace: "workers", concurrency: 5 },
      ...{ debug: false, blockMs: 0, heartbeatIntervalMs: 0, machineId: "rack-7" },
    });
    worker.action("health", async (ctx) => ctx.toBytes({ at: ctx.createdAt.toString() }));
    const working = worker.start();
    await worker.atWork.wait();
    const { runId } = await client.action.invoke("health", encoder.encode("{}"));
    assert.equal((await client.native.action.wait(runId)).status, "completed");
    const { actions } = await client.action.list();
    assert.deepEqual(
      actions.map((action) => [action.name, action.actionType]),
      [["health", flo.ActionType.User]],
    );
    const { workers } = await client.worker.list();
    assert.deepEqual(
      workers.map(({ machineId, type, maxConcurrency }) => [machineId, type, maxConcurrency]),
      [["rack-7", flo.WorkerType.Action, 5]],
    );
    await worker.drain();
    await working;
  });
});

test("tasks are claimed and settled by their ids, with the action named or not", async () => {
  await withClient("claims", async (client) => {
    await client.action.register("a", flo.ActionType.User, { maxRetries: 0 });
    await assert.rejects(client.action.register("b", flo.ActionType.Wasm), /type is "wasm"/);
    await client.worker.register("w", ["a"], { maxConcurrency: 2, metadata: "by hand" });
    for (const payload of ["1", "2", "3"]) {
      await client.action.invoke("a", encoder.encode(payload));
    }
    const claimed: flo.TaskAssignment[] = [];
    for (let count = 0; count < 3; count++) {
      const { task } = await client.worker.awaitTask("w", ["a"], { blockMs: 0 });
      assert.ok(task);
      claimed.push(task);
    }
    const [first, second, third] = claimed.map((task) => task.taskId) as [string, string, string];
    assert.deepEqual([claimed[0]?.taskType, claimed[0]?.attempt], ["a", 1]);
    assert.equal(await client.worker.heartbeat("w", 3), flo.WorkerStatus.Active);
    const { workers } = await client.worker.list();
    assert.deepEqual([workers[0]?.metadata, workers[0]?.currentLoad], ["by hand", 3]);
    await client.worker.touch("w", first, { extendMs: 30_000 });
    await client.worker.complete("w", first, encoder.encode("out"), { outcome: "approved" });
    await client.worker.complete("w", "a", second, encoder.encode("out"));
    await client.worker.fail("w", "a", third, "broken", { retry: false });
    const statuses = await Promise.all(claimed.map(({ taskId }) => client.action.status(taskId)));
    assert.deepEqual(
      statuses.map(({ status }) => status),
      ["completed", "completed", "failed"],
    );
    assert.equal(decoder.decode(statuses[0]?.result ?? undefined), "out");
    await assert.rejects(client.worker.complete("w", first, ""), /no task .* was claimed/);
    assert.equal((await client.worker.awaitTask("w", ["a"], { blockMs: 0 })).task, null);
    assert.equal(await client.worker.heartbeat("nobody"), flo.WorkerStatus.Unhealthy);
  });
});

test("a stream worker on a client of this module", async () => {
  await withClient("stream-workers", async (client) => {
    const seen: string[] = [];
    const worker: flo.StreamWorker = new flo.StreamWorker(
      client,
      { stream: "events", group: "processors", concurrency: 5, logger: false },
      async (ctx) => {
        seen.push(`${ctx.stream}/${ctx.group}: ${ctx.json<{ id: string }>().id}`);
        worker.stop();
      },
    );
    await client.stream.append("events", encoder.encode('{"id":"ada"}'));
    await worker.start();
    assert.deepEqual(seen, ["events/processors: ada"]);
  });
});

test("moments of workflows are numbers, and a directory is read by a function", async () => {
  await withClient("workflows", async (client) => {
    const yaml = 'kind: Workflow\nname: flow\nversion: "1"\nstart:\n  run: "@actions/a"\n';
    const content = `${yaml}  transitions: { success: flo.Completed, failure: flo.Failed }\n`;
    const read: flo.WorkflowSyncDirFn = async (dir) => [{ name: `${dir}/flow.yaml`, content }];
    const [synced] = await client.workflow.syncDir(read, "flows");
    assert.equal(synced?.action, "created");
    const runId = await client.workflow.start("flow", "{}");
    const [definition] = await client.workflow.listDefinitions();
    const [run] = await client.workflow.listRuns({ workflowName: "flow" });
    const [event] = await client.workflow.history(runId);
    for (const moment of [definition?.created_at, run?.created_at, event?.timestamp]) {
      assert.ok(new Date(moment as number).getFullYear() >= 2020);
    }
  });
});

test("errors tell their status by the constants", async () => {
  await withClient("errors", async (client) => {
    const error = await client.stream.info("none").catch((thrown) => thrown);
    assert.ok(error instanceof flo.ServerError && flo.isNotFound(error));
    assert.ok(error.is(flo.StatusCode.NotFound) && error.status === flo.StatusCode.NotFound);
    assert.equal(flo.statusCodeToString(error.status), "not found");
  });
});
