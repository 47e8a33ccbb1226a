/** Every name that the first SDK exports is exported here, or named in the guide as left out. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const JS = fileURLToPath(new URL("../../..", import.meta.url));
const NAMES = JSON.parse(readFileSync(join(JS, "vectors", "first-sdk-names.json"), "utf8")) as {
  readonly [name in "core" | "node" | "web"]: readonly string[];
};
const GUIDE = readFileSync(join(JS, "..", "docs", "moving-from-flo.md"), "utf8");
const LEFT_OUT = GUIDE.slice(GUIDE.indexOf("## Names that are left out"));

const isNoPage = (name: string): boolean => !name.startsWith("Web");

/** Those of `names` that a module does not export, be they types or values. */
function missingFrom(module: string, names: readonly string[]): string[] {
  mkdirSync(join(JS, "build"), { recursive: true });
  const place = mkdtempSync(join(JS, "build", "names-")); // where the packages are found
  const file = join(place, "names.ts");
  writeFileSync(file, `export type { ${names.join(", ")} } from "${module}";\n`);
  writeFileSync(join(place, "package.json"), '{ "type": "module" }');
  const options = ["--noEmit", "--ignoreConfig", "--module", "nodenext", "--skipLibCheck"];
  const tsc = join(JS, "node_modules", ".bin", "tsc");
  const said = spawnSync(tsc, [...options, "--pretty", "false", file], { encoding: "utf8" }).stdout;
  const others = said
    .split("\n")
    .filter((line) => /error/.test(line) && !/TS2305|TS2724/.test(line));
  assert.deepEqual(others, []);
  return [...said.matchAll(/exported member (?:named )?'(\w+)'/g)].map(
    ([, name]) => name as string,
  );
}

for (const [module, names] of [
  ["@floruntime/node/compat", [...NAMES.core, ...NAMES.node].filter(isNoPage)],
  ["@floruntime/web/compat", NAMES.web],
] as const) {
  test(`${module} has every name, or the guide names it`, () => {
    const missing = missingFrom(module, [...new Set(names)]);
    assert.ok(missing.length < names.length / 2, "most are there");
    assert.deepEqual(
      missing.filter((name) => !LEFT_OUT.includes(`\`${name}\``)),
      [],
    );
  });
}

test("what the guide calls left out is not there", () => {
  const named = [...LEFT_OUT.matchAll(/`(\w+)`/g)].map(([, name]) => name as string);
  const ofThisSdk = named.filter((name) => [...NAMES.core, ...NAMES.node].includes(name));
  assert.deepEqual(missingFrom("@floruntime/node/compat", ofThisSdk).sort(), ofThisSdk.sort());
});
