"""Plain functions as tasks: named candidates in, the value of each row's parameters out.

    Population -> perturb, call -> EvaluationBatch

One row is one call, and counts as one env step. Native test functions, by name, and compiled ones (numba.cfunc) run on
threads without the GIL; Python functions are called in row order, with parameters made in C++.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

import numpy as np

from bierl_fast import kernels
from bierl_fast.errors import ArgumentError, shown
from bierl_fast.evaluation.arguments import not_copied, require_population
from bierl_fast.evaluation.episode_evaluator import closed, row_reset_seed, thread_count
from bierl_fast.evaluation.function.runner import Runner, make_runner
from bierl_fast.evaluation.policy.vector import Function, FunctionSpec, VectorPolicy
from bierl_fast.import_path import settled, written_name
from bierl_fast.messages import F32, Arrays, EvaluationBatch, Population
from bierl_fast.public import public

MOST_DIMENSIONS = 2**30


@public
class FunctionEvaluator:
    """Calls a function once for each row. A value that is not finite marks its row failed; an exception ends the call.

    Any number of threads may call: native and compiled functions take turns, a Python function is called in each
    thread at once. A population whose base_bp or scale_bp changes while it is evaluated is an ArgumentError.

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
        self._runner: Runner | None = make_runner(spec, function, self.threads)

    def __reduce__(self) -> NoReturn:
        raise not_copied(self)

    @property
    def policy(self) -> VectorPolicy:
        """What is searched for."""
        return self._policy

    def evaluate(self, population: Population) -> EvaluationBatch:
        """One call for each row; nothing is changed. The return of a failed row is NaN.

        Raises:
            ArgumentTypeError: a Python function gave something that is no number (vectorized: no array of numbers).
            ArgumentError: the population has another number of parameters or changed meanwhile; a vectorized function
                gave another shape.
            WorkerError: the evaluator is closed.
            Exception: whatever a Python function raises, with a note that names the row.
        """
        spec, runner = self._policy.spec, self._runner
        if runner is None:
            raise closed()
        require_population(population)
        if np.ndim(population.base_bp) != 2 or population.base_bp.shape[1] != spec.dim:
            raise ArgumentError(f"base_bp must be (B, {spec.dim}) for {spec.task}, got {np.shape(population.base_bp)}")
        returns_r = np.full(population.rows, np.nan)
        runner.evaluate(population, returns_r)
        failed_r = ~np.isfinite(returns_r)
        first = int(failed_r.argmax()) if failed_r.any() else None
        why = None if first is None else f"row {first}: {spec.task} gave {returns_r[first]}, no finite number"
        returns_r[failed_r] = np.nan
        return EvaluationBatch(returns_r, np.ones(returns_r.size, np.int32), failed_r, key=population.key, failure=why)

    def absorb(self, batch: EvaluationBatch) -> None:
        """Nothing: there are no observations."""

    def parameters(self, population: Population, row: int) -> F32:
        """(P,) what that row's call was given; ArgumentError when there is no such row."""
        return kernels.row_parameters(population, row)

    def reset_seed(self, population: Population, row: int) -> int:
        """A seed of that row's episode, below 2**63; a function is not told it. ArgumentError: no such row."""
        return row_reset_seed(population, row)

    def state(self) -> Arrays:
        """Nothing."""
        return {}

    def load(self, arrays: Arrays) -> None:
        """Nothing to continue from; ArgumentError when there is something."""
        if arrays:
            raise ArgumentError(f"a function task has no state, got {sorted(arrays)}")

    def close(self) -> None:
        """Free the threads, once an evaluation under way in another thread has ended."""
        self._runner = None


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
        raise ArgumentError(f"dim must be an integer in [1, {MOST_DIMENSIONS}], got {shown(dim)}", ["dim"])
    name = settled(task) if isinstance(task, str) else written_name(task)
    function = None if isinstance(task, str) else task
    spec = FunctionSpec(name, int(dim), vectorized, dict(task_kwargs or {}))
    return FunctionEvaluator(spec, function, initial=initial, threads=threads)


def function_evaluator_of(
    policy: VectorPolicy, threads: int | None = None, task: str | Function | None = None
) -> FunctionEvaluator:
    """An evaluator for the function that a vector was found for, or for another of as many parameters."""
    if task is None:
        return FunctionEvaluator(policy.spec, policy.function, threads=threads)
    name = settled(task) if isinstance(task, str) else written_name(task)
    return FunctionEvaluator(replace(policy.spec, task=name), None if isinstance(task, str) else task, threads=threads)
