"""One example, or two, for every part of the workflow language: each of its keys is in one.

The reference shows them, and tests check (and sync) the whole definitions they stand in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from scripts.example_frames import HEAD, PLACE, Example
from scripts.step_examples import STEP_EXAMPLES

from floruntime.engine.workflow.language import definition as parts

_START: Final = """\
start:
  run: "@actions/validate-order"
  transitions:
    success: flo.Completed
    failure: flo.Failed
"""
_OF_ALL: Final = f"""\
{HEAD}{_START}{PLACE}
"""
_PLAN: Final = f"""\
{HEAD}start:
  run: "@plan/payment"
  transitions:
    success: flo.Completed
    failure: flo.Failed
    exhausted: flo.Failed
plans:
  payment:
"""
_OF_PLAN: Final = f"""\
{_PLAN}    selection: health-weighted
    executors:
      - name: stripe
        run: "@actions/charge-stripe"
    {PLACE}
"""
_EXECUTOR: Final = f"""\
{_PLAN}    executors:
      - {PLACE}
"""
_OF_EXECUTOR: Final = f"""\
{_PLAN}    executors:
      - name: stripe
        run: "@actions/charge-stripe"
        {PLACE}
"""


EXAMPLES: Final = [
    Example(
        parts.Definition,
        """\
kind: Workflow
name: order
version: "1.0.0"
description: Checks an order, charges it, and ships it when somebody has approved.
idempotency: required
start:
  run: "@actions/validate-order"
  transitions:
    success: charge
    failure: Rejected
steps:
  charge:
    run: "@plan/payment"
    compensate: {run: "@actions/refund"}
    transitions:
      success: approve
      failure: flo.Failed
  approve:
    waitForSignal:
      type: approval
      timeoutMs: 86400000
      onTimeout: Rejected
    transitions:
      success: flo.Completed
terminals:
  Rejected:
    status: failed
plans:
  payment:
    executors:
      - name: stripe
        run: "@actions/charge-stripe"
schedule:
  cron: "0 6 * * *"
trigger:
  stream: orders
searchAttributes:
  - name: customer
    type: string
    from: $.input.customer_id
compensation: onFailure
output:
  order: $.input.id
  approved_by: $.steps.approve.output.approver
retentionMs: 604800000
""",
    ),
    *STEP_EXAMPLES,
    Example(
        parts.Terminal,
        """\
terminals:
  Rejected:
    status: failed
""",
        f"{HEAD}start: {{run: '@actions/a', transitions: {{success: Rejected}}}}\n{PLACE}\n",
    ),
    Example(
        parts.Plan,
        """\
plans:
  payment:
    selection: health-weighted
    executors:
      - name: stripe
        run: "@actions/charge-stripe"
        priority: 100
      - name: adyen
        run: "@actions/charge-adyen"
    health:
      min_samples: 20
    cache:
      ttl_ms: 3600000
      key: "charge:{input.order_id}"
    fallback:
      value: {status: deferred}
    errors:
      fatal: [card_stolen]
""",
        _PLAN.removesuffix("plans:\n  payment:\n") + PLACE + "\n",
    ),
    Example(
        parts.Executor,
        """\
name: stripe
run: "@actions/charge-stripe"
priority: 100
retry:
  max_attempts: 3
breaker:
  failure_threshold: 5
rate_limit:
  max_per_second: 100
tracking:
  mode: async
""",
        _EXECUTOR,
    ),
    Example(
        parts.Breaker,
        """\
breaker:
  failure_threshold: 5
  cooldown_ms: 30000
  half_open_max_calls: 3
""",
        _OF_EXECUTOR,
    ),
    Example(
        parts.RateLimit,
        """\
rate_limit:
  max_per_second: 100
  max_per_minute: 5000
  max_per_hour: 50000
""",
        _OF_EXECUTOR,
    ),
    Example(
        parts.Tracking,
        """\
tracking:
  mode: async
  timeout_ms: 600000
""",
        _OF_EXECUTOR,
    ),
    Example(
        parts.Health,
        """\
health:
  window_ms: 300000
  decay: 0.9
  min_samples: 10
""",
        _OF_PLAN,
    ),
    Example(
        parts.Cache,
        """\
cache:
  ttl_ms: 3600000
  key: "charge:{input.customer_id}:{input.order_id}"
  invalidate_on: [payment.refunded]
""",
        _OF_PLAN,
    ),
    Example(
        parts.Fallback,
        """\
fallback:
  value: {status: declined, reason: all_providers_unavailable}
  condition: any_error
""",
        _OF_PLAN,
    ),
    Example(
        parts.Errors,
        """\
errors:
  retryable: [rate_limited, timeout]
  fatal: [invalid_card, fraud_detected]
""",
        _OF_PLAN,
    ),
    Example(
        parts.Schedule,
        """\
schedule:
  cron: "30 2 * * 1-5"
  timezone: Europe/Berlin
  max_concurrent: 2
  overlap: buffer_one
  input: {mode: full}
  paused: true
  catch_up_ms: 3600000
  jitter_ms: 60000
""",
        _OF_ALL,
    ),
    Example(
        parts.Schedule,
        """\
schedule:
  interval: 30000
""",
        _OF_ALL,
    ),
    Example(
        parts.Trigger,
        """\
trigger:
  stream: orders
  consumer_group: order-runs
  mode: key_shared
  start: earliest
  batch_size: 50
  batch_timeout_ms: 1000
""",
        _OF_ALL,
    ),
    Example(
        parts.SearchAttribute,
        """\
searchAttributes:
  - name: customer
    type: string
    from: $.input.customer_id
""",
        _OF_ALL,
    ),
]


def definitions() -> Iterator[tuple[str, str]]:
    """Every example as a whole definition, with a name for it."""
    for number, example in enumerate(EXAMPLES):
        yield f"{example.part.__name__}-{number}", example.text()
