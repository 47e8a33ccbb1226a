/** Where a client and its workers say what happens; `console` is one. */
export interface Logger {
  debug(...texts: unknown[]): void;
  info(...texts: unknown[]): void;
  warn(...texts: unknown[]): void;
  error(...texts: unknown[]): void;
}

const silent = (): void => undefined;

/** Warnings and errors go to the console; give `logger: console` to see everything. */
export const defaultLogger: Logger = {
  debug: silent,
  info: silent,
  warn: (...texts) => console.warn(...texts),
  error: (...texts) => console.error(...texts),
};

/** A logger that says before each line what it is about. */
export function about(logger: Logger, subject: string): Logger {
  return {
    debug: (...texts) => logger.debug(`${subject}:`, ...texts),
    info: (...texts) => logger.info(`${subject}:`, ...texts),
    warn: (...texts) => logger.warn(`${subject}:`, ...texts),
    error: (...texts) => logger.error(`${subject}:`, ...texts),
  };
}
