/** Messages over TCP, and over TLS where it is asked for: a preamble, then one frame for each. */

import { isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";

import { BadTypeError, type Link, type LinkEvents, limits, type Transport } from "@floruntime/core";

import { type Endpoint, parseEndpoint, parseEndpoints } from "./endpoint.js";
import { FrameReader, joined, lengthOf, PREAMBLE } from "./framing.js";
import { connectTo } from "./racing.js";
import { explained } from "./reasons.js";

type Pem = string | Uint8Array | readonly (string | Uint8Array)[];

/** Options for `tls.connect` of Node; these are the usual ones. */
export interface TlsOptions {
  /** The certificates to trust, instead of those that the system trusts. */
  readonly ca?: Pem | undefined;
  /** The certificate of this client, if the server requires one. */
  readonly cert?: Pem | undefined;
  /** The key of `cert`. */
  readonly key?: Pem | undefined;
  /** The passphrase of `key`. */
  readonly passphrase?: string | undefined;
  /** The name that the server's certificate must have. Default: the host of the endpoint. */
  readonly servername?: string | undefined;
  /** `false` takes any certificate. Default: `true`. */
  readonly rejectUnauthorized?: boolean | undefined;
  readonly [option: string]: unknown;
}

/** `true` for the certificates that the system trusts, or options for `node:tls`. */
export type Tls = boolean | TlsOptions;

const CLOSE_MS_MAX = 1_000;
const KEEPALIVE_IDLE_MS = 30_000; // lets the kernel notice a peer that vanished
const QUIET_MS_MAX = 20_000; // lets the server notice that this client did

const EACH_MS = 1_000; // one of several nodes is tried for so long before the next one
const NODES_MAX = 64;

function understood(node: string): Endpoint[] {
  try {
    return [parseEndpoint(node)];
  } catch {
    return [];
  }
}

function optionsOf(tls: Tls | undefined): ConnectionOptions | null {
  if (tls !== undefined && typeof tls !== "boolean" && (typeof tls !== "object" || tls === null)) {
    throw new BadTypeError(`tls must be true, false or options of node:tls, not ${String(tls)}`);
  }
  return tls === true ? {} : (tls as ConnectionOptions | undefined) || null;
}

/**
 * Opens TCP connections to one server, or to any of several nodes of a cluster. Each connection
 * begins with the node behind that of the one before, so one that answers nothing is passed by.
 */
export class TcpTransport implements Transport {
  readonly endpoint: string;
  readonly quietMsMax = QUIET_MS_MAX;
  readonly #given: readonly Endpoint[];
  #learned: readonly Endpoint[] = [];
  #next = 0;
  readonly #tls: ConnectionOptions | null;
  readonly #givenTls: Tls | undefined;

  constructor(endpoint: string, tls: Tls | undefined) {
    this.endpoint = endpoint;
    this.#givenTls = tls;
    this.#given = parseEndpoints(endpoint);
    this.#tls = optionsOf(tls);
  }

  get nodesTotal(): number {
    return this.#given.length + this.#learned.length;
  }

  learn(nodes: readonly string[]): void {
    const isGiven = ({ host, port }: Endpoint) =>
      this.#given.some((each) => each.host === host && each.port === port);
    this.#learned = nodes
      .slice(0, NODES_MAX)
      .flatMap(understood)
      .filter((each) => !isGiven(each));
  }

  /** The same, to this node alone. */
  at(node: string): TcpTransport | null {
    return understood(node).length === 0 ? null : new TcpTransport(node, this.#givenTls);
  }

  async connect(events: LinkEvents, signal: AbortSignal): Promise<Link> {
    const endpoints = [...this.#given, ...this.#learned];
    const [only] = endpoints;
    if (endpoints.length === 1 && only !== undefined) {
      this.#next = 1;
      return await this.#connect(only, events, signal);
    }
    const start = this.#next % endpoints.length;
    const errors: string[] = [];
    for (const each of [...endpoints.slice(start), ...endpoints.slice(0, start)]) {
      this.#next = endpoints.indexOf(each) + 1;
      try {
        return await this.#connect(
          each,
          events,
          AbortSignal.any([signal, AbortSignal.timeout(EACH_MS)]),
        );
      } catch (error) {
        signal.throwIfAborted();
        errors.push(`${each.host}:${each.port}: ${error instanceof Error ? error.message : error}`);
      }
    }
    throw new Error(errors.join("; "));
  }

  async #connect(endpoint: Endpoint, events: LinkEvents, signal: AbortSignal): Promise<Link> {
    try {
      const socket = await connectTo(endpoint.host, endpoint.port, signal);
      const isPlain = this.#tls === null;
      return new TcpLink(isPlain ? socket : await this.#secured(socket, endpoint, signal), events);
    } catch (error) {
      throw explained(error);
    }
  }

  #secured(plain: Socket, endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
    const { host, port } = endpoint;
    const named = isIP(host) ? {} : { servername: host };
    return new Promise((resolve, reject) => {
      const socket = connectTls({ host, port, ...named, ...this.#tls, socket: plain });
      const aborted = () => socket.destroy(new Error("given up"));
      const settled = () => signal.removeEventListener("abort", aborted);
      signal.addEventListener("abort", aborted, { once: true });
      socket.on("error", reject);
      socket.once("close", () => {
        settled();
        reject(new Error("the connection was closed"));
      });
      socket.once("secureConnect", () => {
        settled();
        socket.off("error", reject);
        resolve(socket);
      });
    });
  }
}

class TcpLink implements Link {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #events: LinkEvents;
  readonly #reader = new FrameReader(limits.ANSWER_FRAME_BYTES_MAX);
  #outgoing: Uint8Array[] = [PREAMBLE];
  #isFlushDue = false;
  #isClosing = false;

  constructor(socket: Socket, events: LinkEvents) {
    this.#socket = socket;
    this.#events = events;
    let problem: Error | undefined;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEPALIVE_IDLE_MS);
    socket.on("data", (data) => {
      this.#receive(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    });
    socket.on("error", (error) => {
      problem = error;
    });
    socket.on("end", () => socket.destroy());
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        resolve();
        if (!this.#isClosing) {
          events.onClose(problem);
        }
      });
    });
  }

  #receive(data: Uint8Array): void {
    for (const message of this.#reader.receive(data)) {
      if (this.#isClosing) {
        return;
      }
      this.#events.onMessage(message);
    }
    if (this.#reader.failed !== null && !this.#isClosing) {
      this.close();
      this.#events.onClose(this.#reader.failed);
    }
  }

  /** The messages of one turn of the event loop go out together. */
  write(message: Uint8Array): void {
    if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      setImmediate(() => this.#flush());
    }
    this.#outgoing.push(lengthOf(message.length), message);
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    this.#isFlushDue = false;
    if (!this.#isClosing && this.#socket.writable) {
      this.#socket.write(joined(outgoing));
    }
  }

  close(): void {
    if (this.#isClosing) {
      return;
    }
    this.#isClosing = true;
    if (this.#socket.writableLength > 0) {
      this.#socket.destroy(); // a peer that does not read must not hold up a close
      return;
    }
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_MS_MAX);
    void this.closed.then(() => clearTimeout(timer));
  }
}
