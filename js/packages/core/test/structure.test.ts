/** How the sources of all packages stand on each other: no circle, and rooms of `core` in order. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PACKAGES = fileURLToPath(new URL("../../", import.meta.url));
/** Each room imports from itself and from those before it. */
const ROOMS = ["base", "wire", "link", "api", "worker", "compat"];

/** What a client can do: none of a tier knows another of it, nor what stands behind it. */
const TIERS: readonly (readonly string[])[] = [
  ["base"],
  [
    ...["kv", "queue", "stream", "action", "worker", "workflow"],
    ...["cluster", "console", "jobs", "namespaces", "tokens"],
  ],
  ["batch"],
  ["client"],
  ["handler-batch"],
];
/** They are batches of their own. */
const BATCHES = ["kv/cache.ts", "kv/transaction.ts"];
/** Types count: what cannot be read without each other is one thing. */
const IMPORT = /(?:from|import)\s+"(\.[^"]+)\.js"/g;

type Imports = ReadonlyMap<string, readonly string[]>;

function importsOf(name: string): Imports {
  const source = join(PACKAGES, name, "src");
  const files = readdirSync(source, { recursive: true, encoding: "utf8" });
  return new Map(
    files
      .filter((file) => file.endsWith(".ts"))
      .map((file) => {
        const text = readFileSync(join(source, file), "utf8");
        const named = [...text.matchAll(IMPORT)].map(([, path]) =>
          relative(source, resolve(source, dirname(file), `${path}.ts`)),
        );
        return [file, named];
      }),
  );
}

/** The files on a way that leads back to where it began; nothing where there is none. */
function circleIn(imports: Imports): readonly string[] {
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): readonly string[] => {
    if (way.includes(file)) {
      return [...way.slice(way.indexOf(file)), file];
    }
    if (done.has(file)) {
      return [];
    }
    for (const next of imports.get(file) ?? []) {
      const circle = walk(next, [...way, file]);
      if (circle.length > 0) {
        return circle;
      }
    }
    done.add(file);
    return [];
  };
  for (const file of imports.keys()) {
    const circle = walk(file, []);
    if (circle.length > 0) {
      return circle;
    }
  }
  return [];
}

test("circles are found", () => {
  const imports = new Map([
    ["a", ["b"]],
    ["b", ["c", "d"]],
    ["c", []],
    ["d", ["b"]],
  ]);
  assert.deepEqual(circleIn(imports), ["b", "d", "b"]);
});

for (const name of ["core", "node", "web", "otel"]) {
  test(`no file of ${name} imports itself by way of others`, () => {
    const imports = importsOf(name);
    assert.ok(imports.size >= 3);
    const known = [...imports.values()].flat().every((file) => imports.has(file));
    assert.ok(known, "every import is followed");
    assert.deepEqual(circleIn(imports), []);
  });
}

test("the rooms of core stand on each other in one order", () => {
  const roomOf = (file: string) => file.split("/")[0] as string;
  for (const [file, named] of importsOf("core")) {
    if (["index.ts", "public.ts"].includes(file)) {
      continue;
    }
    const floor = ROOMS.indexOf(roomOf(file));
    assert.notEqual(floor, -1, `${file} stands in none of the rooms ${ROOMS.join(", ")}`);
    for (const other of named) {
      assert.ok(ROOMS.indexOf(roomOf(other)) <= floor, `${file} imports ${other}`);
    }
  }
});

test("primitives know nothing of each other; a batch alone knows all", () => {
  const roomOf = (file: string) => (file.split("/")[1] as string).replace(/\.ts$/, "");
  const tierOf = (file: string) => TIERS.findIndex((tier) => tier.includes(roomOf(file)));
  for (const [file, named] of importsOf("core")) {
    if (!file.startsWith("api/")) {
      continue;
    }
    assert.notEqual(tierOf(file), -1, `${file} is in no tier`);
    for (const other of named.filter((each) => each.startsWith("api/"))) {
      const isNear = roomOf(other) === roomOf(file) || tierOf(other) < tierOf(file);
      const isBatch = BATCHES.some((each) => file.endsWith(each)) && roomOf(other) === "batch";
      assert.ok(isNear || isBatch, `${file} imports ${other}`);
    }
  }
});
