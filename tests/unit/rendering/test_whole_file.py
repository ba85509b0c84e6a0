"""An output takes its place whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from framefleet.errors import DiskFullError, EncodingError, OutputError, OutputExistsError
from framefleet.rendering.output_file import whole_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_nothing_is_seen_of_it_until_it_is_whole(tmp_path):
    output = tmp_path / "out.mp4"
    with whole_file(output, overwrite=False) as partial:
        partial.write_bytes(b"half")
        assert not output.exists()
        assert partial.suffix == ".mp4"
        assert partial.parent == tmp_path
    assert output.read_bytes() == b"half"
    assert names(tmp_path) == ["out.mp4"]


def test_it_has_the_permissions_of_any_new_file(tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    with whole_file(tmp_path / "out.mp4", overwrite=False):
        pass
    assert (tmp_path / "out.mp4").stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("overwrite", [True, False])
@pytest.mark.parametrize("error", [EncodingError("bad"), KeyboardInterrupt(), ValueError("bug")])
def test_an_error_leaves_nothing(tmp_path, overwrite, error):
    def fail() -> None:
        with whole_file(tmp_path / "out.mp4", overwrite=overwrite) as partial:
            partial.write_bytes(b"half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert names(tmp_path) == []


def test_an_output_that_comes_meanwhile_is_kept(tmp_path):
    output = tmp_path / "out.mp4"

    def write_both() -> None:
        with whole_file(output, overwrite=False) as partial:
            partial.write_bytes(b"ours")
            output.write_bytes(b"theirs")

    with pytest.raises(OutputExistsError, match="written by another process meanwhile"):
        write_both()
    assert output.read_bytes() == b"theirs"
    assert names(tmp_path) == ["out.mp4"]


def test_an_output_that_comes_meanwhile_is_kept_without_links_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("pathlib.Path.hardlink_to", refuse)
    test_an_output_that_comes_meanwhile_is_kept(tmp_path)


def test_with_overwrite_the_last_wins(tmp_path):
    output = tmp_path / "out.mp4"
    output.write_bytes(b"old")
    with whole_file(output, overwrite=True) as partial:
        partial.write_bytes(b"new")
    assert output.read_bytes() == b"new"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), DiskFullError("cannot encode")])
def test_a_full_disk_names_the_output(tmp_path, error):
    with (
        pytest.raises(DiskFullError, match=r"The disk is full: .*/out\.mp4 cannot be written"),
        whole_file(tmp_path / "out.mp4", overwrite=False),
    ):
        raise error
    assert names(tmp_path) == []


def test_other_errors_of_the_system_are_ours(tmp_path):
    with (
        pytest.raises(OutputError, match=r"out\.mp4 cannot be written: .*Input/output error"),
        whole_file(tmp_path / "out.mp4", overwrite=False),
    ):
        raise OSError(errno.EIO, os.strerror(errno.EIO))
