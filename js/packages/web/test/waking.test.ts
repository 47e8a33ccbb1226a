/** When a page looks at its connection. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { onWaking } from "../dist/waking.js";

/** A page, as far as this is concerned. */
class Page extends EventTarget {
  visibilityState = "visible";
}

const globals = globalThis as unknown as Record<string, unknown>;
const NAMES = ["document", "addEventListener", "removeEventListener"];
let before: (PropertyDescriptor | undefined)[];
let page: Page;
let window: EventTarget;

beforeEach(() => {
  before = NAMES.map((name) => Object.getOwnPropertyDescriptor(globalThis, name));
  page = new Page();
  window = new EventTarget();
  set("document", page);
  set("addEventListener", window.addEventListener.bind(window));
  set("removeEventListener", window.removeEventListener.bind(window));
});
afterEach(() => {
  NAMES.forEach((name, index) => {
    Reflect.deleteProperty(globals, name);
    const descriptor = before[index];
    if (descriptor !== undefined) {
      Object.defineProperty(globalThis, name, descriptor);
    }
  });
});

function set(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true });
}

test("a page looks when it is online or shown again, until it is told not to", () => {
  let looks = 0;
  const stop = onWaking(() => {
    looks += 1;
  });
  window.dispatchEvent(new Event("online"));
  window.dispatchEvent(new Event("pageshow"));
  page.dispatchEvent(new Event("visibilitychange"));
  assert.equal(looks, 3);
  page.visibilityState = "hidden";
  page.dispatchEvent(new Event("visibilitychange"));
  assert.equal(looks, 3, "a page that is hidden needs nothing");
  stop();
  page.visibilityState = "visible";
  page.dispatchEvent(new Event("visibilitychange"));
  window.dispatchEvent(new Event("online"));
  assert.equal(looks, 3);
});

test("where there is no page, as in a worker, there is nothing to see", () => {
  set("document", undefined);
  let looks = 0;
  const stop = onWaking(() => {
    looks += 1;
  });
  window.dispatchEvent(new Event("online"));
  assert.equal(looks, 1);
  stop();
});
