"""The archive of behaviours that novelty is measured against. Immutable: adding gives another archive.

behaviours (K, D) -> added -> Archive (n, D); queries (Q, D) -> novelty (Q,)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bierl_fast import kernels
from bierl_fast.errors import ArgumentError
from bierl_fast.finite import mean_of_groups
from bierl_fast.messages import F64, EvaluationBatch, Population
from bierl_fast.settings import LONG, MANY, Section, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class NoveltySettings(Section):
    """What `ns`, `nsr` and `nsra` take, and no other strategy."""

    title: ClassVar[str] = "novelty search"

    centers: int = setting(3, "centres that the search goes on from; the paper's 3 to 5", at_least=1, at_most=MANY)
    neighbors: int = setting(
        10,
        "nearest archived behaviours whose mean distance is novelty",
        at_least=1,
        at_most=LONG,
        was="neighbours",
    )
    archive_size: int | None = setting(
        None, "behaviours the archive holds, the oldest leave first (none: all)", at_least=1, at_most=LONG
    )


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """Behaviours in the order they came.

    Attributes:
        rows_nd: (n, D) float64; (0, 0) before the first one.
        settings: how many it holds, and whose mean distance is a behaviour's novelty.
    """

    rows_nd: F64
    settings: NoveltySettings

    def added(self, behaviour_kd: F64) -> Archive:
        """This archive with K more rows, the oldest gone where it is full."""
        rows_nd = np.concatenate([self.rows_nd, behaviour_kd]) if self.rows_nd.size else behaviour_kd
        size = self.settings.archive_size
        first = 0 if size is None else max(0, rows_nd.shape[0] - size)
        return Archive(np.ascontiguousarray(rows_nd[first:]), self.settings)

    def novelty(self, behaviour_qd: F64, pool: kernels.ThreadPool | None = None) -> F64:
        """(Q,) mean distance to the nearest rows; zeros while the archive is empty. See kernels.knn_mean_distance.

        Raises:
            ArgumentError: behaviours of another D than the archive's, or not finite.
        """
        if not self.rows_nd.size:
            return np.zeros(behaviour_qd.shape[0])
        k = self.settings.neighbors
        return kernels.knn_mean_distance(np.ascontiguousarray(behaviour_qd), self.rows_nd, k, pool=pool)

    def sum_over_norm(self) -> float:
        """What makes of a novelty the sum of the distances over the Frobenius norm of all rows; 1 where that is 0."""
        norm = float(np.linalg.norm(self.rows_nd))
        return min(self.settings.neighbors, len(self.rows_nd)) / norm if norm > 0.0 else 1.0


def behaviours(batch: EvaluationBatch) -> F64:
    """(R, D) the batch's behaviours; ArgumentError, naming the setting, when it has none."""
    if batch.behaviour_rd is None or batch.behaviour_rd.shape[1] == 0:
        raise ArgumentError(
            "novelty needs a behavior for every episode, and the evaluator gives none; set behavior to "
            "'final_position', 'final_observation' or 'actions'"
        )
    return batch.behaviour_rd


def mean_by_group(value_rd: F64, group_r: NDArray[np.integer[Any]], groups: int) -> F64:
    """(groups, D) the mean over the rows of each group 0, 1, ...; every group has a row."""
    return np.column_stack([mean_of_groups(value_r, group_r, groups) for value_r in value_rd.T])


def by_candidate(population: Population, behaviour_rd: F64) -> F64:
    """(N, D) the mean behaviour over a candidate's episodes, `finite` where one failed."""
    own_r = population.candidate_r >= 0
    return mean_by_group(finite(behaviour_rd[own_r]), population.candidate_r[own_r], population.candidates)


def finite(behaviour_rd: F64) -> F64:
    """(R, D) with zeros in place of what is not finite: a failed episode's behaviour, which counts for nothing."""
    return np.where(np.isfinite(behaviour_rd), behaviour_rd, 0.0)
