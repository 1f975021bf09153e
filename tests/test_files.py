"""Files of one's own: written whole, locked by one, cleared of what killed writers left; and read within bounds."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from helpers.subprocesses import TIMEOUT, command, run, running

from bierl_fast import files
from bierl_fast.config import toml
from bierl_fast.errors import ConfigError, one_line
from bierl_fast.files import (
    as_path,
    json_object,
    locked,
    no_deeper,
    read_text,
    replacing,
    replacing_path,
    write_text,
)
from bierl_fast.run import metrics

WRITER = """
import sys, time
from pathlib import Path
from bierl_fast.files import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("writing", flush=True)
    time.sleep(100000)
"""


@contextmanager
def writer(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process in the middle of writing a file."""
    with running([*command(WRITER), str(path)]) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "writing\n"
        yield child


def parts(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.name.endswith(".part"))


def test_what_a_killed_writer_left_goes_and_a_living_ones_stays(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    with writer(path) as dead, writer(path) as living:
        dead.kill()
        dead.wait()
        (tmp_path / ".result.json.99999999.part").touch()  # as earlier versions called it
        (tmp_path / ".result.json.mine.part").touch()
        (tmp_path / ".other.json.1-0.part").touch()
        assert len(parts(tmp_path)) == 5
        write_text(path, "whole")
        assert parts(tmp_path) == [
            ".other.json.1-0.part",
            f".result.json.{living.pid}-0.part",
            ".result.json.mine.part",
        ]
        assert path.read_text() == "whole"


def test_what_a_killed_maker_of_films_left_goes_too(tmp_path: Path) -> None:
    film = tmp_path / "run.gif"
    (tmp_path / ".run.gif.99999999-0.part.gif").touch()
    (tmp_path / ".run.gif.99999999-0.part.mp4").touch()
    with replacing_path(film) as first, replacing_path(film) as second:
        assert first.suffix == second.suffix == ".gif"
        assert first != second
        for part in (first, second):
            part.write_bytes(b"a film")
    assert sorted(file.name for file in tmp_path.iterdir()) == [".run.gif.99999999-0.part.mp4", "run.gif"]
    with pytest.raises(OSError, match=r"gone.*run\.gif"), replacing_path(film):
        raise OSError(errno.EIO, "gone")
    assert film.read_bytes() == b"a film"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_device_or_pipe_keeps_its_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(pipe, "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    with pytest.raises(OSError, match="pipe"):  # nobody reads, and nobody waits for that
        write_text(pipe, "lost")
    link = tmp_path / "null"
    link.symlink_to(os.devnull)
    write_text(link, "away")
    assert link.is_symlink()


def test_threads_write_one_file_side_by_side(tmp_path: Path) -> None:
    path = tmp_path / "policy.npz"
    texts = [str(number) * 10_000 for number in range(8)]
    threads = [threading.Thread(target=write_text, args=(path, text)) for text in texts for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in texts
    assert [file.name for file in tmp_path.iterdir()] == ["policy.npz"]


def test_a_part_that_another_writer_is_just_clearing_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, sync, taken = fcntl.flock, os.fsync, dict[Path, int]()

    def flock(descriptor: int, how: int) -> None:
        if not taken:  # the other one came between its making and its locking
            (part,) = tmp_path.glob(".weights.npz.*.part")
            taken[part] = os.open(part, os.O_RDONLY)
            lock(taken[part], fcntl.LOCK_EX)
        lock(descriptor, how)

    def fsync(descriptor: int) -> None:
        for part, other in taken.items():
            part.unlink(missing_ok=True)
            os.close(other)
        taken.update(dict.fromkeys(taken, os.open(tmp_path, os.O_RDONLY)))
        sync(descriptor)

    monkeypatch.setattr(fcntl, "flock", flock)
    monkeypatch.setattr(os, "fsync", fsync)
    write_text(tmp_path / "weights.npz", "as good as new")
    monkeypatch.undo()
    for other in taken.values():
        os.close(other)
    assert len(taken) == 1
    assert (tmp_path / "weights.npz").read_text() == "as good as new"
    assert [file.name for file in tmp_path.iterdir()] == ["weights.npz"]


def test_an_error_names_the_file_that_the_user_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    cases: list[tuple[str, Callable[[], object], type[OSError]]] = [
        ("", lambda: write_text(tmp_path, "x"), IsADirectoryError),
        ("none/x", lambda: write_text(tmp_path / "none" / "x", "x"), FileNotFoundError),
        ("file/x", lambda: write_text(tmp_path / "file" / "x", "x"), NotADirectoryError),
        ("x" * 300, lambda: write_text(tmp_path / ("x" * 300), "x"), OSError),
    ]
    (tmp_path / "file").touch()
    for name, call, kind in cases:
        with pytest.raises(kind) as caught:
            call()
        assert str(caught.value).endswith(f"'{tmp_path / name}'")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}/a'") as caught:
        write_text(tmp_path / "a", "x")
    assert one_line(caught.value).endswith("make room there, or take another place")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}/a'"):
        write_text(tmp_path / "a", "x")
    assert parts(tmp_path) == []


def test_a_working_directory_that_is_gone_is_said_to_be() -> None:
    code = (
        "import os, tempfile\n"
        "from pathlib import Path\n"
        "from bierl_fast.errors import one_line\n"
        "from bierl_fast.files import write_text\n"
        "folder = tempfile.mkdtemp()\n"
        "os.chdir(folder)\n"
        "os.rmdir(folder)\n"
        "try:\n    write_text(Path('out/a.json'), 'x')\n"
        "except OSError as error:\n    print(one_line(error))\n"
    )
    assert "'out/a.json'; the working directory is gone; change to one that is there" in run(code).stdout


def test_a_lock_that_takes_its_file_away_lets_one_in(tmp_path: Path) -> None:
    path, beside = tmp_path / "out.npz", tmp_path / ".out.npz.lock"
    inside, most, done = [0], [0], [0]
    guard = threading.Lock()

    def work() -> None:
        turns = 0
        while turns < 30:
            try:
                with locked(path, ConfigError("taken"), beside):
                    with guard:
                        inside[0] += 1
                        most[0] = max(most[0], inside[0])
                    time.sleep(0.0001)
                    with guard:
                        inside[0] -= 1
                        done[0] += 1
                    turns += 1
            except ConfigError:
                time.sleep(0.0001)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
    assert done == [6 * 30]
    assert not beside.exists()


def test_a_lock_opened_before_its_file_went_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first leaves, and takes the file with it, between the second's opening it and locking it."""
    path, beside, stack = tmp_path / "x", tmp_path / ".x.lock", ExitStack()
    stack.enter_context(locked(path, ConfigError("taken"), beside))
    opened = os.open

    def leave(*arguments: Any) -> int:
        descriptor = opened(*arguments)
        monkeypatch.setattr(os, "open", opened)
        stack.close()
        return descriptor

    monkeypatch.setattr(os, "open", leave)
    with locked(path, ConfigError("taken"), beside):
        assert beside.exists()
        with pytest.raises(ConfigError, match="taken"), locked(path, ConfigError("taken"), beside):
            pass


@pytest.mark.parametrize("value", ["", "a\0b", "\ud800", b"x", 3, None])
def test_paths_that_name_nothing(value: Any) -> None:
    with pytest.raises(ConfigError, match=r"^out must") as caught:
        as_path(value, "out")
    assert caught.value.settings == ("out",)


def test_texts_that_people_write(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    for content in (b"\xef\xbb\xbfseed = 3\r\n", b"seed = 3", b"\xef\xbb\xbf# \xc3\xa4\nseed = 3\n"):
        path.write_bytes(content)
        assert files.read_toml(path) == {"seed": 3}
    for text, message in (
        ("seed = 3\n".encode("utf-16"), "UTF-16; save it as UTF-8"),
        (b"\xff", "utf-8"),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "deep"),
        (b"a." * 5000 + b"b = 1", "more than 64 deep"),
        (b"a = " + b"9" * 5000, "integer string"),
        (b"#" * (files.MOST_TEXT + 1), "more than 4194304 bytes"),
    ):
        path.write_bytes(text)
        with pytest.raises(ValueError, match=message):
            files.read_toml(path)
        with pytest.raises(ConfigError, match=r"a\.toml is not valid TOML: .*") as caught:
            toml.read(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="more than 10 bytes"):
        read_text(path, 10)


def test_json_of_great_depth() -> None:
    assert json_object('{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}
    for text in ("[" * 10**6, '{"a":' * 10**5, '{"a":' + "[" * 200 + "]" * 200 + "}", "[]", "3", "", "nul"):
        with pytest.raises(ValueError, match=r"."):
            json_object(text)
    circle: list[Any] = []
    circle.append(circle)
    with pytest.raises(ValueError, match="more than 64 deep"):
        no_deeper(circle)


def test_an_error_in_the_block_leaves_the_old_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a", "old")

    def fail() -> None:
        with replacing(tmp_path / "a") as file:
            file.write(b"new")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert (tmp_path / "a").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "config.toml"
    os.mkfifo(pipe)
    assert read_text(pipe) == ""
    with locked(pipe, RuntimeError("taken")):
        pass
    assert metrics.read(pipe) == []


def test_what_somebody_writes_into_a_pipe_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "settings"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDWR)  # so that the pipe has a writer before its reader comes
    come, opened = threading.Event(), files.opened

    @contextmanager
    def seen(path: Path) -> Iterator[BinaryIO]:
        with opened(path) as file:
            come.set()
            yield file

    monkeypatch.setattr(files, "opened", seen)

    def write() -> None:
        os.write(end, b'task = "sphere-like"\n')
        come.wait(TIMEOUT)  # what is in a pipe that nobody has open is lost
        os.write(end, b"population = 6\n")
        os.close(end)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert toml.read(pipe) == {"task": "sphere-like", "population": 6}
    finally:
        writer.join()
