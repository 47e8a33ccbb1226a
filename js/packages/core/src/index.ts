/**
 * What `@floruntime/node` and `@floruntime/web` stand on: the protocol, the client and the workers,
 * free of the runtime that they run in. A transport brings bytes in and out.
 *
 * `public.ts` is what their users see of it; the rest is for those who write such a package.
 */

export { LeaseMemory } from "./api/base/leases.js";
export { ClientWithin } from "./api/client.js";
export { metadataOf } from "./api/worker/worker.js";
export { bytesIn, isBytes } from "./base/byte-views.js";
export { listOf } from "./base/bytes.js";
export { checkFlag, checkName, checkNamespace, checkRange } from "./base/checks.js";
export { systemClock } from "./base/clock.js";
export { errorOf } from "./base/errors.js";
export { loggerOf } from "./base/logger.js";
export { masked } from "./base/masked.js";
export { checkNamed, type Given, known, type OptionNames } from "./base/options.js";
export { randomHex } from "./base/random.js";
export { shown, typeName } from "./base/shown.js";
export { CLIENT_OPTIONS, ConnectedClient } from "./link/connected.js";
export { type Delivered, type Sent, setTracing, type Tracing } from "./link/tracing.js";
export * from "./public.js";
export * as messages from "./wire/messages.generated.js";
export { Request, type RequestKind } from "./wire/request.js";
