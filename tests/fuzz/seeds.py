"""Hand-made, synthetic inputs that fuzzing begins with, and pieces that readers tend to stumble over."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from callnexus import policy
from callnexus.lexicon import shipped

OLD_MODELS = Path(__file__).parents[1] / "old_models"

PIECES = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r\n", b"\n", b'"', b"'", b"\\", b"\\ud800", b"\\u0000",
    b"[" * 2000, b'{"a":' * 500, b"{}", b"[]", b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-0.0", b"1e-320",
    b"9" * 5000, b"9" * 25, b"0x1F", b"0001-01-01", b"9999-12-31T23:59:60Z", b"24:00", b"yes", b"unclear", b"?", b"//",
    "\u0301\u200d😀\u0130ß".encode(), "他在桥上".encode(), b"no weapons", b"x" * 3000, b" " * 300, b"=", b",", b":",
)  # fmt: skip

NARRATIVES = (
    "CLR STS BROTHER OFF MEDS X 2 WKS, TALKING TO THE WALLS, NEG WPNS, NOT VIOLENT",
    "son on the roof says he'll jump // 2nd caller: no, it's a roofer. knife? unk",
    "DOG BARKING SINCE 6, WANTS OFC TO CALL 555-0100",
    "5150; hx of SI -- gun secured by father (locked)",
    "",
    "?",
)
"""Nobody's: written for this file."""


def narratives() -> list[bytes]:
    """Return narratives, some of them made of the lexicon's phrases."""
    phrases = [cue.phrase for cue in shipped().cues[::40]] + [marker.phrase for marker in shipped().markers[::5]]
    some = [" ".join(phrases[start::25]) for start in range(25)]
    return [text.encode() for text in (*NARRATIVES, *some)]


def calls() -> list[bytes]:
    """Return narratives, some of them as remarks of one word with a zero byte between."""
    return [*(text.replace(" ", "\x00").encode() for text in NARRATIVES), *narratives()]


def streams() -> list[bytes]:
    """Return streams of JSON lines as dispatch software sends them."""
    rows: list[Any] = [{"id": number, "narrative": text} for number, text in enumerate(NARRATIVES)]
    placed = {"id": {"call": [1, "x"]}, "narrative": NARRATIVES[0], "district": "B2", "time": "14:05"}
    wrong: list[Any] = [{"id": 1.5}, [], "x", {"narrative": None}, {"narrative": "a", "time": "late"}]
    return [_jsonl(rows), _jsonl([placed] * 3), _jsonl([*wrong, placed])]


def policies() -> list[bytes]:
    """Return the shipped policies and a small one with every kind of key."""
    text = policy.shipped_text("boston_pilot")
    units = '[units.co_response]\ndistricts = ["B2"]\nhours = ["07:00-23:00", "22:00-06:00"]\nfallback = "standard"\n'
    return [text.encode(), f"{text}\n{units}".encode(), units.encode()]


def exports() -> dict[str, list[bytes]]:
    """Return exports of annotation tools by format, each with two annotators and what is skipped."""
    label_studio = [
        {"id": 1, "data": {"text": "dog barking", "district": "4"}, "annotations": [_ticked(7), _ticked("b@e.org")]},
        {"id": 2, "data": {"text": "cat"}, "annotations": [_ticked({"id": 7}) | {"was_cancelled": True}], "drafts": []},
    ]
    smallest = [{"id": 1, "text": "dog", "annotator": 7, "annotation_id": 1, "mh_nexus": "yes", "safety_risk": "no"}]
    doccano = [{"id": 1, "text": "dog", "label": ["mh_nexus:yes", "safety_risk:no"], "Comments": []}]
    presence = [{"id": 1.0, "data": "dog", "label": ["mh_nexus"]}, {"id": 2, "text": "cat", "label": []}]
    prodigy = [
        {"text": "dog", "_input_hash": -5, "answer": "accept", "accept": ["mh_nexus"], "_annotator_id": "a",
         "options": [{"id": "mh_nexus"}, {"id": "safety_risk"}], "config": {"choice_style": "multiple"}},
        {"text": "dog", "_input_hash": -5, "answer": "reject", "label": "mh_nexus", "_session_id": "b", "meta": {}},
    ]  # fmt: skip
    said = [{"value": "yes", "user_id": "u1", "status": "submitted"}, {"value": "no", "user_id": "u2"}]
    argilla = [
        {"id": "r1", "fields": {"text": "dog"}, "metadata": {"caller_language": "es"}, "suggestions": {"mh_nexus": {}},
         "responses": {"mh_nexus": said, "safety_risk": [], "other": []}},
    ]  # fmt: skip
    table = (
        "id,narrative,mh_nexus,safety_risk,annotator,register\n"
        '1,"dog, barking",yes,no,a,notes\n1,"dog, barking",unclear,,b,notes\n'
    )
    plain = [{"id": "1", "narrative": "dog", "mh_nexus": "yes", "safety_risk": None, "register": "dispatch"}]
    return {
        "label-studio": [_json(label_studio)],
        "label-studio-min": [_json(smallest)],
        "doccano": [_jsonl(doccano), _jsonl(presence), _zipped(a=_jsonl(doccano), b=_jsonl(doccano))],
        "prodigy": [_jsonl(prodigy)],
        "argilla": [_json(argilla)],
        "csv": [table.encode()],
        "jsonl": [_jsonl(plain)],
    }


def _ticked(who: object) -> dict[str, Any]:
    chosen = [
        {"from_name": label, "to_name": "text", "type": "choices", "value": {"choices": [answer]}}
        for label, answer in (("mh_nexus", "yes"), ("safety_risk", "unclear"))
    ]
    return {"completed_by": who, "was_cancelled": False, "result": chosen}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _jsonl(rows: list[Any]) -> bytes:
    return b"".join(_json(row) + b"\n" for row in rows)


def _zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.jsonl", content)
    return packed.getvalue()
