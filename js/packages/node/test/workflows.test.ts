/** Workflows from Node: the walk-through, files of definitions, refusals, schedules. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { BadRequestError, ConflictError, FloClient, NotFoundError } from "@floruntime/node";
import { environment, Peer, Process } from "@floruntime/testing";

const EXAMPLE = fileURLToPath(new URL("../../../examples/build/workflow.js", import.meta.url));

let peer: Peer;
let client: FloClient;
let names = 0;
const files = mkdtempSync(join(tmpdir(), "flo-workflows-"));

before(async () => {
  peer = await Peer.start();
  client = new FloClient(peer.endpoint);
});
after(async () => {
  await client.close();
  await peer.stop();
  rmSync(files, { recursive: true });
});

const fresh = (): string => `wf-${names++}`;
const text = (value: Uint8Array | null | undefined): string | null =>
  value ? new TextDecoder().decode(value) : null;

/** A workflow that only waits for a signal. */
function waiting(name: string, more = ""): string {
  return [
    "kind: Workflow",
    `name: ${name}`,
    'version: "1"',
    "start:",
    "  waitForSignal: { type: go }",
    "  transitions: { success: flo.Completed }",
    more,
  ].join("\n");
}

test("the walk-through says what it should", async () => {
  const settings = environment({ FLO_ENDPOINT: peer.endpoint });
  const running = new Process(process.execPath, [EXAMPLE], settings);
  await running.line(/nobody says anything/);
  let isOver = false;
  const ended = running.ended().finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await peer.advance(100); // the signal's deadline is by the server's clock
  }
  assert.equal(await ended, 0, running.lines.join("\n"));
  assert.deepEqual(running.lines, [
    "— sync: safe on every start of an application",
    "  order v1: created",
    "  order v1: unchanged",
    "  order v2: updated",
    "  a broken one is refused: E110 in line 1",
    "— routing by outcome",
    "  an order of 42: completed at charge",
    "  an order of -1: failed at start",
    "— a signal",
    "  waiting for approval_decision",
    '  completed, with {"charged":500}',
    "— nobody says anything: the signal's timeout",
    "  failed at turned-down",
    "— history",
    "  1 workflow_started",
    "  2 step_started start",
    "  3 awaiting_action start",
    "  4 action_completed start",
    "  5 step_completed start",
    "  6 step_started approval",
    "  7 waiting_for_signal approval",
    "  8 signal_received approval",
    "  9 signal_matched approval",
    "  10 step_completed approval",
    "  11 step_started decide",
    "  12 awaiting_action decide",
    "  13 action_completed decide",
    "  14 step_completed decide",
    "  15 step_started charge",
    "  16 awaiting_action charge",
    "  17 action_completed charge",
    "  18 step_completed charge",
    "  19 workflow_completed charge",
    "— cancellation",
    "  cancelled: the customer changed their mind",
    "— 5 runs, the latest cancelled",
  ]);
});

test("definitions are refused with all their problems, and where they are", async () => {
  const name = fresh();
  const broken = `${waiting(name)}nonsense: 1\nsteps: { other: 5 }\n`;
  await assert.rejects(client.workflow.sync(broken), (error: Error) => {
    assert.ok(error instanceof BadRequestError);
    assert.ok(error.problems.length >= 2);
    const problem = error.problems.find(({ severity }) => severity === "error");
    assert.match(problem?.code ?? "", /^E\d+$/);
    assert.ok((problem?.line ?? 0) > 5 && (problem?.column ?? 0) > 0);
    return true;
  });
  const unused = `${waiting(name)}terminals: { Odd: { status: failed } }\n`;
  const warnings = await client.workflow.validate(unused);
  assert.deepEqual(
    warnings.map(({ severity, path }) => [severity, path]),
    [["warning", "terminals.Odd"]],
  );
  assert.ok((await client.workflow.validate(broken)).length >= 2);
  assert.equal(await client.workflow.getDefinition(name), null);
  await client.workflow.sync(waiting(name));
  await assert.rejects(client.workflow.sync(waiting(name, "description: other\n")), ConflictError);
  const [definition] = (await client.workflow.listDefinitions()).filter(
    (each) => each.name === name,
  );
  assert.deepEqual([definition?.version, definition?.enabled], ["1", true]);
});

test("definitions in files: one, several, a directory; problems name their file", async () => {
  const [first, second] = [fresh(), fresh()];
  const paths = ["a.yaml", "b.yml", ".hidden.yaml", "notes.txt"].map((name) => join(files, name));
  const [a = "", b = "", hidden = "", notes = ""] = paths;
  writeFileSync(a, waiting(first));
  writeFileSync(b, waiting(second));
  writeFileSync(hidden, "not looked at");
  writeFileSync(notes, "not looked at");
  const results = await client.workflow.syncDir(files);
  assert.deepEqual(
    results.map(({ name, action }) => [name, action]),
    [
      [first, "created"],
      [second, "created"],
    ],
  );
  assert.equal((await client.workflow.syncFile(a)).action, "unchanged");
  assert.deepEqual(await client.workflow.syncFiles([]), []);
  await assert.rejects(client.workflow.syncFiles(a as never), /paths must be a list, not string/);
  await assert.rejects(client.workflow.syncFile(5 as never), /a path must be text, not number/);
  await assert.rejects(client.workflow.syncDir(null as never), /a path must be text, not null/);
  const linked = mkdtempSync(join(files, "linked-"));
  symlinkSync(a, join(linked, "a.yaml")); // as Kubernetes mounts files
  symlinkSync(join(linked, "nowhere"), join(linked, "b.yaml"));
  assert.deepEqual(
    (await client.workflow.syncDir(linked)).map(({ action }) => action),
    ["unchanged"],
  );
  writeFileSync(b, "kind: Nonsense\n");
  await assert.rejects(client.workflow.syncDir(files), (error: Error) => {
    assert.ok(error instanceof BadRequestError);
    assert.ok(error.problems.every(({ file }) => file === b));
    assert.ok(error.message.startsWith(b), error.message);
    return true;
  });
});

test("runs: keys, ids of one's own, signals that come early, search", async () => {
  const name = fresh();
  const more =
    "idempotency: optional\nsearchAttributes: [{ name: amount, type: number, from: $.input.amount }]\n";
  await client.workflow.sync(waiting(name, more));
  const input = { amount: 99.5 };
  const runId = await client.workflow.start(name, input, { idempotencyKey: "k" });
  assert.equal(await client.workflow.start(name, input, { idempotencyKey: "k" }), runId);
  await assert.rejects(
    client.workflow.start(name, { amount: 1 }, { idempotencyKey: "k" }),
    ConflictError,
  );
  const own = await client.workflow.start(name, "null", { runId: `${name}-mine` });
  assert.equal(own, `${name}-mine`);
  const found = await client.workflow.listRuns({ workflowName: name, search: { amount: 99.5 } });
  assert.deepEqual(
    found.map((run) => run.run_id),
    [runId],
  );
  assert.deepEqual(found[0]?.search_attributes, { amount: 99.5 });
  await client.workflow.signal(runId, "go", new TextEncoder().encode('"payload"'));
  const run = await client.workflow.wait(runId);
  assert.deepEqual([run.status, text(run.output)], ["completed", '"payload"']);
  await assert.rejects(client.workflow.signal(runId, "go"), ConflictError);
  await assert.rejects(client.workflow.signal("none", "go"), NotFoundError);
  await assert.rejects(client.workflow.retry(runId), ConflictError);
  assert.equal((await client.workflow.wait(own, { blockMs: 0 })).status, "waiting");
});

test("a run can be started, signalled and cancelled in a batch", async () => {
  const name = fresh();
  await client.workflow.sync(waiting(name));
  const [first, second] = (await client.batch((b) => {
    b.workflow.start(name, { n: 1 });
    b.workflow.start(name, { n: 2 });
    b.kv.put(name, "started");
  })) as [string, string];
  await client.batch((b) => {
    b.workflow.signal(first, "go", "{}");
    b.workflow.cancel(second, "no");
  });
  assert.equal((await client.workflow.wait(first)).status, "completed");
  assert.equal((await client.workflow.status(second)).status, "cancelled");
});

test("schedules are listed, paused, resumed and triggered", async () => {
  const name = fresh();
  await client.workflow.sync(
    waiting(name, "schedule: { interval: 60000, overlap: allow, max_concurrent: 5 }\n"),
  );
  const find = async () =>
    (await client.workflow.schedules()).find((schedule) => schedule.name === name);
  assert.deepEqual([(await find())?.interval_ms, (await find())?.paused], [60_000, false]);
  assert.equal((await client.workflow.pauseSchedule(name)).paused, true);
  assert.equal((await client.workflow.resumeSchedule(name)).paused, false);
  const runId = await client.workflow.triggerSchedule(name);
  assert.equal((await client.workflow.status(runId)).workflow, name);
});

test("a run's history is followed to its end, over a restart of the server", async () => {
  const name = fresh();
  await client.workflow.sync(waiting(name));
  const runId = await client.workflow.start(name);
  const types: string[] = [];
  for await (const event of client.workflow.follow(runId)) {
    types.push(event.type);
    if (event.type === "waiting_for_signal") {
      await peer.restart();
      await client.workflow.signal(runId, "go");
    }
  }
  assert.deepEqual(types, [
    ...["workflow_started", "step_started", "waiting_for_signal", "signal_received"],
    ...["signal_matched", "step_completed", "workflow_completed"],
  ]);
});

test("a dry run tells what a sync would do, and does nothing", async () => {
  const name = fresh();
  const old = waiting(name);
  const changed = old.replace("flo.Completed", "flo.Failed");
  assert.equal((await client.workflow.sync(old, { dryRun: true })).action, "created");
  await client.workflow.sync(old);
  const path = join(files, `${name}.yaml`);
  writeFileSync(path, changed);
  for (const result of [
    await client.workflow.sync(changed, { dryRun: true }),
    await client.workflow.syncFile(path, { dryRun: true }),
  ]) {
    assert.deepEqual([result.action, result.current], ["refused", old]);
    assert.match(result.refusal ?? "", /another content/);
  }
  await assert.rejects(client.workflow.sync(changed, { dryRun: "yes" as never }), BadRequestError);
  rmSync(path);
});

test("the status of a run says what it waits for", async () => {
  const name = fresh();
  await client.action.register(name);
  const { runId } = await client.action.invoke(name, "in");
  const { waitsFor } = await client.action.status(runId);
  assert.equal(waitsFor?.text, `waits for a worker of ${name} (none is there)`);
  assert.deepEqual([waitsFor?.kind, waitsFor?.workers], ["worker", 0]);
});
