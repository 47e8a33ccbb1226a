/** Namespaces: made here, deleted with all that is in them. */

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

export function Namespaces() {
  const { client, route } = useFlo();
  const act = useAct();
  const [asked, setAsked] = useState<string | null>(null);
  const [doomed, setDoomed] = useState<string | null>(null);
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
        empty="No namespace was made; default is always there."
        columns={[
          { title: "namespace", cell: ({ name }) => <Name text={name} /> },
          {
            title: "versions of a key",
            cell: ({ kvHistory }) => count(kvHistory),
            isNumber: true,
            isExtra: true,
          },
          {
            title: "deleted ones kept",
            cell: ({ kvDeletedMs }) => duration(Number(kvDeletedMs)),
            isNumber: true,
            isExtra: true,
          },
          { title: "since", cell: ({ createdAtMs }) => <Moment ms={createdAtMs} /> },
          {
            title: "",
            width: "6rem",
            cell: ({ name }) => (
              <button type="button" class="plain" onClick={() => setDoomed(name)}>
                delete…
              </button>
            ),
          },
        ]}
      />
      {doomed === null ? null : (
        <Dialog
          title={`Delete the namespace ${doomed}?`}
          confirm="Delete it with all it holds"
          isDangerous
          onClose={() => setDoomed(null)}
          onConfirm={async (form) => {
            const isDone = await act(`${doomed} is deleted`, async () => {
              if (form.get("name") !== doomed) {
                throw new Error(`type ${doomed} to delete it`);
              }
              await client.namespaces.delete(doomed, { force: true });
            });
            if (isDone) {
              setDoomed(null);
              namespaces.reload();
            }
          }}
        >
          <p>Every key, queue, stream, action, workflow and run in it goes. To be sure:</p>
          <label>
            Its name
            <input name="name" required autocomplete="off" />
          </label>
        </Dialog>
      )}
      {asked === null ? null : (
        <Dialog
          title="New namespace"
          confirm="Make it"
          onClose={() => setAsked(null)}
          onConfirm={async (form) => {
            if (
              await act("it is there", () => client.namespaces.create(String(form.get("name"))))
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
