/** Ports that a server gets back after it was killed. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const LOWEST = 10_000;
const TRIES_MAX = 100;
const RANGE = "/proc/sys/net/ipv4/ip_local_port_range";

/**
 * A free port of loopback below those the kernel gives to outgoing connections: one of these could
 * otherwise take it while the server is down, and then the server could not come back.
 */
export async function lastingPort(): Promise<number> {
  const firstOutgoing = Number.parseInt(readFileSync(RANGE, "utf8"), 10);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = LOWEST + Math.floor(Math.random() * (firstOutgoing - LOWEST));
    if (await isFree(port)) {
      return port;
    }
  }
  throw new Error(`no free port between ${LOWEST} and ${firstOutgoing}`);
}

async function isFree(port: number): Promise<boolean> {
  const listener = createServer().listen(port, "127.0.0.1");
  try {
    await once(listener, "listening");
  } catch {
    return false;
  }
  listener.close();
  await once(listener, "close");
  return true;
}
