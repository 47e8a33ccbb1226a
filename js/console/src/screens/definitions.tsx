/** Definitions of workflows: their text, their drawing, and what differs between two versions. */

import type { DefinitionVersionEntry } from "@floruntime/core";
import { useMemo } from "preact/hooks";
import { drawnOf } from "../drawing/definition.js";
import { Drawing } from "../drawing/drawing.js";
import { asPage, useFlo } from "../flo.js";
import { shown, textOf } from "../format.js";
import { type Live, SLOW_MS, useLive, usePages } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Difference } from "../parts/difference.js";
import { Choice } from "../parts/filter.js";
import { Moment } from "../parts/moment.js";
import { Name } from "../parts/name.js";
import { useAct } from "../parts/notices.js";
import { Only } from "../parts/only.js";
import { Loading, Trouble } from "../parts/state.js";
import { Table } from "../parts/table.js";
import { linkTo } from "../route.js";
import { StartRun } from "./start-run.js";

const PAGE_ROWS = 200;
const VERSIONS_MAX = 1_000;

export function Definitions() {
  const { client, route } = useFlo();
  const act = useAct();
  const definitions = usePages(
    async (cursor) => asPage(await client.workflow.listDefinitions({ limit: PAGE_ROWS, cursor })),
    [client],
  );
  const toggle = async (name: string, isEnabled: boolean) => {
    const isDone = isEnabled
      ? await act(`${name} was disabled: it starts no new runs`, () =>
          client.workflow.disable(name),
        )
      : await act(`${name} was enabled`, () => client.workflow.enable(name));
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
      empty="No workflows. To install one: flo workflow sync order.yaml"
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
          title: "synced",
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
  const { version = "", beside = "" } = route.filters;
  const { value, error } = useDefinition(name, version);
  const other = useDefinition(name, beside);
  const versions = useLive(
    async () => [...(await client.workflow.listVersions(name, { limit: VERSIONS_MAX }))],
    [client, name],
    SLOW_MS,
  );
  const names = (versions.value ?? []).map((each) => each.version);
  const drawn = useMemo(() => (value === null ? null : drawnOf(value)), [value]);
  const isCompared = value !== null && beside !== "" && other.value !== null;
  return (
    <>
      <h1>
        <Name text={name} />
      </h1>
      <div class="bar">
        <Choice name="version" label="version" options={names} none="the current one" />
        <Choice name="beside" label="compare with version" options={names} none="none" />
        <span class="spring" />
        <a href={linkTo(route, "workflows", [], { workflow: name })}>show its runs</a>
        <Only role="worker" scope={`write:workflow:${name}`}>
          <StartRun workflow={name} />
        </Only>
      </div>
      <Trouble error={error ?? other.error ?? versions.error} />
      {value === null && error === null ? <Loading /> : null}
      {isCompared ? <Difference before={other.value ?? ""} after={value ?? ""} /> : null}
      {drawn === null ? null : <Drawing drawn={drawn} way={null} />}
      <Versions name={name} {...versions} />
      {value === null || isCompared ? null : (
        <pre class="card" tabIndex={0}>
          {shown(value)}
        </pre>
      )}
    </>
  );
}

/** The text of a version; of the current one where none is named. */
function useDefinition(name: string, version: string) {
  const { client } = useFlo();
  return useLive(
    async () => {
      const text = await client.workflow.getDefinition(name, version === "" ? {} : { version });
      if (text === null) {
        throw new Error(`there is no version ${version} of ${name}`.replace("  ", " "));
      }
      return textOf(text) ?? "";
    },
    [client, name, version],
    0,
  );
}

interface VersionsProps extends Live<readonly DefinitionVersionEntry[]> {
  readonly name: string;
}

function Versions({ name, value, error, reload }: VersionsProps) {
  const { client, route } = useFlo();
  const act = useAct();
  const kept = value ?? [];
  const before = new Map(kept.map(({ version }, at) => [version, kept[at + 1]?.version]));
  const at = (filters: Readonly<Record<string, string>>) =>
    linkTo(route, "workflows", ["definitions", name], filters);
  const use = async (version: string) => {
    const write = () => client.workflow.use(name, version);
    if (await act(`new runs use version ${version}`, write)) {
      reload();
    }
  };
  return (
    <section>
      <h2>Versions</h2>
      <Table
        label="versions"
        isShort
        items={kept}
        isLoading={value === null && error === null}
        keyOf={({ version }) => version}
        hrefOf={({ version }) => at({ version })}
        empty="No versions."
        columns={[
          { title: "version", cell: ({ version }) => <Name text={version} /> },
          { title: "synced", cell: ({ created_at }) => <Moment ms={created_at} />, isExtra: true },
          {
            title: "what changed",
            cell: ({ version }) => {
              const beside = before.get(version);
              return beside === undefined ? (
                "–"
              ) : (
                <a href={at({ version, beside })}>
                  since <Name text={beside} />
                </a>
              );
            },
          },
          {
            title: "state",
            cell: ({ version, current }) =>
              current ? (
                <Badge state="current" />
              ) : (
                <Only role="backend" scope={`write:workflow:${name}`}>
                  <button type="button" class="plain" onClick={() => void use(version)}>
                    use
                  </button>
                </Only>
              ),
            width: "7rem",
          },
        ]}
      />
    </section>
  );
}
