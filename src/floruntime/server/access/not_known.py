"""The refusal for a token or session that a server does not know, but perhaps only not yet."""

from __future__ import annotations

from floruntime.core.errors import UnauthorizedError


class NotKnownError(UnauthorizedError):
    """A token, or what it depends on, is not known here. The client gets only the text."""
