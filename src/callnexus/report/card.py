"""The model card: what a model is, what it was made from, how well it does, and what it is not for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from callnexus import policy
from callnexus.labels import LABELS
from callnexus.lexicon import SCOPES
from callnexus.model_folder import Parts
from callnexus.report.findings import first_findings
from callnexus.report.summary import STATUSES
from callnexus.report.swapped import swapped_kinds
from callnexus.report.unchecked import missing_parts, unchecked_columns
from callnexus.report.wording import (
    DASH,
    ERROR_RATES,
    LABEL_TITLES,
    MEASURES,
    NOT_ENOUGH,
    column_title,
    difference_text,
    group_title,
    joined,
    number_text,
    outcome_title,
    p_text,
    plain,
)

FINDINGS = 5
"""How many disparities a card names."""

METRICS = {
    "n": "examples with a known label",
    "positives": "true examples",
    "auc": "AUC",
    "auc_low": "AUC, lower end of its 95 % interval",
    "auc_high": "AUC, upper end of its 95 % interval",
    "average_precision": "average precision",
    "recall_at_precision_66": "recall at precision .66",
    "precision_at_recall_98": "precision at recall .98",
    "calibration_error": "expected calibration error",
    "brier": "Brier score",
    "log_loss": "log loss",
    "recall": "recall at the threshold",
    "precision": "precision at the threshold",
    "false_alarm_rate": "false alarm rate at the threshold",
}
SPLITS = {"test": "test", "out_of_fold": "out of fold"}

_NOT_RECORDED = "not recorded"


class _Markdown(str):
    """Text that is Markdown already."""

    __slots__ = ()


def model_card(parts: Parts, document: Mapping[str, Any], appendices: Mapping[str, str] | None = None) -> str:
    """Return the model card in Markdown, in the order of Mitchell et al. (Model Cards, 2019), then a map to the AI Act.

    Nothing in it depends on when or where it is written. What the notes do not say is "not recorded".

    Args:
        parts: The model; its notes say what it was made from and how it was measured.
        document: The fairness document of the same model.
        appendices: Markdown that experiments printed, by title; it stands at the end as it is.
    """
    environment = Environment(
        loader=PackageLoader("callnexus.report"),
        # The card is Markdown, not HTML: `finalize` escapes for both.
        autoescape=False,
        undefined=StrictUndefined,
        finalize=_escaped,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "number": number_text,
        "share": _share_text,
        "joined": joined,
        "count": "{:,}".format,
        "code": _code,
        "outcome": outcome_title,
        "column": column_title,
        "group": group_title,
        "markdown": _Markdown,
        "difference": difference_text,
        "p": p_text,
    }
    columns, gates, experiment = unchecked_columns(document), parts.notes.get("gates", []), _experiment(parts)
    return environment.get_template("card.md.jinja").render(
        parts=parts,
        document=document,
        labels=LABELS,
        policy=policy.parse(parts.policy),
        features=_features(parts),
        thresholds={name: parts.thresholds[name] for name in LABEL_TITLES},
        calibration=parts.notes.get("calibration", {}),
        promises=parts.notes.get("promises", {}),
        behaviour=parts.notes.get("behaviour", {}),
        status=STATUSES.get(parts.status, parts.status),
        scopes=SCOPES,
        fit=experiment.get("fit"),
        base=experiment.get("model", {}).get("base"),
        gates=gates,
        waived=_waived(gates),
        coverage=parts.notes.get("coverage", []),
        data=parts.notes.get("data", {}),
        libraries=parts.notes.get("libraries", {}),
        metrics=METRICS,
        measured=_measured(parts.notes.get("metrics", {})),
        appendices={title: _Markdown(text.strip()) for title, text in (appendices or {}).items()},
        splits=[SPLITS[split] for split in SPLITS for _ in LABELS],
        gaps=[gap for gap in document["gaps"] if gap["outcome"] in LABEL_TITLES and gap["measure"] in ERROR_RATES],
        rates_told=MEASURES,
        findings=first_findings(document, FINDINGS),
        pair_findings=first_findings(document, FINDINGS, pairs=True),
        swapped=swapped_kinds(document),
        checked=_checked(document),
        absent=missing_parts(document),
        columns=columns,
        missing=sum(column.missing for column in columns),
        rates=sum(column.rates for column in columns),
        not_enough=NOT_ENOUGH,
        not_recorded=_NOT_RECORDED,
    )


def _experiment(parts: Parts) -> Mapping[str, Any]:
    found: Mapping[str, Any] = parts.notes.get("experiment", {})
    return found


def _checked(document: Mapping[str, Any]) -> list[str]:
    """Return in words what the fairness report holds beside the rates of single groups."""
    parts = {
        "pairs of columns": document["pairs"]["parts"],
        "routing harm": document["harms"]["parts"],
        "other thresholds": document["sweep"]["parts"],
        "calibration within groups": document["calibration"]["parts"],
        "identity swaps": (document.get("swaps") or {}).get("rows"),
        "change over time": document["quarters"],
    }
    return [title for title, found in parts.items() if found]


def _waived(gates: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, str], list[Mapping[str, Any]]]]:
    """Return each waiver with its gates: one may let many pass, and its reason is read once."""
    found: list[tuple[Mapping[str, str], list[Mapping[str, Any]]]] = []
    for gate in gates:
        if gate["waiver"]:
            members = next((members for waiver, members in found if waiver == gate["waiver"]), None)
            if members is None:
                found.append((gate["waiver"], members := []))
            members.append(gate)
    return found


def _measured(metrics: Mapping[str, Any]) -> Mapping[str, Sequence[float | int | None]]:
    """Return, for each metric, its value on every split for every label; None where it was not measured."""
    return {
        name: [metrics.get(split, {}).get(label.name, {}).get(name) for split in SPLITS for label in LABELS]
        for name in METRICS
    }


def _features(parts: Parts) -> Mapping[str, str]:
    spec = parts.spec
    words, characters = (joined([str(n) for n in ns]) for ns in (spec.word_lengths, spec.character_lengths))
    return {
        "Cues": (
            f"{len(parts.lexicon.cues):,} phrases of {len(parts.lexicon.concepts)} concepts, each with its scope; "
            f"scale {spec.cue_scale:.3f}"
        ),
        "Cue pairs": f"2^{spec.pair_bits} columns; scale {spec.pair_scale:.3f}",
        "Word runs": f"{words} words, 2^{spec.bits} columns; scale {spec.word_scale:.3f}",
        "Character runs": f"{characters} characters, 2^{spec.bits} columns; scale {spec.character_scale:.3f}",
        "Columns in all": f"{len(parts.weights):,}",
    }


def _share_text(rate: Mapping[str, Any] | None) -> str:
    if rate is None or rate["value"] is None:
        return NOT_ENOUGH
    return f"{rate['value']:.3f} ({rate['low']:.3f}{DASH}{rate['high']:.3f})"


def _escaped(value: object) -> object:
    """Return text from data as Markdown that shows it as it is: no markup, no HTML, on one line."""
    if not isinstance(value, str) or isinstance(value, _Markdown):
        return value
    text = " ".join(str(plain(value)).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # An underscore inside a word is no markup, and escaping it would spoil every label's name.
    return re.sub(r"[\\`*\[\]|~$#!]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", text)


def _code(value: object) -> _Markdown:
    """Return a hash or version as code; anything with other characters only escaped."""
    text = str(value)
    return _Markdown(f"`{text}`" if re.fullmatch(r"[\w.+-]+", text, re.ASCII) else str(_escaped(text)))
