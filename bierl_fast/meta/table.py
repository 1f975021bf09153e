"""Meta-levels by name. Adding one is one file and one line here; one test walks this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bierl_fast.meta.baselines import FixedMeta
from bierl_fast.names import lookup

if TYPE_CHECKING:  # annotations only: naming the meta-levels must not load the native module
    from bierl_fast.messages import Hyperparameters
    from bierl_fast.meta.base import MetaLevel
    from bierl_fast.meta.history import History
    from bierl_fast.meta.settings import MetaSettings


@dataclass(frozen=True, slots=True)
class MetaParts:
    """What every meta-level is made from.

    Attributes:
        hyperparameters: the configured ones, complete.
        history: the history it will be shown, for its features and the ranges of what is adapted.
        settings: how a learned one learns.
        encoder_size: units of the encoder.
        generator_hidden: units of the generator's tanh layer.
        seed: of the initial weights.
    """

    hyperparameters: Hyperparameters
    history: History
    settings: MetaSettings
    encoder_size: int = 32
    generator_hidden: int = 32
    seed: int = 0


@dataclass(frozen=True, slots=True)
class MetaEntry:
    """One line of the table."""

    make: Callable[[MetaParts], MetaLevel]
    learned: bool


def _lstm(parts: MetaParts) -> MetaLevel:
    # Here, because they load torch: `none` runs without it.
    from bierl_fast.meta.encoder import LstmEncoder  # noqa: PLC0415
    from bierl_fast.meta.generator import Generator  # noqa: PLC0415
    from bierl_fast.meta.learned import LearnedMeta  # noqa: PLC0415

    if not parts.history.ranges:
        raise ValueError("a learned meta-level needs at least one hyperparameter to adapt, got adapt = []")
    for name, size in (("encoder_size", parts.encoder_size), ("generator_hidden", parts.generator_hidden)):
        if size < 1:
            raise ValueError(f"{name} must be at least 1, got {size}")
    encoder = LstmEncoder(parts.history.features, parts.encoder_size)
    generator = Generator(encoder, parts.generator_hidden, parts.hyperparameters, parts.history.ranges)
    return LearnedMeta(generator, parts.history.ranges, parts.settings, parts.seed)


META_LEVELS: dict[str, MetaEntry] = {
    "none": MetaEntry(lambda parts: FixedMeta(parts.hyperparameters), learned=False),
    "lstm": MetaEntry(_lstm, learned=True),
}


def make_meta(name: str, parts: MetaParts) -> MetaLevel:
    """The meta-level called `name`.

    Raises:
        ValueError: an unknown name (the nearest is offered), a configured value outside its range.
    """
    return lookup("meta-level", name, META_LEVELS).make(parts)
