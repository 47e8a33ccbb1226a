import type { OptionNames } from "../../base/options.js";
import type { Integer } from "../../base/schema.js";

/** One page of a listing: an array, with a `cursor` for the next page. */
export class Page<T> extends Array<T> {
  /** The start of the next page; `null` if this page is the last. */
  readonly cursor: string | null;

  constructor(items: readonly T[], cursor: string | null) {
    super();
    this.push(...items);
    this.cursor = cursor;
  }

  /** Whether there is another page. Pass `cursor` to get it. */
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

/** Options of every listing. */
export interface ListOptions {
  /** At most so many items: 1 to 1,000. Default: 100. */
  readonly limit?: Integer | null | undefined;
  /** The `cursor` of the previous page. Default: the first page. */
  readonly cursor?: string | null | undefined;
}

export const LISTING: OptionNames<ListOptions> = { limit: true, cursor: true };
