"""One attack on a server, and what must be true of the server afterwards."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from floruntime.client.client import FloClient
from floruntime.core import framing
from floruntime.testing import FloTestServer
from tests.fuzz.bytes_made import Maker

Attack = Callable[[], Awaitable[None]]

AT_ONCE = 20
FRAMES_PER_CONNECTION = 30
STORM_CONNECTIONS = 300
GREETING_READ_SECONDS = 2
KEPT = "kept"
WAIT_SECONDS_MAX = 20
HELD_BYTES_MAX = 64 * 1024 * 1024
"""What the process may have grown by: caches and Python's arenas, not what attackers sent."""


class LogLines(logging.Handler):
    """Collects what the server logs."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def bad(self) -> list[str]:
        """Lines that are more than one, or tell of a bug."""
        return [
            f"{record.getMessage()} {_cause(record)}"
            for record in self.records
            if record.exc_info or record.levelno >= logging.ERROR or "\n" in record.getMessage()
        ]


def _cause(record: logging.LogRecord) -> str:
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    lines = traceback.format_exception(record.exc_info[1])
    return "".join(lines)[-600:]


class Fuzz:
    """Attacks from one seed against one server, with a well-behaved client beside them."""

    def __init__(self, server: FloTestServer, seed: int) -> None:
        self._server = server
        self._chance = random.Random(seed)
        self._make = Maker(self._chance)
        self.problems: list[str] = []
        self.log = LogLines()
        self.connections = 0
        self.frames = 0
        self.calls = 0

    async def run(self, seconds: float) -> None:
        """Attack for `seconds`, and judge."""
        logger = logging.getLogger("floruntime")
        level = logger.level
        logger.setLevel(logging.INFO)
        logger.addHandler(self.log)
        try:
            async with self._server.client(namespace=KEPT, timeout_ms=10_000) as client:
                await self._store(client)
                before = await self._stored(client)
                await self._attack_for(seconds, client)
                if await self._stored(client) != before:
                    self.problems.append("stored data changed")
            await self._judge()
        finally:
            logger.removeHandler(self.log)
            logger.setLevel(level)

    async def _store(self, client: FloClient) -> None:
        for number in range(20):
            await client.kv.put(f"k{number}", str(number))
            await client.queue.enqueue("q", str(number))
            await client.stream.append("s", str(number))

    async def _stored(self, client: FloClient) -> list[Any]:
        return [
            await client.kv.scan("k"),
            await client.queue.peek("q", 100),
            await client.stream.read("s", limit=1_000),
        ]

    async def _attack_for(self, seconds: float, client: FloClient) -> None:
        served = asyncio.create_task(self._be_served(client))
        resident = resident_bytes()
        await self._attack_with(self._senseless(), seconds / 2)
        await self._storm()
        grown = resident_bytes() - resident
        if grown > HELD_BYTES_MAX:
            self.problems.append(f"the process grew by {grown} bytes for what it refused")
        await self._attack_with(
            [self._send_frames, self._send_mutated, self._send_messages], seconds / 2
        )
        served.cancel()
        (outcome,) = await asyncio.gather(served, return_exceptions=True)
        if not isinstance(outcome, asyncio.CancelledError):
            self.problems.append(f"the well-behaved client was not served: {outcome!r}")

    async def _attack_with(self, attacks: list[Attack], seconds: float) -> None:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        while loop.time() < until_s:
            await asyncio.gather(*(self._chance.choice(attacks)() for _ in range(AT_ONCE)))

    async def _be_served(self, client: FloClient) -> None:
        while True:
            count = await client.kv.incr("served")
            assert await client.kv.get("served") == str(count).encode()
            assert count == self.calls + 1
            self.calls = count

    def _senseless(self) -> list[Attack]:
        """Attacks that are refused before anything is stored."""
        return [
            lambda: self._send(self._make.rubbish()),
            lambda: self._send(self._make.claim()),
            lambda: self._send(self._make.nested()),
            lambda: self._send(self._make.huge_array()),
            self._half_a_frame,
            self._half_an_opening,
            lambda: self._send(self._make.opening() + self._make.rubbish()),
        ]

    async def _send_frames(self) -> None:
        frames = [self._make.request(id) for id in range(1, FRAMES_PER_CONNECTION)]
        await self._send(self._make.greeting() + b"".join(frames), len(frames))

    async def _send_messages(self) -> None:
        """Frames as messages of a WebSocket; some are no messages at all."""
        bodies = [self._make.greeting()[len(framing.PREAMBLE) :]]
        for id in range(1, FRAMES_PER_CONNECTION):
            make = self._chance.choice((self._make.request, self._make.mutated))
            bodies.append(make(id))
        messages = [self._make.message(body[framing.LENGTH.size :]) for body in bodies]
        await self._send(self._make.opening() + b"".join(messages), len(messages))

    async def _half_an_opening(self) -> None:
        whole = self._make.opening()
        await self._send(whole[: self._chance.randrange(len(whole))])

    async def _send_mutated(self) -> None:
        frames = [self._make.mutated(id) for id in range(1, FRAMES_PER_CONNECTION)]
        await self._send(self._make.greeting() + b"".join(frames), len(frames))

    async def _half_a_frame(self) -> None:
        """Then silence, and the connection goes."""
        whole = self._make.greeting() + self._make.request(1)
        await self._send(whole[: self._chance.randrange(len(whole))])

    async def _send(self, data: bytes, frames: int = 1) -> None:
        self.connections += 1
        self.frames += frames
        reader, writer = await asyncio.open_connection(*self._address())
        try:
            writer.write(data)
            if self._chance.random() < 0.5:
                writer.write_eof()
            self._check_answers(await self._read(reader))
        except ConnectionError:
            pass  # the server had heard enough
        finally:
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> bytes:
        """What comes in answer, until a pause."""
        got = b""
        try:
            async with asyncio.timeout(GREETING_READ_SECONDS):
                while data := await asyncio.wait_for(reader.read(2**20), 0.05):
                    got += data
        except TimeoutError:
            pass
        return got

    def _check_answers(self, data: bytes) -> None:
        """Each answer is one; none tells of a bug."""
        if data.startswith(b"HTTP/"):
            if b"internal" in data:
                self.problems.append(f"an internal error was answered: {data[-500:]!r}")
            return
        position = 0
        while len(data) - position >= 4:
            size = int.from_bytes(data[position : position + 4], "little")
            body = data[position + 4 : position + 4 + size]
            position += 4 + size
            if len(body) < size:
                return
            answer = msgspec.msgpack.decode(body)
            error = answer[2] if len(answer) > 2 else None
            if error is not None and error[0] == "internal":
                self.problems.append(f"an internal error was answered: {error}")

    def _address(self) -> tuple[str, int]:
        host, _, port = self._server.endpoint.rpartition(":")
        return host, int(port)

    async def _storm(self) -> None:
        """Connections opened and dropped, some with half a greeting."""

        async def touch() -> None:
            self.connections += 1
            _, writer = await asyncio.open_connection(*self._address())
            writer.write(self._make.greeting()[: self._chance.randrange(12)])
            writer.transport.abort()

        for _ in range(STORM_CONNECTIONS // 50):
            await asyncio.gather(*(touch() for _ in range(50)))

    async def _judge(self) -> None:
        server: Any = self._server.server
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while server._conversations:  # noqa: ASYNC110 # no event tells it
                await asyncio.sleep(0)
        await self._server.settle()
        gc.collect()
        held = {
            "conversations": len(server._conversations),
            "bytes of requests": server.load.held_bytes,
            "waits for commands": int(bool(server.commit._waits.by_topic)),
            "waits for queries": len(server.commit.queries.waiters),
        }
        self.problems += [f"{count} {what} are held" for what, count in held.items() if count]
        self.problems += [f"logged: {line}" for line in self.log.bad()[:5]]
        if len(self.log.records) > self.connections + self.frames:
            self.problems.append(f"{len(self.log.records)} lines were logged")
        if not self.calls:
            self.problems.append("the well-behaved client did nothing")


def resident_bytes() -> int:
    """This process's memory (0 where the system does not tell)."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * 4096
    except OSError:
        return 0
