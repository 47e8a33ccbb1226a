/** A state as a small coloured word; the word says it all, the colour helps. */

const TONES: Readonly<Record<string, string>> = {
  completed: "good",
  success: "good",
  healthy: "good",
  enabled: "good",
  current: "good",
  running: "busy",
  waiting: "calm",
  pending: "calm",
  paused: "calm",
  draining: "calm",
  compensating: "warn",
  cancelled: "still",
  disabled: "still",
  revoked: "still",
  failed: "bad",
  timed_out: "bad",
  dead: "bad",
  lost: "bad",
};

export function Badge({ state }: { state: string }) {
  return <span class={`badge ${TONES[state] ?? "still"}`}>{state.replaceAll("_", " ")}</span>;
}
