"""Templates of cache keys."""

from __future__ import annotations

import pytest

from floruntime.engine.workflow.paths.cache_key import (
    CacheKeyError,
    fill_cache_key,
    parse_cache_key,
)
from floruntime.engine.workflow.paths.errors import PathFindsNothing
from tests.engine.workflow.paths.roots import FakeRoot

ROOT = FakeRoot({"id": "c-1", "n": 5, "on": True, "of": {"b": [1, {"c": "é"}]}})


@pytest.mark.parametrize(
    ("template", "key"),
    [
        ("fixed", "fixed"),
        ("charge:{input.id}", "charge:c-1"),
        ("{input.id}{input.n}", "c-15"),
        ("{input.on}/{input.of.b[1].c}", "true/é"),
        ("{input.of}", '{"b":[1,{"c":"é"}]}'),
        ("{input['id']}", "c-1"),
    ],
)
def test_places_are_filled_from_the_input(template: str, key: str) -> None:
    assert fill_cache_key(template, ROOT) == key


@pytest.mark.parametrize(
    "template",
    [
        *("{", "a}", "{input.a", "{{input.a}}", "{}", "{a}", "{inputs.a}", "{input.}", "{input[}"),
        *("{input[*]}", "{input..a}", "{steps.a.output}", "{$.input.a}", "{input a}"),
    ],
)
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(CacheKeyError) as refused:
        parse_cache_key(template)
    assert template in str(refused.value)


def test_an_input_that_is_not_there_is_named() -> None:
    with pytest.raises(PathFindsNothing, match=r"\$\.input\.gone"):
        fill_cache_key("a:{input.gone}", ROOT)
