/** What differs between two texts, line by line. */

import { useMemo } from "preact/hooks";

import { shown } from "../format.js";

const LINES_MAX = 4_000;

interface Line {
  readonly mark: " " | "+" | "-";
  readonly text: string;
}

export function Difference({ before, after }: { before: string; after: string }) {
  const lines = useMemo(() => differenceOf(before, after), [before, after]);
  if (lines.every(({ mark }) => mark === " ")) {
    return <p class="empty">No difference.</p>;
  }
  return (
    <pre class="card difference" tabIndex={0}>
      {lines.map(({ mark, text }, at) => (
        <span key={at} class={mark === "+" ? "added" : mark === "-" ? "removed" : ""}>
          {`${mark} ${shown(text)}\n`}
        </span>
      ))}
    </pre>
  );
}

/** By the longest common subsequence of what is left between a common beginning and end. */
export function differenceOf(before: string, after: string): Line[] {
  const old = before.split("\n").slice(0, LINES_MAX);
  const now = after.split("\n").slice(0, LINES_MAX);
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) {
    head += 1;
  }
  let tail = 0;
  while (
    tail < old.length - head &&
    tail < now.length - head &&
    old.at(-1 - tail) === now.at(-1 - tail)
  ) {
    tail += 1;
  }
  const same = (lines: string[]): Line[] => lines.map((text) => ({ mark: " ", text }));
  return [
    ...same(old.slice(0, head)),
    ...changed(old.slice(head, old.length - tail), now.slice(head, now.length - tail)),
    ...same(old.slice(old.length - tail)),
  ];
}

function changed(old: string[], now: string[]): Line[] {
  const width = now.length + 1;
  const longest = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] =
        old[i] === now[j]
          ? (longest[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(longest[(i + 1) * width + j] ?? 0, longest[i * width + j + 1] ?? 0);
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    const down = longest[(i + 1) * width + j] ?? 0;
    const right = longest[i * width + j + 1] ?? 0;
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push({ mark: " ", text: old[i] ?? "" });
      i += 1;
      j += 1;
    } else if (j >= now.length || (i < old.length && down >= right)) {
      lines.push({ mark: "-", text: old[i] ?? "" });
      i += 1;
    } else {
      lines.push({ mark: "+", text: now[j] ?? "" });
      j += 1;
    }
  }
  return lines;
}
