"""Our cue scopes against negspacy's negation: the same cues, "negated or not" by each, and who is right.

Run `python experiments/scope_comparison.py`; it prints the tables and writes `results/scope_comparison.md`.

negspacy (NegEx with the clinical term set) reads the raw narrative with spaCy's own tokens and sentences and is given
our cues as entities, so that the scope rules are what differs. It knows one scope: past, asked, secured and other are
counted apart. On the scope cases the `scope` column is right. On the authored narratives a sample of the differences
was read; the verdicts are in `results/scope_judged.csv` and hold for a cue as long as both answers are the ones judged.
"""

import csv
import hashlib
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import negspacy.negation  # noqa: F401 - makes the pipe known to spaCy
import numpy as np
import spacy
from negspacy.termsets import termset
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import filter_spans

from callnexus.lexicon import SCOPES, shipped
from callnexus.lexicon.matching import PhraseTable
from callnexus.lexicon.scope import find_scoped_cues
from callnexus.narrative import normalise
from callnexus.words import split_words

HERE = Path(__file__).parent
CASES = HERE.parent / "tests" / "lexicon" / "scope_cases.csv"
AUTHORED = HERE.parent / "data" / "authored"
JUDGED = HERE / "results" / "scope_judged.csv"
TARGET = HERE / "results" / "scope_comparison.md"

NARRATIVES = 1500
LISTED = 40
NEGATED = "negated"
NOT_NEGATED = "not negated"


@dataclass(frozen=True, slots=True)
class Answer:
    """One cue of a narrative with both answers.

    Attributes:
        id: The narrative's id, or the scope case's line in its file.
        cue: The cue's words, normalised.
        first: Index of the cue's first word in its narrative; tells two equal cues apart.
        ours: Our scope.
        negspacy: NEGATED or NOT_NEGATED.
    """

    id: str
    cue: str
    first: int
    ours: str
    negspacy: str

    @property
    def agrees(self) -> bool:
        """Whether both say negated, or both say anything else."""
        return (self.ours == NEGATED) == (self.negspacy == NEGATED)


def main() -> None:
    """Print the comparison and write it."""
    table, pipeline = PhraseTable(shipped()), negation_pipeline()
    cases = _rows(CASES)
    of_cases = compare([str(line) for line in range(2, len(cases) + 2)], [c["text"] for c in cases], table, pipeline)
    ids, narratives = _authored()
    of_narratives = compare(ids, narratives, table, pipeline)
    page = "\n".join(
        [
            "# Our scopes and negspacy's negation",
            "",
            "Made by `experiments/scope_comparison.py`. Which of our cues are negated: our scope rules and negspacy",
            "(NegEx, `en_clinical`) on the same cues. The scope cases are tests that our rules have to pass, and hold",
            "many traps for a plain NegEx, so the first section flatters us. The sample of the second was read",
            "by one reader, a language model that saw both answers.",
            "",
            "## Scope cases",
            "",
            *_cases_section(cases, of_cases),
            f"## {len(ids):,} authored narratives",
            "",
            *_narratives_section(of_narratives),
        ]
    )
    print(page)
    TARGET.write_text(page + "\n", encoding="utf-8")


def negation_pipeline() -> Language:
    """Return blank English with sentences and negspacy; the only entities it sees are the ones it is given."""
    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    terms = termset("en_clinical").get_patterns()
    pipeline.add_pipe("negex", config={"neg_termset": terms, "ent_types": ["CUE"]})
    return pipeline


def compare(ids: Sequence[str], texts: Sequence[str], table: PhraseTable, pipeline: Language) -> list[Answer]:
    """Return both answers for each cue of the texts.

    A cue is left out if spaCy has no tokens of its own for it: two cues within one token make one entity.
    """
    batch = normalise(texts)
    words = split_words(batch)
    cues = find_scoped_cues(words, table)
    left, right = words.separators[cues.first] + 1, words.separators[cues.first + cues.size]
    start = batch.origins[left] - batch.starts[cues.narrative]
    end = batch.origins[right - 1] + 1 - batch.starts[cues.narrative]
    spelled = bytes(batch.codes)
    docs = [pipeline.make_doc(text) for text in texts]
    spans: list[dict[tuple[int, int], int]] = [{} for _ in texts]
    for cue, narrative in enumerate(cues.narrative.tolist()):
        span = docs[narrative].char_span(int(start[cue]), int(end[cue]), label="CUE", alignment_mode="expand")
        spans[narrative].setdefault((span.start, span.end), cue)
    for doc, places in zip(docs, spans, strict=True):
        doc.ents = filter_spans([_entity(doc, place) for place in places])
    begins = np.searchsorted(words.narrative, np.arange(len(texts)))
    answers = []
    for narrative, doc in enumerate(pipeline.pipe(docs)):
        for entity in doc.ents:
            cue = spans[narrative][entity.start, entity.end]
            said = spelled[left[cue] : right[cue]].decode("latin-1")
            answers.append(
                Answer(
                    id=ids[narrative],
                    cue="".join(letter if letter.isalnum() else " " for letter in said),
                    first=int(cues.first[cue] - begins[narrative]),
                    ours=SCOPES[cues.scope[cue]],
                    negspacy=NEGATED if entity._.negex else NOT_NEGATED,
                )
            )
    return answers


def _entity(doc: Doc, place: tuple[int, int]) -> spacy.tokens.Span:
    return spacy.tokens.Span(doc, *place, label="CUE")


def _cases_section(cases: Sequence[dict[str, str]], answers: Sequence[Answer]) -> Iterator[str]:
    """Yield the lines of the scope cases; a case that no cue of ours meets is counted and left out."""
    rows = [(case, answer) for line, case in enumerate(cases, start=2) for answer in _of_case(str(line), case, answers)]
    ours = sum((answer.ours == NEGATED) == (case["scope"] == NEGATED) for case, answer in rows)
    theirs = sum((answer.negspacy == NEGATED) == (case["scope"] == NEGATED) for case, answer in rows)
    yield f"{len(rows)} of {len(cases)} cases have a cue to compare."
    yield f"Right on negated or not: ours {_share(ours, len(rows))}, negspacy {_share(theirs, len(rows))}."
    yield ""
    yield from _agreement([answer for _, answer in rows])
    yield "### Every difference"
    yield ""
    different = [(case, answer) for case, answer in rows if not answer.agrees]
    verdicts = [
        [answer.id, answer.cue, answer.ours, answer.negspacy, case["scope"], _right(case["scope"], answer)]
        for case, answer in different
    ]
    yield from _table(("line of scope_cases.csv", "cue", "ours", "negspacy", "right scope", "who is right"), verdicts)
    yield from _table(("who is right", "differences"), _counted(verdict[-1] for verdict in verdicts))


def _of_case(line: str, case: dict[str, str], answers: Iterable[Answer]) -> list[Answer]:
    """Return the answer for the cue that a case is about: the first that holds its words or is held by them."""
    wanted = f" {' '.join(case['cue'].lower().replace(chr(39), '').split())} "
    here = [answer for answer in answers if answer.id == line]
    return [answer for answer in here if wanted in f" {answer.cue} " or f" {answer.cue} " in wanted][:1]


def _right(scope: str, answer: Answer) -> str:
    return "ours" if (scope == NEGATED) == (answer.ours == NEGATED) else "negspacy"


def _narratives_section(answers: Sequence[Answer]) -> Iterator[str]:
    yield from _agreement(answers)
    yield "### Differences read"
    yield ""
    verdicts = {(row["id"], row["cue"], row["ours"], row["negspacy"]): row["right"] for row in _rows(JUDGED)}
    different = [answer for answer in answers if not answer.agrees]
    sample = _sample(different)
    right = [verdicts.get((a.id, a.cue, a.ours, a.negspacy), "not judged") for a in sample]
    yield f"{len(sample)} of {len(different)} differences, one a narrative, chosen by a hash of id and cue."
    yield 'The question was "negated or not" alone: "ours" may still be the wrong one of the other scopes.'
    yield ""
    yield from _table(("who is right", "differences"), _counted(right))
    rows = [[a.id, a.cue, a.ours, a.negspacy, verdict] for a, verdict in zip(sample, right, strict=True)]
    by_scope = Counter((row[2], row[4]) for row in rows)
    yield from _table(
        ("our scope", "who is right", "differences"), [[*key, str(by_scope[key])] for key in sorted(by_scope)]
    )
    yield from _table(("id", "cue", "ours", "negspacy", "who is right"), rows)


def _sample(answers: Iterable[Answer]) -> list[Answer]:
    """Return LISTED answers; a new cue phrase changes few of them, so that verdicts keep."""
    ranked = sorted(answers, key=lambda a: hashlib.sha256(f"{a.id} {a.cue} {a.first}".encode()).digest())
    one_each = {answer.id: answer for answer in reversed(ranked)}
    chosen = [answer for answer in ranked if one_each[answer.id] is answer][:LISTED]
    return sorted(chosen, key=lambda answer: answer.id)


def _agreement(answers: Sequence[Answer]) -> Iterator[str]:
    """Yield how often both agree, over all cues and over those that we call present or negated, then the counts."""
    plain = [answer for answer in answers if answer.ours in ("present", NEGATED)]
    yield f"- agreement, all cues: {_share(sum(a.agrees for a in answers), len(answers))}"
    yield f"- agreement, cues that are present or negated to us: {_share(sum(a.agrees for a in plain), len(plain))}"
    yield f"- kappa, all cues: {_kappa(answers):.2f}"
    yield ""
    counts = Counter((answer.ours, answer.negspacy) for answer in answers)
    rows = []
    for scope in SCOPES:
        negated, other = counts[scope, NEGATED], counts[scope, NOT_NEGATED]
        differences = other if scope == NEGATED else negated
        rows.append([scope, f"{negated:,}", f"{other:,}", _share(differences, negated + other)])
    yield from _table(("our scope", "negspacy: negated", "negspacy: not negated", "differences"), rows)


def _kappa(answers: Sequence[Answer]) -> float:
    """Return Cohen's kappa: most cues are not negated, and two readers that always say so agree too."""
    ours = np.array([answer.ours == NEGATED for answer in answers])
    theirs = np.array([answer.negspacy == NEGATED for answer in answers])
    chance = ours.mean() * theirs.mean() + (1 - ours.mean()) * (1 - theirs.mean())
    return float(((ours == theirs).mean() - chance) / (1 - chance))


def _authored() -> tuple[list[str], list[str]]:
    lines = [line for path in sorted(AUTHORED.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines()]
    chosen = random.Random(0).sample([json.loads(line) for line in lines], NARRATIVES)
    return [row["id"] for row in chosen], [row["narrative"] for row in chosen]


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text("utf-8").splitlines())) if path.is_file() else []


def _counted(values: Iterable[str]) -> list[list[str]]:
    return [[value, str(count)] for value, count in Counter(values).most_common()]


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.1%})" if whole else "none"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{' --- |' * len(header)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    yield ""


if __name__ == "__main__":
    main()
