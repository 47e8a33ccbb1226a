/** JSON as a tree that opens: the first levels are open, long lists show their first hundred. */

import { useState } from "preact/hooks";

import { shown } from "../format.js";

const SHOWN_MAX = 100;
const OPEN_LEVELS = 2;

export function JsonTree({ value }: { value: unknown }) {
  return (
    <div class="tree">
      <Node value={value} level={0} />
    </div>
  );
}

interface NodeProps {
  readonly name?: string;
  readonly value: unknown;
  readonly level: number;
}

function Node({ name, value, level }: NodeProps) {
  const [limit, setLimit] = useState(SHOWN_MAX);
  const label = name === undefined ? null : <span class="key">{shown(name)}: </span>;
  if (value === null || typeof value !== "object") {
    return (
      <div class="leaf">
        {label}
        <Scalar value={value} />
      </div>
    );
  }
  const entries = Object.entries(value);
  const what = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  if (entries.length === 0) {
    return (
      <div class="leaf">
        {label}
        {Array.isArray(value) ? "[]" : "{}"}
      </div>
    );
  }
  return (
    <details open={level < OPEN_LEVELS}>
      <summary>
        {label}
        <span class="quiet">{what}</span>
      </summary>
      {entries.slice(0, limit).map(([key, child]) => (
        <Node key={key} name={key} value={child} level={level + 1} />
      ))}
      {entries.length > limit ? (
        <button type="button" class="plain" onClick={() => setLimit(limit + 1_000)}>
          {entries.length - limit} more
        </button>
      ) : null}
    </details>
  );
}

function Scalar({ value }: { value: unknown }) {
  if (typeof value === "string") {
    return <span class="text">"{shown(value)}"</span>;
  }
  return <span class={typeof value}>{String(value)}</span>;
}
