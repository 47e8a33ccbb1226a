/** The cluster that a client is connected to: how it is, and where its leads are to be. */

import { type CallOptions, knownOfCall, NONE } from "../base/options.js";
import type { Caller } from "../link/caller.js";
import {
  ClusterDrain,
  ClusterForget,
  ClusterImport,
  type ClusterInfo,
  ClusterMove,
  ClusterRecover,
  ClusterStatus,
} from "../wire/messages.generated.js";

/** `client.cluster`: needs the role `admin`. A server outside a cluster refuses all of it. */
export class Cluster {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  /** Return the nodes, the partitions and the state of NATS, as the answering node sees them. */
  async status(options: CallOptions = {}): Promise<ClusterInfo> {
    knownOfCall("cluster.status", options, NONE);
    return await this.#caller.call(ClusterStatus.of({}), options);
  }

  /** Make `node` the leader of `partition` (0 is `system`), until it is drained or lost. */
  async move(partition: number, node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.move", options, NONE);
    await this.#caller.call(ClusterMove.of({ partition, node }), options);
  }

  /** Hand over everything that `node` leads. It leads nothing until it starts again. */
  async drain(node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.drain", options, NONE);
    await this.#caller.call(ClusterDrain.of({ node }), options);
  }

  /** Remove a node that will not come back. Refused while the node is alive. */
  async forget(node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.forget", options, NONE);
    await this.#caller.call(ClusterForget.of({ node }), options);
  }

  /**
   * Continue `partition` (0 is `system`) from the copy of `node`, as a new history.
   *
   * Use it for a partition that nobody can lead, because its log was set back or lost its
   * beginning. What other copies and the log hold beyond that copy is lost.
   */
  async recover(partition: number, node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.recover", options, NONE);
    await this.#caller.call(ClusterRecover.of({ partition, node }), options);
  }

  /**
   * Import the data of a single server into this cluster, which must be empty.
   *
   * `directory` is a backup on the machine of the node that answers. Returns the number of
   * namespaces.
   */
  async importBackup(directory: string, options: CallOptions = {}): Promise<number> {
    knownOfCall("cluster.importBackup", options, NONE);
    return await this.#caller.call(ClusterImport.of({ directory }), options);
  }
}
