/**
 * This package in the shapes of the first JavaScript SDK of Flo: for pages that were written against
 * that one, with no more than their import lines changed.
 */

import type { DisconnectListener, KvReader, StreamRecords } from "@floruntime/core";
import { type Extended, type KeyReads, keyReads } from "@floruntime/core/compat";

import { type FloClientOptions, FloClient as OurFloClient } from "./client.js";

export {
  type KVEntry,
  type ScanPage as ScanResult,
  StatusCode,
  statusCodeToString,
} from "@floruntime/core/compat";
export * from "./index.js";

export type WebClientOptions = FloClientOptions;

/** A client for web pages. `native` is the client of this package that it stands on. */
export class FloClient {
  /** The client of this package. */
  readonly native: OurFloClient;
  /** Keys to read. */
  readonly kv: Extended<KvReader, KeyReads>;
  /** Streams: append, read, subscribe, groups. */
  readonly streams: StreamRecords;
  /** The same as `streams`. */
  readonly stream: StreamRecords;

  constructor(endpoint: string, options: WebClientOptions = {}) {
    this.native = new OurFloClient(endpoint, options);
    this.kv = keyReads(this.native.kv);
    this.streams = this.native.streams;
    this.stream = this.native.streams;
  }

  /** Connect once; a second time does nothing. */
  async connect(): Promise<void> {
    await this.native.connect();
  }

  /** Close. Calls under way fail with `NotConnectedError`. */
  async close(): Promise<void> {
    await this.native.close();
  }

  /** Whether the connection is up at this moment. */
  isConnected(): boolean {
    return this.native.isConnected;
  }

  /** Call `listener` whenever the connection is up; returns what ends this. */
  onConnect(listener: () => unknown): () => void {
    return this.native.onConnect(listener);
  }

  /** Call `listener` with the reason whenever the connection is lost; returns what ends this. */
  onDisconnect(listener: DisconnectListener): () => void {
    return this.native.onDisconnect(listener);
  }

  /** The namespace of calls that name none. */
  namespace(): string {
    return this.native.namespace;
  }

  /** `override`, or else the namespace of calls that name none. */
  getNamespace(override?: string): string {
    return override ?? this.native.namespace;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
