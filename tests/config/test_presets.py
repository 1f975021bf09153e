"""Every preset of the package: described, valid, and a run that can be built; and all are installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bierl_fast.config import resolve, toml
from bierl_fast.config.reference import Reference
from bierl_fast.errors import ConfigError
from bierl_fast.run import build
from bierl_fast.run.api import train

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
    parts = build.make_parts(toml.compose({"task": "InvertedPendulum-v5"}, given).replace(threads=1))
    parts.evaluator.close()
    switches = given.pop("reference", {})
    assert {switch: getattr(parts.config.reference, switch) for switch in switches} == switches
    hyperparameters = resolve.configured(parts.config, parts.strategy.declared)
    for setting, value in given.items():
        used: Any = hyperparameters[setting] if setting in hyperparameters else getattr(parts.config, setting)
        assert used == (tuple(value) if isinstance(value, list) else value), setting
    assert name.startswith(f"{parts.config.strategy}-") or name == "paper"


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_settings(name: str) -> None:
    directions, top, step, nu, offset = PUBLISHED[name]
    config = toml.compose(toml.read_preset(name))
    assert (config.population, config.top) == (2 * directions, top)
    assert (config.learning_rate, config.sigma, config.alive_offset) == (step, nu, offset)
    assert (config.strategy, config.meta, config.hidden, config.obs_norm) == ("ars", "none", (), True)


def test_the_papers_settings_hold_on_any_task() -> None:
    """The authors' defaults, and what their code does otherwise: every named switch of their Vanilla ES is on."""
    given = toml.read_preset("paper")
    assert "task" not in given
    with pytest.raises(ConfigError, match="no task given"):
        toml.compose(given)
    config = toml.compose(given, {"task": "Swimmer-v5"})
    assert (config.population, config.meta_candidates, config.meta_episodes) == (200, 200, 10)
    assert (config.meta_interval, config.history, config.generations) == (10, 10, 1000)
    assert (config.sigma_range, config.sigma_scale, config.adapt) == ((0.02, 0.08), "linear", ("sigma",))
    assert (config.meta, config.encoder_size, config.generator_hidden) == ("lstm", 1024, 0)
    assert (config.meta_sigma, config.meta_learning_rate, config.meta_budget) == (0.05, 0.03, 0.5)
    assert (config.hidden, config.log_std, config.obs_norm) == ((64, 64), -3.5, False)
    assert config.meta_fitness == "sample_mean"
    assert (config.shaping, config.crn, config.squash) == ("log_rank_full", "population", "none")
    assert (config.action_noise, config.episode_cap) == ("evolved", 1000)
    assert config.reference == Reference(mirrored=False, ties="best", step_scale="reference")


def test_the_papers_other_strategies_start_from_its_preset() -> None:
    """As the preset's comment says."""
    others: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"strategy": "meps", "shaping": "log_rank", "entropy_weight": 0.1}, {"entropy": "differential"}),
        ({"strategy": "nsra", "shaping": "log_rank"}, {"novelty_mix": "raw", "nsra_direction": "inverted"}),
    ]
    for changes, switches in others:
        layers = [toml.read_preset("paper"), {"task": "Swimmer-v5", "encoder_size": 8, "threads": 1, **changes}]
        config = toml.compose(*layers, {"reference": {"mirrored": True, **switches}})
        parts = build.make_parts(config)
        assert parts.config.reference == Reference(ties="best", step_scale="reference", **switches)
        parts.evaluator.close()


@pytest.mark.slow
def test_the_paper_preset_trains(tmp_path: Path) -> None:
    """One meta-update of five million weights in blocks; its budget alone would put that off a little longer.

    Its warm start goes a fiftieth of its way: far enough for meta-updates of its own.
    """
    config = toml.compose(toml.read_preset("paper"), {"task": "InvertedPendulum-v5"})
    result = train(config.replace(generations=11, meta_budget=0.95, warm_start_limit=100_000), tmp_path)
    last = result.metrics[-1]
    assert last["meta_updates"] == 1
    assert last["meta_steps"] > 0
    assert 0.02 <= last["sigma"] <= 0.08
    assert last["sigma"] != 0.05


def test_every_preset_is_installed() -> None:
    """Says something where the package under test is an installed one, as after README's test command."""
    in_the_tree = {path.stem for path in (ROOT / "bierl_fast" / "presets").glob("*.toml")}
    assert set(NAMES) == in_the_tree
    assert len(NAMES) >= 12
