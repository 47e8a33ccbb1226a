/** With `reads: "local"`: which refusals leave reads to the copies of a cluster. */

import assert from "node:assert/strict";
import { test } from "node:test";

import * as errors from "../dist/base/errors.js";
import { KvGet, KvPut } from "../dist/wire/messages.generated.js";
import { answerPlainly, is } from "./fake-server.js";
import { rejection, setUp } from "./setup.js";

const REFUSALS: [refusal: errors.FloError, bound: number][] = [
  [new errors.UnavailableError("nobody leads", { ran: "maybe" }), 250],
  [new errors.OverloadedError("too much", { ran: "maybe" }), 250],
  [new errors.ConflictError("it has another version"), -1],
];

for (const [refusal, bound] of REFUSALS) {
  const who = bound === 250 ? "any copy" : "the leader alone";
  test(`a read after ${refusal.name} is answered by ${who}`, async () => {
    const options = { reads: "local", maxStalenessMs: 250 } as const;
    const { server, clock, client } = setUp(
      (envelope) => (is(envelope, KvPut) ? refusal : answerPlainly(envelope)),
      options,
    );
    server.welcome = (isKnown) => ["9", server.limits, isKnown, "admin", "one", ["a:1"], "a", ""];
    const error = await rejection(clock.until(client.kv.put("k", "v")));
    assert.equal((error as errors.FloError).code, refusal.code);
    await clock.until(client.kv.get("k"));
    const [asked] = server.requests(KvGet);
    assert.equal((asked?.terms as unknown[] | undefined)?.[2], bound);
    await client.close();
  });
}
