"""One run's numbers, generation by generation, out of its records.

[record, ...] -> Curves -> Line of a panel against env steps, generations or seconds
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bierl_fast.messages import F64
from bierl_fast.picture.lines import Line

Record = dict[str, Any]
AGAINST = {  # what a picture may have along the bottom, and what it calls it
    "env_steps": "env steps, all counted",
    "generations": "generations",
    "seconds": "seconds of wall time",
}


@dataclass(frozen=True, slots=True)
class Curves:
    """A run, or one seed of several.

    Attributes:
        label: what it is called; runs of one label are seeds of each other.
        records: metrics.jsonl's, at least one.
        name: of the run alone, where there are several of its label.
        diverged: so it has no return after that, and counts as the worst from there on.
    """

    label: str
    records: Sequence[Record]
    name: str = ""
    diverged: bool = False

    def column(self, name: str) -> F64:
        """(G,) a number of each record; NaN where there is none."""
        return self._each(lambda record: record.get(name))

    def hyperparameter(self, name: str) -> F64:
        """(G,) one of those that each generation was made with; NaN where there is none."""
        return self._each(lambda record: (record.get("hyperparameters") or {}).get(name))

    def x(self, against: str) -> F64:
        """(G,) cumulative: one of AGAINST."""
        if against == "seconds":
            return np.cumsum(self.seconds())
        return self.column("env_steps") if against == "env_steps" else self.column("generation") + 1

    def seconds(self) -> F64:
        """(G,) wall time of each generation."""
        return self._each(lambda record: sum((record.get("seconds") or {}).values()))

    def returns(self, centers: bool) -> F64:
        """(G,) the centre's return, or the candidates' mean."""
        return self.column("center_return" if centers else "mean_return")

    @property
    def has_center(self) -> bool:
        """Whether there is a centre's return anywhere."""
        return bool(np.isfinite(self.column("center_return")).any())

    def evaluations(self) -> F64:
        """(G,) mean return of reporting evaluations; NaN where there was none."""
        return self._each(lambda record: (record.get("evaluation") or {}).get("mean_return"))

    def steps_a_second(self) -> F64:
        """(G,) env steps of each generation over its wall time."""
        steps, spent = np.diff(self.column("env_steps"), prepend=0.0), self.seconds()
        return np.divide(steps, spent, out=np.full_like(steps, math.nan), where=spent > 0)

    def meta_share(self) -> F64:
        """(G,) the meta-level's share of all env steps so far."""
        steps, meta = self.column("env_steps"), self.column("meta_steps") + self.column("warm_start_steps")
        return np.divide(meta, steps, out=np.full_like(steps, math.nan), where=steps > 0)

    def line(self, against: str, y_g: F64) -> Line:
        """Where both are finite."""
        return Line.finite(self.x(against), y_g, self.diverged)

    def _each(self, of: Callable[[Record], Any]) -> F64:
        found = (of(record) for record in self.records)
        return np.array([math.nan if value is None else value for value in found], dtype=np.float64)
