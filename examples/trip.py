"""A trip is booked: reservations side by side, a person's word, and a way back for what succeeded.

`python examples/trip.py [HOST:PORT]`. The definition is `examples/workflows/book-trip.yaml`. Nobody
is left with a flight and no hotel: what was reserved is released, newest first, when the trip fails
or is cancelled, over crashes of workers and of the server.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TypedDict

from floruntime import ActionContext, FloClient, NonRetryableError

DEFINITION = Path(__file__).parent / "workflows" / "book-trip.yaml"


class Wanted(TypedDict):
    """What is to be reserved."""

    what: str
    trip: str


class Reservations:
    """Stands for the airline, the hotel and the car rental; Berlin has no car."""

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.released: list[str] = []

    def reserve(self, wanted: Wanted) -> str:
        """Hold a thing; the same again is the same reservation."""
        if (wanted["trip"], wanted["what"]) == ("berlin", "car"):
            raise NonRetryableError("no car is left")
        reservation = f"{wanted['what']} to {wanted['trip']}"
        self.held.add(reservation)
        return reservation

    def release(self, reservation: str) -> None:
        """Let it go."""
        self.held.discard(reservation)
        self.released.append(reservation)


async def main(endpoint: str) -> None:
    """Four trips: a cheap one, a dear one, one that is refused, one that lacks a car."""
    reservations = Reservations()
    async with FloClient(endpoint) as client:
        worker = client.new_action_worker()

        @worker.action("reserve", input=Wanted)
        async def reserve(ctx: ActionContext, wanted: Wanted) -> dict[str, str]:
            return {"id": reservations.reserve(wanted)}

        @worker.action("release")
        async def release(ctx: ActionContext) -> None:
            reservations.release(ctx.json()["reservation"]["id"])

        @worker.action("pay")
        async def pay(ctx: ActionContext) -> dict[str, int]:
            return {"paid": ctx.json()["amount"]}

        async with worker:
            await client.workflow.sync_file(DEFINITION)
            for trip, amount, word in (
                ("oslo", 300, None),
                ("tokyo", 4_000, "approved"),
                ("rome", 2_000, "refused"),
                ("berlin", 200, None),
            ):
                run_id = await client.workflow.start(
                    "book-trip", {"trip": trip, "amount": amount}, idempotency_key=trip
                )
                if word is not None:
                    await client.workflow.signal(run_id, word)
                run = await client.workflow.wait(run_id)
                released = sorted(each for each in reservations.released if each.endswith(trip))
                print(f"{trip}: {run.status}, released: {', '.join(released) or 'nothing'}")
            print(f"held: {', '.join(sorted(reservations.held))}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "memory://"))
