/** Keeps one connection up for a client: connects, and reconnects with back-off after a loss. */

import { type Clock, sleep } from "../base/clock.js";
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
import { Hello } from "../wire/messages.generated.js";
import type { Call } from "./call.js";
import { Connection } from "./connection.js";
import { Exchange } from "./exchange.js";
import type { RetryPolicy } from "./retry.js";
import type { Transport } from "./transport.js";

/** Failures to reconnect that time may heal; calls wait for it. Others are told to them at once. */
const PASSING = [ConnectionFailedError, OverloadedError, UnavailableError];

export interface ChannelOptions {
  readonly transport: Transport;
  readonly namespace: string;
  readonly token: string | null;
  readonly timeoutMs: number;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
}

/** Between `open` and `close`, takes calls whether the link is up or being made again. */
export class Channel {
  readonly #options: ChannelOptions;
  readonly #exchange: Exchange;
  readonly #life = new AbortController();
  #connection: Connection | null = null;
  #dialling: Connection | null = null;
  #lastError: FloError | null = null;
  #isOpen = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#exchange = new Exchange(() => options.clock.nowMs());
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
    const connections = [this.#connection, this.#dialling];
    this.#connection = null;
    await Promise.all(connections.map((each) => each?.close(closed())));
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

  /** The time of `call` is up; a late answer is dropped. */
  timeOut(call: Call, timeoutMs: number): void {
    if (call.isSettled) {
      return;
    }
    this.#exchange.abandon(call);
    if (call.wasSent) {
      this.#connection?.suspect(this.#options.timeoutMs);
    }
    call.fail(this.#timeOutError(call, timeoutMs));
  }

  #timeOutError(call: Call, timeoutMs: number): RequestTimeoutError {
    const name = call.request.kind.name;
    const { endpoint } = this.#options.transport;
    if (call.wasSent) {
      const text = `no answer to ${name} came from ${endpoint} within ${timeoutMs} ms`;
      return new RequestTimeoutError(text, { ran: call.ran });
    }
    if (this.#connection !== null) {
      return new RequestTimeoutError(
        `${name} was held back for ${timeoutMs} ms: too much is in flight`,
      );
    }
    return new RequestTimeoutError(
      `${name} was not sent within ${timeoutMs} ms: no connection to ${endpoint}`,
      { cause: this.#lastError ?? undefined },
    );
  }

  async #dial(): Promise<void> {
    let isUp = false;
    while (!isUp) {
      isUp = await this.#dialOnce(); // false: the server forgot the session; greet with a fresh one
    }
  }

  async #dialOnce(): Promise<boolean> {
    const { clock, transport, namespace, timeoutMs, token } = this.#options;
    const connection = new Connection(
      clock,
      (body) => this.#exchange.receive(body),
      (lost, error) => this.#lost(lost, error),
    );
    const hello = Hello.of({ clientVersion: VERSION, session: this.#exchange.session, token });
    this.#life.signal.throwIfAborted();
    this.#dialling = connection;
    const welcome = await connection
      .open(transport, hello, namespace, timeoutMs)
      .catch((error: unknown) => Promise.reject(this.#cannotConnect(error)))
      .finally(() => {
        this.#dialling = null;
      });
    if (connection.isOver) {
      throw new ConnectionFailedError(
        `${transport.endpoint} ended the connection after its greeting`,
      );
    }
    this.#connection = connection;
    if (!this.#exchange.linkUp((frame) => connection.send(frame), welcome)) {
      this.#connection = null;
      await connection.close();
      return false;
    }
    return true;
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
    if (this.#isOpen) {
      void this.#reconnect();
    }
  }

  async #reconnect(): Promise<void> {
    const { clock, retry } = this.#options;
    for (let attempt = 0; this.#isOpen; attempt++) {
      try {
        await sleep(clock, retry.delayMs(attempt, Math.random()), this.#life.signal);
        await this.#dial();
        return;
      } catch (error) {
        this.#reconnectFailed(error);
      }
    }
  }

  #reconnectFailed(error: unknown): void {
    if (!this.#isOpen || !(error instanceof FloError)) {
      return;
    }
    this.#lastError = error;
    if (!PASSING.some((kind) => error instanceof kind)) {
      const kind = error.constructor as typeof FloError;
      this.#exchange.failAll((ran) => new kind(error.message, { ran }));
    }
  }
}

function closed(options: ErrorOptions = {}): NotConnectedError {
  return new NotConnectedError("the client was closed", options);
}
