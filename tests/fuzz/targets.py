"""The readers that are fuzzed, and what each promises of any input.

Each check takes bytes, returns how many inputs they held, and raises where a promise is broken: an error that is not
documented, a warning, a probability outside [0, 1], a number that is not finite, a span outside the caller's string.

To add a target, write its check and name it in `TARGETS`.
"""

import atexit
import io
import json
import math
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from callnexus import LABEL_NAMES, Model, load, policy
from callnexus.corpus.examples import Example
from callnexus.corpus.importing import FORMATS, detect_format, import_examples
from callnexus.dispatch.following import Call, Update
from callnexus.errors import CallError, CallnexusError, ExamplesError, ModelFolderError, PolicyError
from callnexus.jsonl import predict_lines
from callnexus.labels import SAFETY_RISK, Decision
from callnexus.policy import Circumstances
from callnexus.prediction import Prediction
from tests.fuzz import seeds
from tests.model_folder.sealing import seal


@dataclass(frozen=True, slots=True)
class Target:
    """A reader under test.

    Attributes:
        check: Returns how many inputs some bytes held; raises where the reader breaks a promise.
        seeds: Returns the inputs to begin with.
        between: What stands between several inputs that are checked together; None where one is checked at a time.
    """

    check: Callable[[bytes], int]
    seeds: Callable[[], list[bytes]]
    between: bytes | None = None


@cache
def _model() -> Model:
    return load()


@cache
def _scratch() -> Path:
    # In memory where the system offers it: a disk would be most of the time.
    shared = Path("/dev/shm")  # a folder of ours is made in it
    made = Path(tempfile.mkdtemp(prefix="callnexus-fuzz-", dir=shared if shared.is_dir() else None))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def clear() -> None:
    """Remove what checks have written, where the interpreter does not end as usual."""
    shutil.rmtree(_scratch(), ignore_errors=True)


def check_predict(content: bytes) -> int:
    """Check predictions of narratives with a zero byte between; bytes that are no UTF-8 become lone surrogates."""
    narratives = content.decode("utf-8", "surrogateescape").split("\x00")
    found = _model().predict_many(narratives)
    for narrative, prediction in zip(narratives, found, strict=True):
        _check_prediction(narrative, prediction)
    alone = len(content) % len(narratives)
    again = _model().predict(narratives[alone])
    for name in LABEL_NAMES:
        one, other = getattr(again, name), getattr(found[alone], name)
        assert abs(one.score - other.score) <= 1e-6, "a narrative scores otherwise alone"
    # Making JSON takes longer than predicting; `check_jsonl` makes it of every answer.
    json.dumps(again.to_dict(), allow_nan=False)
    return len(narratives)


def _check_prediction(narrative: str, prediction: Prediction) -> None:
    for name in LABEL_NAMES:
        label = getattr(prediction, name)
        assert 0 <= label.probability <= 1, "a probability outside [0, 1]"
        assert all(map(math.isfinite, (label.score, label.intercept, label.rest))), "a score that is not finite"
        assert label.decision in Decision
        assert any(reason.label == name for reason in prediction.reasons), "a label without a reason"
    for piece in prediction.evidence:
        assert math.isfinite(piece.weight), "a weight that is not finite"
        _check_span(narrative, piece.start, piece.end)
        assert narrative[piece.start : piece.end] == piece.text, "evidence that the caller did not write"
    for reason in prediction.reasons:
        for start, end in reason.spans:
            _check_span(narrative, start, end)


def _check_span(narrative: str, start: int, end: int) -> None:
    assert 0 <= start < end <= len(narrative), "a span outside the caller's string"


_REMARKS = 128
"""Remarks of a call at most: each is checked against the whole narrative, at a price that grows with its square."""


def check_append(content: bytes) -> int:
    """Check a call that grows by remarks with a zero byte between, some of them followed by a clearing."""
    call, remarks = _model().follow("a call"), content.decode("utf-8", "surrogateescape").split("\x00")[:_REMARKS]
    for remark in remarks:
        update = call.append(remark)
        assert call.narrative.endswith(remark), "another narrative than was appended"
        _check_update(call, update)
        _check_grown(call.narrative, update)
        if len(remark) % 4 == 0:
            _check_clearing(call, by="" if len(remark) % 8 else "a person")
    assert [event.number for event in call.history] == list(range(1, len(call.history) + 1))
    return len(remarks)


def _check_update(call: Call, update: Update) -> None:
    _check_prediction(call.narrative, update.prediction)
    assert update.prediction == call.prediction
    assert update.flag == call.flag
    for piece in update.new_evidence:
        assert piece in update.prediction.evidence, "new evidence that is not listed"
    for reason in (*update.new_reasons, *update.gone_reasons):
        for start, end in reason.spans:
            _check_span(call.narrative, start, end)
    for start, end in () if update.flag is None else update.flag.spans:
        _check_span(call.narrative, start, end)
    assert update.sentence
    json.dumps(update.to_dict(), allow_nan=False)


def _check_grown(narrative: str, update: Update) -> None:
    whole = _model().predict(narrative)
    for name in LABEL_NAMES:
        grown, anew = getattr(update.prediction, name), getattr(whole, name)
        assert abs(grown.score - anew.score) <= 1e-9, "a growing narrative scores otherwise than the whole"
        flagged = name == SAFETY_RISK.name and update.flag is not None
        assert grown.decision == (Decision.YES if flagged else anew.decision), "decided otherwise than the whole"


def _check_clearing(call: Call, by: str) -> None:
    before = call.flag
    try:
        update = call.clear(by=by, reason="seen")
    except CallError:
        assert before is None or not by, "a flag that a person could not clear"
        assert call.flag == before, "a refused clearing that did something"
        return
    assert before is not None, "cleared without a flag"
    assert by, "cleared by nobody"
    assert update.flag is None
    assert not update.new_evidence
    _check_update(call, update)
    _check_grown(call.narrative, update)


class _Pieces:
    """A stream that gives its content in pieces of a size that the content decides."""

    def __init__(self, content: bytes) -> None:
        self.rest, self.step = content, (1, 7, 100, 65_536)[sum(content[:8]) % 4]

    def read1(self, size: int, /) -> bytes:
        given, self.rest = self.rest[: self.step], self.rest[self.step :]
        return given


def check_jsonl(content: bytes) -> int:
    """Check the answers to a stream: one line of strict JSON for each line that is not blank, in order."""
    sent = [(number, line) for number, line in enumerate(content.split(b"\n"), start=1) if line.strip()]
    answers = list(predict_lines(_model(), _Pieces(content)))
    assert len(answers) == len(sent), "not one answer a line"
    for (number, line), answer in zip(sent, answers, strict=True):
        said = json.loads(answer, parse_constant=_refuse)
        assert answer.endswith("\n")
        assert answer.count("\n") == 1
        if "error" in said:
            assert set(said) == {"line", "error"}
            assert said["line"] == number, "an error of another line"
        else:
            _check_answer(json.loads(line.removeprefix(b"\xef\xbb\xbf")), said)
    return max(len(sent), 1)


def _check_answer(sent: dict[str, Any], said: dict[str, Any]) -> None:
    assert ("id" in sent, sent.get("id")) == ("id" in said, said.get("id")), "another id"
    for name in LABEL_NAMES:
        assert 0 <= said[name]["probability"] <= 1, "a probability outside [0, 1]"
    for piece in said["evidence"]:
        _check_span(sent["narrative"], piece["start"], piece["end"])


def _refuse(name: str) -> float:
    raise AssertionError(f"an answer that is no JSON: {name}")


def check_policy(content: bytes) -> int:
    """Check that a policy is refused, or leads from every pair of decisions to a response everywhere."""
    text = content.decode("utf-8", "surrogateescape")
    try:
        found = policy.parse(text)
    except PolicyError:
        return 1
    for nexus in Decision:
        for risk in Decision:
            assert found.recommend(nexus, risk, Circumstances("B2", None)).response
    assert list(found.to_rows())
    return 1


_PARTS = ("manifest.json", "weights.npz", "lexicon/concepts.csv", "lexicon/cues.csv",
          "lexicon/markers.csv", "golden.jsonl", "policy.toml", "approval.json", "weights.npy", "intercepts.npy",
          "known_words.npy")  # fmt: skip
"""What the first byte of an input of `folder` stands for; an array is packed anew, so that its checksum holds."""

_FIRST_FORMAT, _AS_IT_IS = 64, 128


def check_folder(content: bytes) -> int:
    """Check that a small folder with one file exchanged, and resealed, is refused, or predicts soundly.

    The first byte says which file; with `_FIRST_FORMAT` of a folder of format 1, which has no golden predictions, and
    with `_AS_IT_IS` without a new seal.
    """
    head, rest = (content[0], content[1:]) if content else (0, b"")
    name = _PARTS[head % 16 % len(_PARTS)]
    folder = _folder(1 if head & _FIRST_FORMAT else 2)
    target = folder / ("weights.npz" if name.endswith(".npy") else name)
    # What another input left is taken back first.
    original = target.read_bytes() if target.exists() else None
    manifest = (folder / "manifest.json").read_bytes()
    target.write_bytes(_repacked(original or b"", name, rest) if name.endswith(".npy") else rest)
    try:
        if not head & _AS_IT_IS:
            _reseal(folder)
        _check_load(folder)
    finally:
        (folder / "manifest.json").write_bytes(manifest)
        if original is None:
            target.unlink()
        else:
            target.write_bytes(original)
    return 1


def _check_load(folder: Path) -> None:
    try:
        model = load(folder)
    except ModelFolderError:
        return
    for narrative, prediction in zip(seeds.NARRATIVES, model.predict_many(seeds.NARRATIVES), strict=True):
        _check_prediction(narrative, prediction)


def _reseal(folder: Path) -> None:
    try:
        seal(folder)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CallnexusError):
        return  # no manifest that could be sealed: it is read as it is


@cache
def _folder(number: int) -> Path:
    return Path(shutil.copytree(seeds.OLD_MODELS / str(number) / "frozen-0.0.1", _scratch() / str(number)))


def _repacked(packed: bytes, name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(packed)) as old, zipfile.ZipFile(made, "w") as new:
        members = {member: old.read(member) for member in old.namelist()} | {name: content}
        for member, data in members.items():
            new.writestr(member, data)
    return made.getvalue()


def folder_seeds() -> list[bytes]:
    """Return each file of the frozen folders, as an input of `check_folder`."""
    made = []
    for number, flag in ((1, _FIRST_FORMAT), (2, 0)):
        folder = seeds.OLD_MODELS / str(number) / "frozen-0.0.1"
        with zipfile.ZipFile(folder / "weights.npz") as packed:
            arrays = {name: packed.read(name) for name in packed.namelist()}
        for place, name in enumerate(_PARTS):
            if (folder / name).is_file():
                arrays[name] = (folder / name).read_bytes()
            if name in arrays:
                made += [bytes([place | flag]) + arrays[name], bytes([place | flag | _AS_IT_IS]) + arrays[name]]
    verdict = {"verdict": "approved", "by": "a reviewer", "reason": "read", "date": "2026-01-02", "expires": None,
               "model": "0" * 64, "report": "0" * 64}  # fmt: skip
    return [*made, bytes([_PARTS.index("approval.json")]) + json.dumps(verdict).encode()]


_DECLARED, _MAPPED, _DETECTED = 32, 64, 128


def check_importers(content: bytes) -> int:
    """Check that an export is refused with its problems, or gives examples that can be written and read back.

    The first byte says which format, and whether annotations are declared finished, columns mapped, the format found.
    """
    head, rest = (content[0], content[1:]) if content else (0, b"")
    name = FORMATS[head % 16 % len(FORMATS)]
    path = _scratch() / f"export{_ENDINGS[name]}"
    path.write_bytes(rest)
    try:
        found = import_examples(
            path, format=detect_format(path) if head & _DETECTED else name, batch="fuzzed", register="notes",
            columns={"narrative": "text", "annotator": "who"} if head & _MAPPED else None,
            confirmed_only=bool(head & _DECLARED),
        )  # fmt: skip
    except ExamplesError:
        return 1
    for example in found.examples:
        line = example.to_line().encode()
        assert Example.model_validate(json.loads(line)) == example, "an example that is read back otherwise"
    return 1


_ENDINGS = {"label-studio": ".json", "label-studio-min": ".json", "doccano": ".zip", "prodigy": ".jsonl",
            "argilla": ".json", "csv": ".csv", "jsonl": ".jsonl"}  # fmt: skip


def importer_seeds() -> list[bytes]:
    """Return every export with every combination of options, as an input of `check_importers`."""
    return [
        bytes([FORMATS.index(name) | declared | option]) + content
        for name, contents in seeds.exports().items()
        for content in contents
        for declared in (0, _DECLARED)
        for option in (0, _MAPPED, _DETECTED)
    ]


TARGETS = {
    "predict": Target(check_predict, seeds.narratives, b"\x00"),
    "folder": Target(check_folder, folder_seeds),
    "importers": Target(check_importers, importer_seeds),
    "policy": Target(check_policy, seeds.policies),
    "jsonl": Target(check_jsonl, seeds.streams, b"\n"),
    "append": Target(check_append, seeds.calls, b"\x00"),
}
"""Every target by name."""
