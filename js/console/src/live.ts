/** Values that follow the server: asked again every two seconds while somebody looks. */

import { FloClient } from "@floruntime/core";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";

export const LIVE_MS = 2_000;

export interface Live<T> {
  readonly value: T | null;
  readonly error: Error | null;
  /** Ask again now. */
  readonly reload: () => void;
}

/**
 * Whether what is asked for is another thing than before. Another connection is not: who logs in
 * again finds the page as it was.
 */
function useIsOther(dependencies: readonly unknown[]): () => boolean {
  const before = useRef<readonly unknown[] | null>(null);
  const about = dependencies.filter((each) => !(each instanceof FloClient));
  return () => {
    const known = before.current;
    before.current = about;
    return known === null || about.some((each, at) => each !== known[at]);
  };
}

/**
 * What `load` answers, anew every `everyMs` (0: once). One request is under way at a time, none while
 * the page is hidden. After a failure the last value stays, and `error` says what is wrong.
 */
export function useLive<T>(
  load: () => Promise<T>,
  dependencies: readonly unknown[],
  everyMs: number = LIVE_MS,
): Live<T> {
  const [value, setValue] = useState<T | null>(null);
  const [error, setError] = useState<Error | null>(null);
  const hurry = useRef<() => void>(() => undefined);
  const isOther = useIsOther(dependencies);
  useEffect(() => {
    if (isOther()) {
      setValue(null);
    }
    setError(null);
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
      try {
        const loaded = document.hidden && everyMs > 0 ? null : await load();
        if (!isOver && loaded !== null) {
          setValue(() => loaded);
          setError(null);
        }
      } catch (failure) {
        if (!isOver) {
          setError(failure as Error);
        }
      }
      isAsking = false;
      if (isAskedAgain) {
        void ask();
      } else if (!isOver && everyMs > 0) {
        timer = setTimeout(ask, everyMs);
      }
    };
    hurry.current = ask;
    const seen = () => {
      if (!document.hidden) {
        void ask();
      }
    };
    document.addEventListener("visibilitychange", seen);
    void ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, dependencies);
  const reload = useCallback(() => hurry.current(), []);
  return { value, error, reload };
}

/** Pages of a list, one after the other, as the reader gets there. */
export interface Pages<T> {
  readonly items: readonly T[];
  readonly isLoading: boolean;
  readonly hasMore: boolean;
  readonly error: Error | null;
  readonly more: () => void;
  readonly reload: () => void;
}

export interface PageOf<T> {
  readonly items: readonly T[];
  readonly cursor: string | null;
}

/**
 * A list read page by page. While the reader is on its first page it is asked again every two
 * seconds; further down it stands still, so that nothing moves under the hand.
 */
export function usePages<T>(
  load: (cursor: string | null) => Promise<PageOf<T>>,
  dependencies: readonly unknown[],
): Pages<T> {
  const [pages, setPages] = useState<readonly PageOf<T>[]>([]);
  const [isLoading, setLoading] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const generation = useRef(0);
  const isOther = useIsOther(dependencies);
  const ask = useCallback(async (cursor: string | null, replace: boolean) => {
    const of = generation.current;
    setLoading(true);
    try {
      const page = await load(cursor);
      if (of === generation.current) {
        setPages((known) => (replace ? [page] : [...known, page]));
        setError(null);
      }
    } catch (failure) {
      if (of === generation.current) {
        setError(failure as Error);
      }
    } finally {
      if (of === generation.current) {
        setLoading(false);
      }
    }
  }, dependencies);
  const reload = useCallback(() => {
    generation.current += 1;
    void ask(null, true);
  }, [ask]);
  useEffect(() => {
    generation.current += 1;
    if (isOther()) {
      setPages([]);
    }
    setError(null);
    void ask(null, true);
    return () => {
      generation.current += 1;
    };
  }, [ask]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden && pages.length <= 1 && !isLoading) {
        void ask(null, true);
      }
    }, LIVE_MS);
    return () => clearInterval(timer);
  }, [ask, pages.length, isLoading]);
  const cursor = pages.at(-1)?.cursor ?? null;
  const more = useCallback(() => {
    if (cursor !== null && !isLoading) {
      void ask(cursor, false);
    }
  }, [ask, cursor, isLoading]);
  const items = useMemo(() => pages.flatMap((page) => page.items), [pages]);
  return { items, isLoading, hasMore: cursor !== null, error, more, reload };
}
