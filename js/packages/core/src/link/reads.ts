/** Which copies of a cluster may answer a client's reads, and what it must not fall behind. */

import { checkDuration } from "../base/checks.js";
import { BadRequestError, OverloadedError, UnavailableError } from "../base/errors.js";
import type { Integer } from "../base/schema.js";
import { shown } from "../base/shown.js";
import { type Terms, type Told, thrown, type WireError } from "../wire/wire.js";
import type { Call } from "./call.js";
import { placeOf } from "./routes/leads.js";

/** Who may answer what only reads: who leads, or any copy. */
export type ReadsFrom = "linearizable" | "local";

/** Of so many namespaces it is known how far each was seen. */
const NAMESPACES_KEPT = 10_000;
/** No copy is this fresh: with this bound on its age, only the leader answers a read. */
const NO_COPY_MS = -1;

/**
 * Whether an answer says anything about the state, as a refusal for lack of a leader does not: that
 * was not judged by it.
 */
export function showsSomething(error: WireError | null): boolean {
  const refusal = error === null ? null : thrown(error);
  return !(refusal instanceof OverloadedError || refusal instanceof UnavailableError);
}

/** What a client has seen of a cluster's logs. */
export class Reads {
  #isLocal: boolean;
  readonly #maxStalenessMs: number | null;
  /** By namespace the sequence of its partition's log; what was used last stands last. */
  readonly #seen = new Map<string, number>();
  /** What no namespace is kept for any more is not read from before this. */
  #seenElse = 0;
  /**
   * Namespaces in which an answer did not say how far the log had come, because a node of an earlier
   * version leads there: a copy may lack what that answer showed. And the last request that was sent
   * until then: what answers an earlier one may be such a copy.
   */
  readonly #unsaid = new Map<string, number>();
  #sentId = 0;
  #stalenessMs = 0;

  /** Throws `BadRequestError`. */
  constructor(reads: ReadsFrom = "linearizable", maxStalenessMs?: Integer) {
    if (reads !== "linearizable" && reads !== "local") {
      throw new BadRequestError(`reads is ${shown(reads)}; linearizable or local is allowed`);
    }
    this.#isLocal = reads === "local";
    const isBounded = maxStalenessMs !== undefined;
    this.#maxStalenessMs = isBounded ? checkDuration("maxStalenessMs", maxStalenessMs) : null;
    if (isBounded && !this.#isLocal) {
      throw new BadRequestError("maxStalenessMs goes with reads: 'local'");
    }
  }

  /** How old the state was that the latest answer came from. */
  get stalenessMs(): number {
    return this.#stalenessMs;
  }

  /** Whether any copy may answer. */
  get isLocal(): boolean {
    return this.#isLocal;
  }

  /** What stands beside a request; `routes`: whether its caller is to be told who leads. */
  terms(requestId: number, namespace: string, withinMs: number, routes = false): Terms {
    this.#sentId = Math.max(this.#sentId, requestId);
    const terms = this.#isLocal
      ? ([withinMs, this.#seenIn(namespace), this.#boundIn(namespace)] as const)
      : ([withinMs, null, null] as const);
    return routes ? [...terms, true] : terms;
  }

  #seenIn(namespace: string): number {
    return this.#seen.get(namespace) ?? this.#seenElse;
  }

  /** How old a copy may be that answers. */
  #boundIn(namespace: string): number | null {
    return this.#unsaid.has(namespace) ? NO_COPY_MS : this.#maxStalenessMs;
  }

  /** An answer to a call came, with what stood beside it. */
  tell(call: Pick<Call, "id" | "request" | "namespace">, told: Told | null): void {
    if (!this.#isLocal) {
      return;
    }
    this.#stalenessMs = told?.stalenessMs ?? 0;
    const where = placeOf(call);
    if (where === null) {
      return;
    }
    if (told === null || told.sequence === 0) {
      this.#noteUnsaid(where);
    } else {
      if (call.id > (this.#unsaid.get(where) ?? call.id)) {
        this.#unsaid.delete(where);
      }
      this.#keep(where, told.sequence);
    }
  }

  #noteUnsaid(namespace: string): void {
    this.#unsaid.set(namespace, this.#sentId);
    if (this.#unsaid.size > NAMESPACES_KEPT) {
      this.#isLocal = false; // too many to remember: from now on only leaders answer
    }
  }

  #keep(namespace: string, sequence: number): void {
    const before = this.#seenIn(namespace);
    this.#seen.delete(namespace);
    this.#seen.set(namespace, Math.max(before, sequence));
    if (this.#seen.size > NAMESPACES_KEPT) {
      for (const [oldest, seen] of this.#seen) {
        this.#seen.delete(oldest);
        this.#seenElse = Math.max(this.#seenElse, seen);
        break;
      }
    }
  }
}
