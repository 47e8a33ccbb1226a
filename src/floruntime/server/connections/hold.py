"""The reasons for which a connection that has sent more is not served at the moment."""

from __future__ import annotations

from enum import Enum, auto


class Hold(Enum):
    """One reason; several may apply."""

    GREETING = auto()
    """Its hello is being judged."""
    PAUSED = auto()
    """Too many of its answers are unread."""
    CHECKING = auto()
    """Large documents of a request are being checked."""
    AWAITING_BODY = auto()
    """An answer is being made that takes long."""
