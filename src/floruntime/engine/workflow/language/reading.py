"""YAML text to a `Definition`, as far as it can be read, with all that is wrong in its text.

Reading goes on after a mistake, so that all of them are told at once: what cannot be read is left
at its default, or filled with something of its type, and `Reading.is_sound` says of any place
whether to believe it. What references and combinations mean is for `validation.py`.
"""

from __future__ import annotations

from typing import Final

from floruntime.engine.workflow.language.definition import Definition
from floruntime.engine.workflow.language.part_reader import read_definition
from floruntime.engine.workflow.language.places import Places
from floruntime.engine.workflow.language.problems import KeyPath, Problems
from floruntime.engine.workflow.language.source import Source
from floruntime.engine.workflow.language.yaml_nodes import (
    DEFINITION_BYTES_MAX,
    Map,
    Node,
    read_nodes,
)

_BYTE_ORDER_MARK: Final = "\ufeff"


class Reading:
    """`definition` is `None` where the text is no map of YAML at all."""

    def __init__(self, data: bytes) -> None:
        self.definition: Definition | None = None
        self.places = Places()
        self.source = Source("")
        self.problems = Problems(self.source)
        if self._take_text(data):
            self._read(read_nodes(self.source, self.problems))
        self._wrong = frozenset(self.problems.erroneous)
        self._wrong_beneath = frozenset(path[:-1] for path in self._wrong if path)

    def _take_text(self, data: bytes) -> bool:
        """Take the bytes as text. Answers whether they are some."""
        text = data[: DEFINITION_BYTES_MAX + 1].decode(errors="replace")
        self.source = Source(text.removeprefix(_BYTE_ORDER_MARK))
        self.problems = Problems(self.source)
        if len(data) > DEFINITION_BYTES_MAX:
            message = f"the file has {len(data):,} bytes; {DEFINITION_BYTES_MAX:,} are allowed"
            self.problems.add("E102", (), 0, message)
            return False
        try:
            data.decode()
        except UnicodeDecodeError as error:
            before = data[: error.start].decode().removeprefix(_BYTE_ORDER_MARK)
            message = f"the byte 0x{data[error.start]:02x} is not UTF-8: {error.reason}"
            self.problems.add("E101", (), len(before), message)
            return False
        return True

    def _read(self, root: Node | None) -> None:
        if isinstance(root, Map):
            self.definition = read_definition(root, self.source, self.problems, self.places)
        elif root is not None or not self.problems.erroneous:
            found = "there is nothing" if root is None else "there is no map"
            message = f"{found}; a definition is a map of keys such as kind, name and start"
            self.problems.add("E104", (), root.start if root else 0, message)

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong with the text."""
        return bool(self._wrong)

    def is_given(self, path: KeyPath) -> bool:
        """Whether the text says anything at this place, or leaves it to the default."""
        return path in self.places.values

    def is_sound(self, path: KeyPath) -> bool:
        """Whether nothing is wrong here, or with what it belongs to."""
        return not any(path[:length] in self._wrong for length in range(len(path) + 1))

    def is_sound_within(self, path: KeyPath) -> bool:
        """Whether nothing is wrong with the keys of this part, so that it is known what it has."""
        return path not in self._wrong_beneath
