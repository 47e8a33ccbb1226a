/** Where a client and its workers say what happens. */

import { BadTypeError } from "./errors.js";
import { typeName } from "./shown.js";

/** What takes lines of a log; `console` is one. Without `info`, such lines go to `debug`. */
export interface Logger {
  debug(...texts: unknown[]): void;
  info?(...texts: unknown[]): void;
  warn(...texts: unknown[]): void;
  error(...texts: unknown[]): void;
}

/** A logger of which nothing is missing. */
export type FullLogger = Required<Logger>;

const silent = (): void => undefined;

/** Everything goes to the console: the logger `true`. */
export const consoleLogger: FullLogger = {
  debug: (...texts) => console.debug(...texts),
  info: (...texts) => console.info(...texts),
  warn: (...texts) => console.warn(...texts),
  error: (...texts) => console.error(...texts),
};

/** Says nothing: the logger `false`. */
export const silentLogger: FullLogger = {
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
};

/** Warnings and errors go to the console; give `logger: true` to see everything. */
export const defaultLogger: FullLogger = { ...consoleLogger, debug: silent, info: silent };

/** The logger that an option `logger` means. Throws `BadTypeError`. */
export function loggerOf(given: Logger | boolean | undefined): FullLogger {
  if (given === undefined) {
    return defaultLogger;
  }
  if (typeof given === "boolean") {
    return given ? consoleLogger : silentLogger;
  }
  for (const method of ["debug", "warn", "error"] as const) {
    if (typeof Object(given)[method] !== "function") {
      throw new BadTypeError(
        `logger must be true, false, or have debug, warn and error; ${typeName(given)} has no ${method}`,
      );
    }
  }
  return hasInfo(given) ? given : withInfo(given);
}

function hasInfo(logger: Logger): logger is FullLogger {
  return typeof logger.info === "function";
}

function withInfo(logger: Logger): FullLogger {
  const debug = (...texts: unknown[]) => logger.debug(...texts);
  return {
    debug,
    info: debug,
    warn: (...texts) => logger.warn(...texts),
    error: (...texts) => logger.error(...texts),
  };
}

/** A logger that cannot fail: what is logged is told, or not, and everything goes on. */
export function guarded(logger: FullLogger): FullLogger {
  const say =
    (level: keyof FullLogger) =>
    (...texts: unknown[]) => {
      try {
        logger[level](...texts);
      } catch {
        // it is the logger's own trouble, or what cannot be shown
      }
    };
  return { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };
}

/** A logger that says before each line what it is about at that moment. */
export function about(logger: FullLogger, what: () => string): FullLogger {
  const subject = () => what().replaceAll("%", "%%"); // a console takes % for a place to fill in
  return {
    debug: (...texts) => logger.debug(`${subject()}:`, ...texts),
    info: (...texts) => logger.info(`${subject()}:`, ...texts),
    warn: (...texts) => logger.warn(`${subject()}:`, ...texts),
    error: (...texts) => logger.error(`${subject()}:`, ...texts),
  };
}
