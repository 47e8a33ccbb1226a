"""`flo workflow new`: a definition to begin with, which editors know the keys of."""

from __future__ import annotations

import json
import re
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer
import yaml

from floruntime.cli.base.errors import REFUSED, Failure
from floruntime.cli.base.options import examples, group
from floruntime.cli.base.output import Output
from floruntime.cli.base.root_options import CONNECTION, refuse
from floruntime.cli.base.run import settings_of
from floruntime.core.limits import check_name

app = group("Definitions to begin with.")

SCHEMA_URL = "https://raw.githubusercontent.com/floruntime/flo/main/docs/workflow.schema.json"
SKELETON = """\
# yaml-language-server: $schema={schema}
#
# Check it with `flo workflow validate {path}`, take it over with `flo workflow sync {path}`,
# begin a run with `flo workflow start {shell_name} '{{"order": 42}}'`.
kind: Workflow
name: {yaml_name}
version: "1" # another text needs another version; runs stay on the one that they began with

# Every run begins here. The action is a handler of a worker: @worker.action({check}).
start:
  run: {run_check}
  # Which part of what is known goes to the action; without it, it gets the run's input.
  # inputMapping: {{order: $.input.order}}
  transitions:
    # outcome of the action -> next step, or an end
    success: approval
    failure: flo.Failed

steps:
  # Wait for a person: `flo workflow signal RUN_ID decision '{{"by": "ada"}}'`.
  approval:
    waitForSignal:
      type: decision
      timeoutMs: 86400000 # a day
      onTimeout: expired
    transitions:
      success: finish

  # Try again what may fail; the waits grow.
  finish:
    run: {run_finish}
    retry:
      max_attempts: 5
      backoff: exponential
      initial_delay_ms: 1000
      max_delay_ms: 60000
    transitions:
      success: flo.Completed
      failure: flo.Failed

# Ends of your own, beside flo.Completed and flo.Failed.
terminals:
  expired:
    status: timed_out
"""


@app.command(epilog=examples("flo workflow new order", "flo workflow new order --dir workflows"))
def new(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The workflow, and its file.")],
    directory: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="The directory of the file.")
    ] = Path(),
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite the file if it exists.")
    ] = False,
    to_output: Annotated[
        bool, typer.Option("--print", help="Print it, and create no file.")
    ] = False,
) -> None:
    """Write NAME.yaml, a workflow to begin with. It is commented, and editors know its schema.

    Editors with a language server for YAML check it as you type, and complete its keys: the first
    line names the schema.
    """
    refuse(ctx, ("namespace", *CONNECTION), "does not apply: this asks no server")
    check_name("workflow", name)
    out = Output(settings_of(ctx).is_json)
    path = directory / f"{name.replace('/', '-')}.yaml"
    text = _skeleton(name, quote(str(path)))
    if to_output:
        out.show({"text": text}, text.rstrip("\n"))
        return
    if path.exists() and not force:
        raise Failure(f"{path} exists already; --force overwrites it", exit_code=REFUSED)
    directory.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    out.show({"path": str(path)}, f"{path}: made; next: flo workflow validate {quote(str(path))}")


def _skeleton(name: str, path: str) -> str:
    # YAML reads `42` as a number, `no` as false, and stumbles over some characters.
    is_plain = re.fullmatch(r"[^\W\d][\w.-]*", name) and yaml.safe_load(name) == name
    return SKELETON.format(
        schema=SCHEMA_URL,
        path=path,
        shell_name=quote(name),
        yaml_name=name if is_plain else _quoted(name),
        check=_quoted(f"check-{name}"),
        run_check=_quoted(f"@actions/check-{name}"),
        run_finish=_quoted(f"@actions/finish-{name}"),
    )


def _quoted(text: str) -> str:
    """As a text in YAML and in Python."""
    return json.dumps(text, ensure_ascii=False)
