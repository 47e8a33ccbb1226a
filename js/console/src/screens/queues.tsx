/** Queues: what is ready, delayed, leased, dead; dead letters with their reasons. */

import type { Message } from "@floruntime/core";
import { useState } from "preact/hooks";
import { asPage, useFlo } from "../flo.js";
import { age, count, glimpse } from "../format.js";
import { useLive, usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Payload } from "../parts/payload.js";
import { Empty, Loading, Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { linkTo } from "../route.js";
import { Dead } from "./dead-letters.js";

const PAGE_ROWS = 200;
const PEEKED_MAX = 50;

export function Queues() {
  const { route } = useFlo();
  const [name] = route.path;
  return name === undefined ? <All /> : <One key={name} name={name} />;
}

function All() {
  const { client, route } = useFlo();
  const queues = usePages(
    async (cursor) => asPage(await client.queue.list({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  return (
    <>
      <h1>Queues</h1>
      <Table
        label="queues"
        items={queues.items}
        keyOf={({ name }) => name}
        hrefOf={({ name }) => linkTo(route, "queues", [name])}
        isLoading={queues.isLoading}
        error={queues.error}
        onEnd={queues.more}
        empty="No queues. The first message creates one."
        columns={[
          {
            title: "queue",
            cell: ({ name, paused }) => (
              <>
                <Name text={name} /> {paused ? <Badge state="paused" /> : null}
              </>
            ),
            width: "2fr",
          },
          { title: "ready", cell: ({ ready }) => count(ready), isNumber: true },
          {
            title: "delayed",
            cell: ({ delayed }) => count(delayed),
            isNumber: true,
            isExtra: true,
          },
          { title: "leased", cell: ({ leased }) => count(leased), isNumber: true, isExtra: true },
          {
            title: "dead",
            cell: ({ dead }) => <span class={dead > 0 ? "bad" : ""}>{count(dead)}</span>,
            isNumber: true,
          },
          {
            title: "oldest",
            cell: ({ oldestAgeMs }) => age(oldestAgeMs),
            isNumber: true,
            width: "6rem",
          },
          {
            title: "waiting",
            cell: ({ waiting }) => count(waiting),
            isNumber: true,
            isExtra: true,
          },
          {
            title: "enqueued",
            cell: ({ enqueuedTotal }) => count(enqueuedTotal),
            isNumber: true,
            isExtra: true,
          },
        ]}
      />
    </>
  );
}

function One({ name }: { name: string }) {
  const { client } = useFlo();
  const act = useAct();
  const scope = `write:queue:${name}`;
  const [asked, setAsked] = useState<"purge" | "enqueue" | null>(null);
  const { value, error, reload } = useLive(async () => {
    const [stats, peeked] = await Promise.all([
      client.queue.stats(name),
      client.queue.peek(name, PEEKED_MAX),
    ]);
    return { stats, peeked: peeked.messages };
  }, [client, name]);
  const then = async (done: string, write: () => Promise<unknown>) => {
    if (await act(done, write)) {
      setAsked(null);
      reload();
    }
  };
  return (
    <>
      <h1>
        <Name text={name} /> {value?.stats.paused ? <Badge state="paused" /> : null}
      </h1>
      <Trouble error={error} />
      {value === null && error === null ? <Loading /> : null}
      {value === null ? null : (
        <>
          <ul class="numbers">
            {(["ready", "delayed", "leased", "waiting", "dead"] as const).map((state) => (
              <li key={state}>
                <div>
                  <strong class={state === "dead" && value.stats.dead > 0 ? "bad" : ""}>
                    {count(value.stats[state])}
                  </strong>
                  <span class="quiet">{state}</span>
                </div>
              </li>
            ))}
            <li>
              <div>
                <strong>{age(value.stats.oldestAgeMs)}</strong>
                <span class="quiet">oldest</span>
              </div>
            </li>
          </ul>
          <div class="bar">
            <Only role="worker" scope={scope}>
              <button type="button" onClick={() => setAsked("enqueue")}>
                Enqueue…
              </button>
            </Only>
            <Only role="backend" scope={scope}>
              {value.stats.paused ? (
                <button
                  type="button"
                  class="primary"
                  onClick={() => then("the queue was resumed", () => client.queue.resume(name))}
                >
                  Resume
                </button>
              ) : (
                <button
                  type="button"
                  onClick={() => then("the queue was paused", () => client.queue.pause(name))}
                >
                  Pause
                </button>
              )}
              <button type="button" onClick={() => setAsked("purge")}>
                Purge…
              </button>
            </Only>
          </div>
          <Messages title="Next messages" messages={value.peeked} empty="No message is ready." />
          <Dead queue={name} total={value.stats.dead} onChange={reload} />
        </>
      )}
      {asked === "enqueue" ? (
        <Dialog
          title={`Enqueue into ${name}`}
          confirm="Enqueue"
          onClose={() => setAsked(null)}
          onConfirm={(form) =>
            then("the message was enqueued", () =>
              client.queue.enqueue(name, String(form.get("payload")), {
                ...(form.get("priority") ? { priority: Number(form.get("priority")) } : {}),
                delayMs: 1_000 * Number(form.get("delay") || 0),
              }),
            )
          }
        >
          <label>
            Payload
            <textarea name="payload" required spellcheck={false} />
          </label>
          <label>
            Priority (a lower number goes first)
            <input name="priority" type="number" placeholder="10" />
          </label>
          <label>
            Delay in seconds
            <input name="delay" type="number" min={0} placeholder="0" />
          </label>
        </Dialog>
      ) : null}
      {asked === "purge" ? (
        <Dialog
          title={`Delete every message of ${name}?`}
          confirm="Delete all messages"
          isDangerous
          onClose={() => setAsked(null)}
          onConfirm={() => then("the queue was purged", () => client.queue.purge(name))}
        >
          <p>Leased messages are deleted, too. Dead letters stay. This cannot be undone.</p>
        </Dialog>
      ) : null}
    </>
  );
}

function Messages(props: { title: string; messages: readonly Message[]; empty: string }) {
  return (
    <section>
      <h2>{props.title}</h2>
      {props.messages.length === 0 ? <Empty>{props.empty}</Empty> : null}
      {props.messages.map((message) => (
        <details class="card" key={String(message.seq)}>
          <summary>
            {String(message.seq)} <code>{glimpse(message.payload)}</code>{" "}
            <span class="quiet">
              priority {message.priority}, <Moment ms={message.enqueuedAtMs} />
            </span>
          </summary>
          <Payload payload={message.payload} label="Payload" />
        </details>
      ))}
    </section>
  );
}
