/**
 * Connecting to a name that has several addresses: one that swallows packets must not keep the client
 * from the others, so each gets a moment's start, and the first to answer is taken. (What `node:net`
 * does by itself gives up an address after that moment, which a slow network needs longer than.)
 */

import { lookup } from "node:dns/promises";
import { connect, isIP, type Socket } from "node:net";

const START_MS = 250;

/** Begins to connect to one address. */
export type ConnectTo = (address: string) => Socket;

/** A TCP connection. Throws what kept each of the addresses from answering. */
export async function connectTo(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const addresses = isIP(host) ? [host] : await addressesOf(host);
  return await connectFirst(addresses, (address) => connect({ host: address, port }), signal);
}

/** IPv6 and IPv4 by turns, beginning with what the system prefers. */
async function addressesOf(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true, verbatim: true });
  const preferred = found.filter(({ family }) => family === found[0]?.family);
  const others = found.filter(({ family }) => family !== found[0]?.family);
  const turns = found.flatMap((_, index) => [preferred[index], others[index]]);
  return turns.flatMap((each) => (each === undefined ? [] : [each.address]));
}

/** The first of `addresses` that answers. */
export function connectFirst(
  addresses: readonly string[],
  connectTo: ConnectTo,
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const race = new Race(addresses, connectTo, (outcome) => {
      signal.removeEventListener("abort", aborted);
      if (outcome instanceof Error) {
        reject(outcome);
      } else {
        resolve(outcome);
      }
    });
    const aborted = () => race.end(new Error("given up"));
    signal.addEventListener("abort", aborted, { once: true });
    if (signal.aborted) {
      aborted();
    } else {
      race.next();
    }
  });
}

class Race {
  readonly #addresses: readonly string[];
  readonly #connectTo: ConnectTo;
  readonly #ended: (outcome: Socket | Error) => void;
  readonly #running = new Set<Socket>();
  readonly #errors: Error[] = [];
  #begun = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    addresses: readonly string[],
    connectTo: ConnectTo,
    ended: (outcome: Socket | Error) => void,
  ) {
    this.#addresses = addresses;
    this.#connectTo = connectTo;
    this.#ended = ended;
  }

  /** Let the next address begin, and the one after it in a moment, or when this one has failed. */
  next(): void {
    clearTimeout(this.#timer);
    const address = this.#addresses[this.#begun];
    if (address !== undefined) {
      this.#begun += 1;
      this.#begin(this.#connectTo(address));
      this.#timer = setTimeout(() => this.next(), START_MS);
    } else if (this.#running.size === 0) {
      this.end(asOne(this.#errors));
    }
  }

  #begin(socket: Socket): void {
    this.#running.add(socket);
    const failed = (error: Error) => {
      this.#running.delete(socket);
      this.#errors.push(error);
      this.next();
    };
    socket.once("error", failed);
    socket.once("connect", () => {
      socket.off("error", failed);
      this.#running.delete(socket);
      this.end(socket);
    });
  }

  /** Leave all that have begun. */
  end(outcome: Socket | Error): void {
    clearTimeout(this.#timer);
    for (const socket of this.#running) {
      socket.destroy();
    }
    this.#ended(outcome);
  }
}

function asOne(errors: readonly Error[]): Error {
  return new AggregateError(errors, errors.map(({ message }) => message).join("; "));
}
