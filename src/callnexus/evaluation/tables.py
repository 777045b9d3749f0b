"""Tables as compact JSON: what many rows share is said once, and numbers keep four digits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any


def compact(rows: Iterable[Any], kind: type, keys: Sequence[str]) -> dict[str, Any]:
    """Return rows as a table of parts that share the values of their keys.

    Args:
        rows: Dataclass instances.
        kind: Their class; a table without rows has its fields too.
        keys: Attributes whose values are said once for each part.

    Returns:
        {"keys": [...], "fields": [...], "parts": [{"key": [...], "rows": [[...], ...]}, ...]}.
    """
    names = [field.name for field in fields(kind) if field.name not in keys]
    parts: dict[tuple[Any, ...], list[list[Any]]] = {}
    for row in rows:
        key = tuple(getattr(row, name) for name in keys)
        parts.setdefault(key, []).append([plain(getattr(row, name)) for name in names])
    return {
        "keys": list(keys),
        "fields": names,
        "parts": [{"key": list(key), "rows": members} for key, members in parts.items()],
    }


def records(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each row of a compact table as a mapping from keys and fields to values.

    >>> table = {"keys": ["column"], "fields": ["group"], "parts": [{"key": ["sex"], "rows": [["x"], ["y"]]}]}
    >>> [row["group"] for row in records(table) if row["column"] == "sex"]
    ['x', 'y']
    """
    for part in table["parts"]:
        shared = dict(zip(table["keys"], part["key"], strict=True))
        for row in part["rows"]:
            yield shared | dict(zip(table["fields"], row, strict=True))


def plain(value: Any) -> Any:
    """Return a value as plain JSON types, dataclasses as mappings, floats with four significant digits.

    >>> plain(0.123456789)
    0.1235
    """
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {name: plain(item) for name, item in value.items()}
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return value
