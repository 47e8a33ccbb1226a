/** The session ended while the page was open: a way back in that loses nothing of what is on it. */

import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface SessionOverProps {
  readonly why: string;
  readonly onToken: (token: string) => void;
  readonly onLeave: () => void;
}

export function SessionOver({ why, onToken, onLeave }: SessionOverProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label="Your session is over"
      onCancel={(event) => event.preventDefault()}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onToken(text.trim());
        }}
      >
        <h2>Your session is over</h2>
        <p class="trouble" role="alert">
          {why}
        </p>
        <p>
          This page waits as it is. Run <code>flo console</code> in a terminal: once it has opened,
          this page goes on by itself.
        </p>
        <label>
          Or paste a token
          <input
            type="password"
            name="token"
            autocomplete="off"
            required
            value={text}
            onInput={(event) => setText((event.currentTarget as HTMLInputElement).value)}
          />
        </label>
        <div class="row end">
          <button type="button" class="plain" onClick={onLeave}>
            Leave the page
          </button>
          <button type="submit" class="primary">
            Go on
          </button>
        </div>
      </form>
    </dialog>
  );
}
