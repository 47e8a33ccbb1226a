"""Workflows: definitions in YAML, and runs that go through their steps.

language     what a definition is and says
paths        how steps get at what a run knows
runs         what is stored of a run, its way through its steps, what callers ask of it
steps        what a step can be
catalog      the versions of workflows, and what starts runs of them: schedules, triggers
invariants   what is true after each commit
"""
