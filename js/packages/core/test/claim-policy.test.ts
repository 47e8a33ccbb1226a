/** What an action worker does next, as the table says that both SDKs share. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import {
  ClaimPolicy,
  Do,
  type Hand,
  PACE,
  type Pace,
  type Step,
} from "../dist/worker/claim-policy.js";

interface Event {
  readonly next?: Partial<Hand>;
  readonly answered?: Do;
  readonly failed?: Do;
  readonly took?: number;
  readonly began?: true;
  readonly stop?: true;
  readonly at_ms: number;
  readonly got: number;
  readonly was_ended?: boolean;
  readonly chance: number;
  readonly is?: object;
  readonly pause_ms?: number;
}

interface Case {
  readonly name: string;
  readonly concurrency: number;
  readonly block_ms: number;
  readonly pace?: Readonly<Record<string, number>>;
  readonly events: readonly Event[];
}

const VECTORS = new URL("../../../vectors/claim-policy.json", import.meta.url);
const CASES = JSON.parse(readFileSync(VECTORS, "utf8")) as readonly Case[];
const NOTHING: Hand = { running: 0, waiting: 0, results: 0, begun: 0 };

/** A policy, and the claim and the poll that are out. */
class Player {
  readonly #policy: ClaimPolicy;
  readonly #out = new Map<Do, Step>();

  constructor({ concurrency, block_ms, pace = {} }: Case) {
    const named = Object.entries(pace).map(([name, value]) => [camel(name), value]);
    const changed = Object.fromEntries(named) as Partial<Pace>;
    this.#policy = new ClaimPolicy(concurrency, block_ms, { ...PACE, ...changed });
  }

  /** What the policy says to one event; nothing where it is only told something. */
  play(event: Event): unknown {
    const { next, answered, failed, took, began, stop } = event;
    if (next !== undefined) {
      return this.#told(this.#policy.next({ ...NOTHING, ...next }, event.at_ms));
    }
    if (answered !== undefined) {
      const { got, at_ms, was_ended } = event;
      return this.#policy.answered(this.#taken(answered), got, at_ms, was_ended);
    }
    if (failed !== undefined) {
      return this.#policy.failed(this.#taken(failed), event.chance);
    }
    if (took !== undefined) {
      this.#policy.took(took);
    } else if (began) {
      this.#policy.began();
    } else if (stop) {
      this.#policy.stop();
    } else {
      throw new Error(`an event that nobody knows: ${JSON.stringify(event)}`);
    }
    return undefined;
  }

  #taken(what: Do): Step {
    const step = this.#out.get(what);
    assert.ok(step, `no ${what} is out`);
    this.#out.delete(what);
    return step;
  }

  #told(step: Step): object {
    const until = step.untilMs === null ? {} : { until_ms: step.untilMs };
    if (step.do !== Do.Claim && step.do !== Do.Poll) {
      return { do: step.do, ...until };
    }
    this.#out.set(step.do, step);
    const { count, places, blockMs } = step;
    return { do: step.do, count, places, block_ms: blockMs, ...until };
  }
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

for (const each of CASES) {
  test(each.name, () => {
    const player = new Player(each);
    for (const event of each.events) {
      const said = player.play(event);
      assert.deepEqual(said, event.is ?? event.pause_ms, JSON.stringify(event));
    }
  });
}
