/** One link to a server: the greeting, then messages both ways. */

import type { Clock, Timer } from "../base/clock.js";
import { ConnectionFailedError, FloError } from "../base/errors.js";
import { type Deferred, deferred } from "../base/flag.js";
import { Hello, Ping, type Welcome } from "../wire/messages.generated.js";
import type { Request } from "../wire/request.js";
import * as wire from "../wire/wire.js";
import type { Link, Transport } from "./transport.js";

/** The id of the greeting, and afterwards of probes: nobody waits for their answers. */
const GREETING_ID = 0;
const GREETING_BYTES_MAX = 65_536;
const TIMER_SLACK_MS = 1; // a timer may fire this much early

export type OnBody = (body: Uint8Array) => void;
export type OnLost = (connection: Connection, error: FloError) => void;

/** A greeted link. It ends once: by `close`, or by calling `onLost`. */
export class Connection {
  readonly #clock: Clock;
  readonly #onBody: OnBody;
  readonly #onLost: OnLost;
  readonly #connecting = new AbortController();
  #greeting: Deferred<Welcome> | null = deferred<Welcome>();
  #link: Link | null = null;
  #namespace = "";
  #probe: Timer | null = null;
  #receivedMs: number;
  #isOver = false;

  constructor(clock: Clock, onBody: OnBody, onLost: OnLost) {
    this.#clock = clock;
    this.#onBody = onBody;
    this.#onLost = onLost;
    this.#receivedMs = clock.nowMs();
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Connect and greet. Throws the server's refusal or `ConnectionFailedError`. */
  async open(
    transport: Transport,
    hello: Request<Welcome>,
    namespace: string,
    timeoutMs: number,
  ): Promise<Welcome> {
    const greeting = this.#greeting;
    if (greeting === null) {
      throw new ConnectionFailedError("the connection was used before");
    }
    this.#namespace = namespace;
    const timer = this.#clock.callAt(this.#clock.nowMs() + timeoutMs, () =>
      this.#lose(new ConnectionFailedError(`no answer came within ${timeoutMs} ms`)),
    );
    void this.#greet(transport, hello);
    try {
      return await greeting.promise;
    } finally {
      timer.cancel();
    }
  }

  async #greet(transport: Transport, hello: Request<Welcome>): Promise<void> {
    try {
      const link = await transport.connect(
        {
          onMessage: (message) => this.#receive(message),
          onClose: (error) => this.#linkLost(error),
        },
        this.#connecting.signal,
      );
      this.#link = link;
      if (this.#isOver) {
        link.close();
        return;
      }
      link.write(this.#encoded(hello, GREETING_BYTES_MAX));
    } catch (error) {
      this.#lose(
        error instanceof FloError
          ? error
          : new ConnectionFailedError(wire.messageOf(error), { cause: error }),
      );
    }
  }

  /** Send one message. */
  send(message: Uint8Array): void {
    if (!this.#isOver) {
      this.#link?.write(message);
    }
  }

  /** A call timed out: unless something came meanwhile, see whether the peer still lives. */
  suspect(timeoutMs: number): void {
    const isSilent = this.#clock.nowMs() - this.#receivedMs >= timeoutMs - TIMER_SLACK_MS;
    if (!isSilent || this.#probe !== null || this.#isOver) {
      return;
    }
    this.send(this.#encoded(Ping.of({}), GREETING_BYTES_MAX));
    const receivedMs = this.#receivedMs;
    this.#probe = this.#clock.callAt(this.#clock.nowMs() + timeoutMs, () => {
      this.#probe = null;
      if (this.#receivedMs === receivedMs) {
        this.#lose(new ConnectionFailedError("the server gives no sign of life", { ran: "maybe" }));
      }
    });
  }

  /** End the link; nothing is called back afterwards. `error` is what an open greeting gets. */
  async close(error?: FloError): Promise<void> {
    this.#end();
    this.#failGreeting(error ?? new ConnectionFailedError("the connection was closed"));
    await this.#link?.closed;
  }

  #encoded(request: Request<unknown>, bytesMax: number): Uint8Array {
    return wire.encodeRequest(GREETING_ID, this.#namespace, 0, request, bytesMax);
  }

  #end(): void {
    this.#isOver = true;
    this.#probe?.cancel();
    this.#connecting.abort();
    this.#link?.close();
  }

  #receive(message: Uint8Array): void {
    if (this.#isOver) {
      return;
    }
    this.#receivedMs = this.#clock.nowMs();
    try {
      this.#take(message);
    } catch (error) {
      this.#lose(error as FloError);
    }
  }

  #take(body: Uint8Array): void {
    const greeting = this.#greeting;
    if (greeting === null) {
      this.#onBody(body);
      return;
    }
    const answer = wire.decodeAnswer(body);
    if (answer.error !== null) {
      this.#lose(wire.thrown(answer.error));
      return;
    }
    const welcome = wire.decodeReply(Hello.of({ clientVersion: "", session: "" }), answer.result);
    this.#greeting = null;
    greeting.resolve(welcome);
  }

  #linkLost(error: Error | undefined): void {
    if (error instanceof FloError) {
      this.#lose(error);
      return;
    }
    const why = error === undefined ? "" : `: ${error.message}`;
    this.#lose(
      new ConnectionFailedError(`the connection broke${why}`, { ran: "maybe", cause: error }),
    );
  }

  #lose(error: FloError): void {
    if (this.#isOver) {
      return;
    }
    this.#end();
    if (!this.#failGreeting(error)) {
      this.#onLost(this, error);
    }
  }

  #failGreeting(error: FloError): boolean {
    const greeting = this.#greeting;
    this.#greeting = null;
    greeting?.reject(error);
    return greeting !== null;
  }
}
