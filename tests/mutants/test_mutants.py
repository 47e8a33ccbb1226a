"""The mutants fit the source: what each looks for stands there, once."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.mutants.__main__ import MUTANTS, ROOT
from tests.mutants.mutant import Mutant

MUTANTS_MIN = 40


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_what_a_mutant_breaks_stands_once_in_the_source(mutant: Mutant) -> None:
    source = (ROOT / "src" / "floruntime" / mutant.file).read_text(encoding="utf-8")
    assert source.count(mutant.find) == 1, f"{mutant.file}: {mutant.find}"
    assert mutant.put != mutant.find
    assert all((ROOT / tests).exists() for tests in mutant.tests.split())


def test_there_are_many_of_them_and_each_has_a_name() -> None:
    names = Counter(mutant.name for mutant in MUTANTS)
    assert len(names) == len(MUTANTS) >= MUTANTS_MIN
