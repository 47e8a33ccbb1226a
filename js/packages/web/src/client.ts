import {
  BadRequestError,
  BadTypeError,
  type ClientOptions,
  ConnectedClient,
  type ConnectOptions,
  checkNamed,
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
  /** Returns the next token, at each connection after the first one. */
  readonly onAuthRequired?: (() => string | Promise<string>) | null | undefined;
  /** The WebSocket class, if the runtime has none, as Node 20. */
  readonly webSocket?: WebSocketClass | null | undefined;
}

/**
 * A client over WebSocket, for web pages: it has streams, and reads of keys, and nothing else. The
 * server refuses everything else because of the token's role.
 *
 * `endpoint` is `ws://HOST:PORT/ws`, or `wss://` for TLS. The client connects with `connect()` or
 * at the first call, and reconnects automatically. When the page comes online again, or is shown
 * again after a sleep, it checks the connection at once.
 */
export class FloClient {
  /** Reads of keys: configuration, feature flags. */
  readonly kv: KvReader;
  /** Streams: append, read, subscribe, groups. */
  readonly streams: StreamRecords;
  readonly stream: StreamRecords;
  readonly #client: ConnectedClient;
  #stopWaking: (() => void) | null = null;

  constructor(endpoint: string, options: FloClientOptions = {}) {
    const given = checkNamed("FloClient", options);
    const { webSocket, token, authToken, onAuthRequired, ...rest } = given;
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

  /** The endpoint, as it was given. */
  get endpoint(): string {
    return this.#client.endpoint;
  }

  /** The namespace of calls that name none. */
  get namespace(): string {
    return this.#client.namespace;
  }

  /** With `reads: "local"`: how old the state behind the latest answer may be. */
  get stalenessMs(): number {
    return this.#client.stalenessMs;
  }

  /** Whether the connection is up now. */
  get isConnected(): boolean {
    return this.#client.isConnected;
  }

  /** Call `listener` each time the connection is up. Returns a function that removes it. */
  onConnect(listener: () => unknown): () => void {
    return this.#client.onConnect(listener);
  }

  /**
   * Call `listener` with the reason each time the connection is lost, and when the server refuses
   * the client permanently. It is not called for `close()`. Returns a function that removes it.
   */
  onDisconnect(listener: DisconnectListener): () => void {
    return this.#client.onDisconnect(listener);
  }

  /**
   * Connect, and return the client. If it is connected already, this has no effect.
   *
   * Calls connect automatically, but not after `close()`. With `waitMs` it waits for a server that
   * is not up yet. Throws `ConnectionFailedError` if there is no connection, and the error of the
   * server if it refuses the token.
   */
  async connect(options: ConnectOptions = {}): Promise<this> {
    await this.#client.connect(options);
    return this;
  }

  /**
   * Close the client. Calls in progress fail with `NotConnectedError`. Closing twice has no effect.
   */
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
    throw new BadRequestError(
      "token is a function, which is called at each connection; leave out onAuthRequired",
    );
  }
  let given = first;
  return () => {
    const token = given ?? next();
    given = undefined;
    return token;
  };
}
