"""Layouts of random graphs: nothing overlaps, every line is there, every time the same."""

from __future__ import annotations

from itertools import combinations, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from floruntime.graph.coordinates import nearest
from floruntime.graph.geometry import Rect, Size
from floruntime.graph.layers import Link, layered
from floruntime.graph.layout import lay_out
from floruntime.graph.ports import INSET, ports

WIDTHS = st.floats(20, 300)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, Size], list[Link]]:
    """Some nodes, all of which the first leads to or not, and links between them; loops, too."""
    names = [f"n{number}" for number in range(draw(st.integers(1, 9)))]
    sizes = {name: Size(draw(WIDTHS), draw(st.floats(30, 120))) for name in names}
    pairs = draw(
        st.lists(
            st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=14, unique=True
        )
    )
    return sizes, [Link(*pair, Size(draw(WIDTHS), 18.0)) for pair in pairs]


def overlap(one: Rect, other: Rect) -> bool:
    """Whether two boxes share more than a hair's breadth."""
    close = 0.01
    return (
        one.left < other.right - close
        and other.left < one.right - close
        and one.top < other.bottom - close
        and other.top < one.bottom - close
    )


@settings(deadline=None)
@given(graphs())
def test_boxes_and_labels_never_overlap_and_lie_within_the_drawing(
    made: tuple[dict[str, Size], list[Link]],
) -> None:
    sizes, links = made
    layout = lay_out(sizes, links)
    rects = [*layout.nodes.values(), *layout.labels.values()]
    assert not [pair for pair in combinations(rects, 2) if overlap(*pair)]
    assert layout.nodes.keys() == sizes.keys()
    assert layout.labels.keys() == set(range(len(links)))
    for rect in rects:
        assert rect.left >= -0.01
        assert rect.right <= layout.width + 0.01
        assert rect.top >= -0.01
        assert rect.bottom <= layout.height + 0.01


@settings(deadline=None)
@given(graphs())
def test_every_link_is_drawn_from_its_source_to_its_target_through_its_label(
    made: tuple[dict[str, Size], list[Link]],
) -> None:
    sizes, links = made
    layout = lay_out(sizes, links)
    assert layout.links.keys() | layout.loops.keys() == set(range(len(links)))
    for place, pieces in layout.links.items():
        link = links[place]
        assert (pieces[0][0].node, pieces[-1][1].node) == (link.source, link.target)
        assert pieces[0][1].link == place
        for above, below in pairwise(pieces):
            assert above[1] == below[0]
        for piece in pieces:
            (_, top), (_, bottom) = layout.curves[piece]
            assert top < bottom, "lines lead down"
    for place, loop in layout.loops.items():
        link, corners = links[place], loop.corners
        assert corners[0][1] == layout.nodes[link.source].bottom
        assert corners[-1][1] == layout.nodes[link.target].top
        assert loop.label == layout.labels[place]


@settings(deadline=None)
@given(graphs())
def test_lines_pass_no_box(made: tuple[dict[str, Size], list[Link]]) -> None:
    """Those that go straight through a layer; curves and level parts keep between the layers."""
    sizes, links = made
    layout = lay_out(sizes, links)
    boxes = [*layout.nodes.values(), *layout.labels.values()]
    for start, end in layout.passes.values():
        line = Rect(start[0], (start[1] + end[1]) / 2, 0.1, end[1] - start[1])
        assert not [box for box in boxes if overlap(line, box)]
    for place, loop in layout.loops.items():
        (x, low), (_, high) = loop.corners[2], loop.corners[3]
        lane = Rect(x, (low + high) / 2, 0.1, low - high)
        others = [box for number, box in layout.labels.items() if number != place]
        assert not [box for box in (*layout.nodes.values(), *others) if overlap(lane, box)]


@settings(deadline=None)
@given(graphs())
def test_it_is_the_same_every_time(made: tuple[dict[str, Size], list[Link]]) -> None:
    assert lay_out(*made) == lay_out(*made)


def test_what_leads_on_stands_below_and_what_leads_back_is_a_loop() -> None:
    one = Size(10, 10)
    links = [Link("a", "b", one), Link("b", "c", one), Link("c", "a", one), Link("c", "c", one)]
    links += [Link("a", "c", one)]
    found = layered(["a", "b", "c"], links)
    assert found.ranks == {"a": 0, "b": 1, "c": 2}
    assert found.loops == [2, 3]


def test_links_with_one_target_share_their_way_below_their_labels() -> None:
    one = Size(10, 10)
    links = [Link("a", "b", one), Link("a", "c", one), Link("b", "c", one), Link("c", "d", one)]
    links += [Link("a", "d", one), Link("b", "d", one)]
    found = layered(["a", "b", "c", "d"], links)
    assert found.segments[4][-1] == found.segments[5][-1]
    assert found.segments[4][1] != found.segments[5][1]


def test_a_chain_may_be_long() -> None:
    names = [f"n{number}" for number in range(1_500)]
    links = [Link(*pair, Size(10, 10)) for pair in pairwise(names)]
    assert layered(names, links).ranks["n1499"] == 1_499


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 50), st.floats(0.5, 8)), min_size=1))
def test_the_nearest_places_keep_the_distances(items: list[tuple[float, float, float]]) -> None:
    wanted, gaps, weights = (list(column) for column in zip(*items, strict=True))
    places = nearest(wanted, gaps[1:], weights)
    for (one, other), gap in zip(pairwise(places), gaps[1:], strict=True):
        assert other - one >= gap - 1e-6

    def cost(moved: list[float]) -> float:
        terms = zip(moved, wanted, weights, strict=True)
        return float(sum(weight * (a - b) ** 2 for a, b, weight in terms))

    for step in (-0.5, 0.5):  # all of them moved together are no nearer
        assert cost([place + step for place in places]) >= cost(places) - 1e-6


@given(st.lists(st.floats(-500, 500)), st.integers(0, 4), st.floats(60, 300))
def test_lines_meet_a_node_within_its_edge_and_in_order(
    ends: list[float], loops: int, width: float
) -> None:
    places = ports(100.0, width, sorted(ends), loops)
    assert len(places) == len(ends) + loops
    assert places == sorted(places)
    reach = width / 2 - INSET + 1e-6
    assert all(100 - reach <= place <= 100 + reach for place in places)
