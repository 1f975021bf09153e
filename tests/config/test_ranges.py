"""Ranges and scales by name: read, refused, layered, written, typed on a command line, and what runs do with them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.outcomes import lines
from helpers.settings import taken

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.config import toml
from bierl_fast.config.config import Config
from bierl_fast.errors import CheckpointError, RunWarning
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.run import build

SMALL: dict[str, Any] = {
    "task": "quadratic",
    "dim": 6,
    "population": 8,
    "sigma": 0.1,
    "learning_rate": 0.05,
    "meta_candidates": 2,
    "meta_pairs": 1,
    "meta_interval": 1,
    "meta_budget": 0.7,
    "schedule_horizon": 9,
    "generations": 12,
    "seed": 3,
}
MOMENTUM: dict[str, Any] = {
    **SMALL,
    "optimizer": "momentum",
    "meta": "direct",
    "adapt": ("momentum",),
    "ranges": {"momentum": (0.5, 0.99)},
}
FACTORS = ("csa", "tpa", "lra")  # multiply sigma and the learning rate alone
ADAPTING = [name for name, entry in META_LEVELS.items() if entry.adapts and name not in FACTORS]


def made(**changes: Any) -> build.Parts:
    parts = build.make_parts(Config(**taken({**SMALL, **changes})))
    parts.evaluator.close()
    return parts


BAD: list[tuple[dict[str, Any], str]] = [
    ({"ranges": {"momentum": (0.9, 0.5)}}, r"ranges.momentum must be low,high with low < high, both finite, got 0.9,0"),
    ({"ranges": {"momentum": (0.9, 0.9)}}, "ranges.momentum must be low,high with low < high"),
    ({"ranges": {"momentum": (float("nan"), 0.9)}}, "ranges.momentum must be low,high .* both finite, got nan,0.9"),
    ({"ranges": {"entropy_weight": (0, float("inf"))}}, "ranges.entropy_weight must be .* both finite, got 0.0,inf"),
    ({"ranges": {"entropy_weight": (-float("inf"), 0)}}, "ranges.entropy_weight must be .* both finite, got -inf,0.0"),
    ({"ranges": {"momentum": ("a", 1)}}, r"ranges.momentum must be 2 values, each a number, got \['a', 1\]"),
    ({"ranges": {"momentum": (True, 2)}}, "ranges.momentum must be 2 values, each a number, got"),
    ({"ranges": {"momentum": 0.5}}, "ranges.momentum must be 2 values, each a number, got 0.5"),
    ({"ranges": {"momentum": (0.1, 0.2, 0.3)}}, "ranges.momentum must be 2 values"),
    ({"ranges": {1: (0.1, 0.2)}}, "ranges must be a table, with 2 values, each a number for each name in it"),
    ({"ranges": (0.1, 0.2)}, "ranges must be a table"),
    ({"scales": {"momentum": 3}}, "scales.momentum must be a string, got 3"),
    ({"scales": {"momentum": "lg"}}, r"no scales.momentum named 'lg'; did you mean 'log'\? known: linear, log"),
    ({"scales": "log"}, "scales must be a table, with a string for each name in it, got 'log'"),
    ({"momentum": 0.3, "ranges": {"momentum": (0.5, 0.9)}}, r"momentum must lie in ranges.momentum \[0.5, 0.9\], got"),
    ({"sigma": 3.0, "ranges": {"sigma": (0.5, 0.9)}}, "sigma must lie in ranges.sigma"),
    ({"ranges": {"sigma": (0.0, 0.9)}}, "ranges.sigma must be low,high with 0 < low < high, both finite, got 0.0,0.9"),
    ({"ranges": {"sigma": (1e-50, 0.9)}}, "ranges.sigma must be above 0 and finite in single precision"),
    (
        {"ranges": {"momentum": (0.0, 0.9)}, "scales": {"momentum": "log"}},
        "ranges.momentum must be .* 0 < low < high, both finite, got 0.0,0.9; scales.momentum = 'linear' takes 0",
    ),
    ({"ranges": {"sigma": (0.1, 1.0)}, "sigma_range": (0.1, 1.0)}, "sigma_range and ranges.sigma are the same setting"),
    (
        {"ranges": {"learning_rate": (0.01, 1.0)}, "learning_rate_range": (0.01, 1.0)},
        "learning_rate_range and ranges.learning_rate are the same setting; give one of them",
    ),
    (
        {"scales": {"sigma": "log"}, "sigma_scale": "linear", "sigma_range": (0.1, 1.0)},
        "sigma_scale and scales.sigma are the same setting; give one of them",
    ),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_what_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Config(**taken({**SMALL, **changes}))
    assert "\n" not in str(caught.value)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"ranges": {"momentun": (0.1, 0.9)}}, "no adaptable hyperparameter of strategy 'es' in ranges named 'momentun'; "),
    ({"scales": {"momentun": "log"}}, r"'es' in scales named .*; did you mean 'momentum'\? known: .*, momentum, .*"),
    ({"ranges": {"alive_offset": (0.1, 0.9)}}, "in ranges named 'alive_offset'; known: entropy_weight, learning_rate"),
    ({"strategy": "ars", "ranges": {"momentum": (0.1, 0.9)}}, "strategy 'ars' in ranges named 'momentum'; known: "),
    ({"meta": "none", "ranges": {"sigam": (0.1, 0.9)}}, r"in ranges named 'sigam'; did you mean 'sigma'\?"),
    (
        {"ranges": {"momentum": (0.1, 1.0)}},
        "the upper end of ranges.momentum must be finite and .* at most 0.9999, got",
    ),
    ({"ranges": {"weight_decay": (-0.1, 1.0)}}, "the lower end of ranges.weight_decay must be .* at least 0, got -0.1"),
    (
        {"ranges": {"momentum": (0.1, 0.5)}},
        r"momentum must lie in ranges.momentum \[0.1, 0.5\], got 0.9",
    ),  # its default
    (
        {"adapt": ("momentum",), "scales": {"momentum": "log"}},
        "scales.momentum = 'log' needs ranges.momentum, the low,high that momentum may move in",
    ),
    (
        {"adapt": ("sigma",), "scales": {"sigma": "linear"}},
        "scales.sigma = 'linear' needs sigma_range, the low,high that sigma may move in",
    ),
    (
        {"adapt": ("entropy_weight",)},
        r"no range to move in; give it one \(--range entropy_weight=LOW,HIGH, in files ranges = {entropy_weight = ",
    ),
    (
        {"adapt": ("entropy_weight",), "ranges": {"entropy_weight": (0.1, 1.0)}, "scales": {"entropy_weight": "log"}},
        r"entropy_weight must lie in ranges.entropy_weight \[0.1, 1.0\], got 0.0; change one of the two",
    ),
]


@pytest.mark.parametrize(("changes", "message"), REFUSED)
def test_what_the_strategy_does_not_let_move_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        made(**{"meta": "direct", **changes})
    assert "\n" not in str(caught.value)


def test_any_hyperparameter_has_a_range_and_a_scale() -> None:
    given = {"momentum": (0.5, 0.99), "entropy_weight": (-0.1, 0.1), "weight_decay": (1e-4, 0.1), "sigma": (0.01, 1)}
    scales = {"weight_decay": "log", "sigma": "linear", "momentum": "linear"}
    ranges = made(meta="mlp", adapt=tuple(given), ranges=given, scales=scales, weight_decay=0.01).history.ranges
    assert {name: (bounds.low, bounds.high) for name, bounds in ranges.items()} == given
    expected = {"momentum": "linear", "entropy_weight": "linear", "weight_decay": "log", "sigma": "linear"}
    assert {name: bounds.scale for name, bounds in ranges.items()} == expected


def test_shorthands_say_the_same() -> None:
    short = Config(**taken({**SMALL, "meta": "direct"}), sigma_range=(0.05, 0.5), learning_rate_range=(0.01, 0.1))
    by_name = short.replace(
        sigma_range=None, learning_rate_range=None, ranges={"sigma": (0.05, 0.5), "learning_rate": (0.01, 0.1)}
    )
    assert lines(bf.train(short)) == lines(bf.train(by_name))
    linear = short.replace(sigma_scale="linear")
    assert lines(bf.train(linear)) == lines(bf.train(short.replace(scales={"sigma": "linear"})))
    assert lines(bf.train(linear)) != lines(bf.train(short))


def test_a_range_without_effect_is_said_and_fixed_hyperparameters_may_have_one() -> None:
    idle: dict[str, Any] = {"ranges": {"momentum": (0.5, 0.99)}, "sigma_range": (0.01, 1.0)}
    with pytest.warns(RunWarning, match="the range or scale of momentum has no effect: .* 'direct' moves sigma, learn"):
        made(meta="direct", **idle)
    with pytest.warns(RunWarning, match="of sigma, momentum has no effect: .* 'direct' moves learning_rate alone"):
        made(meta="direct", adapt=("learning_rate",), **idle)
    assert made(meta="none", **idle).history.ranges == {}


def test_layers_win_name_by_name_and_toml_gives_every_bit_back(tmp_path: Path) -> None:
    first = {
        "task": "Ant-v5",
        "ranges": {"momentum": [0.1 + 0.2, 1 / 3], "sigma": [0.1, 1]},
        "scales": {"sigma": "log"},
    }
    config = toml.compose(first, {}, {"ranges": {"sigma": [1e-7, 0.7]}, "scales": {"momentum": "log"}})
    assert config.ranges == {"momentum": (0.1 + 0.2, 1 / 3), "sigma": (1e-7, 0.7)}
    assert config.scales == {"sigma": "log", "momentum": "log"}
    path = tmp_path / "config.toml"
    path.write_text(toml.dumps(config), encoding="utf-8")
    assert toml.compose(toml.read(path)) == config
    path.write_text('task = "Ant-v5"\nranges = {momentum = [0.5, 0.99]}\n', encoding="utf-8")
    assert toml.compose(toml.read(path)).ranges == {"momentum": (0.5, 0.99)}
    assert Config(task="Ant-v5", ranges={"momentum": np.array([0.5, 0.75])}).ranges == {"momentum": (0.5, 0.75)}


def test_on_a_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, run = tmp_path / "some.toml", tmp_path / "run"
    file.write_text("[ranges]\nmomentum = [0.5, 0.99]\nentropy_weight = [0.0, 0.1]\n", encoding="utf-8")
    typed = ["train", "quadratic", "--dim", "5", "--meta", "direct", "--adapt", "momentum,entropy_weight"]
    typed += ["--generations", "1", "--quiet"]
    ranges = ["--range", "momentum=0.25,0.95", "--scale", "momentum=log", "--range", "entropy_weight=-1e-1,.5"]
    assert entry([*typed, "--config", str(file), *ranges, "--run-dir", str(run)]) == 0
    config = toml.compose(toml.read(run / "config.toml"))
    assert config.ranges == {"momentum": (0.25, 0.95), "entropy_weight": (-0.1, 0.5)}
    assert config.scales == {"momentum": "log"}
    for flag, wrong, message in (
        ("--range", "momentum", "'momentum' is not name=low,high, two numbers: momentum=0.5,0.99"),
        ("--range", "momentum=0.5", "'momentum=0.5' is not name=low,high"),
        ("--range", "momentum=0.5,x", "'momentum=0.5,x' is not name=low,high"),
        ("--range", "momentum=0.5,0.6,0.7", "is not name=low,high"),
        ("--range", "momentum=0.99,0.5", "ranges.momentum must be low,high with low < high"),
        ("--scale", "momentum", "'momentum' is not name=log or name=linear"),
        ("--scale", "momentum=lin", "did you mean 'linear'?"),
    ):
        assert entry([*typed, flag, wrong, "--run-dir", str(tmp_path / "none")]) == 2
        err = capsys.readouterr().err
        assert message in err
        assert err.count("\n") == 1
        assert not (tmp_path / "none").exists()


def test_a_learned_meta_level_moves_momentum_inside_its_range() -> None:
    """Towards more of it, on a quadratic whose learning rate is small."""
    records = bf.train(Config(**{**taken(MOMENTUM), "momentum": 0.6, "generations": 60})).metrics
    values = [line["hyperparameters"]["momentum"] for line in records]
    assert values[0] == 0.6
    assert 0.5 <= min(values) < max(values) <= 0.99
    assert len(set(values)) > 5
    assert values[-1] > 0.9
    assert {line["sigma"] for line in records} == {0.1}


@pytest.mark.parametrize("meta", ADAPTING)
def test_every_meta_level_moves_what_is_zero_at_first(meta: str) -> None:
    """On a linear scale from below 0, at the range's inside and, at 0, its end. A schedule needs an end of its own."""
    config = Config(
        **taken({**SMALL, "meta": meta}),
        adapt=("entropy_weight", "weight_decay"),
        ranges={"entropy_weight": (-0.5, 0.1), "weight_decay": (0.0, 0.2)},
        schedule_end=(-0.4, 0.1) if meta == "schedule" else None,
    )
    records = bf.train(config).metrics
    for name, (low, high) in config.ranges.items():
        values = [line["hyperparameters"][name] for line in records]
        assert values[0] == 0.0
        assert low <= min(values) <= max(values) <= high
        assert len(set(values)) > 1


def test_a_run_with_ranges_goes_on_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    config = Config(
        **{**taken(MOMENTUM), "ranges": {"momentum": (0.1 + 0.2, 0.99)}}, momentum=0.7, scales={"momentum": "log"}
    )
    whole = bf.train(config, tmp_path / "whole")
    bf.train(config.replace(generations=5), tmp_path / "stopped")
    assert lines(bf.resume(tmp_path / "stopped", generations=12)) == lines(whole)
    for file in ("checkpoint.npz", "policy.npz"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "stopped" / file).read_bytes(), file


def test_a_range_ties_a_checkpoint(tmp_path: Path) -> None:
    bf.train(Config(**taken(MOMENTUM)), tmp_path)
    path = tmp_path / "config.toml"
    saved = tomllib.loads(path.read_text())
    assert saved["ranges"] == {"momentum": [0.5, 0.99]}
    path.write_text(path.read_text().replace("0.99,", "0.98,"), encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"other settings .*: ranges was .*0\.99.*, is .*0\.98"):
        bf.resume(tmp_path, generations=14)


def test_a_warm_start_of_the_runs_own_has_its_ranges(tmp_path: Path) -> None:
    config = Config(
        **{**taken(MOMENTUM), "task": "Reacher-v5", "dim": None, "meta": "mlp", "hidden": (), "generations": 2},
        warm_start_task="InvertedPendulum-v5",
        warm_start_limit=2000,
    )
    result = bf.train(config, tmp_path / "run")
    assert all(0.5 <= line["hyperparameters"]["momentum"] <= 0.99 for line in result.metrics)
    assert len(bf.resume(tmp_path / "run", generations=3).metrics) == 3
