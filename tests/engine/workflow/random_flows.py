"""Random workflows that make some sense to carry out, and random things that happen to them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.engine.harness import START_MS

Json = dict[str, Any]
Happening = tuple[Any, ...]

ACTIONS = ("a", "b")
KEYS = ("k1", "k2")
SIGNALS = ("x", "y", "plan:e0")
OUTCOMES = ("success", "failure", "timeout", "pending", "approved", "execution_failure")
_STEPS = ("s1", "s2", "s3")
_TARGETS = (*_STEPS, "start", "flo.Completed", "flo.Failed", "flo.TimedOut", "mine")
_NAMED = (
    *("success", "failure", "timeout", "pending", "approved", "execution_failure", "exhausted"),
    *("target_not_found", "target_disabled"),
)
_NAMED_OF_CHILDREN = (*_NAMED, "flo.Completed", "flo.Failed", "flo.Cancelled", "mine")
_SMALL_MS = st.sampled_from([0, 1, 10, 25, 100, 1000])
_SOME_MS = st.sampled_from([1, 10, 25, 100, 1000])
_GROWTH = st.sampled_from(["constant", "linear", "exponential"])


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _given(draw: st.DrawFn, **keys: st.SearchStrategy[Any]) -> Json:
    """A dict of those that were drawn as something."""
    drawn = {key: draw(strategy) for key, strategy in keys.items()}
    return {key: value for key, value in drawn.items() if value is not None}


@st.composite
def _retries(draw: st.DrawFn) -> Json:
    return _given(
        draw,
        max_attempts=st.integers(2, 4),
        backoff=_maybe(_GROWTH),
        initial_delay_ms=_SMALL_MS,
        max_delay_ms=_maybe(st.sampled_from([1000, 2000])),
        within_ms=_maybe(st.sampled_from([20, 150, 5000])),
    )


@st.composite
def _polls(draw: st.DrawFn) -> Json:
    return _given(
        draw,
        initialDelayMs=_maybe(_SMALL_MS),
        maxAttempts=_maybe(st.integers(1, 3)),
        backoff=_maybe(_GROWTH),
        baseDelayMs=_SMALL_MS,
        maxDelayMs=_maybe(st.sampled_from([1000, 1500])),
    )


@st.composite
def plans(draw: st.DrawFn, *, may_track: bool = True) -> Json:
    """A plan; items may have none whose executors answer by signals."""
    tracking = st.just({"mode": "async", "timeout_ms": 50})
    executors = []
    for n in range(draw(st.integers(1, 3))):
        executor = _given(
            draw,
            run=st.sampled_from([*(f"@actions/{name}" for name in ACTIONS * 3), "@actions/lost"]),
            priority=_maybe(st.integers(-1, 1)),
            retry=_maybe(_retries()),
            breaker=_maybe(
                st.builds(
                    lambda failures, probes: {
                        "failure_threshold": failures,
                        "cooldown_ms": 100,
                        "half_open_max_calls": probes,
                    },
                    st.integers(1, 2),
                    st.integers(1, 2),
                )
            ),
            tracking=_maybe(tracking) if may_track else st.none(),
        )
        executors.append({"name": f"e{n}", **executor})
    return {
        "executors": executors,
        **_given(
            draw,
            selection=_maybe(st.just("round-robin")),
            fallback=_maybe(
                st.sampled_from([{"value": 1}, {"value": 2, "condition": "any_error"}])
            ),
            errors=_maybe(st.just({"fatal": ["E1"]})),
        ),
    }


def _transitions(names: tuple[str, ...]) -> st.SearchStrategy[Json]:
    """Most outcomes lead somewhere; the usual ones nearly always do."""
    usual = st.fixed_dictionaries(
        {"success": st.sampled_from(_TARGETS)}, optional={"failure": st.sampled_from(_TARGETS)}
    )
    others = st.dictionaries(st.sampled_from(names), st.sampled_from(_TARGETS), max_size=6)
    return st.builds(lambda one, other: {**one, **other}, others, usual) | others.filter(bool)


@st.composite
def _signal_steps(draw: st.DrawFn) -> Json:
    several = st.lists(st.sampled_from(SIGNALS[:2]), min_size=1, max_size=2, unique=True)
    way = draw(st.sampled_from(["type", "type", "anyOf", "allOf"]))
    types = st.sampled_from(SIGNALS) if way == "type" else several
    wait = _given(draw, **{way: types}, timeoutMs=_maybe(_SOME_MS))
    if "timeoutMs" in wait:
        wait |= _given(draw, onTimeout=_maybe(st.sampled_from(_TARGETS)))
    return {
        "waitForSignal": wait,
        "transitions": {
            "success": draw(st.sampled_from(_TARGETS)),
            **_given(draw, x=_maybe(st.sampled_from(_TARGETS)) if way == "anyOf" else st.none()),
            **_given(draw, timeout=_maybe(st.sampled_from(_TARGETS))),
        },
    }


@st.composite
def _run_steps(draw: st.DrawFn, run: st.SearchStrategy[str]) -> Json:
    target = draw(run)
    is_child = target.startswith("@workflow/")
    mapping = st.sampled_from(["$.steps.s1.outcome", "$.steps.start.outcome"])
    return {
        "run": target,
        "transitions": draw(_transitions(_NAMED_OF_CHILDREN if is_child else _NAMED)),
        **_given(
            draw,
            retry=_maybe(_retries()),
            poll=_maybe(_polls()),
            inputMapping=st.none() | st.none() | st.none() | mapping,
            key=_maybe(st.sampled_from(KEYS)) if target.startswith("@actions/") else st.none(),
            waitForTargetMs=_maybe(_SMALL_MS) if target == "@actions/lost" else st.none(),
        ),
    }


def _sleeps() -> st.SearchStrategy[Json]:
    return st.builds(
        lambda sleep, target: {"sleep": sleep, "transitions": {"success": target}},
        pauses(),
        st.sampled_from(_TARGETS),
    )


def pauses() -> st.SearchStrategy[Json]:
    """How long, or until when, a step sleeps; the world begins at `START_MS`."""
    until = st.sampled_from([0, 1, 10, 30, 150, 1_000, 5_000]).map(lambda ms: START_MS + ms)
    return st.one_of(
        st.builds(lambda ms: {"forMs": ms}, _SMALL_MS), st.builds(lambda ms: {"until": ms}, until)
    )


def _choices() -> st.SearchStrategy[Json]:
    whens = st.builds(
        lambda step, sign, outcome: f"$.steps.{step}.outcome {sign} '{outcome}'",
        st.sampled_from([*_STEPS, "start"]),
        st.sampled_from(["==", "!="]),
        st.sampled_from(OUTCOMES),
    )
    cases = st.builds(lambda when, to: {"when": when, "to": to}, whens, st.sampled_from(_TARGETS))
    return st.builds(
        lambda cases, otherwise: {"choose": {"cases": cases, "else": otherwise}},
        st.lists(cases, min_size=1, max_size=2),
        st.sampled_from(_TARGETS),
    )


@st.composite
def _steps(draw: st.DrawFn, run: st.SearchStrategy[str]) -> Json:
    running = [_run_steps(run)] * 5
    step: Json = draw(st.one_of(*running, _signal_steps(), _signal_steps(), _sleeps(), _choices()))
    if "choose" in step:
        return step
    return step | _given(draw, timeoutMs=st.none() | _maybe(_SOME_MS))


@st.composite
def workflows(draw: st.DrawFn, name: str, children: tuple[str, ...]) -> Json:
    """A workflow of a few steps that may run these children."""
    usual = [*(f"@actions/{action}" for action in ACTIONS), "@plan/p", "@plan/p"] * 3
    run = st.sampled_from([*usual, "@actions/lost", *(f"@workflow/{child}" for child in children)])
    return {
        "kind": "Workflow",
        "name": name,
        "version": "1",
        "terminals": {"mine": {"status": draw(st.sampled_from(["completed", "failed"]))}},
        "plans": {"p": draw(plans())},
        "start": draw(_steps(run)),
        "steps": {step: draw(_steps(run)) for step in _STEPS},
    }


def _happenings() -> st.SearchStrategy[Happening]:
    runs = st.sampled_from([0, 0, 0, 1, 1, 2, 3])
    often = [
        st.tuples(
            st.just("finish"),
            st.sampled_from([0, 0, 0, 1, 2]),
            st.sampled_from([*("success", "failure", "pending") * 2, *OUTCOMES]),
            st.sampled_from(["", "E1", "E2"]),
            st.booleans(),
        ),
        st.tuples(st.just("advance"), st.sampled_from([0, 1, 9, 10, 25, 50, 100, 999, 5000])),
        st.tuples(st.just("signal"), runs, st.sampled_from(SIGNALS)),
    ]
    seldom = [
        st.tuples(st.just("start"), st.sampled_from(["main", "kid"])),
        st.tuples(st.just("cancel"), runs),
        st.tuples(st.just("retry"), runs),
        st.tuples(st.just("disable"), st.sampled_from(ACTIONS), st.booleans()),
        st.tuples(st.just("restart")),
    ]
    return st.one_of(often[0], often[0], *often, *often, *seldom)


@st.composite
def limits(draw: st.DrawFn) -> dict[str, Json]:
    """What the actions are held to: nothing, mostly."""
    few = _maybe(st.integers(1, 2))
    held_to = _given(draw, running=few, running_per_key=few, rate=few, rate_per_key=few)
    none: Json = {}
    is_fair = {"fair": True} if draw(st.booleans()) else {}
    with_period = st.just({**held_to, **is_fair, "rate_period_ms": 100})
    return {action: draw(st.just(none) | with_period) for action in ACTIONS}


def stories() -> st.SearchStrategy[tuple[list[Json], list[Happening]]]:
    """Two workflows, the first of which may run the second, and what happens."""
    return st.tuples(
        st.tuples(workflows("main", ("kid", "kid", "nobody")), workflows("kid", ("nobody",))).map(
            list
        ),
        st.lists(_happenings(), min_size=8, max_size=30),
    )
