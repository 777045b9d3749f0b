import os
import socket
from pathlib import Path

import pytest

from callnexus.errors import ModelFolderError
from callnexus.model_folder import FILES, files, read
from callnexus.model_folder.files import read_files


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused_by_name(small: Path, name: str):
    (small / name).unlink()

    with pytest.raises(ModelFolderError, match=name.replace(".", r"\.") + ": missing"):
        read(small)


@pytest.mark.parametrize("name", ["run_me.py", "lexicon/run_me.py", ".hidden", "weights.npz.bak"])
def test_an_extra_file_is_refused(small: Path, name: str):
    (small / name).write_text("print()", encoding="utf-8")

    with pytest.raises(ModelFolderError, match=name.replace(".", r"\.") + ": no file of that name"):
        read(small)


@pytest.mark.parametrize("name", ["reports", "lexicon/cities", "card.md/more"])
def test_an_extra_folder_is_refused(small: Path, name: str):
    if name.startswith("card.md"):
        (small / "card.md").unlink()
    (small / name).mkdir(parents=True)

    with pytest.raises(ModelFolderError, match="no folder of that name"):
        read(small)


def test_a_link_is_refused_even_to_the_same_content(small: Path, tmp_path: Path):
    outside = tmp_path / "outside.md"
    outside.write_bytes((small / "card.md").read_bytes())
    (small / "card.md").unlink()
    (small / "card.md").symlink_to(outside)

    with pytest.raises(ModelFolderError, match=r"card\.md: a model folder holds no links"):
        read(small)


def test_a_folder_of_the_lexicon_that_is_a_link_is_refused(small: Path, tmp_path: Path):
    (small / "lexicon").rename(tmp_path / "elsewhere")
    (small / "lexicon").symlink_to(tmp_path / "elsewhere", target_is_directory=True)

    with pytest.raises(ModelFolderError, match="lexicon: a model folder holds no links"):
        read(small)


def test_a_pipe_is_refused_without_waiting_for_a_writer(small: Path):
    (small / "card.md").unlink()
    os.mkfifo(small / "card.md")

    with pytest.raises(ModelFolderError, match=r"card\.md: not a regular file"):
        read(small)
    with pytest.raises(ModelFolderError, match=r"card\.md: not a regular file"):
        files.read_file(small / "card.md", 100)


def test_a_socket_is_refused(small: Path, monkeypatch: pytest.MonkeyPatch):
    (small / "card.md").unlink()
    # A socket's address must be short.
    monkeypatch.chdir(small)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("card.md")

        with pytest.raises(ModelFolderError, match=r"card\.md: not a regular file"):
            read(small)


def test_a_device_is_refused():
    with pytest.raises(ModelFolderError, match="not a regular file"):
        files.read_file(Path(os.devnull), 100)


def test_a_file_that_was_made_a_link_after_the_listing_is_not_followed(small: Path, tmp_path: Path):
    (tmp_path / "link").symlink_to(small / "card.md")

    with pytest.raises(ModelFolderError, match="cannot be read"):
        files.read_file(tmp_path / "link", 100)


@pytest.mark.parametrize("name", [*FILES, "approval.json", "signature.sig"])
def test_a_file_that_is_too_large_is_refused_unread(small: Path, name: str):
    with (small / name).open("ab") as file:
        # Sparse: it takes no room on the disk, but it would in memory.
        file.truncate(files.LARGEST[name] + 1)

    with pytest.raises(ModelFolderError, match=name.replace(".", r"\.") + ": larger than"):
        read_files(small)


def test_a_file_that_may_not_be_read_is_named(small: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: Path, flags: int) -> int:
        raise PermissionError(13, "Permission denied")

    # As root, who runs tests in containers, no file is unreadable.
    monkeypatch.setattr(os, "open", refuse)

    with pytest.raises(ModelFolderError, match=r"card\.md: cannot be read: Permission denied"):
        read(small)


@pytest.mark.parametrize("place", ["nowhere", "card.md", "a\0b"])
def test_what_is_no_folder_is_refused(small: Path, place: str):
    with pytest.raises(ModelFolderError, match="no such model folder"):
        read(small / place)


def test_a_name_that_would_act_on_the_terminal_is_shown_harmless(small: Path):
    (small / "a\x1b[31m").write_text("", encoding="utf-8")
    (small / os.fsdecode(b"\xff")).write_text("", encoding="utf-8")

    with pytest.raises(ModelFolderError) as caught:
        read(small)

    assert str(caught.value).isprintable()


def test_no_name_leads_out_of_the_folder():
    assert not [name for name in files.LARGEST if ".." in name or name.startswith("/") or "\\" in name]
