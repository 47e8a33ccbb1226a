// Generated from the types of `floruntime.core` by scripts/generate_js_messages.py; do not edit.

/** An error prevents the sync of a definition; a warning does not. */
export const Severity = {
  Error: "error",
  Warning: "warning",
} as const;
export type Severity = (typeof Severity)[keyof typeof Severity];

/**
 * What is wrong with a definition, and where; `line` and `column` count from 1.
 *
 * `code` is stable: E1xx structure, E2xx values, E3xx references, E4xx combinations, E5xx paths,
 * W6xx warnings. `path` names the place in the document, such as `steps.charge.retry`. `file` is
 * the file that `syncFile` or `syncDir` read it from.
 */
export interface Problem {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly file: string | null;
}
