"""Writes docs/workflow.schema.json, and fills the tables of docs/workflow-language.md.

python -m scripts.generate_workflow_docs
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import inspect
from scripts.sections import DOCS, table, write_sections
from scripts.workflow_examples import EXAMPLES

from floruntime.core.limits import DURATION_MS_MAX
from floruntime.engine.workflow.language.definition import Definition, Kind, Part
from floruntime.engine.workflow.language.problem_codes import CODES
from floruntime.engine.workflow.language.schema import json_schema
from floruntime.engine.workflow.language.shapes import Key, Shape, keys_of, shape_of

SCHEMA = DOCS / "workflow.schema.json"
PAGE = "workflow-language.md"
EXAMPLE_CHARS_MAX = 60
KINDS = {
    Kind.NAME: "name",
    Kind.OUTCOME: "outcome",
    Kind.TARGET: "target",
    Kind.PATH: "path",
    Kind.MAPPING: "mapping",
    Kind.JSON: "JSON",
    Kind.CONDITION: "condition",
    Kind.DURATION: "ms, or path",
    Kind.MOMENT: "time, or path",
    Kind.JOIN: "`all`, `any`, or a number",
    Kind.KEY: "text, or path",
}


def schema_text() -> str:
    """The schema as it should be on disk."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def parts_of(part: type[Part] = Definition) -> list[type[Part]]:
    """A part and all in it, each once, in the order in which they are met."""
    found = [part]
    for key in keys_of(part).values():
        for inner in _parts_in(key.shape):
            found += [one for one in parts_of(inner) if one not in found]
    return found


def _parts_in(shape: Shape) -> Iterator[type[Part]]:
    match shape.type:
        case inspect.StructType(cls=part):
            assert issubclass(part, Part)
            yield part
        case inspect.DictType(value_type=inner) | inspect.ListType(item_type=inner):
            yield from _parts_in(shape_of(inner))


def part_title(part: type[Part]) -> str:
    """What the reference calls a part."""
    words = "".join(
        f" {letter.lower()}" if letter.isupper() else letter for letter in part.__name__
    )
    return "The definition" if part is Definition else words.strip().capitalize()


def _anchor(part: type[Part]) -> str:
    return f"[{part_title(part).lower()}](#{part_title(part).lower().replace(' ', '-')})"


def type_text(shape: Shape) -> str:
    """A type as the reference shows it."""
    match shape.type:
        case inspect.StructType(cls=part):
            assert issubclass(part, Part)
            return _anchor(part)
        case inspect.DictType() as type:
            names, values = shape_of(type.key_type), shape_of(type.value_type)
            return f"map of {type_text(names)} to {type_text(values)}"
        case inspect.ListType() as type:
            return f"list of {type_text(shape_of(type.item_type))}"
        case inspect.EnumType(cls=choices):
            return " ".join(f"`{choice.value}`" for choice in choices)
        case inspect.LiteralType(values=values):
            return " ".join(f"`{value}`" for value in values)
        case inspect.IntType() | inspect.FloatType():
            return _number_text(shape.type)
        case inspect.BoolType():
            return "`true` `false`"
        case _:
            return KINDS[shape.kind] if shape.kind else "text"


def _number_text(type: inspect.IntType | inspect.FloatType) -> str:
    low = f"{type.ge:,}" if type.ge is not None else f"more than {type.gt}"
    if type.le == DURATION_MS_MAX:
        return f"ms, at least {low}"
    return f"{low} to {type.le:,}"


def default_text(key: Key) -> str:
    """What holds where a key is not given."""
    if key.is_required:
        return "required"
    match key.default:
        case None:
            return ""
        case bool():
            return f"`{str(key.default).lower()}`"
        case int():
            return f"`{key.default}`"
        case str() | float():
            return f"`{key.default}`"
        case Part():
            return "its defaults"
        case _:
            return f"`{key.default}`"


def example_of(part: type[Part], key: str) -> Any:
    """The value that the examples of a part give to a key."""
    for example in EXAMPLES:
        if example.part is part:
            given = _given(part, yaml.safe_load(example.shown))
            if key in given:
                return given[key]
    raise KeyError(f"no example of {part.__name__} has {key}")


def _given(part: type[Part], shown: Any) -> dict[str, Any]:
    """The part within what is shown, which may be beneath its own key, or in a map or list."""
    while not (isinstance(shown, dict) and shown.keys() <= keys_of(part).keys()):
        shown = shown[0] if isinstance(shown, list) else next(iter(shown.values()))
    return shown


def _example_text(part: type[Part], key: str) -> str:
    flow = yaml.safe_dump(
        {key: example_of(part, key)}, default_flow_style=True, width=10_000, sort_keys=False
    )
    text = flow.strip()[1:-1]
    return f"`{text}`" if len(text) <= EXAMPLE_CHARS_MAX else "above"


def part_text(part: type[Part]) -> str:
    """One part: what it is, its examples, its keys."""
    blocks = [f"```yaml\n{example.shown}```" for example in EXAMPLES if example.part is part]
    rows = [
        [
            f"`{key.text}`",
            type_text(key.shape),
            default_text(key),
            key.shape.description,
            _example_text(part, key.text),
        ]
        for key in keys_of(part).values()
    ]
    title = f"### {part_title(part)}"
    keys = table(["key", "type", "default", "meaning", "example"], rows)
    return "\n\n".join([title, " ".join((part.__doc__ or "").split()), *blocks, keys])


def problems_table() -> str:
    """All codes."""
    rows = [[code.code, code.meaning, code.remedy] for code in CODES.values()]
    return table(["code", "what is wrong", "what to do"], rows)


def sections() -> dict[str, str]:
    """Every generated section of the page."""
    parts = "\n\n".join(part_text(part) for part in parts_of())
    return {"parts": parts, "problems": problems_table()}


if __name__ == "__main__":
    SCHEMA.write_text(schema_text())
    print(f"docs/{SCHEMA.name}: written", file=sys.stderr)
    write_sections(PAGE, sections())
