"""Workflows: definitions in YAML, and runs that go through their steps.

definition, reading, validation, schema     what a definition is and says
paths, mapping, context                     what a run knows, and how steps get at it
rows, workflows, runs                       what is stored, and how a rule gets hold of it
advance                                     the way of a run through its steps
actions, children, signals, plans           what a step can be
start, control, sync, history, listing      what callers ask
schedules, triggers                         what else starts runs
idempotency, search, retention, versions    what stands by
"""
