import {
  BadRequestError,
  BadTypeError,
  type ClientOptions,
  ConnectedClient,
  type ConnectOptions,
  type DisconnectListener,
  KvReader,
  LeaseMemory,
  StreamRecords,
  type Token,
} from "@floruntime/core";

import { onWaking } from "./waking.js";
import { type WebSocketClass, WebSocketTransport } from "./websocket.js";

export interface FloClientOptions extends ClientOptions {
  /** Another name for `token`. */
  readonly authToken?: Token | null | undefined;
  /** Gives another token where the first has been used: asked at each connection after it. */
  readonly onAuthRequired?: (() => string | Promise<string>) | null | undefined;
  /** What makes WebSockets where the runtime has none of its own, as Node 20. */
  readonly webSocket?: WebSocketClass | null | undefined;
}

/**
 * A client over WebSocket, for web pages: streams, and keys to read. Nothing else exists on it, and
 * the server refuses the rest by the token's role.
 *
 * `endpoint` is `ws://HOST:PORT/ws`, or `wss://` for TLS. It connects by `connect()` or with the
 * first call, and reconnects by itself; while it is connected it looks at once when the page is online
 * again, or is seen again after a sleep.
 */
export class FloClient {
  /** Keys to read: configuration, feature flags. */
  readonly kv: KvReader;
  /** Streams: append, read, subscribe, groups. */
  readonly streams: StreamRecords;
  readonly stream: StreamRecords;
  readonly #client: ConnectedClient;
  #stopWaking: (() => void) | null = null;

  constructor(endpoint: string, options: FloClientOptions = {}) {
    const { webSocket, token, authToken, onAuthRequired, ...rest } = options;
    const transport = new WebSocketTransport(endpoint, webSocket ?? undefined);
    const first = oneOf(token ?? undefined, authToken ?? undefined);
    this.#client = new ConnectedClient(transport, {
      ...rest,
      token: renewed(first, onAuthRequired ?? undefined),
    });
    this.kv = new KvReader(this.#client);
    this.streams = new StreamRecords(this.#client, new LeaseMemory());
    this.stream = this.streams;
    this.#client.onConnect(() => {
      this.#stopWaking ??= onWaking(() => this.#client.wake());
    });
  }

  /** Where the server is, as it was given. */
  get endpoint(): string {
    return this.#client.endpoint;
  }

  /** Where calls go that name no other. */
  get namespace(): string {
    return this.#client.namespace;
  }

  /** With `reads: "local"`: how old the state may have been that the latest answer came from. */
  get stalenessMs(): number {
    return this.#client.stalenessMs;
  }

  /** Whether the connection is up at this moment. */
  get isConnected(): boolean {
    return this.#client.isConnected;
  }

  /** Call `listener` whenever the connection is up, the first time and again; returns what ends this. */
  onConnect(listener: () => unknown): () => void {
    return this.#client.onConnect(listener);
  }

  /**
   * Call `listener` with the reason whenever the connection is lost, and with the refusal when the
   * server refuses the client for good; not for `close()`. Returns what ends this.
   */
  onDisconnect(listener: DisconnectListener): () => void {
    return this.#client.onDisconnect(listener);
  }

  /**
   * Connect, and give the client; a second time does nothing. Calls do it by themselves, but not
   * after `close()`. With `waitMs` it waits for a server that is not up yet.
   *
   * Throws `ConnectionFailedError` where there is no connection, and the refusal of the token.
   */
  async connect(options: ConnectOptions = {}): Promise<this> {
    await this.#client.connect(options);
    return this;
  }

  /** Close. Calls under way fail with `NotConnectedError`. Doing it twice does nothing. */
  async close(): Promise<void> {
    this.#stopWaking?.();
    this.#stopWaking = null;
    await this.#client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function oneOf(token: Token | undefined, authToken: Token | undefined): Token | undefined {
  if (token !== undefined && authToken !== undefined) {
    throw new BadRequestError("token and authToken are names of one option; give one of them");
  }
  return token ?? authToken;
}

/** `first` at the first connection, then what `next` gives; what is a function gives each by itself. */
function renewed(
  first: Token | undefined,
  next: (() => string | Promise<string>) | undefined,
): Token | undefined {
  if (next === undefined) {
    return first;
  }
  if (typeof next !== "function") {
    throw new BadTypeError(`onAuthRequired must be a function, not ${typeof next}`);
  }
  if (typeof first === "function") {
    throw new BadRequestError("token is a function and is asked again; leave out onAuthRequired");
  }
  let given = first;
  return () => {
    const token = given ?? next();
    given = undefined;
    return token;
  };
}
