/** Where a token is pasted, to come in or to go on. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

export interface TokenFormProps {
  readonly confirm: string;
  readonly onToken: (token: string) => void;
  /** What stands above the field. */
  readonly children?: ComponentChildren;
  /** What stands before the button. */
  readonly aside?: ComponentChildren;
}

export function TokenForm({ confirm, onToken, children, aside }: TokenFormProps) {
  const [text, setText] = useState("");
  const button = (
    <button type="submit" class="primary">
      {confirm}
    </button>
  );
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onToken(text.trim());
      }}
    >
      {children}
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
      {aside === undefined ? (
        button
      ) : (
        <div class="row end">
          {aside}
          {button}
        </div>
      )}
    </form>
  );
}
