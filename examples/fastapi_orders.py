"""A FastAPI application with a worker beside it: `fastapi run examples/fastapi_orders.py`.

It runs a server of its own (`memory://`); give `flo_lifespan` an endpoint, or leave it out and set
FLO_URL, for one that lasts.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, HTTPException

from floruntime import ActionContext, FloClient
from floruntime.client.worker.worker_base import WorkerBase
from floruntime.fastapi import Flo, flo_lifespan


def workers(client: FloClient) -> list[WorkerBase]:
    """What runs beside the application."""
    worker = client.new_action_worker(handle_signals=False)

    @worker.action("ship")
    async def ship(ctx: ActionContext) -> dict[str, Any]:
        order = ctx.json()
        ctx.batch().kv.put(f"order:{order['item']}", b"shipped")  # in one commit with the result
        return {"state": "shipped", **order}

    return [worker]


app = FastAPI(lifespan=flo_lifespan("memory://", workers=workers))


@app.post("/orders")
async def order(order: dict[str, str], flo: Flo) -> Any:
    """Ship it, and tell what became of it."""
    return (await flo.action.call("ship", order)).json()


@app.get("/orders/{item}")
async def state(item: str, flo: Flo) -> dict[str, str]:
    """What became of an order."""
    value = await flo.kv.get(f"order:{item}")
    if value is None:
        raise HTTPException(404)
    return {"state": value.decode()}
