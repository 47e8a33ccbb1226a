"""The first admin's token, read from the file that the setting `admin_token_file` names.

Anyone who can write that file decides who is an admin, so only its owner and its group may.
"""

from __future__ import annotations

import os
import stat

from floruntime.core.limits import SYSTEM_NAMESPACE
from floruntime.core.token import TokenAdopt, hash_of, id_for, id_of
from floruntime.engine.state.audit_note import AuditNote
from floruntime.server.config import ConfigError

CHARS_MIN = 20
CHARS_MAX = 1_000


def read_admin_token(path: str) -> str:
    """The token in the file, without the line end behind it. Raises `ConfigError`."""
    try:
        with open(path, encoding="utf-8") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(CHARS_MAX + 2).strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(f"admin_token_file {path} cannot be read: {reason}") from None
    if mode & stat.S_IWOTH:
        raise ConfigError(
            f"admin_token_file {path} can be written by everybody (mode "
            f"{mode & 0o777:04o}), so anyone could become an admin; set its mode to 0600"
        )
    _check(path, text)
    return text


def _check(path: str, text: str) -> None:
    if not text:
        raise ConfigError(f"admin_token_file {path} is empty; it must hold the admin's token")
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ConfigError(
            f"admin_token_file {path} must hold one token: one line of ASCII without spaces"
        )
    if not CHARS_MIN <= len(text) <= CHARS_MAX:
        told = f"more than {CHARS_MAX}" if len(text) > CHARS_MAX else str(len(text))
        raise ConfigError(
            f"admin_token_file {path} holds a token of {told} characters; {CHARS_MIN} to "
            f"{CHARS_MAX} are allowed, such as `openssl rand -hex 32` makes"
        )


def settings_note(path: str) -> AuditNote:
    """What is written down of an adoption."""
    return AuditNote("the server's settings", path, SYSTEM_NAMESPACE, [0])


def adopting(token: str) -> TokenAdopt:
    """The command that lets the holder of `token` in."""
    return TokenAdopt(id_of(token) or id_for(token), hash_of(token))
