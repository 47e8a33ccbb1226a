/** The session ended while the page was open: a way back in that loses nothing of what is on it. */

import { useLayoutEffect, useRef } from "preact/hooks";

import { TokenForm } from "../parts/token-form.js";

export interface SessionOverProps {
  readonly why: string;
  readonly onToken: (token: string) => void;
  readonly onLeave: () => void;
}

export function SessionOver({ why, onToken, onLeave }: SessionOverProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);
  const leave = (
    <button type="button" class="plain" onClick={onLeave}>
      Log out
    </button>
  );
  return (
    <dialog
      ref={dialog}
      aria-label="Your session has ended"
      onCancel={(event) => event.preventDefault()}
    >
      <TokenForm confirm="Continue" onToken={onToken} aside={leave}>
        <h2>Your session has ended</h2>
        <p class="trouble" role="alert">
          {why}
        </p>
        <p>
          Nothing on this page is lost. Run <code>flo console</code> in a terminal, and this page
          continues automatically.
        </p>
      </TokenForm>
    </dialog>
  );
}
