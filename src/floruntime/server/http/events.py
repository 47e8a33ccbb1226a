"""Sends Server-Sent Events: each event with its position, and signs of life in between."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from floruntime.core.errors import FloError, GapError
from floruntime.engine.state.tx import View
from floruntime.server import limits
from floruntime.server.http.caller import HttpCaller
from floruntime.server.http.follows import FOLLOWS, NOTHING, Event, Follow, Place
from floruntime.server.http.messages import EventResponse, HttpRequest
from floruntime.server.http.problems import document_of
from floruntime.server.http.query import Query
from floruntime.server.http.results import to_json
from floruntime.server.server import FloServer

AFTER = "after"
LAST_ID = "last-event-id"


def follow_for(name: str, request: HttpRequest) -> tuple[Follow, Place | None]:
    """What a request follows, and the place after which to begin. Raises `BadRequestError`."""
    kind = FOLLOWS[name]
    query = Query(request.query, (*kind.FIELDS, AFTER))
    follow = kind(query)
    text = request.headers.get(LAST_ID) or query.optional(AFTER)
    place = None if text is None else Place.parse(text)
    if place is not None:
        follow.go_on_at(place.position)
    return follow, place


async def open_events(
    server: FloServer, caller: HttpCaller, namespace: str, follow: Follow, place: Place | None
) -> EventResponse:
    """Begin to follow. Raises a refusal before anything is sent."""
    following = _Following(server, caller, namespace, follow)
    first = await following.begin(place)
    return EventResponse(following.events(first))


class _Following:
    def __init__(
        self, server: FloServer, caller: HttpCaller, namespace: str, follow: Follow
    ) -> None:
        self._server = server
        self._caller = caller
        self._namespace = namespace
        self._follow = follow
        self._history = ""

    async def begin(self, place: Place | None) -> list[Event]:
        if place is not None:
            await self._follow.check_allowed(self._caller, self._namespace)
        view = self._view()
        self._history = self._history_now(view)
        if place is not None:
            if place.history and not self._is_same_history(place):
                raise GapError(
                    "this position belongs to another history of the server; read what "
                    "there is, then follow again"
                )
            if view is not None:
                self._follow.check_kept(view)
        return list(await self._follow.ask(self._caller, self._namespace, 0))

    def _view(self) -> View | None:
        """The state in the namespace, where this server has it."""
        return self._server.view_in(self._namespace)

    def _history_now(self, view: View | None) -> str:
        """The history now. If another node has the state, only the history's name is known here."""
        name = self._server.history_name
        return name if view is None else self._follow.history(name, view)

    def _is_same_history(self, place: Place) -> bool:
        """Whether a place is in the present history.

        It also is if the stream did not exist then: its client has missed none of the records.
        """
        is_of_nothing = place.history.endswith(NOTHING) and place.position == "0-0"
        return place.history == self._history or (
            is_of_nothing and self._history.startswith(place.history.removesuffix(NOTHING))
        )

    async def events(self, first: list[Event]) -> AsyncIterator[bytes]:
        yield self._sent(first)
        try:
            while not self._follow.is_over:
                yield self._sent(await self._next())
        except FloError as error:
            yield b"event: error\ndata: " + to_json(document_of(error)) + b"\n\n"

    async def _next(self) -> list[Event]:
        self._look()
        found = await self._follow.ask(self._caller, self._namespace, limits.EVENTS_COMMENT_MS)
        self._history = self._history_after(found)
        return list(found)

    def _history_after(self, found: Sequence[Event]) -> str:
        """The history after these events: what did not exist before exists if it has events."""
        was_nothing = bool(found) and self._history.endswith(NOTHING)
        return self._history_now(self._view()) if was_nothing else self._history

    def _look(self) -> None:
        """Check that what is followed still exists; it may also have been created meanwhile."""
        view = self._view()
        history = self._history_now(view)
        if history != self._history and not self._history.endswith(NOTHING):
            raise GapError("what was followed was deleted, or deleted and created again")
        self._history = history
        if view is not None:
            self._follow.check_kept(view)

    def _sent(self, events: list[Event]) -> bytes:
        """Encode events. Without any, send a comment, and the position reached."""
        if not events:
            return f": \nid: {self._history}:{self._follow.position}\n\n".encode()
        return b"".join(
            f"id: {self._history}:{event.position}\ndata: ".encode()
            + to_json(event.value)
            + b"\n\n"
            for event in events
        )
