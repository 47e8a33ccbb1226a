/** Dead letters of a queue: why they died, one or all that match requeued or deleted. */

import type { Message } from "@floruntime/core";
import { useState } from "preact/hooks";
import { useFlo } from "../flo.js";
import { glimpse, shown } from "../format.js";
import { usePages } from "../live.js";
import type { BulkForm, Operation } from "../parts/bulk.js";
import { DeadHeading } from "../parts/dead-heading.js";
import { Moment } from "../parts/moment.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Payload } from "../parts/payload.js";
import { Table } from "../parts/table.js";

const PAGE_ROWS = 200;

const DEAD_OPERATIONS: readonly Operation[] = [
  { name: "requeue_dead", label: "Requeue", fields: ["errorContains", "deadReason"] },
  {
    name: "delete_dead",
    label: "Delete",
    isDangerous: true,
    fields: ["errorContains", "deadReason"],
  },
];

export interface DeadProps {
  readonly queue: string;
  readonly total: number;
  readonly onChange: () => void;
}

export function Dead({ queue, total, onChange }: DeadProps) {
  const { client } = useFlo();
  const [opened, setOpened] = useState<Message | null>(null);
  const letters = usePages(
    async (cursor) => {
      const page = await client.queue.dlqList(queue, { limit: PAGE_ROWS, cursor });
      return { items: page.messages, cursor: page.cursor };
    },
    [client, queue],
  );
  const changed = () => {
    setOpened(null);
    letters.reload();
    onChange();
  };
  const begin = async ({ operation, limit, dryRun, fields }: BulkForm) => {
    const { deadReason, errorContains } = fields;
    return await client.queue.bulk(queue, operation as "requeue_dead", {
      reason: deadReason,
      errorContains,
      limit,
      dryRun,
    });
  };
  return (
    <section>
      <DeadHeading
        total={total}
        operations={DEAD_OPERATIONS}
        scope={`write:queue:${queue}`}
        begin={begin}
        onEnd={changed}
      />
      <Table
        label="dead letters"
        items={letters.items}
        keyOf={({ seq }) => String(seq)}
        onOpen={setOpened}
        isLoading={letters.isLoading}
        error={letters.error}
        onEnd={letters.more}
        empty="No dead letters."
        isShort
        columns={[
          { title: "seq", cell: ({ seq }) => String(seq), width: "6rem" },
          {
            title: "reason",
            cell: ({ reason }) => <span class="bad">{(reason ?? "").replaceAll("_", " ")}</span>,
            width: "8rem",
          },
          { title: "error", cell: ({ error }) => shown(error ?? ""), width: "1.6fr" },
          {
            title: "payload",
            cell: ({ payload }) => <code>{glimpse(payload)}</code>,
            width: "1.6fr",
            isExtra: true,
          },
          {
            title: "attempts",
            cell: ({ attempt }) => attempt,
            width: "6rem",
            isNumber: true,
            isExtra: true,
          },
          {
            title: "enqueued",
            cell: ({ enqueuedAtMs }) => <Moment ms={enqueuedAtMs} />,
            width: "8rem",
            isExtra: true,
          },
        ]}
      />
      {opened === null ? null : (
        <Letter queue={queue} letter={opened} onChange={changed} onClose={() => setOpened(null)} />
      )}
    </section>
  );
}

interface LetterProps {
  readonly queue: string;
  readonly letter: Message;
  readonly onChange: () => void;
  readonly onClose: () => void;
}

function Letter({ queue, letter, onChange, onClose }: LetterProps) {
  const { client } = useFlo();
  const act = useAct();
  const then = async (done: string, write: () => Promise<unknown>) => {
    if (await act(done, write)) {
      onChange();
    }
  };
  return (
    <section class="card" aria-label={`Dead letter ${letter.seq}`}>
      <div class="bar">
        <strong>{String(letter.seq)}</strong> <span class="bad">{shown(letter.error ?? "")}</span>
        <span class="spring" />
        <Only role="backend" scope={`write:queue:${queue}`}>
          <button
            type="button"
            onClick={() =>
              then("the dead letter was requeued", () => client.queue.dlqRequeue(queue, letter.seq))
            }
          >
            Requeue
          </button>
          <button
            type="button"
            onClick={() =>
              then("the dead letter was deleted", () => client.queue.dlqDelete(queue, letter.seq))
            }
          >
            Delete
          </button>
        </Only>
        <button type="button" class="plain" onClick={onClose}>
          Close
        </button>
      </div>
      <Payload payload={letter.payload} label="Payload" />
    </section>
  );
}
