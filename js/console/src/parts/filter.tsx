/** A filter of a list; what is chosen stands in the address. */

import { useEffect, useRef, useState } from "preact/hooks";

import { useFlo } from "../flo.js";
import { setFilters } from "../route.js";

const TYPING_MS = 300;
/** What is longer needs a wider field. */
const LONG_LETTERS = 20;

export interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  /** Names in the address; with what is shown, where that is another text. */
  readonly options: readonly (string | readonly [string, string])[];
  /** What it is called to choose none of them. Default: all. */
  readonly none?: string;
}

export function Choice({ name, label, options, none = "all" }: ChoiceProps) {
  const { route } = useFlo();
  return (
    <label class="row">
      <span class="quiet">{label}</span>
      <select
        aria-label={label}
        value={route.filters[name] ?? ""}
        onChange={(event) =>
          setFilters(route, { [name]: (event.currentTarget as HTMLSelectElement).value })
        }
      >
        <option value="">{none}</option>
        {options.map((option) => {
          const [value, text] = typeof option === "string" ? [option, option] : option;
          return (
            <option key={value} value={value}>
              {text.replaceAll("_", " ")}
            </option>
          );
        })}
      </select>
    </label>
  );
}

/** A text; it counts a moment after the last letter. */
export function Words({ name, label, hint }: { name: string; label: string; hint?: string }) {
  const { route } = useFlo();
  const stands = route.filters[name] ?? "";
  const [text, setText] = useState(stands);
  const sent = useRef(stands);
  useEffect(() => {
    if (stands !== sent.current) {
      sent.current = stands;
      setText(stands);
    }
  }, [stands]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (text !== stands) {
        sent.current = text;
        setFilters(route, { [name]: text });
      }
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label class={hint !== undefined && hint.length > LONG_LETTERS ? "row long" : "row"}>
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
