"""Meta-levels by name. Adding one is one file and one line here; one test walks this table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bierl_fast.errors import ArgumentError
from bierl_fast.meta.baselines import FixedMeta
from bierl_fast.meta.csa import CumulativeStepSize
from bierl_fast.meta.schedule import Schedule, ScheduleSettings
from bierl_fast.names import choice, lookup, unknown

if TYPE_CHECKING:  # annotations only: naming the meta-levels must not load the native module
    from bierl_fast.messages import F32, Hyperparameters
    from bierl_fast.meta.base import MetaLevel
    from bierl_fast.meta.history import History
    from bierl_fast.meta.settings import MetaSettings

BO_MEMORIES = ("forget", "restart")


@dataclass(frozen=True, slots=True)
class MetaParts:
    """What every meta-level is made from.

    Attributes:
        hyperparameters: the configured ones, complete.
        history: the history it will be shown, for its features and the ranges of what is adapted.
        settings: how a learned one learns.
        schedule: when `schedule` reaches which values.
        bo_memory: whether `bo` remembers earlier updates: "forget" (the last trials) or "restart" (none).
        pbt_members: k of `pbt`, the leader among them.
        encoder_size: units of the encoder.
        generator_hidden: units of the generator's tanh layer; 0: a linear generator.
        outputs: "absolute" or "relative"; see outputs.Outputs.
        seed: of the initial weights.
        weights: where a learned generator starts instead: a warm start's.
    """

    hyperparameters: Hyperparameters
    history: History
    settings: MetaSettings
    schedule: ScheduleSettings = ScheduleSettings()  # noqa: RUF009  (frozen)
    bo_memory: str = "forget"
    pbt_members: int = 4
    encoder_size: int = 32
    generator_hidden: int = 32
    outputs: str = "absolute"
    seed: int = 0
    weights: F32 | None = None


@dataclass(frozen=True, slots=True)
class MetaEntry:
    """One line of the table.

    Attributes:
        make: its constructor.
        learned: whether it judges proposals by a meta-fitness, within meta_budget.
        adapts: whether it moves hyperparameters, and so has ranges to move them in.
        tells: whether strategies learn from batches of its own, in which no transitions are recorded.
        prefers: options of strategies that it takes where nothing was said.
    """

    make: Callable[[MetaParts], MetaLevel]
    learned: bool = False
    adapts: bool = True
    tells: bool = False
    prefers: Mapping[str, str] = field(default_factory=dict)


def _learned(encoder: str | None) -> Callable[[MetaParts], MetaLevel]:
    """A learned meta-level with this encoder; None: no network, the hyperparameters themselves are learned."""

    def make(parts: MetaParts) -> MetaLevel:
        # Here, because they load torch: `none` runs without it.
        from bierl_fast.meta.generator import make_generator  # noqa: PLC0415
        from bierl_fast.meta.learned import LearnedMeta  # noqa: PLC0415
        from bierl_fast.meta.outputs import Outputs  # noqa: PLC0415

        _require_ranges(parts)
        settings = parts.settings
        outputs = Outputs(
            parts.hyperparameters, parts.history.ranges, parts.outputs, settings.max_move, settings.settling
        )
        sizes = (parts.history.features, parts.encoder_size, parts.generator_hidden)
        generator = make_generator(encoder, sizes, outputs)
        weights = generator.initial_weights(parts.seed) if parts.weights is None else parts.weights
        return LearnedMeta(generator, settings, weights)

    return make


def _csa(parts: MetaParts) -> MetaLevel:
    _require_ranges(parts)
    return CumulativeStepSize(parts.hyperparameters, parts.history.ranges, parts.settings.max_move)


def _schedule(parts: MetaParts) -> MetaLevel:
    _require_ranges(parts)
    return Schedule(parts.hyperparameters, parts.history.ranges, parts.schedule)


def _bo(parts: MetaParts) -> MetaLevel:
    from bierl_fast.meta.bayesian import BayesianMeta  # noqa: PLC0415 - it loads torch

    _require_ranges(parts)
    choice("memory of Bayesian optimisation", parts.bo_memory, BO_MEMORIES)
    remembers = parts.bo_memory == "forget"  # what is old alone; "restart": everything
    return BayesianMeta(parts.hyperparameters, parts.history.ranges, parts.settings, remembers)


def _pbt(parts: MetaParts) -> MetaLevel:
    from bierl_fast.meta.population_based import PopulationBasedTraining  # noqa: PLC0415 - loads the native module

    _require_ranges(parts)
    ranges = parts.history.ranges
    return PopulationBasedTraining(parts.hyperparameters, ranges, parts.pbt_members, parts.settings.interval)


def _require_ranges(parts: MetaParts) -> None:
    """ArgumentError unless there is something to adapt, from a configured value inside its range."""
    if not parts.history.ranges:
        raise ArgumentError("a meta-level that adapts needs at least one hyperparameter to adapt, got adapt = []")
    for name, bounds in parts.history.ranges.items():
        if name not in parts.hyperparameters:
            raise unknown("configured hyperparameter among the history's ranges", name, list(parts.hyperparameters))
        value = parts.hyperparameters[name]
        if not bounds.low <= value <= bounds.high:
            raise ArgumentError(
                f"the configured {name} {value:g} must lie in its range [{bounds.low:g}, {bounds.high:g}]; "
                f"change one of the two"
            )


META_LEVELS: dict[str, MetaEntry] = {
    "none": MetaEntry(lambda parts: FixedMeta(parts.hyperparameters), adapts=False),
    "schedule": MetaEntry(_schedule),
    "csa": MetaEntry(_csa, prefers={"optimizer": "gradient"}),
    "bo": MetaEntry(_bo, learned=True),
    "pbt": MetaEntry(_pbt, tells=True),
    "direct": MetaEntry(_learned(None), learned=True),
    "lstm": MetaEntry(_learned("lstm"), learned=True),
    "mlp": MetaEntry(_learned("mlp"), learned=True),
    "mean": MetaEntry(_learned("mean"), learned=True),
    "linear": MetaEntry(_learned("linear"), learned=True),
}


def make_meta(name: str, parts: MetaParts) -> MetaLevel:
    """The meta-level called `name`.

    Raises:
        ArgumentError: an unknown name (the nearest is offered), a configured value outside its range.
    """
    return lookup("meta-level", name, META_LEVELS).make(parts)
