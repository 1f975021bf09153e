"""Generators that are trained in a moment, and a training that is interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from bierl_fast.pretraining import api, crew
from bierl_fast.pretraining.plan import PretrainSettings

CHEAP: dict[str, Any] = {"meta_interval": 1, "meta_candidates": 2, "meta_pairs": 1, "meta_episodes": 1}
SHAPE: dict[str, Any] = {"meta": "mlp", "encoder_size": 6, "generator_hidden": 5, "quantiles": 5, "history": 4}


class Interrupting:
    """An observer that presses Ctrl-C after the first meta-update."""

    def __init__(self) -> None:
        self.steps = 0

    def __call__(self, record: dict[str, Any]) -> None:
        self.steps = record["env_steps"]
        if record["meta_updates"] == 1:
            raise KeyboardInterrupt


@dataclass(frozen=True, slots=True)
class Short(PretrainSettings):
    """Rounds of some milliseconds."""

    generators: int = 4
    problems: int = 2
    generations: tuple[int, ...] = (4,)


def shorten(patch: pytest.MonkeyPatch) -> None:
    """Rounds are Short ones until the patch is undone, and processes, which take longer to start, come if asked for."""
    patch.setattr(api, "PretrainSettings", Short)
    patch.setattr(crew, "available_cores", lambda: 1)
