"""Why a connection that has sent more is not served on."""

from __future__ import annotations

from enum import Enum, auto


class Hold(Enum):
    """One reason; there may be several."""

    GREETING = auto()
    """Its hello is being judged."""
    PAUSED = auto()
    """Much that was sent lies unread."""
    CHECKING = auto()
    """Large documents of a request are being checked."""
    AWAITING_BODY = auto()
    """An answer is being made that takes long."""
