/** Builds the console into the Python package: one page, one script, one style sheet. */

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const SOURCE = fileURLToPath(new URL("src/", import.meta.url));
const TARGET = fileURLToPath(new URL("../../src/floruntime/console/", import.meta.url));

const SCRIPT_BYTES_MAX = 200_000;

rmSync(TARGET, { recursive: true, force: true });
mkdirSync(TARGET, { recursive: true });
await build({
  entryPoints: { console: `${SOURCE}main.tsx` },
  outdir: TARGET,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
});
const script = gzipSync(readFileSync(`${TARGET}console.js`), { level: 9 }).length;
if (script > SCRIPT_BYTES_MAX) {
  throw new Error(`console.js has ${script} bytes compressed; ${SCRIPT_BYTES_MAX} at most`);
}
// The styles stand in the page, too: the first thing that arrives can be painted.
const styles = readFileSync(`${TARGET}console.css`, "utf8").replaceAll("</", "<\\/");
const page = readFileSync(`${SOURCE}index.html`, "utf8");
const link = '<link rel="stylesheet" href="/console/console.css" />';
if (!page.includes(link)) {
  throw new Error(`index.html has no ${link}`);
}
writeFileSync(
  `${TARGET}index.html`,
  page.replace(link, () => `<style>${styles}</style>`),
);
copyFileSync(`${SOURCE}icon.svg`, `${TARGET}icon.svg`);

// The licences of what the script contains go with it.
const CONTAINED = ["preact", "uplot", "@dagrejs/dagre", "yaml"];
const licences = CONTAINED.map((name) => {
  const text = readFileSync(new URL(`../node_modules/${name}/LICENSE`, import.meta.url), "utf8");
  return `${name}\n\n${text.trim()}\n`;
});
writeFileSync(`${TARGET}console.js.LEGAL.txt`, licences.join("\n----\n\n"));
