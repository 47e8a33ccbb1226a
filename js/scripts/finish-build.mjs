/** What TypeScript leaves to do: the mark of CommonJS, and the one file for pages. */

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

const PACKAGES = fileURLToPath(new URL("../packages/", import.meta.url));

for (const name of ["core", "node", "web", "otel"]) {
  writeFileSync(`${PACKAGES}${name}/dist/cjs/package.json`, '{ "type": "commonjs" }\n');
}

await build({
  entryPoints: [`${PACKAGES}web/dist/index.js`],
  outfile: `${PACKAGES}web/dist/floruntime-web.js`,
  allowOverwrite: true,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  logLevel: "warning",
});
