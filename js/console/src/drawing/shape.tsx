/** One box of a drawing: a step, a terminal, or a `parallel` or `forEach` with what is in it. */

import { count, shown } from "../format.js";
import type { Box, Inner } from "./definition.js";
import type { State, Way } from "./way.js";

const LETTER_PX = 7.6;
export const SMALL_LETTER_PX = 6.4;
const PADDING_PX = 14;
const LINE_PX = 16;
const LABEL_MAX = 28;
const COLUMNS_MAX = 3;
const GAP_PX = 10;
const HEAD_PX = 42;
const ITEMS_PX = 18;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Placed extends Size {
  readonly x: number;
  readonly y: number;
}

export function cut(text: string): string {
  return text.length > LABEL_MAX ? `${text.slice(0, LABEL_MAX - 1)}…` : text;
}

/** How large a box is, whatever becomes of it. */
export function sizeOf(box: Box): Size {
  const own = plainSize([box.name, box.kind]);
  if (box.inner.length === 0) {
    return own;
  }
  const { columns, rows, cell } = gridOf(box);
  const width = columns * cell.width + (columns - 1) * GAP_PX + 2 * PADDING_PX;
  const height = HEAD_PX + rows * (cell.height + GAP_PX) + (box.group === "forEach" ? ITEMS_PX : 0);
  return { width: Math.max(width, own.width), height: height + 4 };
}

function plainSize(texts: readonly string[]): Size {
  const lines = texts.filter((line) => line !== "").map((line) => cut(shown(line)));
  const widths = lines.map((line, at) => line.length * (at ? SMALL_LETTER_PX : LETTER_PX));
  return {
    width: Math.max(24, ...widths) + 2 * PADDING_PX,
    height: lines.length * LINE_PX + PADDING_PX,
  };
}

function gridOf({ inner }: Box) {
  const columns = Math.min(COLUMNS_MAX, inner.length);
  const sizes = inner.map(({ name, kind }) => plainSize([name, kind]));
  const cell = {
    width: Math.max(...sizes.map(({ width }) => width)),
    height: Math.max(...sizes.map(({ height }) => height)),
  };
  return { columns, rows: Math.ceil(inner.length / columns), cell };
}

export function Shape({ box, at, way }: { box: Box; at: Placed; way: Way | null }) {
  const state = way?.states.get(box.name);
  const top = at.y - at.height / 2;
  const left = at.x - at.width / 2;
  return (
    <g>
      <title>{[box.name, box.kind].map(shown).join("\n")}</title>
      <rect
        class={`box ${box.inner.length > 0 ? "group" : ""} ${state ?? ""}`}
        x={left}
        y={top}
        width={at.width}
        height={at.height}
        rx={box.isTerminal ? at.height / 2 : 8}
      />
      <Lines texts={[box.name, box.kind]} x={at.x} top={top} />
      {box.inner.length > 0 ? <Contents box={box} at={at} way={way} /> : null}
    </g>
  );
}

/** Branches side by side, or the body that each item goes through and how many have. */
function Contents({ box, at, way }: { box: Box; at: Placed; way: Way | null }) {
  const { columns, cell } = gridOf(box);
  const width = columns * cell.width + (columns - 1) * GAP_PX;
  const left = at.x - width / 2;
  const top = at.y - at.height / 2 + HEAD_PX;
  const items = box.group === "forEach" ? itemsOf(box.name, way) : null;
  return (
    <>
      {box.inner.map((inner, index) => (
        <Part
          key={inner.name}
          inner={inner}
          state={items === null ? way?.states.get(`${box.name}/${inner.name}`) : items.state}
          isMany={items !== null}
          at={{
            ...cell,
            x: left + (index % columns) * (cell.width + GAP_PX),
            y: top + Math.floor(index / columns) * (cell.height + GAP_PX),
          }}
        />
      ))}
      {items === null ? null : (
        <text class="small" x={at.x} y={at.y + at.height / 2 - 8} text-anchor="middle">
          {items.told}
        </text>
      )}
    </>
  );
}

interface PartProps {
  readonly inner: Inner;
  readonly state: State | undefined;
  readonly isMany: boolean;
  /** Its upper left corner. */
  readonly at: Placed;
}

function Part({ inner, state, isMany, at }: PartProps) {
  const rect = { width: at.width, height: at.height, rx: 6 };
  return (
    <g>
      <title>{[inner.name, inner.kind].map(shown).join("\n")}</title>
      {isMany ? <rect class="box" x={at.x + 4} y={at.y + 4} {...rect} /> : null}
      <rect class={`box ${state ?? ""}`} x={at.x} y={at.y} {...rect} />
      <Lines texts={[inner.name, inner.kind]} x={at.x + at.width / 2} top={at.y} />
    </g>
  );
}

function Lines({ texts, x, top }: { texts: readonly string[]; x: number; top: number }) {
  return (
    <>
      {texts
        .filter((text) => text !== "")
        .map((text, index) => (
          <text
            key={index}
            class={index === 0 ? "" : "small"}
            x={x}
            y={top + PADDING_PX + 6 + index * LINE_PX}
            text-anchor="middle"
          >
            {cut(shown(text))}
          </text>
        ))}
    </>
  );
}

/** How many items of a `forEach` are where, and how it looks as a whole. */
function itemsOf(step: string, way: Way | null): { told: string; state: State | undefined } {
  const counts = { done: 0, now: 0, failed: 0, gone: 0 };
  for (const [name, state] of way?.states ?? []) {
    if (name.startsWith(`${step}/`) && /^\d+$/.test(name.slice(step.length + 1))) {
      counts[state] += 1;
    }
  }
  const words: readonly (readonly [State, string])[] = [
    ["done", "done"],
    ["now", "running"],
    ["failed", "failed"],
    ["gone", "cancelled"],
  ];
  const told = words
    .filter(([state]) => counts[state] > 0)
    .map(([state, word]) => `${count(counts[state])} ${word}`);
  const state =
    counts.failed > 0 ? "failed" : counts.now > 0 ? "now" : counts.done > 0 ? "done" : undefined;
  return { told: told.join(", "), state };
}
