"""What a person sees of one prediction: a panel that adds up, and the narrative with what moved it marked."""

from collections.abc import Mapping

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from callnexus.labels import LABELS, Decision, Label
from callnexus.model import Thresholds
from callnexus.prediction import Evidence, LabelPrediction, Prediction
from callnexus.response import ORDINARY_PROTOCOL, Response

MARKED = 0.3
"""Log-odds below which a piece of the narrative is not marked: everything marked is nothing marked."""

_COLOURS = {"mh_nexus": "cyan", "safety_risk": "magenta"}


def show_prediction(
    console: Console, narrative: str, prediction: Prediction, thresholds: Mapping[str, Thresholds]
) -> None:
    """Print decisions, response, reasons that add up to the scores, and the narrative with its evidence marked.

    Args:
        console: On a terminal evidence is underlined or struck; elsewhere it stands in [+ +] or [- -].
        narrative: What was predicted.
        prediction: What the model says of it.
        thresholds: Of the model, by label name, so that a decision can be understood from its probability.
    """
    parts: list[RenderableType] = [_decisions(prediction, thresholds), Text()]
    parts.append(
        Text.assemble("recommended: ", (_recommended(prediction), "bold"), f"   (policy {visible(prediction.policy)})")
    )
    parts.append(Text(visible(prediction.sentence)))
    for label in LABELS:
        if _is_judged(prediction, label):
            parts += [Text(), _sum(prediction, label)]
    console.print(Panel(Group(*parts), title=Text(prediction.model_version), title_align="left"))
    judged = [label.name for label in LABELS if _is_judged(prediction, label)]
    for name in judged:
        console.print(marked(narrative, prediction, name, styled=console.is_terminal), soft_wrap=True)
    if judged:
        console.print(_legend(styled=console.is_terminal), soft_wrap=True)
    console.print(Text("The dispatcher decides.", style="dim"))


def _is_judged(prediction: Prediction, label: Label) -> bool:
    found: LabelPrediction = getattr(prediction, label.name)
    return found.decision is not Decision.INSUFFICIENT


def _decisions(prediction: Prediction, thresholds: Mapping[str, Thresholds]) -> Table:
    header = ("question", "decision", "probability", "no below", "yes from")
    table = Table(*header, box=None, pad_edge=False, header_style="dim")
    for label in LABELS:
        found: LabelPrediction = getattr(prediction, label.name)
        cuts = thresholds[label.name]
        judged = _is_judged(prediction, label)
        table.add_row(
            Text(label.title, style=_COLOURS[label.name]),
            Text(str(found.decision) if judged else "not judged", style="bold"),
            f"{found.probability:.2f}" if judged else "",
            f"{cuts.no_below:.2f}",
            f"{cuts.yes_from:.2f}",
        )
    return table


def _sum(prediction: Prediction, label: Label) -> Table:
    """Return how a score came about, in log-odds: the starting point, each reason, the rest, and their sum."""
    found: LabelPrediction = getattr(prediction, label.name)
    rows = [("starting point", found.intercept)]
    rows += [(reason.code.phrase, reason.weight) for reason in prediction.reasons if reason.label == label.name]
    rows += [("all other words", found.rest)]
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row(Text(label.title, style=_COLOURS[label.name]), Text("log-odds", style="dim"), style="dim")
    for told, weight in rows:
        if f"{abs(weight):.2f}" != "0.00":
            table.add_row(Text(f"  {told}"), Text(f"{weight:+.2f}", justify="right"))
    table.add_row(Text("  score"), Text(f"{found.score:+.2f}", style="bold", justify="right"))
    return table


def _recommended(prediction: Prediction) -> str:
    told = _named(prediction.response)
    if prediction.provisional is not None:
        told += _meanwhile(prediction, prediction.provisional)
    if prediction.instead_of is not None:
        told += f", as {prediction.instead_of.phrase} is not there"
    return told


def _meanwhile(prediction: Prediction, provisional: Response) -> str:
    if all(_is_judged(prediction, label) for label in LABELS):
        return f"; while it is read, the less harmful: {_named(provisional)}"
    if provisional is Response.STANDARD:
        return f"; not judged; until it is read {ORDINARY_PROTOCOL} goes on"
    return f"; not judged; until it is read: {provisional.phrase}"


def _named(response: Response) -> str:
    return f"{response.phrase}, {ORDINARY_PROTOCOL}" if response is Response.STANDARD else response.phrase


def visible(text: str) -> str:
    """Return text with one visible character for each that would act on the terminal, so offsets hold."""
    shown = "".join(c if c.isprintable() or c == " " else "\u00b7" for c in text)
    return shown.encode("utf-8", "replace").decode()


def marked(narrative: str, prediction: Prediction, label: str, *, styled: bool) -> Text:
    """Return the narrative with one label's evidence of at least MARKED log-odds marked.

    Args:
        narrative: What was predicted.
        prediction: What the model says of it.
        label: Name of the label.
        styled: Whether evidence is underlined and struck, or stands in [+ +] and [- -].
    """
    chosen = [piece for piece in prediction.evidence if piece.label == label and abs(piece.weight) >= MARKED]
    shown = visible(narrative)
    text = _styled(shown, chosen, _COLOURS[label]) if styled else Text(_bracketed(shown, chosen))
    return Text.assemble((f"{label}: ", "dim"), text)


def _styled(shown: str, chosen: list[Evidence], colour: str) -> Text:
    text = Text(shown)
    strongest = max((abs(piece.weight) for piece in chosen), default=0.0)
    for piece in chosen:
        weight = "bold " if abs(piece.weight) >= strongest / 2 else ""
        text.stylize(f"{weight}{'underline' if piece.weight > 0 else 'strike'} {colour}", piece.start, piece.end)
    return text


def _bracketed(shown: str, chosen: list[Evidence]) -> str:
    # From the end, so that earlier offsets hold.
    for piece in sorted(chosen, key=lambda piece: piece.start, reverse=True):
        sign = "+" if piece.weight > 0 else "-"
        shown = f"{shown[: piece.start]}[{sign}{shown[piece.start : piece.end]}{sign}]{shown[piece.end :]}"
    return shown


def _legend(*, styled: bool) -> Text:
    marks = (("underlined", "underline"), ("struck", "strike")) if styled else ("[+words+]", "[-words-]")
    return Text.assemble(marks[0], ": speaks for the label; ", marks[1], ": speaks against it.", style="dim")
