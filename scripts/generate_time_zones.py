"""Writes engine/state/times/time_zones.py from the package `tzdata`.

python -m scripts.generate_time_zones

The list is part of the source, so that every machine of one version judges a definition alike,
whatever zones its system has.
"""

from __future__ import annotations

import sys
import textwrap
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "src/floruntime/engine/state/times/time_zones.py"
NOT_ZONES = {"Factory", "localtime"}
HEAD = '''"""The names of the IANA database's time zones; python -m scripts.generate_time_zones.

Part of the source, so that every machine of one version judges a definition alike.
"""

from __future__ import annotations

from typing import Final

_NAMES: Final = """
'''
TAIL = '''
"""
TIME_ZONES: Final = frozenset(_NAMES.split())
'''


def zone_names() -> list[str]:
    """All zones of the installed `tzdata`, links included."""
    text = resources.files("tzdata").joinpath("zones").read_text()
    return sorted(set(text.split()) - NOT_ZONES)


def module_text() -> str:
    """The module as it should be."""
    names = textwrap.fill(" ".join(zone_names()), 99, break_on_hyphens=False)
    return HEAD + names + TAIL


if __name__ == "__main__":
    TARGET.write_text(module_text())
    print(f"{TARGET.name}: {len(zone_names())} zones", file=sys.stderr)
