/**
 * One address that says it all: `flo://TOKEN@host:9000/namespace?tls=1&ca=ca.pem`.
 *
 * Each part but the host may be left out; `flos://` is `flo://` with TLS. What is no such address is
 * an endpoint as ever (`host:port`).
 */

import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";

import { BadRequestError, checkNamespace, masked, shown, type Token } from "@floruntime/core";

import type { Tls, TlsOptions } from "./tcp.js";

const DEFAULT_ENDPOINT = "localhost:9000";
const ADDRESS = /^(flos?):\/\/(.*)$/s;
const UNWANTED = /[#\\\p{C}\p{Z}]/u;
const ESCAPED = /(?:%[\da-f]{2})+/gi;
const OPTIONS = ["tls", "ca", "cert", "key"];
const FLAGS: Readonly<Record<string, boolean>> = { 1: true, true: true, 0: false, false: false };
const YES = ["1", "true", "yes", "on"];
const EXPECTED = "An address is flo://TOKEN@HOST:PORT/NAMESPACE?tls=1&ca=FILE&cert=FILE&key=FILE";

/** TLS with its files: whom to trust (without `ca` whom the system trusts), and what to show. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** What an address says; `undefined` is what it leaves open. */
export interface Address {
  readonly endpoint: string;
  readonly namespace?: string | undefined;
  readonly token?: string | undefined;
  readonly tls?: TlsFiles | undefined;
}

/** What may be given beside an address, and wins over what that says. */
export interface Beside {
  readonly namespace?: string | null | undefined;
  readonly token?: Token | null | undefined;
  readonly tls?: Tls | null | undefined;
}

/** Where a client connects to, and as whom. */
export interface Place extends Beside {
  readonly endpoint: string;
  readonly tls: Tls | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where `endpoint`, or else the environment, says; what is given `beside` wins. */
export function placeOf(endpoint: string | undefined, beside: Beside): Place {
  const said = endpoint === undefined ? addressIn(process.env) : readAddress(endpoint);
  return {
    endpoint: said.endpoint,
    namespace: beside.namespace ?? said.namespace,
    token: beside.token ?? said.token,
    tls: beside.tls ?? (said.tls && contentsOf(said.tls)),
  };
}

/** What `text` says. Throws `BadRequestError`, in which no secret shows. */
export function readAddress(text: string): Address {
  const [, scheme, rest] = (typeof text === "string" && ADDRESS.exec(text)) || [];
  if (scheme === undefined || rest === undefined) {
    return { endpoint: text };
  }
  if (UNWANTED.test(text)) {
    throw refused(text, "it is not understood");
  }
  const [place, query] = parted(rest, rest.indexOf("?"));
  const [authority, path] = parted(place, place.indexOf("/"));
  if (path.includes("@")) {
    throw refused(text, "write a slash within the token as %2F");
  }
  const at = authority.lastIndexOf("@");
  if (at === 0) {
    throw refused(text, "no token stands before the @");
  }
  const endpoint = authority.slice(at + 1);
  if (endpoint === "") {
    throw refused(text, "it names no host");
  }
  return {
    endpoint,
    namespace: namespaceIn(text, path),
    token: at < 0 ? undefined : unescaped(authority.slice(0, at)),
    tls: tlsIn(text, query, scheme === "flos"),
  };
}

/**
 * What `FLO_URL` says, and where that says nothing, or is not there, the other variables:
 * `FLO_HOST`, `FLO_NAMESPACE`, `FLO_TOKEN`, `FLO_TLS`, `FLO_TLS_CA`, `FLO_CLIENT_CERT` and
 * `FLO_CLIENT_KEY`. Without any it is `localhost:9000`.
 */
export function addressIn(environment: Environment): Address {
  const { FLO_URL, FLO_HOST, FLO_NAMESPACE, FLO_TOKEN } = environment;
  const said = readAddress(FLO_URL || FLO_HOST || DEFAULT_ENDPOINT);
  return {
    endpoint: said.endpoint,
    namespace: said.namespace ?? (FLO_NAMESPACE || undefined),
    token: said.token ?? (FLO_TOKEN || undefined),
    tls: said.tls ?? tlsOf(environment),
  };
}

function tlsOf(environment: Environment): TlsFiles | undefined {
  const { FLO_TLS = "", FLO_TLS_CA, FLO_CLIENT_CERT, FLO_CLIENT_KEY } = environment;
  const files = {
    ca: FLO_TLS_CA || undefined,
    cert: FLO_CLIENT_CERT || undefined,
    key: FLO_CLIENT_KEY || undefined,
  };
  const isWanted = YES.includes(FLO_TLS.toLowerCase());
  return isWanted || Object.values(files).some(Boolean) ? files : undefined;
}

function namespaceIn(text: string, path: string): string | undefined {
  const name = unescaped(path.replace(/\/$/, ""));
  if (name.includes("/")) {
    throw refused(text, "its path must be one namespace");
  }
  return name === "" ? undefined : checkNamespace(name);
}

function tlsIn(text: string, query: string, isSecure: boolean): TlsFiles | undefined {
  const { tls, ...files } = optionsIn(text, query);
  const asksForTls = isSecure || Object.keys(files).length > 0;
  const isWanted = FLAGS[tls ?? (asksForTls ? "1" : "0")];
  if (isWanted === undefined) {
    throw refused(text, "tls must be 1 or 0");
  }
  if (!isWanted && asksForTls) {
    throw refused(
      text,
      "tls=0 contradicts flos:// or the options ca, cert and key, which ask for TLS",
    );
  }
  if (files["key"] !== undefined && files["cert"] === undefined) {
    throw refused(text, "key is given without cert; give both");
  }
  return isWanted ? files : undefined;
}

function optionsIn(text: string, query: string): Record<string, string> {
  const given: Record<string, string> = {};
  for (const part of query.split("&").filter((each) => each !== "")) {
    const [name, value] = parted(part, part.indexOf("="));
    if (!OPTIONS.includes(name)) {
      throw refused(text, `it has no option ${shown(name)}; there are ${OPTIONS.join(", ")}`);
    }
    if (value === "" || given[name] !== undefined) {
      throw refused(text, `${name} must have one value`);
    }
    given[name] = unescaped(value);
  }
  return given;
}

/** What stands before the mark at `place`, and behind it; without one (-1) all stands before. */
function parted(text: string, place: number): [string, string] {
  return place < 0 ? [text, ""] : [text.slice(0, place), text.slice(place + 1)];
}

function unescaped(text: string): string {
  return text.replace(ESCAPED, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString());
}

/** The files' contents, for `node:tls`. Throws `BadRequestError` on one that cannot be used. */
function contentsOf({ ca, cert, key }: TlsFiles): TlsOptions {
  const trusted = ca === undefined ? {} : { ca: contentOf("ca", ca) };
  if (cert === undefined) {
    return usable("ca", ca, trusted);
  }
  const own = { cert: contentOf("cert", cert), key: contentOf("key", key ?? cert) };
  usable("cert", cert, own);
  return { ...usable("ca", ca, trusted), ...own };
}

function contentOf(field: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unusable(field, path, error);
  }
}

function usable<T extends TlsOptions>(field: string, path: string | undefined, options: T): T {
  try {
    createSecureContext(options as object);
    return options;
  } catch (error) {
    throw unusable(field, path, error);
  }
}

function unusable(field: string, path: string | undefined, error: unknown): BadRequestError {
  const [why] = (error as Error).message.split(",");
  return new BadRequestError(`${field} ${shown(path)}: ${why}`);
}

function refused(text: string, why: string): BadRequestError {
  const hidden = masked(text.replace(/\/\/.*@/s, "//***@"));
  return new BadRequestError(
    `address ${shown(hidden)}: ${why}${why.endsWith("?") ? "" : "."} ${EXPECTED}`,
  );
}
