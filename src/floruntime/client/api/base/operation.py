"""What the methods of a client give: told once, whether it is sent at once or with a batch."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Generic, TypeVar

from floruntime.client.link.call import Wait
from floruntime.core.types import Request

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Ask(Generic[R]):
    """All that is to be said of one call: what is asked, where, for how long.

    `finish` makes what its caller gets of the server's answer (`None`: the answer itself).
    `namespace` and `timeout_ms` are the client's own where they are `None`. `block_ms` is how long
    the request may wait at the server, beside its time-out; `wait` can end that early. `is_alone`:
    nothing is sent with it, so it goes out at once and not with all of this turn of the event loop.
    """

    __slots__ = ("block_ms", "finish", "is_alone", "namespace", "request", "timeout_ms", "wait")

    def __init__(
        self,
        request: Request[Any],
        finish: Callable[[Any], R] | None = None,
        *,
        namespace: str | None = None,
        timeout_ms: int | None = None,
        block_ms: int = 0,
        wait: Wait | None = None,
        is_alone: bool = False,
    ) -> None:
        self.request = request
        self.finish = finish
        self.namespace = namespace
        self.timeout_ms = timeout_ms
        self.block_ms = block_ms
        self.wait = wait
        self.is_alone = is_alone

    def finished(self, answer: Any) -> R:
        """What the caller gets of `answer`."""
        result: R = answer if self.finish is None else self.finish(answer)
        return result


class Operation(Coroutine[Any, Any, R_co]):
    """`await` it: its request is sent, and its answer comes or is raised.

    It is a coroutine, so `asyncio.gather`, `create_task` and `wait_for` take it. In a batch
    nothing is awaited: there the method itself records the request.
    """

    __slots__ = ("_steps",)

    def __init__(self, steps: Coroutine[Any, Any, R_co]) -> None:
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, R_co]:
        return self._steps.__await__()

    def send(self, value: Any) -> Any:
        """Go one step on, as the event loop does."""
        return self._steps.send(value)

    def throw(
        self,
        kind: Any,
        value: Any = None,
        traceback: TracebackType | None = None,  # noqa: ARG002 # the exception has it
    ) -> Any:
        """Raise an exception where it waits, as the event loop does."""
        return self._steps.throw(kind if value is None else value)

    def close(self) -> None:
        """Give it up before it was awaited."""
        self._steps.close()
