/** When each thing began and ended, one lane each. */

import { duration, shown } from "../format.js";

export interface Span {
  readonly name: string;
  readonly fromMs: number;
  /** `null`: it lasts. */
  readonly untilMs: number | null;
  readonly tone: "good" | "bad" | "busy";
  readonly note: string;
}

const LANES_MAX = 200;

export function Timeline({ title, spans }: { title: string; spans: readonly Span[] }) {
  if (spans.length === 0) {
    return null;
  }
  const nowMs = Date.now();
  const firstMs = Math.min(...spans.map(({ fromMs }) => fromMs));
  const lastMs = Math.max(...spans.map(({ untilMs }) => untilMs ?? nowMs), firstMs + 1);
  const share = (ms: number) => (100 * (ms - firstMs)) / (lastMs - firstMs);
  return (
    <section class="card">
      <h2>{title}</h2>
      <div class="timeline">
        {spans.slice(0, LANES_MAX).map((span, at) => {
          const untilMs = span.untilMs ?? nowMs;
          return (
            <div class="lane" key={at} title={span.note}>
              <span class="cell">{shown(span.name)}</span>
              <span class="track">
                <span
                  class={`span ${span.tone}`}
                  style={{
                    left: `${share(span.fromMs)}%`,
                    width: `${share(untilMs) - share(span.fromMs)}%`,
                  }}
                />
              </span>
              <span class="quiet number">{duration(untilMs - span.fromMs)}</span>
            </div>
          );
        })}
      </div>
      {spans.length > LANES_MAX ? <p class="quiet">{spans.length - LANES_MAX} more</p> : null}
    </section>
  );
}
