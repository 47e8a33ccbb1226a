/** Namespaces: made here, deleted with all that is in them. */

import type { NamespaceInfo } from "@floruntime/core";
import { useState } from "preact/hooks";
import { asPage, useFlo } from "../flo.js";
import { count, duration } from "../format.js";
import { usePages } from "../live.js";
import { Dialog } from "../parts/dialog.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Table } from "../parts/table.js";
import { hrefOf } from "../route.js";

const PAGE_ROWS = 200;
const HOUR_MS = 3_600_000;
const HISTORY_MAX = 64;

export function Namespaces() {
  const { client, route } = useFlo();
  const act = useAct();
  const [asked, setAsked] = useState<string | null>(null);
  const [doomed, setDoomed] = useState<string | null>(null);
  const [changed, setChanged] = useState<NamespaceInfo | null>(null);
  const namespaces = usePages(
    async (cursor) => asPage(await client.namespaces.list({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  return (
    <>
      <div class="bar">
        <button type="button" class="primary" onClick={() => setAsked("")}>
          New namespace
        </button>
      </div>
      <Table
        label="namespaces"
        items={namespaces.items}
        keyOf={({ name }) => name}
        hrefOf={({ name }) => hrefOf({ ...route, namespace: name, screen: "overview", path: [] })}
        isLoading={namespaces.isLoading}
        error={namespaces.error}
        onEnd={namespaces.more}
        empty="No namespaces have been created. The namespace default always exists."
        columns={[
          { title: "namespace", cell: ({ name }) => <Name text={name} /> },
          {
            title: "versions per key",
            cell: ({ kvHistory }) => count(kvHistory),
            isNumber: true,
            isExtra: true,
          },
          {
            title: "deleted keys kept",
            cell: ({ kvDeletedMs }) => duration(Number(kvDeletedMs)),
            isNumber: true,
            isExtra: true,
          },
          {
            title: "created",
            cell: ({ createdAtMs }) => <Moment ms={createdAtMs} />,
            isExtra: true,
          },
          {
            title: "",
            width: "11rem",
            cell: (info) => (
              <>
                <button type="button" class="plain" onClick={() => setChanged(info)}>
                  settings…
                </button>
                <button type="button" class="plain" onClick={() => setDoomed(info.name)}>
                  delete…
                </button>
              </>
            ),
          },
        ]}
      />
      {changed === null ? null : (
        <Configure
          info={changed}
          onClose={() => setChanged(null)}
          onDone={() => {
            setChanged(null);
            namespaces.reload();
          }}
        />
      )}
      {doomed === null ? null : (
        <Delete
          name={doomed}
          onClose={() => setDoomed(null)}
          onDone={() => {
            setDoomed(null);
            namespaces.reload();
          }}
        />
      )}
      {asked === null ? null : (
        <Dialog
          title="New namespace"
          confirm="Create"
          onClose={() => setAsked(null)}
          onConfirm={async (form) => {
            if (
              await act("the namespace was created", () =>
                client.namespaces.create(String(form.get("name"))),
              )
            ) {
              setAsked(null);
              namespaces.reload();
            }
          }}
        >
          <label>
            Name
            <input name="name" required />
          </label>
        </Dialog>
      )}
    </>
  );
}

interface ConfigureProps {
  readonly info: NamespaceInfo;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function Configure({ info, onClose, onDone }: ConfigureProps) {
  const { client } = useFlo();
  const act = useAct();
  const write = async (form: FormData) => {
    const settings = {
      kvHistory: Number(form.get("history")),
      kvDeletedMs: Math.round(Number(form.get("deleted")) * HOUR_MS),
    };
    if (
      await act(`the settings of ${info.name} were changed`, () =>
        client.namespaces.configure(info.name, settings),
      )
    ) {
      onDone();
    }
  };
  return (
    <Dialog title={`Settings of ${info.name}`} confirm="Save" onClose={onClose} onConfirm={write}>
      <label>
        Versions kept of each key, with the current one
        <input
          name="history"
          type="number"
          min={1}
          max={HISTORY_MAX}
          required
          defaultValue={`${info.kvHistory}`}
        />
      </label>
      <label>
        Hours for which deleted keys are kept
        <input
          name="deleted"
          type="number"
          min={0}
          step="any"
          required
          defaultValue={`${Number(info.kvDeletedMs) / HOUR_MS}`}
        />
      </label>
    </Dialog>
  );
}

interface DeleteProps {
  readonly name: string;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function Delete({ name, onClose, onDone }: DeleteProps) {
  const { client } = useFlo();
  const act = useAct();
  const write = async (form: FormData) => {
    const isDone = await act(`${name} was deleted`, async () => {
      if (form.get("name") !== name) {
        throw new Error(`to delete ${name}, type its name`);
      }
      await client.namespaces.delete(name, { force: true });
    });
    if (isDone) {
      onDone();
    }
  };
  return (
    <Dialog
      title={`Delete the namespace ${name}?`}
      confirm="Delete it and all its data"
      isDangerous
      onClose={onClose}
      onConfirm={write}
    >
      <p>
        This deletes every key, queue, stream, action, workflow and run in it. To confirm, type its
        name:
      </p>
      <label>
        Name of the namespace
        <input name="name" required autocomplete="off" />
      </label>
    </Dialog>
  );
}
