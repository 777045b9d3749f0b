from dataclasses import asdict, dataclass

from callnexus.evaluation.tables import compact, plain, records


@dataclass(frozen=True)
class Row:
    column: str
    group: str
    value: float | None


ROWS = [Row("sex", "x", 0.5), Row("race", "y", None), Row("sex", "z", 0.25)]


def test_a_compact_table_gives_its_rows_back_part_by_part():
    table = compact(ROWS, Row, ("column",))

    assert list(records(table)) == [asdict(row) for row in (ROWS[0], ROWS[2], ROWS[1])]
    assert table["parts"][0] == {"key": ["sex"], "rows": [["x", 0.5], ["z", 0.25]]}


def test_a_table_without_rows_still_has_its_fields():
    table = compact([], Row, ("column",))

    assert table == {"keys": ["column"], "fields": ["group", "value"], "parts": []}


def test_values_inside_values_are_plain_and_rounded():
    assert plain((Row("a", "b", 1 / 3), [2 / 3], 7)) == [
        {"column": "a", "group": "b", "value": 0.3333}, [0.6667], 7,
    ]  # fmt: skip
    assert plain({"a": {"b": 1 / 3}}) == {"a": {"b": 0.3333}}
