"""What is refused for what is not there: whoever has heard of less than all cannot tell."""

from __future__ import annotations

from floruntime.core.errors import UnauthorizedError


class NotKnownError(UnauthorizedError):
    """A token, or what it stands on, is not known here. Who is refused is told its text alone."""
