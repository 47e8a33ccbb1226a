"""The workflows that history has runs of."""

from __future__ import annotations


def flow(name: str, body: str, *, version: str = "1") -> str:
    return f'kind: Workflow\nname: {name}\nversion: "{version}"\n{body}'


TO_THE_END = "  transitions: {success: flo.Completed}\n"
DECISION = f"start:\n  waitForSignal: {{type: decision, timeoutMs: 3600000}}\n{TO_THE_END}"
APPROVE_1 = flow("approve", DECISION)
APPROVE_2 = flow(
    "approve",
    "start:\n  waitForSignal: {type: decision}\n  transitions: {success: again}\n"
    f"steps:\n  again:\n    waitForSignal: {{type: confirmation}}\n  {TO_THE_END}",
    version="2",
)
TWO_SIGNALS = flow(
    "two-signals",
    "start:\n  waitForSignal: {type: first}\n  transitions: {success: then}\n"
    f"steps:\n  then:\n    waitForSignal: {{type: second}}\n  {TO_THE_END}"
    "output: {first: $.steps.start.output, second: $.steps.then.output}\n",
)
HASTY = flow("hasty", f"start:\n  waitForSignal: {{type: never, timeoutMs: 1000}}\n{TO_THE_END}")
ACTING = flow(
    "acting",
    'start:\n  run: "@actions/work"\n  inputMapping: {id: $.input.id, run: $.flo.run_id}\n'
    "  retry: {max_attempts: 3, backoff: constant, initial_delay_ms: 30000}\n"
    "  transitions: {success: confirm, failure: flo.Failed}\n"
    f"steps:\n  confirm:\n    waitForSignal: {{type: confirmation}}\n  {TO_THE_END}"
    "searchAttributes:\n  - {name: customer, type: string, from: $.input.customer}\n"
    "output: {worked: $.steps.start.output}\n",
)
FRAIL = flow("frail", f'start:\n  run: "@actions/work"\n{TO_THE_END}')
POLLING = flow(
    "polling",
    'start:\n  run: "@actions/work"\n'
    "  poll: {initialDelayMs: 30000, maxAttempts: 3, backoff: constant, baseDelayMs: 30000}\n"
    f"{TO_THE_END}",
)
PARENT = flow("parent", f'start:\n  run: "@workflow/approve:1"\n{TO_THE_END}')
PLANNED = flow(
    "planned",
    'start:\n  run: "@plan/payment"\n'
    "  transitions: {success: flo.Completed, exhausted: flo.Failed}\n"
    "plans:\n  payment:\n    executors:\n"
    '      - {name: main, run: "@actions/main", priority: 9, '
    "breaker: {failure_threshold: 1, cooldown_ms: 60000}}\n"
    '      - {name: spare, run: "@actions/spare"}\n'
    '    cache: {ttl_ms: 3600000, key: "{input.order}"}\n',
)
KEYED = flow("keyed", f"idempotency: required\n{DECISION}")
EVERY_MINUTE = flow(
    "every-minute", f"{DECISION}schedule: {{interval: 60000, overlap: allow, max_concurrent: 9}}\n"
)
NIGHTLY = flow("nightly", f'{DECISION}schedule: {{cron: "30 2 * * *", timezone: Europe/Berlin}}\n')
PAUSED = flow("paused", f"{DECISION}schedule: {{interval: 60000}}\n")
ORDER = flow("order", f"{DECISION}trigger: {{stream: orders, start: earliest}}\n")
COLLECTED = flow(
    "collected",
    f"{DECISION}trigger: {{stream: orders, start: earliest, batch_size: 2, "
    "batch_timeout_ms: 60000}\n",
)
ALL = [
    *(APPROVE_1, TWO_SIGNALS, HASTY, ACTING, FRAIL, POLLING, PARENT, PLANNED, KEYED),
    *(EVERY_MINUTE, NIGHTLY, PAUSED, ORDER, COLLECTED),
]
