"""Who calls a function: native and compiled ones on threads without the GIL, Python ones in row order.

Population -> perturb, call -> the return of each row
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any, Protocol

import numpy as np

from bierl_fast import kernels
from bierl_fast._native import core
from bierl_fast.errors import ArgumentError, ArgumentTypeError, shown
from bierl_fast.evaluation.environment.answers import defined_at
from bierl_fast.evaluation.policy.vector import Function, FunctionSpec, native_functions
from bierl_fast.import_path import imported
from bierl_fast.messages import F32, F64, Population
from bierl_fast.names import lookup, unknown
from bierl_fast.reasons import place

BLOCK = 2**22  # parameters made at a time for a Python function: 16 MB


class Runner(Protocol):
    """Writes the return of every row of a population."""

    def evaluate(self, population: Population, out: F64) -> None:
        """`out` (R,) float64 is written, row by row."""


def make_runner(spec: FunctionSpec, function: Function | None, threads: int) -> Runner:
    """What calls the function that a spec names, or the one given; ArgumentError: it cannot be called."""
    if function is None and spec.task in native_functions():
        return _native(spec, threads)
    if function is None:
        require_function(spec.task)
        function = imported(spec.task)
    if isinstance(getattr(function, "address", None), int):
        return _compiled(spec, function, threads)
    return _PythonFunction(spec, function, threads)


def require_function(name: str) -> None:
    """ArgumentError for what is neither the name of a native function nor an import path."""
    if name not in native_functions() and ":" not in name:
        raise ArgumentError(
            f"{unknown('function', name, native_functions())} (dim is for functions: these, a Python function, or one "
            "by its import path module:function; an environment takes none)",
            ["task", "dim"],
        )


def _native(spec: FunctionSpec, threads: int) -> Runner:
    _require_single(spec, "a native function")
    defaults = native_functions()[spec.task]
    for option, value in spec.task_kwargs.items():
        _require_option(option, value, lookup(f"option of {spec.task}", option, defaults, ["task_kwargs"]))
    options = {**defaults, **spec.task_kwargs}
    noise = float(options.pop("noise"))
    function = core.TestFunction(spec.task, spec.dim, **options)
    return core.FunctionRollout(function, noise, threads)


def _require_option(name: str, value: Any, default: float | int | None) -> None:
    if isinstance(default, float):
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise ArgumentError(f"{name} must be a number, got {shown(value)}", ["task_kwargs"])
    elif isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < 2**64:
        raise ArgumentError(f"{name} must be an integer in [0, 2**64), got {shown(value)}", ["task_kwargs"])


def _require_single(spec: FunctionSpec, kind: str) -> None:
    if spec.vectorized:
        raise ArgumentError(
            f"vectorized is for Python functions; {kind} takes one vector: leave it out for {spec.task}",
            ["vectorized"],
        )


class _Compiled:
    """A compiled function on threads; keeps the function, whose code it runs, alive."""

    def __init__(self, function: Any, runner: Runner) -> None:
        self._function = function
        self._runner = runner

    def evaluate(self, population: Population, out: F64) -> None:
        self._runner.evaluate(population, out)


def _compiled(spec: FunctionSpec, function: Any, threads: int) -> Runner:
    _require_single(spec, "a compiled function")
    if spec.task_kwargs:
        raise ArgumentError(
            f"a compiled function takes no keyword arguments, got task_kwargs {spec.task_kwargs}", ["task_kwargs"]
        )
    if not _has_the_signature(getattr(function, "ctypes", None)):
        came = getattr(function, "_sig", None) or "none that can be read"
        raise ArgumentError(
            "a compiled function must have the signature float64(CPointer(float32), int64), as in "
            "numba.cfunc('float64(CPointer(float32), int64)'), which is double(const float*, int64) in C; "
            f"{spec.task} has {came}"
        )
    return _Compiled(function, core.FunctionRollout.at(function.address, spec.dim, threads))


def _has_the_signature(function: Any) -> bool:
    """Whether a ctypes function is double(const float*, int64)."""
    arguments = getattr(function, "argtypes", None)
    if arguments is None or len(arguments) != 2 or function.restype is not ctypes.c_double:
        return False
    pointer, count = arguments
    # By what it points to: numba's pointer types are its own, not those of ctypes.POINTER.
    return getattr(pointer, "_type_", None) is ctypes.c_float and count is ctypes.c_int64


def _as_number(value: Any) -> float:
    """What is a number, torch's tensors without dimensions and Decimals included; TypeError for the rest."""
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, bool | np.bool_ | str | bytes | complex | np.complexfloating) or np.ndim(value) != 0:
        raise TypeError
    return float(value)


class _PythonFunction:
    """Calls a Python function in row order, on the calling thread."""

    def __init__(self, spec: FunctionSpec, function: Function, threads: int) -> None:
        if not callable(function):
            raise ArgumentTypeError(f"a function task must be a function, got {type(function).__name__}")
        self._spec = spec
        self._function = functools.partial(function, **spec.task_kwargs) if spec.task_kwargs else function
        self._pool = kernels.ThreadPool(threads) if threads > 1 else None

    def evaluate(self, population: Population, out: F64) -> None:
        rows, dim = population.rows, self._spec.dim
        before = core.population_sum(population)
        call = self._block if self._spec.vectorized else self._one_by_one
        portion = max(1, BLOCK // dim)
        for first in range(0, rows, portion):
            # Made anew, as a function may keep what it is given.
            block = np.empty((min(portion, rows - first), dim), np.float32)
            core.population_parameters(population, first, block, self._pool)
            call(block, first, out[first : first + len(block)])
        if core.population_sum(population) != before:
            raise ArgumentError(
                "the population's base_bp or scale_bp changed while it was evaluated; change a copy, or wait until "
                "evaluate has returned"
            )

    def _one_by_one(self, block: F32, first: int, out: F64) -> None:
        for index, x in enumerate(block):
            try:
                value = self._function(x)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                error.add_note(f"raised by {self._spec.task} in row {first + index} of the population{place(error)}")
                raise
            out[index] = self._number(value, first + index)

    def _number(self, value: Any, row: int) -> float:
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        try:
            return _as_number(value)
        except OverflowError:  # an integer beyond all floats
            return np.inf if value > 0 else -np.inf
        except (TypeError, ValueError):
            came = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
            raise ArgumentTypeError(
                f"{self._spec.task} must return one number for a vector ({self._spec.dim},), got {came} in row {row}; "
                "a function that takes a block (k, P) needs vectorized=True"
                f"{defined_at(getattr(self._function, 'func', self._function))}"
            ) from None

    def _block(self, block: F32, first: int, out: F64) -> None:
        try:
            values = self._function(block)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            rows = f"rows {first} to {first + len(block) - 1} of the population"
            error.add_note(f"raised by {self._spec.task} in {rows}{place(error)}")
            raise
        wanted = f"{self._spec.task} must return an array of numbers of shape ({len(block)},) for a block {block.shape}"
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
            came = f"dtype {values.dtype}" if isinstance(values, np.ndarray) else type(values).__name__
            raise ArgumentTypeError(f"{wanted}, got {came}")
        if values.shape != out.shape:
            raise ArgumentError(f"{wanted}, got shape {values.shape}")
        out[:] = values
