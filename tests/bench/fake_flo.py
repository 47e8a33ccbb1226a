"""A server that speaks Flo's frames and keeps next to nothing, to prove the load generator with.

`python -m tests.bench.fake_flo PORT` runs it alone; `serving()` runs it in a thread.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from floruntime.core import framing, wire
from floruntime.core.errors import ConflictError, FloError
from floruntime.core.kv import KvGet, KvPut, PutResult
from floruntime.core.queue import DequeueResult, Message, QueueAck, QueueDequeue, QueueEnqueue
from floruntime.core.stream import AppendResult, StreamAppend, StreamID
from floruntime.core.system import Hello, ServerLimits, SessionOpen, Welcome
from floruntime.core.types import AckResult

FRAME_BYTES_MAX = 1 << 20
TIME_MS = 1_700_000_000_000


class Fake:
    """What all connections share; `numbers` has every session's write numbers as they came."""

    def __init__(self, refuse_after: int | None = None) -> None:
        self.refuse_after = refuse_after
        self.numbers: dict[str, list[int]] = {}
        self.keys: set[str] = set()
        self.value = b"v" * 100
        self.waiting: deque[Message] = deque()
        self.acked: list[int] = []
        self._count = 0

    def answer(self, session: str, envelope: wire.Envelope) -> Any:
        self._count += 1
        if self.refuse_after is not None and self._count > self.refuse_after:
            raise ConflictError("the fake refuses on purpose")
        if envelope.number:
            self.numbers[session].append(envelope.number)
        request: Any = envelope.request
        match request:
            case Hello():
                self.numbers[request.session] = []
                return Welcome("fake", ServerLimits(1, FRAME_BYTES_MAX, 1), False)
            case SessionOpen():
                return None
            case KvPut():
                self.keys.add(request.key)
                return PutResult(self._count)
            case KvGet():
                return self.value
            case StreamAppend():
                return [AppendResult(StreamID(TIME_MS, self._count), self._count, 0, TIME_MS)]
            case QueueEnqueue():
                seq = self._count
                self.waiting.append(Message(seq, request.payloads[0], 10, 1, seq * 7, TIME_MS))
                return [seq]
            case QueueDequeue():
                count = min(request.count, len(self.waiting))
                return DequeueResult([self.waiting.popleft() for _ in range(count)])
            case QueueAck():
                return self._ack(request)
        raise AssertionError(f"the bench never sends {type(request).__name__}")

    def _ack(self, request: QueueAck) -> AckResult:
        pairs = list(zip(request.seqs, request.leases, strict=True))
        self.acked += [seq for seq, lease in pairs if lease == seq * 7]
        return AckResult(
            [seq for seq, lease in pairs if lease == seq * 7],
            [seq for seq, lease in pairs if lease != seq * 7],
        )


class Connection(asyncio.Protocol):
    """One connection: answers each frame at once."""

    def __init__(self, fake: Fake) -> None:
        self._fake = fake
        self._reader: framing.FrameReader = framing.FrameReader(FRAME_BYTES_MAX)
        self._missing_preamble = framing.PREAMBLE
        self._session = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._missing_preamble:
            size = len(self._missing_preamble)
            assert data[:size] == self._missing_preamble[: len(data)]
            self._missing_preamble, data = self._missing_preamble[len(data) :], data[size:]
        answers = [self._answer(body) for body in self._reader.receive_data(data)]
        self._transport.write(b"".join(answers))

    def _answer(self, body: bytes) -> bytes:
        envelope = wire.decode_envelope(body)
        request: Any = envelope.request
        if isinstance(request, Hello):
            self._session = request.session
        try:
            return framing.frame(
                wire.encode_answer(envelope.id, self._fake.answer(self._session, envelope))
            )
        except FloError as error:
            return framing.frame(wire.encode_error(envelope.id, error))


@contextmanager
def serving(fake: Fake) -> Iterator[int]:
    """Serve on a free port, which is given, until the block ends."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: Connection(fake), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(server.wait_closed())
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


async def _serve_alone(port: int) -> None:
    fake = Fake()
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(fake), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve_alone(int(sys.argv[1])))
