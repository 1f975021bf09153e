"""How good a generator in training is, on problems of other kinds than it is trained on, chosen once.

    weights (P_meta,), round -> Validation.of -> Validated

Beside it run the weights that the training started from, which act by a rule where the generator is `linear`, and fixed
values, from the problems' wrong starts and from sensible ones. The best of these says what there was to gain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bierl_fast.messages import F32, F64
from bierl_fast.pretraining.crew import Crew
from bierl_fast.pretraining.judging import closing, gained

PROBLEMS = 32
ALIKE = 0.5  # of `better`, where two are


@dataclass(frozen=True, slots=True)
class Validated:
    """One point of a training's curve.

    Attributes:
        round: after so many rounds.
        score: mean share gained of what the best of fixed values and the rule gain, from -1 to 1.5.
        better: share of problems on which it ended better than by the rule; alike: half.
        rule_score: the score of the rule.
        fixed_score: of fixed values from the wrong starts.
    """

    round: float
    score: float
    better: float
    rule_score: float
    fixed_score: float

    @property
    def value(self) -> float:
        """What the weights that are kept have most of."""
        return self.score + self.better

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Validated:
        """From what dataclasses.astuple gave."""
        return cls(*numbers)


class Validation:
    """Problems kept apart, and what others than the trained generator made of them.

    Args:
        crew: plays them.
        rule: (P_meta,) weights to compare with.
    """

    def __init__(self, crew: Crew, rule: F32) -> None:
        """See the class; what others make of the problems is found out when it is first needed."""
        self._crew = crew
        self._others = np.stack([rule, np.zeros_like(rule)])
        self._known: list[tuple[F64, float, float]] = []  # of each problem: others' ends (2,), the start, the best

    def of(self, weights: F32, round_: int) -> Validated:
        """How good these weights are."""
        if not self._known:
            wrong, right = (list(self._crew.play_apart(self._others, PROBLEMS, sensible)) for sensible in (False, True))
            for (value_mt, _), (sensible_mt, _) in zip(wrong, right, strict=True):
                ends = [closing(value_mt), closing(sensible_mt)]
                best = max((end for end in np.concatenate(ends).tolist() if np.isfinite(end)), default=-np.inf)
                self._known.append((ends[0], float(value_mt[0, 0]), float(best)))
        scores, better = np.zeros((PROBLEMS, 3)), 0.0
        for k, (value_mt, _) in enumerate(self._crew.play_apart(weights[None], PROBLEMS)):
            others, start, best = self._known[k]
            end = closing(value_mt)
            scores[k] = gained(np.concatenate([end, others]), start, best)
            better += float(end[0] > others[0]) + ALIKE * float(end[0] == others[0])
        mean = scores.sum(axis=0) / PROBLEMS
        return Validated(float(round_), float(mean[0]), better / PROBLEMS, float(mean[1]), float(mean[2]))
