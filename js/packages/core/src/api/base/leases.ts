/** What a client remembers of its deliveries, so that settling by id alone is fenced too. */

const REMEMBERED_MAX = 100_000;

/**
 * The lease of each item that this client was given; the oldest deliveries are forgotten.
 *
 * A lease is kept when its item is settled: one who acks twice is then still known as its holder.
 */
export class LeaseMemory {
  readonly #rememberedMax: number;
  readonly #leases = new Map<string, bigint>();

  constructor(rememberedMax: number = REMEMBERED_MAX) {
    this.#rememberedMax = rememberedMax;
  }

  /** The lease under which the item came last; 0 for what this client was not given. */
  get(...item: readonly (string | bigint)[]): bigint {
    return this.#leases.get(keyOf(item)) ?? 0n;
  }

  /** The item came under `lease`. */
  remember(lease: bigint, ...item: readonly (string | bigint)[]): void {
    const key = keyOf(item);
    this.#leases.delete(key); // so that it becomes the youngest
    this.#leases.set(key, lease);
    if (this.#leases.size > this.#rememberedMax) {
      const [oldest] = this.#leases.keys();
      this.#leases.delete(oldest as string);
    }
  }
}

/** Names hold no control characters, so none of them can hold what stands between them. */
function keyOf(item: readonly (string | bigint)[]): string {
  return item.join("\u0000");
}
