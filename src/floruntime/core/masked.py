"""Text for logs and errors, without the secrets that may stand in it."""

from __future__ import annotations

import re

MASK = "***"
_USER = re.compile(r"^((?:[a-z]+:/+)?).*@", re.IGNORECASE | re.DOTALL)
_VALUE = re.compile(r"([?&#][^=&#\s]*=)[^&#\s]*")
_TOKEN = re.compile(
    r"\b(floc?_[a-z0-9]{12}_)[A-Za-z0-9_-]+|\b(eyJ|flom_)[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+"
)


def masked(address: str) -> str:
    """`address` with what stands before an `@`, and each value behind a `?`, left out."""
    return _VALUE.sub(rf"\1{MASK}", _USER.sub(rf"\1{MASK}@", address))


def without_tokens(text: str) -> str:
    """`text` with tokens of ours (but for their ids) and JWT left out, wherever they stand."""
    return _TOKEN.sub(lambda found: f"{found[1] or found[2]}{MASK}", text)
