/** The console: who the page is, then the application. */

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

import { App } from "./app.js";
import { Notices } from "./parts/notices.js";
import { Login } from "./screens/login.js";
import {
  codeInAddress,
  endSession,
  forgetToken,
  keepToken,
  redeem,
  storedToken,
} from "./session.js";
import "./style.css";

function Root({ code }: { code: string | null }) {
  const [token, setToken] = useState(code === null ? storedToken() : null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [isRedeeming, setRedeeming] = useState(code !== null);
  const logIn = (given: string) => {
    keepToken(given);
    setTrouble(null);
    setToken(given);
  };
  const logOut = (why: string | null) => {
    if (token !== null && why === null) {
      void endSession(token);
    }
    forgetToken();
    setTrouble(why);
    setToken(null);
  };
  useEffect(() => {
    if (code !== null) {
      redeem(code)
        .then(logIn, (error: Error) => setTrouble(error.message))
        .finally(() => setRedeeming(false));
    }
  }, []);
  if (isRedeeming) {
    return (
      <p class="empty" aria-busy="true">
        Logging in…
      </p>
    );
  }
  return token === null ? (
    <Login trouble={trouble} onToken={logIn} />
  ) : (
    <App key={token} token={token} onLogOut={logOut} />
  );
}

const code = codeInAddress();
render(
  <Notices>
    <Root code={code} />
  </Notices>,
  document.getElementById("app") as HTMLElement,
);
