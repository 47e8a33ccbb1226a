"""The position of each key and value of a definition in its text."""

from __future__ import annotations

import msgspec

from floruntime.engine.workflow.language.problems import KeyPath


class Places(msgspec.Struct):
    """Indexes into the text. A value that is not there stands where what it belongs to stands."""

    values: dict[KeyPath, int] = msgspec.field(default_factory=dict)
    keys: dict[KeyPath, int] = msgspec.field(default_factory=dict)

    def of_value(self, path: KeyPath) -> int:
        """Where a value begins."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, 0)

    def of_key(self, path: KeyPath) -> int:
        """Where the key of a value begins; of an element of a list, where it begins itself."""
        return self.keys[path] if path in self.keys else self.of_value(path)
