/** Workflow definitions that lie in files: reading them, and saying in which file a problem is. */

import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";

import {
  BadRequestError,
  BadTypeError,
  Workflow as CoreWorkflow,
  listOf,
  type Problem,
  Severity,
  type SyncOptions,
  type SyncResult,
  typeName,
} from "@floruntime/core";

const SUFFIXES = [".yaml", ".yml"];

/** `client.workflow`, with methods for files. */
export class Workflow extends CoreWorkflow {
  /** `sync` a file. Its problems name it (`file`). */
  async syncFile(path: string, options: SyncOptions = {}): Promise<SyncResult> {
    const [result] = await this.syncFiles([path], options);
    return result as SyncResult;
  }

  /**
   * `sync` every `*.yaml` and `*.yml` in a directory, in one commit: all, or none.
   *
   * Files are taken by name; hidden files and subdirectories are left out. Problems name their file
   * (`file`).
   */
  async syncDir(path: string, options: SyncOptions = {}): Promise<SyncResult[]> {
    const files: string[] = [];
    for (const name of (await readdir(checkPath(path))).sort()) {
      const file = join(path, name);
      const isWanted = SUFFIXES.includes(extname(name)) && !name.startsWith(".");
      if (isWanted && (await isFile(file))) {
        files.push(file);
      }
    }
    return await this.syncFiles(files, options);
  }

  /** `sync` several files in one commit: all, or none. Returns a result for each, in order. */
  async syncFiles(paths: readonly string[], options: SyncOptions = {}): Promise<SyncResult[]> {
    const files = listOf("paths", paths).map(checkPath);
    if (files.length === 0) {
      return [];
    }
    const documents = await Promise.all(files.map((file) => readFile(file)));
    try {
      const results = await this.syncMany(documents, options);
      return results.map((result, index) => inFile(result, files[index] as string));
    } catch (error) {
      throw error instanceof BadRequestError ? namingFiles(error, files) : error;
    }
  }
}

function checkPath(path: string): string {
  if (typeof path !== "string") {
    throw new BadTypeError(`a path must be text, not ${typeName(path)}`);
  }
  return path;
}

/** Whether it is a file, perhaps by a link, as what Kubernetes mounts is; a dangling link is none. */
async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The result, its warnings naming their file. */
function inFile(result: SyncResult, file: string): SyncResult {
  return { ...result, warnings: result.warnings.map((warning) => ({ ...warning, file })) };
}

/** The refusal of a sync of these files, its problems and its message naming theirs. */
function namingFiles(error: BadRequestError, paths: readonly string[]): BadRequestError {
  const documents = (error.details["documents"] as number[] | undefined) ?? [];
  const problems = error.problems.map((problem, index): Problem => {
    const document = documents[index];
    return { ...problem, file: document === undefined ? null : (paths[document] ?? null) };
  });
  const firstDocument = documents[0];
  const guilty =
    problems.find(({ severity }) => severity === Severity.Error)?.file ??
    (firstDocument === undefined ? undefined : paths[firstDocument]);
  const message = guilty ? `${guilty}: ${error.message}` : error.message;
  const { ran, details } = error;
  return new BadRequestError(message, { ran, details: { ...details, problems } });
}
