import copy
import json
import re
import sys
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from tests.report.conftest import make_document

from callnexus.errors import MissingExtraError
from callnexus.evaluation.groups import MEASURES as RATES
from callnexus.evaluation.tables import records
from callnexus.report.findings import error_disparities, first_findings
from callnexus.report.page import fairness_page, to_json
from callnexus.report.unchecked import unchecked_columns
from callnexus.report.wording import (
    HARMS,
    MEASURES,
    NOT_ENOUGH,
    difference_text,
    group_title,
    p_text,
    rate_text,
    ratio_text,
)

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


def rate_cell(rate):
    return NOT_ENOUGH if rate is None else f"{rate_text(rate)} {rate['hits']} of {rate['cases']}"


def against_cell(row):
    if row is None:
        return NOT_ENOUGH
    beyond = ", beyond chance" if row["p_holm"] < 0.05 else ""
    return squeezed(f"{difference_text(row)} {ratio_text(row)}; {p_text(row['p_holm'])}{beyond}")


def test_every_number_of_every_row_stands_in_its_table(document, parsed):
    shown = {tuple(map(squeezed, row)) for row in parsed.rows}
    against = {
        (row["column"], row["group"], row["outcome"], row["measure"]): row for row in records(document["disparities"])
    }

    assert document["rows"]
    for row in (row for row in document["rows"] if row["column"] != "all"):
        cells = {
            m: (rate_cell(row[m]), against_cell(against.get((row["column"], row["group"], row["outcome"], m))))
            for m in RATES
        }
        counts = [str(row[key]) for key in ("n", "positives", "negatives", "unknown")]
        errors = (group_title(row["group"]), *counts, *cells["miss_rate"], *cells["false_alarm_rate"])
        others = (group_title(row["group"]), *cells["precision"], *cells["selection_rate"], *cells["review_rate"])
        assert errors in shown
        assert others in {cells[:7] for cells in shown}


def test_every_routing_harm_stands_in_its_table_with_what_a_review_would_catch(document, parsed):
    shown = {squeezed(row[0]): [squeezed(cell) for cell in row[1:]] for row in parsed.rows if len(row) == 5}
    rows = [row for row in records(document["harms"]) if row["column"] == "district"]

    assert rows
    for row in rows:
        rate = NOT_ENOUGH if row["rate"] is None else rate_text({**row, "value": row["rate"]})
        unknown = f"; {row['unknown']} unknown" if row["unknown"] else ""
        told = f"{rate} {row['hits']} of {row['cases']}; {row['caught_by_review']} left to the dispatcher{unknown}"
        assert shown[group_title(row["group"])][list(HARMS).index(row["harm"])].startswith(told)


def test_rates_have_a_title_each():
    assert tuple(MEASURES) == RATES


def test_small_group_is_never_a_zero(document, parsed):
    tiny = [list(map(squeezed, row)) for row in parsed.rows if squeezed(row[0]) == "D3"]
    rates = [cell for row in tiny for cell in row[1:] if "%" in cell or "points" in cell]

    # Errors, the other rates, what is missing, and routing harm.
    assert len(tiny) >= 2 * len({row["outcome"] for row in document["rows"]}) + 2
    assert rates == []


def test_what_could_not_be_checked_is_counted_and_listed(document, parsed):
    missing = sum(row[m] is None for row in document["rows"] if row["column"] != "all" for m in RATES)
    rates = sum(row["column"] != "all" for row in document["rows"]) * len(RATES)
    columns = unchecked_columns(document)

    assert missing == sum(column.missing for column in columns)
    assert f"{missing} of {rates} rates could not be checked" in squeezed(parsed.text)
    assert ["D3", "15", "every outcome: every rate"] in parsed.rows


def test_summary_gives_rate_rest_and_disparity_of_each_finding(document, parsed):
    text = squeezed(parsed.text)
    findings = first_findings(document)

    assert findings
    for finding in findings:
        assert f"{finding.headline} where {finding.column} is \u201c{finding.group}\u201d." in text
        assert f"{rate_text(finding.rate)}, against {100 * finding.rest:.1f} % in the rest" in text
        assert f"a disparity of {difference_text(finding.disparity)} points" in text


def test_summary_counts_what_was_compared(document, parsed):
    compared = len(error_disparities(document))

    assert f"{compared} times a group was compared with the rest" in squeezed(parsed.text)


@pytest.mark.parametrize(
    "told",
    [
        "Limits not kept: 2 of 4. Nobody waived them.",
        "a candidate, which a reviewer has to decide on",
        "Waived by Ann Example on 2026-01-01",
        "\u201cMeasured again in May.\u201d",
        "Names may remain.",
        "at [address] <script>alert(1)</script>",
        "Parity only: says nothing about errors.",
        "male and female exchanged",
        "2024 Q3",
        "Against callnexus-0.0.0, on the 240 examples",
        "60 examples were read by 2",
    ],
)
def test_everything_that_a_document_can_have_is_shown(rich, told):
    assert told in squeezed(Page(fairness_page(rich)).text)


def test_what_a_document_lacks_is_said(parsed):
    text = squeezed(parsed.text)

    assert "No limits on disparities were set." in text
    assert "The model's status is not recorded in this report." in text
    assert "No narrative was tried with another race, sex, age, name or dialect." in text
    assert "No other version was given." in text
    assert "Names may remain" not in text


def test_limit_without_enough_cases_is_not_kept(rich):
    rows = [list(map(squeezed, row)) for row in Page(fairness_page(rich)).rows]

    assert ["fairness: over policing ratio", '"><img src=x onerror=alert(1)>', NOT_ENOUGH, "1.250", "not kept"] in rows


def test_swap_of_too_few_narratives_has_counts_and_no_share(rich):
    rows = [list(map(squeezed, row)) for row in Page(fairness_page(rich)).rows if row[0] == "black to white"]

    assert rows == [
        ["black to white", "mental health nexus", f"{NOT_ENOUGH} 2 of 5", "\u22120.100", "0.200", "\u22120.900"]
    ]


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


def test_document_without_group_columns_still_has_a_page():
    parsed = Page(fairness_page(make_document(groups={})))

    assert parsed.open == []
    assert "No group column was given" in parsed.text
    assert "None to name" in parsed.text


def test_missing_package_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    monkeypatch.delitem(sys.modules, "callnexus.report")

    with pytest.raises(MissingExtraError, match=r"jinja2.*callnexus\[report\]"):
        __import__("callnexus.report")
