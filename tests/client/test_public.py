"""The public names."""

from __future__ import annotations

import floruntime


def test_every_public_name_is_there_and_sorted() -> None:
    assert sorted(floruntime.__all__) == floruntime.__all__
    missing = {name for name in floruntime.__all__ if not hasattr(floruntime, name)}
    assert not missing


def test_every_error_is_public() -> None:
    from floruntime.core.errors import BY_CODE

    assert {cls.__name__ for cls in BY_CODE.values()} <= set(floruntime.__all__)


def test_the_version_is_told() -> None:
    assert floruntime.__version__[0].isdigit()
