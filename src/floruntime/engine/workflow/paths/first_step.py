"""The step that a run begins with, as definitions, histories and paths name it."""

from __future__ import annotations

from typing import Final

START: Final = "start"
START_ALIAS: Final = "_start"
