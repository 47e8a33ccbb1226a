/** Who did what, when, from where: the records of `_audit` of this namespace, newest first. */

import type { StreamRecord } from "@floruntime/core";
import { useFlo } from "../flo.js";
import { textOf } from "../format.js";
import { useLive } from "../live.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { Payload } from "../parts/payload.js";
import { Empty, Trouble } from "../parts/state.js";

const SHOWN_MAX = 200;
const AUDIT = "_audit";
const DAY_MS = 86_400_000;

interface Entry {
  readonly id: string;
  readonly atMs: bigint;
  readonly who: string;
  readonly what: string;
  readonly from: string;
  readonly payload: Uint8Array;
}

export function Audit() {
  const { client } = useFlo();
  const { value, error } = useLive(async () => {
    const from = BigInt(Date.now() - DAY_MS);
    const { records } = await client.stream.read(AUDIT, { from, limit: SHOWN_MAX });
    return records.map(entryOf).reverse();
  }, [client]);
  return (
    <>
      <p class="quiet">The last day. All of it: flo stream read {AUDIT}</p>
      <Trouble error={error} />
      {value?.length === 0 ? <Empty>Nothing was written by an administrator.</Empty> : null}
      {(value ?? []).map((entry) => (
        <details class="card" key={entry.id}>
          <summary>
            <strong>{entry.what}</strong> by <Name text={entry.who} />{" "}
            <span class="quiet">
              from {entry.from}, <Moment ms={entry.atMs} />
            </span>
          </summary>
          <Payload payload={entry.payload} label="Record" />
        </details>
      ))}
    </>
  );
}

function entryOf(record: StreamRecord): Entry {
  let told: Readonly<Record<string, unknown>> = {};
  try {
    told = JSON.parse(textOf(record.payload) ?? "");
  } catch {
    // It is shown as it is.
  }
  const text = (name: string) => (typeof told[name] === "string" ? told[name] : "–");
  return {
    id: String(record.id),
    atMs: record.timestampMs,
    who: text("who"),
    what: text("what"),
    from: text("from"),
    payload: record.payload,
  };
}
