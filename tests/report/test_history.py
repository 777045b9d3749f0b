from callnexus.report.history import agreement_tables, change_tables, coverage_tables, parity_tables, quarter_plots


def test_coverage_of_few_cases_is_no_rate(rich):
    tables = {table.title: table for table in coverage_tables(rich)}
    parts = {row["part"]: row["answers"] for row in tables["district"].rows}

    assert list(tables) == ["all examples", "subject sex", "district"]
    assert parts["unknown"][0]["coverage"] is None
    assert parts["B2"][0]["coverage"]["cases"] >= rich["fewest"]


def test_agreement_begins_with_the_whole(rich):
    tables = agreement_tables(rich)

    assert tables[0].title == "all examples"
    assert "subject sex" in {table.title for table in tables}


def test_quarters_are_drawn_for_both_error_rates_of_both_labels(rich):
    titles = [title for title, _ in quarter_plots(rich)]

    assert titles[:2] == [
        "Miss rate of mental health nexus by quarter",
        "False alarm rate of mental health nexus by quarter",
    ]
    assert len(titles) == 4


def test_changes_keep_the_whole_apart_from_groups(rich):
    found = change_tables(rich)

    assert {row["column"] for row in found.whole} == {"all"}
    assert [table.title for table in found.tables] == ["subject sex", "district"]
    assert all(row["p_holm"] < 0.05 for row in found.clear)
    assert [row["difference"] for row in found.clear] == sorted(
        (row["difference"] for row in found.clear), reverse=True
    )


def test_parity_rows_have_their_disparities(rich):
    outcomes = dict(parity_tables(rich))
    rows = [row for table in outcomes["mental health nexus"] for row in table.rows if row["column"] != "all"]

    assert rows
    assert all(set(row["against"]) <= {"selection_rate", "review_rate"} for row in rows)


def test_document_without_these_parts_has_no_tables(document):
    alone = document | {"parity": None}

    assert coverage_tables(alone) == agreement_tables(alone) == quarter_plots(alone) == parity_tables(alone) == []
    assert change_tables(alone) is None
