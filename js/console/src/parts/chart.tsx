/** A line over time, by uPlot; as a table for those who do not see it. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

export interface Series {
  readonly name: string;
  readonly color: string;
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  readonly timesMs: readonly number[];
  readonly series: readonly Series[];
}

const HEIGHT_PX = 160;
/** The least that is shown, so that the first looks are no chart of milliseconds. */
const SPAN_S = 60;

/** From the data itself: where there is one moment alone, uPlot would show three years. */
function timesShown({ data: [times] }: uPlot): uPlot.Range.MinMax {
  const until = times.at(-1) ?? Date.now() / 1_000;
  return [Math.min(times[0] ?? until, until - SPAN_S), until];
}

function clockOf(_: uPlot, times: readonly number[]): string[] {
  return times.map((time) => new Date(time * 1_000).toTimeString().slice(0, 8));
}

export function Chart({ title, timesMs, series }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data = [timesMs.map((ms) => ms / 1_000), ...series.map(({ values }) => [...values])];
  useEffect(() => {
    const element = box.current;
    if (element === null) {
      return;
    }
    const color = getComputedStyle(element).color;
    const axis = { stroke: color, grid: { stroke: "#8883", width: 1 }, ticks: { show: false } };
    const made = new uPlot(
      {
        width: element.clientWidth || 300,
        height: HEIGHT_PX,
        cursor: { y: false },
        legend: { live: false },
        axes: [
          { ...axis, values: clockOf, space: 80, size: 32 },
          { ...axis, size: 48 },
        ],
        scales: {
          x: { range: timesShown },
          y: { range: (_, __, highest) => [0, Math.max(1, highest * 1.1)] },
        },
        series: [
          {},
          ...series.map(({ name, color: stroke }) => ({
            label: name,
            stroke,
            width: 2,
            points: { show: false },
            fill: `${stroke}22`,
          })),
        ],
      },
      data as uPlot.AlignedData,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [series.map(({ name }) => name).join()]);
  useEffect(() => {
    plot.current?.setData(data as uPlot.AlignedData);
  });
  const latest = series.map(({ name, values }) => `${name}: ${values.at(-1) ?? "–"}`).join(", ");
  return (
    <figure class="chart" aria-label={`${title}. Now: ${latest}`}>
      <figcaption>{title}</figcaption>
      <div ref={box} aria-hidden="true" />
    </figure>
  );
}
