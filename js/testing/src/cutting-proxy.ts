/** Stands between a client and a server, and cuts the connection at chosen places. */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { unpack } from "../../packages/core/dist/wire/wire.js";
import { FrameReader, frame, PREAMBLE } from "../../packages/node/dist/framing.js";

/** Where the connection breaks. */
export const Cut = {
  BeforeRequest: "before the request arrives",
  AtOnce: "as soon as the request is sent on",
  BeforeAnswer: "before the answer",
  InAnswer: "in the middle of the answer",
} as const;
export type Cut = (typeof Cut)[keyof typeof Cut];

const FRAME_BYTES_MAX = 2 ** 28;

/** A kind of requests; those of `core` are some. */
interface Kind {
  readonly tag: number;
}

export class CuttingProxy {
  readonly #port: number;
  readonly #planned = new Map<number, Cut>();
  readonly #links = new Set<ProxiedLink>();
  #listener: Server | null = null;
  cuts = 0;
  endpoint = "";

  private constructor(target: string) {
    this.#port = Number(target.split(":").at(-1));
  }

  static async start(target: string): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    proxy.#listener = createServer((client) => proxy.#accept(client)).listen(0, "127.0.0.1");
    await once(proxy.#listener, "listening");
    proxy.endpoint = `127.0.0.1:${(proxy.#listener.address() as AddressInfo).port}`;
    return proxy;
  }

  /** Cut at the next request of `kind`, once. */
  plan(kind: Kind, cut: Cut): void {
    this.#planned.set(kind.tag, cut);
  }

  takePlan(tag: number): Cut | undefined {
    const cut = this.#planned.get(tag);
    this.#planned.delete(tag);
    return cut;
  }

  /** Break every connection now. */
  cutAll(): void {
    this.cuts += 1;
    for (const link of [...this.#links]) {
      link.cut();
    }
  }

  /** Those that are up carry nothing any more, and are not closed; later ones do carry. */
  silenceAll(): void {
    for (const link of this.#links) {
      link.isSilent = true;
    }
  }

  #accept(client: Socket): void {
    const link = new ProxiedLink(this, client, connect(this.#port, "127.0.0.1"));
    this.#links.add(link);
    void link.over.then(() => this.#links.delete(link));
  }

  async stop(): Promise<void> {
    this.#listener?.close();
    this.cutAll();
    await Promise.all([...this.#links].map((link) => link.over));
  }
}

class ProxiedLink {
  readonly over: Promise<unknown>;
  readonly #proxy: CuttingProxy;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #answersToCut = new Map<number, Cut>();
  #missing = PREAMBLE.length;
  isSilent = false;

  constructor(proxy: CuttingProxy, client: Socket, server: Socket) {
    this.#proxy = proxy;
    this.#client = client;
    this.#server = server;
    const requests = new FrameReader(FRAME_BYTES_MAX);
    const answers = new FrameReader(FRAME_BYTES_MAX);
    client.on("data", (data) => this.#each(requests, this.#withoutPreamble(data), "request"));
    server.on("data", (data) => this.#each(answers, new Uint8Array(data), "answer"));
    for (const socket of [client, server]) {
      socket.on("error", () => this.cut());
      socket.on("close", () => this.cut());
    }
    this.over = Promise.all([once(client, "close"), once(server, "close")]);
  }

  #withoutPreamble(data: Buffer): Uint8Array {
    const preamble = data.subarray(0, this.#missing);
    this.#missing -= preamble.length;
    this.#server.write(preamble);
    return new Uint8Array(data.subarray(preamble.length));
  }

  #each(reader: FrameReader, data: Uint8Array, way: "request" | "answer"): void {
    if (this.isSilent) {
      return;
    }
    for (const body of reader.receive(data)) {
      const goesOn = way === "request" ? this.#passRequest(body) : this.#passAnswer(body);
      if (!goesOn) {
        return;
      }
    }
  }

  #passRequest(body: Uint8Array): boolean {
    const [id, , , [tag]] = unpack(body) as [number, string, number, [number]];
    const cut = this.#proxy.takePlan(tag);
    if (cut === Cut.BeforeRequest) {
      this.#proxy.cuts += 1;
      this.cut();
      return false;
    }
    if (!this.#server.writableEnded) this.#server.write(frame(body));
    if (cut === Cut.AtOnce) {
      this.#proxy.cuts += 1;
      this.#server.end(); // what was sent still arrives
      this.#client.destroy();
      return false;
    }
    if (cut !== undefined) {
      this.#answersToCut.set(id, cut);
    }
    return true;
  }

  #passAnswer(body: Uint8Array): boolean {
    const [id] = unpack(body) as [number];
    const cut = this.#answersToCut.get(id);
    if (cut === undefined) {
      if (!this.#client.writableEnded) this.#client.write(frame(body));
      return true;
    }
    this.#proxy.cuts += 1;
    if (cut === Cut.InAnswer) {
      const whole = frame(body);
      this.#client.end(whole.subarray(0, Math.floor(whole.length / 2) + 1));
      this.#server.destroy();
    } else {
      this.cut();
    }
    return false;
  }

  cut(): void {
    this.#client.destroy();
    this.#server.destroy();
  }
}
