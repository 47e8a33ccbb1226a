/** Batches: what is recorded, what is refused, what comes back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { LeaseMemory } from "../dist/api/base/leases.js";
import { type Batch, runBatch } from "../dist/api/batch.js";
import { BadRequestError, ProtocolError } from "../dist/base/errors.js";
import { BATCH_BYTES_MAX, BATCH_COMMANDS_MAX } from "../dist/base/limits.generated.js";
import type { Task } from "../dist/wire/messages.generated.js";
import type { Request } from "../dist/wire/request.js";
import { StreamID } from "../dist/wire/stream-id.js";
import { Recorder } from "./recorder.js";
import { rejection } from "./setup.js";

const memories = () => ({ queue: new LeaseMemory(), stream: new LeaseMemory() });
const TASK = { runId: "run-1", lease: 9n } as Task;

function commandsOf(caller: Recorder): Request<unknown>[] {
  return caller.lastFields["commands"] as Request<unknown>[];
}

test("a batch records writes and answers what each would have answered", async () => {
  const caller = new Recorder();
  caller.answers.push([[5], [[7]], [[[[9, 0], 3, 0, 9]]], null, true].map((each) => each));
  caller.answers[0] = [[5], [7], [[[9, 0], 3, 0, 9]], null, true];
  const fill = (b: Batch) => {
    b.kv.put("k", "v", { casVersion: 4n });
    b.queue.enqueue("q", "p");
    b.streams.append("s", "p");
    b.kv.check("other", { version: 0 });
    b.kv.delete("k");
  };
  const results = await runBatch(caller, memories(), fill, {});
  const [put, seq, appended, ...others] = results;
  assert.deepEqual([put, seq, ...others], [{ version: 5n }, 7n, null, true]);
  assert.deepEqual(
    { ...(appended as object) },
    { id: new StreamID(9n, 0n), offset: 3n, partition: 0, timestampMs: 9n },
  );
  assert.deepEqual(
    commandsOf(caller).map(({ kind }) => kind.name),
    ["KvPut", "QueueEnqueue", "StreamAppend", "KvCheck", "KvDelete"],
  );
});

test("a batch has every write, and nothing that reads or delivers", async () => {
  await runBatch(
    new Recorder(),
    memories(),
    (b) => {
      assert.deepEqual(Object.keys(b.kv).sort(), [
        ...["check", "delete", "incr", "jsonDel", "jsonSet", "persist", "put", "touch"],
      ]);
      assert.deepEqual(Object.keys(b.queue).sort(), [
        ...["ack", "configure", "delete", "dlqDelete", "dlqPurge", "dlqRequeue", "enqueue"],
        ...["enqueueMany", "nack", "pause", "promote", "purge", "resume", "touch"],
      ]);
      assert.deepEqual(Object.keys(b.stream).sort(), [
        ...["alter", "append", "appendMany", "create", "delete", "groupAck", "groupClaim"],
        ...["groupConfigure", "groupCreate", "groupDeadDelete", "groupDeadRequeue", "groupDelete"],
        ...["groupJoin", "groupLeave", "groupNack", "groupSeek", "groupTouch", "trim"],
      ]);
      assert.deepEqual(Object.keys(b.action).sort(), ["cancel", "invoke"]);
      assert.deepEqual(Object.keys(b.worker).sort(), ["complete", "fail"]);
      assert.deepEqual(Object.keys(b.workflow).sort(), [
        "cancel",
        "fork",
        "pause",
        "signal",
        "start",
      ]);
      assert.equal(b.size, 0);
    },
    {},
  );
});

test("nothing is sent when the function throws, or records nothing", async () => {
  const caller = new Recorder();
  const problem = new Error("no");
  const failing = runBatch(
    caller,
    memories(),
    async (b) => {
      b.kv.put("k", "v");
      await Promise.resolve();
      throw problem;
    },
    {},
  );
  assert.equal(await rejection(failing), problem);
  assert.deepEqual(await runBatch(caller, memories(), () => undefined, {}), []);
  assert.equal(caller.asked.length, 0);
});

test("a batch is over when its function has ended", async () => {
  const caller = new Recorder();
  let kept: Batch | undefined;
  await runBatch(
    caller,
    memories(),
    (b) => {
      kept = b;
    },
    {},
  );
  assert.throws(() => kept?.kv.put("k", "v"), /this batch is over/);
});

test("a batch has one namespace, and knows the leases of it", async () => {
  const caller = new Recorder();
  const known = memories();
  known.queue.remember(5n, "other", "q", 1n);
  known.queue.remember(6n, "mine", "q", 1n);
  caller.answers.push([[[], []]]);
  await runBatch(caller, known, (b) => b.queue.ack("q", [1n]), { namespace: "other" });
  assert.equal(caller.last?.namespace, "other");
  const [ack] = commandsOf(caller);
  assert.deepEqual(ack?.fields, { queue: "q", seqs: [1n], leases: [5n] });
  const fill = (b: Batch) => b.kv.put("k", "v", { namespace: "x" } as object);
  const error = await rejection(runBatch(caller, known, fill, {}));
  assert.ok(error instanceof BadRequestError);
  assert.match(error.message, /kv\.put has no option "namespace"/);
});

test("a batch takes as many commands and bytes as are allowed", async () => {
  const caller = new Recorder();
  const fill = (count: number) => (b: Batch) => {
    for (let index = 0; index < count; index++) {
      b.kv.delete("k");
    }
  };
  caller.answers.push(new Array(BATCH_COMMANDS_MAX).fill(true));
  const results = await runBatch(caller, memories(), fill(BATCH_COMMANDS_MAX), {});
  assert.equal(results.length, BATCH_COMMANDS_MAX);
  const many = await rejection(runBatch(caller, memories(), fill(BATCH_COMMANDS_MAX + 1), {}));
  assert.ok(many instanceof BadRequestError);
  assert.equal(many.index, BATCH_COMMANDS_MAX);
  const large = (b: Batch) => b.kv.put("k", new Uint8Array(BATCH_BYTES_MAX));
  const heavy = await rejection(runBatch(caller, memories(), large, {}));
  assert.match((heavy as Error).message, /at most 4194304 are allowed/);
});

test("an answer that does not fit the batch is a protocol error", async () => {
  const caller = new Recorder();
  caller.answers.push([true]);
  const fill = (b: Batch) => {
    b.kv.delete("a");
    b.kv.delete("b");
  };
  assert.ok((await rejection(runBatch(caller, memories(), fill, {}))) instanceof ProtocolError);
});

test("runs are settled and invoked in a batch", async () => {
  const caller = new Recorder();
  caller.answers.push([null, null, ["run-2", true], ["wf-1", true]]);
  const fill = (b: Batch) => {
    b.worker.complete("w", TASK, "out");
    b.worker.fail("w", TASK, "no", { retry: false });
    b.action.invoke("next", "in");
    b.workflow.start("fulfil", { order: 42 });
  };
  const results = await runBatch(caller, memories(), fill, {});
  assert.deepEqual(results.slice(2), [{ runId: "run-2", created: true }, "wf-1"]);
});

test("records claimed in a batch are remembered by their leases", async () => {
  const caller = new Recorder();
  const known = memories();
  const record = [[5, 0], 0, 0, "s", new Uint8Array(0), {}, null, 5, 1, 42];
  caller.answers.push([[[record]]]);
  await runBatch(
    caller,
    known,
    (b) => b.stream.groupClaim("s", { group: "g", consumer: "c", minIdleMs: 1 }),
    {},
  );
  assert.equal(known.stream.get("mine", "s", "g", "5-0"), 42n);
});

test("what fills a batch must be a function", async () => {
  for (const fill of [undefined, [], { kv: 1 }]) {
    const error = await rejection(runBatch(new Recorder(), memories(), fill as never, {}));
    assert.ok(error instanceof BadRequestError, String(error));
    assert.match(error.message, /batch takes a function that fills it, not/);
  }
});
