/** Definitions of workflows: their text, their drawing, and what differs between two versions. */

import { useMemo } from "preact/hooks";
import { drawnOf } from "../drawing/definition.js";
import { Drawing } from "../drawing/drawing.js";
import { asPage, useFlo } from "../flo.js";
import { shown, textOf } from "../format.js";
import { useLive, usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Difference } from "../parts/difference.js";
import { Words } from "../parts/filter.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Loading, Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { linkTo } from "../route.js";
import { StartRun } from "./start-run.js";

const PAGE_ROWS = 200;

export function Definitions() {
  const { client, route } = useFlo();
  const act = useAct();
  const definitions = usePages(
    async (cursor) => asPage(await client.workflow.listDefinitions({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  const toggle = async (name: string, isEnabled: boolean) => {
    const isDone = isEnabled
      ? await act(`${name} takes no new runs`, () => client.workflow.disable(name))
      : await act(`${name} takes runs again`, () => client.workflow.enable(name));
    if (isDone) {
      definitions.reload();
    }
  };
  return (
    <Table
      label="definitions"
      items={definitions.items}
      keyOf={({ name }) => name}
      hrefOf={({ name }) => linkTo(route, "workflows", ["definitions", name])}
      isLoading={definitions.isLoading}
      error={definitions.error}
      onEnd={definitions.more}
      empty="No workflow is defined here. Sync one: flo workflow sync order.yaml"
      columns={[
        { title: "name", cell: ({ name }) => <Name text={name} />, width: "1.4fr" },
        { title: "version", cell: ({ version }) => <Name text={version} />, width: "6rem" },
        {
          title: "about",
          cell: ({ description }) => shown(description ?? ""),
          isExtra: true,
          width: "2fr",
        },
        {
          title: "since",
          cell: ({ created_at }) => <Moment ms={created_at} />,
          isExtra: true,
          width: "8rem",
        },
        {
          title: "state",
          cell: ({ enabled }) => <Badge state={enabled ? "enabled" : "disabled"} />,
          width: "7rem",
        },
        {
          title: "",
          width: "6rem",
          isExtra: true,
          cell: ({ name, enabled }) => (
            <Only role="backend" scope={`write:workflow:${name}`}>
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

export function Definition({ name }: { name: string }) {
  const { client, route } = useFlo();
  const act = useAct();
  const { version = "", beside = "" } = route.filters;
  const { value, error } = useLive(
    async () => await definitionOf(version),
    [client, name, version],
    0,
  );
  const other = useLive(
    async () => (beside === "" ? "" : await definitionOf(beside)),
    [client, name, beside],
    0,
  );
  const drawn = useMemo(() => (value === null ? null : drawnOf(value)), [value]);
  async function definitionOf(wanted: string): Promise<string> {
    const options = wanted === "" ? {} : { version: wanted };
    const text = await client.workflow.getDefinition(name, options);
    if (text === null) {
      throw new Error(`there is no version ${wanted} of ${name}`.replace("  ", " "));
    }
    return textOf(text) ?? "";
  }
  return (
    <>
      <h1>
        <Name text={name} />
      </h1>
      <div class="bar">
        <Words name="version" label="version" hint="the current one" />
        <Words name="beside" label="compare with version" />
        <span class="spring" />
        <a href={linkTo(route, "workflows", [], { workflow: name })}>its runs</a>
        {version === "" ? null : (
          <Only role="backend" scope={`write:workflow:${name}`}>
            <button
              type="button"
              onClick={() =>
                void act(`new runs are of version ${version}`, () =>
                  client.workflow.use(name, version),
                )
              }
            >
              Use this version
            </button>
          </Only>
        )}
        <Only role="worker" scope={`write:workflow:${name}`}>
          <StartRun workflow={name} />
        </Only>
      </div>
      <Trouble error={error ?? other.error} />
      {value === null && error === null ? <Loading /> : null}
      {drawn === null ? null : <Drawing drawn={drawn} way={null} />}
      {value === null ? null : beside === "" || other.value === null ? (
        <pre class="card" tabIndex={0}>
          {shown(value)}
        </pre>
      ) : (
        <Difference before={other.value} after={value} />
      )}
    </>
  );
}
