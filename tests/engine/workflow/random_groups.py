"""Random workflows with branches, items and compensations, and random things that happen."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.engine.workflow.random_flows import pauses, plans

Json = dict[str, Any]
Happening = tuple[Any, ...]

ACTIONS = ("a", "b", "undo")
SIGNALS = ("x", "y", "z")
STEPS = ("start", "s1", "s2", "s3")
_ENDS = ("flo.Completed", "flo.Failed", "flo.Cancelled")


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _given(draw: st.DrawFn, **keys: st.SearchStrategy[Any]) -> Json:
    """A dict of those that were drawn as something."""
    drawn = {key: draw(strategy) for key, strategy in keys.items()}
    return {key: value for key, value in drawn.items() if value is not None}


_COMPENSATE = st.fixed_dictionaries(
    {"run": st.just("@actions/undo")},
    optional={
        "when": st.sampled_from(["success", "begun"]),
        "retry": st.just({"max_attempts": 2, "initial_delay_ms": 10}),
        "timeoutMs": st.sampled_from([5, 5_000]),
        "inputMapping": st.just("$.input"),
    },
)
_RETRY = st.just({"max_attempts": 2, "backoff": "constant", "initial_delay_ms": 10})
_RUN = st.sampled_from([*("@actions/a", "@actions/b") * 2, "@actions/lost", "@plan/p"])
_ON_FAILURE = st.sampled_from(["cancel", "wait"])


@st.composite
def _runs(draw: st.DrawFn) -> Json:
    run = draw(_RUN)
    has_key = run.startswith("@actions/")
    return {
        "run": run,
        **_given(
            draw,
            retry=_maybe(_RETRY),
            compensate=_maybe(_COMPENSATE),
            timeoutMs=_maybe(st.sampled_from([15, 1_000])),
            key=_maybe(st.sampled_from(["k1", "k2"])) if has_key else st.none(),
        ),
    }


@st.composite
def _bodies(draw: st.DrawFn, signal: str) -> Json:
    kind = draw(st.sampled_from(["run", "run", "run", "sleep", "signal"]))
    if kind == "sleep":
        return {"sleep": draw(pauses())}
    if kind == "signal":
        wait = {"type": signal, **_given(draw, timeoutMs=_maybe(st.sampled_from([10, 100])))}
        return {"waitForSignal": wait}
    return draw(_runs())


@st.composite
def _parallels(draw: st.DrawFn) -> Json:
    count = draw(st.integers(1, 3))
    branches = {f"b{n}": draw(_bodies(SIGNALS[n])) for n in range(count)}
    join = draw(st.sampled_from(["all", "all", "any", *range(1, count + 1)]))
    parallel = {"branches": branches, "join": join}
    return {"parallel": {**parallel, **_given(draw, onFailure=_maybe(_ON_FAILURE))}}


@st.composite
def _for_eachs(draw: st.DrawFn) -> Json:
    runs = draw(_runs())
    has_key = runs["run"].startswith("@actions/")
    return {
        "forEach": {
            "items": "$.input",
            **runs,
            "concurrency": draw(st.integers(1, 3)),
            **_given(
                draw,
                onFailure=_maybe(st.sampled_from(["cancel", "continue"])),
                collect=_maybe(st.booleans()),
                key=_maybe(st.just("$.item")) if has_key else st.none(),
            ),
        }
    }


@st.composite
def _choices(draw: st.DrawFn, behind: st.SearchStrategy[str]) -> Json:
    """By what a step came to: the one that a run began at after a fork is asked, too."""
    step, outcome = draw(st.sampled_from(STEPS)), draw(st.sampled_from(["success", "failure"]))
    case = {"when": f"$.steps.{step}.outcome == '{outcome}'", "to": draw(behind)}
    return {"choose": {"cases": [case], "else": draw(behind)}}


@st.composite
def _steps(draw: st.DrawFn, place: int) -> Json:
    behind = st.sampled_from([*STEPS[place + 1 :], *_ENDS])
    groups = [_parallels(), _parallels(), _for_eachs(), _for_eachs()]
    step: Json = draw(st.one_of(_runs(), *groups, _choices(behind)))
    if "choose" in step:
        return step
    outcomes = ["success", "failure"] + (["partial"] if "forEach" in step else [])
    return {**step, "transitions": {outcome: draw(behind) for outcome in outcomes}}


@st.composite
def _definitions(draw: st.DrawFn) -> Json:
    first, *others = (draw(_steps(place)) for place in range(len(STEPS)))
    return {
        "kind": "Workflow",
        "name": "flow",
        "version": "1",
        "plans": {"p": draw(plans(may_track=False))},
        "start": first,
        "steps": dict(zip(STEPS[1:], others, strict=True)),
        **_given(
            draw, compensation=_maybe(st.sampled_from(["none", "onFailure", "onCancel", "always"]))
        ),
    }


def _happenings() -> st.SearchStrategy[list[Happening]]:
    """One thing, or some that only together tell much."""
    runs = st.sampled_from([0, 0, 0, 1, 2])
    often = [
        st.tuples(
            st.just("finish"),
            st.sampled_from([0, 0, 1, 2, 5]),
            st.sampled_from(["success", "success", "failure", "approved", "error"]),
        ),
        st.tuples(st.just("advance"), st.sampled_from([0, 1, 10, 15, 100, 5_000])),
    ]
    seldom = [
        st.tuples(st.just("signal"), runs, st.sampled_from(SIGNALS)),
        st.tuples(st.just("pause"), runs),
        st.tuples(st.just("resume"), runs),
        st.tuples(st.just("cancel"), runs),
        st.tuples(st.just("retry"), runs),
        st.tuples(st.just("fork"), runs, st.sampled_from(STEPS)),
        st.tuples(st.just("start"), st.integers(0, 5)),
        st.tuples(st.just("restart")),
    ]
    rests = st.builds(
        lambda run, ms: [("pause", run), ("advance", ms), ("resume", run)],
        runs,
        st.sampled_from([1, 10, 100, 5_000]),
    )
    one = st.one_of(*often, *often, *often, *often, *seldom)
    return one.map(lambda happening: [happening]) | rests


def stories() -> st.SearchStrategy[tuple[Json, int, list[Happening]]]:
    """A workflow, how many items the first run has, and what happens."""
    happenings = st.lists(_happenings(), min_size=5, max_size=20)
    in_turn = happenings.map(lambda several: [one for some in several for one in some])
    return st.tuples(_definitions(), st.integers(0, 5), in_turn)
