"""How a generator is trained: rounds, their problems, the steps on its weights.

PretrainSettings, round, index -> Problem
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from bierl_fast import kernels
from bierl_fast.errors import ArgumentError
from bierl_fast.messages import NoiseKey, Stream
from bierl_fast.meta.draws import Draws
from bierl_fast.meta.generator import Generator
from bierl_fast.pretraining.long_runs import VALIDATION, LongRuns
from bierl_fast.pretraining.problem import Problem
from bierl_fast.pretraining.problems import DISTRIBUTIONS, sample
from bierl_fast.settings import LONG, MANY, checked_fields

ADAPTED = ("sigma", "learning_rate")
# By encoder, where PretrainSettings' own values do not serve best: some dozens of weights, each of which tells, bear
# more noise and longer steps than a thousand, and find in harder problems what serves there too.
SUITED: dict[str, dict[str, Any]] = {"linear": {"sigma": 0.15, "learning_rate": 0.06, "distribution": "wide"}}
# On long runs a round costs minutes, and what is learned are corrections of a rule that does well already.
ON_LONG_RUNS: dict[str, Any] = {
    "generators": 10,
    "problems": 16,
    "generations": (300,),
    "sigma": 1.0,  # times what linear.searched says; so is the rate
    "learning_rate": 0.5,
    "weight_decay": 0.0,
    "distribution": "long",
}
LONG_ONES = tuple(name for name, each in DISTRIBUTIONS.items() if isinstance(each, LongRuns))
APART = NoiseKey(0x5EED, 0, Stream.PRETRAIN)  # of the problems of validation: the same for every training
LONGEST_APART = 150  # generations


@dataclass(frozen=True, slots=True)
class PretrainSettings:
    """How a generator is trained.

    Attributes:
        horizon: rounds over which the learning rate falls.
        generators: M, in antithetic pairs.
        problems: K in each round.
        generations: lengths of inner runs to draw from.
        sigma: noise standard deviation on the weights.
        learning_rate: of Adam at the first round; it falls linearly to a tenth at the horizon, and stays there.
        weight_decay: of the weights.
        tasks: to draw problems from; empty: the distribution's own.
        seed: of everything.
        distribution: of problems; a name in problems.DISTRIBUTIONS.
    """

    horizon: int = field(default=300, metadata={"at_least": 1, "at_most": LONG})
    generators: int = field(default=20, metadata={"at_least": 2, "at_most": MANY})
    problems: int = field(default=8, metadata={"at_least": 1, "at_most": MANY})
    generations: tuple[int, ...] = field(default=(25, 50, 100), metadata={"at_least": 1, "at_most": LONG})
    sigma: float = field(default=0.1, metadata={"above": 0.0})
    learning_rate: float = field(default=0.03, metadata={"above": 0.0})
    weight_decay: float = field(default=0.002, metadata={"at_least": 0.0})
    tasks: tuple[str, ...] = ()
    seed: int = field(default=0, metadata={"at_least": 0, "at_most": 2**64 - 1})
    distribution: str = field(default="standard", metadata={"choices": tuple(DISTRIBUTIONS)})

    @classmethod
    def read(cls, made: Mapping[str, Any]) -> PretrainSettings:
        """From what a file says of its training (WarmStart.made).

        A file without a horizon was written at its planned end, or stopped before it; which one it does not say, so
        its rounds are the horizon. One without a distribution had the standard one.
        """
        values = {"horizon": made["rounds"], "distribution": "standard", **made}
        found = checked_fields(cls, {field.name: values[field.name] for field in fields(cls)}, ())
        if not found.generations:
            raise ArgumentError("generations must hold a length of inner runs, got none")
        return found

    def key(self, round_: int) -> NoiseKey:
        """The address of a round."""
        return NoiseKey(self.seed, round_, Stream.PRETRAIN)

    def rate(self, round_: int) -> float:
        """The learning rate of a round."""
        return self.learning_rate * (1.0 - 0.9 * min(1.0, round_ / self.horizon))

    @property
    def long(self) -> bool:
        """Whether it learns from long runs, and is validated."""
        return self.distribution in LONG_ONES

    def problem(self, round_: int, index: int, riders: Sequence[str] = ()) -> Problem:
        """One of a round's problems; its inner runs are as long as the others', as far as problems.sample lets them."""
        key = self.key(round_)
        length = self.generations[int(kernels.uniform(key, self.problems) * len(self.generations))]
        return sample(key, index, self.tasks, length, self.distribution, riders)

    def problem_apart(self, index: int, riders: Sequence[str]) -> Problem:
        """One of validation."""
        return VALIDATION.sample(APART, Draws(APART, index), (), LONGEST_APART, riders)

    def starts_at_a_rule(self, generator: Generator, history: Mapping[str, Any]) -> bool:
        """Whether the weights are first those with which the generator acts by a rule, with riders."""
        return self.long and generator.linear and {"tpa", "drop"} <= set(history.get("signals", ()))
