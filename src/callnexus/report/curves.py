"""Plots of curves: the gap between groups at every threshold, and each group's calibration."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from callnexus.report.plots import MARK, MUTED, RULE, SECOND, canvas, inline, settle, short
from callnexus.report.wording import plain

PANELS = 9
"""Groups whose calibration is drawn at most, those with most examples first."""

_TICKS = {-6: "0.2", -4: "1.8", -2: "12", 0: "50", 2: "88", 4: "98.2", 6: "99.8 %"}
"""Log-odds, and the probabilities they stand for."""

_WIDTH, _SIDE, _GAP, _BETWEEN, _LEFT, _ACROSS = 420, 106, 22, 28, 32, 3
"""Of a plot and of its square panels, the space above and between them and left of them, in points; panels in a row."""

_BREAK = (float("nan"), float("nan"))


def gap_curves(part: Mapping[str, Any]) -> dict[str, Sequence[float] | None]:
    """Return the gap in misses and in false alarms at every threshold; None where two groups cannot be compared."""
    return {"misses": part["miss_gap"], "false alarms": part["false_alarm_gap"]}


def gap_plot(
    name: str,
    title: str,
    part: Mapping[str, Any],
    log_odds: Sequence[float],
    *,
    operating: Mapping[str, float] | None,
    limit: float,
) -> str:
    """Return the gap between the groups of one column at every threshold, or "" where two groups cannot be compared.

    Args:
        name: Of the plot on its page.
        title: The text alternative's first line.
        part: The sweep of one label by one column.
        log_odds: The thresholds.
        operating: The model's own threshold, at which every curve has its last point; None if it isn't known.
        limit: Where the axis of the gap ends, in (0, 1]; the same for plots that are compared.
    """
    curves = gap_curves(part)
    if all(curve is None for curve in curves.values()):
        return ""
    lines = []
    with mpl.rc_context():
        settle(name)
        figure, axes = canvas(height=270, left=62)
        axes.set_xlim(-6, 6)
        axes.set_xticks(list(_TICKS), labels=list(_TICKS.values()))
        axes.set_xlabel("threshold: probability from which the answer is yes")
        axes.set_ylabel("largest gap, points")
        _percent_up(axes, limit)
        for (named, curve), colour, dashes in zip(curves.items(), (MARK, SECOND), ((), (5, 2)), strict=True):
            if curve is None:
                lines.append(f"Gap in {named}: not enough cases.")
                continue
            swept = curve[: len(log_odds)]
            axes.plot(log_odds, swept, color=colour, linewidth=2, dashes=dashes, label=named)
            lines.append(_gap_line(named, swept, log_odds, curve[-1] if operating else None))
        if operating and operating["log_odds"] is not None:
            axes.axvline(operating["log_odds"], color=MUTED, linewidth=1.2, dashes=(1, 2), label="operating point")
            for curve, colour in zip(curves.values(), (MARK, SECOND), strict=True):
                if curve is not None:
                    axes.plot([operating["log_odds"]], [curve[-1]], "o", color=colour, markersize=6.5, zorder=4)
        axes.legend(
            loc="lower right",
            bbox_to_anchor=(1.02, 0.99),
            ncol=3,
            frameon=False,
            fontsize=11,
            handlelength=1.9,
            columnspacing=1.2,
            borderpad=0.1,
        )
        return inline(figure, name, title, lines, {})


def _gap_line(named: str, curve: Sequence[float], log_odds: Sequence[float], own: float | None) -> str:
    largest = max(range(len(curve)), key=curve.__getitem__)
    at = "" if own is None else f"{100 * own:.1f} points at the operating point; "
    return f"Gap in {named}: {at}at most {100 * curve[largest]:.1f} points, at log-odds {log_odds[largest]:.2f}."


def calibration_plot(name: str, title: str, curves: Sequence[tuple[str, Sequence[Sequence[float]]]]) -> str:
    """Return a small plot for each group: share of true examples against the mean probability of each bin.

    Args:
        name: Of the plot on its page.
        title: The text alternative's first line.
        curves: Each group's name, and mean probability, share and count of its bins; the PANELS with most examples
            are drawn.
    """
    largest = sorted(curves, key=lambda curve: -sum(point[2] for point in curve[1]))[:PANELS]
    shown = [curve for curve in curves if curve in largest]
    texts, lines = {}, ["The dashed lines are perfect agreement."]
    with mpl.rc_context():
        settle(name)
        figure, axes = _sheet(len(shown))
        corners = [_corner(place, len(shown)) for place in range(len(shown))]
        left, down = corners[0]
        for at, told in ((0.0, "0"), (0.5, "50"), (1.0, "100")):
            axes.text(left + at * _SIDE, down - 5, told, color=MUTED, ha="center", va="top", fontsize=10)
            axes.text(left - 5, down + at * _SIDE, told, color=MUTED, ha="right", va="center", fontsize=10)
        # One path for all panels: an axes for each would take most of the time that a page takes.
        _strokes(axes, corners, [((at, 0), (at, 1)) for at in (0, 0.5, 1)], color=RULE, linewidth=0.7)
        _strokes(axes, corners, [((0, at), (1, at)) for at in (0, 0.5, 1)], color=RULE, linewidth=0.7)
        _strokes(axes, corners, [((0, 0), (1, 1))], color=MUTED, linewidth=1, dashes=(4, 3))
        for place, ((x, y), (group, points)) in enumerate(zip(corners, shown, strict=True)):
            named = str(plain(group))
            texts[f"name {place}"] = short(named)
            axes.text(x + _SIDE / 2, y + _SIDE + 5, f"name {place}", ha="center", va="bottom", fontsize=11.5)
            across, up = ([start + _SIDE * point[i] for point in points] for i, start in enumerate((x, y)))
            axes.plot(across, up, "o-", color=MARK, linewidth=1.4, markersize=4)
            told = "; ".join(f"{100 * p:.0f} % given, {100 * share:.0f} % true" for p, share, _ in points)
            lines.append(f"{named}: {told}.")
        return inline(figure, name, title, lines, texts)


def _sheet(panels: int) -> tuple[Figure, Axes]:
    width, height = _WIDTH, _corner(0, panels)[1] + _SIDE + _GAP
    figure = Figure(figsize=(width / 72, height / 72), facecolor="none")
    figure.patch.set_visible(False)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    return figure, axes


def _corner(place: int, panels: int) -> tuple[float, float]:
    """Return the lower left corner of a panel, in points from the lower left of the plot."""
    row, column = divmod(place, _ACROSS)
    rows = -(-panels // _ACROSS)
    return _LEFT + column * (_SIDE + _BETWEEN), _GAP + (rows - 1 - row) * (_SIDE + 2 * _GAP)


def _strokes(
    axes: Axes,
    corners: Sequence[tuple[float, float]],
    strokes: Sequence[tuple[tuple[float, float], tuple[float, float]]],
    **style: Any,
) -> None:
    """Draw the same strokes, given in shares of a side, in every panel."""
    ends = [
        end
        for x, y in corners
        for one, other in strokes
        for end in ((x + _SIDE * one[0], y + _SIDE * one[1]), (x + _SIDE * other[0], y + _SIDE * other[1]), _BREAK)
    ]
    axes.plot([x for x, _ in ends], [y for _, y in ends], **style)


def _percent_up(axes: Axes, limit: float) -> None:
    ticks = [limit * step / 5 for step in range(6)]
    axes.set_ylim(0, limit)
    axes.set_yticks(ticks, labels=[f"{100 * tick:.0f}" for tick in ticks])
    axes.grid(axis="y", color=RULE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, pad=6)
    axes.spines[["right", "top"]].set_visible(False)
