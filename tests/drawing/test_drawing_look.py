"""Every status can be told from every other, on any page and without colour."""

import pytest
from drawing_samples import SVG, node_groups, parsed, picture, text_of

from linus_nb.drawing import LOOKS, STATUSES, PictureEdge, PictureNode, status_css, to_dot, to_svg
from linus_nb.drawing import to_mermaid as mermaid
from linus_nb.errors import OptionError


@pytest.fixture(params=["dot", "built-in"])
def groups(request, monkeypatch):
    """The groups of one node of each status."""
    if request.param == "built-in":
        monkeypatch.setenv("PATH", "")
    drawn = picture([], [(status, status) for status in STATUSES], nodes=STATUSES)
    return dict(zip(STATUSES, node_groups(parsed(to_svg(drawn))), strict=True))


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_a_node_carries_its_status_as_a_class_and_its_number_as_an_id(groups):
    for number, (status, group) in enumerate(groups.items()):
        assert group.get("class") == f"node status-{status}"
        assert group.get("id") == f"n{number}"


def test_each_status_has_a_sign_of_its_own_and_waiting_has_none(groups):
    signs = {status: text_of(group, "sign") for status, group in groups.items()}
    assert signs["completed"] == "✓"
    assert signs["failed"] == "✕"
    assert signs["waiting"] == ""
    assert len(set(signs.values())) == len(STATUSES)


def test_a_sign_can_be_set_in_place_on_every_node(groups):
    assert all(text_of(group, "sign") is not None for group in groups.values())


def test_skipped_is_dashed_and_cancelled_is_dotted(groups):
    dashes = {
        status: group.find(f"{SVG}rect").get("stroke-dasharray") for status, group in groups.items()
    }
    assert {status for status, dash in dashes.items() if dash} == {"skipped", "cancelled"}
    assert dashes["skipped"] != dashes["cancelled"]


@pytest.mark.parametrize("status", STATUSES)
def test_text_reads_on_the_box_that_it_stands_in(status):
    assert contrast("#1b1f24", LOOKS[status].fill) > 7


@pytest.mark.parametrize("page", ["#ffffff", "#111111"])
def test_lines_show_on_white_and_on_black_pages(page):
    assert contrast("#888888", page) > 3


def test_a_picture_has_no_background_of_its_own():
    assert [child.tag for child in parsed(to_svg(picture([("a", "b")])))] == [f"{SVG}g", f"{SVG}g"]


def test_conditional_edges_are_dashed_and_labelled_and_dead_ones_faded_and_struck():
    edges = [
        PictureEdge("a", "b"),
        PictureEdge("a", "c", "if ok", conditional=True, live=True),
        PictureEdge("a", "d", "else", conditional=True, live=False),
    ]
    plain, live, dead = (
        element
        for element in parsed(to_svg(picture(edges))).iter()
        if "data-source" in element.attrib
    )
    assert plain.get("class") == "edge"
    assert live.get("class") == "edge edge-conditional edge-live"
    assert dead.get("class") == "edge edge-conditional edge-dead"
    assert plain.find(f"{SVG}path").get("stroke-dasharray") is None
    assert live.find(f"{SVG}path").get("stroke-dasharray") == "6 4"
    assert live.find(f"{SVG}text").text == "if ok"
    assert dead.find(f"{SVG}path").get("opacity") == "0.5"
    assert dead.find(f"{SVG}text").get("text-decoration") == "line-through"


def test_a_detail_is_a_second_line():
    drawn = picture([], nodes=["a"])
    node = PictureNode("a", "completed", "1.2 s · 340 tokens")
    with_detail = type(drawn)(drawn.name, (node,), (), drawn.levels)
    (group,) = node_groups(parsed(to_svg(with_detail)))
    assert text_of(group, "detail") == "1.2 s · 340 tokens"
    assert text_of(group, "name") == "a"


def test_dot_and_mermaid_show_the_same_signs_and_outlines():
    edge = PictureEdge("a", "b", "else", conditional=True, live=False)
    drawn = picture([edge], [("a", "completed"), ("b", "skipped")])
    assert 'label="✓ a"' in to_dot(drawn)
    assert 'style="rounded,filled,dashed"' in to_dot(drawn)
    assert 'n0 -> n1 [label=else color="#8888887f" fontcolor="#8888887f" style=dashed]' in to_dot(
        drawn
    )
    assert '["» b"]:::skipped' in mermaid(drawn)
    assert 'n0 -.->|"else"| n1' in mermaid(drawn)
    assert "linkStyle 0 stroke:#888,opacity:0.5" in mermaid(drawn)


def test_the_css_has_a_rule_for_every_status_under_its_scope():
    rules = status_css(".mine").splitlines()
    assert all(rule.startswith(".mine .") for rule in rules)
    assert all(any(f".status-{status} > rect" in rule for rule in rules) for status in STATUSES)


def test_an_unknown_status_is_refused_with_those_there_are():
    with pytest.raises(OptionError, match=r"status 'done'\n.*completed"):
        PictureNode("a", "done")


def test_the_picture_is_named_for_screen_readers():
    root = parsed(to_svg(picture([("a", "b")], name="a <daily> run")))
    assert root.get("aria-label") == "a <daily> run"
    assert root.get("role") == "img"
