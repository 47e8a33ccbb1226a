"""The content hash of a definition: the same for all texts with the same meaning."""

from __future__ import annotations

import hashlib
import json
from enum import Enum
from typing import Any

from floruntime.engine.workflow.language.definition import Definition, Part
from floruntime.engine.workflow.language.shapes import keys_of


def content_hash(definition: Definition) -> str:
    """SHA-256 of the definition in a canonical form, as hexadecimal digits.

    Comments, quoting, the order of keys, JSON text or YAML, and defaults written out make no
    difference. Whatever is at its default is left out, so that keys added to the language later
    leave the hashes of older definitions alone.
    """
    text = json.dumps(_plain(definition), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        given = ((key, getattr(value, key.name)) for key in keys_of(type(value)).values())
        return {
            key.text: _plain(one) for key, one in given if key.is_required or one != key.default
        }
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value
