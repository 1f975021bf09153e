"""Settings that strategy, meta-level or task do not take are refused wherever they stand, but at their default."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bierl_fast as bf
from bierl_fast.cli.main import entry
from bierl_fast.config import toml
from bierl_fast.config.foreign import default, foreign, of_episodes
from bierl_fast.config.sections import settings_of
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.run import build
from bierl_fast.strategy.table import STRATEGIES

DATA = Path(__file__).parents[1] / "data"
DIM = 4
SMALL: dict[str, Any] = {"task": "quadratic", "dim": DIM, "population": 4, "generations": 1, "threads": 1}

FOREIGN: list[tuple[dict[str, Any], str]] = [
    ({"strategy": "pgpe", "top": 2}, "strategy 'pgpe' takes no option top .*; top is for ars, es"),
    ({"strategy": "es", "top": 2}, "top is how many pairs shaping 'standardized' keeps"),
    ({"strategy": "es", "shaping": "raw", "top": 2}, "keeps, got 2 with shaping 'raw'"),
    ({"strategy": "es", "neighbors": 7}, "strategy 'es' takes no option neighbors .*; neighbors is for ns, nsr, nsra"),
    ({"strategy": "snes", "optimizer": "adam"}, "strategy 'snes' takes no option optimizer"),
    ({"strategy": "es", "replay_size": 5000}, "replay_size is for esac"),
    ({"meta": "none", "meta_budget": 0.3}, "meta 'none' takes no meta_budget"),
    ({"meta": "none", "history": 12}, "meta 'none' takes no history"),
    ({"meta": "csa", "meta_candidates": 8}, "meta 'csa' takes no meta_candidates"),
    ({"meta": "lstm", "pbt_members": 5}, "meta 'lstm' takes no pbt_members .*; pbt_members is for pbt"),
    ({"meta": "lstm", "schedule_unit": "steps"}, "schedule_unit is for schedule"),
    ({"meta": "pbt", "meta_learning_rate": 0.5}, "meta 'pbt' takes no meta_learning_rate"),
    ({"meta": "bo", "generator_output": "relative"}, "meta 'bo' takes no generator_output"),
    ({"meta": "linear", "encoder_size": 24}, "meta 'linear' takes no encoder_size .*; encoder_size is for lstm"),
    ({"meta": "direct", "quantiles": 6}, "meta 'direct' takes no quantiles"),
    (
        {"meta": "none", "meta_budget": 0.5, "meta_interval": 2, "meta_fitness": "sample_mean", "meta_sigma": 0.5},
        "takes no meta_fitness .*, meta_interval .*, meta_budget .* and 1 more",
    ),
    ({"hidden": (32,)}, r"a function task \(dim 4\) .* takes no hidden \(got .*; hidden is for environments"),
    ({"activation": "relu", "workers": 2}, "takes no activation .*, workers"),
    ({"behavior": "actions"}, "takes no behavior"),
    ({"close_timeout": 6.0}, "takes no close_timeout"),
    ({"log_video": 7}, "takes no log_video"),
]


@pytest.mark.parametrize(("changes", "message"), FOREIGN)
def test_in_python(changes: dict[str, Any], message: str) -> None:
    config = bf.Config(**SMALL | {"meta": "none"} | changes)
    for same in (config, copy.deepcopy(config), pickle.loads(pickle.dumps(config)), config.replace(seed=4)):
        with pytest.raises(bf.ConfigError, match=message) as caught:
            bf.train(same)
        assert "\n" not in str(caught.value)
        assert caught.value.settings


@pytest.mark.parametrize(("changes", "message"), FOREIGN[:6])
def test_in_a_file_and_on_the_command_line(
    changes: dict[str, Any], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, run = tmp_path / "own.toml", tmp_path / "run"
    values = SMALL | {"meta": "none"} | changes
    file.write_text("".join(f"{name} = {value!r}\n" for name, value in values.items()), encoding="utf-8")
    assert entry(["train", "--config", str(file), "--run-dir", str(run)]) == 2
    typed = [
        word for name, value in values.items() if name != "task" for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    assert entry(["train", "quadratic", *typed, "--run-dir", str(run)]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == second
    assert not run.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": "es", "replay_size": 1_000_000, "patience": 5},
        {"meta": "csa", "meta_interval": 5, "pbt_members": 4},
        {"hidden": (64, 64), "activation": "tanh", "workers": None},
    ],
)
def test_one_at_its_default_asks_for_nothing(changes: dict[str, Any]) -> None:
    assert all(default(name) == value for name, value in changes.items() if name not in {"strategy", "meta"})
    with_it, without = SMALL | {"meta": "none"} | changes, SMALL | {"meta": changes.get("meta", "none")}
    assert np.array_equal(bf.train(bf.Config(**with_it)).parameters, bf.train(bf.Config(**without)).parameters)


@pytest.mark.parametrize("strategy", ["ars", "cmaes", "es", "pgpe", "snes"])
@pytest.mark.parametrize("meta", ["none", "csa", "lstm", "linear", "pbt"])
def test_a_saved_run_reads_its_own_settings(strategy: str, meta: str, tmp_path: Path) -> None:
    if strategy == "cmaes":
        meta = "none"
    own: dict[str, Any] = {"optimizer": "gradient"} if (strategy, meta) == ("pgpe", "csa") else {}
    if META_LEVELS[meta].learned:
        own = {"meta_interval": 1, "meta_budget": 0.9, "meta_candidates": 2, "meta_pairs": 1, "meta_episodes": 1}
    config = bf.Config(**SMALL, strategy=strategy, meta=meta, center_episodes=2, **own)
    bf.train(config, tmp_path / "run")
    file = tmp_path / "run" / "config.toml"
    text = file.read_text(encoding="utf-8")
    written = toml.read(file)
    assert not written.keys() & foreign(strategy, meta, DIM)
    always = {name for name in settings_of() if default(name) is not None} - {"task"}
    assert written.keys() >= always - foreign(strategy, meta, DIM) - {"generations"}
    build.make_parts(toml.compose(written)).evaluator.close()
    assert len(bf.resume(tmp_path / "run", generations=2).metrics) == 2
    numbers = (name for name in foreign(strategy, meta) if type(default(name)) in {int, float})
    added = next(name for name in sorted(numbers) if default(name) >= 1)

    def with_it(value: float) -> str:
        return text.replace("\n", f"\n{added} = {value!r}\n", 1)

    file.write_text(with_it(default(added)), encoding="utf-8")
    build.make_parts(toml.compose(toml.read(file))).evaluator.close()
    file.write_text(with_it(default(added) + 1), encoding="utf-8")
    with pytest.raises(bf.RunDirectoryError, match=f"takes no .*{added}"):
        bf.resume(tmp_path / "run", generations=3)
    with pytest.raises(bf.ConfigError, match=f"takes no .*{added}"):
        build.make_parts(toml.compose(toml.read(file)))


def test_what_an_earlier_version_wrote_is_read_as_it_was(tmp_path: Path) -> None:
    """It wrote every setting, those too that did nothing; both by itself and as `--config`."""
    old = DATA / "run_format_1_pgpe_csa" / "config.toml"
    text = old.read_text(encoding="utf-8").replace("meta_interval = 5", "meta_interval = 3")
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    config = toml.read_saved(file)
    assert (config.strategy, config.meta, config.meta_interval) == ("pgpe", "csa", 3)
    config.check_taken()
    file.write_text(toml.dumps(config), encoding="utf-8")
    assert toml.read_saved(file) == config
    toml.compose(toml.read(file)).check_taken()
    file.write_text(text.replace("centers = 3", "centers = 4"), encoding="utf-8")
    with pytest.raises(bf.ConfigError, match="strategy 'pgpe' takes no option centers"):
        toml.read_saved(file)


def test_a_function_s_run_may_have_written_all_settings_of_environments(tmp_path: Path) -> None:
    """It did, before it left them out; as they stood there at their defaults they are read over, and others are not."""
    run = tmp_path / "run"
    first = bf.train(bf.Config(**SMALL, meta="none", strategy="es"), run)
    file = run / "config.toml"
    text = file.read_text(encoding="utf-8")
    assert not any(line.partition(" =")[0] in of_episodes() for line in text.splitlines())
    whole = text.replace("\n", '\nhidden = [64, 64]\nsquash = "clip"\nfresh_env = "auto"\nobs_norm = true\n', 1)
    file.write_text(whole, encoding="utf-8")
    assert len(bf.resume(run, generations=2).metrics) == 2
    file.write_text(whole, encoding="utf-8")
    again = bf.train(toml.compose(toml.read(file), {"generations": 1}))
    assert again.parameters.tolist() == first.parameters.tolist()
    file.write_text(whole.replace("[64, 64]", "[32]"), encoding="utf-8")
    with pytest.raises(bf.RunDirectoryError, match=r"takes no hidden \(got \(32,\)\)"):
        bf.resume(run, generations=3)


def test_another_meta_level_leaves_the_settings_of_the_one_before() -> None:
    config = bf.Config(**SMALL, meta="lstm", meta_interval=2, history=4, sigma_range=(0.001, 1.0))
    fixed = config.replace(meta="none")
    assert fixed == bf.Config(**SMALL, meta="none", sigma_range=(0.001, 1.0))
    fixed.check_taken()
    with pytest.raises(bf.ConfigError, match="meta 'none' takes no meta_interval"):
        config.replace(meta="none", meta_interval=4).check_taken()
    base = {"meta_interval": 3, "meta_budget": 0.5}
    toml.compose(SMALL, base, {"meta": "csa"}).check_taken()
    assert toml.compose(SMALL, base, {"meta": "mlp"}).meta_interval == 3
    with pytest.raises(bf.ConfigError, match="meta 'csa' takes no meta_interval"):
        toml.compose(SMALL, {"meta_interval": 3, "meta": "csa"}).check_taken()


def test_a_whole_config_made_again_has_given_nothing_more() -> None:
    config = bf.Config(**SMALL, meta="none")
    any_config: Any = config  # type checkers know its fields by its sections alone
    for again in (dataclasses.replace(any_config, seed=1), bf.Config(**config.values())):
        again.check_taken()


def test_every_setting_of_a_strategy_or_meta_level_is_taken_by_one() -> None:
    for names, of in ((STRATEGIES, "strategy"), (META_LEVELS, "meta")):
        left = set.intersection(*(set(foreign(name, "") if of == "strategy" else foreign("", name)) for name in names))
        assert not left


@pytest.mark.parametrize("name", ["task_kwargs", "ranges", "scales"])
def test_a_config_cannot_be_changed(name: str) -> None:
    config = bf.Config(
        task="Ant-v5",
        task_kwargs={"a": [1, [2]], "b": {"c": 3}},
        ranges={"sigma": (0.1, 1.0)},
        scales={"sigma": "log"},
        sigma=0.5,
    )
    before = copy.deepcopy(config)
    table = getattr(config, name)
    key = next(iter(table))
    changes: list[Any] = [
        lambda: table.update(x=1),
        lambda: table.__setitem__(key, 4),
        lambda: table.pop(key),
        lambda: table.setdefault("y", 3),
        table.clear,
        lambda: config.task_kwargs["a"].append(2),
        lambda: config.task_kwargs["a"][1].append(2),
        lambda: config.task_kwargs["b"].update(c=4),
    ]
    for change in changes:
        with pytest.raises(bf.BierlError, match=r"config\.replace"):
            change()
    assert config == before == pickle.loads(pickle.dumps(config))
    assert dataclasses.asdict(config)["task_kwargs"] == {"a": [1, [2]], "b": {"c": 3}}
    assert isinstance(config.task_kwargs, dict)
