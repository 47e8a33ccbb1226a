/** One link to a server: the greeting, then messages both ways. */

import type { Clock, Timer } from "../base/clock.js";
import { messageOf } from "../base/error-text.js";
import { ConnectionFailedError, FloError } from "../base/errors.js";
import { type Deferred, deferred } from "../base/flag.js";
import { Hello, Ping, type Welcome } from "../wire/messages.generated.js";
import type { Request } from "../wire/request.js";
import * as wire from "../wire/wire.js";
import { Pulse, type UnderWay } from "./pulse.js";
import type { Link, Transport } from "./transport.js";

/** The id of the greeting, and afterwards of probes: nobody waits for their answers. */
const GREETING_ID = 0;
const GREETING_BYTES_MAX = 65_536;

/** Whose connection it is. */
export interface ConnectionOwner {
  /** An answer came. Throws `ProtocolError` where it is none. */
  receive(message: Uint8Array): void;
  /** What is under way; `null` where nothing is. */
  underWay(): UnderWay | null;
  /** It ended by itself, after its greeting. */
  lost(connection: Connection, error: FloError): void;
}

/**
 * A greeted link. It ends once: by `close`, or by calling `lost`.
 *
 * Where its transport promises to be silent for no longer than `quietMsMax`, it asks for a sign of
 * life at once, which tells the server so, and when nothing was sent for half of that.
 */
export class Connection {
  readonly #clock: Clock;
  #owner: ConnectionOwner;
  readonly #pulse: Pulse;
  readonly #connecting = new AbortController();
  #greeting: Deferred<Welcome> | null = deferred<Welcome>();
  #link: Link | null = null;
  #namespace = "";
  #isOver = false;
  #quietMsMax = 0;
  #hasSent = false;
  #promise: Timer | null = null;

  constructor(clock: Clock, timeoutMs: number, owner: ConnectionOwner) {
    this.#clock = clock;
    this.#owner = owner;
    this.#pulse = new Pulse(clock, timeoutMs, {
      underWay: () => this.#owner.underWay(),
      ask: () => this.#ping(),
      silent: (silentMs) => this.#lose(silence(silentMs)),
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** For how long nothing came. */
  get silentMs(): number {
    return this.#pulse.silentMs;
  }

  /**
   * Connect and greet; `sent` is called once the hello is on its way. Throws the server's refusal or
   * `ConnectionFailedError`.
   */
  async open(
    transport: Transport,
    hello: Request<Welcome>,
    namespace: string,
    withinMs: number,
    sent: () => void,
  ): Promise<Welcome> {
    const greeting = this.#greeting;
    if (greeting === null) {
      throw new ConnectionFailedError("the connection was used before");
    }
    this.#namespace = namespace;
    const timer = this.#clock.callAt(this.#clock.nowMs() + withinMs, () =>
      this.#lose(new ConnectionFailedError(`no answer came within ${Math.round(withinMs)} ms`)),
    );
    void this.#greet(transport, hello, sent);
    try {
      const welcome = await greeting.promise;
      this.#quietMsMax = transport.quietMsMax ?? 0;
      this.#keepPromise(this.#quietMsMax / 2);
      return welcome;
    } finally {
      timer.cancel();
    }
  }

  /** Never be silent for twice as long; 0: nothing was promised. */
  #keepPromise(quietMs: number): void {
    if (quietMs === 0 || this.#isOver) {
      return;
    }
    if (!this.#hasSent) {
      this.#pulse.ask();
    }
    this.#hasSent = false;
    this.#promise = this.#clock.callAt(this.#clock.nowMs() + quietMs, () => {
      this.#keepPromise(quietMs);
    });
  }

  async #greet(transport: Transport, hello: Request<Welcome>, sent: () => void): Promise<void> {
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
      sent();
    } catch (error) {
      this.#lose(
        error instanceof FloError
          ? error
          : new ConnectionFailedError(messageOf(error), { cause: error }),
      );
    }
  }

  /** It is another's from now on. */
  giveTo(owner: ConnectionOwner): void {
    this.#owner = owner;
  }

  /** Send one message, whose answer is due at that time. */
  send(message: Uint8Array, dueMs: number): void {
    if (!this.#isOver) {
      this.#link?.write(message);
      this.#hasSent = true;
      this.#pulse.expect(dueMs);
    }
  }

  #ping(): void {
    if (!this.#isOver) {
      const ping = Ping.of({ quietMsMax: this.#quietMsMax });
      this.#link?.write(this.#encoded(ping, GREETING_BYTES_MAX));
    }
  }

  /** See within that time whether the peer still lives. */
  probe(patienceMs: number): void {
    if (!this.#isOver) {
      this.#pulse.ask(patienceMs);
    }
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
    this.#pulse.stop();
    this.#promise?.cancel();
    this.#connecting.abort();
    this.#link?.close();
  }

  #receive(message: Uint8Array): void {
    if (this.#isOver) {
      return;
    }
    this.#pulse.heard();
    try {
      this.#take(message);
    } catch (error) {
      this.#lose(error as FloError);
    }
  }

  #take(body: Uint8Array): void {
    const greeting = this.#greeting;
    if (greeting === null) {
      this.#owner.receive(body);
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
    const text =
      this.#greeting === null
        ? `the connection broke${why}`
        : `it broke before the greeting; is this a Flo server, and is TLS on at both ends? Or has the server no room for one more connection?${why}`;
    this.#lose(new ConnectionFailedError(text, { ran: "maybe", cause: error }));
  }

  #lose(error: FloError): void {
    if (this.#isOver) {
      return;
    }
    this.#end();
    if (!this.#failGreeting(error)) {
      this.#owner.lost(this, error);
    }
  }

  #failGreeting(error: FloError): boolean {
    const greeting = this.#greeting;
    this.#greeting = null;
    greeting?.reject(error);
    return greeting !== null;
  }
}

function silence(silentMs: number): ConnectionFailedError {
  const text = `the server gives no sign of life: nothing came for ${Math.round(silentMs)} ms`;
  return new ConnectionFailedError(text, { ran: "maybe" });
}
