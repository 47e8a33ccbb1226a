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

  /**
   * Make `node` the leader of `partition` (0 is `system`). Resolves once it leads.
   *
   * It keeps the partition until the node is drained or lost. If its copy is behind, the copy
   * catches up first.
   *
   * Throws `BadRequestError` if there is no such partition, or if the node keeps no copy of it;
   * `NotFoundError` if there is no such node; `ConflictError` if the node is not alive or is
   * drained; and `UnavailableError` if it takes longer than the time-out, or ten seconds.
   */
  async move(partition: number, node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.move", options, NONE);
    await this.#caller.call(ClusterMove.of({ partition, node }), options);
  }

  /**
   * Move all partitions that `node` leads to other nodes. Resolves once it leads nothing.
   *
   * The node leads nothing until it is started again.
   *
   * Throws `NotFoundError` if there is no such node, `ConflictError` if it is not alive, and
   * `UnavailableError` if it takes longer than the time-out, or ten seconds.
   */
  async drain(node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.drain", options, NONE);
    await this.#caller.call(ClusterDrain.of({ node }), options);
  }

  /**
   * Remove a node that will never come back: other nodes keep its copies from now on.
   *
   * Throws `NotFoundError` if there is no such node, `ConflictError` if it is alive.
   */
  async forget(node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.forget", options, NONE);
    await this.#caller.call(ClusterForget.of({ node }), options);
  }

  /**
   * Continue `partition` (0 is `system`) from the copy of `node`, as a new history.
   *
   * Use it for a partition that nobody can lead: its log was set back or lost its beginning, and
   * `status()` reports trouble with its copies. Everything that other copies and the log hold
   * beyond the copy of `node` is lost. It resolves once the partition is led again.
   *
   * Throws `BadRequestError` if there is no such partition, or if the node keeps no copy of it;
   * `NotFoundError` if there is no such node; and `ConflictError` if the node is not alive, or if
   * the partition has a leader and the node's copy follows its log.
   */
  async recover(partition: number, node: string, options: CallOptions = {}): Promise<void> {
    knownOfCall("cluster.recover", options, NONE);
    await this.#caller.call(ClusterRecover.of({ partition, node }), options);
  }

  /**
   * Load data into this cluster, which must be empty. Returns how many namespaces there are.
   *
   * `directory` is on the machine of the node that is asked. It is a backup, of a single server or
   * of a cluster with the same number of partitions, or the data directory of a stopped server or
   * node.
   *
   * Throws `BadRequestError` if it is not such a directory, `ConflictError` if the cluster is not
   * empty, and `UnavailableError` if the node that is asked cannot lead all partitions now.
   */
  async importBackup(directory: string, options: CallOptions = {}): Promise<number> {
    knownOfCall("cluster.importBackup", options, NONE);
    return await this.#caller.call(ClusterImport.of({ directory }), options);
  }
}
