"""How meta-levels see, propose and learn. Needs no torch, so that a run without a meta-level never loads it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import ClassVar

from bierl_fast.errors import ConfigError
from bierl_fast.meta.credit import OBJECTIVES, Credit
from bierl_fast.meta.fitness import META_FITNESS
from bierl_fast.meta.history import History
from bierl_fast.meta.signals import FIRST, SIGNALS
from bierl_fast.names import choice
from bierl_fast.settings import FAR, LONG, MANY, Section, setting
from bierl_fast.strategy.reference import FROZEN_POPULATION, STEP_SCALES
from bierl_fast.values import check_rules

OUTPUTS = ("absolute", "relative")  # what a generator gives


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeSettings(Section):
    """Which hyperparameters a meta-level moves, and where."""

    title: ClassVar[str] = "ranges"

    adapt: tuple[str, ...] | None = setting(
        None, "hyperparameters the meta-level may move (none: sigma and learning_rate, where the strategy adapts them)"
    )
    ranges: dict[str, tuple[float, float]] = setting(
        dict,
        "low,high that the meta-level may move a hyperparameter in, by its name: momentum=0.5,0.99 (left out: a "
        "factor of 100 either side; on a linear scale from 0 to twice the value)",
    )
    scales: dict[str, str] = setting(
        dict,
        "how the meta-level moves a hyperparameter, by its name: entropy_weight=log (left out: as its strategy "
        "says); another than the strategy's needs a range",
        choices=("log", "linear"),
    )
    sigma_range: tuple[float, float] | None = setting(None, "low,high of sigma (none: a factor of 100 either side)")
    sigma_scale: str = setting(
        "log", "how the meta-level moves sigma; linear needs a sigma_range", choices=("log", "linear")
    )
    learning_rate_range: tuple[float, float] | None = setting(
        None, "low,high of the learning rate (none: a factor of 100 either side)"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratorSettings(Section):
    """What a network reads, and what it is made of."""

    title: ClassVar[str] = "generator"

    history: int = setting(
        16, "generations of returns the meta-level sees", at_least=1, at_most=LONG, also=("window", "history_length")
    )
    quantiles: int = setting(32, "quantiles that describe one generation's returns", at_least=2, at_most=LONG)
    signals: tuple[str, ...] | None = setting(
        None,
        "numbers of each generation that the meta-level reads beside the quantiles (none: odd_share, step_ratio, "
        "alignment; in a run with riders also what they tell, and of its progress)",
        each=tuple(SIGNALS),
    )
    encoder_size: int = setting(32, "width of the meta-level's encoder; linear has none", at_least=1, at_most=MANY)
    generator_hidden: int = setting(
        32, "hidden width of the meta-level's generator; 0: a linear generator", at_least=0, at_most=MANY
    )
    generator_output: str = setting(
        "absolute",
        "what the generator gives: a place in each range, or a step relative to the value now in use",
        choices=OUTPUTS,
    )

    @property
    def window(self) -> tuple[str, ...]:
        """The signals, in order."""
        return FIRST if self.signals is None else self.signals


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaSettings(Section):
    """How a learned meta-level learns.

    Attributes:
        episodes_per_candidate: the strategy's own number; see credit.Credit.
        step_scale: "strategy", or "reference": learning_rate / (40 sigma_meta), the BiERL authors' units.
    """

    title: ClassVar[str] = "meta-level"
    prefix: ClassVar[str] = "meta_"

    fitness: str = setting("one_step", "how a proposal of the meta-level is judged", choices=tuple(META_FITNESS))
    objective: str | None = setting(
        None,
        "what it measures: the return, or the fitness that the strategy's update climbs (left open: as the strategy "
        "prefers, else the return)",
        choices=OBJECTIVES,
        left_open="return",
    )
    candidates: int | None = setting(
        None,
        "proposals per meta-update, in antithetic pairs (none: 8; judged in_batch 2, the groups that the "
        "population is divided into)",
        at_least=2,
        at_most=MANY,
        also=("meta_population", "meta_pop", "meta_pop_size", "meta_popsize"),
    )
    pairs: int = setting(4, "antithetic pairs drawn to judge one proposal", at_least=1, at_most=MANY)
    episodes: int = setting(2, "episodes that judge one stepped centre", at_least=1, at_most=MANY)
    credit_generations: int = setting(
        1,
        "generations that a proposal acts before it is judged in_batch",
        at_least=1,
        at_most=FAR,
        called="meta_credit",
    )
    interval: int = setting(
        5,
        "at least this many generations between meta-updates",
        at_least=1,
        at_most=FAR,
        also=("meta_freq", "meta_every", "meta_frequency"),
    )
    budget: float = setting(0.2, "largest share of environment steps spent by the meta-level", at_least=0.0, below=1.0)
    learning_rate: float = setting(
        1.0, "step size of the meta-level's own evolution strategy", above=0.0, also=("meta_lr", "outer_lr")
    )
    sigma: float | None = setting(
        None, "noise standard deviation on the generator's weights (none: calibrated by meta_spread)", above=0.0
    )
    spread: float = setting(0.3, "standard deviation of ln(proposal) that the meta-level's noise aims at", above=0.0)
    max_move: float = setting(1.5, "largest factor one meta-update moves a hyperparameter by", above=1.0)
    settling: float | None = setting(
        None,
        "generations after which the moves of a relative generator are half as long, falling on with the square of "
        "their number (none: they stay as long)",
        above=0.0,
    )
    episodes_per_candidate: int = 1
    step_scale: str = "strategy"

    def __post_init__(self) -> None:
        """ConfigError names the first setting out of range."""
        super(MetaSettings, self).__post_init__()
        if self.candidates is None:
            object.__setattr__(self, "candidates", META_FITNESS[self.fitness].candidates)
        if self.proposals % 2:
            name = "meta_candidates"
            raise ConfigError(f"{name} must be even (antithetic pairs), got {self.candidates}", [name])
        check_rules("episodes_per_candidate", self.episodes_per_candidate, {"at_least": 1})
        choice("step scale", self.step_scale, STEP_SCALES, ["reference"])

    def rate(self, sigma: float) -> float:
        """What multiplies sigma_meta * sum of u sign eps, at this sigma_meta."""
        if self.step_scale == "reference":
            return self.learning_rate / (FROZEN_POPULATION * sigma**2)
        return self.learning_rate

    def update_rows(self, adapted: Collection[str]) -> int:
        """Episodes of one meta-update of these hyperparameters."""
        return self.proposals * META_FITNESS[self.fitness].rows(self.credit, adapted)

    @property
    def proposals(self) -> int:
        """M, of one meta-update."""
        return int(self.candidates or 0)

    @property
    def learns(self) -> bool:
        """Whether a meta-level with these settings ever makes a meta-update."""
        return self.budget > 0.0 or META_FITNESS[self.fitness].in_batch

    @property
    def measured(self) -> str:
        """What a proposal is judged by, "return" or "fitness"; see credit.objective_mk."""
        return str(self.objective)

    @property
    def credit(self) -> Credit:
        """What one proposal may spend."""
        return Credit(self.pairs, self.episodes, self.episodes_per_candidate)

    def affordable(
        self, adapted: Collection[str], history: History, last_update: int, inner_steps: int, meta_steps: int
    ) -> bool:
        """Whether a meta-update may run now: the interval has passed, and what it costs fits the budget.

        The cost is predicted causally: each of its episodes is as long as the longest of the latest generation.

        Args:
            adapted: names of the hyperparameters that are moved.
            history: up to the latest generation.
            last_update: generations the history had at the last meta-update.
            inner_steps: env steps of the inner level so far.
            meta_steps: env steps of the meta-level so far.
        """
        if history.generations - last_update < self.interval:
            return False
        after = meta_steps + self.update_rows(adapted) * history.longest_episode
        return after <= self.budget * (inner_steps + after)
