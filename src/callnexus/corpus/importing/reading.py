"""Files of an export, opened within bounds, as rows that know where they stand."""

import csv
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from callnexus import strict_json
from callnexus.corpus.importing.values import told
from callnexus.errors import unreadable

MAX_BYTES = 256 * 1024 * 1024
"""The most that is read of one export, unpacked: a million narratives of a call's length, and room in memory."""

MAX_MEMBERS = 1000
"""The most files in one archive; doccano writes one per annotator."""

_MEMBER = re.compile(r"[^/\\:\x00-\x1f]+\.jsonl")
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# All that the standard library's reader was seen to raise on damaged archives.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True, slots=True)
class Row:
    """One record of an export, not yet checked.

    Attributes:
        where: Where it stands, for messages: "record 3", "line 3".
        value: Any JSON value.
        source: The file's name without its ending; doccano names a file by its annotator.
    """

    where: str
    value: object
    source: str


def json_rows(path: Path, problems: list[str]) -> Iterator[Row]:
    """Yield the items of a file that holds one JSON list."""
    text = _file_text(path, problems)
    value, problem = _parsed(text) if text is not None else (None, None)
    if problem:
        problems.append(f"{path.name}: {problem}")
    elif text is not None and not isinstance(value, list):
        problems.append(f"{path.name}: top level: must be a JSON list of records")
    elif isinstance(value, list):
        for number, item in enumerate(value, start=1):
            yield Row(f"record {number}", item, path.stem)


def jsonl_rows(path: Path, problems: list[str]) -> Iterator[Row]:
    """Yield the value of each line that is not blank; a line that is not JSON is a problem."""
    text = _file_text(path, problems)
    if text is not None:
        yield from _lines(text, "", path.stem, problems)


def csv_rows(path: Path, problems: list[str]) -> Iterator[Row]:
    """Yield each row under a header as an object of strings."""
    text = _file_text(path, problems)
    if text is None:
        return
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        if len(set(header)) < len(header):
            problems.append(f"{path.name}: header: a column name stands twice")
            return
        for cells in reader:
            if len(cells) == len(header):
                yield Row(f"line {reader.line_num}", dict(zip(header, cells, strict=True)), path.stem)
            elif cells:
                problems.append(f"line {reader.line_num}: row: {len(cells)} cells under {len(header)} columns")
    except csv.Error as error:
        problems.append(f"line {reader.line_num}: row: not CSV: {error}")


def zip_or_jsonl_rows(path: Path, problems: list[str]) -> Iterator[Row]:
    """Yield the lines of every *.jsonl in an archive, or of the one file itself.

    Nothing is extracted to disk. Archives with folders, other files, encryption or too much in them are refused.
    """
    if not _is_zip(path):
        yield from jsonl_rows(path, problems)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            yield from _member_rows(archive, problems)
    except (*_DAMAGE, OSError) as error:
        problems.append(f"{path.name}: not a readable zip archive: {type(error).__name__}")


def _is_zip(path: Path) -> bool:
    try:
        return zipfile.is_zipfile(path)
    except zipfile.BadZipFile:
        return True  # an archive in several parts: opened next, which tells why it cannot be
    except (OSError, ValueError):
        return False  # read as text next, which tells why it cannot be


def _member_rows(archive: zipfile.ZipFile, problems: list[str]) -> Iterator[Row]:
    members = archive.infolist()
    refused = _refused_members(members)
    if refused:
        problems += refused
        return
    room = MAX_BYTES
    for number, member in enumerate(members, start=1):
        where = f"member {number}{told('file', member.filename)}"
        with archive.open(member) as stream:
            content = _bounded(stream, room)
        if content is None:
            problems.append(f"{where}: more than {MAX_BYTES} bytes unpacked in all")
            return
        room -= len(content)
        text = _decoded(content, where, problems)
        if text is not None:
            yield from _lines(text, f"{where}: ", member.filename.removesuffix(".jsonl"), problems)


def _refused_members(members: list[zipfile.ZipInfo]) -> list[str]:
    """Return what forbids opening any member: judged by names and headers, before a byte is unpacked."""
    refused = []
    if len(members) > MAX_MEMBERS:
        refused.append(f"archive: {len(members)} files; at most {MAX_MEMBERS} are allowed")
    if len({member.filename for member in members}) < len(members):
        refused.append("archive: a file name stands twice")
    for number, member in enumerate(members, start=1):
        # A NUL ends the name that zipfile shows, so what it read is compared too.
        if not _MEMBER.fullmatch(member.filename) or member.orig_filename != member.filename:
            refused.append(f"member {number}: name: only plain names that end in .jsonl are allowed, no folders")
        elif member.flag_bits & 1 or member.compress_type not in _PACKINGS:
            refused.append(f"member {number}: packing: only stored or deflated and not encrypted is allowed")
    return refused


def _lines(text: str, prefix: str, source: str, problems: list[str]) -> Iterator[Row]:
    # Only "\n" ends a row: splitlines would also cut at separators that JSON leaves inside strings.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{prefix}line {number}"
        value, problem = _parsed(line)
        if problem:
            problems.append(f"{where}: row: {problem}")
        else:
            yield Row(where, value, source)


def _file_text(path: Path, problems: list[str]) -> str | None:
    try:
        with path.open("rb") as stream:
            content = _bounded(stream, MAX_BYTES)
    except OSError as error:
        problems.append(f"{path.name}: cannot be read: {unreadable(error)}")
        return None
    if content is None:
        problems.append(f"{path.name}: more than {MAX_BYTES} bytes")
        return None
    return _decoded(content, path.name, problems)


def _bounded(stream: IO[bytes], limit: int) -> bytes | None:
    """Return all of the stream, or None if it holds more; a header's claim about its size isn't trusted."""
    content = stream.read(limit + 1)
    return content if len(content) <= limit else None


def _decoded(content: bytes, where: str, problems: list[str]) -> str | None:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        problems.append(f"{where}: cannot be read as UTF-8")
        return None


def _parsed(text: str) -> tuple[object, str | None]:
    """Return (value, None), or (None, the problem)."""
    try:
        return json.loads(text, object_pairs_hook=strict_json.with_each_key_once), None
    except ValueError as error:
        return None, f"not JSON: {getattr(error, 'msg', 'a key that stands twice, or a number too long')}"
    except RecursionError:
        return None, "not JSON: nested too deeply"
