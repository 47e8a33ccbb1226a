/** The console: who the page is, then the application. */

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";

import { App } from "./app.js";
import { Notices } from "./parts/notices.js";
import { Login } from "./screens/login.js";
import { SessionOver } from "./screens/session-over.js";
import {
  endSession,
  forgetToken,
  keepToken,
  linkInAddress,
  onTokenOfOtherTab,
  redeem,
  storedToken,
} from "./session.js";
import "./style.css";

/** A session that the server ended while the page was open; what is on it stays. */
interface Over {
  readonly why: string;
}

function Root({ code }: { code: string | null }) {
  const [token, setToken] = useState(code === null ? storedToken() : null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [over, setOver] = useState<Over | null>(null);
  const [isRedeeming, setRedeeming] = useState(code !== null);
  const logIn = (given: string) => {
    keepToken(given);
    setTrouble(null);
    setOver(null);
    setToken(given);
  };
  const close = (why: string | null) => {
    forgetToken();
    setOver(null);
    setTrouble(why);
    setToken(null);
  };
  const logOut = () => {
    if (token !== null && over === null) {
      void endSession(token);
    }
    close(null);
  };
  useEffect(() => {
    if (code !== null) {
      redeem(code)
        .then(logIn, (error: Error) => setTrouble(error.message))
        .finally(() => setRedeeming(false));
    }
  }, []);
  useEffect(() => {
    if (token === null || over !== null) {
      return onTokenOfOtherTab(logIn);
    }
    return undefined;
  });
  if (isRedeeming) {
    return (
      <p class="empty" aria-busy="true">
        Logging in…
      </p>
    );
  }
  if (token === null) {
    return <Login trouble={trouble} onToken={logIn} />;
  }
  return (
    <>
      <App
        token={token}
        onLogOut={logOut}
        onRefused={(why, wasOpen) => (wasOpen ? setOver({ why }) : close(why))}
      />
      {over === null ? null : <SessionOver why={over.why} onToken={logIn} onLeave={logOut} />}
    </>
  );
}

const code = linkInAddress();
const place = document.getElementById("app") as HTMLElement;
place.replaceChildren();
render(
  <Notices>
    <Root code={code} />
  </Notices>,
  place,
);
