import json
import os
from dataclasses import replace
from pathlib import Path

from callnexus.model_folder import Parts, changelog, write


def measured(parts: Parts, auc: float, **changes: object) -> Parts:
    metrics = {"test": {"mh_nexus": {"auc": auc, "recall": 0.9, "n": 5}, "safety_risk": {"auc": None}}}
    return replace(parts, notes={"metrics": metrics}, **changes)


def test_each_packaging_adds_an_entry_with_the_metrics_before_and_after(
    small_parts: Parts, reports: dict[str, str], tmp_path: Path
):
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n- **frozen-0.0.0** By hand.\n", encoding="utf-8")

    first = write(tmp_path, measured(small_parts, 0.81), reports)
    one = json.loads((first / "manifest.json").read_text(encoding="utf-8"))
    fewer = replace(small_parts.sufficiency, fewest_words=3)
    write(tmp_path, measured(small_parts, 0.85, sufficiency=fewer), reports, replace=True)
    two = json.loads((first / "manifest.json").read_text(encoding="utf-8"))

    assert (tmp_path / "CHANGELOG.md").read_text(encoding="utf-8") == (
        "# Changes\n\n"
        f"- **{two['version']}** ({two['created'][:10]}, candidate). After {one['version']}.\n"
        "  - mh_nexus, test split: auc 0.810 to 0.850, recall 0.900 to 0.900\n"
        "  - changed: fewest_words\n"
        f"- **{one['version']}** ({one['created'][:10]}, candidate). The first of its name here.\n"
        "  - mh_nexus, test split: auc 0.810, recall 0.900\n"
        "- **frozen-0.0.0** By hand.\n"
    )


def test_the_same_version_is_entered_once(small_parts: Parts, reports: dict[str, str], tmp_path: Path):
    write(tmp_path, small_parts, reports)
    before = (tmp_path / "CHANGELOG.md").read_bytes()

    write(tmp_path, small_parts, reports)

    assert (tmp_path / "CHANGELOG.md").read_bytes() == before
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_an_entry_that_a_dead_writer_left_out_is_added_later(
    small_parts: Parts, reports: dict[str, str], tmp_path: Path
):
    folder = write(tmp_path, small_parts, reports)
    (tmp_path / "CHANGELOG.md").unlink()

    write(tmp_path, small_parts, reports)

    text = (tmp_path / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.count(f"**{folder.name}+") == 1


def test_a_new_release_follows_the_newest_earlier_one_counted_in_numbers(
    small_parts: Parts, reports: dict[str, str], tmp_path: Path
):
    for release in ("0.9.0", "0.10.0", "2.0.0"):
        write(tmp_path, replace(small_parts, release=release), reports)
    (tmp_path / "frozen-0.11.0").mkdir()

    write(tmp_path, replace(small_parts, release="1.0.0"), reports)

    entry = (tmp_path / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()[2]
    assert entry.startswith("- **frozen-1.0.0+")
    assert "After frozen-0.10.0+" in entry


def test_releases_sort_as_numbers():
    assert changelog.release_order("0.10.0") > changelog.release_order("0.9.9")
