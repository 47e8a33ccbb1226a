"""A guided tour of a running server: `python examples/tour.py [HOST:PORT]`.

It works in a namespace of its own, which it empties first, so it can be repeated.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence

from floruntime import ConflictError, FloClient, FloError, StreamRecord

NAMESPACE = "tour"
HOME = "localhost:9000"


def chapter(title: str) -> None:
    """Begin a part of the tour."""
    print(f"\n\033[1m{title}\033[0m" if sys.stdout.isatty() else f"\n{title}")


def tell(call: str, came_of_it: object) -> None:
    """One call, and what came of it."""
    print(f"  {call:<58} → {came_of_it}")


async def keys_and_values(client: FloClient) -> None:
    """Versions, conditions, histories, time limits."""
    chapter("1. Keys and values: every change has a version")
    first = await client.kv.put("order:42", '{"state": "new"}')
    tell("""kv.put("order:42", '{"state": "new"}')""", first)
    paid = await client.kv.put("order:42", '{"state": "paid"}', cas_version=first.version)
    tell(f"kv.put(…, cas_version={first.version})", f"{paid}: nobody was faster")
    try:
        await client.kv.put("order:42", '{"state": "lost"}', cas_version=first.version)
    except ConflictError as error:
        tell(f"kv.put(…, cas_version={first.version}) again", f"ConflictError: {error}")
    for version in await client.kv.history("order:42"):
        tell('kv.history("order:42")', f"version {version.version}: {version.value.decode()}")
    await client.kv.put("session:7", "Ada", ttl_ms=50)
    tell('kv.put("session:7", "Ada", ttl_ms=50)', await client.kv.get("session:7"))
    await asyncio.sleep(0.06)
    tell('kv.get("session:7") 60 ms later', await client.kv.get("session:7"))
    tell('kv.incr("visits")', await client.kv.incr("visits"))


async def queues(client: FloClient) -> None:
    """Leases: work is never lost, and never with two workers who both may finish it."""
    chapter("2. Queues: work is leased, and comes back unless it is acked")
    await client.queue.configure("emails", max_attempts=2)
    seq = await client.queue.enqueue("emails", "welcome Ada")
    tell('queue.enqueue("emails", "welcome Ada")', f"seq {seq}")
    urgent = await client.queue.enqueue("emails", "password reset", priority=1)
    tell('queue.enqueue("emails", "password reset", priority=1)', f"seq {urgent}: goes first")
    [reset, welcome] = (await client.queue.dequeue("emails", 2)).messages
    tell('queue.dequeue("emails", 2)', [reset.payload.decode(), welcome.payload.decode()])
    tell('queue.ack("emails", [reset])', await client.queue.ack("emails", [reset]))
    await client.queue.nack("emails", [welcome], error="mail server is down")
    [again] = (await client.queue.dequeue("emails")).messages
    tell('queue.nack("emails", [welcome]), then dequeue', f"attempt {again.attempt}")
    await client.queue.nack("emails", [again], error="mail server is still down")
    [dead] = (await client.queue.dlq_list("emails")).messages
    tell("queue.nack: the second of two attempts", f"dead letter, {dead.reason}: {dead.error}")
    tell('queue.dlq_requeue("emails", [dead])', await client.queue.dlq_requeue("emails", [dead]))


async def streams(client: FloClient) -> None:
    """Logs that many readers share."""
    chapter("3. Streams: records stay, groups remember who has had them")
    for event in ("login", "order placed", "logout"):
        result = await client.stream.append("events", event, headers={"user": "ada"})
        tell(f'stream.append("events", "{event}")', f"id {result.id}, offset {result.offset}")
    batch = await client.stream.group_read("events", group="audit", consumer="me", limit=2)
    tell('stream.group_read("events", group="audit", limit=2)', _payloads(batch.records))
    await client.stream.group_ack("events", batch.records, group="audit", consumer="me")
    rest = await client.stream.group_read("events", group="audit", consumer="me")
    tell("acked; the next group_read has the rest", _payloads(rest.records))
    await client.stream.group_ack("events", rest.records, group="audit", consumer="me")
    info = await client.stream.group_info("events", "audit")
    tell('stream.group_info("events", "audit")', f"pending {info.pending}, lag {info.lag}")
    everything = await client.stream.read("events")
    tell('stream.read("events"): all of it is still there', _payloads(everything.records))


def _payloads(records: Sequence[StreamRecord]) -> list[str]:
    return [record.payload.decode() for record in records]


async def batches(client: FloClient) -> None:
    """One commit over all of these."""
    chapter("4. Batches: all of it happens, or none")
    [message] = (await client.queue.dequeue("emails")).messages
    async with client.batch() as batch:
        batch.queue.ack("emails", [message])
        batch.kv.put("order:42", '{"state": "welcomed"}')
        batch.stream.append("events", "welcome mail sent")
    tell("queue.ack + kv.put + stream.append", f"{len(batch.results)} results, one commit")
    try:
        async with client.batch() as batch:
            batch.kv.put("never", "written")
            batch.kv.check("order:42", version=1)
    except ConflictError as error:
        tell("kv.put + kv.check that loses", f"ConflictError at index {error.index}")
    tell('kv.get("never")', await client.kv.get("never"))


async def where_it_lies(client: FloClient) -> None:
    """The server behind all this."""
    info = await client.info()
    chapter("Where it lies")
    print(f"  Flo {info.version} on {client.endpoint}, durability {info.durability}")
    print(f"  The data: {info.data_dir or 'in memory, gone when the server stops'}")
    flo = f"flo -n {NAMESPACE}" + ("" if client.endpoint == HOME else f" --host {client.endpoint}")
    print(f"  Look around: {flo} kv scan · {flo} stream read events")


async def tour(endpoint: str) -> None:
    """The whole tour."""
    async with FloClient(endpoint, namespace=NAMESPACE) as client:
        await client.namespaces.delete(NAMESPACE, force=True)
        await keys_and_values(client)
        await queues(client)
        await streams(client)
        await batches(client)
        await where_it_lies(client)


def main() -> None:
    """Take the tour on the server of the argument, of FLO_HOST, or on localhost:9000."""
    endpoint = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("FLO_HOST", HOME)
    try:
        asyncio.run(tour(endpoint))
    except FloError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
