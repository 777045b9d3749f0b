"""Plots as SVG text that stands inside a page: no scripts, no fonts, colours left to the page's style.

Everything drawn in a colour of `_COLOURS` becomes a CSS variable, so that one plot is readable on a light
and on a dark page. Every id gets the plot's name before it, so that plots on one page never collide.
"""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from scipy.stats import binomtest

from callnexus.report.wording import NOT_ENOUGH, Row, measured, plain, rate_text

LARGEST = 24
"""Groups drawn at most, the largest first; the table beside a plot holds them all."""

_WIDTH, _ROW, _TOP, _BOTTOM, _LEFT, _RIGHT = 420, 22, 30, 40, 122, 22
"""Of a plot, in points."""

_NAME_LENGTH = 16

INK, MUTED, RULE, MARK, PAPER, SECOND = "#010101", "#020202", "#030303", "#040404", "#050505", "#060606"
"""Roles that the page's style gives a colour; SECOND differs from MARK to the colour-blind too, and by its dashes."""

_COLOURS = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    MARK: "var(--mark)",
    PAPER: "var(--panel)",
    SECOND: "var(--second)",
}
_SETTINGS = {
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",  # comes with matplotlib, so positions do not depend on the machine
    "font.size": 12.0,
    "text.color": INK,
    "axes.edgecolor": RULE,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
}
_XLINK = "{http://www.w3.org/1999/xlink}href"


def rate_plot(name: str, title: str, rows: Sequence[Row], measure: str, *, overall: Row | None, limit: float) -> str:
    """Return one rate of each group as dot and interval, or "" where no group has enough cases.

    Args:
        name: Of the plot on its page: letters, digits and hyphens.
        title: The text alternative's first line.
        rows: One a group.
        measure: Which rate.
        overall: The row of all examples, drawn as a dashed line.
        limit: Where the axis ends, in (0, 1]; the same for plots that are compared.
    """
    if not any(measured(row[measure]) for row in rows):
        return ""
    largest = sorted(rows, key=lambda row: -row["n"])[:LARGEST]
    shown = [row for row in rows if row in largest]
    everyone = overall[measure] if overall is not None and measured(overall[measure]) else None
    names = [str(plain(row["group"])) for row in shown]
    lines = [f"{group}: {rate_text(row[measure])}." for group, row in zip(names, shown, strict=True)]
    if everyone is not None:
        lines.insert(0, f"All examples: {rate_text(everyone)}.")
    with mpl.rc_context():
        settle(name)
        figure, axes = canvas(height=_TOP + _ROW * len(shown) + _BOTTOM)
        _percent_axis(axes, limit)
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_yticks([])
        axes.spines[["left", "right", "top"]].set_visible(False)
        if everyone is not None:
            axes.axvline(everyone["value"], color=MUTED, linewidth=1, dashes=(4, 3), zorder=1)
            axes.text(everyone["value"], -0.75, "all", color=MUTED, ha="center", va="bottom", fontsize=11)
        for place, row in enumerate(shown):
            axes.text(-0.03 * limit, place, f"name {place}", ha="right", va="center", fontsize=12)
            _interval(axes, row[measure], place)
        return inline(figure, name, title, lines, {f"name {i}": short(group) for i, group in enumerate(names)})


def reliability_plot(name: str, title: str, bins: Sequence[Mapping[str, float]], *, fewest: int) -> str:
    """Return the share of true examples against the probability of each bin, or "" without bins.

    Args:
        name: Of the plot on its page.
        title: The text alternative's first line.
        bins: Mean probability, share of true examples and count of each bin.
        fewest: A bin of fewer examples is drawn hollow.
    """
    if not bins:
        return ""
    with mpl.rc_context():
        settle(name)
        figure, axes = canvas(height=340, left=62)
        _percent_axis(axes, 1.0, unit="")
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], labels=["0", "25", "50", "75", "100"])
        axes.spines[["right", "top"]].set_visible(False)
        axes.grid(axis="y", color=RULE, linewidth=0.7)
        axes.set_xlabel("probability given by the model, %")
        axes.set_ylabel("examples that are true, %")
        axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, dashes=(4, 3), zorder=1)
        lines = ["The dashed line is perfect agreement."]
        for entry in bins:
            n = int(entry["n"])
            ends = binomtest(round(entry["share"] * n), n).proportion_ci(method="wilson")
            x = entry["probability"]
            axes.plot([x, x], [ends.low, ends.high], color=MARK, linewidth=1.6, clip_on=False, zorder=3)
            filled = MARK if n >= fewest else PAPER
            axes.plot(
                [x], [entry["share"]], "o", color=MARK, markerfacecolor=filled, markersize=6.5, clip_on=False, zorder=3
            )
            lines.append(f"Probability {100 * x:.1f} %: {100 * entry['share']:.1f} % true, of {n} examples.")
        return inline(figure, name, title, lines, {})


def axis_limit(rows: Sequence[Row], measures: Sequence[str]) -> float:
    """Return the smallest quarter above every interval of these rates.

    >>> axis_limit([{"miss_rate": {"value": 0.2, "low": 0.1, "high": 0.31}}], ["miss_rate"])
    0.5
    """
    return quarter_above([row[m]["high"] for row in rows for m in measures if measured(row[m])])


def quarter_above(shares: Sequence[float]) -> float:
    """Return the smallest quarter that no share is above; 1 without any."""
    highest = max(shares, default=1.0)
    return next(end for end in (0.25, 0.5, 0.75, 1.0) if highest <= end or end == 1.0)


def settle(name: str) -> None:
    """Set matplotlib up for a plot of this name; call it inside `rc_context`."""
    # A user's matplotlibrc must not change a model's files.
    mpl.rcdefaults()
    mpl.rcParams.update(_SETTINGS | {"svg.hashsalt": name})


def canvas(*, height: int, left: int = _LEFT) -> tuple[Figure, Axes]:
    """Return an empty figure of the page's width, with room for names on the left and for numbers below."""
    figure = Figure(figsize=(_WIDTH / 72, height / 72), facecolor="none")
    figure.patch.set_visible(False)
    across, up = (_WIDTH - left - _RIGHT) / _WIDTH, (height - _TOP - _BOTTOM) / height
    return figure, figure.add_axes((left / _WIDTH, _BOTTOM / height, across, up))


def _percent_axis(axes: Axes, limit: float, *, unit: str = " %") -> None:
    ticks = [limit * step / 5 for step in range(6)]
    axes.set_xlim(0, limit)
    axes.set_xticks(ticks, labels=[f"{100 * tick:.0f}" + (unit if tick == limit else "") for tick in ticks])
    axes.grid(axis="x", color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=6)


def _interval(axes: Axes, rate: Mapping[str, Any] | None, place: int) -> None:
    if rate is None or rate["value"] is None:
        cleared = {"facecolor": PAPER, "edgecolor": "none", "pad": 2}
        axes.text(0, place, f" {NOT_ENOUGH}", color=MUTED, va="center", style="italic", fontsize=11, bbox=cleared)
        return
    axes.plot([rate["low"], rate["high"]], [place, place], color=MARK, linewidth=2, clip_on=False, zorder=3)
    axes.plot([rate["value"]], [place], "o", color=MARK, markersize=7.5, clip_on=False, zorder=3)


def short(name: str) -> str:
    """Return a group's name cut to what a plot has room for."""
    return name if len(name) <= _NAME_LENGTH else name[: _NAME_LENGTH - 1] + "\N{HORIZONTAL ELLIPSIS}"


def inline(figure: Figure, name: str, title: str, lines: Sequence[str], texts: Mapping[str, str]) -> str:
    """Return the figure's SVG fit to stand in a page.

    `texts` replaces drawn text. Names from data go in this way: matplotlib would take a "$" for a formula
    and warn of a letter that its own font lacks.
    """
    buffer = io.StringIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    drawn = ElementTree.fromstring(buffer.getvalue())
    ids = _referenced(drawn, name)
    for element in drawn.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = dict(_kept(element, ids))
        element.text = texts.get(element.text or "", element.text)
        if element.text is not None and not element.text.strip():
            element.text = None
        element.tail = None
    svg = ElementTree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": drawn.attrib["viewBox"],
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc",
            "style": "stroke-linejoin: round; stroke-linecap: butt",
        },
    )
    for tag, text in (("title", str(plain(title))), ("desc", " ".join(lines))):
        ElementTree.SubElement(svg, tag, {"id": f"{name}-{tag}"}).text = text
    svg.extend(_lean(drawn))
    return ElementTree.tostring(svg, encoding="unicode")


_WRAPPERS = {"g"}
_DROPPED = {"metadata", "style", "clipPath"}


def _lean(parent: ElementTree.Element) -> list[ElementTree.Element]:
    """Return what a parent draws without matplotlib's wrappers, which are most of a drawing's bytes.

    Nothing here is drawn outside its axes, so what clips it goes too.
    """
    kept: list[ElementTree.Element] = []
    for child in parent:
        if child.tag in _DROPPED:
            continue
        inner = _lean(child)
        if child.tag == "defs" and not inner:
            continue
        if child.tag in _WRAPPERS and not child.attrib:
            kept += inner
            continue
        child[:] = inner
        kept.append(child)
    return kept


def _referenced(drawn: ElementTree.Element, name: str) -> dict[str, str]:
    """Return a new id for each id that something in the drawing points to, numbered in document order."""
    targets = {
        value.removeprefix("#") for element in drawn.iter() for value in element.attrib.values() if value[:1] == "#"
    }
    found = [key for element in drawn.iter() if (key := element.get("id")) in targets and key is not None]
    return {key: f"{name}-{number}" for number, key in enumerate(found, start=1)}


def _kept(element: ElementTree.Element, ids: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key, value in element.attrib.items():
        idle = key == "clip-path" or (key == "id" and value not in ids) or value.startswith("rotate(-0 ")
        if not idle:
            yield "href" if key == _XLINK else key, _settled(value, ids)


_IDLE_STYLE = ("stroke-linejoin: miter", "stroke-linecap: square", "stroke-dashoffset: 0", "opacity: 0.8")


def _settled(value: str, ids: Mapping[str, str]) -> str:
    if value.removeprefix("#") in ids:
        return f"{'#' * value.startswith('#')}{ids[value.removeprefix('#')]}"
    # A tenth of a point is more than a screen shows, and half of what matplotlib writes is digits.
    value = re.sub(r"-?\d+\.\d+", lambda match: f"{float(match[0]):.1f}".removesuffix(".0"), value)
    for drawn, variable in _COLOURS.items():
        value = value.replace(drawn, variable)
    # The page's own font, at the drawn size: 3.11 writes the family apart, older versions as a shorthand.
    value = re.sub(r"font-family: [^;]*; ?", "", value)
    value = re.sub(r"font: (italic )?([\d.]+px) [^;]*", _font, value)
    return (
        ";".join(part.replace(": ", ":") for part in re.split(r"; ?", value) if part not in _IDLE_STYLE)
        .replace("  ", " ")
        .strip()
    )


def _font(match: re.Match[str]) -> str:
    return f"font-size: {match[2]}" + ("; font-style: italic" if match[1] else "")
