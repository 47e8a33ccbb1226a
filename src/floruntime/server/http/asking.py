"""Makes a call, or a batch of calls, with the arguments of a body."""

from __future__ import annotations

import inspect
from typing import Any

from floruntime.client.api.base.caller import Caller
from floruntime.client.api.batch import Recorder, send
from floruntime.core.errors import BadRequestError
from floruntime.core.nearest import nearest
from floruntime.server.http.bodies import Members, call_in, commands_of
from floruntime.server.http.calls import HttpCall, batch_calls


async def ask_call(call: HttpCall, caller: Caller, members: Members) -> Any:
    """Make one call; its result."""
    arguments = call.arguments(members)
    result = getattr(call.part(caller), call.method)(**arguments)
    return await result if inspect.isawaitable(result) else result


async def ask_batch(caller: Caller, members: Members) -> Any:
    """Make the writes of a batch, all or none; their results, in order."""
    recorder = Recorder(caller, None)
    for index, command in enumerate(commands_of(members)):
        try:
            _record(recorder, command)
        except BadRequestError as error:
            if error.index is None:
                error.index = index
            raise
    results = await send(caller, recorder.end(), caller.namespace, None)
    return {"results": results}


def _record(recorder: Recorder, command: Members) -> None:
    name = call_in(command)
    call = batch_calls().get(name)
    if call is None:
        near = nearest(name, batch_calls())
        hint = f"; did you mean {near}?" if near else ""
        raise BadRequestError(f"the call {name!r} is not allowed in a batch{hint}")
    members = {field: raw for field, raw in command.items() if field != "call"}
    getattr(call.part(recorder), call.method)(**call.arguments(members))
