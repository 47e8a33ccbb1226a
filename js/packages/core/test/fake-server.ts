/** A scripted server: it remembers sessions as the real one does, and answers as it is told. */

import { FloError } from "../dist/base/errors.js";
import { isDelivery } from "../dist/link/call.js";
import type { Link, LinkEvents, Transport } from "../dist/link/transport.js";
import {
  CancelWait,
  Hello,
  KvGet,
  KvPut,
  Ping,
  SessionOpen,
} from "../dist/wire/messages.generated.js";
import { decodeEnvelope, type Envelope, encodeAnswer, encodeError } from "./envelope.js";

/** What a script returns to give no answer. */
export const SILENCE = Symbol("silence");

/** What the server answers, as it travels: values are arrays of their fields. */
export type Script = (envelope: Envelope) => unknown;

export const is = (envelope: Envelope, kind: { readonly name: string }): boolean =>
  envelope.kind.name === kind.name;

/** Puts answer their write number, gets their key, all else nothing. */
export function answerPlainly(envelope: Envelope): unknown {
  if (is(envelope, KvPut)) {
    return [envelope.number];
  }
  return is(envelope, KvGet) ? Buffer.from(envelope.fields["key"] as string) : null;
}

/** Everything but requests of `kind` is answered plainly. */
export function silentFor(kind: { readonly name: string }): Script {
  return (envelope) => (is(envelope, kind) ? SILENCE : answerPlainly(envelope));
}

/** The state behind all connections, and the transport that leads to it in memory. */
export class FakeServer implements Transport {
  readonly endpoint = "fake:9000";
  limits = [1 << 20, 2 << 20, 5_000];
  sessions = new Map<string, Map<number, unknown>>();
  hellos: Readonly<Record<string, unknown>>[] = [];
  /** Every request that came, those sent again too, and the writes that took effect. */
  seen: Envelope[] = [];
  applied: Envelope[] = [];
  links: FakeLink[] = [];
  refusal: FloError | null = null;
  sessionRefusal: FloError | null = null;
  connectError: Error | null = null;
  connects = 0;
  isDeaf = false;
  losesAnswers = false;
  answersProbes = true;
  /** What its links promise. */
  quietMsMax = 0;

  constructor(public script: Script = answerPlainly) {}

  /** The requests of `kind` that came, in order. */
  requests(kind: { readonly name: string }): Envelope[] {
    return this.seen.filter((envelope) => is(envelope, kind));
  }

  /** Break every connection. */
  dropLinks(): void {
    const links = this.links;
    this.links = [];
    for (const link of links) {
      link.breakOff();
    }
  }

  /** How it greets, as it travels. */
  welcome(isKnown: boolean): unknown {
    return ["9.9.9", this.limits, isKnown];
  }

  /** What stands beside an answer; `null` where nothing does. */
  told(_envelope: Envelope): unknown {
    return null;
  }

  async connect(events: LinkEvents): Promise<Link> {
    this.connects += 1;
    if (this.connectError !== null) {
      throw this.connectError;
    }
    const link = new FakeLink(this, events);
    this.links.push(link);
    return link;
  }

  answer(session: string, envelope: Envelope): unknown {
    this.seen.push(envelope);
    if (is(envelope, Ping) && envelope.id === 0) {
      return this.answersProbes ? null : SILENCE;
    }
    if (is(envelope, CancelWait)) {
      return false;
    }
    if (is(envelope, SessionOpen)) {
      return this.#openSession(session);
    }
    if (envelope.number > 0) {
      return this.#applyOnce(session, envelope);
    }
    if (envelope.kind.role === "command" && !isDelivery({ kind: envelope.kind } as never)) {
      throw new Error("a command without a write number");
    }
    return this.script(envelope);
  }

  #openSession(session: string): unknown {
    if (this.sessionRefusal === null && !this.sessions.has(session)) {
      this.sessions.set(session, new Map());
    }
    return this.sessionRefusal;
  }

  #applyOnce(session: string, envelope: Envelope): unknown {
    const remembered = this.sessions.get(session);
    if (remembered === undefined) {
      throw new Error("a numbered write of a session that is not open");
    }
    if (!remembered.has(envelope.number)) {
      const answer = this.script(envelope);
      if (answer === SILENCE || answer instanceof FloError) {
        return answer;
      }
      remembered.set(envelope.number, answer);
      this.applied.push(envelope);
    }
    return remembered.get(envelope.number);
  }
}

/** Delivers in a later turn of the loop, both ways; once it is closed, nothing. */
export class FakeLink implements Link {
  readonly closed = Promise.resolve();
  readonly #server: FakeServer;
  readonly #events: LinkEvents;
  #session = "";
  isClosed = false;
  isSilent = false;

  constructor(server: FakeServer, events: LinkEvents) {
    this.#server = server;
    this.#events = events;
  }

  write(message: Uint8Array): void {
    if (this.isClosed) {
      throw new Error("a write on a closed link");
    }
    setImmediate(() => this.#ifOpen(() => this.handle(decodeEnvelope(message))));
  }

  /** Answer a request, perhaps a second time. */
  handle(envelope: Envelope): void {
    const answer = is(envelope, Hello)
      ? this.#greet(envelope.fields)
      : this.#server.answer(this.#session, envelope);
    if (answer instanceof FloError) {
      this.#send(encodeError(envelope.id, answer));
    } else if (answer !== SILENCE) {
      this.#send(encodeAnswer(envelope.id, answer, this.#server.told(envelope)));
    }
  }

  #greet(hello: Readonly<Record<string, unknown>>): unknown {
    const server = this.#server;
    server.hellos.push(hello);
    if (server.refusal !== null) {
      return server.refusal;
    }
    if (server.isDeaf) {
      return SILENCE;
    }
    this.#session = hello["session"] as string;
    return server.welcome(server.sessions.has(this.#session));
  }

  #send(data: Uint8Array): void {
    if (!this.#server.losesAnswers) {
      this.deliver(data);
    }
  }

  /** Send a message outside any script. */
  deliver(message: Uint8Array): void {
    setImmediate(() => this.#ifOpen(() => this.#events.onMessage(message)));
  }

  #ifOpen(act: () => void): void {
    if (!this.isClosed && !this.isSilent) {
      act();
    }
  }

  close(): void {
    this.isClosed = true;
  }

  breakOff(): void {
    if (!this.isClosed) {
      this.isClosed = true;
      this.#events.onClose(new Error("reset by the test"));
    }
  }
}
