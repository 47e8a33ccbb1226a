/** Which copies of a cluster may answer a client's reads, and what it must not fall behind. */

import { checkDuration } from "../base/checks.js";
import { BadRequestError } from "../base/errors.js";
import type { Integer } from "../base/schema.js";
import { shown } from "../base/shown.js";
import {
  NamespaceConfigure,
  NamespaceCreate,
  NamespaceDelete,
} from "../wire/messages.generated.js";
import type { Request } from "../wire/request.js";
import type { Terms, Told } from "../wire/wire.js";

/** Who may answer what only reads: who leads, or any copy. */
export type ReadsFrom = "linearizable" | "local";

/** Of so many namespaces it is known how far each was seen. */
const NAMESPACES_KEPT = 10_000;
const OF_A_NAMESPACE: readonly unknown[] = [NamespaceConfigure, NamespaceCreate, NamespaceDelete];

/** What a client has seen of a cluster's logs. */
export class Reads {
  readonly #isLocal: boolean;
  readonly #maxStalenessMs: number | null;
  /** By namespace the sequence of its partition's log; what was used last stands last. */
  readonly #seen = new Map<string, number>();
  /** What no namespace is kept for any more is not read from before this. */
  #seenElse = 0;
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
  terms(namespace: string, withinMs: number, routes = false): Terms {
    const seen = this.#isLocal ? (this.#seen.get(namespace) ?? this.#seenElse) : null;
    const terms = [withinMs, seen, this.#maxStalenessMs] as const;
    return routes ? [...terms, true] : terms;
  }

  /** An answer came, with what stood beside it. */
  tell(request: Request<unknown>, namespace: string, told: Told | null): void {
    if (!this.#isLocal) {
      return;
    }
    this.#stalenessMs = told?.stalenessMs ?? 0;
    if (told !== null) {
      this.#keep(whereOf(request) ?? namespace, told.sequence);
    }
  }

  #keep(namespace: string, sequence: number): void {
    const before = this.#seen.get(namespace) ?? this.#seenElse;
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

/** The namespace that a request is about, where it is another one than it was sent in. */
function whereOf(request: Request<unknown>): string | undefined {
  if (!OF_A_NAMESPACE.includes(request.kind)) {
    return undefined;
  }
  return (request.fields as { readonly name: string }).name;
}
