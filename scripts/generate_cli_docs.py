"""Writes docs/cli.md from the commands themselves. `--check`: only say whether it is current."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from floruntime.cli.main import app

FILE = Path(__file__).parent.parent / "docs" / "cli.md"
HEAD = """# The command line

*Generated from the commands by `scripts/generate_cli_docs.py`; do not edit.*

`flo [OPTIONS] GROUP COMMAND …`. The options of `flo` itself may stand before the group or after the
command. Results go to standard output, everything else to standard error.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | not found, or nothing there |
| 2 | usage: a wrong option or setting |
| 3 | refused: a conflict, a bad request, no permission, a stale lease |
| 4 | no connection, or no answer in time |
| 5 | anything else |
| 130 | interrupted |
| 141 | whoever read the output has gone |

- A value or payload is the argument itself, `-` for standard input, or `@PATH` for a file; `@@text`
  is the text `@text`. What looks like an option goes behind `--`.
- A duration is `30s`, `5m`, `1h30m`, `250ms`, or plain milliseconds. A size is `64KiB`, `10MiB`,
  `1GiB`, or plain bytes.
- On a terminal, listings are tables, cut to its width: the last column first, with `…` for what is
  left out. Into a pipe they are tab-separated lines under one of column names, never cut.
- On a terminal, control characters and marks of writing direction are shown escaped. Into a pipe,
  or with `kv get --raw`, values go as they are.
- `--json` writes one JSON document (`kv watch`, `stream read --follow` and
  `workflow history --follow`: one on each line), with
  the field names of the Python API and times in milliseconds. Bytes that are not UTF-8 are in a
  field `NAME_base64` instead of `NAME`. Listings by page are
  `{"items": […], "cursor": …, "has_more": …}`; the cursor is null at the end. Errors are
  `{"error": CODE, "message": …, "ran": "no"|"maybe"|"yes"}` on standard error. "yes": it took
  effect, but its output could not be written (code `output`), or a later part of it failed.
- Messages and records that were taken and could not be shown are handed back, with no attempt
  counted; the error names them (`taken`, `handed_back`). A token that nobody saw is revoked.
- `--host file:PATH` and `--data-dir DIR` need a data directory that is there; `--create` makes one.
- Messages and records to ack, nack or touch are named by seq or id: then the operator is believed.
  `SEQ:LEASE` and `ID:LEASE` are refused if somebody else holds it by now.
- Purging and deleting whole things asks first when standard input is a terminal; `--yes` does not.
- `flo --install-completion` sets up completion for your shell. `FLO_DEBUG=1` shows the traceback
  of an error.
"""


def walk(command: Any, path: tuple[str, ...] = ("flo",)) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group, with the words that call it."""
    yield path, command
    if hasattr(command, "list_commands"):
        for name in command.list_commands(None):
            yield from walk(command.get_command(None, name), (*path, name))


def document() -> str:
    """The whole page."""
    return HEAD + "".join(map(_section, *zip(*walk(typer.main.get_command(app)), strict=True)))


def _section(path: tuple[str, ...], command: Any) -> str:
    is_group = hasattr(command, "list_commands")
    level = "##" if is_group else "###"
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if _is_listed(each)]
    lines = [f"\n{level} {' '.join(path)}\n", command.help.replace("\b\n", "").strip() + "\n"]
    if not is_group:
        usage = " ".join([*path, *map(_usage, arguments), *(["[OPTIONS]"] if options else [])])
        lines.append(f"`{usage}`\n")
    if arguments or options:
        lines.append("| | |\n| --- | --- |")
        lines += [f"| `{each.metavar}` | {_escaped(each.help)} |" for each in arguments]
        lines += [f"| {_names(each)} | {_escaped(_option_help(each))} |" for each in options]
        lines.append("")
    if command.epilog:
        examples = command.epilog.removeprefix("\b\nExamples:\n").splitlines()
        lines += ["```sh", *(line.strip() for line in examples), "```", ""]
    return "\n".join(lines)


def _is_listed(parameter: Any) -> bool:
    return (
        parameter.param_type_name == "option"
        and not parameter.hidden
        and parameter.name not in {"help", "install_completion", "show_completion"}
    )


def _usage(argument: Any) -> str:
    text = argument.metavar + ("…" if argument.nargs == -1 else "")
    return text if argument.required else f"[{text}]"


def _names(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    return names if option.is_flag else f"{names} `{_escaped(option.metavar or 'VALUE')}`"


def _option_help(option: Any) -> str:
    notes = []
    if option.required:
        notes.append("required")
    if option.envvar:
        notes.append(f"environment: {option.envvar}")
    shown = option.show_default if isinstance(option.show_default, str) else None
    if shown is None and option.show_default and option.default not in (None, False, ""):
        shown = str(option.default)
    if shown is not None:
        notes.append(f"default: {shown}")
    return str(option.help) + (f" ({'; '.join(notes)})" if notes else "")


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    """Write the page, or with `--check` compare it."""
    text = document()
    if sys.argv[1:] == ["--check"]:
        current = FILE.exists() and FILE.read_text(encoding="utf-8") == text
        sys.exit(None if current else f"{FILE} is not current: run {sys.argv[0]}")
    FILE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
