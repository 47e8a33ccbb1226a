from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floruntime.engine.state.json_path.parser import (
    JsonPathError,
    UnknownFunctionError,
    parse,
    parse_singular,
)
from floruntime.engine.state.json_path.tree import (
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
    Wildcard,
)


def child(*selectors: Selector) -> Segment:
    return Segment(selectors)


def below(*selectors: Selector) -> Segment:
    return Segment(selectors, is_descendant=True)


def relative(*segments: Segment) -> Query:
    return Query(segments, is_absolute=False)


A = child(Name("a"))


@pytest.mark.parametrize("text", ["$[{}]", "$[-{}]", "$[1:{}]", "$[::{}]"])
def test_an_index_of_any_length_is_refused_as_such(text: str) -> None:
    with pytest.raises(JsonPathError, match=r"1{9,}\.\.\. is not an index"):
        parse(text.format("1" * 5_000))


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("$", ()),
        ("$.a", (A,)),
        ("$.a-b", (child(Name("a-b")),)),
        ("$ .a\t['a']", (A, A)),
        ("$.*", (child(Wildcard()),)),
        ("$..a", (below(Name("a")),)),
        ("$..*", (below(Wildcard()),)),
        ("$..[0]", (below(Index(0)),)),
        ("$[0, 'a' ,*]", (child(Index(0), Name("a"), Wildcard()),)),
        ("$[1:]", (child(Slice(1, None, None)),)),
        ("$[:-1]", (child(Slice(None, -1, None)),)),
        ("$[::2]", (child(Slice(None, None, 2)),)),
        ("$[ 1 : 2 : 3 ]", (child(Slice(1, 2, 3)),)),
        ("$[9007199254740991]", (child(Index(2**53 - 1)),)),
        (r"""$["\"\\\/\b\f\n\r\t'"]""", (child(Name("\"\\/\b\f\n\r\t'")),)),
        (r"""$['\'"']""", (child(Name("'\"")),)),
        (r"$['\u00e9\ud83d\ude00😀']", (child(Name("é😀😀")),)),
    ],
)
def test_segments_and_selectors_are_read(text: str, segments: tuple[Segment, ...]) -> None:
    assert parse(text) == Query(segments)


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("@.a", Exists(relative(A))),
        ("$.a", Exists(Query((A,)))),
        ("! @.a", Not(Exists(relative(A)))),
        ("(@.a)", Exists(relative(A))),
        ("!( !@.a )", Not(Not(Exists(relative(A))))),
        ("@.a==1", Comparison("==", relative(A), Literal(1))),
        ("1.5e1 <= @", Comparison("<=", Literal(15.0), relative())),
        ("@ != -0", Comparison("!=", relative(), Literal(0))),
        ("@ > 'x'", Comparison(">", relative(), Literal("x"))),
        ("null == true", Comparison("==", Literal(None), Literal(True))),
        ("length(@.a) < 3", Comparison("<", Function("length", relative(A)), Literal(3))),
        (
            "count( @.* ) >= 1",
            Comparison(">=", Function("count", relative(child(Wildcard()))), Literal(1)),
        ),
        (
            "@.a || @.a && !@.a",
            Logical(
                "||",
                Exists(relative(A)),
                Logical("&&", Exists(relative(A)), Not(Exists(relative(A)))),
            ),
        ),
    ],
)
def test_filters_are_read(text: str, test: Any) -> None:
    assert parse(f"$[?{text}]") == Query((child(Filter(test)),))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", 1),
        ("a", 1),
        (" $", 1),
        ("$ ", 2),
        ("$.", 3),
        ("$. a", 3),
        ("$.1", 3),
        ("$[", 3),
        ("$[]", 3),
        ("$[0", 4),
        ("$[0,]", 5),
        ("$[01]", 3),
        ("$[-0]", 3),
        ("$[9007199254740992]", 3),
        ("$['a", 5),
        ("$['\t']", 4),
        (r"$['\x']", 5),
        (r"$['\"']", 5),
        (r"$['\ud83d']", 5),
        ("$[?]", 4),
        ("$[?1]", 4),
        ("$[?!1]", 5),
        ("$[?@.a=1]", 7),
        ("$[?@.* == 1]", 4),
        ("$[?1 == @..a]", 9),
        ("$[?(@.a) == 1]", 10),
        ("$[?count('a') == 1]", 10),
        ("$[?length(@.*) == 1]", 11),
        ("$[?length (@) == 1]", 4),
        ("$[?length(@)]", 4),
        ("$[?@ == 01]", 9),
        ("$[?@ == 1.]", 9),
        ("$[?@.a &&]", 10),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, place: int) -> None:
    with pytest.raises(JsonPathError, match=rf"at character {place}$"):
        parse(text)


@pytest.mark.parametrize("name", ["match", "search", "keys"])
def test_a_function_that_there_is_not_is_named(name: str) -> None:
    with pytest.raises(UnknownFunctionError) as refused:
        parse(f"$[?{name}(@, 'a')]")
    assert refused.value.name == name


@pytest.mark.parametrize(
    ("text", "steps"), [("$", ()), ("$.a[0]['b c'][-1]", ("a", 0, "b c", -1)), ("$[ 'a' ]", ("a",))]
)
def test_a_path_to_one_place_is_its_steps(text: str, steps: tuple[str | int, ...]) -> None:
    assert parse_singular(text, steps_max=4) == steps


@pytest.mark.parametrize(
    "text",
    [
        "$.*",
        "$..a",
        "$[0, 1]",
        "$[0:1]",
        "$[?@.a]",
        "$" + "[?@" * 10_000,
        "$[" + "0," * 10_000,
        "$" + ".a" * 5,
        "$" + ".a" * 100_000,
    ],
)
def test_anything_else_is_none_however_long_it_is(text: str) -> None:
    with pytest.raises(JsonPathError):
        parse_singular(text, steps_max=4)


@given(st.text("$@.[]'\"*?:!=<>&|()abu0189-\\, {}", max_size=24))
def test_any_text_is_a_query_or_refused_with_a_reason(rest: str) -> None:
    text = f"$[?@{rest}"
    if (query := _query_or_none(text)) is None:
        with pytest.raises(JsonPathError, match=r"at character|there is no function"):
            parse(text)
    else:
        assert query.segments


def _query_or_none(text: str) -> Query | None:
    try:
        return parse(text)
    except JsonPathError:
        return None
