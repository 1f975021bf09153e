"""Archives: what they say of themselves is checked before memory is spent on it."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers.hostile import described, memory_of, npy, with_member

from bierl_fast.archive import Archive, Kind, read_archive, write_archive
from bierl_fast.errors import ArchiveError, ArgumentError

KIND = Kind("thing", 1, "a thing", "make one")
ARRAYS = {"a": np.arange(6.0).reshape(2, 3), "b": np.array([True, False]), "c": np.array(3, np.int32)}


@pytest.fixture(name="path")
def path_fixture(tmp_path: Path) -> Path:
    KIND.write(tmp_path / "thing.npz", {"x": 1}, ARRAYS)
    return tmp_path / "thing.npz"


def refused(path: Path, match: str) -> None:
    with pytest.raises(ArchiveError, match=match) as caught:
        read_archive(path)
    assert "\n" not in str(caught.value)


def test_there_and_back(path: Path) -> None:
    _, arrays = read_archive(path)
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)


def test_other_orders_of_bytes_and_elements(path: Path) -> None:
    with_member(path, "a.npy", npy(np.asfortranarray(ARRAYS["a"]).astype(">f8")), zipfile.ZIP_DEFLATED)
    _, arrays = read_archive(path)
    np.testing.assert_array_equal(arrays["a"], ARRAYS["a"])
    assert arrays["a"].dtype == np.float64


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (described((10**12,)), "is not as long as its shape"),
        (described((2**62, 2**62, 2**62)), "is not as long as its shape"),
        (described("(" * 4000 + ")" * 4000), "is none of plain numbers"),
        (described("(-1,)"), "is none of plain numbers"),
        (described("(3,)", "[('x', '<f4')]") + bytes(12), "is none of plain numbers"),
        (described("(1,)", "'|O'") + bytes(8), "holds Python objects"),
        (npy(np.array([{}])), "holds Python objects"),
        (described((3,)) + bytes(13), "is not as long as its shape"),
        (b"\x93NUMPY\x03\x00" + b"\xff" * 4 + bytes(20), "is none of plain numbers"),
        (b"\x93NUMPY\x09\x00" + bytes(20), "is no array"),
        (b"", "is no array"),
        (b"cos\nsystem\n(S'true'\ntR.", "is no array"),
    ],
)
def test_members_that_are_no_arrays(path: Path, content: bytes, message: str) -> None:
    with_member(path, "a.npy", content)
    refused(path, message)


def test_a_member_that_is_packed_otherwise(path: Path) -> None:
    with_member(path, "a.npy", npy(np.zeros(9)), zipfile.ZIP_LZMA)
    refused(path, "packed in another way")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("b.npy", npy(np.zeros(3)))
    refused(path, "several arrays b")


def test_a_bomb_is_refused_in_little_memory(path: Path) -> None:
    """400 MB in a file of under 1 MB: unread where nobody asks for it, and refused where somebody does."""
    with_member(path, "bomb.npy", npy(np.zeros(5 * 10**7)), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10**6

    def read(name: str) -> None:
        KIND.read(path, lambda header, archive: archive.read(name, np.float64, (2, 3)))

    def read_refused(name: str) -> None:
        with pytest.raises(ArchiveError, match="bomb"):
            read(name) if name else read_archive(path)

    assert memory_of(lambda: read("a")) < 10**6
    assert memory_of(lambda: read_refused("bomb")) < 10**6
    assert memory_of(lambda: read_refused("")) < 10**6


def test_long_and_deep_headers(path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"the header of .* characters"):
        write_archive(path, "x" * (2**22 + 1), {})
    for text in ("[" * 100_000, '{"a":' * 50_000 + "1" + "}" * 50_000, "[]", "nothing", "{}", '{"format": 1e999}'):
        write_archive(path, text, {})
        with pytest.raises(ArchiveError, match=r"thing\.npz is not a thing of format 1 \(.+\); make one") as caught:
            KIND.read(path, lambda header, archive: None)
        assert len(str(caught.value)) < 500


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    for name, text in (("pipe", "is no file"), ("empty", "no zip file"), ("none", "there is no file"), (".", "is no")):
        refused(tmp_path / name, text)


def test_a_refusal_of_the_system_is_called_that(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ArchiveError, match=r"cannot read .*thing\.npz: permission denied"), Archive.opened(path):
        pass


def test_whatever_a_reader_raises_is_one_line(path: Path) -> None:
    for error in (OverflowError("a\nb"), RecursionError(), MemoryError(), AssertionError(), KeyError("x")):

        def make(header: object, archive: object, error: Exception = error) -> None:
            raise error

        with pytest.raises(ArchiveError) as caught:
            KIND.read(path, make)
        assert "\n" not in str(caught.value)
        assert "()" not in str(caught.value)
