/** Which Python the tests start: that of `FLO_PYTHON`, wherever npm was called. */

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { python, ROOT } from "@floruntime/testing";

const { FLO_PYTHON, INIT_CWD } = process.env;
const restore = (name: string, value: string | undefined) => {
  if (value === undefined) {
    delete process.env[name];
  } else {
    process.env[name] = value;
  }
};
afterEach(() => {
  restore("FLO_PYTHON", FLO_PYTHON);
  restore("INIT_CWD", INIT_CWD);
});

test("a relative path begins where npm was called, or at the repository", () => {
  process.env["FLO_PYTHON"] = "src/floruntime/../../pyproject.toml"; // any file will do
  process.env["INIT_CWD"] = `${ROOT}/js`;
  assert.equal(python(), `${ROOT}pyproject.toml`);
  process.env["FLO_PYTHON"] = "../pyproject.toml";
  assert.equal(python(), `${ROOT}pyproject.toml`);
  process.env["FLO_PYTHON"] = "./pyproject.toml";
  delete process.env["INIT_CWD"];
  assert.equal(python(), `${ROOT}pyproject.toml`);
});

test("a name alone is left to PATH, and what is not there is told", () => {
  process.env["FLO_PYTHON"] = "python3";
  assert.equal(python(), "python3");
  process.env["FLO_PYTHON"] = "nowhere/python";
  assert.throws(python, /there is no nowhere\/python: run `make test` once, or set FLO_PYTHON/);
});
