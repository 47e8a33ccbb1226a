"""What an action worker does next, as the table says that both SDKs share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from floruntime.client.worker.claim_policy import ClaimPolicy, Do, Hand, Pace, Step

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[3] / "js/vectors/claim-policy.json").read_text()
)


class Player:
    """A policy, and the claim and the poll that are out."""

    def __init__(self, case: dict[str, Any]) -> None:
        pace = Pace(**case.get("pace", {}))
        self.policy = ClaimPolicy(case["concurrency"], case["block_ms"], pace)
        self.steps: dict[str, Step] = {}

    def play(self, event: dict[str, Any]) -> Any:
        """What the policy says to one event; `None` where it is only told something."""
        policy = self.policy
        match event:
            case {"next": hand, "at_ms": at_ms}:
                return self.told(policy.next(Hand(**hand), at_ms))
            case {"answered": out, "got": got, "at_ms": at_ms}:
                was_ended = event.get("was_ended", False)
                return policy.answered(self.steps.pop(out), got, at_ms, was_ended=was_ended)
            case {"failed": out, "chance": chance}:
                return policy.failed(self.steps.pop(out), chance)
            case {"took": ms}:
                return policy.took(ms)
            case {"began": True}:
                return policy.began()
            case {"stop": True}:
                return policy.stop()
        raise AssertionError(f"an event that nobody knows: {event}")

    def told(self, step: Step) -> dict[str, Any]:
        told: dict[str, Any] = {"do": step.do.value}
        if step.do in (Do.CLAIM, Do.POLL):
            self.steps[step.do.value] = step
            told |= {"count": step.count, "places": step.places, "block_ms": step.block_ms}
        if step.until_ms is not None:
            told["until_ms"] = step.until_ms
        return told


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_table(case: dict[str, Any]) -> None:
    player = Player(case)
    for event in case["events"]:
        assert player.play(event) == event.get("is", event.get("pause_ms")), event


def test_the_table_names_each_case_once() -> None:
    assert len({case["name"] for case in CASES}) == len(CASES) > 20
