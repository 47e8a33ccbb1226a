/** The way in: a link from `flo console`, or a token. */

import { TokenForm } from "../parts/token-form.js";

export interface LoginProps {
  readonly trouble: string | null;
  readonly onToken: (token: string) => void;
}

export function Login({ trouble, onToken }: LoginProps) {
  return (
    <main class="login">
      <h1>Flo</h1>
      {trouble === null ? null : (
        <p class="trouble" role="alert">
          {trouble}
        </p>
      )}
      <p>
        Run <code>flo console</code> in a terminal. It opens this page and logs you in.
      </p>
      <TokenForm confirm="Log in" onToken={onToken} />
    </main>
  );
}
