"""The [reference] section: what the BiERL authors' code does otherwise than the papers it builds on, by name.

    TOML [reference], --reference NAME=VALUE, a dict in Python -> read -> Reference -> constructor arguments

Every switch is off by default, and a strategy that has no use for one refuses it. Parity with the authors' code is unit
by unit; their runs cannot be repeated. What is merely another choice of an ordinary setting is that setting's.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from bierl_fast.errors import ConfigError, shown
from bierl_fast.names import unknown
from bierl_fast.settings import Section, setting
from bierl_fast.strategy.esac import TUNINGS
from bierl_fast.strategy.novelty import MIXES, SCALES
from bierl_fast.strategy.nsra import DIRECTIONS
from bierl_fast.strategy.reference import ENTROPIES, STEP_SCALES
from bierl_fast.strategy.shaping import TIES
from bierl_fast.values import checked

SETTING = "reference"
# Of the authors' code too, and ordinary settings here.
ELSEWHERE = {
    "shaping": "shaping = 'log_rank_full'",
    "evolve_log_std": "action_noise = 'evolved'",
    "clip_actions": "squash = 'none'",
    "episode_cap": "episode_cap = 1000",
    "crn": "crn = 'population'",
    "meta_fitness": "meta_fitness = 'sample_mean'",
    "generator": "generator_hidden = 0",
    "bo": "bo_memory = 'restart'",
}


def _switch(default: Any, text: str, choices: tuple[str, ...] | None = None) -> Any:
    """A field of Reference: what it changes, and its values where it is not on or off."""
    return dataclasses.field(default=default, metadata={"help": text, **({"choices": choices} if choices else {})})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Named switches to the BiERL authors' behavior; each field's help says what it changes. Made by `read`."""

    mirrored: bool = _switch(
        True, "antithetic pairs; false: independent candidates, each with noise of its own (their Vanilla ES)"
    )
    ties: str = _switch(
        "share",
        "what equal fitnesses get of a log-rank shaping: share the mean of their ranks' weights, or each the best",
        TIES,
    )
    step_scale: str = _switch(
        "strategy",
        "reference: plain steps of learning_rate / (40 sigma), a frozen population size; the meta-level's own likewise",
        STEP_SCALES,
    )
    entropy: str = _switch(
        "relative",
        "of the bonus: relative to the starting policy's, mean over steps; or differential, summed over steps, "
        "which is negative at a small log_std and so a price on every step lived",
        ENTROPIES,
    )
    novelty_mix: str = _switch(
        "ranks", "ranks of return and of novelty are mixed; raw: the values themselves, then ranked", MIXES
    )
    novelty_scale: str = _switch(
        "mean_distance",
        "novelty is the mean distance to the nearest behaviours; or their sum over the archive's Frobenius norm",
        SCALES,
    )
    nsra_direction: str = _switch(
        "paper",
        "stagnation raises the weight of novelty; inverted: it lowers it, and improvement raises it",
        DIRECTIONS,
    )
    sac_overwrites_mean: bool = _switch(
        False, "every fifth generation ends with SAC's actor in the centre's place (else it is a candidate)"
    )
    amt: str = _switch(
        "ranks",
        "what automatic mutation tuning reads: ranks, or returns in the task's own units",
        TUNINGS,
    )


def _choices(field: dataclasses.Field[Any]) -> str:
    values = [value for value in field.metadata.get("choices", ("true", "false")) if value != field.default]
    return f"{field.name}={'false' if field.default is True else values[0]}"


CHOICES = ", ".join(_choices(field) for field in dataclasses.fields(Reference))  # each switched on, in words


def read(value: Any) -> Reference:
    """A Reference out of switches by name.

    Raises:
        UnknownNameError: a name that is no switch, or a value that is no choice; with the nearest.
        ConfigError: a value of another type; or the name of an ordinary setting, with what to write instead.
    """
    if isinstance(value, Reference):
        return value
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"reference must hold switches by name, such as mirrored = false, got {shown(value)}", [SETTING]
        )
    known = {field.name: field for field in dataclasses.fields(Reference)}
    kinds = typing.get_type_hints(Reference)
    switches = {}
    for name, given in value.items():
        if name in ELSEWHERE:
            raise ConfigError(f"{name} is no reference switch: the setting is {ELSEWHERE[name]}", [SETTING])
        if name not in known:
            raise unknown("reference switch", name, known, [SETTING])
        switches[name] = checked(f"{SETTING}.{name}", given, kinds[name], known[name].metadata)
    return Reference(**switches)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceSettings(Section):
    """The switches as one setting of a run."""

    title: ClassVar[str] = "the authors' behavior"

    reference: Reference = setting(Reference, f"switch to the BiERL authors' behavior: {CHOICES}")
