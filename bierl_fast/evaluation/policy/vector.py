"""What a function task is, and the vector that is searched for.

FunctionSpec -> VectorPolicy -> parameters (P,), FILE.npz
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from bierl_fast import kernels
from bierl_fast._native import core
from bierl_fast.archive import Archive, Kind
from bierl_fast.by_value import ByValue
from bierl_fast.errors import ArgumentError, UnsupportedError
from bierl_fast.evaluation import arguments
from bierl_fast.evaluation.base import Observation
from bierl_fast.evaluation.policy import origin
from bierl_fast.evaluation.policy.header import from_header, saved_parameters
from bierl_fast.files import as_path
from bierl_fast.messages import F32, NoiseKey, Stream
from bierl_fast.public import public
from bierl_fast.trust import Origin, Trust

FILE = Kind("vector", format=1, name="a vector", remedy="write one with VectorPolicy.save or bierl train")

Function = Callable[..., Any]

_COMMON: dict[str, float | int | None] = {"noise": 0.0, "rotation_seed": None, "shift_radius": 0.0, "shift_seed": 0}
_OWN: dict[str, dict[str, float | int | None]] = {"quadratic": {"condition": 1.0}}


def native_functions() -> dict[str, dict[str, Any]]:
    """The native test functions: name -> {option: default}; csrc/bierl/core/functions.hpp has the formulas.

    noise: standard deviation of Gaussian noise on returns, shared by rows of equal `episode`. rotation_seed (None: no
    rotation), shift_radius and shift_seed: z = Q (x - s). condition (quadratic): ratio of the largest to the smallest
    curvature.
    """
    return {name: {**_OWN.get(name, {}), **_COMMON} for name in core.function_names()}


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


@public(but=("act",))
class VectorPolicy:
    """The parameters of a function task. There is nothing to observe, so it does not act.

    Any number of threads may call at once: a policy never changes.
    """

    def __init__(
        self,
        spec: FunctionSpec,
        function: Function | None = None,
        initial: F32 | None = None,
        parameters: F32 | None = None,
        origin: Origin | None = None,
    ) -> None:
        """`function` is the Python function itself (None: the one that `spec` names); parameters are zeros if None.

        `origin`: the file it was read from, where that names code and nobody has trusted it yet.
        """
        self.origin = origin
        self.spec = spec
        self.function = function
        self._initial = None if initial is None else arguments.parameters("initial", initial, spec.dim)
        self.parameters = np.zeros(spec.dim, np.float32) if parameters is None else parameters

    def __copy__(self) -> VectorPolicy:
        return VectorPolicy(self.spec, self.function, self._initial, self.parameters)

    def __deepcopy__(self, memo: dict[int, Any]) -> VectorPolicy:
        return self.with_parameters(self.parameters)

    def __reduce__(self) -> tuple[Any, ...]:
        own = None if self.function is None or not self.task.startswith("<") else ByValue(self.function)
        return _again, (self.spec, own, self._initial, self.parameters, self.origin)

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
        """None: every parameter's sigma is the same. ArgumentError for a factor of what a function does not have."""
        if log_std_scale != 1.0:
            raise ArgumentError(
                f"a function task has no log_std to scale: log_std_noise_scale must be 1, got {log_std_scale}",
                ["log_std_noise_scale", "dim"],
            )
        return None

    def with_parameters(self, theta: F32) -> VectorPolicy:
        """The same policy with other parameters (P,) float32, copied."""
        theta = arguments.parameters("theta", theta, self.spec.dim)
        return VectorPolicy(self.spec, self.function, self._initial, theta, self.origin)

    def act(self, observation: Observation) -> NoReturn:
        """Raise UnsupportedError: a function task has no observations and no actions."""
        raise UnsupportedError(
            f"the function task {self.task!r} has no actions; its outcome is `parameters` ({self.spec.dim},)"
        )

    def save(self, path: str | Path) -> None:
        """Write policy.npz: parameters and a JSON header; atomically."""
        origin.write(FILE, as_path(path, "path"), asdict(self.spec), {"parameters": self.parameters}, self.origin)

    @classmethod
    def load(cls, path: str | Path, *, trust: Trust = False) -> VectorPolicy:
        """Read policy.npz; ArchiveError says what is wrong with it. The function is imported when it is evaluated.

        `trust`: whether it may be, where the file names code (see trust.py); without it `evaluate` asks.
        """
        file = as_path(path, "path")

        def read(header: dict[str, Any], archive: Archive) -> VectorPolicy:
            found = origin.origin_of(file, header, trust)
            spec = from_header(FunctionSpec, header)
            return cls(spec, parameters=saved_parameters(archive, spec.dim), origin=found)

        return FILE.read(file, read)


def _again(
    spec: FunctionSpec, function: ByValue | None, initial: F32 | None, parameters: F32, origin: Origin | None
) -> VectorPolicy:
    """An unpickled policy; a function with an import path is imported when it is evaluated."""
    return VectorPolicy(spec, None if function is None else function.thing, initial, parameters, origin)


def native_function_entries() -> list[dict[str, Any]]:
    """One dict for each native test function, which takes any `dim`: id, native, function, keywords."""
    functions = native_functions().items()
    return [{"native": True, "function": True, "id": name, "keywords": list(options)} for name, options in functions]
