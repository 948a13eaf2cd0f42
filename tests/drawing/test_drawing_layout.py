"""The built-in layout places every box once, apart from the others, level by level."""

from itertools import combinations, pairwise

import pytest
from drawing_samples import fan, picture, random_picture

from linus_nb.drawing import PictureEdge
from linus_nb.drawing.dot import layout_source, parse_layout
from linus_nb.drawing.layered import layered_layout
from linus_nb.drawing.layout import fitted, measure, text_width
from linus_nb.drawing.render import _run_dot


def built_in(drawn, direction="LR"):
    return layered_layout(drawn, measure(drawn), direction)


def by_dot(drawn, direction="LR"):
    sizes = measure(drawn)
    return parse_layout(_run_dot(layout_source(drawn, sizes, direction), 5.0), drawn, sizes)


@pytest.fixture(params=[built_in, by_dot])
def layout(request):
    return request.param


def overlap(one, other):
    return (
        abs(one.x - other.x) < (one.width + other.width) / 2 - 1
        and abs(one.y - other.y) < (one.height + other.height) / 2 - 1
    )


def touches(point, box):
    return abs(point[0] - box.x) < box.width / 2 + 2 and abs(point[1] - box.y) < box.height / 2 + 2


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_no_two_boxes_overlap_and_all_are_inside_the_picture(layout, direction):
    placed = layout(random_picture(60, 90), direction)
    assert not any(overlap(*pair) for pair in combinations(placed.boxes, 2))
    for box in placed.boxes:
        assert box.width / 2 <= box.x <= placed.width - box.width / 2
        assert box.height / 2 <= box.y <= placed.height - box.height / 2


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_every_route_leads_from_its_source_to_its_target(layout, direction):
    drawn = random_picture(60, 90)
    placed = layout(drawn, direction)
    index = drawn.index()
    for edge, route in zip(drawn.edges, placed.routes, strict=True):
        assert touches(route.points[0], placed.boxes[index[edge.source]])
        assert touches(route.points[-1], placed.boxes[index[edge.target]])
        assert len(route.points) % 3 == 1


@pytest.mark.parametrize("direction", ["LR", "TB"])
def test_levels_follow_each_other_in_the_direction_asked_for(layout, direction):
    drawn = random_picture(30, 45)
    placed = layout(drawn, direction)
    index = drawn.index()
    along = [box.x if direction == "LR" else box.y for box in placed.boxes]
    for before, after in pairwise(drawn.levels):
        assert max(along[index[name]] for name in before) < min(
            along[index[name]] for name in after
        )


def test_a_fan_is_symmetric_about_its_source():
    placed = built_in(fan("a", "b", "c"))
    ingest, first, second, third, report = placed.boxes
    assert ingest.y == pytest.approx(second.y)
    assert ingest.y == pytest.approx(report.y)
    assert second.y - first.y == pytest.approx(third.y - second.y)


def test_an_edge_over_several_levels_goes_around_the_boxes_between():
    chain = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]
    placed = built_in(picture(chain))
    middle = placed.boxes[1:3]
    assert not any(touches(point, box) for point in placed.routes[3].points[3:-3] for box in middle)


def test_crossings_that_can_be_avoided_are_avoided():
    straight = [("a", "z"), ("b", "y"), ("c", "x")]
    placed = built_in(picture(straight, nodes=["a", "b", "c", "x", "y", "z"]))
    heights = dict(zip("abcxyz", (box.y for box in placed.boxes), strict=True))
    assert heights["z"] < heights["y"] < heights["x"]


def test_labels_of_one_source_do_not_cover_each_other(layout):
    edges = [PictureEdge("route", f"target {i}", f"if case {i}") for i in range(6)]
    edges.append(PictureEdge("target 0", "end"))
    edges.append(PictureEdge("route", "end", "otherwise"))
    drawn = picture(edges)
    routes = layout(drawn).routes
    labels = [
        (route.label_at, size)
        for route, size in zip(routes, measure(drawn).labels, strict=True)
        if size
    ]
    assert len(labels) == 7
    for ((x1, y1), (w1, h1)), ((x2, y2), (w2, h2)) in combinations(labels, 2):
        assert abs(x1 - x2) >= (w1 + w2) / 2 - 1 or abs(y1 - y2) >= (h1 + h2) / 2 - 1


def test_names_never_reach_dot_when_it_only_places():
    drawn = picture([PictureEdge('secret"]', "b", "secret label")])
    assert "secret" not in layout_source(drawn, measure(drawn), "LR")


def test_an_incomplete_answer_of_dot_is_refused():
    drawn = fan("a")
    with pytest.raises(ValueError, match="layout of 'daily' is not complete"):
        parse_layout(
            "graph 1 2 2\nnode n0 1 1 1 1 x solid box black grey\nstop", drawn, measure(drawn)
        )


def test_a_box_is_as_wide_as_its_name_needs():
    sizes = measure(
        picture([("load", "summarise the quarter"), ("load", "日本語の名前です")])
    ).boxes
    assert sizes[0] < sizes[1]
    assert text_width("日本語", 10) > text_width("abc", 10) > text_width("ill", 10)


def test_a_cut_never_leaves_half_an_emoji():
    family = "👩\u200d👩\u200d👧"
    assert not any(
        fitted(family * 3, 13, width).rstrip("…").endswith("\u200d") for width in range(10, 100)
    )
