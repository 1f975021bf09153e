"""What runs on a node: an evaluator of the task, and chunks of rows for it.

recipe -> Host -> facts                          what is installed there, for the driver to compare
Shared, chunk -> run -> Answer                   the rows' share of an EvaluationBatch
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bierl_fast.by_value import ByValue
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.evaluation.pool.evaluator import ProcessPoolEvaluator
from bierl_fast.machine import build_info, versions
from bierl_fast.messages import Arrays, EvaluationBatch, Population

BY_ROW = ("base_r", "sigma_r", "noise_r", "sign_r", "candidate_r", "episode_r")  # of a population
Make = Callable[[int], Evaluator]  # given a number of threads


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """What all chunks of one evaluation have in common; sent to each node once."""

    number: int  # of the evaluation
    population: Population  # its arrays by row are those of one row
    state: Arrays  # observation statistics


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What became of a chunk's rows."""

    batch: EvaluationBatch
    reasons: dict[int, str]  # row of the chunk -> why its episode failed
    seconds: float


def facts() -> dict[str, Any]:
    """What an answer's bits depend on, in this process."""
    return {**versions(), "instruction_set": build_info().get("instruction_set")}


class Host:
    """One node's evaluator."""

    def __init__(self, recipe: ByValue, threads: int) -> None:
        """`recipe` holds a Make."""
        self._evaluator: Evaluator = recipe.thing(threads)
        self._loaded = -1

    def facts(self) -> dict[str, Any]:
        """See the module, and this process's id."""
        return {**facts(), "pid": os.getpid()}

    def run(self, shared: Shared, chunk: dict[str, Any], numbers: NDArray[np.intp]) -> Answer:
        """Run these rows, whose numbers in the population are for errors. Any order of any rows gives the same."""
        if shared.number != self._loaded:
            self._evaluator.load(shared.state)
            self._loaded = shared.number
        began = time.perf_counter()
        population = replace(shared.population, **chunk)
        if isinstance(self._evaluator, ProcessPoolEvaluator):
            batch, reasons = self._evaluator.run(population, numbers.tolist())
        else:
            batch, reasons = self._whole(population, int(numbers[0])), {}
        return Answer(batch, reasons, time.perf_counter() - began)

    def _whole(self, population: Population, first: int) -> EvaluationBatch:
        try:
            return self._evaluator.evaluate(population)
        except Exception as error:
            error.add_note(f"its rows are counted from row {first} of the generation, as part of which they ran")
            raise


def rows_of(population: Population, rows: NDArray[np.intp]) -> dict[str, Any]:
    """A population's arrays by row, of these rows."""
    return {name: getattr(population, name)[rows] for name in BY_ROW}
