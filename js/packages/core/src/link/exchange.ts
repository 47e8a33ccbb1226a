/**
 * Which calls are under way, over all the links of a client's life. No I/O, no clocks of its own.
 *
 * A call is *held* until it may go out (a link is up; for a write, the session is open and a number
 * is free), then *in flight* until its answer comes. When a link breaks, queries and numbered writes
 * in flight go out again on the next one, writes under their old number, so that the server answers
 * each once. A call that its caller gave up stays in flight until answered; what such an answer
 * delivers is handed back.
 *
 * However many long polls there are, they hold up nothing else: they never take all of what may be
 * in flight, nor all places of write numbers.
 *
 * In a cluster some calls go by a route of their own, straight to whoever leads (`routes/leads.ts`).
 * When that breaks they go on by the first link, as after any loss; when that one does, a route takes
 * its place.
 */

import { ConnectionFailedError, type FloError, ProtocolError, type Ran } from "../base/errors.js";
import { SESSION_AGE_MS_MAX } from "../base/limits.generated.js";
import { newSession } from "../base/random.js";
import { CancelWait, SessionOpen, type Welcome } from "../wire/messages.generated.js";
import type { Request } from "../wire/request.js";
import * as wire from "../wire/wire.js";
import { Call, isDelivery } from "./call.js";
import { handBack } from "./hand-back.js";
import { WriteNumbers } from "./numbers.js";
import type { UnderWay } from "./pulse.js";
import { type Reads, showsSomething } from "./reads.js";
import { hasRoomFor } from "./room.js";
import { Leads, placeOf } from "./routes/leads.js";
import type { Route, Send } from "./routes/route.js";

export type MakeError = (ran: Ran) => FloError;

const isCommand = (call: Call): boolean => call.request.kind.role === "command";

/** The calls of one client. */
export class Exchange {
  readonly #nowMs: () => number;
  readonly #reads: Reads;
  readonly #leads: Leads;
  readonly #inFlight = new Map<number, Call>();
  readonly #heldWrites = new Map<number, Call>();
  readonly #heldOthers = new Map<number, Call>();
  readonly #heldWaits = new Map<number, Call>();
  readonly #held = [this.#heldOthers, this.#heldWrites, this.#heldWaits];
  #nextId = 1;
  #send: Send | null = null;
  #frameBytesMax = 0;
  #inFlightMax = 0;
  #waitsInFlight = 0;
  #opening: Call | null = null;
  #downSinceMs = 0;
  #isSessionOpen = false;
  #isInCluster = false;
  #wasOfUse = false;
  #numbers = new WriteNumbers();
  #session = newSession();
  /** Whose writes the cluster remembers as this client's; `null` where no node has said. */
  #holder: string | null = null;

  /** `want` asks for a route to a node; `null` where calls can go to no other. */
  constructor(nowMs: () => number, reads: Reads, want: ((node: string) => void) | null = null) {
    this.#nowMs = nowMs;
    this.#reads = reads;
    this.#leads = new Leads(want);
  }

  /** The id under which the server remembers this client's writes. */
  get session(): string {
    return this.#session;
  }

  /** Whether the latest link brought an answer that somebody waited for. */
  get wasOfUse(): boolean {
    return this.#wasOfUse;
  }

  // What callers do

  /** Send `call` now or as soon as it may go. */
  submit(call: Call): void {
    call.id = this.#nextId++;
    if (this.#isInCluster) {
      this.#submitReady();
      if (this.#leads.holds(call)) {
        return;
      }
    }
    this.#submitAtOnce(call);
  }

  #submitAtOnce(call: Call): void {
    const held = this.#heldFor(call);
    if (held.size > 0 || !this.#trySend(call)) {
      held.set(call.id, call);
    }
  }

  /** Calls that have waited for others before them, by another way. */
  #submitReady(): void {
    for (const call of this.#leads.takeReady()) {
      this.#submitAtOnce(call);
    }
  }

  #heldFor(call: Call): Map<number, Call> {
    if (call.isWait) {
      return this.#heldWaits;
    }
    return isCommand(call) ? this.#heldWrites : this.#heldOthers;
  }

  /** What is under way on the first link, or on a route; `null` where nothing is. */
  underWay(route: Route | null = null): UnderWay | null {
    let sinceMs = Number.POSITIVE_INFINITY;
    let dueMs = Number.POSITIVE_INFINITY;
    for (const call of this.#inFlightOn(route)) {
      sinceMs = Math.min(sinceMs, call.sentMs);
      dueMs = Math.min(dueMs, call.dueMs);
    }
    return sinceMs === Number.POSITIVE_INFINITY ? null : { sinceMs, dueMs };
  }

  #inFlightOn(route: Route | null): Call[] {
    return [...this.#inFlight.values()].filter((call) => call.route === route);
  }

  /** Why a call is held although the link is up. */
  whyHeld(call: Call): string {
    if (isCommand(call) && !this.#isSessionOpen) {
      return "the server has not opened the session that writes need";
    }
    if (this.#leads.isWaiting(call)) {
      return "an earlier call, sent by way of another node, is not answered yet";
    }
    return `${this.#inFlight.size} calls are in flight, which is the limit`;
  }

  /** The caller waits no longer. */
  abandon(call: Call): void {
    call.isAbandoned = true;
    if (!call.wasSent) {
      this.#heldFor(call).delete(call.id);
      this.#leads.abandon(call);
    } else if (this.#inFlight.has(call.id)) {
      if (!this.#hasLink(call)) {
        this.#forsake(call);
      } else if (call.isWait) {
        this.#cancelWait(call);
      }
    }
  }

  /** Whether the link that a call went by is up. */
  #hasLink(call: Call): boolean {
    return call.route !== null || this.#send !== null;
  }

  /**
   * The link is gone, and so is the caller. What a delivery brought is asked for once more on the
   * next link, to be handed back.
   */
  #forsake(call: Call): void {
    if (call.mayHaveDelivered) {
      call.blockUntilMs = this.#nowMs();
    } else {
      this.#drop(call);
    }
  }

  /** Let the long poll `call` be answered now; sent again, it does not block any more. */
  endWait(call: Call): void {
    call.blockUntilMs = this.#nowMs();
    if (this.#inFlight.has(call.id) && this.#hasLink(call)) {
      this.#cancelWait(call);
    }
  }

  #cancelWait(call: Call): void {
    call.dueMs = this.#nowMs();
    this.#transmitOwn(CancelWait.of({ requestId: call.id }), call.namespace, call.route);
  }

  /** Fail every call, sent or not. */
  failAll(makeError: MakeError): void {
    this.#fail([...this.#inFlight.values()], makeError);
    const calls = [...this.#leads.takeWaiting()];
    for (const held of this.#held) {
      calls.push(...held.values());
      held.clear();
    }
    this.#fail(calls, makeError);
  }

  /** Fail the calls in flight on the first link, or on a route. */
  failSent(makeError: MakeError, route: Route | null = null): void {
    this.#fail(this.#inFlightOn(route), makeError);
  }

  #fail(calls: readonly Call[], makeError: MakeError): void {
    for (const call of calls) {
      this.#drop(call);
      call.fail(makeError(call.ran));
    }
  }

  // What links do

  /** A link greeted. False: its server forgot the session; greet again with the fresh one. */
  linkUp(send: Send, welcome: Welcome): boolean {
    const holder = welcome.node === "" ? this.#holder : welcome.holder; // older nodes say neither
    const isKnown = welcome.sessionKnown && (this.#holder === null || this.#holder === holder);
    if (this.#isSessionOpen && (!isKnown || this.#isTooLate(welcome))) {
      this.#sessionForgotten();
      this.#holder = holder;
      return false;
    }
    this.#isSessionOpen = welcome.sessionKnown;
    this.#holder = holder;
    this.#goOnBy(send, welcome);
    return true;
  }

  #goOnBy(send: Send, welcome: Welcome): void {
    this.#leads.home = welcome.node;
    this.#send = send;
    this.#wasOfUse = false;
    this.#frameBytesMax = welcome.limits.frameBytesMax;
    this.#inFlightMax = welcome.limits.inFlightMax;
    this.#isInCluster = welcome.nodes.length > 0;
    for (const call of this.#inFlightOn(null)) {
      this.#transmit(call);
    }
    this.#pump();
  }

  /** The first link is gone, and this route is it now: what is under way there stays there. */
  promoted(route: Route, welcome: Welcome): void {
    this.#leads.routeDown(route);
    const there = this.#inFlightOn(route);
    this.#goOnBy(route.send, welcome);
    for (const call of there) {
      call.route = null;
    }
  }

  /** Whether a cluster may have forgotten the session: nobody there can tell for sure. */
  #isTooLate(welcome: Welcome): boolean {
    const awayMs = this.#leads.routes.length > 0 ? 0 : this.#nowMs() - this.#downSinceMs;
    return welcome.nodes.length > 0 && awayMs > SESSION_AGE_MS_MAX;
  }

  /** The link is gone. What may be sent again waits for the next one. */
  linkDown(reason: string): void {
    if (this.#send !== null) {
      this.#downSinceMs = this.#nowMs();
    }
    this.#send = null;
    this.#opening = null;
    this.#bringBack(null, reason);
  }

  /** From now on what that node leads goes straight there. */
  routeUp(route: Route): void {
    this.#leads.routeUp(route, [...this.#inFlight.values()]);
  }

  /** A route is gone. What may be sent again goes by the first link. */
  routeDown(route: Route, error: FloError): void {
    this.#leads.routeDown(route);
    if (this.#send === null) {
      this.#downSinceMs = this.#nowMs();
    }
    if (error instanceof ProtocolError) {
      this.failSent((ran) => new ProtocolError(error.message, { ran }), route);
    }
    this.#bringBack(route, `the connection to ${route.node} broke: ${error.message}`);
    this.#pump();
  }

  /** The link is gone that these went by: they go by the first one, now or once it is up. */
  #bringBack(route: Route | null, reason: string): void {
    for (const call of this.#inFlightOn(route)) {
      call.route = null;
      if (call.isAbandoned) {
        this.#forsake(call);
      } else if (!call.mayRepeat) {
        this.#drop(call);
        call.fail(new ConnectionFailedError(reason, { ran: call.ran }));
      }
      if (this.#send !== null && this.#inFlight.has(call.id)) {
        this.#transmit(call);
      }
    }
  }

  /** One answer came. Throws `ProtocolError` where it is none. */
  receive(body: Uint8Array): void {
    const answer = wire.decodeAnswer(body);
    const call = this.#inFlight.get(answer.id);
    if (call === undefined) {
      return;
    }
    this.#drop(call);
    this.#wasOfUse ||= call.isAwaited;
    if (this.#isInCluster) {
      if (answer.told !== null || showsSomething(answer.error)) {
        this.#reads.tell(call, answer.told);
      }
      this.#learn(call, answer.told?.leader ?? "");
    }
    if (call === this.#opening) {
      this.#sessionOpened(answer.error);
    } else if (answer.error !== null) {
      call.fail(call.asKnown(wire.thrown(answer.error, call.request)));
    } else {
      this.#answered(call, answer.result);
    }
    this.#pump();
  }

  /** A call was passed on, to the node that leads where it belongs. */
  #learn(call: Call, leader: string): void {
    const place = leader === "" ? null : placeOf(call);
    if (place !== null) {
      this.#leads.passedOn(place, leader, this.#inFlight.values());
    }
  }

  #answered(call: Call, raw: unknown): void {
    let result: unknown;
    try {
      result = wire.decodeReply(call.request, raw);
    } catch (error) {
      call.fail(error);
      return;
    }
    if (call.isAbandoned && call.onLate?.(result) === true) {
      return;
    }
    if (call.isAbandoned) {
      for (const command of handBack(call.request, result)) {
        this.submit(new Call(command, call.namespace, 0, null));
      }
    } else {
      call.succeed(result);
    }
  }

  // The session

  #sessionOpened(error: wire.WireError | null): void {
    this.#opening = null;
    if (error === null) {
      this.#isSessionOpen = true;
      return;
    }
    for (const held of [this.#heldWrites, this.#heldWaits]) {
      for (const [id, call] of [...held].filter(([, each]) => isCommand(each))) {
        held.delete(id);
        call.fail(wire.thrown(error));
      }
    }
  }

  #sessionForgotten(): void {
    for (const call of [...this.#inFlight.values()].filter(({ number }) => number !== 0)) {
      this.#giveUp(call);
    }
    for (const route of this.#leads.routes) {
      this.#leads.routeDown(route);
    }
    for (const call of this.#inFlight.values()) {
      call.route = null;
    }
    this.#session = newSession();
    this.#isSessionOpen = false;
    this.#numbers = new WriteNumbers();
  }

  /** Nobody can tell whether a write ran that would go out again. */
  #giveUp(call: Call): void {
    this.#drop(call);
    const what = `the server no longer remembers this client: ${call.request.kind.name} may have run`;
    call.fail(new ConnectionFailedError(`the connection broke, and ${what}`, { ran: "maybe" }));
  }

  // Sending

  #pump(): void {
    for (const held of this.#held) {
      for (const [id, call] of held) {
        if (!this.#trySend(call)) {
          break;
        }
        held.delete(id);
      }
    }
    this.#submitReady();
  }

  #trySend(call: Call): boolean {
    const calls = this.#inFlight.size;
    const hasRoom = hasRoomFor(call, calls, this.#waitsInFlight, this.#inFlightMax);
    if (this.#send === null || !hasRoom) {
      return false;
    }
    if (isCommand(call)) {
      if (!this.#isSessionOpen) {
        this.#opening ??= this.#transmitOwn(SessionOpen.of({}), call.namespace);
        return false;
      }
      const number = this.#numberFor(call);
      if (number === null) {
        return false;
      }
      call.number = number;
    }
    const isForAnyCopy = this.#reads.isLocal && call.request.kind.role === "query" && !call.isWait;
    call.route = isForAnyCopy ? null : this.#leads.routeOf(call);
    this.#transmit(call);
    return true;
  }

  /** A write number, 0 for what may go without one; `null` while there is none. */
  #numberFor(call: Call): number | null {
    if (call.isWait && isDelivery(call.request)) {
      return this.#numbers.takeForWait() ?? 0;
    }
    return this.#numbers.take();
  }

  /** Send what no caller asked for, at once. */
  #transmitOwn(request: Request<unknown>, namespace: string, route: Route | null = null): Call {
    const call = new Call(request, namespace, 0, null);
    call.route = route;
    call.id = this.#nextId++;
    this.#transmit(call);
    return call;
  }

  #transmit(call: Call): void {
    if (this.#isInCluster && call.mayBeForgotten(this.#nowMs())) {
      this.#giveUp(call);
      return;
    }
    this.#keep(call);
    let message: Uint8Array;
    try {
      message = wire.encodeRequest(
        call.id,
        call.namespace,
        call.number,
        call.asOf(this.#nowMs()),
        this.#frameBytesMax,
        this.#termsOf(call),
      );
    } catch (error) {
      this.#drop(call);
      call.fail(error);
      return;
    }
    call.wasSent = true;
    const send = call.route === null ? this.#send : call.route.send;
    send?.(message, call.dueMs);
  }

  /** What a node of a cluster is told beside the request. */
  #termsOf(call: Call): wire.Terms | null {
    if (!this.#isInCluster) {
      return null;
    }
    const withinMs = call.leftMs(this.#nowMs());
    return this.#reads.terms(call.id, call.namespace, withinMs, this.#leads.isWanted);
  }

  #keep(call: Call): void {
    call.goesOut(this.#nowMs());
    if (!this.#inFlight.has(call.id)) {
      this.#inFlight.set(call.id, call);
      this.#waitsInFlight += call.isWait ? 1 : 0;
    }
  }

  /** Forget `call`; its number may lose its place in the server's ring. */
  #drop(call: Call): void {
    if (!this.#inFlight.delete(call.id)) {
      return;
    }
    this.#waitsInFlight -= call.isWait ? 1 : 0;
    if (this.#isInCluster) {
      this.#leads.answered(call);
    }
    if (call.number !== 0) {
      this.#numbers.release(call.number);
    }
  }
}
