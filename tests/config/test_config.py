"""Settings: every field documented, every wrong value refused with its name in one line, TOML exact."""

from __future__ import annotations

import dataclasses
import inspect
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast.config import resolve, toml
from bierl_fast.config.config import Config
from bierl_fast.config.foreign import foreign
from bierl_fast.config.sections import hints, none_is_said
from bierl_fast.errors import ConfigError, UnknownNameError
from bierl_fast.strategy.ask_tell import AskTell
from bierl_fast.strategy.es import EvolutionStrategy


class Optimizer:
    """Another library's."""

    def ask(self) -> list[list[float]]:
        return [[0.0]]

    def tell(self, candidates: Any, losses: list[float], /) -> None:
        """Learn nothing."""


FULL = Config(
    task="Hopper-v5",
    task_kwargs={"healthy_z_range": (0.7, float("inf")), "frame_skip": 4, "nested": {"on": True}},
    generations=10,
    total_steps=12_345_678_901,
    seed=2**64 - 1,
    sigma=0.1,
    learning_rate=1 / 3,
    hidden=(),
    adapt=("sigma",),
    sigma_range=(1e-7, 0.5),
    threads=3,
    episode_cap=100,
)

BAD: list[tuple[dict[str, Any], str]] = [
    ({"task": ""}, "task must be the id of a task"),
    ({"task": 3}, "task must be a string or a Python function, got 3"),
    ({"strategy": 3}, "strategy must be a string, got 3"),
    (
        {"strategy": AskTell(Optimizer())},
        "must be the name of a strategy, .*, got AskTell; .* the loop of ask, evaluate",
    ),
    ({"dim": 0}, "dim must be at least 1 and at most 1073741824, got 0"),
    ({"vectorized": True}, "vectorized is for functions, which need dim"),
    ({"task_kwargs": {"a": None}}, r"task_kwargs\['a'\] must hold"),
    ({"task_kwargs": {1: 2}}, "task_kwargs must be a dict with names"),
    ({"population": 63}, "population must be even .*, got 63; take 64"),
    ({"population": 0}, "population must be at least 2 and at most 1048576, got 0"),
    ({"population": "sixty"}, "population must be an integer, got 'sixty'"),
    ({"population": 64.5}, "population must be an integer, got 64.5"),
    ({"population": True}, "population must be an integer, got True"),
    ({"seed": -1}, "seed must be at least 0"),
    ({"seed": 2**64}, "seed must be .* at most 18446744073709551615"),
    ({"sigma": 0.0}, "sigma must be finite and above 0.0, got 0.0"),
    ({"sigma": -1}, "sigma must be finite and above"),
    ({"sigma": float("nan")}, "sigma must be finite"),
    ({"learning_rate": float("inf")}, "learning_rate must be finite"),
    ({"learning_rate": 0}, "learning_rate must be finite and above"),
    ({"momentum": 1.5}, "momentum must be finite and at least 0.0 and at most 1.0, got 1.5"),
    ({"threads": 0}, "threads must be at least 1 and at most 1024, got 0"),
    ({"generations": 0}, "generations must be at least 1"),
    ({"total_steps": 0}, "total_steps must be at least 1"),
    ({"hidden": (64, 0)}, "hidden must .*at least 1"),
    ({"hidden": "64;64"}, "hidden must be a list, each an integer"),
    ({"obs_norm": 1}, "obs_norm must be true or false or none, got 1"),
    ({"sigma_range": (0.5, 0.1)}, "sigma_range must be low,high"),
    ({"sigma_range": (0.0, 0.1)}, "sigma_range must be low,high"),
    ({"learning_rate_range": (1, 2, 3)}, "learning_rate_range must be 2 values"),
    ({"sigma": 5.0, "sigma_range": (0.1, 1.0)}, "sigma must lie in sigma_range"),
    ({"meta": "lstm", "meta_budget": 0}, "meta_budget must be above 0 for the learned meta-level 'lstm'"),
    ({"meta_budget": 1.1}, "meta_budget must be finite and at least 0.0 and below 1.0"),
    ({"meta_candidates": 7}, "meta_candidates must be even"),
    ({"meta_max_move": 1.0}, "meta_max_move must be finite and above 1.0"),
    ({"adapt": ()}, "adapt must name a hyperparameter"),
    ({"adapt": ("sigma", "sigma")}, "adapt must name each hyperparameter once"),
    ({"checkpoint_seconds": -1.0}, "checkpoint_seconds must be"),
    ({"hidden": (2**16 + 1,)}, "hidden must hold layer sizes of at least 1 and at most 65536"),
    ({"population": 2**20, "episodes_per_candidate": 2**11}, "fewer than 2147483648 episodes in one batch"),
    ({"meta_candidates": 2**16, "meta_pairs": 2**15}, "fewer than 2147483648 episodes in one batch"),
    ({"meta": "pbt", "pbt_members": 2**16, "population": 2**15}, "pbt_members must give fewer than 2147483648 episo"),
    ({"sigma": 1e-46}, "sigma must be above 0 and finite in single precision"),
    ({"learning_rate": 1e39}, "learning_rate must be above 0 and finite in single precision"),
    ({"sigma_range": (1e-50, 0.1)}, "sigma_range must be above 0 and finite in single precision"),
    ({"learning_rate_range": (0.1, 1e300)}, "learning_rate_range must be above 0 and finite in single precision"),
]


LARGEST = {
    "schedule_horizon": 2**53,
    "warm_start_limit": 2**53,
    "dim": 2**30,
    "centers": 2**16,
    "neighbors": 2**20,
    "archive_size": 2**20,
    "patience": 2**53,
    "threads": 1024,
    "workers": 1024,
    "ray_threads": 1024,
    "retries": 2**16,
    "population": 2**20,
    "top": 2**16,
    "generations": 2**53,
    "total_steps": 2**53,
    "episodes_per_candidate": 2**16,
    "center_episodes": 2**16,
    "replay_size": 2**31 - 1,
    "sac_batch": 2**20,
    "episode_cap": 2**31 - 1,
    "history": 2**20,
    "quantiles": 2**20,
    "encoder_size": 2**16,
    "generator_hidden": 2**16,
    "meta_candidates": 2**16,
    "meta_pairs": 2**16,
    "pbt_members": 2**16,
    "meta_episodes": 2**16,
    "meta_credit": 2**53,
    "meta_interval": 2**53,
    "eval_interval": 2**53,
    "policy_interval": 2**53,
    "eval_episodes": 2**16,
    "log_video": 2**53,
    "seed": 2**64 - 1,
}


@pytest.mark.parametrize("name", LARGEST)
def test_every_whole_number_has_a_largest(name: str) -> None:
    largest: dict[str, Any] = {name: LARGEST[name]}
    assert getattr(Config(task="Hopper-v5", **largest), name) == LARGEST[name]
    for value in (LARGEST[name] + 1, 2**70):
        larger: dict[str, Any] = {name: value}
        with pytest.raises(ConfigError, match=f"{name} must be at least . and at most {LARGEST[name]}, got {value}"):
            Config(task="Hopper-v5", **larger)


def test_what_is_none_against_its_default_is_written(tmp_path: Path) -> None:
    """A file that leaves it out would read as the default."""
    names = [name for name in hints() if none_is_said(name)]
    assert names == ["tpa_noise"]  # add each to the settings below
    config = Config(task="Swimmer-v5", meta="tpa", generations=1, tpa_noise=None)
    path = tmp_path / "config.toml"
    path.write_text(toml.dumps(config), encoding="utf-8")
    assert 'tpa_noise = "none"' in path.read_text(encoding="utf-8")
    assert toml.compose(toml.read(path)) == config
    assert toml.read_saved(path) == config


def test_no_whole_number_is_left_without_a_largest() -> None:
    whole = {name for name, kind in hints().items() if kind in (int, int | None)}
    assert whole == set(LARGEST)


def test_a_range_holds_its_ends() -> None:
    for sigma in (0.01, 0.5):
        config = Config(task="Hopper-v5", sigma=sigma, sigma_range=(0.01, 0.5), learning_rate=0.1)
        assert resolve.adapted_ranges(config, EvolutionStrategy.declared)["sigma"].position(sigma) in (0.0, 1.0)


@pytest.mark.parametrize("name", ["sigma", "learning_rate"])
def test_single_precision_holds_a_default_range(name: str) -> None:
    for value, message in ((1e-44, "lower end"), (1e37, "upper end")):
        values: dict[str, Any] = {"sigma": 0.1, "learning_rate": 0.1, name: value}
        with pytest.raises(ConfigError, match=f"the {message} of {name}'s range must be above 0 and finite"):
            resolve.adapted_ranges(Config(task="Hopper-v5", **values), EvolutionStrategy.declared)


@pytest.mark.parametrize("name", ["weight_decay", "entropy_weight", "momentum"])
def test_what_is_zero_has_no_range_to_move_in(name: str) -> None:
    values: dict[str, Any] = {"sigma": 0.1, "learning_rate": 0.1, "adapt": (name,), "momentum": 0.5, name: 0.0}
    config = Config(task="Hopper-v5", **values)
    with pytest.raises(ConfigError, match=f"adapt cannot hold {name}, which is 0.0 .* some of sigma, learning_rate"):
        resolve.adapted_ranges(config, EvolutionStrategy.declared)
    ranges = resolve.adapted_ranges(config.replace(**{name: 0.25}), EvolutionStrategy.declared)
    assert (ranges[name].low, ranges[name].high) == (0.0, 0.5)


@pytest.mark.parametrize(("values", "message"), BAD)
def test_a_wrong_value_is_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        Config(**{"task": "Hopper-v5", **values})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["crn", "squash", "activation", "action_noise"])
def test_an_unknown_choice_lists_the_known_ones(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f"no {name} named 'nonsense'; .*known: "):
        toml.compose({"task": "Hopper-v5", name: "nonsense"})


def test_an_unknown_setting_offers_the_nearest() -> None:
    wrong: dict[str, Any] = {"sigam": 1.0}
    with pytest.raises(UnknownNameError, match=r"no setting named 'sigam'; did you mean 'sigma'. known: .*"):
        Config(**wrong)
    with pytest.raises(UnknownNameError, match="did you mean 'sigma'"):
        Config(task="Hopper-v5").replace(**wrong)
    assert list(inspect.signature(Config).parameters) == [field.name for field in dataclasses.fields(Config)]


def test_no_meta_level_needs_no_budget() -> None:
    assert not Config(task="Hopper-v5", meta="none", meta_budget=0, adapt=()).learned


def test_numpy_and_lists_are_taken() -> None:
    config = Config(task="Hopper-v5", population=np.int64(8), sigma=np.float32(0.5), hidden=[32])
    assert config == Config(task="Hopper-v5", population=8, sigma=0.5, hidden=(32,))
    assert type(config.population) is int
    assert type(config.sigma) is float


def test_every_field_is_documented_once() -> None:
    helps = [field.metadata["help"] for field in dataclasses.fields(Config)]
    assert all(helps)


@pytest.mark.parametrize("config", [Config(task="Ant-v5"), FULL])
def test_toml_gives_the_same_config_back(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(toml.dumps(config), encoding="utf-8")
    assert toml.compose(toml.read(path)) == config
    written = set(tomllib.loads(toml.dumps(config)))
    given = {f.name for f in dataclasses.fields(Config) if getattr(config, f.name) is not None}
    assert written in (given, given - foreign(config.strategy, config.meta))


def test_a_python_function_cannot_be_saved() -> None:
    config = Config(task=lambda theta: 0.0)
    with pytest.raises(ConfigError, match="cannot be saved"):
        toml.dumps(config)


def test_an_unknown_key_offers_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("popluation = 4\n", encoding="utf-8")
    with pytest.raises(UnknownNameError, match=r"no setting named 'popluation'.*did you mean 'population'"):
        toml.read(path)


@pytest.mark.parametrize("content", [b"population = ", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_broken_toml_names_the_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"config\.toml is not valid TOML"):
        toml.read(path)
    with pytest.raises(ConfigError, match="cannot read"):
        toml.read(tmp_path / "absent.toml")


def test_later_layers_win() -> None:
    config = toml.compose({"task": "Ant-v5", "population": 8, "sigma": 0.5}, {"population": 16}, {"seed": 3})
    assert (config.task, config.population, config.sigma, config.seed) == ("Ant-v5", 16, 0.5, 3)
    with pytest.raises(ConfigError, match="no task given"):
        toml.compose({"population": 8})


def test_layers_merge_a_tasks_arguments_key_by_key() -> None:
    first: dict[str, Any] = {"task": "Ant-v5", "task_kwargs": {"frame_skip": 4, "healthy_z_range": [0.2, 1.0]}}
    for same in ({}, {"task": "Ant-v5"}):
        config = toml.compose(first, {"seed": 1}, {**same, "task_kwargs": {"frame_skip": 2, "extra": True}})
        assert config.task_kwargs == {"frame_skip": 2, "healthy_z_range": [0.2, 1.0], "extra": True}
    assert toml.compose({"task_kwargs": {"a": 1}}, {"task": "Ant-v5", "task_kwargs": {"b": 2}}).task_kwargs == {
        "a": 1,
        "b": 2,
    }
    assert first["task_kwargs"] == {"frame_skip": 4, "healthy_z_range": [0.2, 1.0]}


def test_another_tasks_arguments_take_the_place_of_the_first_ones() -> None:
    first: dict[str, Any] = {"task": "Ant-v5", "task_kwargs": {"frame_skip": 4}}
    assert toml.compose(first, {"task": "Hopper-v5", "task_kwargs": {"a": 1}}).task_kwargs == {"a": 1}
    with pytest.raises(ConfigError, match="task_kwargs must be a dict"):
        toml.compose(first, {"task_kwargs": 3})


def test_presets_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toml, "PRESETS", tmp_path)
    with pytest.raises(ConfigError, match="no preset named 'quick'"):
        toml.read_preset("quick")
    (tmp_path / "quick.toml").write_text("# A quick look.\npopulation = 8\n", encoding="utf-8")
    assert toml.read_preset("quick") == {"population": 8}
    assert toml.describe_preset(toml.presets()["quick"]) == "A quick look."
    with pytest.raises(UnknownNameError, match=r"did you mean 'quick'\? known: quick"):
        toml.read_preset("quik")


def test_only_training_settings_tie_a_checkpoint() -> None:
    config = Config(task="Ant-v5", generations=5)
    longer = config.replace(generations=12, threads=2, eval_interval=3, checkpoint_seconds=0.0)
    assert config.training() == longer.training()
    assert config.training() != config.replace(population=8).training()


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (bf.make_evaluator, {"workers", "fresh_env", "retries", "behavior"}),
        (bf.evaluate, {"workers", "on_failure", "threads"}),
        (bf.resume, {"workers", "threads"}),
        (bf.diagnose, {"workers", "threads"}),
        (bf.Config, {"centers", "meta_budget", "pbt_members", "reference"}),
    ],
)
def test_signatures_say_what_is_taken_from_sections(function: Callable[..., Any], names: set[str]) -> None:
    parameters = inspect.signature(function).parameters
    assert names <= set(parameters)
    assert all(each.kind is not each.VAR_KEYWORD for each in parameters.values())


@pytest.mark.parametrize("value", [3, np.int64(3), [("noise", 0.5)], "noise"])
def test_a_change_s_keywords_are_looked_at_as_others_are(value: Any) -> None:
    config = Config(task="Ant-v5")
    with pytest.raises(ConfigError, match="task_kwargs must be a dict with names as keys"):
        config.replace(task="quadratic", dim=3, task_kwargs=value)
