"""What a run keeps of an error: its text, whether to retry, and whether its process was lost."""

from __future__ import annotations

from floruntime.core.errors import NonRetryableError
from floruntime.core.limits import ERROR_TEXT_BYTES_MAX


class HandlerFailed(Exception):
    """A handler did not return; this is the error to report.

    `is_lost`: the process that it ran in has ended, and nobody knows what the handler did until
    then.
    """

    def __init__(self, text: str, retry: bool = True, *, is_lost: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.retry = retry
        self.is_lost = is_lost


def error_text(error: BaseException) -> str:
    """Return its type and message, at most 4 KiB, whatever its `__str__` does."""
    if isinstance(error, HandlerFailed):
        return _cut(error.text)
    name = type(error).__name__
    message = _message_of(error)
    return _cut(f"{name}: {message}" if message else name)


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as inner:  # an application's own __str__ may raise anything
        return f"<its text cannot be shown: {type(inner).__name__}>"


def _cut(text: str) -> str:
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= ERROR_TEXT_BYTES_MAX:
        return data.decode()
    note = f" … (cut from {len(data)} bytes)"
    return data[: ERROR_TEXT_BYTES_MAX - len(note.encode())].decode("utf-8", "ignore") + note


def may_retry(error: BaseException) -> bool:
    """Whether another attempt may help."""
    if isinstance(error, HandlerFailed):
        return error.retry
    return not isinstance(error, NonRetryableError)


def is_lost(error: BaseException) -> bool:
    """Whether the process that the handler ran in has ended."""
    return isinstance(error, HandlerFailed) and error.is_lost
