// Counts to a number in a cluster, one call after the other, and prints what it was told.

import { FloClient } from "../../js/packages/node/dist/index.js";

const [address, times] = process.argv.slice(2);
const client = new FloClient(address, { timeoutMs: 60_000 });
for (let number = 0; number < Number(times); number++) {
  process.stdout.write(`${await client.kv.incr("k")}\n`);
}
await client.close();
