"""The JavaScript packages and the console, built."""

from __future__ import annotations

from tests.js.conftest import built as built
