/** Start a run by a form. */

import { useState } from "preact/hooks";
import { inputOf, useFlo } from "../flo.js";
import { Dialog } from "../parts/dialog.js";
import { useAct } from "../parts/notices.js";
import { linkTo } from "../route.js";

export function StartRun({ workflow }: { workflow: string }) {
  const { client, route } = useFlo();
  const [isOpen, setOpen] = useState(false);
  const act = useAct();
  const start = async (form: FormData) => {
    let runId = "";
    const isDone = await act("started", async () => {
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
            <input name="workflow" required defaultValue={workflow} />
          </label>
          <label>
            Input, JSON
            <textarea name="input" spellcheck={false}>
              {"{}"}
            </textarea>
          </label>
          <label>
            Idempotency key, if it has one
            <input name="key" />
          </label>
        </Dialog>
      ) : null}
    </>
  );
}
