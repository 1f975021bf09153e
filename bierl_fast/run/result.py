"""What a run came to: what train and resume give."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bierl_fast.evaluation.base import Policy
from bierl_fast.messages import F32
from bierl_fast.picture.card import card
from bierl_fast.picture.curves import Curves
from bierl_fast.picture.figure import Picture
from bierl_fast.run import metrics
from bierl_fast.run.loaded import of
from bierl_fast.run.plot import plot as drawn
from bierl_fast.run.report import output, page_of, written
from bierl_fast.run.told import amount, facts_of


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Result:
    """What a run came to."""

    policy: Policy  # act(observation) -> action, with its observation statistics
    parameters: F32  # (P,)
    metrics: Sequence[metrics.Record]  # one record a generation, from the run's first on; slices are lists
    run_dir: Path | None
    best_policy: Policy | None = None  # of the reporting evaluations' (eval_interval); None without one
    stopped: str | None = None  # why a callback ended the run before its planned end; None: none did

    def plot(self, against: str = "env_steps") -> Picture:
        """The run's curves, which a notebook shows; see bf.plot, which draws several runs and writes files."""
        return drawn(self, against=against)

    def report(self, out: str | os.PathLike[str] | None = None, against: str = "env_steps", force: bool = False) -> str:
        """The run as a page of HTML, in a file too where `out` names one; see bf.report, which takes several runs."""
        path = output(out, against, force)
        return written(page_of(of(self if self.run_dir is None else self.run_dir), against), path)

    def __repr__(self) -> str:
        told = ", ".join(f"{name.lower()} {value}" for name, value in self._facts())
        where = "" if self.run_dir is None else f", in {self.run_dir}"
        return f"<Result of {self.policy.task or 'a run'}: {told}{where}>"

    def _repr_html_(self) -> str:
        curves = Curves("", self.metrics)
        returns_g = curves.returns(curves.has_center) if len(self.metrics) else curves.column("mean_return")
        where = [] if self.run_dir is None else [("run directory", str(self.run_dir))]
        return card(str(self.policy.task or "A run"), [*self._facts(), *where], returns_g)

    def _facts(self) -> list[tuple[str, str]]:
        if not len(self.metrics):
            return [("Generations", "0")]
        last = self.metrics[-1]
        return [
            *facts_of(self.metrics),
            ("Env steps", amount(last["env_steps"])),
            ("Generations", f"{last['generation'] + 1:,}"),
        ]
