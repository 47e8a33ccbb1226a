"""What the methods of a client return, whether the call is sent at once or goes with a batch."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, Generic, TypeVar

from floruntime.client.link.call import Wait
from floruntime.core.types import Request

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)


class Ask(Generic[R]):
    """Everything about one call: its request, its namespace and how long it may take.

    - `finish` turns the server's answer into what the caller gets (`None`: the answer itself).
    - `namespace`, `timeout_ms`: `None` means the client's own.
    - `block_ms`: how long the request may wait at the server, in addition to its time-out. `wait`
      can end that wait early.
    - `is_alone`: send the request at once, not together with the other requests of this turn of the
      event loop.
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
        """Return what the caller gets for `answer`."""
        result: R = answer if self.finish is None else self.finish(answer)
        return result


class Operation(Coroutine[Any, Any, R_co]):
    """Awaiting it sends its request, and returns or raises the answer.

    It is a coroutine, so `asyncio.gather`, `create_task` and `wait_for` take it. In a batch nothing
    is awaited: there the method itself records the request.
    """

    __slots__ = ("_steps",)

    def __init__(self, steps: Coroutine[Any, Any, R_co]) -> None:
        self._steps = steps

    def __await__(self) -> Generator[Any, Any, R_co]:
        return self._steps.__await__()

    def send(self, value: Any) -> Any:
        """Advance by one step, as the event loop does."""
        return self._steps.send(value)

    def throw(
        self,
        kind: Any,
        value: Any = None,
        traceback: TracebackType | None = None,  # noqa: ARG002 # the exception has it
    ) -> Any:
        """Raise an exception at the point where it waits, as the event loop does."""
        return self._steps.throw(kind if value is None else value)

    def close(self) -> None:
        """Drop it before it was awaited."""
        self._steps.close()
