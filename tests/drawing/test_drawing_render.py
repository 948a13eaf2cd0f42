"""Which engine draws, how long it may take, and what is left out."""

import asyncio
import os
import time

import anyio
import pytest
from drawing_samples import (
    SVG,
    alt_of,
    fan,
    hostile_chain,
    image_of,
    node_groups,
    parsed,
    picture,
    random_picture,
)

from linus_nb.drawing import Picture, ato_svg, to_dot, to_html, to_mermaid, to_svg, to_text
from linus_nb.drawing.render import plan_drawing
from linus_nb.errors import OptionError

SIZES = [(0, 0), (5, 6), (300, 400), (1_000, 2_000), (10_000, 20_000)]


def hint_of(svg):
    found = parsed(svg).find(f"{SVG}text[@class='hint']")
    return "" if found is None else found.text


def test_with_dot_there_is_no_hint():
    assert hint_of(to_svg(fan("a", "b"))) == ""


def test_without_dot_the_built_in_layout_draws_and_one_line_says_how_to_get_it(without_dot):
    svg = to_svg(fan("a", "b"))
    assert [group.get("data-node") for group in node_groups(parsed(svg))] == [
        "ingest", "a", "b", "report",
    ]  # fmt: skip
    assert "conda install graphviz" in hint_of(svg)


def test_both_engines_draw_the_same_nodes_and_edges(monkeypatch):
    drawn = random_picture(40, 60)
    with_dot = parsed(to_svg(drawn))
    monkeypatch.setenv("PATH", "")
    built_in = parsed(to_svg(drawn))
    for root in (with_dot, built_in):
        assert len(node_groups(root)) == 40
        assert sum("data-source" in element.attrib for element in root.iter()) == 60


@pytest.mark.parametrize(
    "script",
    ["exit 1", "echo 'graph 1 1 1'", "echo nonsense", "cat", "echo 'graph 1 1 x'"],
)
def test_a_dot_that_fails_or_answers_nonsense_gives_the_built_in_layout(replace_dot, script):
    replace_dot(script)
    svg = to_svg(fan("a", "b"))
    assert len(node_groups(parsed(svg))) == 4
    assert "built-in layout, as Graphviz gave none" in hint_of(svg)


def test_a_dot_that_takes_too_long_is_ended(replace_dot):
    replace_dot("exec sleep 60")
    started = time.perf_counter()
    svg = to_svg(fan("a", "b"), timeout=0.1)
    assert time.perf_counter() - started < 5
    assert "Graphviz gave none in time" in hint_of(svg)


@pytest.mark.anyio
async def test_the_async_drawing_equals_the_blocking_one():
    assert await ato_svg(fan("a", "b")) == to_svg(fan("a", "b"))


@pytest.mark.anyio
async def test_the_async_drawing_without_dot_equals_the_blocking_one(without_dot):
    assert await ato_svg(fan("a", "b")) == to_svg(fan("a", "b"))


@pytest.mark.anyio
@pytest.mark.parametrize("script", ["exit 1", "exec sleep 60"])
async def test_the_async_drawing_survives_a_dot_that_fails_or_hangs(replace_dot, script):
    replace_dot(script)
    assert "Graphviz gave none in time" in hint_of(await ato_svg(fan("a", "b"), timeout=0.1))


@pytest.mark.anyio
async def test_cancelling_the_async_drawing_ends_dot_and_the_loop_was_free(replace_dot, tmp_path):
    pipe = tmp_path / "pid"
    os.mkfifo(pipe)
    replace_dot(f"echo $$ > {pipe}; exec sleep 60")
    drawing = asyncio.create_task(ato_svg(fan("a", "b")))
    pid = int(await anyio.to_thread.run_sync(pipe.read_text))
    os.kill(pid, 0)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(("nodes", "edges"), SIZES[1:])
def test_a_graph_of_any_size_is_drawn_within_a_second_without_dot(without_dot, nodes, edges):
    drawn = random_picture(nodes, edges)
    started = time.perf_counter()
    to_svg(drawn)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize(("nodes", "edges"), SIZES[3:])
def test_dot_is_not_asked_for_what_it_cannot_place_in_time(nodes, edges):
    plan = plan_drawing(random_picture(nodes, edges), "LR", None, has_dot=True)
    assert len(plan.source) < 5_000


def test_dot_is_not_asked_for_edges_that_are_too_long_in_all():
    every_pair = picture([(f"{a:02}", f"{b:02}") for a in range(35) for b in range(a + 1, 35)])
    assert plan_drawing(every_pair, "LR", None, has_dot=True).source == ""
    assert plan_drawing(fan(*map(str, range(298))), "LR", None, has_dot=True).source != ""


@pytest.mark.parametrize(("nodes", "edges"), SIZES[1:])
def test_a_cell_is_bounded_whatever_the_size(nodes, edges):
    assert len(to_html(random_picture(nodes, edges)).encode()) < 100_000


def test_a_cell_is_bounded_whatever_the_names(without_dot):
    assert len(to_html(hostile_chain(), max_bytes=40_000).encode()) < 40_000


def test_a_cell_leaves_out_no_more_than_it_has_to():
    drawn = random_picture(100, 130)
    assert 'font-size="13"' in image_of(to_html(drawn))
    compact = to_html(drawn, max_bytes=50_000)
    assert 'font-size="13"' not in image_of(compact)
    assert "100 nodes: names shortened" in compact
    assert ">step 99</text>" in image_of(compact)
    assert "each box holds whole levels" in to_html(drawn, max_bytes=30_000)


def test_a_big_picture_keeps_every_node_and_says_what_it_left_out():
    svg = to_svg(random_picture(1_000, 2_000))
    assert len(node_groups(parsed(svg))) == 1_000
    assert "details, labels and arrowheads left out" in hint_of(svg)


def test_a_huge_picture_counts_what_it_does_not_draw():
    svg = to_svg(random_picture(10_000, 20_000))
    assert len(node_groups(parsed(svg))) <= 24
    assert hint_of(svg).startswith("10,000 nodes and 20,000 edges, drawn as 20 boxes")


def test_a_graph_without_nodes_is_an_empty_picture():
    empty = Picture("nothing", (), (), ())
    assert node_groups(parsed(to_svg(empty))) == []
    assert to_html(empty).startswith("<div")


def test_a_cell_without_dot_shows_its_hint_once_and_under_the_picture(without_dot):
    cell = to_html(fan("a", "b"))
    assert cell.count("conda install graphviz") == 1
    assert cell.index("<img") < cell.index("conda install graphviz")


def test_a_cell_shows_an_image_as_no_front_end_takes_its_shapes_out_of_it():
    image = parsed(image_of(to_html(fan("a", "b"))))
    assert [text.text for text in image.iter(f"{SVG}text") if text.text] == [
        "ingest", "a", "b", "report",
    ]  # fmt: skip
    assert "<svg" not in to_html(fan("a", "b"))


def test_who_cannot_see_the_image_gets_the_drawing_as_text():
    drawn = fan("a", "b")
    assert alt_of(to_html(drawn)) == to_text(drawn)
    assert alt_of(to_html(random_picture(300, 400))).endswith("…")


def test_an_image_has_no_handles_that_nobody_could_reach():
    image = image_of(to_html(fan('id="n0"', "</title><script>")))
    kept = {name for element in parsed(image).iter() for name in element.attrib}
    assert not kept & {"id", "class", "role", "aria-label", "data-node", "data-source"}
    assert "id=&quot;n0&quot;</text>" in image
    assert "&lt;/title&gt;&lt;script&gt;</text>" in image


def test_a_picture_scrolls_in_its_cell():
    assert "overflow:auto" in to_html(fan("a", "b"))


@pytest.mark.parametrize("draw", [to_svg, to_html, to_dot, to_mermaid])
def test_an_unknown_direction_is_refused_with_those_there_are(draw):
    with pytest.raises(OptionError, match=r"no direction 'up'\n.*LR"):
        draw(picture([("a", "b")]), direction="up")
