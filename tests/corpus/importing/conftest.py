"""How every test of an importer writes an export and reads it back, or hears what is wrong with it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from callnexus.corpus.importing import Imported, import_examples
from callnexus.errors import ExamplesError

Write = Callable[..., Path]
Importer = Callable[..., Imported]
Refusal = Callable[..., tuple[str, ...]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file: bytes and strings as they are, rows as JSON or, under a .jsonl name, line by line."""

    def written(name: str, content: Any) -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif isinstance(content, str):
            path.write_text(content, encoding="utf-8")
        elif name.endswith(".jsonl"):
            path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
        else:
            path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return written


@pytest.fixture
def importer(write: Write) -> Importer:
    def imported(name: str, content: Any, **options: Any) -> Imported:
        return import_examples(write(name, content), **{"batch": "imported", "register": "notes"} | options)

    return imported


@pytest.fixture
def refusal(importer: Importer) -> Refusal:
    """Import what must be refused, and return the problems; none may hold a narrative."""

    def refused(name: str, content: Any, **options: Any) -> tuple[str, ...]:
        with pytest.raises(ExamplesError) as caught:
            importer(name, content, **options)
        assert not [problem for problem in caught.value.problems if "barking" in problem]
        return caught.value.problems

    return refused
