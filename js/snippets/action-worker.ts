import { FloClient } from "@floruntime/node"; // added
import { ActionWorker } from "@floruntime/node";

const processImage = async (url: string) => `${url}, made smaller`; // added

const worker = new ActionWorker({
  endpoint: "localhost:9000",
  namespace: "myapp", // added
  concurrency: 10, // added
}); // added

worker.action("process-image", async (ctx) => {
  const input = ctx.json<{ url: string }>();
  const output = await processImage(input.url);
  return ctx.toBytes({ status: "done", result: output });
}); // added

const working = worker.start(); // added
await worker.atWork.wait(); // added
const client = new FloClient("localhost:9000", { namespace: "myapp" }); // added
const run = await client.action.call("process-image", '{"url": "cat.png"}'); // added
console.log(run.status, new TextDecoder().decode(run.output!)); // added
await client.close(); // added
await worker.close(); // added
await working; // added
