/**
 * Keeps one connection up for a client: connects, and reconnects with back-off after a loss, unless a
 * route to another node of its cluster can take its place.
 */

import { onAbort } from "../base/abort.js";
import type { Clock } from "../base/clock.js";
import {
  ConnectionFailedError,
  type ErrorOptions,
  FloError,
  NotConnectedError,
  OverloadedError,
  ProtocolError,
  RequestTimeoutError,
  UnavailableError,
} from "../base/errors.js";
import { VERSION } from "../base/limits.generated.js";
import type { FullLogger } from "../base/logger.js";
import { Hello } from "../wire/messages.generated.js";
import { again } from "./again.js";
import type { Call } from "./call.js";
import { Connection, type ConnectionOwner } from "./connection.js";
import { Exchange } from "./exchange.js";
import { type Greeting, greeted } from "./greeting.js";
import type { Reads } from "./reads.js";
import type { RetryPolicy } from "./retry.js";
import { type Promoted, RouteKeeper } from "./routes/keeper.js";
import { type Token, TokenSource } from "./token.js";
import type { Transport } from "./transport.js";

const PASSING = [ConnectionFailedError, OverloadedError, UnavailableError];

/** How long the peer has to give a sign of life where something happened to the machine. */
const WAKE_PATIENCE_MS = 2_000;

export interface ChannelOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly token: Token | null;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  readonly reads: Reads;
  readonly clock: Clock;
  readonly logger: FullLogger;
}

/** Who is told what becomes of the link. */
export interface ChannelOwner {
  /** It is up, for the first time or again. */
  connected(): void;
  /** It is lost; the channel connects again. */
  disconnected(reason: FloError): void;
  /** The server refused the channel for good: it is over. */
  ended(refusal: FloError): void;
}

/** Between `open` and `close`, takes calls whether the link is up or being made again. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #owner: ChannelOwner;
  readonly #exchange: Exchange;
  readonly #routes: RouteKeeper;
  readonly #token: TokenSource;
  readonly #life = new AbortController();
  readonly #ownerOfLinks: ConnectionOwner = {
    receive: (message) => this.#exchange.receive(message),
    underWay: () => this.#exchange.underWay(),
    lost: (lost, error) => this.#lost(lost, error),
  };
  #connection: Connection | null = null;
  #dialling: Connection[] = [];
  #lastError: FloError | null = null;
  #isOpen = false;
  #failures = 0;
  /** So many hellos went, since it was begun to connect. */
  #hellos = 0;
  /** Which history of its state the server was in when it last greeted. */
  #history = "";
  #upSinceMs = 0;
  /** Ends the pause before the next try. */
  #hurry: () => void = () => undefined;
  /** The reason that was told last; while it stays the same it is not told again. */
  #told = "";
  #isLossTold = false;

  constructor(options: ChannelOptions, owner: ChannelOwner) {
    const { clock, token, timeoutMs, reads } = options;
    this.#options = options;
    this.#owner = owner;
    const want = options.transport.at === undefined ? null : (node: string) => this.#want(node);
    this.#exchange = new Exchange(() => clock.nowMs(), reads, want);
    this.#routes = new RouteKeeper(options, this.#exchange);
    this.#token = new TokenSource(token, clock, timeoutMs);
  }

  /** Whether the link is up at this moment. */
  get isConnected(): boolean {
    return this.#connection !== null;
  }

  /** Connect. Throws the server's refusal or `ConnectionFailedError`. */
  async open(): Promise<void> {
    await this.#dial();
    this.#life.signal.throwIfAborted();
    this.#isOpen = true;
    if (this.#connection === null) {
      void this.#reconnect(); // lost in the same breath
    }
  }

  /** Fail what is under way and leave nothing behind. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.#life.abort(closed());
    this.#exchange.failAll((ran) => closed({ ran }));
    this.#exchange.linkDown("the client was closed");
    const connections = [this.#connection, ...this.#dialling];
    this.#connection = null;
    const closing = connections.map((each) => each?.close(closed()));
    await Promise.all([...closing, this.#routes.close()]);
  }

  submit(call: Call): void {
    this.#exchange.submit(call);
  }

  abandon(call: Call): void {
    this.#exchange.abandon(call);
  }

  endWait(call: Call): void {
    this.#exchange.endWait(call);
  }

  /** Something happened to the machine: see whether the link lives, or make one now. */
  wake(): void {
    this.#connection?.probe(WAKE_PATIENCE_MS);
    this.#hurry();
  }

  /** The time of `call` is up; a late answer is dropped. */
  timeOut(call: Call, timeoutMs: number): void {
    if (call.isSettled) {
      return;
    }
    const known = this.#whatIsKnown(call, timeoutMs);
    this.#exchange.abandon(call);
    const options: ErrorOptions = { ran: call.ran };
    const cause = this.#connection === null ? this.#lastError : null;
    call.fail(new RequestTimeoutError(known, cause === null ? options : { ...options, cause }));
  }

  /** Why there is no answer, as far as this end can tell. */
  #whatIsKnown(call: Call, timeoutMs: number): string {
    const name = call.request.kind.name;
    const { endpoint } = this.#options.transport;
    const connection = this.#connection;
    const happened = call.wasSent
      ? `no answer to ${name} came from ${endpoint} within ${timeoutMs} ms`
      : `${name} was not sent within ${timeoutMs} ms`;
    if (connection === null) {
      const reason = this.#lastError === null ? "" : `: ${this.#lastError.message}`;
      return `${happened}: no connection to ${endpoint}${reason}`;
    }
    const held = call.wasSent ? "" : `: ${this.#exchange.whyHeld(call)}`;
    const silentMs = Math.round(connection.silentMs);
    const isSilent = silentMs >= timeoutMs - 1; // a timer may fire a little early
    return `${happened}${held}${isSilent ? `; nothing came for ${silentMs} ms` : ""}`;
  }

  // Connecting

  /** Be greeted. Of several nodes one after another is asked, where one cannot take it now. */
  async #dial(): Promise<void> {
    const { clock, timeoutMs, transport } = this.#options;
    const untilMs = clock.nowMs() + timeoutMs;
    const hellosMax = transport.nodesTotal ?? 1;
    let asked = 0;
    this.#hellos = 0;
    for (let isUp = false; !isUp; ) {
      try {
        isUp = await this.#dialOnce(untilMs); // false: the server forgot the session; greet again
      } catch (error) {
        const isLast = this.#hellos === asked || this.#hellos >= hellosMax;
        if (!isPassing(error) || isLast || clock.nowMs() >= untilMs) {
          throw error;
        }
        asked = this.#hellos;
      }
    }
    this.#token.taken();
    this.#upSinceMs = this.#options.clock.nowMs();
    this.#owner.connected();
  }

  async #dialOnce(untilMs: number): Promise<boolean> {
    const { clock, transport, namespace } = this.#options;
    const token = await this.#token.next();
    this.#life.signal.throwIfAborted();
    const hello = Hello.of({ clientVersion: VERSION, session: this.#exchange.session, token });
    const greet = (withinMs: number, sent: () => void): Greeting => {
      const connection = this.#newConnection();
      this.#dialling.push(connection);
      const counted = () => {
        this.#hellos += 1;
        sent();
      };
      const welcome = connection.open(transport, hello, namespace, withinMs, counted);
      return { connection, welcome };
    };
    const { connection, welcome } = await greeted(clock, untilMs - clock.nowMs(), greet)
      .catch((error: unknown) => Promise.reject(this.#cannotConnect(error)))
      .finally(() => {
        this.#dialling = [];
      });
    if (connection.isOver) {
      throw new ConnectionFailedError(
        `${transport.endpoint} ended the connection after its greeting`,
      );
    }
    if (welcome.nodes.length > 0) {
      transport.learn?.(welcome.nodes);
    }
    this.#connection = connection;
    this.#notice(welcome.history);
    const send = (message: Uint8Array, dueMs: number) => connection.send(message, dueMs);
    if (!this.#exchange.linkUp(send, welcome)) {
      this.#connection = null;
      await connection.close();
      return false;
    }
    this.#routes.greeted(hello, welcome);
    return true;
  }

  /** Calls are passed on to this node again and again. */
  #want(node: string): void {
    if (this.#isOpen) {
      this.#routes.want(node);
    }
  }

  #newConnection(): Connection {
    const { clock, timeoutMs } = this.#options;
    return new Connection(clock, timeoutMs, this.#ownerOfLinks);
  }

  /** A server that went back refuses by itself what it did not see; a person must hear of it. */
  #notice(history: string): void {
    if (history !== "" && this.#history !== "" && history !== this.#history) {
      this.#options.logger.warn(
        `${this.#options.transport.endpoint} went back to an earlier state (its history is ` +
          `${history}, it was ${this.#history}): the last writes may be lost, and leases, ` +
          "versions and positions from before are refused",
      );
    }
    this.#history = history;
  }

  #cannotConnect(error: unknown): unknown {
    if (!(error instanceof ConnectionFailedError)) {
      return error;
    }
    const { endpoint } = this.#options.transport;
    return new ConnectionFailedError(`cannot connect to ${endpoint}: ${error.message}`, {
      cause: error,
    });
  }

  // Losing the link, and making it again

  #lost(connection: Connection, error: FloError): void {
    if (connection !== this.#connection) {
      return;
    }
    this.#connection = null;
    this.#lastError = error;
    if (error instanceof ProtocolError) {
      this.#exchange.failSent((ran) => new ProtocolError(error.message, { ran }));
    }
    const { endpoint } = this.#options.transport;
    this.#exchange.linkDown(`the connection to ${endpoint} broke: ${error.message}`);
    const promoted = this.#isOpen ? this.#routes.promote(this.#ownerOfLinks) : null;
    const then =
      promoted === null ? "connecting again" : `continuing through node ${promoted.route.node}`;
    this.#tell(`the connection to ${endpoint} is lost: ${error.message}; ${then}`);
    this.#owner.disconnected(error);
    if (promoted !== null) {
      this.#goOnBy(promoted);
    } else if (this.#isOpen) {
      void this.#reconnect();
    }
  }

  /** A route that is up is the first link from now on: nothing waits for a new one. */
  #goOnBy({ connection, route, welcome }: Promoted): void {
    this.#connection = connection;
    this.#upSinceMs = this.#options.clock.nowMs();
    this.#exchange.promoted(route, welcome);
    this.#owner.connected();
  }

  async #reconnect(): Promise<void> {
    const { clock, retry } = this.#options;
    const lostMs = clock.nowMs();
    if (this.#exchange.wasOfUse || lostMs - this.#upSinceMs >= retry.maxDelayMs) {
      this.#failures = 0; // where no link is of use, the delays go on growing
      this.#told = "";
    }
    while (this.#isOpen) {
      try {
        await this.#pause(retry.delayMs(this.#failures++, Math.random()));
        await this.#dial();
        this.#sayBack(clock.nowMs() - lostMs);
        return;
      } catch (error) {
        this.#reconnectFailed(error);
      }
    }
  }

  /** Sleep, or until `wake` or `close`. */
  #pause(delayMs: number): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve, reject) => {
      const over = () => {
        timer.cancel();
        forget();
      };
      const timer = clock.callAt(clock.nowMs() + delayMs, () => this.#hurry());
      this.#hurry = () => {
        over();
        resolve();
      };
      const { signal } = this.#life;
      const forget = onAbort(signal, () => {
        over();
        reject(signal.reason);
      });
    });
  }

  #reconnectFailed(error: unknown): void {
    if (!this.#isOpen || !(error instanceof FloError)) {
      return;
    }
    this.#lastError = error;
    if (this.#token.isFinal(error)) {
      this.#end(error);
    } else {
      this.#tell(`${error.message}; trying again`);
    }
  }

  /** The server does not want this client: no call can ever be answered. */
  #end(refusal: FloError): void {
    this.#isOpen = false;
    this.#exchange.failAll((ran) => again(refusal, ran));
    this.#routes.letGo("the server refuses this client");
    const { endpoint } = this.#options.transport;
    this.#options.logger.error(`${endpoint} refuses this client permanently: ${refusal.message}`);
    this.#owner.ended(refusal);
  }

  #tell(text: string): void {
    if (this.#isOpen && text !== this.#told) {
      this.#told = text;
      this.#isLossTold = true;
      this.#options.logger.warn(text);
    }
  }

  /** Whoever reads of a loss reads of its end. */
  #sayBack(awayMs: number): void {
    if (this.#isLossTold) {
      this.#isLossTold = false;
      const { logger, transport } = this.#options;
      const away = (awayMs / 1_000).toFixed(1);
      logger.warn(`connected to ${transport.endpoint} again, after ${away} s`);
    }
  }
}

/** Whether one node does not take a client now, and another one may. */
export function isPassing(error: unknown): boolean {
  return PASSING.some((kind) => error instanceof kind);
}

function closed(options: ErrorOptions = {}): NotConnectedError {
  return new NotConnectedError("the client was closed", options);
}
