import type { KvEntry } from "../../wire/messages.generated.js";

/** One page of a scan. */
export interface CursorPage<Entry, Cursor> {
  readonly entries: Entry[];
  /** The cursor of the next page; `null` if this page is the last. */
  readonly cursor: Cursor | null;
  /** Whether there is another page. */
  readonly hasMore: boolean;
}

/** The page that begins at a cursor (`null`: the first). */
type PageAt<Entry, Cursor> = (cursor: Cursor | null) => Promise<CursorPage<Entry, Cursor>>;

/** A scan, page by page, or all of its entries: `for await (const entry of cursor)`. */
export class ScanCursor<Entry = KvEntry, Cursor = string> implements AsyncIterable<Entry> {
  readonly #pageAt: PageAt<Entry, Cursor>;
  #cursor: Cursor | null;
  #hasMore = true;

  constructor(pageAt: PageAt<Entry, Cursor>, cursor: Cursor | null = null) {
    this.#pageAt = pageAt;
    this.#cursor = cursor;
  }

  /** Whether there may be another page. */
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** Return the next page; after the last one, an empty page. */
  async next(): Promise<CursorPage<Entry, Cursor>> {
    if (!this.#hasMore) {
      return { entries: [], cursor: null, hasMore: false };
    }
    const page = await this.#pageAt(this.#cursor);
    this.#cursor = page.cursor;
    this.#hasMore = page.hasMore;
    return page;
  }

  /** Return all entries that are left. */
  async toArray(): Promise<Entry[]> {
    const entries: Entry[] = [];
    for await (const entry of this) {
      entries.push(entry);
    }
    return entries;
  }

  /** Iterate over all entries that are left. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Entry> {
    while (this.#hasMore) {
      yield* (await this.next()).entries;
    }
  }
}
