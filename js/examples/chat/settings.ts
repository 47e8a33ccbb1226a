/** What the page's address says: `?server=HOST:PORT&room=NAME#token=…`, all of it optional. */

const query = new URLSearchParams(location.search);
const FLO_PORT = 9000;

/** Where the server is. A page that came over TLS may speak only TLS. */
export const server = query.get("server") ?? `${location.hostname || "localhost"}:${FLO_PORT}`;
export const endpoint = `${location.protocol === "https:" ? "wss" : "ws"}://${server}/ws`;

/** The stream that all of this is about. */
export const room = query.get("room") ?? "lobby";

/** Behind the `#`, because what stands there is never sent to a web server. */
export const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? undefined;

export const NAMESPACE = "chat";
