/** The drawing of a run: its boxes laid out by dagre, its way lit up. */

import dagre from "@dagrejs/dagre";
import { useMemo } from "preact/hooks";

import { shown } from "../format.js";
import type { Box, Drawn } from "./definition.js";

const LETTER_PX = 7.6;
const SMALL_LETTER_PX = 6.4;
const PADDING_PX = 14;
const LINE_PX = 16;
const LABEL_MAX = 28;

/** How far a run got: each step's state, and the arrows it took as `from to`. */
export interface Way {
  readonly states: ReadonlyMap<string, "done" | "now" | "failed">;
  readonly taken: ReadonlySet<string>;
}

export function Drawing({ drawn, way }: { drawn: Drawn; way: Way | null }) {
  const graph = useMemo(() => laidOut(drawn), [drawn]);
  const { width = 0, height = 0 } = graph.graph();
  const told = drawn.boxes
    .filter(({ name }) => way?.states.has(name))
    .map(({ name }) => `${name}: ${way?.states.get(name)}`)
    .join(", ");
  return (
    <div class="drawing card" tabIndex={0} role="region" aria-label="Drawing of the workflow">
      <svg width={width} height={height} role="img" aria-label={`Steps. ${told}`}>
        <defs>
          <marker
            id="tip"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="9"
            markerHeight="9"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0L8 4L0 8z" fill="#94a3b8" />
          </marker>
        </defs>
        {graph.edges().map((edge) => {
          const { points, label, x, y } = graph.edge(edge);
          const path = points.map(
            (point: Point, at: number) => `${at ? "L" : "M"}${point.x} ${point.y}`,
          );
          const isTaken = way?.taken.has(`${edge.v} ${edge.w}`) ?? false;
          return (
            <g key={`${edge.v} ${edge.w} ${edge.name}`}>
              <path
                class={isTaken ? "edge taken" : "edge"}
                d={path.join("")}
                marker-end="url(#tip)"
              />
              <text class="small" x={x} y={y} text-anchor="middle">
                {shown(label)}
              </text>
            </g>
          );
        })}
        {drawn.boxes.map((box) => (
          <Shape
            key={box.name}
            box={box}
            at={graph.node(box.name)}
            state={way?.states.get(box.name)}
          />
        ))}
      </svg>
    </div>
  );
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Placed extends Point {
  readonly width: number;
  readonly height: number;
}

function Shape({ box, at, state }: { box: Box; at: Placed; state: string | undefined }) {
  const lines = linesOf(box);
  const top = at.y - at.height / 2;
  return (
    <g>
      <title>{[box.name, box.kind, ...box.inner].map(shown).join("\n")}</title>
      <rect
        class={`box ${state ?? ""}`}
        x={at.x - at.width / 2}
        y={top}
        width={at.width}
        height={at.height}
        rx={box.isTerminal ? at.height / 2 : 8}
      />
      {lines.map((line, index) => (
        <text
          key={line}
          class={index === 0 ? "" : "small"}
          x={at.x}
          y={top + PADDING_PX + 8 + index * LINE_PX}
          text-anchor="middle"
        >
          {line}
        </text>
      ))}
    </g>
  );
}

function linesOf(box: Box): string[] {
  return [box.name, box.kind, ...box.inner]
    .filter((line) => line !== "")
    .map((line) => cut(shown(line)));
}

function laidOut(drawn: Drawn) {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 36, ranksep: 46, marginx: 12, marginy: 12 });
  for (const box of drawn.boxes) {
    const lines = linesOf(box);
    const width = Math.max(
      ...lines.map((line, at) => line.length * (at ? SMALL_LETTER_PX : LETTER_PX)),
    );
    graph.setNode(box.name, {
      width: width + 2 * PADDING_PX,
      height: lines.length * LINE_PX + PADDING_PX,
    });
  }
  drawn.arrows.forEach(({ from, to, label }, index) => {
    const text = cut(label);
    const size = { width: text.length * SMALL_LETTER_PX, height: 14, labelpos: "c" };
    graph.setEdge(from, to, { label: text, ...size }, String(index));
  });
  dagre.layout(graph);
  return graph;
}

function cut(text: string): string {
  return text.length > LABEL_MAX ? `${text.slice(0, LABEL_MAX - 1)}…` : text;
}
