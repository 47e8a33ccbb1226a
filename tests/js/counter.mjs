// Counts in a cluster until its input ends, one call after the other, and prints what it was told.
// Any copy may answer what it reads, but never from before its own writes.

import { FloClient } from "../../js/packages/node/dist/index.js";

const client = new FloClient(process.argv[2], { timeoutMs: 30_000, reads: "local" });
let isOver = false;
process.stdin.on("data", () => undefined).on("end", () => {
  isOver = true;
});
for (let expected = 1n; !isOver; expected += 1n) {
  const counted = BigInt(await client.kv.incr("counted"));
  if (counted !== expected) {
    throw new Error(`told ${counted} instead of ${expected}`);
  }
  const read = BigInt(new TextDecoder().decode(await client.kv.get("counted")));
  if (read !== expected) {
    throw new Error(`read ${read} instead of ${expected}`);
  }
  process.stdout.write(`${counted}\n`);
  await new Promise((resolve) => setTimeout(resolve, 5));
}
await client.close();
