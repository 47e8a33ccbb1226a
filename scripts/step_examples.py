"""Examples of the parts of the workflow language that say what a step does."""

from __future__ import annotations

from typing import Final

from scripts.example_frames import HEAD, IS_START, OF_START, PLACE, Example

from floruntime.engine.workflow.language import definition as parts

_CHOICE: Final = f"""\
{HEAD}start:
  run: "@actions/price"
  transitions: {{success: route}}
steps:
  review:
    run: "@actions/review"
    transitions: {{success: flo.Completed, failure: flo.Failed}}
  route:
    choose:
      {PLACE}
"""


_BRANCH: Final = f"""\
{HEAD}start:
  parallel:
    branches:
      one:
        {PLACE}
  transitions:
    success: flo.Completed
    failure: flo.Failed
"""


STEP_EXAMPLES: Final = [
    Example(
        parts.Step,
        """\
run: "@actions/charge"
inputMapping:
  order: $.input.id
  amount: $.steps.start.output.total
  currency:
    path: $.input.currency
    default: EUR
key: $.input.customer
retry:
  max_attempts: 3
poll:
  maxAttempts: 20
timeoutMs: 600000
waitForTargetMs: 300000
compensate:
  run: "@actions/refund"
transitions:
  success: flo.Completed
  declined: flo.Failed
  failure: flo.Failed
""",
        IS_START.replace(
            "start:",
            'start:\n  run: "@actions/price"\n  transitions: {success: charge}\nsteps:\n  charge:',
        ).replace(f"  {PLACE}", f"    {PLACE}"),
    ),
    Example(
        parts.Step,
        """\
waitForSignal:
  type: approval
  timeoutMs: 86400000
transitions:
  success: flo.Completed
""",
        IS_START,
    ),
    Example(
        parts.SignalWait,
        """\
waitForSignal:
  type: approval
  timeoutMs: 86400000
  onTimeout: flo.Failed
""",
        f"{HEAD}start:\n  {PLACE}\n  transitions: {{success: flo.Completed}}\n",
    ),
    Example(
        parts.SignalWait,
        """\
waitForSignal:
  anyOf: [approved, rejected]
""",
        f"{HEAD}start:\n  {PLACE}\n"
        "  transitions: {approved: flo.Completed, rejected: flo.Cancelled}\n",
    ),
    Example(
        parts.SignalWait,
        """\
waitForSignal:
  allOf: [paid, packed]
""",
        f"{HEAD}start:\n  {PLACE}\n  transitions: {{success: flo.Completed}}\n",
    ),
    Example(
        parts.Step,
        """\
sleep:
  forMs: 7200000
transitions:
  success: flo.Completed
""",
        IS_START,
    ),
    Example(
        parts.Sleep,
        """\
sleep:
  forMs: $.input.pause_ms
""",
        f"{HEAD}start:\n  {PLACE}\n  transitions: {{success: flo.Completed}}\n",
    ),
    Example(
        parts.Sleep,
        """\
sleep:
  until: "2026-12-24T18:00:00+01:00"
""",
        f"{HEAD}start:\n  {PLACE}\n  transitions: {{success: flo.Completed}}\n",
    ),
    Example(
        parts.Step,
        """\
choose:
  cases:
    - when: $.input.amount > 1000 && $.steps.start.outcome == 'success'
      to: review
  else: flo.Completed
""",
        _CHOICE.replace(f"choose:\n      {PLACE}", PLACE),
    ),
    Example(
        parts.Choose,
        """\
cases:
  - when: $.input.amount > 1000
    to: review
  - when: length($.input.items) == 0
    to: flo.Cancelled
else: flo.Completed
""",
        _CHOICE,
    ),
    Example(
        parts.Case,
        """\
when: $.input.customer.vip == true || !$.input.amount
to: review
""",
        _CHOICE.replace(PLACE, f"cases:\n        - {PLACE}\n      else: flo.Completed"),
    ),
    Example(
        parts.Step,
        """\
parallel:
  branches:
    stock: {run: "@actions/reserve-stock"}
    approval: {waitForSignal: {type: approval}}
transitions:
  success: flo.Completed
  failure: flo.Failed
""",
        IS_START,
    ),
    Example(
        parts.Step,
        """\
forEach:
  items: $.input.customers
  run: "@actions/notify"
transitions:
  success: flo.Completed
  failure: flo.Failed
""",
        IS_START,
    ),
    Example(
        parts.Parallel,
        """\
parallel:
  branches:
    stock: {run: "@actions/reserve-stock", retry: {max_attempts: 3}, timeoutMs: 60000}
    payment: {run: "@workflow/charge", inputMapping: {amount: $.input.amount}}
    patience: {sleep: {forMs: 3600000}}
  join: 2
  onFailure: wait
""",
        f"{HEAD}start:\n  {PLACE}\n"
        "  transitions: {success: flo.Completed, failure: flo.Failed}\n",
    ),
    Example(
        parts.Branch,
        """\
run: "@actions/charge"
inputMapping: {amount: $.input.amount}
key: $.input.customer
retry: {max_attempts: 3}
poll: {maxAttempts: 20}
timeoutMs: 60000
waitForTargetMs: 300000
compensate: {run: "@actions/refund"}
""",
        _BRANCH,
    ),
    Example(parts.Branch, "waitForSignal: {type: approval, timeoutMs: 86400000}\n", _BRANCH),
    Example(parts.Branch, "sleep: {forMs: 3600000}\n", _BRANCH),
    Example(
        parts.ForEach,
        """\
forEach:
  items: $.input.customers
  run: "@actions/notify"
  inputMapping: {to: $.item.email, number: $.index}
  key: $.item.account
  retry: {max_attempts: 3}
  poll: {maxAttempts: 20}
  timeoutMs: 60000
  waitForTargetMs: 300000
  compensate: {run: "@actions/take-back", inputMapping: {id: $.steps.start.output.id}}
  concurrency: 20
  onFailure: continue
  collect: false
""",
        f"{HEAD}start:\n  {PLACE}\n"
        "  transitions: {success: flo.Completed, partial: flo.Failed, failure: flo.Failed}\n",
    ),
    Example(
        parts.Compensate,
        """\
compensate:
  run: "@actions/refund"
  inputMapping: {charge: $.steps.start.output.id}
  retry: {max_attempts: 5}
  timeoutMs: 3600000
  when: begun
""",
        OF_START,
    ),
    Example(
        parts.Retry,
        """\
retry:
  max_attempts: 5
  backoff: exponential_jitter
  initial_delay_ms: 500
  max_delay_ms: 30000
  within_ms: 120000
""",
        OF_START,
    ),
    Example(
        parts.Poll,
        """\
poll:
  initialDelayMs: 2000
  maxAttempts: 30
  backoff: linear
  baseDelayMs: 1000
  maxDelayMs: 30000
""",
        OF_START,
    ),
]
