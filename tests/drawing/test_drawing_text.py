"""Drawings for a terminal."""

from unicodedata import combining, east_asian_width

import pytest
from drawing_samples import fan, hostile_chain, picture, random_picture

from linus_nb.drawing import Picture, PictureEdge, to_text
from linus_nb.drawing.picture import PictureNode
from linus_nb.drawing.summary import summarized
from linus_nb.errors import GraphError, UnknownNodeError


def columns(line):
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in line)


def test_a_fan_is_drawn_with_its_lines_and_needs_no_list_of_edges():
    assert to_text(fan("stats", "patterns", "analysis")) == "\n".join(  # noqa: FLY002
        [
            "daily: 5 nodes, 6 edges, 3 levels",
            "",
            "Execution Levels:",
            "                         ┌────────┐",
            "  Level 1                │ ingest │",
            "                         └────┬───┘",
            "                ┌────────────┬┴────────────┐",
            "                ▼            ▼             ▼",
            "            ┌───────┐  ┌──────────┐  ┌──────────┐",
            "  Level 2   │ stats │  │ patterns │  │ analysis │",
            "            └───┬───┘  └─────┬────┘  └─────┬────┘",
            "                └────────────┴┬────────────┘",
            "                              ▼",
            "                         ┌────────┐",
            "  Level 3                │ report │",
            "                         └────────┘",
        ]
    )


def test_an_edge_that_no_line_shows_exactly_is_listed():
    edges = [
        PictureEdge("a", "b"),
        PictureEdge("b", "c"),
        PictureEdge("a", "c"),
        PictureEdge("b", "d", "if ok", conditional=True),
        PictureEdge("b", "e", conditional=True, live=False),
    ]
    listed = to_text(picture(edges)).split("Other edges:\n")[1].splitlines()
    assert listed == ["  a → c", "  b → d  (if ok)", "  b → e  (conditional, not taken)"]


def test_edges_that_a_shared_line_would_mix_up_are_listed_instead():
    crossing = to_text(picture([("a", "x"), ("b", "x"), ("b", "y")]))
    assert "▼" not in crossing
    assert "Edges:\n  a → x\n  b → x\n  b → y" in crossing


def test_neighbouring_groups_keep_their_lines_apart():
    drawn = to_text(picture([("a", "x"), ("b", "y")], nodes=["a", "b", "x", "y"]))
    assert drawn.count("▼") == 2
    assert "edges:" not in drawn


def test_signs_stand_before_names():
    assert "│ ✕ a │" in to_text(picture([("a", "b")], [("a", "failed")]))


def test_a_detail_is_a_second_line_in_the_box():
    node = PictureNode("a", "completed", "1.2 s")
    lines = to_text(Picture("one", (node,), (), (("a",),))).splitlines()
    assert lines[-4:] == [
        "            ┌───────┐",
        "  Level 1   │ ✓ a   │",
        "            │ 1.2 s │",
        "            └───────┘",
    ]


@pytest.mark.parametrize(
    "drawn", [random_picture(1_000, 2_000), hostile_chain()], ids=["big", "odd"]
)
def test_lines_are_no_wider_than_a_terminal_whatever_the_names(drawn):
    assert max(map(columns, to_text(drawn).splitlines())) <= 115


def test_a_huge_graph_is_bounded_and_says_what_it_left_out():
    wide = to_text(fan(*(f"step {i}" for i in range(1_000))))
    assert len(wide.splitlines()) < 80
    assert "… 980 more nodes in this level" in wide
    assert "… 1,960 more edges" in wide
    deep = to_text(picture([(f"step {i}", f"step {i + 1}") for i in range(200)]))
    assert len(deep.splitlines()) < 320
    assert "… 161 more levels" in deep


def test_a_graph_without_nodes_says_so():
    assert to_text(Picture("nothing", (), (), ())).startswith("nothing: 0 nodes, 0 edges, 0 levels")


def test_a_summary_counts_every_node_and_every_edge():
    drawn = random_picture(5_000, 9_000)
    small, left_out = summarized(drawn)
    assert len(small.nodes) <= 24
    assert (
        sum(int(node.name.split(": ")[1].split()[0].replace(",", "")) for node in small.nodes)
        == 5_000
    )
    assert left_out.startswith("5,000 nodes and 9,000 edges, drawn as 24 boxes")


def test_a_summary_shows_the_status_that_most_needs_to_be_seen():
    statuses = [("a", "completed"), ("b", "failed"), ("c", "completed")]
    small, _ = summarized(picture([], statuses, nodes="abc"))
    assert small.nodes[0].status == "failed"
    assert small.nodes[0].detail == "1 ✕ · 2 ✓"


def test_a_summary_of_a_single_node_keeps_its_name():
    small, _ = summarized(picture([("load", "plot"), ("load", "sum")]))
    assert [node.name for node in small.nodes] == ["Level 1: load", "Level 2: 2 nodes"]
    assert small.edges[0].label == "2 edges"


def test_an_edge_to_an_unknown_node_is_refused_by_name():
    with pytest.raises(UnknownNodeError, match="no node 'b'"):
        Picture("one", (PictureNode("a"),), (PictureEdge("a", "b"),), (("a",),))


@pytest.mark.parametrize("levels", [(), (("a",),), (("a", "b"), ("b",)), (("a", "b", "b"),)])
def test_every_node_must_stand_in_one_level(levels):
    with pytest.raises(GraphError, match="every node once, in one level"):
        Picture("two", (PictureNode("a"), PictureNode("b")), (), levels)


def test_an_edge_must_lead_to_a_later_level():
    nodes = (PictureNode("a"), PictureNode("b"))
    with pytest.raises(GraphError, match="'b' -> 'a' does not lead to a later level"):
        Picture("back", nodes, (PictureEdge("b", "a"),), (("a",), ("b",)))
