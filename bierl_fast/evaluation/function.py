"""Plain functions as tasks: named candidates in, the value of each row's parameters out.

    Population -> perturb, call -> EvaluationBatch

One row is one call, and counts as one env step. Native test functions, by name, and compiled ones (numba.cfunc) run on
threads without the GIL; Python functions are called in row order, with parameters made in C++.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Protocol

import numpy as np

from bierl_fast import kernels
from bierl_fast._library import core
from bierl_fast.archive import Kind
from bierl_fast.evaluation.import_path import imported, written_name
from bierl_fast.evaluation.shared import row_reset_seed, thread_count
from bierl_fast.messages import F32, F64, Arrays, EvaluationBatch, NoiseKey, Population, Stream
from bierl_fast.names import lookup, unknown

FILE = Kind("vector", format=1, name="a vector", remedy="write one with VectorPolicy.save or bierl train")
MOST_DIMENSIONS = 2**30
BLOCK = 2**22  # parameters made at a time for a Python function: 16 MB

Function = Callable[..., Any]

_COMMON: dict[str, float | int | None] = {"noise": 0.0, "rotation_seed": None, "shift_radius": 0.0, "shift_seed": 0}
_OWN: dict[str, dict[str, float | int | None]] = {"quadratic": {"condition": 1.0}}


def native_functions() -> dict[str, dict[str, Any]]:
    """The native test functions: name -> {option: default}; csrc/core/functions.hpp has the formulas.

    noise: standard deviation of Gaussian noise on returns, shared by rows of equal `episode`. rotation_seed (None: no
    rotation), shift_radius and shift_seed: z = Q (x - s). condition (quadratic): ratio of the largest to the smallest
    curvature.
    """
    return {name: {**_OWN.get(name, {}), **_COMMON} for name in core().function_names()}


@dataclass(frozen=True)
class FunctionSpec:
    """What a function task is.

    Attributes:
        task: the name of a native function, or the import path of a Python one (see import_path.written_name).
        dim: P.
        vectorized: whether it takes a block (k, P) and gives (k,).
        task_kwargs: its own keyword arguments.
    """

    task: str
    dim: int
    vectorized: bool = False
    task_kwargs: dict[str, Any] = field(default_factory=dict)


class VectorPolicy:
    """The parameters of a function task. There is nothing to observe, so it does not act."""

    def __init__(
        self,
        spec: FunctionSpec,
        function: Function | None = None,
        initial: F32 | None = None,
        parameters: F32 | None = None,
    ) -> None:
        """`function` is the Python function itself (None: the one that `spec` names); parameters are zeros if None."""
        self.spec = spec
        self.function = function
        self._initial = None if initial is None else self._checked("initial", initial)
        self.parameters = np.zeros(spec.dim, np.float32) if parameters is None else parameters

    @property
    def task(self) -> str:
        """The function's name."""
        return self.spec.task

    @property
    def task_kwargs(self) -> dict[str, Any]:
        """The function's keyword arguments."""
        return dict(self.spec.task_kwargs)

    @property
    def parameter_count(self) -> int:
        """P."""
        return self.spec.dim

    def initial_parameters(self, seed: int = 0) -> F32:
        """(P,) where the search starts: `initial` where it was given, else zeros.

        A native function, whose best point may be zero, starts at standard normals drawn from `seed`.
        """
        if self._initial is not None:
            return self._initial.copy()
        if self.spec.task in native_functions():
            return kernels.normals(NoiseKey(seed, 0, Stream.INITIAL), 0, self.spec.dim)
        return np.zeros(self.spec.dim, np.float32)

    def noise_scale(self, log_std_scale: float) -> F32 | None:
        """None: every parameter's sigma is the same. ValueError for a factor of what a function does not have."""
        if log_std_scale != 1.0:
            raise ValueError(
                f"a function task has no log_std to scale: log_std_noise_scale must be 1, got {log_std_scale}"
            )
        return None

    def with_parameters(self, theta: F32) -> VectorPolicy:
        """The same policy with other parameters (P,) float32, copied."""
        return VectorPolicy(self.spec, self.function, self._initial, self._checked("theta", theta))

    def _checked(self, name: str, value: F32) -> F32:
        theta = np.array(value, copy=True, order="C")
        if theta.dtype != np.float32 or theta.shape != (self.spec.dim,):
            raise ValueError(
                f"{name} must be float32 of shape ({self.spec.dim},), got {theta.dtype} of shape {theta.shape}"
            )
        return theta

    def act(self, observation: F64) -> NoReturn:
        """Raise RuntimeError: a function task has no observations and no actions."""
        raise RuntimeError(
            f"the function task {self.task!r} has no actions; its outcome is `parameters` ({self.spec.dim},)"
        )

    def save(self, path: str | Path) -> None:
        """Write policy.npz: parameters and a JSON header; atomically."""
        FILE.write(Path(path), asdict(self.spec), {"parameters": self.parameters})

    @classmethod
    def load(cls, path: str | Path) -> VectorPolicy:
        """Read policy.npz; ArchiveError says what is wrong with it. The function is imported when it is evaluated."""
        return FILE.read(
            Path(path),
            lambda header, arrays: cls(FunctionSpec(**header)).with_parameters(
                np.asarray(arrays["parameters"], np.float32)
            ),
        )


class Runner(Protocol):
    """Writes the return of every row of a population."""

    def evaluate(self, population: Population, out: F64) -> None:
        """`out` (R,) float64 is written, row by row."""


class FunctionEvaluator:
    """Calls a function once for each row. A value that is not finite marks its row failed; an exception ends the call.

    Args:
        spec: which function, of how many parameters.
        function: the Python or compiled function; None takes the one that `spec.task` names.
        initial: (P,) float32 where the search starts; None as `VectorPolicy.initial_parameters` says.
        threads: for native and compiled functions, and for making parameters; None: the cores this process may use.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        function: Function | None = None,
        *,
        initial: F32 | None = None,
        threads: int | None = None,
    ) -> None:
        self.threads = thread_count(threads)
        self._policy = VectorPolicy(spec, function, initial)
        self._runner = _runner(spec, function, self.threads)

    @property
    def policy(self) -> VectorPolicy:
        """What is searched for."""
        return self._policy

    def evaluate(self, population: Population) -> EvaluationBatch:
        """One call for each row; nothing is changed. The return of a failed row is NaN.

        Raises:
            TypeError: a Python function gave something that is no number (vectorized: no array of numbers).
            ValueError: the population has another number of parameters; a vectorized function gave another shape.
            Exception: whatever a Python function raises, with a note that names the row.
        """
        spec = self._policy.spec
        if np.ndim(population.base_bp) != 2 or population.base_bp.shape[1] != spec.dim:
            raise ValueError(f"base_bp must be (B, {spec.dim}) for {spec.task}, got {np.shape(population.base_bp)}")
        returns_r = np.full(population.rows, np.nan)
        self._runner.evaluate(population, returns_r)
        failed_r = ~np.isfinite(returns_r)
        returns_r[failed_r] = np.nan
        return EvaluationBatch(returns_r, np.ones(returns_r.size, np.int32), failed_r, key=population.key)

    def absorb(self, batch: EvaluationBatch) -> None:
        """Nothing: there are no observations."""

    def parameters(self, population: Population, row: int) -> F32:
        """(P,) what that row's call was given; ValueError when there is no such row."""
        return kernels.row_parameters(population, row)

    def reset_seed(self, population: Population, row: int) -> int:
        """A seed of that row's episode, below 2**63; a function is not told it. ValueError: no such row."""
        return row_reset_seed(population, row)

    def state(self) -> Arrays:
        """Nothing."""
        return {}

    def load(self, arrays: Arrays) -> None:
        """Nothing to continue from; ValueError when there is something."""
        if arrays:
            raise ValueError(f"a function task has no state, got {sorted(arrays)}")

    def close(self) -> None:
        """Nothing to free."""


def make_function_evaluator(
    task: str | Function,
    *,
    dim: int,
    vectorized: bool = False,
    task_kwargs: Mapping[str, Any] | None = None,
    initial: F32 | None = None,
    threads: int | None = None,
) -> FunctionEvaluator:
    """See `bierl_fast.evaluation.table.make_evaluator`."""
    if isinstance(dim, bool) or not isinstance(dim, int | np.integer) or not 1 <= dim <= MOST_DIMENSIONS:
        raise ValueError(f"dim must be an integer in [1, {MOST_DIMENSIONS}], got {dim!r}")
    name = task if isinstance(task, str) else written_name(task)
    function = None if isinstance(task, str) else task
    spec = FunctionSpec(name, int(dim), vectorized, dict(task_kwargs or {}))
    return FunctionEvaluator(spec, function, initial=initial, threads=threads)


def _runner(spec: FunctionSpec, function: Function | None, threads: int) -> Runner:
    if function is None and spec.task in native_functions():
        return _native(spec, threads)
    if function is None and ":" not in spec.task:
        raise ValueError(
            f"{unknown('function', spec.task, native_functions())} (dim is for functions: these, a Python function, or "
            "one by its import path module:function; an environment takes none)"
        )
    if function is None:
        function = imported(spec.task)
    if isinstance(getattr(function, "address", None), int):
        return _compiled(spec, function, threads)
    return _PythonFunction(spec, function, threads)


def _native(spec: FunctionSpec, threads: int) -> Runner:
    _require_single(spec, "a native function")
    defaults = native_functions()[spec.task]
    for option, value in spec.task_kwargs.items():
        _require_option(option, value, lookup(f"option of {spec.task}", option, defaults))
    options = {**defaults, **spec.task_kwargs}
    noise = float(options.pop("noise"))
    function = core().TestFunction(spec.task, spec.dim, **options)
    runner: Runner = core().FunctionRollout(function, noise, threads)
    return runner


def _require_option(name: str, value: Any, default: float | int | None) -> None:
    if isinstance(default, float):
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise ValueError(f"{name} must be a number, got {value!r}")
    elif isinstance(value, bool) or not isinstance(value, int | np.integer) or not 0 <= value < 2**64:
        raise ValueError(f"{name} must be an integer in [0, 2**64), got {value!r}")


def _require_single(spec: FunctionSpec, kind: str) -> None:
    if spec.vectorized:
        raise ValueError(f"vectorized is for Python functions; {kind} takes one vector: leave it out for {spec.task}")


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
        raise ValueError(f"a compiled function takes no keyword arguments, got task_kwargs {spec.task_kwargs}")
    if not _has_the_signature(getattr(function, "ctypes", None)):
        came = getattr(function, "_sig", None) or "none that can be read"
        raise ValueError(
            "a compiled function must have the signature float64(CPointer(float32), int64), as in "
            "numba.cfunc('float64(CPointer(float32), int64)'), which is double(const float*, int64) in C; "
            f"{spec.task} has {came}"
        )
    return _Compiled(function, core().FunctionRollout.at(function.address, spec.dim, threads))


def _has_the_signature(function: Any) -> bool:
    """Whether a ctypes function is double(const float*, int64)."""
    arguments = getattr(function, "argtypes", None)
    if arguments is None or len(arguments) != 2 or function.restype is not ctypes.c_double:
        return False
    pointer, count = arguments
    # By what it points to: numba's pointer types are its own, not those of ctypes.POINTER.
    return getattr(pointer, "_type_", None) is ctypes.c_float and count is ctypes.c_int64


class _PythonFunction:
    """Calls a Python function in row order, on the calling thread."""

    def __init__(self, spec: FunctionSpec, function: Function, threads: int) -> None:
        if not callable(function):
            raise TypeError(f"a function task must be a function, got {type(function).__name__}")
        self._spec = spec
        self._function = functools.partial(function, **spec.task_kwargs) if spec.task_kwargs else function
        self._pool = kernels.ThreadPool(threads) if threads > 1 else None

    def evaluate(self, population: Population, out: F64) -> None:
        rows, dim = population.rows, self._spec.dim
        call = self._block if self._spec.vectorized else self._one_by_one
        portion = max(1, BLOCK // dim)
        for first in range(0, rows, portion):
            # Made anew, as a function may keep what it is given.
            block = np.empty((min(portion, rows - first), dim), np.float32)
            core().population_parameters(population, first, block, self._pool)
            call(block, first, out[first : first + len(block)])

    def _one_by_one(self, block: F32, first: int, out: F64) -> None:
        for index, x in enumerate(block):
            try:
                value = self._function(x)
            except Exception as error:
                error.add_note(f"raised by {self._spec.task} in row {first + index} of the population")
                raise
            out[index] = self._number(value, first + index)

    def _number(self, value: Any, row: int) -> float:
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            came = f"an array of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
            raise TypeError(
                f"{self._spec.task} must return one number for a vector ({self._spec.dim},), got {came} in row {row}; "
                "a function that takes a block (k, P) needs vectorized=True"
            )
        return float(value)

    def _block(self, block: F32, first: int, out: F64) -> None:
        try:
            values = self._function(block)
        except Exception as error:
            error.add_note(f"raised by {self._spec.task} in rows {first} to {first + len(block) - 1} of the population")
            raise
        wanted = f"{self._spec.task} must return an array of numbers of shape ({len(block)},) for a block {block.shape}"
        if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu":
            came = f"dtype {values.dtype}" if isinstance(values, np.ndarray) else type(values).__name__
            raise TypeError(f"{wanted}, got {came}")
        if values.shape != out.shape:
            raise ValueError(f"{wanted}, got shape {values.shape}")
        out[:] = values
