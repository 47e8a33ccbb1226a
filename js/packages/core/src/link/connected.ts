/** What all clients have in common: one connection, any number of concurrent calls. */

import { onAbort, orAborted } from "../base/abort.js";
import { checkBlock, checkDuration, checkNamespace } from "../base/checks.js";
import { type Clock, sleep, systemClock } from "../base/clock.js";
import {
  FloError,
  NotConnectedError,
  OverloadedError,
  RequestTimeoutError,
  UnavailableError,
} from "../base/errors.js";
import { Listeners } from "../base/listeners.js";
import { type FullLogger, type Logger, loggerOf } from "../base/logger.js";
import {
  type CallOptions,
  known,
  knownOfCall,
  NONE,
  type OptionNames,
  ofCall,
} from "../base/options.js";
import { loggable } from "../base/printable.js";
import type { Integer } from "../base/schema.js";
import { Backup, GetServerInfo, Ping, type ServerInfo } from "../wire/messages.generated.js";
import type { Request } from "../wire/request.js";
import { again } from "./again.js";
import { Call } from "./call.js";
import type { Caller, WaitOptions } from "./caller.js";
import { Channel, isPassing } from "./channel.js";
import { Reads, type ReadsFrom } from "./reads.js";
import { type RetryOptions, RetryPolicy } from "./retry.js";
import { checkToken, type Token } from "./token.js";
import { inTrace, sentBy, theTracing } from "./tracing.js";
import type { Transport } from "./transport.js";

export interface ClientOptions {
  /** The namespace of calls that name none. Default: `default`. */
  readonly namespace?: string | null | undefined;
  /** The time-out of a call; its own `blockMs` is added. Default: 5,000. */
  readonly timeoutMs?: Integer | null | undefined;
  /**
   * The token, if the server requires one: a text, or a function that returns a text or a promise.
   * The function is called at each connection, for tokens that expire.
   */
  readonly token?: Token | null | undefined;
  /**
   * The waits before reconnecting, and before repeating a call that an overloaded server did not
   * run.
   */
  readonly retry?: RetryOptions | null | undefined;
  /**
   * In a cluster, `"local"` lets any node answer reads (of keys and streams, lists, infos,
   * histories) from its own copy. The answer may be old, but never older than what this client has
   * seen; `stalenessMs` says how old. Default: `"linearizable"`.
   */
  readonly reads?: ReadsFrom | null | undefined;
  /**
   * With `reads: "local"`: the largest age; if a copy may be older, the leader answers. Default: no
   * limit.
   */
  readonly maxStalenessMs?: Integer | null | undefined;
  /**
   * The logger: `true` for the console, `false` for none, or an object with `debug`, `warn` and
   * `error`. Default: warnings and errors go to the console.
   */
  readonly logger?: Logger | boolean | null | undefined;
  /** An older spelling of `logger: true`. */
  readonly debug?: boolean | null | undefined;
  /** The clock for time-outs; tests pass their own. */
  readonly clock?: Clock | null | undefined;
}

export interface ConnectOptions {
  /** How long to try if no server can be reached. Default: 0, try once. */
  readonly waitMs?: Integer | null | undefined;
}

const CONNECT: OptionNames<ConnectOptions> = { waitMs: true };

export const CLIENT_OPTIONS: OptionNames<ClientOptions> = {
  namespace: true,
  timeoutMs: true,
  token: true,
  retry: true,
  reads: true,
  maxStalenessMs: true,
  logger: true,
  debug: "logger",
  clock: true,
};

/** A call on its way: until when it may take, and what ends it before. */
interface Attempt {
  readonly namespace: string;
  readonly blockMs: number;
  readonly timeoutMs: number;
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
  readonly wait: WaitOptions["wait"];
}

/** Called with the reason when the connection is lost. */
export type DisconnectListener = (reason: FloError) => unknown;

/**
 * A connection to a server. It is made by `connect()`, or by the first call.
 *
 * After a lost connection it reconnects in the background; calls wait for that up to their
 * time-out. If the server refuses the client permanently (its token was revoked, for example),
 * calls throw that refusal until `connect()` tries again.
 */
export class ConnectedClient implements Caller {
  /** The namespace of calls that name none. */
  readonly namespace: string;
  /** The logger of this client. */
  readonly logger: FullLogger;
  /** The clock for time-outs. */
  readonly clock: Clock;
  readonly #transport: Transport;
  readonly #timeoutMs: number;
  readonly #token: Token | null;
  readonly #retry: RetryPolicy;
  readonly #reads: Reads;
  #channel: Channel | null = null;
  #opening: Channel | null = null;
  #connecting: Promise<Channel> | null = null;
  #ended: FloError | null = null;
  #isClosed = false;
  readonly #connects: Listeners<[]>;
  readonly #disconnects: Listeners<[FloError]>;

  constructor(transport: Transport, options: ClientOptions = {}) {
    const given = known("FloClient", options, CLIENT_OPTIONS);
    this.#transport = transport;
    this.namespace = checkNamespace(given.namespace ?? "default");
    this.#timeoutMs = checkDuration("timeoutMs", given.timeoutMs ?? 5_000, 1);
    this.#token = checkToken(given.token);
    this.#retry = new RetryPolicy(given.retry);
    this.#reads = new Reads(given.reads, given.maxStalenessMs);
    this.logger = loggerOf(given.logger);
    this.clock = given.clock ?? systemClock;
    const failed = (error: unknown) => this.logger.error("a listener failed:", loggable(error));
    this.#connects = new Listeners(failed);
    this.#disconnects = new Listeners(failed);
  }

  /** `override`, or else the namespace of calls that name none. */
  getNamespace(override?: string): string {
    return override === undefined ? this.namespace : checkNamespace(override);
  }

  /** The endpoint, as it was given. */
  get endpoint(): string {
    return this.#transport.endpoint;
  }

  /**
   * With `reads: "local"`: how old the state behind the latest answer may be. It counts from the
   * last time that the answering node heard from the leader; 0 if the leader answered.
   */
  get stalenessMs(): number {
    return this.#reads.stalenessMs;
  }

  /** Whether the connection is up now. */
  get isConnected(): boolean {
    return this.#channel?.isConnected ?? false;
  }

  /** Call `listener` each time the connection is up. Returns a function that removes it. */
  onConnect(listener: () => unknown): () => void {
    return this.#connects.add(listener);
  }

  /**
   * Call `listener` with the reason each time the connection is lost, and when the server refuses
   * the client permanently. It is not called for `close()`. Returns a function that removes it.
   */
  onDisconnect(listener: DisconnectListener): () => void {
    return this.#disconnects.add(listener);
  }

  /**
   * Check at once whether the connection is alive, or make one now.
   *
   * Call this when the machine has slept, or its network has changed. Without it the client takes
   * some seconds to notice a silent connection.
   */
  wake(): void {
    this.#channel?.wake();
  }

  /**
   * Connect, and return the client. If it is connected already, this has no effect.
   *
   * Calls connect automatically, but not after `close()`. With `waitMs` it waits for a server that
   * is not up yet. Throws `ConnectionFailedError` if there is no connection within `timeoutMs` (at
   * once if it is refused), and the error of the server if it refuses the token.
   */
  async connect(options: ConnectOptions = {}): Promise<this> {
    const given = known("connect", options, CONNECT);
    const waitMs = checkDuration("waitMs", given.waitMs ?? 0);
    this.#isClosed = false;
    this.#ended = null;
    const untilMs = this.clock.nowMs() + waitMs;
    for (let failures = 0; ; failures++) {
      try {
        await this.#connected();
        return this;
      } catch (error) {
        const delayMs = this.#retry.delayMs(failures, Math.random());
        const isOver = this.clock.nowMs() + delayMs >= untilMs;
        if (isOver || !isPassing(error)) {
          throw error;
        }
        await sleep(this.clock, delayMs);
      }
    }
  }

  /**
   * Close the client. Calls in progress fail with `NotConnectedError`. Closing twice has no effect.
   */
  async close(): Promise<void> {
    this.#isClosed = true;
    const channels = [this.#channel, this.#opening];
    this.#channel = this.#opening = this.#connecting = null;
    await Promise.all(channels.map((channel) => channel?.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /**
   * Send one request, and return its typed answer. Every method of every primitive ends here.
   *
   * A request that an overloaded or stopping server certainly did not run is sent again, with
   * growing waits, until the call's time-out.
   */
  call<R>(request: Request<R>, options: CallOptions & WaitOptions = {}): Promise<R> {
    const tracing = theTracing();
    const sent = tracing === null ? null : sentBy(request, options.namespace ?? this.namespace);
    if (tracing === null || sent === null) {
      return this.#call(request, options);
    }
    return tracing.sending(sent, (traceparent) =>
      this.#call(traceparent === null ? request : inTrace(request, traceparent), options),
    );
  }

  async #call<R>(request: Request<R>, options: CallOptions & WaitOptions): Promise<R> {
    const attempt = this.#begun(options);
    for (let failures = 0; ; failures++) {
      attempt.signal?.throwIfAborted();
      try {
        const channel = this.#channel ?? (await this.#connectedBy(request, attempt));
        return await this.#attempt(channel, request, attempt);
      } catch (error) {
        const delayMs = this.#retry.delayMs(failures, Math.random());
        if (!didNotRun(error) || this.clock.nowMs() + delayMs >= attempt.deadlineMs) {
          throw withCaller(error);
        }
        await sleep(this.clock, delayMs, attempt.signal);
      }
    }
  }

  /** The channel, for a call that waits for it no longer than for its answer. */
  #connectedBy(request: Request<unknown>, attempt: Attempt): Promise<Channel> {
    const { deadlineMs, timeoutMs, signal } = attempt;
    return new Promise((resolve, reject) => {
      const text =
        `${request.kind.name} was not sent within ${timeoutMs} ms: there is no connection to ` +
        `${this.endpoint} yet`;
      const late = () => reject(new RequestTimeoutError(text));
      const timer = this.clock.callAt(deadlineMs, late);
      orAborted(this.#connected(), signal)
        .then(resolve, reject)
        .finally(() => timer.cancel());
    });
  }

  #begun(options: CallOptions & WaitOptions): Attempt {
    const given = ofCall(options);
    const blockMs = checkBlock(given.blockMs ?? 0);
    const ownMs = checkDuration("timeoutMs", given.timeoutMs ?? this.#timeoutMs, 1);
    const timeoutMs = ownMs + blockMs;
    return {
      namespace: given.namespace ?? this.namespace,
      blockMs,
      timeoutMs,
      deadlineMs: this.clock.nowMs() + timeoutMs,
      signal: given.signal,
      wait: options.wait,
    };
  }

  #connected(): Promise<Channel> {
    if (this.#channel !== null) {
      return Promise.resolve(this.#channel);
    }
    if (this.#isClosed) {
      return Promise.reject(
        new NotConnectedError("the client was closed; await connect() opens it again"),
      );
    }
    if (this.#ended !== null) {
      return Promise.reject(again(this.#ended));
    }
    this.#connecting ??= this.#open();
    return this.#connecting;
  }

  async #open(): Promise<Channel> {
    const channel = this.#newChannel();
    this.#opening = channel;
    try {
      await channel.open();
      if (this.#opening !== channel) {
        throw new NotConnectedError("the client was closed");
      }
      this.#channel = channel;
      return channel;
    } finally {
      if (this.#opening === channel) {
        this.#opening = null;
        this.#connecting = null;
      }
    }
  }

  #newChannel(): Channel {
    const options = {
      transport: this.#transport,
      namespace: this.namespace,
      token: this.#token,
      timeoutMs: this.#timeoutMs,
      retry: this.#retry,
      reads: this.#reads,
      clock: this.clock,
      logger: this.logger,
    };
    return new Channel(options, {
      connected: () => this.#connects.tell(),
      disconnected: (reason) => this.#disconnects.tell(reason),
      ended: (refusal) => {
        this.#ended = refusal;
        this.#channel = null;
        this.#disconnects.tell(refusal);
      },
    });
  }

  #attempt<R>(channel: Channel, request: Request<R>, attempt: Attempt): Promise<R> {
    const { signal } = attempt;
    return new Promise<R>((resolve, reject) => {
      const settled = () => {
        timer.cancel();
        forget();
      };
      const waiter = {
        resolve: (result: unknown) => {
          settled();
          resolve(result as R);
        },
        reject: (error: unknown) => {
          settled();
          reject(error);
        },
      };
      const call = new Call(request, attempt.namespace, attempt.blockMs, waiter);
      call.deadlineMs = attempt.deadlineMs;
      call.onLate = attempt.wait?.onLate ?? null;
      const forget = onAbort(signal, () => {
        channel.abandon(call);
        call.fail(signal?.reason);
      });
      const timer = this.clock.callAt(attempt.deadlineMs, () =>
        channel.timeOut(call, attempt.timeoutMs),
      );
      channel.submit(call);
      attempt.wait?.attach(() => channel.endWait(call));
    });
  }

  /** Return the time of a round trip to the server, in milliseconds. */
  async ping(options: CallOptions = {}): Promise<number> {
    knownOfCall("ping", options, NONE);
    const begunMs = this.clock.nowMs();
    await this.call(Ping.of({}), options);
    return this.clock.nowMs() - begunMs;
  }

  /** Return data about the running server: version, durability, limits, uptime. */
  async info(options: CallOptions = {}): Promise<ServerInfo> {
    knownOfCall("info", options, NONE);
    return await this.call(GetServerInfo.of({}), options);
  }

  /**
   * Copy the running server's state into `directory`, a new one on its machine. Returns the full
   * path.
   */
  async backup(directory: string, options: CallOptions = {}): Promise<string> {
    knownOfCall("backup", options, NONE);
    return await this.call(Backup.of({ directory }), options);
  }
}

/** `error`, made where an answer came in, with the stack of those who wait for it. */
function withCaller(error: unknown): unknown {
  if (error instanceof FloError) {
    Error.captureStackTrace?.(error, withCaller);
  }
  return error;
}

/** Whether the server certainly did not run it, and may the next time. */
function didNotRun(error: unknown): boolean {
  const isKind = error instanceof OverloadedError || error instanceof UnavailableError;
  return isKind && error.ran === "no";
}
