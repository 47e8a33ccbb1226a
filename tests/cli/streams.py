"""A stream that several tests of the command line begin with."""

from __future__ import annotations

from tests.cli.conftest import Flo


async def fill(flo: Flo) -> list[str]:
    """Append `one`, `two` and `three` to the stream `events`; their ids."""
    appended = await flo("stream", "append", "events", "one", "two", "three", "--json")
    return [each["id"] for each in appended.json]
