/** When each thing began and ended, one lane each; a lane opens to what was done in it. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

import { duration, shown } from "../format.js";

export type Tone = "good" | "bad" | "busy" | "gone";

export interface Segment {
  readonly fromMs: number;
  /** `null`: it lasts. */
  readonly untilMs: number | null;
  readonly tone: Tone;
  readonly note: string;
}

export interface Lane extends Segment {
  readonly key: string;
  readonly name: string;
  /** 1: within the lane above it. */
  readonly level: number;
  /** Attempts, on the same track; none: the lane as a whole. */
  readonly segments: readonly Segment[];
  /** Runs that it asked for, in order. */
  readonly runs: readonly { readonly runId: string; readonly isChild: boolean }[];
}

export interface TimelineProps {
  readonly title: string;
  readonly lanes: readonly Lane[];
  /** What a lane opens to; `null`: nothing. */
  readonly inside?: (lane: Lane) => ComponentChildren;
}

const LANES_SHOWN = 200;

export function Timeline({ title, lanes, inside }: TimelineProps) {
  const [limit, setLimit] = useState(LANES_SHOWN);
  if (lanes.length === 0) {
    return null;
  }
  const nowMs = Date.now();
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = 0;
  for (const { fromMs, untilMs } of lanes) {
    firstMs = Math.min(firstMs, fromMs);
    lastMs = Math.max(lastMs, untilMs ?? nowMs);
  }
  const scale: Scale = { firstMs, widthMs: Math.max(1, lastMs - firstMs), nowMs };
  return (
    <section class="card">
      <h2>{title}</h2>
      <div class="timeline">
        {lanes.slice(0, limit).map((lane) => (
          <OneLane key={lane.key} lane={lane} scale={scale} inside={inside?.(lane) ?? null} />
        ))}
      </div>
      {lanes.length > limit ? (
        <button type="button" class="plain" onClick={() => setLimit(limit + LANES_SHOWN)}>
          {lanes.length - limit} more
        </button>
      ) : null}
    </section>
  );
}

interface Scale {
  readonly firstMs: number;
  readonly widthMs: number;
  readonly nowMs: number;
}

interface OneLaneProps {
  readonly lane: Lane;
  readonly scale: Scale;
  readonly inside: ComponentChildren;
}

function OneLane({ lane, scale, inside }: OneLaneProps) {
  const [isOpen, setOpen] = useState(false);
  const row = (
    <>
      <span class="cell">{shown(lane.name)}</span>
      <span class="track">
        <Bar span={lane} scale={scale} isBack={lane.segments.length > 0} />
        {lane.segments.map((segment, at) => (
          <Bar key={at} span={segment} scale={scale} isBack={false} />
        ))}
      </span>
      <span class="quiet number">{duration((lane.untilMs ?? scale.nowMs) - lane.fromMs)}</span>
    </>
  );
  const tone = lane.level > 0 ? "lane inner" : "lane";
  if (inside === null) {
    return (
      <div class={tone} title={shown(lane.note)}>
        {row}
      </div>
    );
  }
  return (
    <details onToggle={(event) => setOpen((event.currentTarget as HTMLDetailsElement).open)}>
      <summary class={tone} title={shown(lane.note)}>
        {row}
      </summary>
      {isOpen ? <div class="opened">{inside}</div> : null}
    </details>
  );
}

function Bar({ span, scale, isBack }: { span: Segment; scale: Scale; isBack: boolean }) {
  const share = (ms: number) => (100 * (ms - scale.firstMs)) / scale.widthMs;
  const left = share(span.fromMs);
  const width = share(span.untilMs ?? scale.nowMs) - left;
  return (
    <span
      class={isBack ? `span back ${span.tone}` : `span ${span.tone}`}
      title={shown(span.note)}
      style={{ left: `${left}%`, width: `${Math.max(0, width)}%` }}
    />
  );
}
