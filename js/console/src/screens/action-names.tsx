/** The list of actions; one action with its limits, and the keys that these delay. */

import type { ActionInfo } from "@floruntime/core";
import { asPage, useFlo } from "../flo.js";
import { count, duration, shown } from "../format.js";
import { useLive, usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { NotYet, Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { linkTo } from "../route.js";

const PAGE_ROWS = 200;

export function ActionNames() {
  const { client, route } = useFlo();
  const act = useAct();
  const actions = usePages(
    async (cursor) => asPage(await client.action.list({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  const toggle = async (name: string, isEnabled: boolean) => {
    const isDone = isEnabled
      ? await act(`${name} was disabled`, () => client.action.disable(name))
      : await act(`${name} was enabled`, () => client.action.enable(name));
    if (isDone) {
      actions.reload();
    }
  };
  return (
    <Table
      label="actions"
      items={actions.items}
      keyOf={({ name }) => name}
      hrefOf={({ name }) => linkTo(route, "actions", ["names", name])}
      isLoading={actions.isLoading}
      error={actions.error}
      onEnd={actions.more}
      empty="No actions. A worker registers its actions when it starts."
      columns={[
        { title: "action", cell: ({ name }) => <Name text={name} /> },
        {
          title: "about",
          cell: ({ description }) => shown(description ?? ""),
          isExtra: true,
          width: "2fr",
        },
        {
          title: "limits",
          cell: ({ limits }) => limitsInWords(limits),
          width: "1.2fr",
          isExtra: true,
        },
        {
          title: "time-out",
          cell: ({ timeoutMs }) => duration(timeoutMs),
          width: "6rem",
          isExtra: true,
        },
        {
          title: "retries",
          cell: ({ maxRetries }) => maxRetries,
          width: "5rem",
          isNumber: true,
          isExtra: true,
        },
        {
          title: "state",
          cell: ({ enabled }) => <Badge state={enabled ? "enabled" : "disabled"} />,
          width: "7rem",
        },
        {
          title: "",
          width: "6rem",
          cell: ({ name, enabled }) => (
            <Only role="backend" scope={`write:action:${name}`}>
              <button type="button" class="plain" onClick={() => void toggle(name, enabled)}>
                {enabled ? "disable" : "enable"}
              </button>
            </Only>
          ),
        },
      ]}
    />
  );
}

export function OneAction({ name }: { name: string }) {
  const { client, route } = useFlo();
  const { value, error } = useLive(async () => {
    const [info, { running, waiting }] = await Promise.all([
      client.action.get(name),
      client.action.limits(name, { limit: 1 }),
    ]);
    return { info, running, waiting };
  }, [client, name]);
  if (value === null) {
    return <NotYet name={name} error={error} />;
  }
  const { info, running, waiting } = value;
  return (
    <>
      <Trouble error={error} />
      <h1>
        <Name text={name} /> <Badge state={info.enabled ? "enabled" : "disabled"} />
      </h1>
      <p>{shown(info.description ?? "")}</p>
      <dl class="facts card">
        <dt>running</dt>
        <dd>{count(running)}</dd>
        <dt>waiting</dt>
        <dd>{count(waiting)}</dd>
        <dt>limits</dt>
        <dd>{limitsInWords(info.limits) || "none"}</dd>
        <dt>key</dt>
        <dd>{info.keyPath === null ? "given by the caller" : <Name text={info.keyPath} />}</dd>
        <dt>time-out</dt>
        <dd>
          {duration(info.timeoutMs)} per attempt
          {info.runTimeoutMs === null ? "" : `, ${duration(info.runTimeoutMs)} for all attempts`}
        </dd>
        <dt>retries</dt>
        <dd>
          {info.maxRetries === 0
            ? "none"
            : `${info.maxRetries}, the first one after ${duration(info.retryDelayMs)}`}
        </dd>
        <dt>runs are kept for</dt>
        <dd>{duration(info.retentionMs)} after their end</dd>
        <dt>runs</dt>
        <dd>
          <a href={linkTo(route, "actions", [], { action: name })}>show all</a>
        </dd>
      </dl>
      <Keys name={name} />
    </>
  );
}

/** Keys with runs, and what holds them up. */
function Keys({ name }: { name: string }) {
  const { client } = useFlo();
  const keys = usePages(
    async (cursor) => asPage((await client.action.limits(name, { limit: PAGE_ROWS, cursor })).keys),
    [client, name],
  );
  return (
    <section>
      <h2>Keys</h2>
      <Table
        label="keys"
        isShort
        items={keys.items}
        keyOf={({ key }) => key}
        isLoading={keys.isLoading}
        error={keys.error}
        onEnd={keys.more}
        empty="No run with a key is waiting or running."
        columns={[
          { title: "key", cell: ({ key }) => <Name text={key} />, width: "2fr" },
          { title: "running", cell: ({ running }) => count(running), isNumber: true },
          { title: "waiting", cell: ({ waiting }) => count(waiting), isNumber: true },
          {
            title: "blocked by",
            cell: ({ blockedBy }) => (blockedBy === null ? "–" : blockedBy.replaceAll("_", " ")),
          },
        ]}
      />
    </section>
  );
}

/** `4 at once, 1 per key, 100 in 1 s, fair`. */
function limitsInWords(limits: ActionInfo["limits"]): string {
  const period = duration(limits.ratePeriodMs);
  const words = [
    limits.running === null ? "" : `${count(limits.running)} at once`,
    limits.runningPerKey === null ? "" : `${count(limits.runningPerKey)} per key`,
    limits.rate === null ? "" : `${count(limits.rate)} in ${period}`,
    limits.ratePerKey === null ? "" : `${count(limits.ratePerKey)} per key in ${period}`,
    limits.fair ? "fair" : "",
  ];
  return words.filter((word) => word !== "").join(", ");
}
