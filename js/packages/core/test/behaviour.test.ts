/**
 * What a client sends and what its caller sees, told once for both SDKs: `js/vectors/behaviour`.
 *
 * `js/vectors/README.md` says what the events mean.
 */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { FakeClock } from "@floruntime/testing";
import { FloClient } from "../dist/api/client.js";
import type { Subscription } from "../dist/api/stream/follow.js";
import { errorOf, FloError } from "../dist/base/errors.js";
import { silentLogger } from "../dist/base/logger.js";
import { StreamID } from "../dist/wire/stream-id.js";
import { type Envelope, encodeAnswer, encodeError } from "./envelope.js";
import { FakeServer, SILENCE } from "./fake-server.js";

type Fields = Readonly<Record<string, unknown>>;
type Event = Readonly<Record<string, unknown>>;

interface Scenario {
  readonly name: string;
  readonly play: readonly Event[];
}

/** What `kv.watch`, `stream.follow` and `workflow.follow` give. */
interface Called extends AsyncIterableIterator<unknown> {
  start(): Promise<void>;
  close(): Promise<void>;
}

type Outcome = { readonly value: unknown } | { readonly error: unknown };

const VECTORS = new URL("../../../vectors/behaviour/", import.meta.url);
const UNCOUNTED = ["CancelWait", "Ping", "SessionOpen"];

/** Something that is waited for in the background. */
class Pending {
  outcome: Outcome | null = null;

  constructor(promise: Promise<unknown>) {
    promise.then(
      (value) => {
        this.outcome = { value };
      },
      (error: unknown) => {
        this.outcome = { error };
      },
    );
  }

  get value(): unknown {
    assert.ok(this.outcome !== null, "it still waits");
    if ("error" in this.outcome) {
      throw this.outcome.error;
    }
    return this.outcome.value;
  }

  get error(): unknown {
    assert.ok(this.outcome !== null && "error" in this.outcome, "it did not fail");
    return this.outcome.error;
  }
}

/** One scenario on its way: the server's end, and what the caller has in hand. */
class Play {
  readonly clock = new FakeClock();
  readonly server = new FakeServer(() => SILENCE);
  readonly client = new FloClient(this.server, {
    clock: this.clock,
    retry: { jitter: 0 },
    timeoutMs: 5_000,
    logger: silentLogger,
  });
  readonly #given: unknown[] = [];
  #lookedAt = 0;
  #asked: Envelope | null = null;
  #called: Called | null = null;
  #subscription: Subscription | null = null;
  #pending: Pending | null = null;

  async event(event: Event): Promise<void> {
    const [name = "", told] = Object.entries(event)[0] ?? [];
    const act = this.#acts[name];
    assert.ok(act, `no such event: ${JSON.stringify(event)}`);
    await act(told, event);
    await this.clock.settle();
  }

  readonly #acts: Readonly<Record<string, (told: unknown, event: Event) => unknown>> = {
    call: (method, event) => this.#call(method as string, event),
    next: () => this.#wait(this.#of(this.#called).next()),
    start: () => this.#wait(this.#of(this.#called).start()),
    close: () => Promise.all([this.#called?.close(), this.#subscription?.close()]),
    close_client: () => this.client.close(),
    answer: (fields) => this.#reply(encodeAnswer(this.#of(this.#asked).id, travelling(fields))),
    refuse: (code, event) => this.#refuse(code as string, (event["details"] ?? {}) as Fields),
    lose: () => this.server.dropLinks(),
    down: () => {
      this.server.connectError = new Error("refused");
    },
    up: () => {
      this.server.connectError = null;
    },
    pass_ms: (ms) => this.clock.advance(ms as number),
    asked: (name, event) => this.#expectAsked(name as string | null, event["fields"] as Fields),
    cancelled: () => this.#expectCancelled(),
    gives: (fields) => this.#expectGives(fields as Fields),
    waits: () => this.#expectWaits(),
    started: () => {
      assert.equal(this.#taken().value, undefined);
    },
    raises: (code) => this.#expectRaises(code as string),
    ends: () => this.#expectEnds(),
  };

  #of<T>(thing: T | null): T {
    assert.ok(thing !== null, "it is not there");
    return thing;
  }

  /** What was waited for; nothing is, from now on. */
  #taken(): Pending {
    const pending = this.#of(this.#pending);
    assert.ok(pending.outcome !== null, "it still waits");
    this.#pending = null;
    return pending;
  }

  // Events that act

  #call(method: string, event: Event): void {
    const given = (event["arguments"] ?? []) as string[];
    const options = inJavaScript((event["options"] ?? {}) as Fields);
    const [part = "", name = ""] = method.split(".");
    const parts = this.client as unknown as Record<string, Record<string, unknown> | undefined>;
    const call = (...all: unknown[]) =>
      (this.#of(parts[part] ?? null)[name] as (...all: unknown[]) => unknown).apply(
        parts[part],
        all,
      );
    if (name === "subscribe") {
      const subscribing = call(...given, (item: unknown) => this.#given.push(item), options);
      this.#wait(
        (subscribing as Promise<Subscription>).then((subscription) => {
          this.#subscription = subscription;
        }),
      );
    } else {
      this.#called = call(...given, options) as Called;
    }
  }

  #wait(promise: Promise<unknown>): void {
    this.#pending = new Pending(promise);
  }

  #reply(message: Uint8Array): void {
    this.server.links.at(-1)?.deliver(message);
  }

  #refuse(code: string, details: Fields): void {
    const { id } = this.#of(this.#asked);
    this.#reply(encodeError(id, errorOf(code, "refused", { details: shownToServer(details) })));
  }

  // Events that expect

  #expectAsked(name: string | null, fields: Fields = {}): void {
    const counted = this.server.seen
      .slice(this.#lookedAt)
      .filter(({ kind }) => !UNCOUNTED.includes(kind.name));
    if (name === null) {
      assert.deepEqual(counted, []);
      return;
    }
    const [asked] = counted;
    assert.ok(asked, `${name} was not asked`);
    this.#asked = asked;
    this.#lookedAt = this.server.seen.indexOf(asked) + 1;
    assert.equal(asked.kind.name, name);
    assert.deepEqual(shown(asked.fields, fields), fields);
  }

  #expectCancelled(): void {
    const cancelled = this.server
      .requests({ name: "CancelWait" })
      .map(({ fields }) => fields["requestId"]);
    assert.deepEqual(cancelled, [this.#of(this.#asked).id]);
  }

  #expectGives(fields: Fields): void {
    if (this.#subscription === null) {
      const { done, value } = this.#taken().value as IteratorResult<unknown>;
      assert.equal(done, false);
      this.#given.push(value);
    }
    assert.deepEqual(shown(this.#given.shift() as Fields, fields), fields);
  }

  #expectWaits(): void {
    assert.deepEqual(this.#given, []);
    if (this.#pending !== null) {
      assert.equal(this.#pending.outcome, null);
    } else {
      assert.equal(this.#of(this.#subscription).isActive, true);
    }
  }

  #expectRaises(code: string): void {
    let error: unknown;
    if (this.#pending === null) {
      const subscription = this.#of(this.#subscription);
      assert.equal(subscription.isActive, false);
      error = subscription.error;
    } else {
      error = this.#taken().error;
    }
    assert.ok(error instanceof FloError);
    assert.equal(error.code, code);
  }

  #expectEnds(): void {
    if (this.#subscription !== null) {
      assert.equal(this.#subscription.isActive, false);
      assert.equal(this.#subscription.error, null);
      return;
    }
    assert.equal((this.#taken().value as IteratorResult<unknown>).done, true);
  }
}

/** A name as JavaScript has it. */
function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function inJavaScript(options: Fields): Fields {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [camel(name), value]));
}

/** Details keep the names that travel. */
function shownToServer(details: Fields): Fields {
  return (details["details"] as Fields | undefined) ?? details;
}

/** A value of a vector as it is packed. */
function travelling(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(travelling);
  }
  const bytes = (value as { bytes?: string } | null)?.bytes;
  return bytes === undefined ? value : Buffer.from(bytes, "hex");
}

/** These fields of a message, as vectors write them. */
function shown(thing: Fields, fields: Fields): Fields {
  return Object.fromEntries(
    Object.keys(fields).map((name) => [name, asVector(thing[camel(name)] ?? thing[name] ?? null)]),
  );
}

function asVector(value: unknown): unknown {
  if (value instanceof Uint8Array) {
    return { bytes: Buffer.from(value).toString("hex") };
  }
  if (value instanceof StreamID) {
    return value.toString();
  }
  return typeof value === "bigint" ? Number(value) : value;
}

const files = readdirSync(VECTORS).filter((file) => file.endsWith(".json"));
assert.ok(files.length > 0);
for (const file of files) {
  const scenarios = JSON.parse(readFileSync(new URL(file, VECTORS), "utf8")) as Scenario[];
  for (const { name, play: events } of scenarios) {
    test(`${file}: ${name}`, async () => {
      const play = new Play();
      await play.clock.until(play.client.connect());
      for (const [number, event] of events.entries()) {
        try {
          await play.event(event);
        } catch (error) {
          (error as Error).message += `\n(event ${number}: ${JSON.stringify(event)})`;
          throw error;
        }
      }
      await play.client.close();
    });
  }
}
