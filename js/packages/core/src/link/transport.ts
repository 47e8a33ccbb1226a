/** How messages travel: the port that a connection stands on. The packages for runtimes fill it. */

/** What a link calls back. */
export interface LinkEvents {
  /** One message came, whole; nobody changes its bytes afterwards. */
  onMessage(message: Uint8Array): void;
  /** The peer or the network ended the link; called once, and not after `close`. */
  onClose(error?: Error): void;
}

/** One open way to a server. */
export interface Link {
  /** Send one message, after all that was written before. */
  write(message: Uint8Array): void;
  /** Begin to close. Doing it twice does nothing. */
  close(): void;
  /** Resolves when nothing of the link is left. */
  readonly closed: Promise<void>;
}

/** Opens links to one endpoint. */
export interface Transport {
  /** What it leads to, for messages. */
  readonly endpoint: string;
  /**
   * The longest that its links are silent, which the server may count on to notice a client that
   * vanished. Default: 0, which promises nothing.
   */
  readonly quietMsMax?: number;
  /** A new link. Rejects where none can be made; `signal` gives up trying. */
  connect(events: LinkEvents, signal: AbortSignal): Promise<Link>;
  /**
   * So many nodes it knows; each link begins with the one behind that of the last link. Default: 1.
   */
  readonly nodesTotal?: number;
  /** Where else the same cluster is reached, as HOST:PORT; a page never changes its address. */
  learn?(nodes: readonly string[]): void;
  /** What leads to the node at HOST:PORT and no other; `null` where that is no such address. */
  at?(node: string): Transport | null;
}
