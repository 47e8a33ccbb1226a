/** What just happened, said in a corner and to screen readers, and how a write is done from a button. */

import type { ComponentChildren } from "preact";
import { createContext } from "preact";
import { useContext, useState } from "preact/hooks";

interface Notice {
  readonly id: number;
  readonly text: string;
  readonly isBad: boolean;
}

const SHOWN_MS = 6_000;
let lastId = 0;

type Tell = (text: string, isBad?: boolean) => void;
const Context = createContext<Tell>(() => undefined);

export function Notices({ children }: { children: ComponentChildren }) {
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const tell: Tell = (text, isBad = false) => {
    lastId += 1;
    const notice = { id: lastId, text, isBad };
    setNotices((known) => [...known.slice(-3), notice]);
    setTimeout(() => setNotices((known) => known.filter((each) => each !== notice)), SHOWN_MS);
  };
  return (
    <Context.Provider value={tell}>
      {children}
      <div class="notices" role="status" aria-live="polite">
        {notices.map((notice) => (
          <p key={notice.id} class={notice.isBad ? "notice bad" : "notice"}>
            {notice.text}
          </p>
        ))}
      </div>
    </Context.Provider>
  );
}

/** Do a write, and say how it ended. Answers whether it was done. */
export function useAct(): (done: string, act: () => Promise<unknown>) => Promise<boolean> {
  const tell = useContext(Context);
  return async (done, act) => {
    try {
      await act();
      tell(done);
      return true;
    } catch (error) {
      tell((error as Error).message, true);
      return false;
    }
  };
}
