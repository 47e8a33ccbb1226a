"""`flo token`: who may do what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated

import typer

from floruntime.cli.base.errors import Empty, Failure, OutputLost
from floruntime.cli.base.options import All, Cursor, Limit, duration, examples, group
from floruntime.cli.base.output import at, cell, check_output, complain, plain, rows_of
from floruntime.cli.base.root_options import given, refuse
from floruntime.cli.base.run import Session, connected, pages, run_session, settings_of
from floruntime.cli.base.tls import Tls
from floruntime.client.api.tokens import NewToken
from floruntime.core import defaults
from floruntime.core.errors import FloError
from floruntime.core.token import Role, TokenInfo

app = group(
    "Tokens: who may do what. An admin creates them, or anyone with access to the data directory."
)

DataDir = Annotated[
    str | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        help="Use this data directory, whose server is stopped, instead of asking a server.",
        show_default=False,
    ),
]


_OF_A_SERVER = ("host", "token", "tls", "tls_ca", "client_cert", "client_key")


def _run(
    ctx: typer.Context, data_dir: str | None, work: Callable[[Session], Awaitable[None]]
) -> None:
    """Connect to the server, or open the stopped one's data, and do the work."""
    settings = settings_of(ctx)
    if data_dir is not None:
        refuse(ctx, _OF_A_SERVER, "and --data-dir are both given; give one")
        settings = replace(settings, host=f"file:{data_dir}", token=None, tls=Tls())
    asyncio.run(run_session(work, settings))


@app.command(
    epilog=examples(
        "flo token create --role web -n shop --expires 12h",
        "flo token create --role web -n shop --scope 'append:stream:chat:*' --scope read:kv:flags",
        "flo token create --role backend --namespace shop --namespace mail",
        "flo token create --role admin --data-dir ./flo-data",
    )
)
def create(
    ctx: typer.Context,
    role: Annotated[
        Role,
        typer.Option("--role", metavar="|".join(Role), help="What its holder may do."),
    ],
    namespaces: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace",
            "-n",
            metavar="NAME",
            help="A namespace that the token is for; repeatable.",
            show_default="all",
        ),
    ] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="ACTION:PRIMITIVE:NAME",
            help="Allow only this of what the role may do; repeatable. NAME may end in *, as a "
            "prefix.",
            show_default="all",
        ),
    ] = None,
    expires: Annotated[
        int | None, duration("--expires", help="How long it is valid.", default="forever")
    ] = None,
    description: Annotated[
        str | None,
        typer.Option(
            "--description", help="What the token is for, shown in the list.", show_default=False
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Create a token. It is shown only once, since the server keeps only a hash of it.

    The first token turns tokens on: from then on every client needs one.
    """

    check_output()  # nobody could ever see the token
    named = [*_named_before(ctx), *(namespaces or ())]

    async def work(session: Session) -> None:
        new = await session.client.tokens.create(
            role,
            namespaces=named,
            lifetime_ms=expires,
            description=description,
            scopes=scopes or (),
        )
        await _show_new(session, new)
        if not session.out.is_json:
            complain(f"{_told(new.info)}. It is shown only now.")

    _run(ctx, data_dir, work)


async def _show_new(session: Session, new: NewToken) -> None:
    """Show the token this one time; one that nobody could see is of no use, and is revoked."""
    try:
        session.out.show({"token": new.token, **plain(new.info)}, new.token)
    except OutputLost as lost:
        try:
            await session.client.tokens.revoke(new.info.id)
            fate = "it is revoked"
        except FloError:  # it was the first one: now nobody gets in without a token
            fate = "nobody has a token now; stop the server and create one with --data-dir"
        raise Failure(
            f"the output could not be written: {lost}; token {new.info.id} was created and "
            f"could not be shown, so {fate}",
            exit_code=lost.exit_code,
            code=lost.code,
            ran="yes",
            token_id=new.info.id,
        ) from lost


def _named_before(ctx: typer.Context) -> list[str]:
    """`flo -n shop token create` means that namespace, too, and surely not all of them."""
    return [settings_of(ctx).namespace] if "namespace" in given(ctx) else []


def _told(info: TokenInfo) -> str:
    where = f"namespaces {', '.join(info.namespaces)}" if info.namespaces else "all namespaces"
    until = f"until {at(info.expires_at_ms)}" if info.expires_at_ms else "until it is revoked"
    what = f", scopes {' '.join(info.scopes)}" if info.scopes else ""
    return f"token {info.id}, role {info.role.value}, {where}{what}, valid {until}"


@app.command(
    epilog=examples(
        "flo token mint --scope 'append:stream:chat:*' --scope read:kv:flags",
        "flo token mint --scope read:stream:news --expires 1h --namespace shop --json",
    )
)
def mint(
    ctx: typer.Context,
    scopes: Annotated[
        list[str],
        typer.Option(
            "--scope",
            metavar="ACTION:PRIMITIVE:NAME",
            help="What the page may do; repeatable. NAME may end in *, as a prefix.",
        ),
    ],
    namespaces: Annotated[
        list[str] | None,
        typer.Option(
            "--namespace",
            "-n",
            metavar="NAME",
            help="A namespace that the token is for; repeatable.",
            show_default="those of your own token",
        ),
    ] = None,
    expires: Annotated[
        int, duration("--expires", help="How long it is valid, up to 1h.", default="10m")
    ] = defaults.MINTED_MS,
) -> None:
    """Create a short-lived token of the role web for a page. The server does not store it.

    The role backend may do this. It also works on a server without tokens, and leaves it so.
    """

    check_output()
    named = [*_named_before(ctx), *(namespaces or ())]

    async def work(session: Session) -> None:
        minted = await session.client.tokens.mint(
            scopes=scopes, expires_ms=expires, namespaces=named or None
        )
        session.out.show(minted, minted.token)
        if not session.out.is_json:
            complain(f"valid until {at(minted.expires_at_ms)}; it cannot be shown again")

    _run(ctx, None, work)


@app.command(epilog=examples("flo token whoami", "flo --token flo_k3f9x0a7m2qd_... token whoami"))
@connected
async def whoami(session: Session) -> None:
    """Show what your token may do: its role, namespaces and scopes, and until when."""
    own = await session.client.tokens.whoami()
    lines = (
        f"who         {cell(own.who)}",
        f"role        {own.role.value}",
        f"namespaces  {'all' if own.namespaces is None else ' '.join(map(cell, own.namespaces))}",
        f"scopes      {'all' if own.scopes is None else ' '.join(map(cell, own.scopes))}",
        f"until       {at(own.expires_at_ms) if own.expires_at_ms else 'it is revoked'}",
    )
    session.out.show(own, "\n".join(lines))


@app.command("list", epilog=examples("flo token list", "flo token list --all --json"))
def list_(
    ctx: typer.Context,
    limit: Limit = defaults.PAGE_LIMIT,
    cursor: Cursor = None,
    all_: All = False,
    data_dir: DataDir = None,
) -> None:
    """List the tokens, by id. Expired and revoked ones stay listed for 30 days."""

    async def work(session: Session) -> None:
        page = await pages(
            lambda limit, cursor: session.client.tokens.list(limit=limit, cursor=cursor),
            limit,
            cursor,
            all_,
        )
        session.out.table(
            page,
            [
                "token",
                "role",
                "namespaces",
                "scopes",
                "created",
                "expires",
                "revoked",
                "description",
            ],
            rows_of(
                page,
                lambda each: each.id,
                lambda each: each.role.value,
                lambda each: " ".join(each.namespaces) or "all",
                lambda each: " ".join(each.scopes) or "all",
                lambda each: at(each.created_at_ms),
                lambda each: at(each.expires_at_ms),
                lambda each: at(each.revoked_at_ms),
                lambda each: each.description,
            ),
        )
        if not page:
            raise Empty("there are no tokens, so clients need none")

    _run(ctx, data_dir, work)


@app.command(epilog=examples("flo token revoke k3f9x0a7m2qd"))
def revoke(
    ctx: typer.Context,
    token_id: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The token's id, as the list shows it.")
    ],
    data_dir: DataDir = None,
) -> None:
    """Revoke a token. Connections that use it are closed."""

    async def work(session: Session) -> None:
        info = await session.client.tokens.revoke(token_id)
        session.out.show(info, f"revoked {cell(info.id)}")

    _run(ctx, data_dir, work)
