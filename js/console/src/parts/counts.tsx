/** How many there are in each status, above a list; pressing one or several filters the list. */

import { useFlo } from "../flo.js";
import { count } from "../format.js";
import { setFilters } from "../route.js";

export interface CountsProps {
  readonly statuses: readonly string[];
  /** `null`: not known (yet). */
  readonly counts: Readonly<Record<string, number>> | null;
}

export function Counts({ statuses, counts }: CountsProps) {
  const { route } = useFlo();
  const chosen = statusesOf(route.filters["status"]);
  const toggle = (status: string) => {
    const next = chosen.includes(status)
      ? chosen.filter((each) => each !== status)
      : [...chosen, status];
    setFilters(route, { status: next.join(",") });
  };
  return (
    <div class="counts" role="group" aria-label="status">
      {statuses.map((status) => (
        <button
          key={status}
          type="button"
          aria-pressed={chosen.includes(status)}
          onClick={() => toggle(status)}
        >
          {status.replaceAll("_", " ")}{" "}
          <strong>{counts === null ? "–" : count(counts[status] ?? 0)}</strong>
        </button>
      ))}
    </div>
  );
}

/** The statuses that stand in the address. */
export function statusesOf(filter: string | undefined): string[] {
  return (filter ?? "").split(",").filter((status) => status !== "");
}
