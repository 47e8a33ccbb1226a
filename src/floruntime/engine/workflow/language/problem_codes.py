"""Everything that can be wrong with a definition: the one table of codes.

A code is stable and never used again for another thing. The docs' table is made from this one, and
`flo workflow validate` prints the remedy as a hint. Severity is in the code: W is a warning.
"""

from __future__ import annotations

from typing import Final

import msgspec

from floruntime.core.workflow import Severity


class ProblemCode(msgspec.Struct, frozen=True):
    """What a code stands for. `remedy`: what to do about it, whatever the case."""

    code: str
    meaning: str
    remedy: str

    @property
    def severity(self) -> Severity:
        """Codes that begin with W are warnings."""
        return Severity.WARNING if self.code.startswith("W") else Severity.ERROR


_TABLE: Final = (
    # Structure: what is no YAML, or not of the language's shape.
    ("E101", "the file is not UTF-8", "save it as UTF-8"),
    ("E102", "the file is too large", "split the workflow, or move data out of it"),
    ("E103", "the file is not YAML", "correct the syntax at the place shown"),
    ("E104", "there is no definition", "write a map that begins with `kind: Workflow`"),
    ("E105", "there are several documents", "give each workflow a file of its own"),
    ("E106", "the file has too many values", "split the workflow; aliases count as what they copy"),
    ("E107", "the file is nested too deeply", "make it flatter"),
    ("E108", "a key is given twice", "keep one of them"),
    ("E109", "a key is not known", "see the keys of this part in the reference"),
    ("E110", "a required key is missing", "add it"),
    ("E111", "a value is of the wrong kind", "see the key's type in the reference"),
    ("E112", "a YAML tag (`!…`) is used", "leave the tag out; quote what is meant as text"),
    ("E113", "a merge key (`<<`) is used", "write the keys out, or use an alias for a whole value"),
    ("E114", "an alias copies nothing, or itself", "define its anchor before it, outside of it"),
    ("E115", "a key is not text", "quote the key"),
    ("E116", "a key has no value", "give it one, or leave the key out"),
    ("E117", "there are more errors than are shown", "correct the ones above first"),
    # Values.
    ("E201", "a number is out of range", "see the key's range in the reference"),
    ("E202", "a value is not one of the choices", "choose one of those named"),
    ("E203", "something meant as text is read as another type", "quote it"),
    ("E204", "a text is too short or too long", "see the key's limits in the reference"),
    ("E205", "JSON text is not JSON", "correct it, or write the value as YAML instead"),
    ("E206", "a name is not allowed", "use 1 to 255 bytes without control characters"),
    ("E207", "a name is reserved", "choose another one"),
    ("E208", "an outcome's name is not allowed", "use letters, digits, `_` and `-`"),
    (
        "E209",
        "a target is not well formed",
        "write @actions/NAME, @plan/NAME, @workflow/NAME or @workflow/NAME:VERSION",
    ),
    ("E210", "a cron expression is not valid", "write minute, hour, day, month and weekday"),
    ("E211", "a time zone is not known", "use a name of the IANA database, such as Europe/Berlin"),
    ("E212", "a cache key's template is not valid", "name inputs as in `charge:{input.customer}`"),
    ("E213", "a number is not valid in JSON, or too large", "use a finite one of at most 64 bits"),
    ("E214", "there are too few or too many entries", "see the key's limits in the reference"),
    ("E215", "an executor runs something else than an action", "use @actions/NAME"),
    # References.
    ("E301", "a step or terminal is not known", "name a step, an own terminal or one of flo.…"),
    ("E302", "a plan is not known", "define it under `plans`, or name one that is there"),
    ("E303", "an executor's name is used twice in its plan", "give each its own name"),
    ("E304", "a search attribute is declared twice", "give each its own name"),
    ("E305", "a terminal has the name of a step", "rename one of them"),
    ("E306", "this version exists with other content", "give it a new version"),
    # Combinations.
    ("E401", "a step does nothing", "give it `run`, or another of its kinds"),
    ("E402", "a step does several things", "make several steps of it"),
    ("E403", "a key has no meaning in a step of this kind", "take it out"),
    ("E404", "`onTimeout` without `timeoutMs`", "add `timeoutMs`, or take `onTimeout` out"),
    ("E405", "a schedule has no times", "give it `cron` or `interval`"),
    ("E406", "a schedule has both `cron` and `interval`", "keep one of them"),
    ("E407", "a rate limit limits nothing", "give at least one of its keys"),
    ("E408", "an error code is both retryable and fatal", "keep it in one list"),
    ("E409", "the jitter is not shorter than the time between two runs", "make it shorter"),
    ("E410", "a wait has several of `type`, `anyOf` and `allOf`", "keep one of them"),
    ("E411", "a type of signal is named twice in one wait", "name it once"),
    ("E412", "a signal's type cannot be an outcome's name", "use another type, or `type`"),
    ("E413", "a sleep has no time, or two", "give it one of `forMs` and `until`"),
    ("E414", "`onTimeout` in a branch", "take it out; the branch's outcome is `timeout`"),
    ("E415", "a join can never be reached", "use all, any, or a number of branches"),
    ("E416", "a signal could be for two branches", "give them signals of different types"),
    ("E417", "a plan with async tracking is run for each item", "put it into a child workflow"),
    ("E418", "a compensation runs a plan", "use @actions/NAME or @workflow/NAME"),
    ("E216", "a time is not valid, or too far off", "use milliseconds, RFC 3339 text or a path"),
    # Paths.
    ("E501", "a path is not JSONPath (RFC 9535)", "correct it at the place shown"),
    ("E502", "a path starts with something unknown", "start it as the reference shows"),
    ("E503", "a path names a step that is not there", "name a step of this workflow"),
    ("E504", "a path uses a function that is not there", "use length, count or value"),
    ("E505", "a path is too long, or all are together", "make them shorter"),
    ("E507", "a path names a branch that is not there", "name a branch of that step"),
    ("E508", "a path looks at an item where there is none", "use it in the keys of `forEach`"),
    ("E506", "a condition is not a logical expression (RFC 9535)", "correct it at the place shown"),
    # Warnings.
    ("W601", "an action is not known (yet)", "register it before runs come to this step"),
    ("W602", "a workflow is not known (yet)", "sync it before runs come to this step"),
    ("W603", "a step is never reached", "name it in a transition, or take it out"),
    ("W605", "a plan is not used", "run it with @plan/NAME, or take it out"),
    ("W606", "a terminal is not used", "name it in a transition, or take it out"),
    ("W607", "a key has no effect here", "take it out, or change what makes it ineffective"),
    ("W608", "a transition is never taken", "take it out, or correct the outcome"),
    ("W609", "a wait has no transition for its signal", "add `success`"),
    ("W610", "a step leads to no end", "add a transition to a terminal"),
    (
        "W613",
        "an outcome looks misspelt",
        "correct it, unless the action gives this outcome",
    ),
    ("W612", "there are more warnings than are shown", "look at the ones above first"),
    (
        "W614",
        "a cron expression matches other times than it seems to",
        "write the times that you mean",
    ),
    ("W611", "`$.flo.event` without a trigger", "add `trigger`, or give the path a default"),
)

CODES: Final = {
    code: ProblemCode(code=code, meaning=meaning, remedy=remedy) for code, meaning, remedy in _TABLE
}
