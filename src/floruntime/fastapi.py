"""Flo in a FastAPI application: one client for its whole life, and a dependency for it.

from floruntime.fastapi import Flo, flo_lifespan

app = FastAPI(lifespan=flo_lifespan("localhost:9000"))

@app.post("/orders")
async def order(flo: Flo) -> dict[str, int]:
    return {"seq": await flo.queue.enqueue("orders", {"n": 1})}
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Unpack

from fastapi import Depends, FastAPI
from starlette.requests import HTTPConnection

from floruntime.client.client import FloClient
from floruntime.client.options import ClientOptions
from floruntime.client.worker.worker_base import WorkerBase
from floruntime.core.defaults import LEFT_OUT

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def flo_lifespan(
    endpoint: str = LEFT_OUT,
    *,
    workers: Callable[[FloClient], list[WorkerBase]] = lambda client: [],  # none
    wait_ms: int = 0,
    **options: Unpack[ClientOptions],
) -> Lifespan:
    """Make a lifespan for `FastAPI(lifespan=...)`. It connects at the start and closes at the end.

    `endpoint` and the options are those of `FloClient`; without an endpoint the environment
    decides. `wait_ms`: how long to wait for a server that is not up yet; default 0. `workers`: a
    function that gets the client and returns workers, which run beside the application on its
    connection; none by default.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        client = FloClient(endpoint, **options)
        await client.connect(wait_ms=wait_ms)
        try:
            app.state.flo = client
            async with _running(workers(client)):
                yield
        finally:
            await client.close()

    return lifespan


@asynccontextmanager
async def _running(workers: list[WorkerBase]) -> AsyncIterator[None]:
    if not workers:
        yield
        return
    async with workers[0], _running(workers[1:]):
        yield


def flo_client(connection: HTTPConnection) -> FloClient:
    """Return the application's client. Raises `RuntimeError` if no `flo_lifespan` made one."""
    client: FloClient | None = getattr(connection.app.state, "flo", None)
    if client is None:
        raise RuntimeError("there is no client: use FastAPI(lifespan=flo_lifespan(...))")
    return client


Flo = Annotated[FloClient, Depends(flo_client)]
"""A parameter of this type is the application's client."""
