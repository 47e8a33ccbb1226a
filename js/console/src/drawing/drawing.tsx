/** The drawing of a run: its boxes laid out by dagre, its way lit up. */

import dagre from "@dagrejs/dagre";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";

import { shown } from "../format.js";
import type { Drawn } from "./definition.js";
import { cut, type Placed, Shape, SMALL_LETTER_PX, sizeOf } from "./shape.js";
import type { State, Way } from "./way.js";

interface Point {
  readonly x: number;
  readonly y: number;
}

export function Drawing({ drawn, way }: { drawn: Drawn; way: Way | null }) {
  const graph = useMemo(() => laidOut(drawn), [drawn]);
  const { width = 0, height = 0 } = graph.graph();
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (element !== null) {
      element.scrollLeft = (element.scrollWidth - element.clientWidth) / 2;
    }
  }, [graph]);
  const where = whereItIs(drawn, way);
  useLayoutEffect(() => {
    const element = box.current;
    const node = where === undefined ? undefined : graph.node(where);
    if (element !== null && node !== undefined) {
      element.scrollTop = node.y - element.clientHeight / 2;
      element.scrollLeft = node.x - element.clientWidth / 2;
    }
  }, [graph, where]);
  const told = drawn.boxes
    .filter(({ name }) => way?.states.has(name))
    .map(({ name }) => `${name}: ${way?.states.get(name)}`)
    .join(", ");
  return (
    <div
      ref={box}
      class="drawing card"
      tabIndex={0}
      role="region"
      aria-label="Drawing of the workflow"
    >
      <svg width={width} height={height} role="img" aria-label={shown(`Steps. ${told}`)}>
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
          const isTaken = way?.taken.has(`${edge.v} ${edge.w}`) ?? false;
          return (
            <g key={`${edge.v} ${edge.w} ${edge.name}`}>
              <path
                class={isTaken ? "edge taken" : "edge"}
                d={curve(points)}
                marker-end="url(#tip)"
              />
              <text class="small" x={x} y={y} text-anchor="middle">
                {shown(label)}
              </text>
            </g>
          );
        })}
        {drawn.boxes.map((box) => (
          <Shape key={box.name} box={box} at={graph.node(box.name) as Placed} way={way} />
        ))}
      </svg>
    </div>
  );
}

/** The step where a run is, or where it failed: a drawing that is larger than its place shows that. */
function whereItIs({ boxes }: Drawn, way: Way | null): string | undefined {
  const isAt = (state: State) => boxes.find(({ name }) => way?.states.get(name) === state)?.name;
  return isAt("now") ?? isAt("failed");
}

/** A line through all points that bends instead of breaking. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) {
    return "";
  }
  let path = `M${first.x} ${first.y}`;
  rest.forEach((point, at) => {
    const next = rest[at + 1];
    if (next === undefined) {
      path += `L${point.x} ${point.y}`;
    } else {
      path += `Q${point.x} ${point.y} ${(point.x + next.x) / 2} ${(point.y + next.y) / 2}`;
    }
  });
  return path;
}

function laidOut(drawn: Drawn) {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({
    rankdir: "TB",
    nodesep: 36,
    ranksep: 46,
    marginx: 12,
    marginy: 12,
    ranker: "longest-path",
  });
  for (const box of drawn.boxes) {
    graph.setNode(box.name, sizeOf(box));
  }
  drawn.arrows.forEach(({ from, to, label }, index) => {
    const text = cut(label);
    const size = { width: text.length * SMALL_LETTER_PX, height: 14, labelpos: "c" };
    graph.setEdge(from, to, { label: text, ...size }, String(index));
  });
  dagre.layout(graph);
  return graph;
}
