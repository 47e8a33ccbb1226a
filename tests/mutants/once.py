"""Breaks of what happens once, is held to a limit, joined, or done to many: and of histories."""

from __future__ import annotations

from tests.mutants.mutant import Mutant

ACTION, SYSTEM = "tests/engine/action", "tests/engine/system"
STEPS, HTTP = "tests/engine/workflow/steps", "tests/server/http"
LINK = "tests/client/link"

MUTANTS = (
    # Limits
    Mutant(
        "who refuses a write's last sending speaks for those before",
        "client/link/call.py",
        "        if self.was_sent_again and self.number:",
        "        if False:",
        "tests/client/link/test_exchange.py",
    ),
    Mutant(
        "one run more of a key than the limit allows",
        "engine/action/plain_keys.py",
        "row.running >= limits.running_per_key",
        "row.running > limits.running_per_key",
        f"{ACTION}/test_limits.py",
    ),
    Mutant(
        "claims of a key are not counted in its window",
        "engine/action/keys.py",
        "            note_claim(self.tx, self.row.id, self.row, limits.rate_per_key)",
        "            pass",
        f"{ACTION}/test_limits.py",
    ),
    Mutant(
        "a run that ends leaves its key full",
        "engine/action/keys.py",
        "        self.row.running -= 1",
        "        self.row.running -= 0",
        f"{ACTION}/test_limits.py",
    ),
    Mutant(
        "a key that is full keeps its place in the line",
        "engine/action/plain_keys.py",
        "    if is_full(limits, row):",
        "    if False:",
        f"{ACTION}/test_plain_keys.py",
    ),
    Mutant(
        "a window that has moved on wakes nobody",
        "engine/action/limits.py",
        "    if not action.row.frees_at_ms:\n        tx.touch(due_marker(action))",
        "    if False:\n        tx.touch(due_marker(action))",
        f"{ACTION}/test_limits.py",
    ),
    # Joins
    Mutant(
        "one item more at once than may be",
        "engine/workflow/steps/groups.py",
        "each is not None and group.live >= each.concurrency",
        "each is not None and group.live > each.concurrency",
        f"{STEPS}/test_for_each.py",
    ),
    Mutant(
        "the last item is never begun",
        "engine/workflow/steps/groups.py",
        "    return group.next < group.count and not is_full",
        "    return group.next < group.count - 1 and not is_full",
        f"{STEPS}/test_for_each.py",
    ),
    Mutant(
        "some failed items are a success",
        "engine/workflow/steps/groups.py",
        '    return ("partial" if group.failed else "success") if is_over else None',
        '    return "success" if is_over else None',
        f"{STEPS}/test_for_each.py",
    ),
    Mutant(
        "a step joins before all its items have ended",
        "engine/workflow/steps/groups.py",
        "    is_over = group.ended == group.count\n",
        "    is_over = group.ended >= group.count - 1\n",
        f"{STEPS}/test_for_each.py",
    ),
    Mutant(
        "a branch more than the join wants",
        "engine/workflow/steps/groups.py",
        "        if group.succeeded >= wanted:",
        "        if group.succeeded > wanted:",
        f"{STEPS}/test_parallel.py",
    ),
    Mutant(
        "a group that has joined may join again",
        "engine/workflow/steps/group_ends.py",
        "    tx.delete(RUN_GROUP, RUN_GROUP.key(run.namespace_id, run.number))\n    bodies",
        "    bodies",
        f"{STEPS}/test_for_each.py {STEPS}/test_parallel.py",
    ),
    Mutant(
        "outputs stand in the order in which items ended",
        "engine/workflow/steps/group_ends.py",
        '        outputs[index] = end.output or b"null"',
        '        outputs[-index] = end.output or b"null"',
        f"{STEPS}/test_for_each.py",
    ),
    # Jobs
    Mutant(
        "a dry run does it",
        "engine/system/jobs.py",
        "            if not row.dry_run:",
        "            if True:",
        f"{SYSTEM}/test_jobs.py",
    ),
    Mutant(
        "a job takes more than its limit",
        "engine/system/jobs.py",
        "    left = row.limit - row.matched if row.limit else ITEMS_PER_TICK_MAX",
        "    left = ITEMS_PER_TICK_MAX",
        f"{SYSTEM}/test_jobs.py",
    ),
    Mutant(
        "a job takes what came after it began",
        "engine/system/jobs.py",
        "        asked.end or number,",
        "        asked.end or number + 1_000_000,",
        f"{SYSTEM}/test_jobs.py tests/engine/kv tests/engine/queue",
    ),
    Mutant(
        "what a job was refused is not counted",
        "engine/system/jobs.py",
        "        row.failed += 1",
        "        row.failed += 0",
        f"{SYSTEM}/test_jobs.py",
    ),
    Mutant(
        "a job that is cancelled goes on",
        "engine/system/jobs.py",
        "    if row is None or row.status != JobStatus.RUNNING:\n        return\n    if id_of",
        "    if row is None:\n        return\n    if id_of",
        f"{SYSTEM}/test_jobs.py",
    ),
    Mutant(
        "a job ends after its first piece",
        "engine/system/jobs.py",
        "            return _Piece(read, True)",
        "            return _Piece(read, False)",
        f"{SYSTEM}/test_jobs.py",
    ),
    # Sessions
    Mutant(
        "an answer of long ago is given again",
        "engine/system/write_memory.py",
        "    if remembered is None or tx.now_ms - remembered[0] > limits.SESSION_AGE_MS_MAX:",
        "    if remembered is None:",
        f"{SYSTEM}/test_write_memory.py",
    ),
    Mutant(
        "a number that was another operation gets that one's answer",
        "engine/system/write_memory.py",
        "    if remembered[2] != command.__struct_config__.tag:",
        "    if False:",
        f"{SYSTEM}/test_write_memory.py",
    ),
    Mutant(
        "an answer whose effect was undone is given again",
        "engine/system/write_memory.py",
        "n: answer for n, answer in place.row.answers.items() if n != number",
        "n: answer for n, answer in place.row.answers.items() if n",
        f"{SYSTEM}/test_write_memory.py",
    ),
    Mutant(
        "a client that is back is forgotten all the same",
        "server/connections/client_memory.py",
        "            handle.cancel()\n        return",
        "            pass\n        return",
        "tests/server/connections tests/server/test_server.py",
    ),
    Mutant(
        "a client of a cluster goes on after ten minutes away",
        "client/link/exchange.py",
        "        return bool(welcome.nodes) and away_s > SESSION_AGE_MS_MAX / 1000",
        "        return False",
        LINK,
    ),
    # Histories
    Mutant(
        "numbers of another history are given again",
        "engine/system/eras.py",
        "        tx.jump_ids(floor)\n",
        "",
        f"{SYSTEM}/test_eras.py",
    ),
    Mutant(
        "writes of another history are remembered",
        "engine/system/eras.py",
        "            write_memory.forget_all(tx)\n",
        "            pass\n",
        f"{SYSTEM}/test_eras.py",
    ),
    Mutant(
        "the last number of a history is taken for another one's",
        "engine/system/eras.py",
        "era.last_id < number <= era.floor",
        "era.last_id <= number <= era.floor",
        f"{SYSTEM}/test_eras.py",
    ),
    Mutant(
        "the first number of a gap is taken for one's own",
        "engine/system/eras.py",
        "era.floor and era.left_at_ms < at_ms < era.began_at_ms",
        "era.floor and era.left_at_ms + 1 < at_ms < era.began_at_ms",
        f"{SYSTEM}/test_eras.py",
    ),
    Mutant(
        "a clock that was set back gives numbers of another history again",
        "engine/system/eras.py",
        "        floor = max(request.floor, last_id + STRIDE, floor_of(tx) + STRIDE)",
        "        floor = request.floor",
        f"{SYSTEM}/test_eras.py",
    ),
    Mutant(
        "a machine that ended under asynchronous writes goes on as it was",
        "server/eras.py",
        '    return "" if boot and boot == _boot_id() else reason',
        '    return "" if boot else reason',
        "tests/server/test_eras.py",
    ),
    # HTTP
    Mutant(
        "a key answers another request",
        "engine/system/once.py",
        "        if tx.now_ms < row.ends_at_ms and _is_answered(tx):",
        "        if False:",
        f"{SYSTEM}/test_once.py",
    ),
    Mutant(
        "a key is never over",
        "engine/system/once.py",
        "    set_timer(tx, ends_at_ms, HTTP_ONCE, row.id, data=tx.session)\n",
        "",
        f"{SYSTEM}/test_once.py",
    ),
    Mutant(
        "a key that is over leaves its answer",
        "engine/system/once.py",
        "    write_memory.forget_session(tx, SessionForget(session))\n",
        "",
        f"{SYSTEM}/test_once.py",
    ),
    Mutant(
        "one key more than may be in use",
        "engine/system/once.py",
        "    if count > limits.ONCE_KEYS_MAX:",
        "    if count > limits.ONCE_KEYS_MAX + 1:",
        f"{SYSTEM}/test_once.py",
    ),
    Mutant(
        "another call with the same body is the same request",
        "server/http/once.py",
        '    digest = hashlib.sha256(call.encode() + b"\\0" + body).digest()',
        "    digest = hashlib.sha256(body).digest()",
        f"{HTTP}/test_once.py",
    ),
    Mutant(
        "a key means the same in every namespace",
        "server/http/once.py",
        '    name = hashlib.sha256(namespace.encode() + b"\\0" + data).hexdigest()',
        "    name = hashlib.sha256(data).hexdigest()",
        f"{HTTP}/test_once.py",
    ),
    Mutant(
        "two requests under one key are asked at once",
        "server/http/once.py",
        "        if digest != first:",
        "        if False:",
        f"{HTTP}/test_once.py",
    ),
)
