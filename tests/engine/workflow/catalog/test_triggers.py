"""Triggers: each record of a stream in exactly one run, alone or in batches, whatever happens."""

from __future__ import annotations

import json

import pytest

from floruntime.core.errors import ConflictError
from floruntime.core.limits import VALUE_BYTES_DEFAULT
from floruntime.core.stream import (
    GroupCreate,
    GroupDelete,
    GroupGetInfo,
    GroupJoin,
    GroupList,
    GroupNack,
    GroupRead,
    GroupSeek,
    StreamAppend,
    StreamCreate,
    StreamDelete,
)
from floruntime.core.system import Batch, NamespaceDelete, Tick
from floruntime.engine.workflow.catalog.triggers import (
    RUNS_PER_TICK_MAX,
    TRIGGER,
    TRIGGERED,
    group_of,
)
from tests.engine.workflow.calls import ENGINES, ONE_STEP
from tests.engine.workflow.catalog.trigger_calls import Triggers, triggered

# One record, one run


def test_the_longest_name_has_a_group_too() -> None:
    names = ["n" * 252, "n" * 253, "n" * 254 + "m", "n" * 255]
    groups = [group_of(name) for name in names]
    assert groups[0] == "wf-" + names[0]
    assert len(set(groups)) == len(groups)
    assert max(map(len, groups)) == 255


def test_a_record_starts_a_run_with_its_payload_as_input() -> None:
    flows = Triggers(triggered())
    flows.append({"a": 1})
    flows.append(2, 3)
    assert flows.inputs() == [{"a": 1}, 2, 3]


def test_the_run_and_the_cursor_move_in_one_commit() -> None:
    flows = Triggers(triggered(body=ONE_STEP[ONE_STEP.index("start:") :]))
    flows.append(1)
    assert flows.group().lag == 0
    assert len(flows.runs(status="running")) == 1
    [event, *_] = flows.history(flows.runs()[0])
    assert (event.type, event.detail) == ("workflow_started", "1")


@pytest.mark.parametrize(
    ("payload", "input"),
    [
        (b' {"a" : 1} ', b' {"a" : 1} '),
        (b"", b"null"),
        (b"text", b'{"base64":"dGV4dA=="}'),
        (b"\xff\x00", b'{"base64":"/wA="}'),
        (b"NaN", b'{"base64":"TmFO"}'),
        (b'{"base64": "x"}', b'{"base64":"x"}'),
    ],
)
def test_what_the_input_is_of_any_payload(payload: bytes, input: bytes) -> None:
    flows = Triggers(triggered())
    flows.append(payload)
    [run_id] = flows.runs()
    assert flows.run(run_id).input == input


def test_the_event_is_there_for_mappings() -> None:
    flows = Triggers(
        triggered(
            body="""
start:
  run: "@actions/charge"
  inputMapping:
    id: $.flo.event.id
    from: $.flo.event.headers.source
    stream: $.flo.event.stream
    key: $.flo.event.partition_key
    at: $.flo.event.timestamp_ms
  transitions: {success: flo.Completed}
"""
        )
    )
    [result] = flows.append(1, headers={"source": "web"}, partition_key="ada")
    assert json.loads(flows.claim_one().payload) == {
        "id": str(result.id),
        "from": "web",
        "stream": "events",
        "key": "ada",
        "at": result.timestamp_ms,
    }


def test_a_run_that_no_record_started_has_no_event() -> None:
    flows = Triggers(
        triggered(
            body="""
start:
  run: "@actions/charge"
  inputMapping: {path: $.flo.event.id, default: none}
  transitions: {success: flo.Completed}
"""
        )
    )
    flows.start()
    assert flows.claim_one().payload == b'"none"'


def test_records_of_all_partitions_start_runs() -> None:
    flows = Triggers(stream=False)
    flows.tell(StreamCreate("events", 4))
    flows.sync(triggered())
    for n in range(12):
        flows.append(n)
    assert flows.inputs() == list(range(12))


def test_streams_and_workflows_do_not_mix() -> None:
    flows = Triggers(
        triggered(),
        triggered(name="too"),
        triggered("stream: other", name="elsewhere"),
    )
    flows.append(1)
    flows.append(2, stream="other")
    assert [flows.inputs(name) for name in ("flow", "too", "elsewhere")] == [[1], [1], [2]]


def test_workflows_that_share_a_group_share_its_records() -> None:
    spec = "stream: events, consumer_group: ours"
    flows = Triggers(triggered(spec), triggered(spec, name="too"))
    for n in range(10):
        flows.append(n)
    assert sorted(flows.inputs() + flows.inputs("too")) == list(range(10))


def test_an_append_in_a_batch_counts_and_a_refused_one_does_not() -> None:
    flows = Triggers(triggered())
    flows.tell(Batch([StreamAppend("events", [b"1"]), StreamAppend("events", [b"2"])]))
    refused = Batch([StreamAppend("events", [b"3"]), StreamDelete("events", False)])
    assert flows.engine.outcome(refused).error is not None
    flows.engine.tick()
    assert flows.inputs() == [1, 2]


# Where it begins


def test_a_new_trigger_begins_at_the_latest() -> None:
    flows = Triggers()
    flows.append(1, 2)
    flows.sync(triggered())
    flows.append(3)
    assert flows.inputs() == [3]


def test_a_new_trigger_may_begin_at_the_earliest() -> None:
    flows = Triggers()
    flows.append(1, 2)
    flows.sync(triggered("stream: events, start: earliest"))
    flows.engine.tick()
    flows.append(3)
    assert flows.inputs() == [1, 2, 3]


@pytest.mark.parametrize("start", ["latest", "earliest"])
def test_of_a_stream_that_comes_later_no_record_is_missed(start: str) -> None:
    flows = Triggers(triggered(f"stream: events, start: {start}"), stream=False)
    flows.advance(5000)
    flows.append(1, 2)
    flows.append(3)
    assert flows.inputs() == [1, 2, 3]


def test_a_trigger_takes_up_a_group_that_is_there_where_that_is() -> None:
    flows = Triggers()
    flows.append(1, 2, 3)
    flows.tell(GroupCreate("events", "wf-flow", "0", "shared"))
    flows.tell(GroupRead("events", "wf-flow", "somebody", 1, no_ack=True))
    flows.sync(triggered())
    flows.engine.tick()
    assert flows.inputs() == [2, 3]


@pytest.mark.parametrize("start", ["latest", "earliest"])
def test_a_new_version_goes_on_where_the_last_one_was(start: str) -> None:
    flows = Triggers(triggered())
    flows.append(1)
    flows.tell(StreamAppend("events", [b"2"]))
    flows.sync(triggered(f"stream: events, start: {start}, batch_timeout_ms: 9", version="2"))
    flows.engine.tick()
    flows.append(3)
    assert flows.inputs() == [1, 2, 3]
    assert {flows.run(run_id).version for run_id in flows.runs()} == {"1", "2"}


def test_a_version_without_a_trigger_starts_nothing() -> None:
    flows = Triggers(triggered())
    flows.append(1)
    flows.sync(triggered(version="2").replace("trigger: {stream: events}", ""))
    flows.append(2)
    assert flows.inputs() == [1]
    rows = flows.engine.rows()
    assert not [key for key in rows if key[:2] in (TRIGGER.tag, TRIGGERED.tag)]
    flows.sync(triggered(version="3"))
    flows.engine.tick()
    assert flows.inputs() == [1, 2]  # its group is where it was


def test_a_version_with_another_stream_leaves_the_first() -> None:
    flows = Triggers(triggered())
    flows.sync(triggered("stream: other", version="2"))
    flows.append(1)
    flows.append(2, stream="other")
    assert flows.inputs() == [2]


@pytest.mark.parametrize("mode", ["shared", "exclusive", "key_shared"])
def test_modes(mode: str) -> None:
    flows = Triggers(triggered(f"stream: events, mode: {mode}"))
    for n in range(5):
        flows.append(n, partition_key=f"k{n}")
    assert flows.inputs() == list(range(5))
    assert flows.group().mode == mode


def test_a_group_of_another_mode_is_not_taken_over() -> None:
    flows = Triggers()
    flows.tell(GroupCreate("events", "wf-flow", "0", "exclusive"))
    rows = flows.engine.rows()
    with pytest.raises(ConflictError, match="exclusive"):
        flows.sync(triggered())
    assert flows.engine.rows() == rows


def test_a_group_of_ones_own_name() -> None:
    flows = Triggers(triggered("stream: events, consumer_group: mine"))
    flows.append(1)
    assert (flows.inputs(), flows.group("mine").lag) == ([1], 0)


# Batches


def test_a_batch_closes_when_it_is_full() -> None:
    flows = Triggers(triggered("stream: events, batch_size: 3"))
    flows.append(1)
    flows.append(2)
    assert flows.inputs() == []
    flows.append(3, 4, 5, 6, 7)
    assert flows.inputs() == [[1, 2, 3], [4, 5, 6]]


def test_a_batch_closes_when_its_time_is_up() -> None:
    flows = Triggers(triggered("stream: events, batch_size: 3, batch_timeout_ms: 1000"))
    flows.append(1)
    flows.advance(600)
    flows.append(2)
    flows.advance(399)
    assert flows.inputs() == []
    flows.advance(1)
    assert flows.inputs() == [[1, 2]]


def test_the_time_of_a_batch_is_five_seconds_unless_told() -> None:
    flows = Triggers(triggered("stream: events, batch_size: 3"))
    flows.append(1)
    flows.advance(4999)
    assert flows.inputs() == []
    flows.advance(1)
    assert flows.inputs() == [[1]]


def test_what_is_left_over_has_its_time_from_when_it_came() -> None:
    flows = Triggers(triggered("stream: events, batch_size: 3, batch_timeout_ms: 1000"))
    flows.append(1, 2)
    flows.advance(700)
    flows.append(3, 4)
    assert flows.inputs() == [[1, 2, 3]]
    flows.advance(999)
    assert len(flows.inputs()) == 1
    flows.advance(1)
    assert flows.inputs() == [[1, 2, 3], [4]]


def test_after_a_batch_the_next_ones_time_begins_with_its_first_record() -> None:
    flows = Triggers(triggered("stream: events, batch_size: 2, batch_timeout_ms: 1000"))
    flows.append(1, 2)
    flows.advance(10_000)
    flows.append(3)
    flows.advance(999)
    assert flows.inputs() == [[1, 2]]
    flows.advance(1)
    assert flows.inputs() == [[1, 2], [3]]


def test_a_batch_of_one_is_still_a_list() -> None:
    flows = Triggers(triggered("stream: events, batch_size: 2, batch_timeout_ms: 1"))
    flows.append(1)
    flows.advance(1)
    assert flows.inputs() == [[1]]


def test_the_events_of_a_batch_are_a_list() -> None:
    flows = Triggers(
        triggered(
            "stream: events, batch_size: 2",
            body="""
start:
  run: "@actions/charge"
  inputMapping: "$.flo.event[*].headers.n"
  transitions: {success: flo.Completed}
""",
        )
    )
    flows.append(b"no json", headers={"n": "1"})
    flows.append(2, headers={"n": "2"})
    assert flows.claim_one().payload == b'["1","2"]'
    assert flows.inputs() == [[{"base64": "bm8ganNvbg=="}, 2]]


def test_a_batch_waits_over_a_restart_and_a_new_version() -> None:
    flows = Triggers(triggered("stream: events, batch_size: 3, batch_timeout_ms: 1000"))
    flows.append(1)
    flows.engine.reopen()
    flows.advance(500)
    spec = "stream: events, batch_size: 4, batch_timeout_ms: 1000"
    flows.sync(triggered(spec, version="2"))
    flows.append(2)
    flows.advance(499)
    assert flows.inputs() == []
    flows.advance(1)
    assert flows.inputs() == [[1, 2]]


def test_a_batch_closes_before_it_is_larger_than_a_value_may_be() -> None:
    flows = Triggers(
        triggered("stream: events, batch_size: 10", body=ONE_STEP[ONE_STEP.index("start:") :])
    )
    texts = [letter * 400_000 for letter in "abcdefghij"]
    for text in texts:
        flows.append(text)
    assert [len(batch) for batch in flows.inputs()] == [2] * 5
    assert [text for batch in flows.inputs() for text in batch] == texts
    assert len(flows.claim()) == 5


HALF = VALUE_BYTES_DEFAULT // 2


@pytest.mark.parametrize(("more", "sizes"), [(0, [2 * HALF]), (1, [HALF, HALF + 2])])
def test_two_records_that_fill_a_value_are_one_batch_and_a_byte_more_is_not(
    more: int, sizes: list[int]
) -> None:
    flows = Triggers(triggered("stream: events, batch_size: 2"))
    first, second = b"x" * (HALF - 4), b"x" * (HALF - 3 + more)  # [ " " , " " ] are 7 more
    flows.append(b'"%b"' % first, b'"%b"' % second)
    assert sorted(len(flows.run(run_id).input) for run_id in flows.runs()) == sizes


def test_a_record_as_large_as_a_value_may_be_starts_a_run_that_takes_it() -> None:
    flows = Triggers(
        triggered(
            body="""
start:
  run: "@actions/charge"
  transitions: {success: flo.Completed, execution_failure: flo.Cancelled}
"""
        )
    )
    flows.append(b'"%b"' % (b"x" * (VALUE_BYTES_DEFAULT - 2)))
    assert len(flows.claim_one().payload) == VALUE_BYTES_DEFAULT
    flows.append(b"x" * VALUE_BYTES_DEFAULT)  # as base64 it is larger
    [cancelled_id] = flows.runs(status="cancelled")
    assert flows.details(cancelled_id, "step_completed") == [
        "execution_failure: the input of action 'charge' has 1398117 bytes; this server takes at "
        "most 1048576"
    ]


# Whatever happens


def test_a_disabled_workflow_starts_nothing_and_makes_up_for_it() -> None:
    flows = Triggers(triggered())
    flows.append(1)
    flows.enable(False)
    flows.append(2)
    flows.append(3)
    assert flows.inputs() == [1]
    flows.advance(100_000)
    assert flows.inputs() == [1]
    flows.enable(True)
    flows.engine.tick()
    assert flows.inputs() == [1, 2, 3]


def test_a_workflow_that_is_disabled_before_its_stream_comes_misses_nothing() -> None:
    flows = Triggers(triggered(), stream=False)
    flows.enable(False)
    flows.append(1)
    flows.enable(True)
    flows.engine.tick()
    assert flows.inputs() == [1]


@pytest.mark.parametrize("had_one", [False, True])
def test_a_version_that_comes_after_its_stream_did_while_disabled_misses_nothing(
    had_one: bool,
) -> None:
    flows = Triggers(triggered("stream: events, start: latest"), stream=had_one)
    flows.enable(False)
    if had_one:
        flows.tell(StreamDelete("events", force=True))
    flows.append(1)
    flows.sync(triggered("stream: events, start: latest", version="2"))
    flows.enable(True)
    flows.engine.tick()
    assert flows.inputs() == [1]


@pytest.mark.parametrize("start", ["latest", "earliest"])
def test_after_its_group_was_deleted_each_record_is_still_in_one_run(start: str) -> None:
    flows = Triggers(triggered(f"stream: events, start: {start}"))
    flows.append(1, 2)
    flows.tell(GroupDelete("events", "wf-flow"))
    flows.append(3)
    flows.append(4)
    assert flows.inputs() == [1, 2, 3, 4]


def test_a_group_that_was_deleted_before_its_first_record_begins_where_it_did() -> None:
    flows = Triggers()
    flows.append(1, 2)
    flows.sync(triggered())
    flows.tell(GroupDelete("events", "wf-flow"))
    flows.append(3)
    assert flows.inputs() == [3]


def test_a_group_that_is_moved_by_hand_starts_what_it_is_moved_to() -> None:
    flows = Triggers(triggered())
    flows.append(1, 2)
    flows.tell(GroupSeek("events", "wf-flow", "0"))
    flows.engine.tick()
    assert flows.inputs() == [1, 2, 1, 2]


def test_a_stream_that_is_deleted_and_made_again_starts_its_new_records() -> None:
    flows = Triggers(triggered())
    flows.append(1)
    flows.tell(StreamDelete("events", True))
    flows.engine.tick()
    flows.append(2, 3)
    assert flows.inputs() == [1, 2, 3]


def test_a_batch_that_waits_goes_with_its_stream() -> None:
    flows = Triggers(triggered("stream: events, batch_size: 3, batch_timeout_ms: 1000"))
    flows.append(1)
    flows.tell(StreamDelete("events", True))
    flows.advance(500)
    flows.append(2)
    flows.advance(999)
    assert flows.inputs() == []
    flows.advance(1)
    assert flows.inputs() == [[2]]


def test_a_consumer_of_the_same_group_takes_its_share() -> None:
    flows = Triggers(triggered())
    flows.tell(StreamAppend("events", [b"1", b"2", b"3"]))
    [taken] = flows.tell(GroupRead("events", "wf-flow", "somebody", 1)).records
    flows.engine.tick()
    assert (taken.payload, flows.inputs()) == (b"1", [2, 3])


@pytest.mark.parametrize("delay_ms", [0, 7_000])
def test_what_another_consumer_hands_back_starts_a_run_when_it_is_due(delay_ms: int) -> None:
    flows = Triggers(triggered())
    engine = flows.engine
    group = group_of("flow")
    engine.hold = True
    engine.run(StreamAppend("events", [b"1"]))
    [record] = engine.run(GroupRead("events", group, "other")).records
    engine.hold = False
    flows.engine.tick()
    assert flows.runs() == []
    engine.run(GroupNack("events", group, [record.id], [record.lease], delay_ms=delay_ms))
    if delay_ms:
        flows.engine.advance(delay_ms - 1)
        assert flows.runs() == []
        flows.engine.advance(1)
    else:
        flows.engine.tick()
    assert flows.inputs() == [1]


def test_what_another_consumer_lets_run_out_starts_a_run() -> None:
    flows = Triggers(triggered())
    flows.engine.run(StreamAppend("events", [b"1"]))
    flows.engine.run(GroupRead("events", group_of("flow"), "other"))
    flows.engine.advance(30_000)
    assert flows.inputs() == [1]


def test_another_consumer_of_an_exclusive_group_is_stood_by_for() -> None:
    flows = Triggers()
    flows.tell(GroupCreate("events", "wf-flow", "0", "exclusive"))
    flows.tell(GroupJoin("events", "wf-flow", "somebody"))
    flows.sync(triggered("stream: events, mode: exclusive, batch_timeout_ms: 1000"))
    flows.append(1)
    assert flows.inputs() == []
    flows.advance(29_000)
    assert flows.inputs() == []
    flows.advance(2000)  # nothing was heard of it for half a minute
    assert flows.inputs() == [1]


def test_a_group_that_is_full_of_others_holds_up_nobody_else() -> None:
    flows = Triggers(triggered(), triggered("stream: events, consumer_group: mine", name="too"))
    for n in range(1000):
        flows.tell(GroupJoin("events", "wf-flow", f"c{n}"))
    flows.append(1)
    assert (flows.inputs(), flows.inputs("too")) == ([], [1])
    flows.advance(30_000)  # nothing was heard of them
    flows.advance(5000)
    assert flows.inputs() == [1]


def test_a_trigger_waits_while_the_disk_is_nearly_full() -> None:
    flows = Triggers(triggered())
    flows.tell(StreamAppend("events", [b"1"]))
    flows.engine.run(Tick(), may_grow=False)
    assert flows.inputs() == []
    flows.advance(1000)
    assert flows.inputs() == [1]


def test_nothing_is_lost_or_doubled_over_restarts_at_every_commit() -> None:
    flows = Triggers(triggered(), triggered("stream: events, batch_size: 4", name="too"))
    sent = []
    for n in range(40):
        flows.tell(StreamAppend("events", [b"%d" % (10 * n + i) for i in range(n % 4)] or [b"-1"]))
        sent += [10 * n + i for i in range(n % 4)] or [-1]
        flows.engine.reopen()
        if n % 3 == 0:
            flows.engine.now_ms += 1
            flows.engine.tick()
        if n % 7 == 0:
            flows.enable(n % 2 == 0)
    flows.enable(True)
    flows.advance(5000)
    assert flows.inputs() == sent
    assert [n for batch in flows.inputs("too") for n in batch] == sent


def test_a_backlog_is_worked_off_in_bounded_ticks() -> None:
    flows = Triggers(triggered())
    ENGINES.clear()  # looking at all of it, and replaying it, would take as long again
    flows.enable(False)
    for n in range(10):
        flows.tell(StreamAppend("events", [b"%d" % (1000 * n + i) for i in range(1000)]))
    flows.enable(True)
    ticks = 0
    while flows.group().lag:
        flows.tell(Tick())
        ticks += 1
    assert ticks == 10_000 // RUNS_PER_TICK_MAX
    assert flows.inputs() == list(range(10_000))


def test_the_trigger_of_a_deleted_namespace_does_nothing() -> None:
    flows = Triggers(triggered("stream: events, batch_size: 5"), namespace="gone")
    flows.append(1)
    flows.engine.run(NamespaceDelete("gone", True))
    flows.advance(5000)
    rows = flows.engine.rows()
    assert not [key for key in rows if key[:2] in (TRIGGER.tag, TRIGGERED.tag)]
    again = Triggers(
        triggered("stream: events, batch_size: 5"), engine=flows.engine, namespace="gone"
    )
    again.append(2)
    again.advance(5000)
    assert again.inputs() == [[2]]


def test_its_group_is_shown_as_the_triggers_while_it_is() -> None:
    flows = Triggers(triggered())
    flows.tell(GroupCreate("events", "mine"))
    groups = flows.engine.query(GroupList("events")).items
    assert {group.name: group.trigger_of for group in groups} == {"mine": "", "wf-flow": "flow"}
    assert flows.engine.query(GroupGetInfo("events", "wf-flow")).trigger_of == "flow"
    flows.sync(triggered("stream: events, consumer_group: other", version="2"))
    assert flows.engine.query(GroupGetInfo("events", "wf-flow")).trigger_of == ""
