/** The interface of transports: how messages travel. The packages for runtimes implement it. */

/** What a link calls. */
export interface LinkEvents {
  /** One whole message came. Nobody changes its bytes afterwards. */
  onMessage(message: Uint8Array): void;
  /** The peer or the network ended the link. Called once, and not after `close`. */
  onClose(error?: Error): void;
}

/** One open connection to a server. */
export interface Link {
  /** Send one message, after all messages that were written before. */
  write(message: Uint8Array): void;
  /** Begin to close. Closing twice has no effect. */
  close(): void;
  /** Resolves when the link is completely closed. */
  readonly closed: Promise<void>;
}

/** Opens links to one endpoint. */
export interface Transport {
  /** The endpoint, as it appears in messages. */
  readonly endpoint: string;
  /**
   * The longest time for which its links are silent. The server may rely on it to notice a client
   * that has vanished. Default: 0, which promises nothing.
   */
  readonly quietMsMax?: number;
  /** Open a new link. Rejects if that is not possible; `signal` aborts the attempt. */
  connect(events: LinkEvents, signal: AbortSignal): Promise<Link>;
  /**
   * The number of nodes that it knows. Each link begins with the node after that of the last link.
   * Default: 1.
   */
  readonly nodesTotal?: number;
  /** Other addresses of the same cluster, as HOST:PORT. A page never changes its address. */
  learn?(nodes: readonly string[]): void;
  /** A transport for the node at HOST:PORT only; `null` if that is not such an address. */
  at?(node: string): Transport | null;
}
