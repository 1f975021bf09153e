"""Python functions by name, so that a saved run finds its task again.

    function -> written_name -> "module:qualname" -> imported -> the same function
    "folder/file.py:qualname"                     -> imported      the file is run once, as a module of its own

Nothing here asks whether the code may run: that is decided before (trust.py).
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from bierl_fast.errors import ArgumentError
from bierl_fast.reasons import named

EXTRAS = ("numba",)  # optional packages that a function's module may well import
SUFFIX = ".py"  # of the files that may stand in the place of a module
LIBRARY = ".so"  # of C++, with terms of tasks

_files: dict[str, str] = {}  # module name -> the file it was made of
_here = False  # whether modules are looked for in the working directory too


def written_name(function: Callable[..., Any]) -> str:
    """`module:qualname`, or `FILE.py:qualname`, where that path leads to this very object, else `<module:qualname>`.

    That, which `imported` refuses, is for lambdas, local functions, bound methods, instances, and all that was defined
    in `__main__`.
    """
    plain = getattr(function, "__wrapped__", function)  # a numba.cfunc stands for the function it was made from
    kind = type(plain)
    module = getattr(plain, "__module__", None) or kind.__module__
    qualname = getattr(plain, "__qualname__", None) or f"{kind.__qualname__} instance"
    found: Any = sys.modules.get(module) if module not in {"__main__", "__mp_main__"} else None
    for name in qualname.split("."):
        found = getattr(found, name, None)
    path = f"{_files.get(module, module)}:{qualname}"
    return path if found is function else f"<{path}>"


def names_code(text: object) -> bool:
    """Whether a name in a file of settings is one by which code would be imported."""
    return isinstance(text, str) and ":" in text and not text.startswith("<")


def parted(path: str) -> tuple[str, str]:
    """What stands before and behind the colon: a module, or the path of a FILE.py, and a name in it; "" without one."""
    file, _, name = path.rpartition(":")
    return (file, name) if file.endswith(SUFFIX) else (path.partition(":")[0], path.partition(":")[2])


def settled(path: str) -> str:
    """An import path, or a call of one, that holds in every working directory: the path of a file is made absolute."""
    path, arguments = call_of(path)
    home, name = parted(path)
    return (f"{os.path.abspath(home)}:{name}" if name and home.endswith(SUFFIX) else path) + arguments


def call_of(written: str) -> tuple[str, str]:
    """An import path, and "(...)" behind it where it is written as a call; "" where it is not."""
    found = re.fullmatch(r"(.+?:[\w.]+)(\(.*\))", written, re.DOTALL)
    return (found[1], found[2]) if found else (written, "")


def in_a_file(path: str) -> str:
    """How a function that has no import path, `<__main__:qualname>`, is named by its file, if a file can do that."""
    home, _, name = path.strip("<>").partition(":")
    place = getattr(sys.modules.get(home), "__file__", None)
    return f"{place}:{name}" if place and place.endswith(SUFFIX) and "<" not in name else f"FILE{SUFFIX}:NAME"


def imported(path: str, what: str = "task") -> Callable[..., Any]:
    """The function at `module:qualname` or `FILE.py:qualname`; errors call it the `what`, which is its setting.

    Raises:
        ArgumentError: the module cannot be imported, has no such function, or the run's function had no import path.
    """
    if path.startswith("<"):
        raise ArgumentError(
            f"the {what} was the Python function {path}, which cannot be imported: a lambda, a local function, an "
            f"instance, or one of __main__; give it again ({what}=...), or train with a function that stands at the "
            "top level of a module",
            [what],
        )
    home, qualname = parted(path)
    if not (home and qualname):
        raise ArgumentError(f"cannot import the {what} {path!r}: an import path is module:function", [what])
    try:
        found: Any = module(home)
        for name in qualname.split("."):
            found = getattr(found, name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a user's module raises
        raise ArgumentError(f"cannot import the {what} {path!r}: {why_no_import(error)}", [what]) from error
    if not callable(found):
        raise ArgumentError(f"the {what} {path!r} must be a function, got {type(found).__name__}", [what])
    return found  # type: ignore[no-any-return]


def module(home: str) -> ModuleType:
    """The module of that name, or made of that file; raises whatever importing it raises."""
    if _here and os.curdir not in sys.path:
        sys.path.append(os.curdir)
    return _of_file(Path(os.path.abspath(home))) if home.endswith(SUFFIX) else importlib.import_module(home)


def _of_file(file: Path) -> ModuleType:
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    place, stem = str(file), file.stem
    known = next((name for name, path in _files.items() if path == place), None)
    if known is None:
        if str(file.parent) not in sys.path:
            sys.path.append(str(file.parent))  # as of a script: what lies beside it can be imported
        importlib.invalidate_caches()  # the folder may have been looked into before the file was there
        if not _is_free(stem, place):
            stem = re.sub(r"\W", "_", f"{stem}_{hashlib.sha256(os.fsencode(place)).hexdigest()[:8]}")
        known = stem
        take_files({known: place})
    return importlib.import_module(known)


def _is_free(name: str, place: str) -> bool:
    """Whether a module of that name would be this file, or there is none."""
    if not name.isidentifier():
        return False
    if name in sys.modules:
        return getattr(sys.modules[name], "__file__", None) == place
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return False
    return found is None or found.origin == place


def files() -> dict[str, str]:
    """The modules that were made of files, for another process to `take_files`."""
    return dict(_files)


def take_files(places: Mapping[str, str]) -> None:
    """Let modules of these names be made of these files."""
    if places and not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
    _files.update(places)


class _Finder(MetaPathFinder):
    """Finds the modules that are made of files."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        place = _files.get(fullname)
        return None if place is None else importlib.util.spec_from_file_location(fullname, place)


@contextmanager
def searching_here() -> Iterator[None]:
    """In the block the working directory is the last place of modules, from the first import of a user's code on."""
    global _here  # noqa: PLW0603 - so is sys.path
    before, _here = _here, True
    had = os.curdir in sys.path
    try:
        yield
    finally:
        _here = before
        if not had and os.curdir in sys.path:
            sys.path.remove(os.curdir)
        sys.path_importer_cache.pop(os.curdir, None)  # it holds on to the directory that was the working one


@contextmanager
def installed_alone() -> Iterator[None]:
    """In the block the working directory that `searching_here` added is no place of modules."""
    added = _here and os.curdir in sys.path
    if added:
        sys.path.remove(os.curdir)
    try:
        yield
    finally:
        if added:
            sys.path.append(os.curdir)


def why_no_import(error: BaseException) -> str:
    """An error of importing a user's module, with what to do where that is known."""
    if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
        return f"{error.name} is not installed; install it with: pip install 'bierl-fast[{error.name}]'"
    if isinstance(error, ModuleNotFoundError):
        return f"{error}; is its folder on PYTHONPATH?"
    if isinstance(error, FileNotFoundError) and error.errno is None:
        return str(error)
    return named(error)
