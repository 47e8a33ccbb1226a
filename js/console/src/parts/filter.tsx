/** A filter of a list; what is chosen stands in the address. */

import { useEffect, useState } from "preact/hooks";

import { useFlo } from "../flo.js";
import { setFilters } from "../route.js";

const TYPING_MS = 300;

export interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  readonly options: readonly string[];
}

export function Choice({ name, label, options }: ChoiceProps) {
  const { route } = useFlo();
  return (
    <label class="row">
      <span class="quiet">{label}</span>
      <select
        value={route.filters[name] ?? ""}
        onChange={(event) =>
          setFilters(route, { [name]: (event.currentTarget as HTMLSelectElement).value })
        }
      >
        <option value="">all</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option.replaceAll("_", " ")}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A text; it counts a moment after the last letter. */
export function Words({ name, label, hint }: { name: string; label: string; hint?: string }) {
  const { route } = useFlo();
  const [text, setText] = useState(route.filters[name] ?? "");
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text !== (route.filters[name] ?? "")) {
        setFilters(route, { [name]: text });
      }
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class="row">
      <span class="quiet">{label}</span>
      <input
        type="search"
        value={text}
        placeholder={hint}
        onInput={(event) => setText((event.currentTarget as HTMLInputElement).value)}
      />
    </label>
  );
}
