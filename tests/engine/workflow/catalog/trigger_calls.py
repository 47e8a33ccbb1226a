"""Workflows with triggers, as tests call them."""

from __future__ import annotations

import json
from typing import Any

from floruntime.core.stream import (
    AppendResult,
    GroupGetInfo,
    GroupInfo,
    StreamAppend,
    StreamCreate,
)
from tests.engine.workflow.calls import Workflows, flow

AT_ONCE = 'start: {run: "@actions/lost", transitions: {failure: flo.Completed}}'
"""A run that ends in the commit that starts it."""


def triggered(
    trigger: str = "stream: events", *, version: str = "1", name: str = "flow", body: str = AT_ONCE
) -> str:
    return flow(f"trigger: {{{trigger}}}\n{body}\n", version=version, name=name)


class Triggers(Workflows):
    """Appends, and looks at what runs were started."""

    def __init__(self, *documents: str, stream: bool = True, **more: Any) -> None:
        super().__init__(**more)
        if stream:
            self.tell(StreamCreate("events"))
        if documents:
            self.sync(*documents)

    def append(self, *payloads: Any, stream: str = "events", **options: Any) -> list[AppendResult]:
        """Append, and let the tick come that follows at once."""
        data = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in payloads]
        results = self.tell(StreamAppend(stream, data, **options))
        self.engine.tick()
        return results

    def inputs(self, name: str = "flow") -> list[Any]:
        """The inputs of the runs, the first run first."""
        runs = self.runs(workflow_name=name)
        return [json.loads(self.run(run_id).input) for run_id in reversed(runs)]

    def group(self, name: str = "wf-flow", stream: str = "events") -> GroupInfo:
        return self.ask(GroupGetInfo(stream, name))
