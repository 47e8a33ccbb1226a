/** The packages as npm packs them: what is in them, who can load them, who can compile with them. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";

import { ServerProcess } from "@floruntime/testing";

const JS = fileURLToPath(new URL("../../..", import.meta.url));
const NAMES = ["core", "node", "web", "otel"] as const;
const TSC = join(JS, "node_modules", ".bin", "tsc");

let place: string;
let server: ServerProcess;

const packed = (name: string): string => join(place, "node_modules", "@floruntime", name);
const contents = (name: string): string[] =>
  readdirSync(packed(name), { recursive: true, encoding: "utf8" });

before(async () => {
  place = mkdtempSync(join(tmpdir(), "flo-packed-"));
  const of = NAMES.map((name) => `--workspace=packages/${name}`);
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", place, ...of];
  const said = execFileSync("npm", args, { cwd: JS, encoding: "utf8" });
  const files = JSON.parse(said) as { name: string; filename: string }[];
  assert.equal(files.length, NAMES.length);
  for (const { name, filename } of files) {
    const folder = join(place, "node_modules", name);
    mkdirSync(folder, { recursive: true });
    execFileSync("tar", ["-xzf", join(place, filename), "-C", folder, "--strip-components=1"]);
  }
  server = await ServerProcess.start("--durability", "ephemeral");
});
after(async () => {
  await server?.stop();
  rmSync(place, { recursive: true, force: true });
});

// What is in them

for (const name of NAMES) {
  test(`@floruntime/${name} has what people look for`, () => {
    const files = new Set(contents(name));
    for (const file of ["dist/index.js", "dist/index.d.ts", "dist/cjs/index.js"]) {
      assert.ok(files.has(file), file);
    }
    for (const file of ["dist/cjs/index.d.ts", "README.md", "LICENSE", "NOTICE", "src/index.ts"]) {
      assert.ok(files.has(file), file);
    }
    assert.ok(![...files].some((file) => /tsbuildinfo$|\.test\.|tsconfig/.test(file)));
    const text = (path: string) => readFileSync(path, "utf8");
    assert.equal(text(join(packed(name), "LICENSE")), text(join(JS, "..", "LICENSE")));
    const told = JSON.parse(text(join(packed(name), "package.json"))) as {
      repository: { url: string; directory: string };
    };
    assert.match(told.repository.url, /^git\+https:\/\//);
    assert.equal(told.repository.directory, `js/packages/${name}`);
  });

  test(`the links of @floruntime/${name} lead somewhere`, () => {
    const readme = readFileSync(join(packed(name), "README.md"), "utf8");
    const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link as string);
    assert.ok(links.length > 0);
    for (const link of links) {
      const isThere = /^https:\/\//.test(link) || existsSync(join(packed(name), link));
      assert.ok(isThere, link);
    }
  });
}

test("packing builds what is not built", () => {
  for (const name of NAMES) {
    const told = JSON.parse(readFileSync(join(packed(name), "package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    assert.match(told.scripts["prepack"] ?? "", /npm run .*build/);
  }
});

test("a page needs an import map of two lines, or one file", async () => {
  const named = new Set<string>();
  for (const name of ["core", "web"]) {
    for (const file of contents(name)) {
      if (/^dist\/(?!cjs\/|compat).*\.js$/.test(file)) {
        const source = readFileSync(join(packed(name), file), "utf8");
        for (const [, path] of source.matchAll(/^(?:import|export) .*?from "([^".][^"]*)";$/gm)) {
          named.add(path as string);
        }
      }
    }
  }
  assert.deepEqual(
    [...named],
    ["@floruntime/core"],
    "but for the compat modules, which need one more",
  );
  const alone = join(mkdtempSync(join(place, "alone-")), "floruntime-web.mjs");
  copyFileSync(join(packed("web"), "dist", "floruntime-web.js"), alone);
  const { FloClient } = (await import(alone)) as typeof import("@floruntime/web");
  assert.equal(typeof FloClient, "function");
});

// Who can load them

const TRIES = `
  const { FloClient, ActionWorker, isNotFound } = flo;
  const client = new FloClient(process.argv[2]);
  await client.kv.put("key", "value");
  console.log(new TextDecoder().decode(await client.kv.get("key")), typeof ActionWorker);
  console.log(isNotFound(await client.stream.info("none").catch((error) => error)));
  const page = new web.FloClient("ws://" + process.argv[2], { webSocket: globalThis.WebSocket });
  console.log((await page.kv.entry("key")).text());
  await Promise.all([client.close(), page.close()]);
`;

for (const [kind, file, source] of [
  [
    "import",
    "use.mjs",
    `import * as flo from "@floruntime/node";\nimport * as web from "@floruntime/web/bundle";\n${TRIES}`,
  ],
  [
    "require",
    "use.cjs",
    `const flo = require("@floruntime/node"), web = require("@floruntime/web");\n(async () => {${TRIES}})();`,
  ],
] as const) {
  test(`they are loaded by ${kind}`, () => {
    writeFileSync(join(place, file), source);
    const flags = ["--no-warnings", "--experimental-websocket"];
    const run = spawnSync(process.execPath, [...flags, join(place, file), server.endpoint], {
      encoding: "utf8",
    });
    assert.equal(run.stdout, "value function\ntrue\nvalue\n", run.stderr);
  });
}

/** Loads CommonJS modules with globals of a realm of their own, as test runners do. */
class Sandbox {
  readonly #modules = new Map<string, { exports: unknown }>();
  readonly #context = createContext({
    ...{
      AbortController,
      AbortSignal,
      TextDecoder,
      TextEncoder,
      URL,
      console,
      crypto,
      performance,
    },
    ...{ clearTimeout, setTimeout, setImmediate, process, queueMicrotask },
  });

  run(source: string): unknown {
    return runInContext(source, this.#context);
  }

  load(name: string, from: string): unknown {
    if (name.startsWith("node:")) {
      return createRequire(import.meta.url)(name);
    }
    const path = createRequire(from).resolve(name);
    const known = this.#modules.get(path);
    if (known !== undefined) {
      return known.exports;
    }
    const module = { exports: {} };
    this.#modules.set(path, module);
    const wrapped = `(function (exports, require, module) {${readFileSync(path, "utf8")}\n})`;
    const body = this.run(wrapped) as (...given: unknown[]) => void;
    body(module.exports, (other: string) => this.load(other, path), module);
    return module.exports;
  }
}

test("they work where the realm is not that of Node, as under Jest", async () => {
  const sandbox = new Sandbox();
  const flo = sandbox.load(
    "@floruntime/node",
    join(place, "x.js"),
  ) as typeof import("@floruntime/node");
  const client = new flo.FloClient(server.endpoint, { namespace: "sandbox" });
  const inner = sandbox.run("Uint8Array.from([1, 2, 3])") as Uint8Array;
  assert.ok(!(inner instanceof Uint8Array), "it is of another realm");
  for (const bytes of [inner, Uint8Array.of(1, 2, 3), Buffer.from([9, 1, 2, 3]).subarray(1)]) {
    await client.kv.put("bytes", bytes);
    const back = await client.kv.get("bytes");
    assert.deepEqual([...(back ?? [])], [1, 2, 3]);
  }
  await client.queue.enqueue("q", sandbox.run('({ a: [1, "\\ufeff"] })') as object);
  const { messages } = await client.queue.dequeue("q");
  assert.equal(JSON.stringify(messages[0]?.json()), '{"a":[1,"\ufeff"]}');
  await client.close();
});

// Who can compile with them

const TYPED = `
import { ActionWorker, type ActionContext, FloClient, type KVEntry, isConflict } from "@floruntime/node";
import { FloClient as Page, type WebSocketClass } from "@floruntime/web";
import { FloClient as Bundled } from "@floruntime/web/bundle";

export async function use(socket: WebSocketClass): Promise<bigint> {
  const client = new FloClient("localhost:9000", { namespace: "myapp", timeoutMs: 5000, logger: false });
  await client.kv.put("key", new TextEncoder().encode("value"), { ttlSeconds: 3600n, casVersion: 1n });
  const seq = await client.queue.enqueue("tasks", { a: 1 }, { delayMs: 60000n, dedupKey: "task-123" });
  const entry: KVEntry | null = await client.kv.entry("key");
  if (isConflict(entry)) throw entry;
  const page = new Page("ws://localhost:9000/ws", { webSocket: socket });
  const bundled: Bundled = new Bundled("ws://localhost:9000/ws", { webSocket: WebSocket });
  await page.streams.append("room", { hello: bundled.namespace });
  for await (const record of client.stream.follow("events")) console.log(record.text());
  return seq;
}

export function work(ctx: ActionContext): Uint8Array {
  return ctx.toBytes({ id: ctx.json<{ id: string }>().id });
}

export const worker = new ActionWorker({ endpoint: "localhost:9000", tls: { servername: "flo" } });
worker.action("work", work, { timeoutMs: 60_000 });
`;

for (const [name, type, module, moduleResolution] of [
  ["node16, ESM", "module", "node16", "node16"],
  ["node16, CommonJS", "commonjs", "node16", "node16"],
  ["a bundler", "module", "esnext", "bundler"],
] as const) {
  test(`they compile with ES2022 and DOM alone, every declaration checked: ${name}`, () => {
    const folder = join(place, `typed-${type}-${module}`);
    mkdirSync(folder);
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type }));
    const file = "use.ts";
    writeFileSync(join(folder, file), TYPED);
    const compilerOptions = {
      ...{ module, moduleResolution, target: "ES2022", lib: ["ES2022", "DOM"], types: [] },
      ...{ strict: true, skipLibCheck: false, noEmit: true, exactOptionalPropertyTypes: true },
    };
    const config = join(folder, "tsconfig.json");
    writeFileSync(config, JSON.stringify({ compilerOptions, files: [file] }));
    const run = spawnSync(TSC, ["-p", config], { encoding: "utf8", cwd: dirname(config) });
    assert.equal(run.status, 0, run.stdout);
  });
}
