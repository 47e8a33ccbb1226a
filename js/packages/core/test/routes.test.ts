/** A client in a cluster of scripted nodes goes straight to who leads, where it can. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "@floruntime/testing";
import { FloClient } from "../dist/api/client.js";
import { UnauthorizedError } from "../dist/base/errors.js";
import { SESSION_AGE_MS_MAX } from "../dist/base/limits.generated.js";
import type { ClientOptions } from "../dist/link/connected.js";
import { AGAIN_MS_MIN, IDLE_MS, ROUTES_MAX } from "../dist/link/routes/keeper.js";
import { PASSED_MIN } from "../dist/link/routes/leads.js";
import type { Link, LinkEvents, Transport } from "../dist/link/transport.js";
import { KvGet, KvPut, Ping } from "../dist/wire/messages.generated.js";
import type { Envelope } from "./envelope.js";
import { answerPlainly, FakeServer, is, SILENCE } from "./fake-server.js";
import { rejection } from "./setup.js";

/** A node. It passes on what it does not lead, and tells where to. */
class Node extends FakeServer implements Transport {
  nodes = ["home", "a", "b"];
  history = "one";
  holder = "";
  /** Who connects waits for it. */
  mayConnect: Promise<void> = Promise.resolve();

  constructor(
    readonly name: string,
    readonly cluster: Cluster,
  ) {
    super();
    this.sessions = cluster.sessions;
  }

  override welcome(isKnown: boolean): unknown {
    const told = [this.history, this.nodes, this.name, this.holder];
    return ["9.9.9", this.limits, isKnown, "admin", ...told];
  }

  override told({ namespace, terms }: Envelope): unknown {
    const leader = this.cluster.leads.get(namespace) ?? this.name;
    const wants = Array.isArray(terms) && terms[3] === true;
    return leader !== this.name && wants ? [0, 0, leader] : null;
  }

  override async connect(events: LinkEvents): Promise<Link> {
    await this.mayConnect;
    return super.connect(events);
  }

  at(node: string): Transport | null {
    return this.cluster.nodes.get(node) ?? null;
  }

  /** How often a key was read since this was last asked. */
  get asked(): number {
    const asked = this.requests(KvGet).length;
    this.seen = [];
    return asked;
  }
}

/** Some nodes. The client is connected to `home`, which leads what no other does. */
class Cluster {
  readonly clock = new FakeClock();
  readonly sessions = new Map<string, Map<number, unknown>>();
  readonly leads = new Map([["shop", "a"]]);
  readonly nodes: Map<string, Node>;
  readonly home: Node;
  readonly a: Node;
  readonly client: FloClient;

  constructor(options: ClientOptions = {}, names: readonly string[] = []) {
    this.home = new Node("home", this);
    this.a = new Node("a", this);
    const others = names.map((name) => [name, new Node(name, this)] as const);
    this.nodes = new Map([["home", this.home], ["a", this.a], ...others]);
    this.client = new FloClient(this.home, { clock: this.clock, logger: false, ...options });
  }

  async ask(namespace: string, times: number): Promise<void> {
    for (let number = 0; number < times; number++) {
      await this.clock.until(this.client.kv.get("k", { namespace }));
    }
    await this.clock.advance(0);
  }

  /** A route that was asked for comes up while the first link is made again. */
  async upWhileTheFirstLinkIsDown(): Promise<void> {
    let open = (): void => undefined;
    this.a.mayConnect = new Promise((resolve) => {
      open = resolve;
    });
    await this.led();
    this.home.dropLinks();
    open();
    await this.clock.advance(0);
    assert.equal(this.a.links[0]?.isClosed, false);
  }

  /** Ask until there is a route, if there can be one. */
  led(namespace = "shop"): Promise<void> {
    return this.ask(namespace, PASSED_MIN);
  }
}

test("what was passed on goes straight there, and to the next leader", async () => {
  const it = new Cluster({ token: "secret" }, ["b"]);
  await it.led();
  assert.equal(it.home.asked, PASSED_MIN);
  await it.ask("shop", 5);
  await it.ask("mine", 2);
  await it.clock.until(it.client.kv.put("k", "v", { namespace: "shop" }));
  assert.deepEqual([it.home.asked, it.a.asked], [2, 5]);
  assert.equal(it.a.applied.length, 1);
  assert.deepEqual(it.a.hellos, it.home.hellos);
  await it.clock.until(it.client.ping({ namespace: "shop" }));
  assert.deepEqual([it.home.requests(Ping).length, it.a.requests(Ping).length], [1, 0]);
  it.leads.set("shop", "b");
  await it.led();
  assert.equal(it.a.asked, PASSED_MIN);
  await it.ask("shop", 5);
  assert.equal(it.nodes.get("b")?.asked, 5);
  it.leads.set("shop", "home");
  await it.ask("shop", 3);
  assert.equal(it.home.asked, 2);
  await it.client.close();
  for (const node of it.nodes.values()) {
    assert.ok(node.links.every((link) => link.isClosed));
  }
});

test("what any copy may answer is asked of the node that it is connected to", async () => {
  const it = new Cluster({ reads: "local" });
  for (let number = 0; number < PASSED_MIN; number++) {
    await it.clock.until(it.client.kv.put("k", "v", { namespace: "shop" }));
  }
  await it.clock.advance(0);
  await it.ask("shop", 3);
  await it.clock.until(it.client.kv.put("k", "v", { namespace: "shop" }));
  assert.deepEqual([it.home.asked, it.a.applied.length], [3, 1]);
  await it.client.close();
});

test("a page has one address", async () => {
  const it = new Cluster();
  const { home } = it;
  const page: Transport = { endpoint: "page", connect: (events) => home.connect(events) };
  const client = new FloClient(page, { clock: it.clock });
  for (let number = 0; number < 2 * PASSED_MIN; number++) {
    await it.clock.until(client.kv.get("k", { namespace: "shop" }));
  }
  assert.equal(it.home.asked, 2 * PASSED_MIN);
  assert.equal(it.a.connects, 0);
  await client.close();
});

for (const [name, fault] of Object.entries<(node: Node) => void>({
  "cannot be reached": (node) => {
    node.connectError = new Error("unreachable");
  },
  "says nothing": (node) => {
    node.isDeaf = true;
  },
  "refuses the client": (node) => {
    node.refusal = new UnauthorizedError("not here");
  },
  "is of another cluster": (node) => {
    node.history = "another";
  },
  "is no node": (node) => {
    node.nodes = [];
  },
  "knows the client as another": (node) => {
    node.holder = "somebody else";
  },
  "has no address": (node) => {
    node.cluster.nodes.delete("a");
  },
})) {
  test(`calls are passed on where the leader ${name}`, async () => {
    const it = new Cluster();
    fault(it.a);
    for (let round = 0; round < 5; round++) {
      await it.led();
    }
    await it.clock.advance(3_000);
    assert.equal(it.home.asked, 5 * PASSED_MIN);
    assert.equal(it.a.asked, 0);
    assert.ok(it.a.connects <= 1, "it is not tried again at once");
    assert.ok(it.a.links.every((link) => link.isClosed));
    await it.client.close();
  });
}

test("a node that could not be reached is tried again, more and more rarely", async () => {
  const it = new Cluster();
  it.a.connectError = new Error("unreachable");
  for (let second = 0; second < 200; second++) {
    await it.led();
    await it.clock.advance(1_000);
  }
  assert.ok(it.a.connects >= 5 && it.a.connects <= 9, `${it.a.connects} times`);
  await it.client.close();
});

test("a route that breaks loses and doubles nothing", async () => {
  const it = new Cluster();
  await it.led();
  it.a.losesAnswers = true;
  const put = it.client.kv.put("k", "v", { namespace: "shop" });
  const get = it.client.kv.get("k", { namespace: "shop" });
  await it.clock.advance(0);
  assert.equal(it.a.applied.length, 1);
  it.a.dropLinks();
  await it.clock.until(Promise.all([put, get]));
  assert.deepEqual([it.home.applied.length, it.home.hellos.length], [0, 1]);
  assert.equal(it.home.requests(KvPut).length, 1);
  it.a.losesAnswers = false;
  await it.led();
  assert.equal(it.a.hellos.length, 1);
  await it.clock.advance(AGAIN_MS_MIN);
  await it.led();
  assert.equal(it.a.hellos.length, 2);
  await it.client.close();
});

test("a route takes the place of the first link at once", async () => {
  const it = new Cluster({}, ["b"]);
  await it.led();
  await it.clock.until(it.client.kv.put("k", "v"));
  const told: string[] = [];
  it.client.onDisconnect(() => told.push("lost"));
  it.client.onConnect(() => told.push("up"));
  it.home.connectError = new Error("it is gone");
  it.home.losesAnswers = true;
  const mine = it.client.kv.put("k", "v", { namespace: "mine" });
  await it.clock.advance(0);
  const begunMs = it.clock.now;
  it.home.dropLinks();
  await mine;
  await it.client.kv.put("k", "v", { namespace: "shop" });
  assert.equal(it.clock.now, begunMs);
  assert.deepEqual(
    [it.home.applied.length, it.a.applied.length],
    [2, 1],
    "no write happened twice",
  );
  assert.deepEqual([it.home.connects, it.a.connects], [1, 1]);
  assert.deepEqual(told, ["lost", "up"]);
  assert.equal(it.client.isConnected, true);
  it.leads.set("shop", "b");
  await it.led();
  await it.ask("shop", 3);
  assert.equal(it.nodes.get("b")?.asked, 3);
  await it.clock.advance(3 * IDLE_MS);
  assert.equal(it.a.links[0]?.isClosed, false, "it is no route any more");
  await it.client.close();
  assert.equal(it.a.links[0]?.isClosed, true);
});

test("what is under way on a route that takes its place is not sent again", async () => {
  const it = new Cluster();
  await it.led();
  it.a.script = () => SILENCE;
  const asked = it.client.kv.get("k", { namespace: "shop" });
  await it.clock.advance(0);
  it.home.dropLinks();
  await it.clock.advance(0);
  assert.equal(it.a.asked, 1);
  it.a.dropLinks(); // what is under way there is under way on the first link by now
  assert.equal(new TextDecoder().decode((await it.clock.until(asked)) ?? undefined), "k");
  assert.equal(it.home.connects, 2);
  await it.client.close();
});

test("the route that was used last takes it", async () => {
  const it = new Cluster({}, ["b"]);
  it.leads.set("other", "b");
  await it.led();
  await it.led("other");
  await it.clock.advance(1);
  await it.ask("shop", 1);
  it.home.dropLinks();
  assert.equal(it.a.asked, 1);
  await it.ask("mine", 2);
  assert.equal(it.a.asked, 2);
  assert.equal(it.home.connects, 1);
  await it.client.close();
});

test("a session that was opened after the route greeted is kept", async () => {
  const it = new Cluster();
  await it.led(); // no write yet: nobody knows the session when the route greets
  await it.clock.until(it.client.kv.put("k", "v"));
  it.home.dropLinks();
  await it.clock.until(it.client.kv.put("k", "w"));
  assert.deepEqual([it.home.applied.length, it.a.applied.length], [1, 1]);
  assert.equal(it.sessions.size, 1);
  await it.client.close();
});

test("one that gives no sign of life is given up", async () => {
  const it = new Cluster();
  await it.led();
  it.a.script = () => SILENCE;
  it.a.answersProbes = false;
  await it.clock.until(it.client.kv.get("k", { namespace: "shop" }));
  assert.equal(it.home.hellos.length, 1);
  await it.client.close();
});

test("one that nothing uses is let go, and made again", async () => {
  const it = new Cluster();
  await it.led();
  await it.clock.advance(0.9 * IDLE_MS);
  await it.ask("shop", 1);
  await it.clock.advance(0.9 * IDLE_MS);
  assert.equal(it.a.links[0]?.isClosed, false);
  await it.clock.advance(1.2 * IDLE_MS);
  assert.equal(it.a.links[0]?.isClosed, true);
  await it.ask("shop", 2);
  assert.equal(it.a.connects, 2);
  await it.client.close();
});

test("a client has a bounded number of them", async () => {
  const names = Array.from({ length: ROUTES_MAX + 2 }, (_, number) => `n${number}`);
  const it = new Cluster({}, names);
  for (const name of names) {
    it.leads.set(name, name);
    await it.led(name);
  }
  const open = names.filter((name) => it.nodes.get(name)?.connects === 1);
  assert.equal(open.length, ROUTES_MAX);
  await it.client.close();
});

test("they end where the client is another one to the cluster", async () => {
  const it = new Cluster();
  await it.upWhileTheFirstLinkIsDown();
  it.home.holder = "somebody else";
  await it.ask("shop", 1);
  assert.equal(it.a.links[0]?.isClosed, true);
  await it.client.close();
});

test("a write that went out long ago is not sent again", async () => {
  const it = new Cluster({ timeoutMs: 3_600_000 });
  await it.led();
  it.a.script = () => SILENCE;
  const written = rejection(it.client.kv.put("k", "v", { namespace: "shop" }));
  await it.clock.advance(0);
  it.clock.now += SESSION_AGE_MS_MAX + 1;
  it.a.dropLinks();
  const error = (await it.clock.until(written)) as { ran: string };
  assert.equal(error.ran, "maybe");
  assert.equal(it.home.applied.length, 0);
  await it.client.close();
});

test("a node of an older version says nothing of the holder", async () => {
  const it = new Cluster();
  const { home } = it;
  home.holder = "me";
  await it.clock.until(it.client.kv.put("k", "1"));
  home.losesAnswers = true;
  const put = it.client.kv.put("k", "2");
  await it.clock.advance(0);
  home.losesAnswers = false;
  home.welcome = (isKnown) => ["9.9.9", home.limits, isKnown, "admin", "one", home.nodes];
  home.dropLinks();
  await it.clock.until(put);
  assert.equal(home.applied.length, 2);
  await it.client.close();
});

test("they end where the server refuses the client for good", async () => {
  const it = new Cluster({ token: "secret" });
  await it.upWhileTheFirstLinkIsDown();
  it.home.refusal = new UnauthorizedError("revoked");
  const error = await it.clock.until(rejection(it.client.kv.get("k")));
  assert.ok(error instanceof UnauthorizedError);
  assert.equal(it.a.links[0]?.isClosed, true);
  await it.client.close();
});

test("the next calls wait for those that are under way by another way", async () => {
  const it = new Cluster();
  await it.clock.until(it.client.connect());
  it.home.script = (envelope) => (is(envelope, KvPut) ? SILENCE : answerPlainly(envelope));
  const first = it.client.kv.put("k", "1", { namespace: "shop" });
  await it.led();
  const second = it.client.kv.put("k", "2", { namespace: "shop" });
  const given = new AbortController();
  const third = rejection(it.client.kv.put("k", "3", { namespace: "shop", signal: given.signal }));
  await it.clock.advance(0);
  assert.equal(it.a.applied.length, 0);
  given.abort();
  it.home.script = answerPlainly;
  it.home.dropLinks();
  await it.clock.until(Promise.all([first, second, third]));
  assert.equal(it.home.applied.length, 0);
  const written = it.a.applied.map(({ fields }) => String(fields["value"]));
  assert.deepEqual(written, ["49", "50"]);
  await it.client.close();
});
