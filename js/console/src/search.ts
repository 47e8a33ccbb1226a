/** Search attributes as they are typed: `customer=ada amount>=100 amount<500`. */

import type { ListWorkflowRunsOptions } from "@floruntime/core";

export type Search = NonNullable<ListWorkflowRunsOptions["search"]>;
type Bound = string | number;
type Bounds = Partial<Record<"gt" | "gte" | "lt" | "lte", Bound>>;

const TERM = /([^\s=<>]+)\s*(>=|<=|=|>|<)\s*("(?:[^"\\]|\\.)*"|[^\s]+)/gy;
const RANGES = { ">": "gt", ">=": "gte", "<": "lt", "<=": "lte" } as const;

/** What is searched for; throws an `Error` that says what would be right. */
export function searchOf(text: string): Search {
  const found: Record<string, Bound | Bounds> = {};
  const rest = text.trim().replace(/\s+/gu, " ");
  TERM.lastIndex = 0;
  while (TERM.lastIndex < rest.length) {
    const at = TERM.lastIndex;
    const match = TERM.exec(rest);
    if (match === null) {
      throw new Error(
        `the attributes end at ${JSON.stringify(rest.slice(at))}: write customer=ada amount>=100`,
      );
    }
    const [, name = "", sign = "=", value = ""] = match;
    const before = found[name];
    found[name] =
      sign === "="
        ? scalarOf(value)
        : {
            ...(typeof before === "object" ? before : {}),
            [RANGES[sign as keyof typeof RANGES]]: scalarOf(value),
          };
    if (rest[TERM.lastIndex] === " ") {
      TERM.lastIndex += 1;
    }
  }
  return found;
}

/** A number where it is one, else a text; in quotes it is a text in any case. */
function scalarOf(text: string): Bound {
  if (text.startsWith('"') && text.endsWith('"') && text.length > 1) {
    return JSON.parse(text) as string;
  }
  const number = Number(text);
  return text.trim() === "" || Number.isNaN(number) ? text : number;
}
