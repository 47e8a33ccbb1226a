import { FloClient } from "@floruntime/node";

const c = new FloClient("127.0.0.1:41841", { logger: false });
let n = 0;
await c.stream.subscribe("s", () => {
  n++;
  throw new Error("mine");
});
await c.stream.append("s", "1");
await c.stream.append("s", "2");
await new Promise((d) => setTimeout(d, 500));
console.log("records seen:", n);
await c.close();
