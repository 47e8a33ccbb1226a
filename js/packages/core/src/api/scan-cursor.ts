import type { KvEntry, ScanResult } from "../wire/messages.generated.js";

/** The page of a scan that begins at a cursor (`null`: the first). */
type PageAt = (cursor: string | null) => Promise<ScanResult>;

/** The pages of a scan, one by one, or all of its entries: `for await (const entry of cursor)`. */
export class ScanCursor implements AsyncIterable<KvEntry> {
  readonly #pageAt: PageAt;
  #cursor: string | null;
  #hasMore = true;

  /** @internal */
  constructor(pageAt: PageAt, cursor: string | null = null) {
    this.#pageAt = pageAt;
    this.#cursor = cursor;
  }

  /** Whether there may be a further page. */
  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** The next page; after the last one an empty page. */
  async next(): Promise<ScanResult> {
    if (!this.#hasMore) {
      return { entries: [], cursor: null, hasMore: false };
    }
    const page = await this.#pageAt(this.#cursor);
    this.#cursor = page.cursor;
    this.#hasMore = page.hasMore;
    return page;
  }

  /** All entries that are left. */
  async toArray(): Promise<KvEntry[]> {
    const entries: KvEntry[] = [];
    for await (const entry of this) {
      entries.push(entry);
    }
    return entries;
  }

  /** All entries that are left, one by one. */
  async *[Symbol.asyncIterator](): AsyncGenerator<KvEntry> {
    while (this.#hasMore) {
      yield* (await this.next()).entries;
    }
  }
}
