/** A moment as how long ago it was; the exact one is its title. */

import { useEffect, useState } from "preact/hooks";

import { ago, moment } from "../format.js";
import { onSight } from "../sight.js";

const TICK_MS = 2_000;
const ticking = new Set<(nowMs: number) => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One timer for all moments on the page, while there are some and somebody looks. */
function wind(): void {
  clearInterval(timer);
  const tick = () => {
    for (const each of ticking) {
      each(Date.now());
    }
  };
  timer = document.hidden || ticking.size === 0 ? undefined : setInterval(tick, TICK_MS);
}

onSight(wind);

/** The time of now, as it goes on: what nothing changes grows older all the same. */
function useNow(): void {
  const [, setNow] = useState(0);
  useEffect(() => {
    ticking.add(setNow);
    if (ticking.size === 1) {
      wind();
    }
    return () => {
      ticking.delete(setNow);
      if (ticking.size === 0) {
        wind();
      }
    };
  }, []);
}

export function Moment({ ms }: { ms: bigint | number | null | undefined }) {
  useNow();
  if (ms === null || ms === undefined) {
    return <span class="quiet">–</span>;
  }
  return (
    <time title={moment(ms)} dateTime={new Date(Number(ms)).toISOString()}>
      {ago(ms)}
    </time>
  );
}
