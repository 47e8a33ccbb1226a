/** A filter by time: the last so long, or between two moments, by when something began or ended. */

import { useFlo } from "../flo.js";
import { setFilters } from "../route.js";

const SPANS: readonly (readonly [string, string])[] = [
  ["900000", "last 15 minutes"],
  ["3600000", "last hour"],
  ["86400000", "last day"],
  ["604800000", "last 7 days"],
];
const BETWEEN = "between";

/** What `listRuns` and `bulk` take. */
export interface Times {
  readonly startedAfterMs?: number;
  readonly startedBeforeMs?: number;
  readonly endedAfterMs?: number;
  readonly endedBeforeMs?: number;
}

export function When() {
  const { route } = useFlo();
  const { by = "started", time = "", from = "", to = "" } = route.filters;
  return (
    <div class="row" role="group" aria-label="time">
      <select
        aria-label="time of"
        value={by}
        onChange={(event) => setFilters(route, { by: textIn(event) })}
      >
        <option value="started">started</option>
        <option value="ended">ended</option>
      </select>
      <select
        aria-label="when"
        value={time}
        onChange={(event) => setFilters(route, { time: textIn(event) })}
      >
        <option value="">at any time</option>
        {SPANS.map(([span, text]) => (
          <option key={span} value={span}>
            {text}
          </option>
        ))}
        <option value={BETWEEN}>between…</option>
      </select>
      {time === BETWEEN ? (
        <>
          <input
            type="datetime-local"
            aria-label="from"
            value={from}
            onChange={(event) => setFilters(route, { from: textIn(event) })}
          />
          <input
            type="datetime-local"
            aria-label="to"
            value={to}
            onChange={(event) => setFilters(route, { to: textIn(event) })}
          />
        </>
      ) : null}
    </div>
  );
}

/** The filters of the address as times. */
export function timesOf(filters: Readonly<Record<string, string>>, nowMs = Date.now()): Times {
  const { by = "started", time = "", from = "", to = "" } = filters;
  const [afterMs, beforeMs] =
    time === BETWEEN ? [momentOf(from), momentOf(to)] : [lastOf(time, nowMs), undefined];
  const [after, before] =
    by === "ended"
      ? (["endedAfterMs", "endedBeforeMs"] as const)
      : (["startedAfterMs", "startedBeforeMs"] as const);
  return {
    ...(afterMs === undefined ? {} : { [after]: afterMs }),
    ...(beforeMs === undefined ? {} : { [before]: beforeMs }),
  };
}

/** What a list depends on: another text, another list. */
export function timesKey(filters: Readonly<Record<string, string>>): string {
  return ["by", "time", "from", "to"].map((name) => filters[name] ?? "").join("|");
}

function lastOf(time: string, nowMs: number): number | undefined {
  return /^\d+$/.test(time) ? nowMs - Number(time) : undefined;
}

function momentOf(text: string): number | undefined {
  const moment = Date.parse(text);
  return Number.isNaN(moment) ? undefined : moment;
}

function textIn(event: Event): string {
  return (event.currentTarget as HTMLInputElement | HTMLSelectElement).value;
}
