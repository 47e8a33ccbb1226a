export { decodeMessagePack } from "../../packages/core/dist/wire/message-pack-reader.js";
export { Cut, CuttingProxy } from "./cutting-proxy.js";
export { FakeClock } from "./fake-clock.js";
export { bytes, Peer, type Shown } from "./peer.js";
export { lastingPort } from "./port.js";
export { environment, Process, python, ROOT } from "./process.js";
export { ServerProcess } from "./server.js";
