"""Every module that registers rules, in the order in which they do."""

from __future__ import annotations

# isort: off
import floruntime.engine.registry  # registers its rules
import floruntime.engine.system.timers  # registers its rules
import floruntime.engine.system.reclaim  # registers its rules
import floruntime.engine.system.namespaces  # registers its rules
import floruntime.engine.action.rows  # registers its rules
import floruntime.engine.action.run_rows  # registers its rules
import floruntime.engine.action.due_runs  # registers its rules
import floruntime.engine.action.run_state  # registers its rules
import floruntime.engine.action.admin  # registers its rules
import floruntime.engine.action.settle  # registers its rules
import floruntime.engine.action.workers  # registers its rules
import floruntime.engine.action.claim  # registers its rules
import floruntime.engine.kv.rows  # registers its rules
import floruntime.engine.kv.changes  # registers its rules
import floruntime.engine.kv.keys  # registers its rules
import floruntime.engine.queue.rows  # registers its rules
import floruntime.engine.queue.messages  # registers its rules
import floruntime.engine.queue.dead_letters  # registers its rules
import floruntime.engine.queue.admin  # registers its rules
import floruntime.engine.queue.deliveries  # registers its rules
import floruntime.engine.queue.settle  # registers its rules
import floruntime.engine.queue.deliver  # registers its rules
import floruntime.engine.action.invoke  # registers its rules
import floruntime.engine.system.write_memory  # registers its rules
import floruntime.engine.stream.rows  # registers its rules
import floruntime.engine.stream.group.rows  # registers its rules
import floruntime.engine.stream.retention  # registers its rules
import floruntime.engine.stream.group.info  # registers its rules
import floruntime.engine.stream.group.redelivery  # registers its rules
import floruntime.engine.stream.group.members  # registers its rules
import floruntime.engine.stream.group.read  # registers its rules
import floruntime.engine.stream.group.admin  # registers its rules
import floruntime.engine.stream.group.settle  # registers its rules
import floruntime.engine.stream.admin  # registers its rules
import floruntime.engine.stream.read  # registers its rules
import floruntime.engine.stream.append  # registers its rules
import floruntime.engine.system.tokens  # registers its rules
import floruntime.engine.workflow.runs.rows  # registers its rules
import floruntime.engine.workflow.runs.advance  # registers its rules
import floruntime.engine.workflow.steps.actions  # registers its rules
import floruntime.engine.workflow.runs.idempotency  # registers its rules
import floruntime.engine.workflow.runs.start  # registers its rules
import floruntime.engine.workflow.steps.children  # registers its rules
import floruntime.engine.workflow.runs.control  # registers its rules
import floruntime.engine.workflow.runs.history  # registers its rules
import floruntime.engine.workflow.runs.listing  # registers its rules
import floruntime.engine.workflow.steps.plan_rows  # registers its rules
import floruntime.engine.workflow.steps.plans  # registers its rules
import floruntime.engine.workflow.catalog.schedules  # registers its rules
import floruntime.engine.workflow.steps.signals  # registers its rules
import floruntime.engine.workflow.catalog.triggers  # registers its rules
import floruntime.engine.workflow.catalog.versions  # registers its rules
import floruntime.engine.workflow.catalog.sync  # noqa: F401 # registers its rules
# isort: on
