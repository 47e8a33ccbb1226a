import { FloClient } from "@floruntime/node"; // added

const client = new FloClient("localhost:9000", { namespace: "stream" }); // added
const payload = new TextEncoder().encode("signed up"); // added

const result = await client.stream.append("events", payload, {
  partitionKey: "user-123",
}); // added
console.log(result.partition, result.offset); // added

const records = await client.stream.read("events", {
  offset: 0n, limit: 10, // added
}); // added
console.log(records.records.map((record) => record.partitionKey)); // added

await client.stream.groupJoin("events", "processors", "consumer-1");
const groupRecords = await client.stream.groupRead("events", {
  group: "processors", consumer: "consumer-1", limit: 10, // added
}); // added
await client.stream.groupAck("events",
  groupRecords.records.map(r => r.id),
  { group: "processors" }, // added
); // added

const { pending, lag } = await client.stream.groupInfo("events", "processors"); // added
console.log({ pending, lag }); // added
await client.close(); // added
