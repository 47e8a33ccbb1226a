import type { OptionNames } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";

/** One page of a listing: an array with a `cursor` for the next page (`null`: the end). */
export class Page<T> extends Array<T> {
  /** Where the next page begins; `null` where there is none. */
  readonly cursor: string | null;

  constructor(items: readonly T[], cursor: string | null) {
    super();
    this.push(...items);
    this.cursor = cursor;
  }

  /** Whether a further page follows; ask for it with `cursor`. */
  get hasMore(): boolean {
    return this.cursor !== null;
  }

  /** What `map` and `filter` make of a page is a plain array. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }
}

/** The page of a reply. */
export function pageOf<T>(reply: { readonly items: T[]; readonly cursor: string | null }): Page<T> {
  return new Page(reply.items, reply.cursor);
}

/** What every listing takes. */
export interface ListOptions {
  /** At most 1,000. Default: 100. */
  readonly limit?: Integer | null | undefined;
  /** That of the page before. */
  readonly cursor?: string | null | undefined;
}

export const LISTING: OptionNames<ListOptions> = { limit: true, cursor: true };
