"""Text of others, made safe to print: no terminal obeys it, and one line stays one line."""

from __future__ import annotations


def printable(text: str, keep: str = "") -> str:
    """`text` with control characters, marks of writing direction and the like as their escapes
    (`\\\\n`, `\\\\x1b`, `\\\\u202e`), but for the characters in `keep`.
    """
    if text.isprintable():
        return text
    return "".join(each if each in keep else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":  # a non-UTF-8 byte, as `surrogateescape` reads it
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def printable_json(text: str) -> str:
    """The same for JSON text on one line; it stays JSON with the same meaning."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _json_escape(each) for each in text)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
