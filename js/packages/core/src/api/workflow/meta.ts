/**
 * Reads what a definition's text says about itself, without a YAML parser: top-level keys whose
 * values are on the same line.
 */

/** Data of a definition; empty texts if it does not have them. */
export interface WorkflowMeta {
  readonly name: string;
  readonly version: string;
  readonly description: string;
}

/** Return the name, version and description of a definition. */
export function extractWorkflowMeta(yaml: string): WorkflowMeta {
  return {
    name: extractYAMLField(yaml, "name") ?? "",
    version: extractYAMLField(yaml, "version") ?? "",
    description: extractYAMLField(yaml, "description") ?? "",
  };
}

/** Return the text after a top-level key, without quotes and comments; `null` if it is missing. */
export function extractYAMLField(yaml: string, field: string): string | null {
  const key = field.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const found = new RegExp(`^(?:"${key}"|'${key}'|${key})[ \\t]*:[ \\t]*(.*)$`, "m").exec(yaml);
  return found === null ? null : scalarOf((found[1] as string).trim());
}

function scalarOf(written: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"|^'((?:[^']|'')*)'/.exec(written);
  if (quoted === null) {
    return written.replace(/(?:^|\s)#.*$/, "").trim();
  }
  const [, double, single] = quoted;
  return double === undefined
    ? (single as string).replaceAll("''", "'")
    : double.replace(/\\(.)/g, "$1");
}
