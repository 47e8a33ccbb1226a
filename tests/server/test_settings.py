"""The settings by their names are those that there are."""

from __future__ import annotations

from typing import Literal, get_args, get_type_hints

from floruntime.server.commit.durability import Durability
from floruntime.server.config import Config
from floruntime.server.settings import ServerSettings


def test_every_setting_has_its_type() -> None:
    types, named = get_type_hints(Config), get_type_hints(ServerSettings)
    assert types.pop("data_dir") is str
    assert list(named) == list(types)
    either, words = get_args(named.pop("durability"))
    assert either is types.pop("durability") is Durability
    assert words == Literal[tuple(each.value for each in Durability)]
    assert named == types
