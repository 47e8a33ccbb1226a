/** Which runs of workflows are meant, by their search attributes. */

import { BadRequestError } from "../../base/errors.js";
import { isPlain, type Scalar } from "../../base/schema.js";
import type { SearchRange } from "../../wire/messages.generated.js";

/** A range of values: above `gt` or from `gte`, and below `lt` or up to `lte`. */
export interface SearchBounds {
  readonly gt?: string | number | bigint | undefined;
  readonly gte?: string | number | bigint | undefined;
  readonly lt?: string | number | bigint | undefined;
  readonly lte?: string | number | bigint | undefined;
}

/** What `search` says, as requests have it: exact values, and the range of one attribute. */
export interface WantedSearch {
  readonly search?: Readonly<Record<string, Scalar>>;
  readonly searchRange?: SearchRange;
}

export function searchOf(
  search: Readonly<Record<string, Scalar | SearchBounds>> | undefined,
): WantedSearch {
  if (search === undefined) {
    return {};
  }
  if (!isPlain(search)) {
    return { search: search as never }; // a Map, say: it is refused, and does not mean every run
  }
  const exact: Record<string, Scalar> = {};
  const ranges: SearchRange[] = [];
  for (const [name, value] of Object.entries(search)) {
    if (isPlain(value)) {
      ranges.push({ name, bounds: boundsOf(value) });
    } else {
      exact[name] = value as Scalar;
    }
  }
  if (ranges.length > 1) {
    const names = ranges.map((each) => JSON.stringify(each.name)).join(" and ");
    throw new BadRequestError(
      `search has ranges for ${names}; only one attribute may have a range`,
    );
  }
  const [searchRange] = ranges;
  return searchRange === undefined ? { search: exact } : { search: exact, searchRange };
}

function boundsOf(bounds: SearchBounds): Record<string, Scalar> {
  const given = Object.entries(bounds).filter(([, bound]) => bound !== undefined);
  return Object.fromEntries(given) as Record<string, Scalar>;
}
