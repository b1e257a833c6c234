"""Laws that hold for every page we make."""

import re
from base64 import b64encode
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from reports import page, svg
from reports.page import LARGEST_PAGE, Page, render

PAGES = ("case", "model", "flat_model", "comparison", "policy", "catalogue", "blocks")
every_page = pytest.mark.parametrize("name", PAGES)


@every_page
def test_tags_are_closed_in_order(pages, parse, name):
    found = parse(render(pages[name]))

    assert not found.wrong
    assert not found.unclosed


@every_page
def test_ids_are_unique_and_links_lead_to_them(pages, parse, name):
    found = parse(render(pages[name]))
    ids = found.values("id")

    assert len(ids) == len(set(ids))
    assert {address.removeprefix("#") for address in found.values("href")} <= set(ids)


@every_page
def test_headings_go_down_one_step_at_a_time(pages, parse, name):
    levels = [int(tag[1]) for tag, _ in parse(render(pages[name])).tags if re.fullmatch("h[1-6]", tag)]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


@every_page
def test_nothing_refers_to_a_network_and_nothing_runs_but_our_own_search(pages, parse, name):
    html = render(pages[name])
    found = parse(html)
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)

    assert not re.search(r"https?:|//[a-z]|@import|url\(", html)
    assert not {"link", "iframe", "object", "embed"} & {tag for tag, _ in found.tags}
    assert scripts == ([SEARCH] if pages[name].finder else [])
    assert [tag for tag, _ in found.tags].count("script") == len(scripts)
    assert re.findall(r"script-src ([^;]*);", html) == [f"'sha256-{HASH}'" for _ in scripts]
    assert not [a for _, attributes in found.tags for a in attributes if a.startswith("on")]
    assert all(source.startswith("data:image/png;base64,") for source in found.values("src"))


@every_page
def test_it_is_small_enough_to_open_at_once(pages, name):
    assert len(render(pages[name]).encode()) < LARGEST_PAGE


@every_page
def test_every_table_has_headers_for_columns_and_rows(pages, parse, name):
    tags = [(tag, attributes.get("scope")) for tag, attributes in parse(render(pages[name])).tags]
    columns = [place for place, tag in enumerate(tags) if tag == ("thead", None)]

    assert all(("th", "col") in tags[place : place + 4] for place in columns)
    assert len(columns) == [tag for tag, _ in tags].count("table")


@every_page
def test_every_drawing_says_what_it_shows_and_stands_in_a_figure(pages, parse, name):
    found = parse(render(pages[name]))
    kinds = [tag for tag, _ in found.tags]

    assert all(a.get("aria-label") for tag, a in found.tags if tag == "svg")
    assert all(a.get("alt") for tag, a in found.tags if tag == "img")
    assert kinds.count("figure") == kinds.count("figcaption") == kinds.count("svg") + kinds.count("img")


@every_page
def test_it_names_its_language_and_marks_chinese(pages, parse, name):
    found = parse(render(pages[name]))

    assert found.tags[0] == ("html", {"lang": "en"})
    chinese = [(tags, text) for tags, text in found.texts if re.search(r"[\u4e00-\u9fff]", text)]
    # A title, a drawing's text and an option hold text alone: there is no place for a mark in them.
    assert all(tags[-1] in {"span", "title", "text", "option"} for tags, _ in chinese)


@every_page
def test_it_is_made_the_same_each_time(pages, name):
    assert render(pages[name]) == render(pages[name])


@every_page
def test_no_number_is_written_raw(pages, parse, name):
    text = parse(render(pages[name])).text()

    assert not re.search(r"\b(nan|inf|None)\b", text)
    assert not re.search(r"\d\.\d{9,}", text)


def test_style_has_room_for_paper():

    html = render(Page(title="T", lead="L", sections=()))

    for rule in ("@media print", "table-header-group", "break-inside: avoid", "size: A4"):
        assert rule in html


SEARCH = (Path(page.__file__).parent / "templates" / "finder.js").read_text(encoding="utf-8")
HASH = b64encode(sha256(SEARCH.encode()).digest()).decode()


def luminance(colour):
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(text, ground):
    dark, light = sorted((luminance(text), luminance(ground)))
    return (light + 0.05) / (dark + 0.05)


STYLE = (Path(page.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")
VARIABLES = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", STYLE))
MARKS = re.findall(r"\.mark\.\w+ \{ background: (#[0-9a-f]{6}); color: (#[0-9a-f]{6})", STYLE)


@pytest.mark.parametrize("name", ["ink", "soft", "accent"])
def test_text_stands_out_from_page_and_paper(name):
    assert contrast(VARIABLES[name], VARIABLES["back"]) >= 4.5
    assert contrast(VARIABLES[name], VARIABLES["paper"]) >= 4.5


@pytest.mark.parametrize(("ground", "text"), MARKS)
def test_marks_can_be_read(ground, text):
    assert contrast(text, ground) >= 4.5


@pytest.mark.parametrize("colour", [svg.INK, svg.SOFT, *svg.SERIES[:4]])
def test_words_in_drawings_can_be_read(colour):
    assert contrast(colour, "#ffffff") >= 4.5


def test_colours_of_the_first_series_differ_in_more_than_hue():
    assert len({round(luminance(colour), 2) for colour in svg.SERIES[:2]}) == 2
