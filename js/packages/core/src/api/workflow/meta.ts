/**
 * What a definition's text says of itself, without a YAML parser: its top-level keys whose values
 * stand on the same line.
 */

/** Of a definition: empty where it does not say. */
export interface WorkflowMeta {
  readonly name: string;
  readonly version: string;
  readonly description: string;
}

/** Name, version and description of a definition. */
export function extractWorkflowMeta(yaml: string): WorkflowMeta {
  return {
    name: extractYAMLField(yaml, "name") ?? "",
    version: extractYAMLField(yaml, "version") ?? "",
    description: extractYAMLField(yaml, "description") ?? "",
  };
}

/** The text after a top-level key, without quotes and comments; `null` where there is none. */
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
