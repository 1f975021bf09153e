"""Terms of a task of one's own that are code: compiled functions of Python, and classes of C++ libraries.

@bf.term                     -> a numba.cfunc, to be given as a term
a term's "term", an object   -> written: its import path       what a run writes down
keyword arguments            -> linked: the functions beside their paths       what the compiled module takes

Nothing here asks whether the code may run: that is decided before (trust.py).
"""

from __future__ import annotations

import ctypes
import inspect
import itertools
import os
from collections.abc import Callable, Mapping
from typing import Any

from bierl_fast._native import core
from bierl_fast._registration import MUJOCO_TASK
from bierl_fast.errors import ArgumentError, ArgumentTypeError, TaskError, shown
from bierl_fast.import_path import LIBRARY, SUFFIX, imported, names_code, written_name
from bierl_fast.optional import optional
from bierl_fast.public import public

SIGNATURE = "void(CPointer(float64), int64, CPointer(CPointer(float64)), CPointer(int64))"
QUANTITIES = ("observation", "reward", "termination")  # the lists whose terms may be code

_functions: dict[str, Any] = {}  # by what they are called in writing; kept, since tasks hold their addresses


@public(numbers=False)
def term(function: Callable[..., None]) -> Any:
    """A term of one's own, compiled by numba: its threads run without Python.

    Use it as a decorator of a function at the top level of a module, which then is named "module:function" or
    "FILE.py:function" in task files, too.

    Args:
        function: of (data, out). data has fields of MuJoCo's mjData as arrays, docs/own_robot.md lists them: data.qpos
            (nq,), data.xpos (nbody, 3) and so on, to be read. out (size,) is to be written; what is not is NaN.

    Returns:
        A numba.cfunc. One of one's own has this signature: bierl_fast.tasks.code.SIGNATURE.

    Raises:
        InstallationError: numba is not there.
        ArgumentError: numba cannot compile the function.
        ArgumentTypeError: it is none.
    """
    if not inspect.isfunction(function):
        raise ArgumentTypeError(f"a term must be a Python function of (data, out), got {shown(function)}")
    numba = optional("numba", "numba", "bf.term")
    from bierl_fast.tasks.views import views  # noqa: PLC0415 - loads numba

    inner = numba.njit(error_model="numpy")(function)

    def call(out: Any, size: Any, fields: Any, rows: Any) -> None:
        inner(views(fields, rows), numba.carray(out, size))

    try:
        compiled = numba.cfunc(SIGNATURE)(call)
    except numba.core.errors.NumbaError as error:
        raise ArgumentError(f"the term {written_name(function)} cannot be compiled: {error}") from error
    compiled.__wrapped__ = function
    return compiled


def written(name: Any, home: str | None = None) -> Any:
    """A term's name as it is written down: of a function its import path, of a file the whole path.

    `home`: the folder in which relative paths of files begin; None: the working directory.
    """
    if callable(name):
        return _kept(name)
    if not names_code(name):
        return name
    file, colon, rest = name.rpartition(":")
    if not file.endswith((LIBRARY, SUFFIX)):
        return name
    return os.path.abspath(os.path.join(home or os.curdir, file)) + colon + rest


def _kept(function: Callable[..., Any]) -> str:
    """What a function is called in writing.

    Several without an import path may share a name, as those that one function makes do: the later ones get a number.
    """
    path = written_name(function)
    if not path.startswith("<"):
        _functions[path] = function
        return path
    names = itertools.chain([path], (f"{path[:-1]} {n}>" for n in itertools.count(2)))
    return next(name for name in names if _functions.setdefault(name, function) is function)


def unnamed(task: object, keywords: Mapping[str, Any]) -> list[str]:
    """The terms of a task that another process cannot import, each once."""
    terms = [each for where in QUANTITIES if task == MUJOCO_TASK for each in keywords.get(where, ())]
    return list(dict.fromkeys(each["term"] for each in terms if str(each.get("term", "")).startswith("<")))


def linked(task: str, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of a native task with compiled functions beside the terms that name them.

    Raises:
        TaskError: a function cannot be imported, or is none that was compiled with the signature of terms.
    """
    found = dict(keywords)
    for where in QUANTITIES if task == MUJOCO_TASK else ():
        terms = keywords.get(where, ())
        if any(_is_compiled(each) for each in terms):
            found[where] = [{**each, "function": _link(each["term"])} if _is_compiled(each) else each for each in terms]
    return found


def _is_compiled(each: Any) -> bool:
    name = each.get("term") if isinstance(each, Mapping) else None
    return isinstance(name, str) and ":" in name and not name.rpartition(":")[0].endswith(LIBRARY)


def _link(path: str) -> Any:
    function = _functions.get(path)
    if function is None and path.startswith("<"):
        raise TaskError(
            f"the term {path} was a function that cannot be imported by name: one of a script, or a local one; give "
            "the task that has it again (task=...), or train with one that stands at the top level of a module or file",
            ["task"],
        )
    if function is None:
        try:
            function = imported(path, "term")
        except ArgumentError as error:
            raise TaskError(str(error), ["task"]) from error
        _functions[path] = function
    address = getattr(function, "address", None)
    if not isinstance(address, int) or not _has_the_signature(getattr(function, "ctypes", None)):
        came = getattr(function, "_sig", None) or f"a {type(function).__name__}, compiled by nobody"
        raise TaskError(
            f"the term {path} must be compiled: a function (data, out) with @bf.term above it, or a numba.cfunc of the "
            f"signature {SIGNATURE}; it is {came}",
            ["task"],
        )
    return core.compiled_term(address)


def _has_the_signature(function: Any) -> bool:
    """Whether a ctypes function is void(double*, int64, double**, int64*)."""
    arguments = getattr(function, "argtypes", None)
    if arguments is None or len(arguments) != 4 or function.restype is not None:
        return False
    out, size, fields, rows = arguments
    inner = getattr(fields, "_type_", None)
    # By what they point to: numba's pointer types are its own, not those of ctypes.POINTER.
    return (
        getattr(out, "_type_", None) is ctypes.c_double
        and size is ctypes.c_int64
        and getattr(inner, "_type_", None) is ctypes.c_double
        and getattr(rows, "_type_", None) is ctypes.c_int64
    )
