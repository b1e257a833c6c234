"""The building blocks: what they refuse, and what no text can do to a page."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from reports.page import (
    LARGEST_PAGE,
    Bullets,
    Callout,
    Chart,
    Code,
    Facts,
    Field,
    Form,
    Link,
    Mark,
    Page,
    PageTooLargeError,
    Prose,
    Section,
    Strong,
    Table,
    render,
)

HOSTILE = (
    "</style><script>alert(1)</script><img src=x onerror=alert(2)>\" onload='x' \u202e \ud800 \x00 {{ 7*7 }} {% x %}"
)


def page_of(*blocks, **more):
    return Page(title="T", lead="L", sections=(Section("S", blocks),), **more)


def everything(text):
    """A page that holds the text wherever a text may stand."""
    return Page(
        title=text,
        lead=(text, Strong(text), Code(text), Mark(text)),
        facts=Facts(((text, text, text),), tiles=True),
        sections=(
            Section(
                text,
                (
                    Prose(text, (text, Strong(text))),
                    Bullets((text,)),
                    Bullets((text,), numbered=True),
                    Facts(((text, Code(text)),)),
                    Table((text, "n"), ((text, text),), text, note=text),
                    Chart(text, text),
                    Callout("problem", text, text),
                    Form(
                        (
                            Field(name="a", label=text, label_zh=text, help=text, help_zh=text, unit=text, value=text),
                            Field(name="b", label=text, kind="choice", choices=((text, text),), value=text),
                            Field(name="c", label=text, kind="long", value=text),
                        ),
                        text,
                    ),
                    Section(text, (Section(text),), lead=text),
                ),
                lead=text,
            ),
        ),
        footer=(text,),
    )


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=80) | st.just(HOSTILE))
def test_no_text_adds_a_tag_or_an_attribute(parse, text):
    found, harmless = parse(render(everything(text))), parse(render(everything("x")))
    shape = [(tag, sorted(set(attributes) - {"checked", "class"})) for tag, attributes in found.tags if tag != "span"]

    assert shape == [
        (tag, sorted(set(attributes) - {"checked", "class"})) for tag, attributes in harmless.tags if tag != "span"
    ]
    assert not found.wrong


def test_hostile_text_is_still_there_to_be_read(parse):
    text = parse(render(everything(HOSTILE))).text()

    assert "<script>alert(1)</script>" in text
    assert "{{ 7*7 }}" in text
    assert "⟨U+202E⟩ ⟨U+D800⟩ ⟨U+0000⟩" in text


def test_the_page_forbids_scripts_and_networks_even_if_a_text_got_through(parse):
    policies = [
        attributes["content"] for tag, attributes in parse(render(page_of())).tags if "http-equiv" in attributes
    ]

    assert policies == [
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"
    ]


def test_the_same_page_gives_the_same_bytes():
    assert render(everything("x")) == render(everything("x"))


def test_chinese_is_marked_as_chinese(parse):
    html = render(page_of(Prose("Reason: 短期内在多家机构借款, 3 家. End.")))

    assert '<span lang="zh">短期内在多家机构借款, 3 家</span>. End.' in html


def test_sections_of_the_same_title_have_ids_of_their_own(parse):
    sections = (Section("Same"), Section("Same"), Section("Other", id="same"), Section("报告"), Section("表"))
    html = render(Page(title="T", lead="", sections=sections))

    assert [i for i in parse(html).values("id") if i != "top"] == ["same", "same-2", "same-3", "section", "section-2"]
    assert re.findall(r'href="#([^"]+)"', html) == ["same", "same-2", "same-3", "section", "section-2"]


def test_numbers_stand_right_and_words_left(parse):
    table = Table(
        ("a", "b", "c", "d", "e"), (("x", "1,000", "−3.5 %", "0.5 (0.4 to 0.6)", "–"), ("y", "2", "–", "< 0.001", "n"))
    )

    assert table.sides == "lrrrl"


def test_a_row_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"row 1 has 1 cells, must have 2: a, b"):
        Table(("a", "b"), (("1", "2"), ("3",)))


@pytest.mark.parametrize("align", ["l", "lrl", "lx"])
def test_an_alignment_that_does_not_fit_is_refused(align):
    with pytest.raises(ValueError, match=r"must be 2 letters, each l or r"):
        Table(("a", "b"), (), align=align)


@pytest.mark.parametrize(
    "address", ["https://example.org", "//example.org/x", "javascript:alert(1)", "data:text/html,x", 'a"b', "a b", ""]
)
def test_a_link_leads_nowhere_but_to_the_page_and_files_beside_it(address):
    with pytest.raises(ValueError, match=r"must be '#section' or a relative path"):
        Link("x", address)


def test_links_to_sections_and_files_are_legal():
    html = render(page_of(Prose(Link("a", "#gates"), Link("b", "cases/case-17.html#score"))))

    assert 'href="#gates"' in html
    assert 'href="cases/case-17.html#score"' in html


def test_a_page_too_large_to_open_at_once_is_refused():
    rows = tuple(("x" * 1_000,) for _ in range(LARGEST_PAGE // 1_000 + 1))

    with pytest.raises(PageTooLargeError, match=r"page 'T' has 3,\d{3},\d{3} bytes, must have at most 3,000,000"):
        render(page_of(Table(("a",), rows)))


def test_a_chart_that_is_not_markup_is_shown_as_text(parse):
    html = render(page_of(Chart("<svg onload=alert(1)>", "c"), Chart(Markup("<svg></svg>"), "d")))

    assert [tag for tag, _ in parse(html).tags].count("svg") == 1


def test_an_empty_table_says_so(parse):
    assert "none" in parse(render(page_of(Table(("a", "b"), (), "c")))).text()


def test_every_field_has_a_label_of_its_own(parse):
    found = parse(render(everything("x")))
    inputs = {a["id"] for tag, a in found.tags if tag in {"input", "textarea"} and "id" in a}

    assert inputs == {a["for"] for tag, a in found.tags if tag == "label" and "for" in a} == {"field-a", "field-c"}


@pytest.mark.parametrize(
    ("value", "small"),
    [("0.44", 0), ("18,584 yuan", 0), ("5,000 koruna", 0), ("Chongqing", 1), ("a very long value 12", 1)],
)
def test_words_in_tiles_are_set_smaller_than_numbers(value, small):
    html = render(Page(title="T", lead="L", sections=(), facts=Facts((("name", value),), tiles=True)))

    assert html.count('<dd class="words">') == small
