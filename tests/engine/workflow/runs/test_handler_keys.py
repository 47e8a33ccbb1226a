"""The key of a step's handlers: the same for all that is tried there, and no other's."""

from __future__ import annotations

from tests.engine.workflow.calls import ONE_STEP, Workflows, flow

RETRYING = flow("""
start:
  run: "@actions/charge"
  retry: {max_attempts: 3, initial_delay_ms: 1}
  transitions: {success: flo.Completed}
""")


def test_all_attempts_of_a_step_have_one_key_though_each_is_a_run_of_its_own() -> None:
    flows = Workflows(RETRYING, max_retries=1, retry_delay_ms=0)
    flows.start()
    tasks = []
    for _ in range(6):
        tasks.append(flows.claim_one())
        flows.fail(tasks[-1])
        flows.advance(10)
    assert len({task.run_id for task in tasks}) == 3
    assert len({task.idempotency_key for task in tasks}) == 1


def test_a_retry_of_the_run_keeps_it() -> None:
    flows = Workflows(ONE_STEP)
    run_id = flows.start()
    first = flows.claim_one()
    flows.fail(first)
    assert flows.status(run_id) == "failed"
    flows.retry(run_id)
    again = flows.claim_one()
    assert again.run_id != first.run_id
    assert again.idempotency_key == first.idempotency_key


def test_other_runs_other_steps_and_another_stay_at_a_step_have_others() -> None:
    flows = Workflows(
        flow("""
start: {run: "@actions/charge", transitions: {success: next, again: start}}
steps:
  next: {run: "@actions/charge", transitions: {success: flo.Completed}}
""")
    )
    keys = set()
    for _ in range(2):
        flows.start()
        for outcome in ("again", "success", "success"):
            keys.add(flows.do(outcome=outcome).idempotency_key)
    assert len(keys) == 6


def test_a_child_that_is_tried_again_has_the_keys_that_it_had_before() -> None:
    child = flow("""
start: {run: "@actions/look", transitions: {success: pay}}
steps:
  pay: {run: "@actions/charge", transitions: {success: flo.Completed}}
""").replace("name: flow", "name: child")
    parent = flow("""
start:
  run: "@workflow/child"
  retry: {max_attempts: 2, initial_delay_ms: 1}
  transitions: {success: flo.Completed}
""")
    flows = Workflows(child, parent, actions=("look", "charge"))
    flows.start()
    keys = []
    for _ in range(2):
        look = flows.do("look")
        charge = flows.claim_one()
        keys.append((look.idempotency_key, charge.idempotency_key))
        flows.fail(charge)
        flows.advance(10)
    assert keys[0] == keys[1]
    assert len(set(keys[0])) == 2
