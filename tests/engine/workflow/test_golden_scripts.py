"""Each golden script comes out as it is written; see `golden_scripts.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.workflow.golden_scripts import played, scripts


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_commands_in_and_all_that_follows_out(path: Path) -> None:
    assert played(path.read_text()) == path.read_text(), (
        "python -m tests.engine.workflow.golden_scripts writes the scripts anew"
    )


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_it_follows_in_any_namespace_though_ticks_are_of_none(path: Path) -> None:
    assert played(path.read_text(), namespace="elsewhere") == path.read_text()


def test_what_a_script_says_is_not_what_is_played() -> None:
    """What follows comes from the engine, whatever stands there."""
    text = scripts()[0].read_text()
    assert played(text.replace("workflow_started", "something else")) == text
