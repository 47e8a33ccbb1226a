/** Options that are `null` count as left out, for every option of every call. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { BadRequestError, BadTypeError } from "../dist/base/errors.js";
import { ofCall } from "../dist/base/options.js";
import { RetryPolicy } from "../dist/link/retry.js";
import { KvGet } from "../dist/wire/messages.generated.js";
import { CASES, type Primitives, primitives } from "./primitive-cases.js";
import { type Asked, Recorder } from "./recorder.js";
import { rejection, setUp } from "./setup.js";

type Options = Readonly<Record<string, unknown>>;
type Method = (...given: unknown[]) => unknown;

/** What `null` says here is not what leaving it out says. */
const SAYING = [
  "stream.alter maxAgeMs",
  "stream.alter maxRecords",
  "stream.alter maxBytes",
  "workflow.fork input",
];
const OPTIONS_MIN = 250;

/** Primitives whose calls get `more` among their options. */
function withMore(caller: Recorder, more: Options): { client: Primitives; called: string[] } {
  const called: string[] = [];
  const wrapped = Object.entries(primitives(caller)).map(([primitive, object]) => [
    primitive,
    new Proxy(object as object, {
      get(target, name) {
        const method = Reflect.get(target, name, target) as Method;
        return (...given: unknown[]) => {
          called.push(`${primitive}.${String(name)}`);
          return method.apply(target, mixed(given, more));
        };
      },
    }),
  ]);
  return { client: Object.fromEntries(wrapped) as Primitives, called };
}

/** What is given, `more` in its last object, or behind all. */
function mixed(given: readonly unknown[], more: Options): unknown[] {
  const last = given.at(-1);
  const isPlain = Object.prototype.toString.call(last) === "[object Object]";
  const isOptions = isPlain && Object.getPrototypeOf(last) === Object.prototype;
  return isOptions ? [...given.slice(0, -1), { ...(last as Options), ...more }] : [...given, more];
}

interface Outcome {
  readonly asked: readonly Asked[];
  readonly error: string;
}

async function outcomeOf(index: number, more: Options): Promise<Outcome & { called: string }> {
  const caller = new Recorder();
  const { client, called } = withMore(caller, more);
  const [call, , , answer] = CASES[index] as (typeof CASES)[number];
  caller.answers.push(answer);
  let error = "";
  try {
    await call(client);
  } catch (caught) {
    error = String(caught);
  }
  const asked = caller.asked.map((each) => ({ ...each, ...ofCall(each as never) }));
  return { asked, error, called: called[0] ?? "" };
}

/** The options that a call has, by its own word; nothing where `more` found no place. */
async function namesOf(index: number): Promise<string[]> {
  const { error } = await outcomeOf(index, { nonsense: 1 });
  const [, names] = /has no option "?nonsense"?; it has: (.*)$/.exec(error) ?? [];
  return names === undefined ? [] : names.split(", ");
}

test("every option of every call may be null, and is left out then", async () => {
  const wrong: string[] = [];
  const seen = new Set<string>();
  for (const index of CASES.keys()) {
    for (const name of await namesOf(index)) {
      const without = await outcomeOf(index, { [name]: undefined });
      const given = await outcomeOf(index, { [name]: null });
      const option = `${given.called} ${name}`;
      seen.add(option);
      const isSame = sameText(without) === sameText(given);
      if (isSame === SAYING.includes(option) && !(without.error && isSame)) {
        wrong.push(`${option}: ${without.error} / ${given.error}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(seen.size >= OPTIONS_MIN, `${seen.size} options`);
  assert.deepEqual(
    SAYING.filter((option) => !seen.has(option)),
    [],
  );
});

function sameText({ asked, error }: Outcome): string {
  const plain = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);
  return JSON.stringify([asked, error], plain);
}

test("what is no object is refused as options, null too", async () => {
  const { kv } = primitives(new Recorder());
  for (const options of [null, 5, "x", []]) {
    const error = await rejection(kv.get("k", options as never));
    assert.ok(error instanceof BadTypeError, String(error));
  }
});

test("a null beside the same option in Python's spelling is passed over", async () => {
  const caller = new Recorder();
  const { kv } = primitives(caller);
  await kv.scan("p", { keys_only: true, keysOnly: null } as never);
  assert.equal(caller.lastFields["keysOnly"], true);
  await kv.scan("p", { keys_only: null, keysOnly: true } as never);
  assert.equal(caller.lastFields["keysOnly"], true);
  const twice = await rejection(kv.scan("p", { keys_only: true, keysOnly: false } as never));
  assert.ok(twice instanceof BadRequestError);
});

test("what every call has may be null, and is taken in Python's spelling", async () => {
  const { clock, client, server } = setUp(undefined, { timeoutMs: 300 });
  const nothing = { namespace: null, timeoutMs: null, signal: null, blockMs: null };
  await clock.until(client.kv.get("a", nothing as never));
  await clock.until(client.call(KvGet.of({ key: "a" }), nothing as never));
  server.script = () => new Promise(() => undefined);
  const begunMs = clock.nowMs();
  await clock.until(rejection(client.kv.get("a", { timeout_ms: 100, block_ms: 0 } as never)));
  assert.ok(clock.nowMs() - begunMs < 300, "its own time-out");
  await client.close();
});

test("settings of a client, its connecting and its back-off may be null, or in Python's spelling", async () => {
  const names = ["namespace", "timeoutMs", "token", "retry", "reads", "maxStalenessMs", "debug"];
  const nulls = Object.fromEntries(names.map((name) => [name, null]));
  const { clock, client } = setUp(undefined, nulls as never);
  assert.equal(client.namespace, "default");
  await clock.until(client.connect({ waitMs: null } as never));
  await client.close();
  const { client: other } = setUp(undefined, { max_staleness_ms: 5, reads: "local" } as never);
  assert.equal(other.namespace, "default");
  assert.throws(() => setUp(undefined, { timeout_ms: -1 } as never), /timeoutMs is -1/);
  const delays = { initialDelayMs: null, maxDelayMs: null, multiplier: null, jitter: null };
  assert.equal(new RetryPolicy(delays as never).delayMs(0, 0), 50);
});
