/** A moment as how long ago it was; the exact one is its title. */

import { ago, moment } from "../format.js";

export function Moment({ ms }: { ms: bigint | number | null | undefined }) {
  if (ms === null || ms === undefined) {
    return <span class="quiet">–</span>;
  }
  return (
    <time title={moment(ms)} dateTime={new Date(Number(ms)).toISOString()}>
      {ago(ms)}
    </time>
  );
}
