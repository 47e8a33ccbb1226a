/** The way in: a link from `flo console`, or a token. */

import { useState } from "preact/hooks";

export interface LoginProps {
  readonly trouble: string | null;
  readonly onToken: (token: string) => void;
}

export function Login({ trouble, onToken }: LoginProps) {
  const [text, setText] = useState("");
  return (
    <main class="login">
      <h1>Flo</h1>
      {trouble === null ? null : (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      <p>
        Run <code>flo console</code> in a terminal: it opens this page and logs you in.
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onToken(text.trim());
        }}
      >
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
        <button type="submit" class="primary">
          Log in
        </button>
      </form>
    </main>
  );
}
