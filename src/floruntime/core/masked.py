"""Text for logs and errors, with secrets removed."""

from __future__ import annotations

import re

MASK = "***"
_USER = re.compile(r"^((?:[a-z]+:/+)?).*@", re.IGNORECASE | re.DOTALL)
_VALUE = re.compile(r"([?&#][^=&#\s]*=)[^&#\s]*")
_TOKEN = re.compile(
    r"\b(floc?_[a-z0-9]{12}_)[A-Za-z0-9_-]+|\b(eyJ|flom_)[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+"
)


def masked(address: str) -> str:
    """Return `address` without the part before an `@`, and without the values behind a `?`."""
    return _VALUE.sub(rf"\1{MASK}", _USER.sub(rf"\1{MASK}@", address))


def without_tokens(text: str) -> str:
    """Return `text` without the secrets of Flo tokens (their ids stay) and without JWTs."""
    return _TOKEN.sub(lambda found: f"{found[1] or found[2]}{MASK}", text)
