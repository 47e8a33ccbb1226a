"""When a store begins another history."""

from __future__ import annotations

import pytest

from floruntime.engine.system.eras import row_of
from floruntime.server import eras
from tests.server.commit.commit_rig import CommitRig
from tests.server.commit.journals import TriedLocalJournal


@pytest.mark.parametrize(("boot", "reasons"), [("first", [""]), ("another", ["", eras.RUNS_ASYNC])])
async def test_after_asynchronous_writes_a_history_ends_with_the_machine_not_with_the_process(
    monkeypatch: pytest.MonkeyPatch, boot: str, reasons: list[str], quiet: None
) -> None:
    async with CommitRig(TriedLocalJournal()) as rig:
        for each in ("first", boot):
            monkeypatch.setattr(eras, "_boot_id", lambda each=each: each)
            eras.begin(rig.commit, rig.machine, "")
            await rig.settle()
            row = row_of(rig.commit.queries.view())
            assert row.ended == ""
            eras.mark_async(rig.commit)
            await rig.settle()
        assert [era.reason for era in row.eras] == reasons
