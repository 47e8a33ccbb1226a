"""The version of this package, as both ends tell it to each other."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _installed_version() -> str:
    try:
        return version("floruntime")
    except PackageNotFoundError:  # run from a source tree that was never installed
        return "0.0.0"


VERSION = _installed_version()
