/** What an endpoint's text means. */

import { BadTypeError, InvalidEndpointError, masked } from "@floruntime/core";

const DEFAULT_PORT = 9000;
const BRACKETED = /^\[([^[\]]+)\](?::(.*))?$/;
const EXPECTED = "an endpoint is HOST:PORT, [IPV6]:PORT or flo://HOST:PORT (flos:// with TLS)";

/** A server across a network. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** The endpoint written as `text`; port 9000 unless told. Throws `InvalidEndpointError`. */
export function parseEndpoint(text: string): Endpoint {
  if (typeof text !== "string") {
    throw new BadTypeError(`an endpoint must be text, not ${typeof text}: ${EXPECTED}`);
  }
  if (text.startsWith("memory:") || text.startsWith("file:")) {
    throw refused(text, "a server inside the process is for Python alone");
  }
  const address = text.startsWith("flo://") ? text.slice("flo://".length) : text;
  if (/[/@]/.test(address) || address.trim() === "") {
    throw refused(text, "it is not understood");
  }
  const [host, port] = splitPort(text, address);
  if (host === "" || /\s/.test(host)) {
    throw refused(text, "it names no host");
  }
  return { host, port: port === undefined ? DEFAULT_PORT : portOf(text, port) };
}

/** Several servers, the nodes of a cluster, with commas between them. Throws as `parseEndpoint`. */
export function parseEndpoints(text: string): Endpoint[] {
  if (typeof text !== "string" || !text.includes(",") || /^(memory|file):/.test(text)) {
    return [parseEndpoint(text)];
  }
  return text.split(",").map((part) => parseEndpoint(part.trim()));
}

function splitPort(text: string, address: string): [host: string, port: string | undefined] {
  if (address.startsWith("[")) {
    const match = BRACKETED.exec(address);
    if (match === null) {
      throw refused(text, "it is not understood");
    }
    return [match[1] ?? "", match[2]];
  }
  const [host = "", port, more] = address.split(":");
  if (more !== undefined) {
    throw refused(text, "write an IPv6 address in brackets, such as [::1]:9000");
  }
  return [host, port];
}

function portOf(text: string, port: string): number {
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  if (number < 1 || number > 65_535) {
    throw refused(text, "the port must be 1 to 65535");
  }
  return number;
}

function refused(text: string, why: string): InvalidEndpointError {
  const shown = JSON.stringify(masked(text).slice(0, 80));
  return new InvalidEndpointError(`endpoint ${shown}: ${why}; ${EXPECTED}`);
}
