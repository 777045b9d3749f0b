"""A model small enough to be written, copied and damaged thousands of times: the first frozen one, packaged anew."""

import shutil
from pathlib import Path

import pytest
from tests.old_models.freeze import first_parts, first_reports

from callnexus.model_folder import Parts, write


@pytest.fixture(scope="session")
def small_parts() -> Parts:
    return first_parts()


@pytest.fixture(scope="session")
def reports() -> dict[str, str]:
    return first_reports()


@pytest.fixture(scope="session")
def packaged(small_parts: Parts, reports: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("small"), small_parts, reports)


@pytest.fixture
def small(packaged: Path, tmp_path: Path) -> Path:
    """A copy of the small model folder, free to be damaged."""
    return Path(shutil.copytree(packaged, tmp_path / packaged.name))
