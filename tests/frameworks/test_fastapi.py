"""`floruntime.fastapi`: an application as its page shows one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from examples.fastapi_orders import app
from fastapi import FastAPI

from floruntime.fastapi import Flo


@asynccontextmanager
async def served(application: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of `application`, from its start to its end."""
    transport = httpx.ASGITransport(application)
    async with (
        application.router.lifespan_context(application),
        httpx.AsyncClient(transport=transport, base_url="http://shop") as browser,
    ):
        yield browser


async def test_the_example_takes_orders_and_a_worker_ships_them() -> None:
    async with served(app) as browser:
        answer = await browser.post("/orders", json={"item": "lamp"})
        assert (answer.status_code, answer.json()) == (200, {"state": "shipped", "item": "lamp"})
        assert (await browser.get("/orders/lamp")).json() == {"state": "shipped"}
        assert (await browser.get("/orders/chair")).status_code == 404


async def test_an_application_without_a_lifespan_is_told_what_is_missing() -> None:
    bare = FastAPI()

    @bare.get("/")
    async def root(flo: Flo) -> None:
        raise AssertionError("there is no client")

    async with served(bare) as browser:
        with pytest.raises(RuntimeError, match="flo_lifespan"):
            await browser.get("/")
