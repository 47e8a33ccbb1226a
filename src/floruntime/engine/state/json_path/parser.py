"""Reads a query of RFC 9535 by recursive descent, one method for each rule of its grammar.

One thing is wider than the standard: a name without quotes may have a `-` after its first
character, since names of steps and keys often do. One is narrower: of the functions there are
`length`, `count` and `value`. (`match` and `search` are left out: the cost of a regular expression
cannot be bounded.)

It recurses as deep as brackets and parentheses nest: whoever takes texts from outside bounds that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from floruntime.core.limits import shown
from floruntime.engine.state.json_path.tree import (
    Comparable,
    Comparison,
    Exists,
    Filter,
    Function,
    Index,
    Literal,
    Logical,
    Name,
    Not,
    Query,
    Segment,
    Selector,
    Slice,
    Test,
    Wildcard,
)

INDEX_MAX: Final = 2**53 - 1
_INDEX_CHARS_MAX: Final = len(str(-INDEX_MAX))
VALUE_FUNCTIONS: Final = ("length",)
NODES_FUNCTIONS: Final = ("count", "value")

_NOT_IN_NAMES: Final = r"\x00-,./:-@\[-^`{-\x7f\ud800-\udfff"
"""Said by what is not in it, a set of characters is made in a tenth of the time."""
NAME: Final = f"[^{_NOT_IN_NAMES}0-9-][^{_NOT_IN_NAMES}]*"
_NAME: Final = re.compile(NAME)
_BLANK: Final = re.compile(r"[ \t\n\r]*")
_INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9.])")
_FUNCTION: Final = re.compile(r"([a-z][a-z0-9_]*)\(")
_OPERATOR: Final = re.compile(r"[=!<>]=|[<>]")
_WORD: Final = re.compile(r"(true|false|null)(?![a-zA-Z0-9_\-])")
_WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None}
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\"}
_PLAIN: Final = {
    "'": re.compile(r"[^'\\\x00-\x1f\ud800-\udfff]*"),
    '"': re.compile(r'[^"\\\x00-\x1f\ud800-\udfff]*'),
}
_UNICODE: Final = re.compile(
    r"u(?:(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?P<single>(?![dD][89a-fA-F])[0-9a-fA-F]{4}))"
)

Found = TypeVar("Found")


class JsonPathError(ValueError):
    """A text that is no query; the message says what is wrong, and at which character."""


class UnknownFunctionError(JsonPathError):
    """A query with a function that there is not."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no function {name}()")
        self.name = name


def parse(text: str) -> Query:
    """The query that `text` is. Raises `JsonPathError`."""
    return _whole(_Parser(text))


def parse_singular(text: str, *, steps_max: int) -> tuple[str | int, ...]:
    """The names and indexes of a query that names one place, in at most so many steps.

    Raises `JsonPathError`. Nothing nests in it, so `text` may be of any length.
    """
    query = _whole(_SingularParser(text, steps_max))
    steps = tuple(step for step in query.steps() if step is not None)
    if len(steps) < len(query.segments):
        raise JsonPathError("a path to one place has names and indexes only")
    return steps


def parse_condition(text: str) -> Test:
    """The logical expression that `text` is: what stands behind the `?` of a filter. Its queries
    are absolute, but for those within filters of its own. Raises `JsonPathError`.
    """
    return _ConditionParser(text).condition()


def _whole(parser: _Parser) -> Query:
    query = parser.query("$")
    if parser.at < len(parser.text):
        raise parser.wrong(f"unexpected {parser.text[parser.at]!r}")
    return query


class _Parser:
    """`at`: how far it has come."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def wrong(self, reason: str, at: int | None = None) -> JsonPathError:
        place = self.at if at is None else at
        return JsonPathError(f"{reason} at character {place + 1}")

    # Tokens

    def _takes(self, mark: str) -> bool:
        found = self.text.startswith(mark, self.at)
        if found:
            self.at += len(mark)
        return found

    def _expect(self, mark: str) -> None:
        if not self._takes(mark):
            raise self.wrong(f"{mark!r} is missing")

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def _skip_blank(self) -> None:
        self._match(_BLANK)

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    # Queries and segments

    def query(self, first: str) -> Query:
        self._expect(first)
        segments: list[Segment] = []
        while True:
            before = self.at
            self._skip_blank()
            segment = self._segment()
            if segment is None:
                self.at = before  # blanks belong to a query only between its segments
                return Query(tuple(segments), first == "$")
            segments.append(segment)
            self._check_count(len(segments))

    def _check_count(self, segments: int) -> None:
        """Bounds the length of a query, where that is asked for."""

    def _segment(self) -> Segment | None:
        if self._takes(".."):
            selectors = self._bracketed() if self._next() == "[" else (self._shorthand(),)
            return Segment(selectors, is_descendant=True)
        if self._takes("."):
            return Segment((self._shorthand(),))
        return Segment(self._bracketed()) if self._next() == "[" else None

    def _shorthand(self) -> Selector:
        if self._takes("*"):
            return Wildcard()
        name = self._match(_NAME)
        if name is None:
            raise self.wrong("a name or * is missing")
        return Name(name[0])

    def _bracketed(self) -> tuple[Selector, ...]:
        self._expect("[")
        selectors = self._separated(self._selector)
        self._expect("]")
        return selectors

    def _separated(self, read: Callable[[], Found]) -> tuple[Found, ...]:
        """One or more, with commas between them, and blanks anywhere."""
        found = []
        while True:
            self._skip_blank()
            found.append(read())
            self._skip_blank()
            if not self._takes(","):
                return tuple(found)

    # Selectors

    def _selector(self) -> Selector:
        mark = self._next()
        if mark and mark in "'\"":
            return Name(self._text())
        if self._takes("*"):
            return Wildcard()
        return self._filter() if mark == "?" else self._index_or_slice()

    def _filter(self) -> Selector:
        self._expect("?")
        self._skip_blank()
        return Filter(self._either())

    def _index_or_slice(self) -> Selector:
        start = self._integer()
        self._skip_blank_before(":")
        if not self._takes(":"):
            if start is None:
                raise self.wrong("a name in quotes, an index, a slice, * or ?filter is missing")
            return Index(start)
        self._skip_blank()
        stop = self._integer()
        self._skip_blank_before(":")
        step = None
        if self._takes(":"):
            before = self.at
            self._skip_blank()
            step = self._integer()
            if step is None:
                self.at = before
        return Slice(start, stop, step)

    def _skip_blank_before(self, mark: str) -> None:
        before = self.at
        self._skip_blank()
        if self._next() != mark:
            self.at = before

    def _integer(self) -> int | None:
        begin = self.at
        found = self._match(_INTEGER)
        if found is None:
            return None
        digits = found[0]
        is_short = len(digits) <= _INDEX_CHARS_MAX  # else int() may refuse it
        if not is_short or digits == "-0" or abs(int(digits)) > INDEX_MAX or self._next().isdigit():
            raise self.wrong(f"{shown(digits)} is not an index", begin)
        return int(digits)

    # Tests

    def _either(self) -> Test:
        return self._joined("||", lambda: self._joined("&&", self._basic))

    def _joined(self, operator: str, read: Callable[[], Test]) -> Test:
        test = read()
        while True:
            before = self.at
            self._skip_blank()
            if not self._takes(operator):
                self.at = before
                return test
            self._skip_blank()
            test = Logical(operator, test, read())

    def _basic(self) -> Test:
        if self._takes("!"):
            self._skip_blank()
            inner = self._parenthesized() if self._next() == "(" else self._existence()
            return Not(inner)
        if self._next() == "(":
            return self._parenthesized()
        return self._comparison_or_existence()

    def _parenthesized(self) -> Test:
        self._expect("(")
        self._skip_blank()
        test = self._either()
        self._skip_blank()
        self._expect(")")
        return test

    def _existence(self) -> Test:
        begin = self.at
        return Exists(self._queried(self._comparable(), begin))

    def _roots(self) -> str:
        """What a query may begin with here."""
        return "@ or $"

    def _queried(self, part: Comparable, begin: int) -> Query:
        if not isinstance(part, Query):
            raise self.wrong(f"a query is needed here, which begins with {self._roots()},", begin)
        return part

    def _comparison_or_existence(self) -> Test:
        begin = self.at
        left = self._comparable()
        before = self.at
        self._skip_blank()
        operator = self._match(_OPERATOR)
        if operator is None:
            self.at = before
            return Exists(self._queried(left, begin))
        self._check_single(left, begin)
        self._skip_blank()
        begin = self.at
        right = self._comparable()
        self._check_single(right, begin)
        return Comparison(operator[0], left, right)

    def _check_single(self, part: Comparable, begin: int) -> None:
        if isinstance(part, Query) and not part.is_singular():
            raise self.wrong("a query that may give several nodes cannot be compared", begin)

    # What is compared

    def _comparable(self) -> Comparable:
        mark = self._next()
        if mark and mark in "@$":
            return self.query(mark)
        if mark and mark in "'\"":
            return Literal(self._text())
        if function := self._match(_FUNCTION):
            return self._function(function[1])
        if word := self._match(_WORD):
            return Literal(_WORDS[word[1]])
        if number := self._match(_NUMBER):
            return Literal(_number(number[0]))
        raise self.wrong("a query, a number, a text, true, false, null or a function is missing")

    def _function(self, name: str) -> Function:
        if name not in (*VALUE_FUNCTIONS, *NODES_FUNCTIONS):
            raise UnknownFunctionError(name)
        self._skip_blank()
        begin = self.at
        argument = self._comparable()
        if name in NODES_FUNCTIONS:
            self._queried(argument, begin)
        else:
            self._check_single(argument, begin)
        self._skip_blank()
        self._expect(")")
        return Function(name, argument)

    # Texts in quotes

    def _text(self) -> str:
        quote = self._next()
        self.at += 1
        parts = []
        while True:
            plain = self._match(_PLAIN[quote])
            assert plain is not None, "it matches nothing, too"
            parts.append(plain[0])
            if self._takes(quote):
                return "".join(parts)
            if not self._takes("\\"):
                raise self.wrong("a text is not closed, or has a character that needs an escape,")
            parts.append(self._escape(quote))

    def _escape(self, quote: str) -> str:
        if self._takes(quote):
            return quote
        if unicode := self._match(_UNICODE):
            return _character(unicode)
        character = _ESCAPES.get(self._next())
        if character is None:
            raise self.wrong("an unknown escape")
        self.at += 1
        return character


class _SingularParser(_Parser):
    """Stops at the first thing that a path to one place does not have."""

    def __init__(self, text: str, steps_max: int) -> None:
        super().__init__(text)
        self._steps_max = steps_max

    def _check_count(self, segments: int) -> None:
        if segments > self._steps_max:
            raise self.wrong(f"more than {self._steps_max} steps")

    def _bracketed(self) -> tuple[Selector, ...]:
        self._expect("[")
        self._skip_blank()
        selector = self._selector()
        self._skip_blank()
        self._expect("]")
        return (selector,)

    def _filter(self) -> Selector:
        raise self.wrong("a filter may find several places")


class _ConditionParser(_Parser):
    """Has no current node outside of the filters within it. `depth`: how many it stands in."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    def _roots(self) -> str:
        return super()._roots() if self._depth else "$"

    def condition(self) -> Test:
        self._skip_blank()
        test = self._either()
        self._skip_blank()
        if self.at < len(self.text):
            raise self.wrong(f"unexpected {self.text[self.at]!r}")
        return test

    def query(self, first: str) -> Query:
        if first == "@" and not self._depth:
            raise self.wrong("a path that begins with $ is needed here: there is no current node")
        return super().query(first)

    def _filter(self) -> Selector:
        self._depth += 1
        found = super()._filter()
        self._depth -= 1
        return found


def _character(escape: re.Match[str]) -> str:
    if escape["single"] is not None:
        return chr(int(escape["single"], 16))
    high, low = int(escape["high"], 16), int(escape["low"], 16)
    return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00)


def _number(digits: str) -> int | float:
    """Whole numbers stay exact."""
    return int(digits) if digits.removeprefix("-").isdigit() else float(digits)
