"""A log in memory that has bad days: it delays, refuses, swallows answers, lands late, doubles."""

from __future__ import annotations

import asyncio

from floruntime.server.cluster.log.log import Ends, LogRefusedError, LogSilentError, Stored


class MemoryLog:
    """Shared by all who write to it. Its faults are switches, which a test sets as it goes."""

    message_bytes_max = 1_000_000

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        #: Up to which message it was dropped.
        self.trimmed = 0
        #: How many appends came, and how many of them are under way.
        self.appends = 0
        self.under_way = 0
        #: Whether what comes stays unanswered and out of the log, until `resume`.
        self.is_held = False
        self._resumed = asyncio.Event()
        #: So many appends get no answer; those that land do so only at `land`, or never.
        self.silent_appends = 0
        self.lands = True
        #: Whether nothing goes in or out.
        self.is_cut = False
        self._late: list[tuple[bytes, int]] = []

    def hold(self) -> None:
        """Let appends wait."""
        self.is_held = True
        self._resumed.clear()

    def resume(self) -> None:
        """Let them go on."""
        self.is_held = False
        self._resumed.set()

    async def append(self, body: bytes, expected: int) -> None:
        self.appends += 1
        self.under_way += 1
        try:
            await asyncio.sleep(0)
            if self.is_held:
                await self._resumed.wait()
            self._answer(body, expected)
        finally:
            self.under_way -= 1

    def _answer(self, body: bytes, expected: int) -> None:
        if self.is_cut:
            raise LogSilentError("cut off")
        if self.silent_appends:
            self.silent_appends -= 1
            if self.lands:
                self.land(body, expected)
            else:
                self._late.append((body, expected))
            raise LogSilentError("the answer was lost")
        if not self.land(body, expected):
            raise LogRefusedError

    def land(self, body: bytes, expected: int) -> bool:
        """Put a message in, if it fits."""
        if len(self.bodies) != expected:
            return False
        self.bodies.append(body)
        return True

    def land_late(self) -> None:
        """What was on its way all the time arrives."""
        late, self._late = self._late, []
        for body, expected in late:
            self.land(body, expected)

    async def at(self, sequence: int) -> bytes | None:
        self._check()
        return self.bodies[sequence - 1] if self.trimmed < sequence <= len(self.bodies) else None

    async def after(self, sequence: int) -> list[Stored]:
        self._check()
        return [
            Stored(number, body)
            for number, body in enumerate(self.bodies, 1)
            if number > max(sequence, self.trimmed)
        ]

    async def ends(self) -> Ends:
        self._check()
        return Ends(self.trimmed + 1, len(self.bodies))

    async def trim(self, up_to: int) -> None:
        self._check()
        self.trimmed = max(self.trimmed, up_to)

    def _check(self) -> None:
        if self.is_cut:
            raise LogSilentError("cut off")
