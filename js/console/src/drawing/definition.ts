/** A workflow's definition as boxes and arrows. */

import { parse } from "yaml";

export interface Box {
  readonly name: string;
  /** What it does, in a word or two. */
  readonly kind: string;
  /** What is inside: branches of a `parallel`, the body of a `forEach`. */
  readonly inner: readonly Inner[];
  readonly group: "parallel" | "forEach" | null;
  readonly isTerminal: boolean;
}

export interface Inner {
  readonly name: string;
  readonly kind: string;
}

export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly label: string;
}

export interface Drawn {
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Boxes and arrows of a definition's text; `null` where it cannot be read. */
export function drawnOf(yaml: string): Drawn | null {
  let document: unknown;
  try {
    document = parse(yaml, { maxAliasCount: 100 });
  } catch {
    return null;
  }
  if (!isFields(document)) {
    return null;
  }
  const steps: [string, Fields][] = [["start", fieldsOf(document["start"])]];
  for (const [name, step] of Object.entries(fieldsOf(document["steps"]))) {
    steps.push([name, fieldsOf(step)]);
  }
  const arrows = steps.flatMap(([name, step]) => arrowsOf(name, step));
  const known = new Set(steps.map(([name]) => name));
  const terminals = [...new Set(arrows.map(({ to }) => to))].filter((to) => !known.has(to));
  return {
    boxes: [
      ...steps.map(([name, step]) => boxOf(name, step)),
      ...terminals.map((name) => ({
        name,
        kind: "",
        inner: [],
        group: null,
        isTerminal: true,
      })),
    ],
    arrows,
  };
}

function boxOf(name: string, step: Fields): Box {
  const parallel = fieldsOf(step["parallel"]);
  const branches = Object.entries(fieldsOf(parallel["branches"]));
  if (branches.length > 0) {
    const join = parallel["join"] ?? "all";
    const kind = `parallel, ${join === "all" ? "all of them" : `${String(join)} of them`}`;
    const inner = branches.map(([branch, body]) => ({ name: branch, kind: does(fieldsOf(body)) }));
    return { name, kind, inner, group: "parallel", isTerminal: false };
  }
  if (step["forEach"] !== undefined) {
    const each = fieldsOf(step["forEach"]);
    const kind = `for each of ${String(each["items"] ?? "")}`;
    const inner = [{ name: does(each), kind: `${String(each["concurrency"] ?? 10)} at once` }];
    return { name, kind, inner, group: "forEach", isTerminal: false };
  }
  return { name, kind: does(step), inner: [], group: null, isTerminal: false };
}

function does(body: Fields): string {
  if (typeof body["run"] === "string") {
    return body["run"].replace(/^@(actions|workflow|plan)\//, (_, kind: string) =>
      kind === "actions" ? "" : `${kind} `,
    );
  }
  const signal = fieldsOf(body["waitForSignal"]);
  if (body["waitForSignal"] !== undefined) {
    const types = signal["type"] ?? signal["anyOf"] ?? signal["allOf"];
    return `waits for ${Array.isArray(types) ? types.join(", ") : String(types)}`;
  }
  if (body["sleep"] !== undefined) {
    return "sleeps";
  }
  return body["choose"] === undefined ? "" : "chooses";
}

function arrowsOf(from: string, step: Fields): Arrow[] {
  const found = Object.entries(fieldsOf(step["transitions"])).map(([label, to]) => ({
    from,
    to: String(to),
    label,
  }));
  const onTimeout = fieldsOf(step["waitForSignal"])["onTimeout"];
  if (typeof onTimeout === "string") {
    found.push({ from, to: onTimeout, label: "timeout" });
  }
  const choose = fieldsOf(step["choose"]);
  const cases = Array.isArray(choose["cases"]) ? choose["cases"].map(fieldsOf) : [];
  for (const each of cases) {
    found.push({ from, to: String(each["to"]), label: String(each["when"]) });
  }
  if (typeof choose["else"] === "string") {
    found.push({ from, to: choose["else"], label: "else" });
  }
  return found;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}
