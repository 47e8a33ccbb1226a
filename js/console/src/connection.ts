/** The page's one connection: our own client over WebSocket, with everything that a server offers. */

import { FloClient } from "@floruntime/core";
import { WebSocketTransport } from "@floruntime/web";

export type Client = FloClient;

/** A client of the server that this page came from. */
export function newClient(token: string | null, namespace: string): Client {
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const transport = new WebSocketTransport(`${scheme}//${location.host}/ws`, WebSocket);
  return new FloClient(transport, {
    namespace,
    logger: false,
    ...(token === null ? {} : { token }),
  });
}
