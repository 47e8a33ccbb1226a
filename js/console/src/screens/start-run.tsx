/** Start a run by a form. */

import { useEffect, useState } from "preact/hooks";
import { inputOf, useFlo } from "../flo.js";
import { Dialog } from "../parts/dialog.js";
import { useAct } from "../parts/notices.js";
import { linkTo } from "../route.js";

const NAMES_MAX = 200;

/** What the field may be filled in with. Whoever may not read the list types the name. */
function WorkflowNames() {
  const { client } = useFlo();
  const [names, setNames] = useState<readonly string[]>([]);
  useEffect(() => {
    client.workflow.listDefinitions({ limit: NAMES_MAX }).then(
      (page) => setNames([...page].map(({ name }) => name)),
      () => setNames([]),
    );
  }, [client]);
  return (
    <datalist id="workflow-names">
      {names.map((name) => (
        <option key={name} value={name} />
      ))}
    </datalist>
  );
}

export function StartRun({ workflow }: { workflow: string }) {
  const { client, route } = useFlo();
  const [isOpen, setOpen] = useState(false);
  const act = useAct();
  const start = async (form: FormData) => {
    let runId = "";
    const isDone = await act("the run was started", async () => {
      const key = String(form.get("key") ?? "");
      runId = await client.workflow.start(
        String(form.get("workflow")),
        inputOf(String(form.get("input"))),
        key === "" ? {} : { idempotencyKey: key },
      );
    });
    if (isDone) {
      setOpen(false);
      location.assign(linkTo(route, "workflows", ["runs", runId]));
    }
  };
  return (
    <>
      <button type="button" class="primary" onClick={() => setOpen(true)}>
        Start a run
      </button>
      {isOpen ? (
        <Dialog
          title="Start a run"
          confirm="Start"
          onConfirm={start}
          onClose={() => setOpen(false)}
        >
          <label>
            Workflow
            <input name="workflow" required defaultValue={workflow} list="workflow-names" />
            <WorkflowNames />
          </label>
          <label>
            Input (JSON)
            <textarea name="input" spellcheck={false}>
              {"{}"}
            </textarea>
          </label>
          <label>
            Idempotency key (optional)
            <input name="key" />
          </label>
        </Dialog>
      ) : null}
    </>
  );
}
