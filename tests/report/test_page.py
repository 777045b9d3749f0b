import copy
import json
import re
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from callnexus.errors import MissingExtraError
from callnexus.evaluation.groups import MEASURES as RATES
from callnexus.report.page import fairness_page, to_json
from callnexus.report.wording import MEASURES, NOT_ENOUGH, first_gaps, rate_text, unchecked_columns

VOID = {"meta", "br", "img", "link", "hr", "input"}
CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Page(HTMLParser):
    """What a page holds, as a browser's parser would see it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def all(self, *names):
        return [attributes for tag, attributes in self.tags if tag in names]


@pytest.fixture(scope="module")
def page(document):
    return fairness_page(document)


@pytest.fixture(scope="module")
def parsed(page):
    return Page(page)


def squeezed(text):
    return re.sub(r"\s+", " ", text).strip()


def test_every_tag_is_closed_and_every_id_is_unique(parsed):
    ids = [attributes["id"] for _, attributes in parsed.tags if "id" in attributes]

    assert parsed.open == []
    assert len(ids) == len(set(ids))


def test_every_reference_inside_the_page_has_its_target(parsed):
    ids = {attributes.get("id") for _, attributes in parsed.tags}
    links = [a["href"] for a in parsed.all("a", "use")]
    named = " ".join(a["aria-labelledby"] or "" for _, a in parsed.tags if "aria-labelledby" in a).split()

    assert {link.removeprefix("#") for link in links} <= ids
    assert set(named) <= ids


def test_page_forbids_itself_scripts_and_requests(page, parsed):
    policies = [a["content"] for a in parsed.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]

    assert policies == [CSP]
    assert not parsed.all("script", "link", "iframe", "object", "img")
    assert not [key for _, attributes in parsed.tags for key in attributes if key.startswith("on")]
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page


def test_page_is_html_without_an_xml_prologue_and_under_a_megabyte(page):
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<?xml" not in page
    assert page.count("<!DOCTYPE") == 1
    assert len(page.encode()) < 1_000_000


def test_same_document_gives_the_same_bytes(document, page):
    assert fairness_page(copy.deepcopy(document)) == page
    assert to_json(copy.deepcopy(document)) == to_json(dict(reversed(document.items())))


def test_document_is_not_changed(document):
    before = copy.deepcopy(document)

    fairness_page(document)

    assert document == before


def test_json_gives_the_document_back(document):
    text = to_json(document)

    assert json.loads(text) == document
    assert text.endswith("}\n")


def test_json_refuses_a_number_that_json_cannot_say():
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"rows": float("nan")})


def test_names_from_data_are_shown_and_never_become_markup(malicious):
    page = fairness_page(malicious)
    parsed = Page(page)

    assert "<script" not in page
    assert "<img" not in page
    assert "<b>" not in page
    assert parsed.open == []
    assert "<script>alert(1)</script>" in parsed.text
    assert '"><img src=x onerror=alert(1)>' in parsed.text


def test_characters_that_hide_or_reorder_a_name_are_replaced(malicious):
    page = fairness_page(malicious)

    assert "\u202e" not in page
    assert "\x00" not in page
    assert "\N{REPLACEMENT CHARACTER}" in page
    page.encode()


def test_page_with_a_lone_surrogate_can_be_written(document):
    fairness_page(document | {"data": "\ud800"}).encode()


def test_every_number_of_every_row_stands_in_its_table(document, parsed):
    shown = {tuple(map(squeezed, row)) for row in parsed.rows}

    assert document["rows"]
    for row in document["rows"]:
        group = "all examples" if row["column"] == "all" else row["group"]
        counts = [str(row[key]) for key in ("n", "positives", "negatives", "unknown")]
        rates = [
            NOT_ENOUGH if row[m] is None else f"{rate_text(row[m])} {row[m]['hits']} of {row[m]['cases']}"
            for m in RATES
        ]
        assert (group, *counts, *rates) in shown


def test_rates_have_a_title_each():
    assert tuple(MEASURES) == RATES


def test_small_group_is_never_a_zero(document, parsed):
    tiny = [row for row in parsed.rows if row[0] == "D3"]

    assert len(tiny) == 4
    assert all(squeezed(cell) == NOT_ENOUGH for row in tiny if len(row) == 10 for cell in row[5:])


def test_what_could_not_be_checked_is_counted_and_listed(document, parsed):
    missing = sum(row[m] is None for row in document["rows"] if row["column"] != "all" for m in RATES)
    rates = sum(row["column"] != "all" for row in document["rows"]) * len(RATES)
    columns = unchecked_columns(document)

    assert missing == sum(column.missing for column in columns)
    assert f"{missing} of {rates} rates could not be checked" in squeezed(parsed.text)
    assert ["D3", "15", "every outcome: every rate"] in parsed.rows


def test_summary_names_label_errors_before_larger_gaps_of_responses(document):
    gaps = first_gaps(document)

    assert len(gaps) == 3
    assert {gap.measure for gap in gaps} <= {"miss rate", "false alarm rate"}
    assert {gap.outcome for gap in gaps} <= {"mental health nexus", "safety risk"}


def test_summary_gives_both_rates_of_a_gap(document, parsed):
    text = squeezed(parsed.text)

    for gap in first_gaps(document):
        assert f"{rate_text(gap.high)} against {rate_text(gap.low)}, a disparity of {gap.points} points" in text


def test_page_gives_no_verdict(parsed):
    assert not re.search(r"\bfair\b|unbiased|debias", parsed.text, re.IGNORECASE)


def test_headings_are_ordered_under_one_h1(parsed):
    levels = [int(tag[1]) for tag, _ in parsed.tags if re.fullmatch(r"h[1-6]", tag)]

    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_tables_have_captions_scopes_and_a_region_that_scrolls_by_keyboard(parsed):
    regions = [a for a in parsed.all("div") if a.get("role") == "region"]

    assert len(parsed.all("table")) == len(parsed.all("caption")) == len(regions)
    assert all(a["scope"] in {"row", "col"} for a in parsed.all("th"))
    assert all(a["tabindex"] == "0" for a in regions)
    assert len({a["aria-label"] for a in regions}) == len(regions)


def test_first_link_skips_to_the_summary(parsed):
    assert parsed.all("a")[0] == {"class": "skip", "href": "#summary"}


def test_document_without_group_columns_still_has_a_page(document):
    alone = document | {"rows": [row for row in document["rows"] if row["column"] == "all"], "gaps": []}

    parsed = Page(fairness_page(alone))

    assert parsed.open == []
    assert "No group column was given" in parsed.text
    assert "None to name" in parsed.text


def test_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.delitem(sys.modules, "callnexus.report")

    with pytest.raises(MissingExtraError, match=r"jinja2.*callnexus\[report\]"):
        __import__("callnexus.report")
