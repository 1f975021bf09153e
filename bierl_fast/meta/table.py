"""Meta-levels by name. Adding one is one file and one line here; one test walks this table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bierl_fast.errors import ArgumentError, ArgumentTypeError
from bierl_fast.messages import F32, Hyperparameters
from bierl_fast.meta.base import MetaLevel
from bierl_fast.meta.baselines import FixedMeta
from bierl_fast.meta.bayesian import BayesianMeta, BayesianSettings
from bierl_fast.meta.constant_snr import ConstantSignalToNoise
from bierl_fast.meta.csa import CumulativeStepSize
from bierl_fast.meta.fitness import META_FITNESS
from bierl_fast.meta.history import History
from bierl_fast.meta.population_based import MemberSettings, PopulationBasedTraining
from bierl_fast.meta.schedule import Schedule, ScheduleSettings
from bierl_fast.meta.settings import GeneratorSettings, MetaSettings, RangeSettings
from bierl_fast.meta.two_point import TwoPointAdaptation, TwoPointSettings
from bierl_fast.names import lookup, unknown
from bierl_fast.public import public
from bierl_fast.settings import Section

S = TypeVar("S", bound=Section)
AUTO = "auto"  # a run's meta-level where nobody names one; what it stands for: config/auto.py


def _some(section: type[Section], *names: str) -> frozenset[str]:
    """The settings of these fields of a section."""
    return frozenset(name for name, own in section.settings().items() if own.name in names)


# Every one takes these, `none` too: a diagnosis of it asks what another would move and propose, and be judged by.
ALWAYS = frozenset(RangeSettings.settings()) | _some(MetaSettings, "objective", "pairs", "episodes", "spread")
SHARED = ALWAYS | GeneratorSettings.settings().keys() | MetaSettings.settings().keys()  # what several meta-levels take
WIDTHS = ("encoder_size", "generator_hidden")  # of a generator that is a network of units
SIZES = ("history", "quantiles", "signals", *WIDTHS)  # of one that sees anything


@public
@dataclass(frozen=True, slots=True)
class MetaParts:
    """What every meta-level is made from.

    Attributes:
        hyperparameters: the configured ones, complete.
        history: the history it will be shown, for its features and the ranges of what is adapted.
        settings: how a learned one learns.
        generator: what a network is made of.
        own: the section of settings that this meta-level alone takes; None: its defaults.
        seed: of the initial weights.
        weights: where a learned generator starts instead: a warm start's.
        observations: numbers that the policy reads, whose parameters are drawn with sigma itself; None: it is not so.
        pairs: antithetic pairs that a step is an average of.
    """

    hyperparameters: Hyperparameters
    history: History
    settings: MetaSettings = MetaSettings()  # noqa: RUF009  (frozen)
    generator: GeneratorSettings = GeneratorSettings()  # noqa: RUF009  (frozen)
    own: Section | None = None
    seed: int = 0
    weights: F32 | None = None
    observations: int | None = None
    pairs: int = 1

    def section(self, kind: type[S]) -> S:
        """`own`, of this section; at its defaults where none was given.

        Raises:
            ArgumentTypeError: it is another meta-level's.
        """
        if self.own is None:
            return kind()
        if not isinstance(self.own, kind):
            raise ArgumentTypeError(f"own must be {kind.__name__}, got {type(self.own).__name__}")
        return self.own


@dataclass(frozen=True, slots=True)
class MetaEntry:
    """One line of the table.

    Attributes:
        make: its constructor, given the parts.
        section: the settings that it alone takes; None: it has none.
        learned: whether it judges proposals by a meta-fitness, within meta_budget.
        adapts: whether it moves hyperparameters, and so has ranges to move them in.
        tells: whether strategies learn from batches of its own, in which no transitions are recorded.
        prefers: options of strategies that it takes where nothing was said.
        takes: which of the settings that several meta-levels take, of ranges, generators and learning; None: all.
        reads: signals that its history has in any case.
        most_momentum: of an optimizer under it, where it cannot tell steps that are too long otherwise; None: any.
    """

    make: Callable[[MetaParts], MetaLevel]
    section: type[Section] | None = None
    learned: bool = False
    adapts: bool = True
    tells: bool = False
    prefers: Mapping[str, Any] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    most_momentum: float | None = None
    takes: frozenset[str] | None = None

    @property
    def taken(self) -> frozenset[str]:
        """Every setting that it takes, its own among them."""
        own = frozenset() if self.section is None else frozenset(self.section.settings())
        return own | (SHARED if self.takes is None else self.takes)


def _learned(encoder: str | None) -> Callable[[MetaParts], MetaLevel]:
    """A learned meta-level with this encoder; None: no network, the hyperparameters themselves are learned."""

    def make(parts: MetaParts) -> MetaLevel:
        # Here, because they load torch: `none` runs without it.
        from bierl_fast.meta.generator import make_generator  # noqa: PLC0415
        from bierl_fast.meta.in_batch import InBatchMeta  # noqa: PLC0415
        from bierl_fast.meta.learned import LearnedMeta  # noqa: PLC0415
        from bierl_fast.meta.outputs import Outputs  # noqa: PLC0415

        settings, shape = parts.settings, parts.generator
        outputs = Outputs.of(parts.hyperparameters, parts.history.ranges, shape, settings)
        generator = make_generator(encoder, parts.history.features, shape, outputs)
        weights = generator.initial_weights(parts.seed) if parts.weights is None else parts.weights
        kind = InBatchMeta if META_FITNESS[settings.fitness].in_batch else LearnedMeta
        return kind(generator, settings, weights)

    return make


def _csa(parts: MetaParts) -> MetaLevel:
    return CumulativeStepSize(parts.hyperparameters, parts.history.ranges, parts.settings.max_move)


def _tpa(parts: MetaParts) -> MetaLevel:
    return TwoPointAdaptation(
        parts.hyperparameters,
        parts.history.ranges,
        parts.settings.max_move,
        parts.section(TwoPointSettings),
        parts.observations,
        parts.pairs,
    )


def _lra(parts: MetaParts) -> MetaLevel:
    return ConstantSignalToNoise(parts.hyperparameters, parts.history.ranges, parts.settings.max_move)


def _schedule(parts: MetaParts) -> MetaLevel:
    return Schedule(parts.hyperparameters, parts.history.ranges, parts.section(ScheduleSettings))


def _bo(parts: MetaParts) -> MetaLevel:
    return BayesianMeta(parts.hyperparameters, parts.history.ranges, parts.settings, parts.section(BayesianSettings))


def _pbt(parts: MetaParts) -> MetaLevel:
    return PopulationBasedTraining(
        parts.hyperparameters, parts.history.ranges, parts.section(MemberSettings), parts.settings.interval
    )


def _require_ranges(parts: MetaParts) -> None:
    """ArgumentError unless there is something to adapt, from a configured value inside its range."""
    if not parts.history.ranges:
        raise ArgumentError(
            "a meta-level that adapts needs at least one hyperparameter to adapt, got adapt = []", ["adapt"]
        )
    for name, bounds in parts.history.ranges.items():
        if name not in parts.hyperparameters:
            known = list(parts.hyperparameters)
            raise unknown("configured hyperparameter among the history's ranges", name, known, [name])
        value = parts.hyperparameters[name]
        if not bounds.low <= value <= bounds.high:
            raise ArgumentError(
                f"the configured {name} {value:g} must lie in its range [{bounds.low:g}, {bounds.high:g}]; "
                f"change one of the two",
                [name],
            )


def which_take(setting: str) -> list[str]:
    """The meta-levels that take it."""
    return [name for name, line in META_LEVELS.items() if setting in line.taken]


# On a quadratic of 100 dimensions, sigma and learning rate from a tenth to ten times too large, csa and tpa converge at
# momentum 0 and 0.5 under Adam, as with the plain step, and diverge at 0.9 under Adam, ClipUp and momentum: there the
# centre swings about its goal in long arcs, along which steps lead the same way however long they are.
_CALM: dict[str, Any] = {
    "prefers": {"optimizer": "gradient"},
    "most_momentum": 0.5,
    "takes": ALWAYS | _some(MetaSettings, "max_move"),
}

META_LEVELS: dict[str, MetaEntry] = {
    "none": MetaEntry(lambda parts: FixedMeta(parts.hyperparameters), adapts=False, takes=ALWAYS),
    "schedule": MetaEntry(_schedule, ScheduleSettings, takes=ALWAYS),
    "csa": MetaEntry(_csa, **_CALM),
    "tpa": MetaEntry(
        _tpa,
        TwoPointSettings,
        reads=("tpa", "drop"),
        **_CALM | {"prefers": {"optimizer": "gradient", "riders": ("tpa",)}},
    ),
    "lra": MetaEntry(_lra, reads=("drop",), **_CALM),
    "bo": MetaEntry(
        _bo,
        BayesianSettings,
        learned=True,
        takes=ALWAYS | _some(MetaSettings, "fitness", "candidates", "interval", "budget", "max_move"),
    ),
    "pbt": MetaEntry(_pbt, MemberSettings, tells=True, takes=ALWAYS | _some(MetaSettings, "interval")),
    "direct": MetaEntry(_learned(None), learned=True, takes=SHARED - _some(GeneratorSettings, *SIZES)),
    "lstm": MetaEntry(_learned("lstm"), learned=True),
    "mlp": MetaEntry(_learned("mlp"), learned=True),
    "mean": MetaEntry(_learned("mean"), learned=True),
    "linear": MetaEntry(_learned("linear"), learned=True, takes=SHARED - _some(GeneratorSettings, *WIDTHS)),
}


def entry(name: str) -> MetaEntry:
    """The line of the meta-level called `name`; UnknownNameError with the nearest when there is none."""
    return lookup("meta-level", name, META_LEVELS, ["meta"])


@public
def make_meta(name: str, parts: MetaParts) -> MetaLevel:
    """The meta-level called `name`.

    Raises:
        ArgumentTypeError: an argument of another type.
        ArgumentError: an unknown name (the nearest is offered), a configured value outside its range.
    """
    found = entry(name)
    if found.adapts:
        _require_ranges(parts)
    return found.make(parts)
