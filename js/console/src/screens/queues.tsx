/** Queues: what is ready, delayed, leased, dead; dead letters with their reasons. */

import type { Message } from "@floruntime/core";
import { useState } from "preact/hooks";
import { asPage, useFlo } from "../flo.js";
import { count, duration, glimpse } from "../format.js";
import { useLive, usePages } from "../live.js";
import { Dialog } from "../parts/dialog.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Payload } from "../parts/payload.js";
import { Empty, Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { linkTo } from "../route.js";

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
        empty="No queue is here. The first message makes one."
        columns={[
          { title: "queue", cell: ({ name }) => <Name text={name} />, width: "1.6fr" },
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
            cell: ({ oldestAgeMs }) => (oldestAgeMs > 0 ? duration(oldestAgeMs) : "–"),
            isNumber: true,
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
  const [isPurging, setPurging] = useState(false);
  const { value, error, reload } = useLive(async () => {
    const [stats, peeked, dead] = await Promise.all([
      client.queue.stats(name),
      client.queue.peek(name, PEEKED_MAX),
      client.queue.dlqList(name, { limit: PEEKED_MAX }),
    ]);
    return { stats, peeked: peeked.messages, dead: dead.messages };
  }, [client, name]);
  const then = async (done: string, write: () => Promise<unknown>) => {
    if (await act(done, write)) {
      setPurging(false);
      reload();
    }
  };
  return (
    <>
      <h1>
        <Name text={name} />
      </h1>
      <Trouble error={error} />
      {value === null ? null : (
        <>
          <ul class="numbers">
            {(["ready", "delayed", "leased", "dead"] as const).map((state) => (
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
                <strong>{duration(value.stats.oldestAgeMs)}</strong>
                <span class="quiet">oldest</span>
              </div>
            </li>
          </ul>
          <div class="bar">
            <Only role="backend">
              <button type="button" onClick={() => setPurging(true)}>
                Purge…
              </button>
            </Only>
          </div>
          <Messages title="Next messages" messages={value.peeked} empty="Nothing is ready." />
          <Dead queue={name} messages={value.dead} total={value.stats.dead} then={then} />
        </>
      )}
      {isPurging ? (
        <Dialog
          title={`Delete every message of ${name}?`}
          confirm="Delete them all"
          isDangerous
          onClose={() => setPurging(false)}
          onConfirm={() => then("the queue is empty", () => client.queue.purge(name))}
        >
          <p>What is leased is deleted as well; dead letters stay. This cannot be taken back.</p>
        </Dialog>
      ) : null}
    </>
  );
}

interface DeadProps {
  readonly queue: string;
  readonly messages: readonly Message[];
  readonly total: number;
  readonly then: (done: string, write: () => Promise<unknown>) => Promise<void>;
}

function Dead({ queue, messages, total, then }: DeadProps) {
  const { client } = useFlo();
  const requeueAll = () =>
    then("they are due again", async () => {
      let page = await client.queue.dlqList(queue, { limit: PAGE_ROWS });
      while (page.messages.length > 0) {
        await client.queue.dlqRequeue(
          queue,
          page.messages.map(({ seq }) => seq),
        );
        page = await client.queue.dlqList(queue, { limit: PAGE_ROWS });
      }
    });
  return (
    <section>
      <div class="row">
        <h2>Dead letters ({count(total)})</h2>
        {total > 0 ? (
          <Only role="backend">
            <button type="button" onClick={requeueAll}>
              Requeue all
            </button>
          </Only>
        ) : null}
      </div>
      {messages.length === 0 ? <Empty>No dead letters.</Empty> : null}
      {messages.map((message) => (
        <details class="card" key={String(message.seq)}>
          <summary>
            {String(message.seq)} <span class="bad">{message.reason}</span>{" "}
            <span class="quiet">
              {message.error ?? ""} after {message.attempt} attempts
            </span>
          </summary>
          <Only role="backend">
            <div class="bar">
              <button
                type="button"
                onClick={() =>
                  then("it is due again", () => client.queue.dlqRequeue(queue, message.seq))
                }
              >
                Requeue
              </button>
              <button
                type="button"
                onClick={() =>
                  then("it is deleted", () => client.queue.dlqDelete(queue, message.seq))
                }
              >
                Delete
              </button>
            </div>
          </Only>
          <Payload payload={message.payload} label="Payload" />
        </details>
      ))}
    </section>
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
