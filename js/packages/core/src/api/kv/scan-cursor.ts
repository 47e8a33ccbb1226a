import type { KvEntry } from "../../wire/messages.generated.js";

/** One page of a scan. */
export interface CursorPage<Entry, Cursor> {
  readonly entries: Entry[];
  /** For the next page; `null`: the end. */
  readonly cursor: Cursor | null;
  /** Whether a further page follows. */
  readonly hasMore: boolean;
}

/** The page that begins at a cursor (`null`: the first). */
type PageAt<Entry, Cursor> = (cursor: Cursor | null) => Promise<CursorPage<Entry, Cursor>>;

/** The pages of a scan, one by one, or all of its entries: `for await (const entry of cursor)`. */
export class ScanCursor<Entry = KvEntry, Cursor = string> implements AsyncIterable<Entry> {
  readonly #pageAt: PageAt<Entry, Cursor>;
  #cursor: Cursor | null;
  #hasMore = true;

  constructor(pageAt: PageAt<Entry, Cursor>, cursor: Cursor | null = null) {
    this.#pageAt = pageAt;
    this.#cursor = cursor;
  }

  /** Whether there may be a further page. */
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** The next page; after the last one an empty page. */
  async next(): Promise<CursorPage<Entry, Cursor>> {
    if (!this.#hasMore) {
      return { entries: [], cursor: null, hasMore: false };
    }
    const page = await this.#pageAt(this.#cursor);
    this.#cursor = page.cursor;
    this.#hasMore = page.hasMore;
    return page;
  }

  /** All entries that are left. */
  async toArray(): Promise<Entry[]> {
    const entries: Entry[] = [];
    for await (const entry of this) {
      entries.push(entry);
    }
    return entries;
  }

  /** All entries that are left, one by one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Entry> {
    while (this.#hasMore) {
      yield* (await this.next()).entries;
    }
  }
}
