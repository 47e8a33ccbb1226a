/** The cluster, as the node that answers sees it. A server that is alone has none. */

import type { ClusterInfo } from "@floruntime/core";
import { useFlo } from "../flo.js";
import { count, duration, shown } from "../format.js";
import { LIVE_MS, useLive } from "../live.js";
import { Badge } from "../parts/badge.js";
import { Name } from "../parts/name.js";
import { Empty, Loading } from "../parts/state.js";
import { Table } from "../parts/table.js";

export function Cluster() {
  const { client } = useFlo();
  const { value, error } = useLive(() => client.cluster.status(), [client], LIVE_MS);
  if (value === null) {
    return error === null ? <Loading /> : <Empty>{shown(error.message)}</Empty>;
  }
  return (
    <>
      <dl class="facts card">
        <dt>cluster</dt>
        <dd>
          <Name text={value.name} />, {value.copies} copies of all data
        </dd>
        <dt>answered by</dt>
        <dd>
          <Name text={value.node} />
        </dd>
        <dt>NATS</dt>
        <dd class={value.natsIsUp ? "" : "bad"}>{shown(value.nats)}</dd>
      </dl>
      <Nodes nodes={value.nodes} />
      <Partitions partitions={value.partitions} />
    </>
  );
}

function Nodes({ nodes }: Pick<ClusterInfo, "nodes">) {
  return (
    <section>
      <h2>Nodes</h2>
      <Table
        label="nodes"
        isShort
        items={nodes}
        keyOf={({ name }) => name}
        empty="No node."
        columns={[
          { title: "node", cell: ({ name }) => <Name text={name} /> },
          {
            title: "state",
            cell: ({ isAlive, isDraining }) => (
              <Badge state={!isAlive ? "lost" : isDraining ? "draining" : "healthy"} />
            ),
          },
          { title: "leads", cell: ({ leads }) => count(leads), isNumber: true },
          { title: "copies", cell: ({ keeps }) => count(keeps), isNumber: true, isExtra: true },
          {
            title: "last heard",
            cell: ({ silentMs }) => `${duration(silentMs)} ago`,
            isNumber: true,
            isExtra: true,
          },
          { title: "version", cell: ({ version }) => version, isExtra: true },
          { title: "address", cell: ({ address }) => <Name text={address} />, isExtra: true },
        ]}
      />
    </section>
  );
}

function Partitions({ partitions }: Pick<ClusterInfo, "partitions">) {
  return (
    <section>
      <h2>Partitions</h2>
      <Table
        label="partitions"
        isShort
        items={partitions}
        keyOf={({ number }) => `${number}`}
        empty="No partition."
        columns={[
          { title: "partition", cell: ({ name }) => <Name text={name} /> },
          { title: "leader", cell: ({ leader }) => <Name text={leader || "–"} /> },
          { title: "term", cell: ({ term }) => count(term), isNumber: true, isExtra: true },
          {
            title: "sequence",
            cell: ({ sequence }) => count(sequence),
            isNumber: true,
            isExtra: true,
          },
          {
            title: "namespaces",
            cell: ({ namespaces }) => count(namespaces),
            isNumber: true,
            isExtra: true,
          },
          {
            title: "trouble",
            cell: ({ trouble }) => <span class="bad">{shown(trouble)}</span>,
            width: "2fr",
          },
        ]}
      />
    </section>
  );
}
