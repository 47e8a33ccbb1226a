/** A question before something that cannot be taken back, or a form. */

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface DialogProps {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly confirm: string;
  readonly isDangerous?: boolean;
  /** Not yet: what it would do is not known. */
  readonly isWaiting?: boolean;
  readonly onConfirm: (form: FormData) => void;
  readonly onClose: () => void;
}

/** The browser's own dialog: it keeps the focus, and Escape closes it. */
export function Dialog(props: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog ref={dialog} onClose={props.onClose} aria-label={props.title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          props.onConfirm(new FormData(event.currentTarget as HTMLFormElement));
        }}
      >
        <h2>{props.title}</h2>
        {props.children}
        <div class="row end">
          <button type="button" class="plain" onClick={() => dialog.current?.close()}>
            {props.isDangerous ? "Keep as it is" : "Close"}
          </button>
          <button
            type="submit"
            class={props.isDangerous ? "danger" : "primary"}
            disabled={props.isWaiting}
          >
            {props.confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
