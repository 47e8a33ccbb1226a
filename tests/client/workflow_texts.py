"""Small definitions that several tests run."""

from __future__ import annotations

HEAD = 'kind: Workflow\nname: {name}\nversion: "{version}"\n'


def definition(body: str, *, name: str = "flow", version: str = "1") -> str:
    """A definition with this body below its head."""
    return HEAD.format(name=name, version=version) + body


def waiting(*, name: str = "flow", version: str = "1", more: str = "") -> str:
    """Two waits for the signal `go`, one after the other."""
    body = """
start:
  waitForSignal: {type: go}
  transitions: {success: again}
steps:
  again:
    waitForSignal: {type: go}
    transitions: {success: flo.Completed}
"""
    return definition(body + more, name=name, version=version)


SCHEDULED = definition(
    "start:\n  waitForSignal: {type: go}\n  transitions: {success: flo.Completed}\n"
    "schedule: {interval: 3600000, input: {by: the clock}}\n"
)
FAILING = definition(
    'start:\n  run: "@actions/missing"\n  waitForTargetMs: 0\n'
    "  transitions: {success: flo.Completed}\n"
)
"""Fails at once: its action is not registered."""
