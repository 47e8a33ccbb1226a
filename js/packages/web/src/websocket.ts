/** Messages over WebSocket, which has messages of its own: each carries one, in both directions. */

import {
  BadRequestError,
  BadTypeError,
  bytesIn,
  InvalidEndpointError,
  type Link,
  type LinkEvents,
  masked,
  type Transport,
} from "@floruntime/core";

const DEFAULT_PATH = "/ws";
const CLOSE_MS_MAX = 1_000; // a peer that is gone answers no closing handshake
const NORMAL = 1_000;
const UNSUPPORTED = 1_003;
const EXPECTED = "an endpoint of a web client is ws://HOST:PORT/ws, or wss:// for TLS";

/** What makes WebSockets: the runtime's own class, or one that does the same. */
export type WebSocketClass = new (url: string) => WebSocket;

/** The URL written as `text`, at `/ws` unless it has a path. Throws `InvalidEndpointError`. */
export function parseUrl(text: string): string {
  if (typeof text !== "string") {
    throw new BadTypeError(`an endpoint must be text, not ${typeof text}: ${EXPECTED}`);
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new InvalidEndpointError(
      `endpoint ${JSON.stringify(masked(text))} is not understood: ${EXPECTED}`,
    );
  }
  const isWeb = url.protocol === "ws:" || url.protocol === "wss:";
  if (!isWeb || url.hash !== "" || url.username !== "") {
    throw new InvalidEndpointError(
      `endpoint ${JSON.stringify(masked(text))} is not understood: ${EXPECTED}`,
    );
  }
  if (url.pathname === "/") {
    url.pathname = DEFAULT_PATH;
  }
  return url.href;
}

/** Opens WebSockets to one server. */
export class WebSocketTransport implements Transport {
  readonly endpoint: string;
  readonly #url: string;
  readonly #class: WebSocketClass;

  constructor(endpoint: string, webSocket: WebSocketClass | undefined) {
    this.endpoint = typeof endpoint === "string" ? masked(endpoint) : endpoint;
    this.#url = parseUrl(endpoint);
    const found = webSocket ?? (globalThis.WebSocket as WebSocketClass | undefined);
    if (found === undefined) {
      throw new BadRequestError(
        "this runtime has no WebSocket: pass a WebSocket class as the option webSocket",
      );
    }
    this.#class = found;
  }

  connect(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    return new Promise((resolve, reject) => {
      const socket = new this.#class(this.#url);
      socket.binaryType = "arraybuffer";
      const aborted = () => socket.close();
      signal.addEventListener("abort", aborted, { once: true });
      const settled = () => signal.removeEventListener("abort", aborted);
      socket.onopen = () => {
        settled();
        resolve(new WebSocketLink(socket, events));
      };
      whenOver(socket, (told) => {
        settled();
        reject(new Error(`the server refused the WebSocket${told}`));
      });
    });
  }
}

/**
 * Call back once it is over, with what is known of the reason.
 *
 * Every WebSocket that fails has an `error` event, which says nothing, and then a `close` event;
 * that of Node has only the first where the connection could not be made.
 */
function whenOver(socket: WebSocket, callback: (told: string) => void): void {
  socket.onclose = ({ code, reason }) => callback(reason ? ` (${code}: ${reason})` : ` (${code})`);
  socket.onerror = () => void setTimeout(() => callback(""), 0);
}

class WebSocketLink implements Link {
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #events: LinkEvents;
  #resolveClosed: () => void = () => undefined;
  #isClosing = false;

  constructor(socket: WebSocket, events: LinkEvents) {
    this.#socket = socket;
    this.#events = events;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    socket.onmessage = ({ data }: MessageEvent<unknown>) => this.#receive(data);
    whenOver(socket, (told) => this.#ended(new Error(`the WebSocket was closed${told}`)));
  }

  #receive(data: unknown): void {
    const body = bytesIn(data);
    if (body !== null) {
      this.#events.onMessage(body);
    } else {
      this.#socket.close(UNSUPPORTED); // a message is binary
    }
  }

  #ended(why: Error): void {
    this.#resolveClosed();
    if (!this.#isClosing) {
      this.#isClosing = true;
      this.#events.onClose(why);
    }
  }

  write(message: Uint8Array): void {
    if (this.#socket.readyState === this.#socket.OPEN) {
      this.#socket.send(message as Uint8Array<ArrayBuffer>); // nobody shares its memory
    }
  }

  close(): void {
    if (this.#isClosing) {
      return;
    }
    this.#isClosing = true;
    this.#socket.close(NORMAL);
    const timer = setTimeout(() => this.#resolveClosed(), CLOSE_MS_MAX);
    void this.closed.then(() => clearTimeout(timer));
  }
}
