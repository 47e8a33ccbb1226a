"""Running one command: the connection it needs, the exit code it ends with, the error it tells."""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import typer

from floruntime.cli.base.errors import (
    BROKEN_PIPE,
    DONE,
    INTERRUPTED,
    MEANT,
    MISSING,
    NO_CONNECTION,
    OTHER,
    REFUSED,
    USAGE,
    AfterWriting,
    Empty,
    Failure,
    OutputLost,
    ReaderGone,
    UsageProblem,
)
from floruntime.cli.base.output import Output, complain, complain_json
from floruntime.cli.base.root_options import expect_store
from floruntime.cli.base.terminal import is_terminal
from floruntime.cli.base.tls import Tls
from floruntime.core import defaults
from floruntime.core.errors import (
    BadRequestError,
    ConflictError,
    ConnectionFailedError,
    FloError,
    ForbiddenError,
    GapError,
    NotConnectedError,
    NotFoundError,
    RequestTimeoutError,
    UnauthorizedError,
)
from floruntime.core.limits import LIMIT_MAX
from floruntime.core.printable import printable
from floruntime.core.types import Page

if TYPE_CHECKING:
    from floruntime.client.base import BaseClient
    from floruntime.client.link.reads import ReadsFrom

P = ParamSpec("P")
Item = TypeVar("Item")

_REFUSALS = (BadRequestError, ConflictError, ForbiddenError, GapError, UnauthorizedError)
_NO_ANSWER = (ConnectionFailedError, NotConnectedError, RequestTimeoutError)


@dataclass(frozen=True)
class Settings:
    """The options that stand before the group."""

    host: str
    namespace: str
    token: str | None
    timeout_ms: int
    is_json: bool
    tls: Tls
    may_create: bool = False
    #: Which options of the root command an address said, from the command line or the environment.
    said: frozenset[str] = frozenset()
    reads: ReadsFrom = defaults.READS
    max_staleness_ms: int | None = None


@dataclass(frozen=True)
class Session:
    """What a command works with: a client, and where its results go."""

    client: BaseClient
    out: Output


Command = Callable[Concatenate[Session, P], Coroutine[Any, Any, None]]


def connected(function: Command[P]) -> Callable[..., None]:
    """Make an async function of a `Session` and options into a command that connects for it."""

    def command(ctx: typer.Context, **options: Any) -> None:
        async def work(session: Session) -> None:
            await function(session, **options)  # type: ignore[call-arg]  # options are its own

        asyncio.run(run_session(work, settings_of(ctx)))

    own = inspect.signature(function, eval_str=True)
    context = inspect.Parameter(
        "ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )
    parameters = [context, *list(own.parameters.values())[1:]]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # typer reads it
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__name__ = function.__name__
    command.__doc__ = function.__doc__
    return command


async def run_session(work: Callable[[Session], Awaitable[None]], settings: Settings) -> None:
    """Do `work` with a client that connects when it is first used."""
    from floruntime.cli.base.client import CommandClient

    expect_store(settings.host, settings.may_create)
    client = CommandClient(
        settings.host,
        namespace=settings.namespace,
        token=settings.token,
        timeout_ms=settings.timeout_ms,
        tls=settings.tls.context(),
        reads=settings.reads,
        max_staleness_ms=settings.max_staleness_ms,
    )
    try:
        await work(Session(client, Output(settings.is_json)))
    except MEANT:
        raise
    except Exception as error:
        if client.has_written:
            raise AfterWriting from error
        raise
    finally:
        await client.close()


def settings_of(ctx: typer.Context) -> Settings:
    """The options that were given before the group."""
    settings = ctx.find_object(Settings)
    assert settings is not None, "the root command sets them"
    return settings


async def pages(
    fetch: Callable[[int, str | None], Awaitable[Page[Item]]],
    limit: int,
    cursor: str | None,
    everything: bool,
) -> Page[Item]:
    """One page, or with `everything` all from `cursor` on as one. Says how to go on."""
    if not everything:
        page = await fetch(limit, cursor)
        if page.cursor is not None:
            complain(f"there is more: --cursor {page.cursor}, or --all")
        return page
    items: list[Item] = []
    while True:
        page = await fetch(LIMIT_MAX, cursor)
        items.extend(page)
        cursor = page.cursor
        if cursor is None:
            return Page(items, None)


def show_acks(out: Output, result: Any, done: str, stale: str) -> None:
    """What an ack, nack or touch did; refused (exit code 3) where a lease was not the caller's."""
    lines = [
        *(f"{each} {done}" for each in result.done),
        *(f"{each} {stale}" for each in result.stale),
    ]
    out.show(result, "\n".join(lines))
    if result.stale:
        raise typer.Exit(REFUSED)


def confirm(question: str, yes: bool) -> None:
    """Ask before something is destroyed; scripts (no terminal on standard input) are not asked."""
    if yes or not is_terminal(sys.stdin):
        return
    if not typer.confirm(question, err=True):
        raise Failure("nothing was changed", code="declined")


def run_command_line(command: Any, arguments: Sequence[str]) -> int:
    """Run `flo ARGUMENTS`; its exit code. Errors are told on standard error, in one line."""
    is_json = "--json" in arguments
    try:
        result = command.main(args=list(arguments), prog_name="flo", standalone_mode=False)
        return result if isinstance(result, int) else DONE
    except Empty as nothing:
        if not is_json:
            complain(str(nothing))
        return MISSING
    except ReaderGone:  # it had what it needed, and nothing was written to the server
        return BROKEN_PIPE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except Exception as error:
        if os.environ.get("FLO_DEBUG") == "1":
            raise
        return _tell(error, is_json)


def _tell(error: BaseException, is_json: bool) -> int:
    has_written = isinstance(error, AfterWriting)
    if has_written and error.__cause__ is not None:
        error = error.__cause__
    exit_code, code, message, details = _judge(error)
    message += _hint(error)
    ran = "yes" if has_written else getattr(error, "ran", "no")
    if is_json:
        complain_json({"error": code, "message": message, "ran": ran, **details})
    elif type(error).__name__ == "NoArgsIsHelpError":  # a help text, with lines of its own
        complain(message)
    else:
        complain(f"error: {printable(' '.join(message.split()))}{_CONSEQUENCES[ran]}")
    return exit_code


def _hint(error: BaseException) -> str:
    """What else to say here to who gave no token."""
    is_bare = isinstance(error, UnauthorizedError) and error.message.endswith("none was given")
    return "; give it by --token, FLO_TOKEN or FLO_URL" if is_bare else ""


_CONSEQUENCES = {"no": "", "maybe": " (it may have taken effect)", "yes": " (it has taken effect)"}


def _judge(error: BaseException) -> tuple[int, str, str, dict[str, Any]]:
    if isinstance(error, FloError):
        return exit_code_of(error), error.code, error.message, error.details
    if isinstance(error, Failure):
        return error.exit_code, error.code, str(error), error.details
    if isinstance(error, OutputLost):
        return error.exit_code, error.code, f"the output could not be written: {error}", {}
    if isinstance(error, UsageProblem):
        return USAGE, "usage", _usage_message(error), {}
    if isinstance(error, ModuleNotFoundError) and not f"{error.name}.".startswith("floruntime."):
        brings = (
            "this needs packages that are not installed: pip install 'floruntime[server]' "
            f"({error})"
        )
        return OTHER, "failed", brings, {}
    return OTHER, "failed", f"{type(error).__name__}: {error}", {}


def exit_code_of(error: FloError) -> int:
    """What `flo` ends with on this error."""
    if isinstance(error, NotFoundError):
        return MISSING
    if isinstance(error, _REFUSALS):
        return REFUSED
    if isinstance(error, _NO_ANSWER):
        return NO_CONNECTION
    return OTHER


_PLAINLY = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "it must be a whole "
    "number",
}
"""What the library of the command line says, and what is said instead."""


def _usage_message(error: Any) -> str:
    if type(error).__name__ == "NoArgsIsHelpError":
        return str(error.format_message())
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    message: str = error.format_message()
    for library, plain in _PLAINLY.items():
        message = message.replace(library, plain)
    return message.rstrip(".") + hint
