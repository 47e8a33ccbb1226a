/** The package in one file, for pages without a bundler: the build puts everything into it. */

export * from "./index.js";
