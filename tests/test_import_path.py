"""Functions by module and by file: found, named, found again, in this process and in workers."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import own_code
from helpers.subprocesses import run

from bierl_fast import import_path
from bierl_fast.errors import ArgumentError
from bierl_fast.import_path import imported, names_code, parted, searching_here, settled, written_name


@pytest.fixture(autouse=True)
def path_and_files() -> Iterator[None]:
    """What is imported here is forgotten."""
    path, files, modules = list(sys.path), dict(import_path._files), set(sys.modules)
    yield
    sys.path[:] = path
    import_path._files.clear()
    import_path._files.update(files)
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def folder(parent: Path, name: str, number: int) -> Path:
    path = parent / name
    path.mkdir(parents=True)
    (path / "helper_beside_it.py").write_text(f"NUMBER = {number}\n")
    (path / "my_task.py").write_text("from helper_beside_it import NUMBER\n\ndef f(x):\n    return NUMBER\n")
    return path


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("module:name", ("module", "name")),
        ("package.module:Class.method", ("package.module", "Class.method")),
        ("module:namespace/Env-v0", ("module", "namespace/Env-v0")),
        ("file.py:name", ("file.py", "name")),
        ("/a/b:c/file.py:Class.method", ("/a/b:c/file.py", "Class.method")),
        ("../file.py:own/Env-v0", ("../file.py", "own/Env-v0")),
        ("Hopper-v5", ("Hopper-v5", "")),
    ],
)
def test_parts_of_a_path(path: str, parts: tuple[str, str]) -> None:
    assert parted(path) == parts
    assert names_code(path) == bool(parts[1])


def test_a_path_to_a_file_holds_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert settled("sub/../file.py:name") == f"{tmp_path}/file.py:name"
    assert settled("module:name") == "module:name"
    assert settled("Hopper-v5") == "Hopper-v5"


def test_a_file_is_run_once_and_its_functions_named_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = own_code.write(tmp_path, "once_only")
    found = imported("once_only.py:bowl")
    assert imported(f"{tmp_path}/once_only.py:bowl") is found
    assert own_code.imports(place) == 1
    assert written_name(found) == f"{place}:bowl"
    assert imported(written_name(found)) is found


def test_files_of_one_name_are_several_modules(tmp_path: Path) -> None:
    one, other = folder(tmp_path, "one", 1), folder(tmp_path, "other", 2)
    (other / "my_task.py").write_text("def f(x):\n    return 2\n")
    assert imported(f"{one}/my_task.py:f")(0) == 1
    assert imported(f"{other}/my_task.py:f")(0) == 2
    assert imported(f"{one}/my_task.py:f")(0) == 1


@pytest.mark.parametrize("name", ["my.own", "a name with spaces", "2nd", "class", "\u00e9t\u00e9", "json.decoder"])
def test_any_name_of_a_file_will_do(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.py").write_text("def f():\n    return 'mine'\n")
    assert imported(f"{tmp_path}/{name}.py:f")() == "mine"
    assert written_name(imported(f"{tmp_path}/{name}.py:f")) == f"{tmp_path}/{name}.py:f"


def test_a_file_called_as_a_module_that_exists_already(tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("def uniform():\n    return 'mine'\n")
    assert imported(f"{tmp_path}/random.py:uniform")() == "mine"
    import random

    assert isinstance(random.uniform(0.0, 1.0), float)


def test_another_process_is_told_which_modules_are_files(tmp_path: Path) -> None:
    """So that what is pickled by its name is found there."""
    one, other = folder(tmp_path, "one", 1), folder(tmp_path, "other", 2)
    (other / "my_task.py").write_text("def f(x):\n    return 2\n")
    names = [imported(f"{place}/my_task.py:f").__module__ for place in (one, other)]
    assert len(set(names)) == 2
    code = (
        f"import sys, importlib; sys.path.append({str(one)!r}); from bierl_fast.import_path import take_files; "
        f"take_files({import_path.files()!r}); print([importlib.import_module(name).f(0) for name in {names!r}])"
    )
    found = run(code)
    assert found.stdout == "[1, 2]\n", found.stderr


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.py:f", r"there is no file .*/nowhere\.py"),
        ("broken.py:f", r"ZeroDivisionError"),
        ("empty.py:f", r"AttributeError: module 'empty' has no attribute 'f'"),
        ("empty.py:", r"an import path is module:function"),
        (":f", r"an import path is module:function"),
    ],
)
def test_bad_paths(path: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.py").write_text("1 / 0\n")
    Path("empty.py").write_text("")
    with pytest.raises(ArgumentError, match=message):
        imported(path)
    if path == "broken.py:f":  # mended, it is read
        Path("broken.py").write_text("def f():\n    return 1\n")
        assert imported(path)() == 1


def test_the_working_directory_joins_with_the_first_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    own_code.write(tmp_path, "lies_here")
    with pytest.raises(ArgumentError, match="No module named 'lies_here'"):
        imported("lies_here:bowl")
    with searching_here():
        assert os.curdir not in sys.path
        imported("lies_here:bowl")
        assert sys.path[-1] == os.curdir
    assert os.curdir not in sys.path
