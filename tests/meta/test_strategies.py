"""Every hyperparameter that a strategy declares adaptable is moved by the learned meta-level, within its range."""

from __future__ import annotations

import pytest
from helpers.strategies import make
from helpers.world import Evaluator, report

from bierl_fast.messages import Hyperparameters, HyperparameterSpec, NoiseKey
from bierl_fast.meta.history import History, Range, default_range
from bierl_fast.meta.settings import GeneratorSettings
from bierl_fast.meta.table import MetaParts, make_meta
from bierl_fast.strategy.table import STRATEGIES


def range_of(spec: HyperparameterSpec) -> Range:
    wanted = default_range(spec.default, spec.scale)
    return Range(max(wanted.low, spec.low), min(wanted.high, spec.high), spec.scale)


def adaptable(name: str) -> dict[str, float]:
    declared = make(name, population=8).declared
    return {name: spec.default for name, spec in declared.items() if spec.adaptable}


@pytest.mark.parametrize("name", [name for name in sorted(STRATEGIES) if adaptable(name)])
def test_every_adaptable_hyperparameter_is_moved(name: str) -> None:
    strategy = make(name, population=8)
    declared, values = strategy.declared, adaptable(name)
    ranges = {name: range_of(declared[name]) for name in values}
    start = Hyperparameters(**{name: spec.default for name, spec in declared.items()})
    # From the middle of its range a value can go either way; 0 is the end of one.
    start = start.replace(
        **{name: (bounds.low + bounds.high) / 2 for name, bounds in ranges.items() if not values[name]}
    )
    past = History(length=4, quantiles=8, ranges=ranges)
    for generation in range(6):
        past.append(report(generation, start))
    level = make_meta("lstm", MetaParts(start, past, generator=GeneratorSettings(encoder_size=8, generator_hidden=8)))
    level.improve(strategy, Evaluator(noise=1), past, NoiseKey(5, 9))
    moved = level.propose(past)
    for adapted, bounds in ranges.items():
        assert moved[adapted] != start[adapted], adapted
        assert bounds.low <= moved[adapted] <= bounds.high
        declared[adapted].check(adapted, moved[adapted])
