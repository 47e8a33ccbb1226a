/** Values that follow the server: asked again at its news, while somebody looks. */

import { FloClient } from "@floruntime/core";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { onChanges } from "./pulse.js";
import { onSight } from "./sight.js";

export const LIVE_MS = 2_000;
/** For what tells its news, and may have something to tell that is none. */
export const SLOW_MS = 10_000;
const UNHEARD_MS = 5_000;
const TOGETHER_MS = 150;

/**
 * When something is asked for again: soon after anything changed on the server, every so many
 * milliseconds, or (0) only when it is told to.
 */
export type Pace = "changes" | number;

export interface Live<T> {
  readonly value: T | null;
  readonly error: Error | null;
  /** Ask again now. */
  readonly reload: () => void;
}

/**
 * The number of what is asked for: the next one at once when something else is, so that nothing is
 * shown as if it were of that. Another connection is nothing else: who logs in again finds the page
 * as it was.
 */
function useSubject(dependencies: readonly unknown[]): number {
  const about = dependencies.filter((each) => !(each instanceof FloClient));
  const known = useRef({ about, subject: 0 });
  if (about.some((each, at) => each !== known.current.about[at])) {
    known.current = { about, subject: known.current.subject + 1 };
  }
  return known.current.subject;
}

/** State that is of a subject: of the next one it is what it was at first. */
function useStateOf<T>(subject: number, first: T): [T, (change: (known: T) => T) => void] {
  const [held, setHeld] = useState({ subject, value: first });
  const set = useCallback(
    (change: (known: T) => T) =>
      setHeld((known) => {
        if (known.subject > subject) {
          return known;
        }
        return { subject, value: change(known.subject === subject ? known.value : first) };
      }),
    [subject],
  );
  return [held.subject === subject ? held.value : first, set];
}

/**
 * Calls `heard` soon after what `follow` gives, every two seconds at most, while the page is in front,
 * and when it comes there. Where there is nothing to follow (it is forbidden, or too long ago), every
 * five seconds.
 */
export function useNews(
  follow: (signal: AbortSignal) => AsyncIterable<unknown>,
  heard: () => void,
  dependencies: readonly unknown[],
): void {
  const latest = useRef(heard);
  latest.current = heard;
  useEffect(() => {
    let stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let lastMs = 0;
    const tell = () => {
      timer = undefined;
      lastMs = performance.now();
      latest.current();
    };
    const listen = async ({ signal }: AbortController) => {
      try {
        for await (const _ of follow(signal)) {
          const dueMs = Math.max(TOGETHER_MS, lastMs + LIVE_MS - performance.now());
          timer ??= setTimeout(tell, dueMs);
        }
      } catch {
        const unheard = setInterval(tell, UNHEARD_MS);
        signal.addEventListener("abort", () => clearInterval(unheard));
        if (signal.aborted) {
          clearInterval(unheard);
        }
      }
    };
    const begin = () => {
      stop = new AbortController();
      void listen(stop);
    };
    const end = () => {
      stop.abort();
      clearTimeout(timer);
      timer = undefined;
    };
    const offSight = onSight((isInSight) => {
      end();
      if (isInSight) {
        begin();
        tell();
      }
    });
    if (!document.hidden) {
      begin();
    }
    return () => {
      end();
      offSight();
    };
  }, dependencies);
}

/** Calls `ask` when the server has changed; answers what ends that. */
function listen(dependencies: readonly unknown[], pace: Pace, ask: () => void): () => void {
  const client = dependencies.find((each) => each instanceof FloClient);
  return pace === "changes" && client !== undefined
    ? onChanges(client as FloClient, ask)
    : () => undefined;
}

/** So long after an answer it is asked again, come what may; 0: not at all. */
function waitMs(pace: Pace, isTrouble: boolean): number {
  return pace !== "changes" ? pace : isTrouble ? LIVE_MS : 0;
}

/**
 * What `load` answers, at this pace. One request is under way at a time, none while the page is hidden.
 * After a failure the last value stays, and `error` says what is wrong.
 */
export function useLive<T>(
  load: () => Promise<T>,
  dependencies: readonly unknown[],
  pace: Pace = "changes",
): Live<T> {
  const subject = useSubject(dependencies);
  const [value, setValue] = useStateOf<T | null>(subject, null);
  const [error, setError] = useStateOf<Error | null>(subject, null);
  const hurry = useRef<() => void>(() => undefined);
  useEffect(() => {
    setError(() => null);
    let isOver = false;
    let isAsking = false;
    let isAskedAgain = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      clearTimeout(timer);
      isAskedAgain = isAsking;
      if (isOver || isAsking) {
        return;
      }
      isAsking = true;
      let isTrouble = false;
      try {
        const loaded = await load();
        if (!isOver) {
          setValue(() => loaded);
          setError(() => null);
        }
      } catch (failure) {
        isTrouble = true;
        if (!isOver) {
          setError(() => failure as Error);
        }
      }
      isAsking = false;
      if (isAskedAgain) {
        void ask();
      } else if (!isOver && waitMs(pace, isTrouble) > 0 && !document.hidden) {
        timer = setTimeout(ask, waitMs(pace, isTrouble));
      }
    };
    hurry.current = ask;
    const mute = listen(dependencies, pace, ask);
    const offSight = onSight((isInSight) => {
      clearTimeout(timer);
      if (isInSight && pace !== 0) {
        void ask();
      }
    });
    void ask();
    return () => {
      isOver = true;
      mute();
      clearTimeout(timer);
      offSight();
    };
  }, dependencies);
  const reload = useCallback(() => hurry.current(), []);
  return { value, error, reload };
}

/** Pages of a list, one after the other, as the reader gets there. */
export interface Pages<T> {
  readonly items: readonly T[];
  /** Nothing is known yet. */
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error: Error | null;
  readonly more: () => void;
  readonly reload: () => void;
  /** Read the first page again, where the reader is on it. */
  readonly refresh: () => void;
}

export interface PageOf<T> {
  readonly items: readonly T[];
  readonly cursor: string | null;
}

/** What failed is tried again, while the page is in front. */
function useRetry(error: Error | null, again: () => void): void {
  useEffect(() => {
    if (error === null) {
      return undefined;
    }
    const timer = document.hidden ? undefined : setTimeout(again, LIVE_MS);
    const offSight = onSight((isInSight) => (isInSight ? undefined : clearTimeout(timer)));
    return () => {
      clearTimeout(timer);
      offSight();
    };
  }, [error]);
}

const NO_PAGES: readonly never[] = [];

/**
 * A list read page by page. While the reader is on its first page it is asked again at this pace (0:
 * only by `refresh`); further down it stands still, so that nothing moves under the hand.
 */
export function usePages<T>(
  load: (cursor: string | null) => Promise<PageOf<T>>,
  dependencies: readonly unknown[],
  pace: Pace = "changes",
): Pages<T> {
  const subject = useSubject(dependencies);
  const [pages, setPages] = useStateOf<readonly PageOf<T>[]>(subject, NO_PAGES);
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useStateOf<Error | null>(subject, null);
  const generation = useRef(0);
  const ask = useCallback(async (cursor: string | null, replace: boolean) => {
    const of = generation.current;
    setAsking(true);
    try {
      const page = await load(cursor);
      if (of === generation.current) {
        setPages((known) => (replace ? [page] : [...known, page]));
        setError(() => null);
      }
    } catch (failure) {
      if (of === generation.current) {
        setError(() => failure as Error);
      }
    } finally {
      if (of === generation.current) {
        setAsking(false);
      }
    }
  }, dependencies);
  const reload = useCallback(() => {
    generation.current += 1;
    void ask(null, true);
  }, [ask]);
  const isAtTop = pages.length <= 1;
  const isDue = useRef(false);
  const latest = useRef<() => void>(() => undefined);
  latest.current = () => {
    isDue.current = isAsking;
    if (isAtTop && !isAsking) {
      void ask(null, true);
    }
  };
  const refresh = useCallback(() => latest.current(), []);
  useEffect(() => {
    // News that came while it was asked.
    if (!isAsking && isDue.current) {
      refresh();
    }
  }, [isAsking]);
  useEffect(() => {
    const mute = listen(dependencies, pace, refresh);
    const offSight = onSight((isInSight) => (isInSight && pace !== 0 ? refresh() : undefined));
    return () => {
      mute();
      offSight();
    };
  }, [ask, pace]);
  useEffect(() => {
    generation.current += 1;
    setError(() => null);
    void ask(null, true);
    return () => {
      generation.current += 1;
    };
  }, [ask]);
  useRetry(error, refresh);
  const cursor = pages.at(-1)?.cursor ?? null;
  const more = useCallback(() => {
    if (cursor !== null && !isAsking) {
      void ask(cursor, false);
    }
  }, [ask, cursor, isAsking]);
  const items = useMemo(() => pages.flatMap((page) => page.items), [pages]);
  // Nothing is said to be empty that nobody has looked at; what was seen once is asked for quietly.
  const isLoading = pages.length === 0 && error === null;
  return { items, isLoading, hasMore: cursor !== null, error, more, reload, refresh };
}
