/** Something done to all that match: first it is only counted, then it is asked for, then it runs. */

import type { BulkJob } from "@floruntime/core";
import { useEffect, useState } from "preact/hooks";

import { useFlo } from "../flo.js";
import { count } from "../format.js";
import { Dialog } from "./dialog.js";
import { JobCard, useJob } from "./job.js";
import { useAct } from "./notices.js";
import { Trouble } from "./state.js";

export interface Operation {
  readonly name: string;
  /** As a sentence begins: `Cancel`. */
  readonly label: string;
  readonly isDangerous?: boolean;
  readonly fields?: readonly ("reason" | "type" | "data" | "errorContains" | "deadReason")[];
}

/** What the form says, beside the filters of the page. */
export interface BulkForm {
  readonly operation: string;
  readonly limit: number | undefined;
  readonly dryRun: boolean;
  readonly fields: Readonly<Record<string, string>>;
}

export interface BulkProps {
  /** `runs`, `dead letters`. */
  readonly what: string;
  readonly operations: readonly Operation[];
  /** The filters that hold, in words; empty: there is none. */
  readonly filters: string;
  readonly begin: (form: BulkForm) => Promise<BulkJob>;
  readonly onEnd?: () => void;
}

const LABELS = {
  reason: "Reason",
  type: "Type of the signal",
  data: "Data (JSON)",
  errorContains: "Only if the error contains",
  deadReason: "Only with this reason",
} as const;

const HINTS: Readonly<Record<string, string>> = { deadReason: "max_attempts or nacked" };

export function Bulk(props: BulkProps) {
  const [isOpen, setOpen] = useState(false);
  const [begun, setBegun] = useState<{ jobId: string; title: string } | null>(null);
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        All that match…
      </button>
      {isOpen ? (
        <BulkDialog
          {...props}
          onClose={() => setOpen(false)}
          onBegun={(jobId, title) => {
            setOpen(false);
            setBegun({ jobId, title });
          }}
        />
      ) : null}
      {begun === null ? null : (
        <JobCard
          {...begun}
          onClose={() => {
            setBegun(null);
            props.onEnd?.();
          }}
        />
      )}
    </>
  );
}

interface BulkDialogProps extends BulkProps {
  readonly onClose: () => void;
  readonly onBegun: (jobId: string, title: string) => void;
}

const TYPING_MS = 400;
/** A count of very many goes on while one may act already: so many rows were seen. */
const SEEN_ROWS = 2_000;

function BulkDialog(props: BulkDialogProps) {
  const act = useAct();
  const [name, setName] = useState(props.operations[0]?.name ?? "");
  const [fields, setFields] = useState<Readonly<Record<string, string>>>({});
  const [limit, setLimit] = useState("");
  const operation = props.operations.find((each) => each.name === name) as Operation;
  const counted = useCounted(props, { operation: name, ...formOf(fields, limit), dryRun: true });
  const begin = async () => {
    const form = { operation: name, ...formOf(fields, limit), dryRun: false };
    let jobId = "";
    const isDone = await act("the job was started", async () => {
      ({ jobId } = await props.begin(form));
    });
    if (isDone) {
      props.onBegun(jobId, `${operation.label} ${props.what}`);
    }
  };
  const typed = (field: string, event: Event) =>
    setFields({ ...fields, [field]: (event.currentTarget as HTMLInputElement).value });
  return (
    <Dialog
      title={`All ${props.what} that match`}
      confirm={`${operation.label} ${counted.told}`}
      isDangerous={operation.isDangerous ?? false}
      isWaiting={counted.isWaiting}
      onConfirm={begin}
      onClose={props.onClose}
    >
      <p class="quiet">{props.filters === "" ? `No filters: all ${props.what}.` : props.filters}</p>
      <label>
        Operation
        <select
          name="operation"
          value={name}
          onChange={(event) => setName((event.currentTarget as HTMLSelectElement).value)}
        >
          {props.operations.map((each) => (
            <option key={each.name} value={each.name}>
              {each.label}
            </option>
          ))}
        </select>
      </label>
      {(operation.fields ?? []).map((field) => (
        <label key={field}>
          {LABELS[field]}
          <input
            name={field}
            required={field === "type"}
            placeholder={HINTS[field] ?? ""}
            value={fields[field] ?? ""}
            onInput={(event) => typed(field, event)}
          />
        </label>
      ))}
      <label>
        At most
        <input
          name="limit"
          type="number"
          min={1}
          placeholder="all"
          value={limit}
          onInput={(event) => setLimit((event.currentTarget as HTMLInputElement).value)}
        />
      </label>
      <Trouble error={counted.error} />
      <p role="status">{counted.sentence}</p>
    </Dialog>
  );
}

function formOf(fields: Readonly<Record<string, string>>, limit: string) {
  const number = Number.parseInt(limit, 10);
  const filled = Object.entries(fields).filter(([, value]) => value !== "");
  return { limit: number > 0 ? number : undefined, fields: Object.fromEntries(filled) };
}

/** `1 run`, `2 runs`: `what` is a plural in s. */
function amountOf(number: number, what: string): string {
  return `${count(number)} ${number === 1 ? what.slice(0, -1) : what}`;
}

/** The dry run of what the form says now. */
function useCounted(props: BulkProps, form: BulkForm) {
  const { client } = useFlo();
  const [jobId, setJobId] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<Error | null>(null);
  const { job, error } = useJob(jobId);
  const asked = JSON.stringify(form);
  useEffect(() => {
    let isOver = false;
    setJobId(null);
    setRefusal(null);
    const timer = setTimeout(() => {
      props.begin(form).then(
        (begun) => (isOver ? undefined : setJobId(begun.jobId)),
        (failure: Error) => (isOver ? undefined : setRefusal(failure)),
      );
    }, TYPING_MS);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [asked]);
  useEffect(() => {
    // Nobody waits for its count any more.
    return () => void (jobId === null ? undefined : client.jobs.cancel(jobId).catch(() => null));
  }, [jobId]);
  const trouble = refusal ?? error;
  const isCounting = job === null || job.status === "running";
  if (trouble !== null) {
    return { error: trouble, isWaiting: true, told: props.what, sentence: "" };
  }
  return {
    error: null,
    isWaiting: isCounting && (job === null || job.lookedAt < SEEN_ROWS),
    told: isCounting ? "all that match" : amountOf(job.matched, props.what),
    sentence: isCounting
      ? `Counting… ${job === null ? "" : `${count(job.matched)} of ${count(job.lookedAt)} so far`}`
      : `${amountOf(job.matched, props.what)} ${job.matched === 1 ? "matches" : "match"} now.`,
  };
}
