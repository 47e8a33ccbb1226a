"""Errors of a path: in its text, or when it is followed."""

from __future__ import annotations


class PathError(ValueError):
    """A path that can never be right; `code` is its code in the table of problems."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class PathFailed(Exception):
    """A path that could not be followed in this run. The message names it."""


class PathFindsNothing(PathFailed):
    """Nothing lies where the path points, and the mapping gives no default."""


class PathTooCostly(PathFailed):
    """Following the path would have touched more of the document than one path may."""


class MappingTooLarge(PathFailed):
    """What a mapping makes would be larger than a value may be."""
