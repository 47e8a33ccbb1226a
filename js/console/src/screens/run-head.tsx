/** What can be done to one run: signal, pause, cancel, retry, fork. */

import { WorkflowStatus, type WorkflowStatusResult } from "@floruntime/core";
import { useState } from "preact/hooks";

import { inputOf, useFlo } from "../flo.js";
import { textOf } from "../format.js";
import { Badge } from "../parts/badge.js";
import { Dialog } from "../parts/dialog.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { linkTo } from "../route.js";

const ENDED: readonly string[] = [
  WorkflowStatus.Completed,
  WorkflowStatus.Failed,
  WorkflowStatus.Cancelled,
  WorkflowStatus.TimedOut,
];

export function hasEnded({ status }: WorkflowStatusResult): boolean {
  return ENDED.includes(status);
}

type Asked = "signal" | "cancel" | "pause" | "fork";

export interface RunHeadProps {
  readonly run: WorkflowStatusResult;
  /** Those of its definition, to be forked from. */
  readonly steps: readonly string[];
  readonly reload: () => void;
}

export function RunHead({ run, steps, reload }: RunHeadProps) {
  const { client } = useFlo();
  const act = useAct();
  const [asked, setAsked] = useState<Asked | null>(null);
  const id = run.run_id;
  const scope = `write:workflow:${run.workflow}`;
  const then = async (done: string, write: () => Promise<unknown>) => {
    if (await act(done, write)) {
      setAsked(null);
      reload();
    }
  };
  const isOpen = !hasEnded(run) && run.status !== "compensating";
  return (
    <>
      <h1>
        <Name text={id} /> <Badge state={run.status} />
      </h1>
      <div class="bar">
        {isOpen ? (
          <Only role="worker" scope={scope}>
            <button type="button" onClick={() => setAsked("signal")}>
              Signal…
            </button>
          </Only>
        ) : null}
        <Only role="backend" scope={scope}>
          {isOpen && run.status !== "paused" ? (
            <button type="button" onClick={() => setAsked("pause")}>
              Pause…
            </button>
          ) : null}
          {run.status === "paused" ? (
            <button
              type="button"
              class="primary"
              onClick={() => then("the run was resumed", () => client.workflow.resume(id))}
            >
              Resume
            </button>
          ) : null}
          {run.status === "failed" || run.status === "timed_out" ? (
            <button
              type="button"
              onClick={() => then("the run is tried again", () => client.workflow.retry(id))}
            >
              Retry
            </button>
          ) : null}
          <button type="button" disabled={steps.length === 0} onClick={() => setAsked("fork")}>
            Fork…
          </button>
        </Only>
        {isOpen ? (
          <Only role="worker" scope={scope}>
            <button type="button" onClick={() => setAsked("cancel")}>
              Cancel…
            </button>
          </Only>
        ) : null}
      </div>
      <Question {...{ asked, run, steps, then }} onClose={() => setAsked(null)} />
    </>
  );
}

interface QuestionProps {
  readonly asked: Asked | null;
  readonly run: WorkflowStatusResult;
  readonly steps: readonly string[];
  readonly then: (done: string, write: () => Promise<unknown>) => Promise<void>;
  readonly onClose: () => void;
}

function Question({ asked, ...props }: QuestionProps) {
  switch (asked) {
    case "cancel":
    case "pause":
      return <WithReason {...props} asked={asked} />;
    case "signal":
      return <Signal {...props} />;
    case "fork":
      return <Fork {...props} />;
    default:
      return null;
  }
}

type OneQuestion = Omit<QuestionProps, "asked">;

function WithReason({ asked, run, then, onClose }: OneQuestion & { asked: "cancel" | "pause" }) {
  const { client } = useFlo();
  const id = run.run_id;
  const cancel = (reason: string) =>
    then("the run was cancelled", () => client.workflow.cancel(id, reason || "cancelled by hand"));
  const pause = (reason: string) =>
    then("the run was paused", () => client.workflow.pause(id, reason === "" ? undefined : reason));
  const isCancel = asked === "cancel";
  return (
    <Dialog
      title={isCancel ? `Cancel ${id}?` : `Pause ${id}`}
      confirm={isCancel ? "Cancel the run" : "Pause the run"}
      isDangerous={isCancel}
      onClose={onClose}
      onConfirm={(form) => (isCancel ? cancel : pause)(String(form.get("reason")))}
    >
      {isCancel ? null : (
        <p class="quiet">
          No step, attempt or item begins until you resume the run. What has begun continues.
        </p>
      )}
      <label>
        Reason
        <input name="reason" />
      </label>
    </Dialog>
  );
}

function Signal({ run, then, onClose }: OneQuestion) {
  const { client } = useFlo();
  const send = async (form: FormData) => {
    const data = inputOf(String(form.get("data")), "data");
    await client.workflow.signal(run.run_id, String(form.get("type")), data);
  };
  return (
    <Dialog
      title="Send a signal"
      confirm="Send"
      onClose={onClose}
      onConfirm={(form) => then("the signal was sent", () => send(form))}
    >
      <label>
        Type
        <input name="type" required defaultValue={run.wait_signal ?? ""} />
      </label>
      <label>
        Data (JSON)
        <textarea name="data" spellcheck={false} />
      </label>
    </Dialog>
  );
}

function Fork({ run, steps, onClose }: OneQuestion) {
  const { client, route } = useFlo();
  const act = useAct();
  const fork = async (form: FormData) => {
    let made = "";
    const isDone = await act("a new run was started", async () => {
      const input = String(form.get("input"));
      made = await client.workflow.fork(run.run_id, String(form.get("step")), {
        ...(input.trim() === "" ? {} : { input: inputOf(input) }),
      });
    });
    if (isDone) {
      onClose();
      location.assign(linkTo(route, "workflows", ["runs", made]));
    }
  };
  return (
    <Dialog
      title={`Fork ${run.run_id}`}
      confirm="Start a new run"
      onClose={onClose}
      onConfirm={fork}
    >
      <p class="quiet">
        A new run begins at the step that you choose. It takes the results of all other steps from
        this run, which does not change.
      </p>
      <label>
        From the step
        <select name="step">
          {steps.map((step) => (
            <option key={step} value={step} selected={step === run.current_step}>
              {step}
            </option>
          ))}
        </select>
      </label>
      <label>
        Input (JSON; empty: the same input)
        <textarea name="input" spellcheck={false} placeholder={textOf(run.input) ?? ""} />
      </label>
    </Dialog>
  );
}
