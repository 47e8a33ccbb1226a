/** Workflow definitions that lie in files: reading them, and saying in which file a problem is. */

import { readdir, readFile } from "node:fs/promises";
import { basename, extname, join } from "node:path";

import {
  BadRequestError,
  Workflow as CoreWorkflow,
  type Problem,
  Severity,
  type SyncOptions,
  type SyncResult,
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
    const entries = await readdir(path, { withFileTypes: true });
    const names = entries
      .filter((entry) => entry.isFile() && SUFFIXES.includes(extname(entry.name)))
      .map((entry) => entry.name)
      .filter((name) => !basename(name).startsWith("."));
    return await this.syncFiles(
      names.sort().map((name) => join(path, name)),
      options,
    );
  }

  /** `sync` several files in one commit: all, or none. Returns a result for each, in order. */
  async syncFiles(paths: readonly string[], options: SyncOptions = {}): Promise<SyncResult[]> {
    if (paths.length === 0) {
      return [];
    }
    const documents = await Promise.all(paths.map((path) => readFile(path)));
    try {
      const results = await this.syncMany(documents, options);
      return results.map((result, index) => inFile(result, paths[index] as string));
    } catch (error) {
      throw error instanceof BadRequestError ? namingFiles(error, paths) : error;
    }
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
