"""What a client sends and what its caller sees, told once for both SDKs: `js/vectors/behaviour`.

`js/vectors/README.md` says what the events mean.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from floruntime.client.api.base.endless import Endless
from floruntime.client.api.stream.follow import Subscription
from floruntime.client.client import FloClient
from floruntime.client.link.retry import RetryPolicy
from floruntime.core import wire
from floruntime.core.errors import BY_CODE, FloError
from floruntime.core.stream import StreamID
from floruntime.core.system import CancelWait, Ping, SessionOpen
from tests.client.fake_server import SILENCE, FakeServer
from tests.client.virtual_time import pass_ms, settle, virtual

VECTORS = Path(__file__).parents[3] / "js/vectors/behaviour"
SCENARIOS = [
    pytest.param(scenario["play"], id=f"{path.stem}: {scenario['name']}")
    for path in sorted(VECTORS.glob("*.json"))
    for scenario in json.loads(path.read_text())
]
UNCOUNTED = (CancelWait, Ping, SessionOpen)


class Play:
    """One scenario on its way: the server's end, and what the caller has in hand."""

    def __init__(self) -> None:
        self.server = FakeServer(lambda envelope: SILENCE)
        self.client = FloClient(
            "fake:9000",
            timeout_ms=5_000,
            retry=RetryPolicy(jitter=0),
            transport=self.server,
        )
        self.looked_at = 0
        self.asked: wire.Envelope | None = None
        self.called: Endless[Any, Any] | None = None
        self.subscription: Subscription | None = None
        self.pending: asyncio.Task[Any] | None = None
        self.given: list[Any] = []

    # Events that act

    def call(self, method: str, arguments: list[Any], options: dict[str, Any]) -> None:
        part, _, name = method.partition(".")
        bound = getattr(getattr(self.client, part), name)
        if method == "stream.subscribe":
            subscribe = bound(*arguments, self.given.append, **options)
            self.pending = asyncio.create_task(self._subscribed(subscribe))
        else:
            self.called = bound(*arguments, **options)

    async def _subscribed(self, subscribe: Any) -> None:
        self.subscription = await subscribe

    def next(self) -> None:
        assert self.called is not None
        self.pending = asyncio.create_task(anext(self.called))

    def start(self) -> None:
        assert self.called is not None
        self.pending = asyncio.create_task(self.called.start())

    async def close(self) -> None:
        if self.called is not None:
            await self.called.aclose()
        if self.subscription is not None:
            await self.subscription.close()

    def answer(self, fields: Any) -> None:
        assert self.asked is not None
        self.server.send(wire.encode_answer(self.asked.id, travelling(fields)))

    def refuse(self, code: str, details: dict[str, Any]) -> None:
        assert self.asked is not None
        self.server.send(wire.encode_error(self.asked.id, BY_CODE[code]("refused", **details)))

    # Events that expect

    def expect_asked(self, name: str | None, fields: dict[str, Any]) -> None:
        counted = [
            (place, envelope)
            for place, envelope in enumerate(self.server.seen)
            if place >= self.looked_at and not isinstance(envelope.request, UNCOUNTED)
        ]
        if name is None:
            assert not counted
            return
        place, self.asked = counted[0]
        self.looked_at = place + 1
        assert type(self.asked.request).__name__ == name
        assert shown(self.asked.request, fields) == fields

    def expect_cancelled(self) -> None:
        assert self.asked is not None
        cancelled = [each.request_id for each in self.server.requests(CancelWait)]
        assert cancelled == [self.asked.id]

    def expect_gives(self, fields: dict[str, Any]) -> None:
        if self.subscription is None:
            assert self.pending is not None
            self.given.append(self.pending.result())
            self.pending = None
        assert shown(self.given.pop(0), fields) == fields

    def expect_waits(self) -> None:
        assert not self.given
        if self.pending is not None:
            assert not self.pending.done()
        else:
            assert self.subscription is not None
            assert self.subscription.is_active

    def expect_started(self) -> None:
        assert self.pending is not None
        assert self.pending.result() is None
        self.pending = None

    def expect_raises(self, code: str) -> None:
        error: object
        if self.pending is not None:
            error = self.pending.exception()
            self.pending = None
        else:
            assert self.subscription is not None
            assert not self.subscription.is_active
            error = self.subscription.error
        assert isinstance(error, FloError)
        assert error.code == code

    def expect_ends(self) -> None:
        if self.subscription is not None:
            assert not self.subscription.is_active
            assert self.subscription.error is None
            return
        assert self.pending is not None
        assert isinstance(self.pending.exception(), StopAsyncIteration)
        self.pending = None

    async def event(self, event: dict[str, Any]) -> None:
        match event:
            case {"call": method}:
                self.call(method, event.get("arguments", []), event.get("options", {}))
            case {"next": _}:
                self.next()
            case {"start": _}:
                self.start()
            case {"close": _}:
                await self.close()
            case {"close_client": _}:
                await self.client.close()
            case {"answer": fields}:
                self.answer(fields)
            case {"refuse": code}:
                self.refuse(code, event.get("details", {}))
            case {"lose": _}:
                self.server.drop_links()
            case {"down": _}:
                self.server.connect_error = ConnectionRefusedError("refused")
            case {"up": _}:
                self.server.connect_error = None
            case {"pass_ms": passed_ms}:
                await pass_ms(passed_ms)
            case {"asked": name}:
                self.expect_asked(name, event.get("fields", {}))
            case {"cancelled": _}:
                self.expect_cancelled()
            case {"gives": fields}:
                self.expect_gives(fields)
            case {"waits": _}:
                self.expect_waits()
            case {"started": _}:
                self.expect_started()
            case {"raises": code}:
                self.expect_raises(code)
            case {"ends": _}:
                self.expect_ends()
            case _:
                raise AssertionError(f"no such event: {event}")
        await settle()

    async def end(self) -> None:
        """Leave nothing behind."""
        if self.pending is not None:
            self.pending.cancel()
            await asyncio.gather(self.pending, return_exceptions=True)
        await self.close()
        await self.client.close()


def travelling(value: Any) -> Any:
    """A value of a vector as it is packed."""
    match value:
        case {"bytes": text}:
            return bytes.fromhex(text)
        case list():
            return [travelling(each) for each in value]
        case _:
            return value


def shown(thing: msgspec.Struct, fields: dict[str, Any]) -> dict[str, Any]:
    """These fields of a message, as vectors write them."""
    return {name: as_vector(getattr(thing, name)) for name in fields}


def as_vector(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    return str(value) if isinstance(value, StreamID) else value


@pytest.mark.parametrize("events", SCENARIOS)
@virtual
async def test_behaviour(events: list[dict[str, Any]]) -> None:
    play = Play()
    await play.client.connect()
    for number, event in enumerate(events):
        try:
            await play.event(event)
        except BaseException as error:
            error.add_note(f"event {number}: {json.dumps(event)}")
            raise
    await play.end()
