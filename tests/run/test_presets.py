"""Every preset of the package: described, valid, and a run that can be built; and all are installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bierl_fast.run import build, toml

ROOT = Path(__file__).parents[2]
NAMES = sorted(toml.presets())

# Mania et al. 2018: directions, top, step, nu, alive offset. Swimmer's file says why it has another setting.
PUBLISHED: dict[str, tuple[int, int, float, float, float]] = {
    "ars-hopper": (8, 4, 0.01, 0.025, 1.0),
    "ars-halfcheetah": (32, 4, 0.02, 0.03, 0.0),
    "ars-walker2d": (40, 30, 0.03, 0.025, 1.0),
    "ars-ant": (60, 20, 0.015, 0.025, 1.0),
    "ars-humanoid": (256, 256, 0.02, 0.0075, 5.0),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_preset_is_described_and_builds_a_run(name: str) -> None:
    description = toml.describe_preset(toml.presets()[name])
    assert description.endswith(".")
    given = toml.read_preset(name)
    parts = build.make_parts(toml.compose(given).replace(threads=1))
    parts.evaluator.close()
    hyperparameters = build.configured(parts.config, parts.strategy.declared)
    for setting, value in given.items():
        used: Any = hyperparameters[setting] if setting in hyperparameters else getattr(parts.config, setting)
        assert used == (tuple(value) if isinstance(value, list) else value), setting
    assert name.startswith(f"{parts.config.strategy}-")


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_settings(name: str) -> None:
    directions, top, step, nu, offset = PUBLISHED[name]
    config = toml.compose(toml.read_preset(name))
    assert (config.population, config.top) == (2 * directions, top)
    assert (config.learning_rate, config.sigma, config.alive_offset) == (step, nu, offset)
    assert (config.strategy, config.meta, config.hidden, config.obs_norm) == ("ars", "none", (), True)


def test_every_preset_is_installed() -> None:
    """Says something where the package under test is an installed one, as after README's test command."""
    in_the_tree = {path.stem for path in (ROOT / "bierl_fast" / "presets").glob("*.toml")}
    assert set(NAMES) == in_the_tree
    assert len(NAMES) >= 12
