"""Payloads and outputs as types of one's own, as FLOW.md promises."""

from __future__ import annotations

import dataclasses
from typing import Any, TypedDict

import msgspec
import pytest

from floruntime import ActionContext, BadRequestError, ConflictError, FloClient


class Order(msgspec.Struct):
    id: int
    item: str = "tea"


@dataclasses.dataclass
class Shipped:
    id: int


class Receipt(TypedDict):
    id: int


class Model:
    """What a pydantic model has, without pydantic."""

    def __init__(self, id: int) -> None:
        self.id = id

    def model_dump(self, *, mode: str, by_alias: bool) -> dict[str, Any]:
        assert by_alias, "it is read by its aliases, too"
        return {"id": self.id, "mode": mode}

    @classmethod
    def model_validate_json(cls, data: bytes) -> Model:
        found = msgspec.json.decode(data)
        if "id" not in found:
            raise ValueError("id: Field required")
        return cls(found["id"])


@dataclasses.dataclass
class Parcel:
    of: Model


async def test_a_handler_is_given_the_value_and_a_caller_the_result(client: FloClient) -> None:
    worker = client.new_action_worker()

    @worker.action("ship", input=Order)
    async def ship(ctx: ActionContext, order: Order) -> Shipped:
        assert ctx.into(Order) == order
        return Shipped(order.id)

    @worker.action("plain", input=Order)
    def plain(ctx: ActionContext, order: Order) -> dict[str, int]:
        return {"id": order.id + 1}

    @worker.action("alone", input=Model)
    async def alone(ctx: ActionContext) -> str:
        return ctx.text()

    @worker.action("echo")
    async def echo(ctx: ActionContext) -> bytes:
        return ctx.payload

    @worker.action("several", input=list[Model])
    async def several(ctx: ActionContext, models: list[Model]) -> list[int]:
        return [model.id for model in models]

    async with worker:
        run = await client.action.call("ship", Order(7))
        assert run.into(Shipped) == Shipped(7)
        assert run.into(Receipt) == {"id": 7}
        assert run.into(Model).id == 7
        assert (await client.action.call("plain", Shipped(7))).into(Receipt) == {"id": 8}
        told = await client.action.call("alone", Model(5))
        assert told.json() == {"id": 5, "mode": "json"}
        ids = await client.action.call("several", [Model(5), Model(6)])
        assert ids.into(list[int]) == [5, 6]
        one = (await client.action.call("ship", Order(7))).into(dict[str, int])
        assert one == {"id": 7}
        parcel = await client.action.call("echo", Parcel(Model(9)))
        assert parcel.into(Parcel).of.id == 9
        misfit = await client.action.call("several", [{"id": 1}, {}])
        assert "no list: id: Field required - at `$[1]`" in (misfit.error or "")
        with pytest.raises(BadRequestError, match=r"is no Order: .*item"):
            (await client.action.call("ship", Order(1))).into(
                msgspec.defstruct("Order", [("item", int)])
            )


@pytest.mark.parametrize(
    ("kind", "error"), [(Order, "Expected `int`, got `str` - at `$.id`"), (Model, "id: Field")]
)
async def test_a_payload_that_does_not_fit_fails_without_retries(
    client: FloClient, kind: type[Any], error: str
) -> None:
    worker = client.new_action_worker()

    @worker.action("ship", input=kind, max_retries=5)
    async def ship(ctx: ActionContext) -> None:
        raise AssertionError("it is not called")

    async with worker:
        run = await client.action.call("ship", {"id": "seven"} if kind is Order else {})
    assert (run.status, run.attempt) == ("failed", 1)
    assert error in (run.error or "")
    with pytest.raises(ConflictError, match="is failed; only one that has completed"):
        run.into(Shipped)
