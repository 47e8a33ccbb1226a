"""The name of a run's first step, for definitions, histories and paths."""

from __future__ import annotations

from typing import Final

START: Final = "start"
START_ALIAS: Final = "_start"
