/** Who the page is: a token in this tab's origin, given by a one-time code or pasted. */

const TOKEN = "flo.console.token";

/** What the server tells of a session. */
export interface Grant {
  readonly token: string;
}

export function storedToken(): string | null {
  return localStorage.getItem(TOKEN);
}

export function keepToken(token: string): void {
  localStorage.setItem(TOKEN, token);
}

export function forgetToken(): void {
  localStorage.removeItem(TOKEN);
}

/** Hear of the token that another tab of this origin logged in with; answers how to stop. */
export function onTokenOfOtherTab(take: (token: string) => void): () => void {
  const hear = ({ key, newValue }: StorageEvent) => {
    if (key === TOKEN && newValue !== null) {
      take(newValue);
    }
  };
  addEventListener("storage", hear);
  return () => removeEventListener("storage", hear);
}

/**
 * The code in a link `/#code=…`, which may name a namespace, too: `/#code=…&namespace=shop`. It is
 * taken out of the address at once.
 */
export function linkInAddress(): string | null {
  const link = new URLSearchParams(location.hash.slice(1));
  const code = link.get("code");
  if (code !== null) {
    const namespace = link.get("namespace");
    const place = namespace === null ? "" : `#/${encodeURIComponent(namespace)}/overview`;
    history.replaceState(null, "", `${location.pathname}${place}`);
  }
  return code;
}

/** Exchange a one-time code for the token of a session. Throws `Error` with the server's sentence. */
export async function redeem(code: string): Promise<string> {
  const answer = await post("/v1/console.login", { code }, null);
  return (answer as Grant).token;
}

/** End the session on the server, where it is one. */
export async function endSession(token: string): Promise<void> {
  await post("/v1/console.logout", {}, token).catch(() => undefined);
}

async function post(path: string, body: unknown, token: string | null): Promise<unknown> {
  const headers: Record<string, string> = { "Content-Type": "application/json" };
  if (token !== null) {
    headers["Authorization"] = `Bearer ${token}`;
  }
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) {
    const { detail, title } = (answer ?? {}) as { detail?: string; title?: string };
    throw new Error(detail ?? title ?? `the server answered ${response.status}`);
  }
  return answer;
}
