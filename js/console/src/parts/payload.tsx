/** A payload as a JSON tree, as text, or as hex; large ones begin with their first part. */

import { useState } from "preact/hooks";

import { bytes, hex, shown, textOf } from "../format.js";
import { JsonTree } from "./json-tree.js";

const FIRST_BYTES = 32_768;
const TREE_BYTES_MAX = 1_048_576;

type View = "tree" | "text" | "hex";

export function Payload({ payload, label }: { payload: Uint8Array; label: string }) {
  const [chosen, setChosen] = useState<View | null>(null);
  const [isWhole, setWhole] = useState(false);
  const text = textOf(payload);
  const json = parsed(text, payload.length);
  const first: View = json !== undefined ? "tree" : text !== null ? "text" : "hex";
  const view = chosen ?? first;
  const views: View[] = ["hex"];
  if (text !== null) {
    views.unshift("text");
  }
  if (json !== undefined) {
    views.unshift("tree");
  }
  return (
    <section class="payload" aria-label={label}>
      <header class="row">
        <h4>{label}</h4>
        <span class="quiet">{bytes(payload.length)}</span>
        <span class="segments" role="group" aria-label={`${label} as`}>
          {views.map((each) => (
            <button
              key={each}
              type="button"
              aria-pressed={view === each}
              onClick={() => setChosen(each)}
            >
              {each}
            </button>
          ))}
        </span>
        <button type="button" class="plain" onClick={() => void copy(text ?? hex(payload))}>
          copy
        </button>
      </header>
      {view === "tree" ? <JsonTree value={json} /> : null}
      {view === "text" && text !== null ? (
        <Long text={shown(text)} {...{ isWhole, setWhole }} />
      ) : null}
      {view === "hex" ? (
        <Long
          text={hex(isWhole ? payload : payload.subarray(0, FIRST_BYTES / 4))}
          isWhole={isWhole || payload.length <= FIRST_BYTES / 4}
          setWhole={setWhole}
        />
      ) : null}
    </section>
  );
}

function Long(props: { text: string; isWhole: boolean; setWhole: (is: boolean) => void }) {
  const isCut = !props.isWhole && props.text.length > FIRST_BYTES;
  return (
    <>
      <pre tabIndex={0}>{isCut ? props.text.slice(0, FIRST_BYTES) : props.text}</pre>
      {props.isWhole || props.text.length <= FIRST_BYTES ? null : (
        <button type="button" class="plain" onClick={() => props.setWhole(true)}>
          show all
        </button>
      )}
    </>
  );
}

function parsed(text: string | null, size: number): unknown {
  if (text === null || size > TREE_BYTES_MAX) {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : undefined;
  } catch {
    return undefined;
  }
}

async function copy(text: string): Promise<void> {
  await navigator.clipboard?.writeText(text);
}
