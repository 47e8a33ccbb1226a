/**
 * Being greeted over a link that may be half open: a second one is tried beside one that is silent.
 *
 * Nothing answers a hello that went into the void, nor for a while one that the server takes its
 * time over (it may have to fetch the keys of a token). So the first link is kept while the second is
 * tried, and whichever is greeted first is the connection.
 */

import type { Clock, Timer } from "../base/clock.js";
import { ConnectionFailedError } from "../base/errors.js";
import type { Welcome } from "../wire/messages.generated.js";
import type { Connection } from "./connection.js";

const SILENT_MS_MIN = 500;
const SILENT_MS_MAX = 3_000;

/** A link that is being greeted. */
export interface Greeting {
  readonly connection: Connection;
  readonly welcome: Promise<Welcome>;
}

export interface Greeted {
  readonly connection: Connection;
  readonly welcome: Welcome;
}

/**
 * How long a hello may be unanswered before a second link is tried. (That a link is made slowly is no
 * sign of silence.)
 */
function patienceMs(timeoutMs: number): number {
  return Math.min(Math.max(SILENT_MS_MIN, timeoutMs / 4), SILENT_MS_MAX);
}

/**
 * What `greet` comes to, which is given its milliseconds and calls back once its hello is on the way:
 * once, or twice side by side. Throws the server's refusal, or else why the first link failed.
 */
export async function greeted(
  clock: Clock,
  timeoutMs: number,
  greet: (withinMs: number, sent: () => void) => Greeting,
): Promise<Greeted> {
  const untilMs = clock.nowMs() + timeoutMs;
  const tried: Greeting[] = [];
  const failures: unknown[] = [];
  const race = new Promise<Greeted>((resolve, reject) => {
    const begin = (sent: () => void) => {
      const greeting = greet(untilMs - clock.nowMs(), sent);
      tried.push(greeting);
      greeting.welcome.then(
        (welcome) => resolve({ connection: greeting.connection, welcome }),
        (error: unknown) => {
          const isLast = failures.push(error) === tried.length;
          if (isLast || !(error instanceof ConnectionFailedError)) {
            reject(isLast && error instanceof ConnectionFailedError ? failures[0] : error);
          }
        },
      );
      return greeting;
    };
    let timer: Timer | null = null;
    const first = begin(() => {
      const silentMs = clock.nowMs() + patienceMs(timeoutMs);
      timer = clock.callAt(silentMs, () => begin(() => undefined));
    });
    const over = () => timer?.cancel();
    first.welcome.then(over, over);
  });
  const won = await race.catch(() => null);
  const others = tried.filter(({ connection }) => connection !== won?.connection);
  await Promise.all(others.map(({ connection }) => connection.close()));
  return won ?? (await race);
}
