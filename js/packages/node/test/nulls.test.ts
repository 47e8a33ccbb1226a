/** Settings of clients and workers that are `null` count as left out. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ActionWorker, FloClient, QueueWorker, StreamWorker } from "@floruntime/node";
import { FloClient as WebClient } from "@floruntime/web";

const PLACE = { endpoint: "localhost:1", logger: false };
const handler = (): void => undefined;
const STREAM = { ...PLACE, stream: "s", group: "g", handler };

/** What takes options, and those that it must have. */
const TAKERS: Readonly<Record<string, [take: (options: never) => unknown, needed: object]>> = {
  FloClient: [(options) => new FloClient("localhost:1", options), {}],
  "FloClient of a page": [(options) => new WebClient("ws://localhost:1/ws", options), {}],
  ActionWorker: [(options) => new ActionWorker(options), PLACE],
  "ActionWorker.action": [(options) => new ActionWorker(PLACE).action("a", handler, options), {}],
  QueueWorker: [(options) => new QueueWorker(options), PLACE],
  "QueueWorker.queue": [(options) => new QueueWorker(PLACE).queue("q", handler, options), {}],
  StreamWorker: [(options) => new StreamWorker(options), STREAM],
};
const ITS_OWN = ["tls", "webSocket", "token", "authToken", "onAuthRequired", "input"];

for (const [name, [take, needed]] of Object.entries(TAKERS)) {
  test(`${name} takes null for every option`, () => {
    const [, told] =
      /it has: (.*)$/.exec(refusal(() => take({ ...needed, nonsense: 1 } as never))) ?? [];
    assert.ok(told !== undefined);
    const named = told.split(", ").filter((option) => !(option in needed));
    const own = name.startsWith("FloClient") || name.endsWith(".action") ? ITS_OWN : [];
    const options = [...named, ...own.filter((option) => isOf(name, option))];
    assert.ok(options.length > 3, told);
    for (const option of options) {
      assert.equal(
        refusal(() => take({ ...needed, [option]: null } as never)),
        "",
        option,
      );
    }
    const nulls = Object.fromEntries(options.map((option) => [option, null]));
    assert.equal(
      refusal(() => take({ ...needed, ...nulls } as never)),
      "",
    );
  });
}

/** What a constructor takes for itself, beside what it passes on. */
function isOf(name: string, option: string): boolean {
  const isPage = ["webSocket", "token", "authToken", "onAuthRequired"].includes(option);
  return name.endsWith("page")
    ? isPage
    : name.endsWith(".action") === (option === "input") && !isPage;
}

function refusal(take: () => unknown): string {
  try {
    take();
    return "";
  } catch (error) {
    return String(error);
  }
}
