"""Any name comes out of any drawing as it went in."""

import html
import re
import subprocess

import pytest
from drawing_samples import (
    HOSTILE_NAMES,
    SVG,
    hostile_chain,
    image_of,
    node_groups,
    parsed,
    picture,
    text_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from linus_nb.drawing import PictureEdge, to_dot, to_graphviz, to_html, to_mermaid, to_svg, to_text
from linus_nb.drawing.picture import cleaned

DANGEROUS_TAGS = {"a", "script", "style", "image", "use", "foreignObject", "animate", "set"}


@pytest.fixture(params=["dot", "built-in"])
def engine(request, monkeypatch):
    if request.param == "built-in":
        monkeypatch.setenv("PATH", "")
    return request.param


def dot_svg(source):
    return subprocess.run(
        ["dot", "-Tsvg"],  # noqa: S607
        input=source.encode(),
        capture_output=True,
        check=True,
    ).stdout.decode()


def test_every_hostile_name_is_exact_in_the_svg(engine):
    groups = node_groups(parsed(to_svg(hostile_chain())))
    names = [cleaned(name) for name in HOSTILE_NAMES]
    assert [group.get("data-node") for group in groups] == names
    assert [group.find(f"{SVG}title").text or "" for group in groups] == names


def test_the_visible_text_of_a_short_name_equals_the_name(engine):
    groups = node_groups(parsed(to_svg(hostile_chain())))
    visible = [text_of(group, "name") for group in groups]
    short = {number: name for number, name in enumerate(HOSTILE_NAMES) if len(name) < 30}
    assert {number: visible[number] for number in short} == {
        number: cleaned(name) for number, name in short.items()
    }


def test_a_long_name_is_cut_on_screen_and_whole_in_its_title(engine):
    (group, _) = node_groups(parsed(to_svg(picture([("long " * 20, "b")]))))
    assert text_of(group, "name").endswith("…")
    assert len(text_of(group, "name")) < 50
    assert group.find(f"{SVG}title").text == "long " * 20


def test_no_name_can_become_a_link_a_script_or_a_handler(engine):
    root = parsed(to_svg(hostile_chain()))
    assert not {element.tag.removeprefix(SVG) for element in root.iter()} & DANGEROUS_TAGS
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in attributes if "href" in name or name.startswith("on")}


def test_the_cell_of_a_hostile_graph_holds_no_tag_of_its_names(engine):
    cell = to_html(hostile_chain())
    assert re.findall(r"<(\w+)", cell)[:3] == ["div", "div", "img"]
    assert set(re.findall(r"<(\w+)", cell)) == {"div", "img"}
    image = parsed(image_of(cell))
    assert not {element.tag.removeprefix(SVG) for element in image.iter()} & DANGEROUS_TAGS
    shown = [text.text for text in image.iter(f"{SVG}text")]
    assert all(name in shown for name in HOSTILE_NAMES if "<" in name and len(name) < 20)


def test_every_edge_connects_the_right_nodes(engine):
    root = parsed(to_svg(hostile_chain()))
    ends = [
        (e.get("data-source"), e.get("data-target"))
        for e in root.iter()
        if "data-source" in e.attrib
    ]
    assert ends == [(f"n{number}", f"n{number + 1}") for number in range(len(HOSTILE_NAMES) - 1)]


def test_dot_itself_shows_every_hostile_name_exactly():
    root = parsed(dot_svg(to_dot(hostile_chain())))
    shown = [
        "\n".join(text.text or "" for text in group.iter(f"{SVG}text"))
        for group in node_groups(root)
    ]
    # dot writes runs of spaces as no-break spaces.
    assert [name.replace("\xa0", " ") for name in shown] == [
        cleaned(name) for name in HOSTILE_NAMES
    ]


def test_dot_draws_no_node_and_no_link_that_a_name_brought_in():
    root = parsed(dot_svg(to_graphviz(hostile_chain()).source))
    assert [group.get("id") for group in node_groups(root)] == [
        f"n{number}" for number in range(len(HOSTILE_NAMES))
    ]
    assert not list(root.iter(f"{SVG}a"))


def test_mermaid_holds_every_hostile_name_exactly():
    labels = re.findall(
        r'^    n\d+\["(.*)"\]:::waiting$', to_mermaid(hostile_chain()), re.MULTILINE
    )
    decoded = [
        html.unescape(re.sub(r"#(\d+);", r"&#\1;", label).replace("<br/>", "\n"))
        for label in labels
    ]
    assert decoded == [cleaned(name) or " " for name in HOSTILE_NAMES]


def test_mermaid_has_one_line_for_each_node_and_edge():
    lines = to_mermaid(hostile_chain()).splitlines()
    assert len(lines) == 1 + len(HOSTILE_NAMES) + len(HOSTILE_NAMES) - 1 + 1


def test_a_text_drawing_keeps_every_name_on_one_line():
    boxes = to_text(picture([("two\nlines", "tab\there")]))
    assert "│ two␊lines │" in boxes
    assert "│ tab␉here │" in boxes


@settings(max_examples=60, deadline=None)
@given(name=st.text(st.characters(codec=None), max_size=40), label=st.text(max_size=20))
def test_any_text_at_all_survives_as_a_name(name, label):
    drawn = picture([PictureEdge(name, name + "'", label)])
    svg = to_svg(drawn, detail="compact")
    assert node_groups(parsed(svg))[0].get("data-node") == cleaned(name)
    to_text(drawn).encode()
    to_mermaid(drawn).encode()
    to_dot(drawn).encode()


def test_what_no_file_can_hold_is_replaced_and_the_rest_is_kept():
    assert cleaned("a\x00\x1b\x7f\x85\ud800\uffff\n\tb") == "a␀␛␡���\n\tb"


def test_a_name_is_cut_at_8000_characters():
    assert len(cleaned("x" * 9_000)) == 8_000
    assert cleaned("x" * 8_000) == "x" * 8_000
