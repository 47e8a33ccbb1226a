/** What users of `@floruntime/otel` see. */

export { instrument, uninstrument } from "./instrument.js";
