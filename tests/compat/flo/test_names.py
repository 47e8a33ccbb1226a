"""Every name of the first Python SDK is exported, or named in the guide as left out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import floruntime.compat.flo as flo

NAMES = json.loads(Path(__file__).with_name("first_sdk_names.json").read_text())["names"]
GUIDE = (Path(__file__).parents[3] / "docs" / "moving-from-flo.md").read_text()
LEFT_OUT = set(re.findall(r"`(\w+)`", GUIDE.partition("## Names that are left out")[2]))


def test_each_is_there_or_named() -> None:
    missing = {name for name in NAMES if not hasattr(flo, name)}
    assert missing - LEFT_OUT == set()
    assert len(missing) < len(NAMES) / 4, "most are there"


def test_what_is_named_as_left_out_is_not_there() -> None:
    assert {name for name in LEFT_OUT.intersection(NAMES) if hasattr(flo, name)} == set()


def test_all_is_what_there_is() -> None:
    assert sorted(flo.__all__) == flo.__all__
    assert set(NAMES) - LEFT_OUT <= set(flo.__all__)
