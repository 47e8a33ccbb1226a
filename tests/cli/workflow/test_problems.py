"""Problems as a person sees them."""

from __future__ import annotations

import re

from floruntime.cli.workflow.problems import LINE_CHARS_MAX, render
from floruntime.core.workflow import Problem, Severity
from floruntime.engine.workflow.language.validation import check

TEXT = """\
kind: Workflow
name: order
version: 1.0
start:
  run: "@actions/charge"
  retry: {max_attempts: "3", backof: linear}
  transitions: {success: flo.Completd}
  "geöffnet 日本": 'x'
"""


def rendered(text: str, *, is_colored: bool = False) -> str:
    problems = check(text.encode()).problems
    return render(problems, text, "order.yaml", is_colored=is_colored)


def test_each_problem_shows_its_place_its_line_and_what_to_do() -> None:
    assert rendered(TEXT) == (
        """\
order.yaml:3:10: error[E203]: version must be text, and YAML reads 1.0 as the number 1.0: quote \
it, "1.0"
    3 | version: 1.0
      |          ^^^
  = quote it

order.yaml:6:25: error[E111]: max_attempts must be a whole number, not the text '3'; write 3 \
without quotes
    6 |   retry: {max_attempts: "3", backof: linear}
      |                         ^^^
  = see the key's type in the reference

order.yaml:6:30: error[E109]: the key 'backof' is not known here; did you mean backoff?
    6 |   retry: {max_attempts: "3", backof: linear}
      |                              ^^^^^^
  = see the keys of this part in the reference

order.yaml:7:26: error[E301]: there is no step or terminal 'flo.Completd'; did you mean \
flo.Completed?
    7 |   transitions: {success: flo.Completd}
      |                          ^^^^^^^^^^^^
  = name a step, an own terminal or one of flo.…

order.yaml:8:3: error[E109]: the key 'geöffnet 日本' is not known here
    8 |   "geöffnet 日本": 'x'
      |   ^^^^^^^^^^^^^^^
  = see the keys of this part in the reference

5 errors
"""
    )


def test_nothing_wrong_shows_nothing() -> None:
    assert render([], TEXT, "order.yaml") == ""


def test_colors_change_nothing_but_colors() -> None:
    colored = rendered(TEXT, is_colored=True)
    assert "\x1b[1;31merror[E203]:\x1b[0m" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == rendered(TEXT)


def test_warnings_are_counted_by_themselves() -> None:
    problems = [
        Problem("E109", Severity.ERROR, "one", "", 1, 1),
        Problem("W605", Severity.WARNING, "two", "", 1, 1),
        Problem("W605", Severity.WARNING, "three", "", 1, 1),
    ]
    assert render(problems, "a: b", "x").endswith("\n1 error, 2 warnings\n")


def test_a_long_line_is_shown_around_what_is_wrong() -> None:
    text = "a: " + "b" * 200 + " wrong " + "c" * 200
    shown = render([Problem("E109", Severity.ERROR, "no", "", 1, 205)], text, "x").splitlines()
    assert len(shown[1]) <= LINE_CHARS_MAX + 8
    assert shown[2].index("^") == shown[1].index("wrong")
    assert shown[2].count("^") == len("wrong")


def test_a_file_cannot_speak_to_the_terminal() -> None:
    text = 'a: "\x1b[2J\tb"'
    problem = Problem("E103", Severity.ERROR, "bad \x1b[2J", "", 1, 5)
    shown = render([problem], text, "x")
    assert "\x1b" not in shown
    assert '    1 | a: "\ufffd[2J b"' in shown


def test_a_place_at_or_beyond_the_end_is_no_trouble() -> None:
    for line, column in ((1, 5), (2, 1), (9, 9)):
        shown = render([Problem("E103", Severity.ERROR, "no", "", line, column)], "a: b\n", "x")
        assert shown.startswith(f"x:{line}:{column}: error[E103]: no\n")


def test_a_byte_order_mark_moves_nothing() -> None:
    shown = render([Problem("E109", Severity.ERROR, "no", "", 1, 1)], "\ufeffkey: 1", "x")
    assert "    1 | key: 1\n      | ^^^\n" in shown


def test_the_file_that_a_problem_names_goes_before() -> None:
    problem = Problem("E109", Severity.ERROR, "no", "", 1, 1, "other.yaml")
    assert render([problem], "a: 1", "x").startswith("other.yaml:1:1:")
