"""What a comparison's file may say, and what it says of one that cannot be."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from comparison.specs import BASE, described, written
from helpers.outcomes import fails

import bierl_fast as bf
from bierl_fast.comparison.plan import check, plan
from bierl_fast.comparison.spec import read
from bierl_fast.config.config import Config
from bierl_fast.errors import ConfigError

SWIMMER = {"preset": "ars-swimmer", "total_steps": 100}


def places(comparison: dict[str, Any]) -> list[str]:
    return [str(run.place) for run in plan(read(comparison))]


def configs(comparison: dict[str, Any]) -> list[Config]:
    return [run.config for run in plan(read(comparison))]


def test_every_combination_is_one_run_with_a_readable_name() -> None:
    comparison = described(
        seeds=2,
        tasks=[{"name": "cone", "seeds": [7]}, {"name": "a b/c", "dim": 4}],
        meta_levels=[{"meta": "none"}, {"meta": "lstm", "name": "sample mean", "meta_fitness": "sample_mean"}],
        settings=[{"name": "sigma x10", "sigma": 1.0}],
    )
    assert places(comparison) == [
        "runs/cone/es-none-sigma_x10-s7",
        "runs/cone/es-sample_mean-sigma_x10-s7",
        "runs/a_b_c/es-none-sigma_x10-s0",
        "runs/a_b_c/es-none-sigma_x10-s1",
        "runs/a_b_c/es-sample_mean-sigma_x10-s0",
        "runs/a_b_c/es-sample_mean-sigma_x10-s1",
    ]
    last = configs(comparison)[-1]
    assert (last.meta, last.meta_fitness, last.seed, last.dim, last.sigma) == ("lstm", "sample_mean", 1, 4, 1.0)


def test_an_axis_left_out_is_one_entry_named_by_what_is_in_force() -> None:
    assert places(described({"meta": "lstm"})) == ["runs/quadratic/es-lstm-s0"]
    assert places({"tasks": [SWIMMER]}) == ["runs/Swimmer-v5/ars-none-s0"]


def test_later_tables_win_and_a_preset_stands_below_its_own_table() -> None:
    comparison = {
        "base": {"population": 32, "total_steps": 100},
        "tasks": [{**SWIMMER, "top": 2}],
        "strategies": [{"strategy": "ars", "crn": "none"}],
        "settings": [{"name": "x", "crn": "population"}],
    }
    (config,) = configs(comparison)
    assert (config.population, config.top, config.crn) == (8, 2, "population")
    assert (config.hidden, config.obs_norm, config.sigma) == ((), False, 0.02)


@pytest.mark.parametrize(
    ("base", "setting", "sigma", "learning_rate"),
    [
        ({"sigma": 0.3}, {"sigma": {"times": 0.1}}, 0.03, None),
        ({}, {"sigma": {"times": 10}, "learning_rate": {"times": 0.5}}, 0.2, 0.005),  # the defaults of es
        ({"strategy": "snes"}, {"learning_rate": {"times": 0.1}}, None, 0.1),
        (
            {"strategy": "pgpe"},
            {"learning_rate": {"times": 2}},
            None,
            2 * 4 / 30 * 0.02 * math.sqrt(10),
        ),  # depends on P
        ({"sigma": {"times": 4}}, {"sigma": {"times": 0.25}}, 0.02, None),  # multiples of multiples
        ({"sigma": {"times": 4}}, {"sigma": 0.5}, 0.5, None),
        ({"meta": "lstm", "warm_start": "lstm", "meta_budget": 0}, {"sigma": {"times": 0.1}}, 0.002, None),
    ],
)
def test_multiples_are_of_the_value_in_force(
    base: dict[str, Any], setting: dict[str, Any], sigma: float | None, learning_rate: float | None
) -> None:
    (config,) = configs(described(base, settings=[{"name": "x", **setting}]))
    assert config.sigma == (None if sigma is None else pytest.approx(sigma))
    assert config.learning_rate == (None if learning_rate is None else pytest.approx(learning_rate))


def test_tables_win_entry_by_entry() -> None:
    """A run's task_kwargs and reference switches, as those of any layers."""
    base: dict[str, Any] = {"task_kwargs": {"noise": 0.5, "condition": 10.0}, "reference": {"ties": "best"}}
    own = {"name": "x", "task_kwargs": {"noise": 0.1}, "reference": {"mirrored": False}}
    (config,) = configs(described(base, settings=[own]))
    assert config.task_kwargs == {"noise": 0.1, "condition": 10.0}
    assert (config.reference.ties, config.reference.mirrored) == ("best", False)


def test_multiples_of_a_preset_and_of_whole_numbers() -> None:
    settings = [{"name": "x", "sigma": {"times": 10}, "population": {"times": 2}}]
    (config,) = configs({"tasks": [SWIMMER], "settings": settings})
    assert config.sigma == pytest.approx(0.2, rel=1e-12)
    assert config.population == 16


def test_only_and_except_leave_combinations_out() -> None:
    comparison = described(
        tasks=[{"name": "one", "only": {"meta_levels": ["none"]}}, {"name": "two"}],
        meta_levels=[{"meta": "none"}, {"meta": "lstm", "except": {"tasks": ["two"], "settings": ["b"]}}],
        settings=[{"name": "a"}, {"name": "b"}],
    )
    assert places(comparison) == [
        "runs/one/es-none-a-s0",
        "runs/one/es-none-b-s0",
        "runs/two/es-none-a-s0",
        "runs/two/es-none-b-s0",
        "runs/two/es-lstm-a-s0",
    ]


@pytest.mark.parametrize(
    ("base", "threads", "workers"),
    [
        ({}, 1, None),
        ({"task": "CartPole-v1", "dim": None}, 1, 1),
        ({"task": "Swimmer-v5", "dim": None}, 1, None),
        ({"task": "Swimmer-v5", "dim": None, "policy": "helpers.torch_modules:sized"}, 1, 1),
        ({"task": "Swimmer-v5", "dim": None, "behavior": "helpers.pool_envs:describe"}, 1, 1),
    ],
)
def test_every_run_has_one_core(base: dict[str, Any], threads: int, workers: int | None) -> None:
    comparison = described(base)
    comparison["base"] = {name: value for name, value in comparison["base"].items() if value is not None}
    (config,) = configs(comparison)
    assert (config.threads, config.workers) == (threads, workers)


NONE = {"meta": "none"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"task": []}, "no key named 'task'; did you mean 'tasks'. known: against, base, evaluation"),
    ({"tasks": []}, "tasks is empty; give it an entry, or leave it out"),
    ({"tasks": {"task": "ackley"}}, r"tasks must be a list of tables, each begun by \[\[tasks\]\]"),
    ({"base": {"total_steps": 10}}, r"no task: give \[\[tasks\]\], or a task in \[base\]"),
    ({"base": {"task": "quadratic", "dim": 3}}, "base: no end: give total_steps"),
    ({"base": 3}, "base: a table was wanted, got 3"),
    ({"base": {**BASE, "popluation": 4}}, "base: no setting named 'popluation'; did you mean 'population'?"),
    ({"meta_levels": [NONE, NONE]}, r"meta_levels\[2\] 'none': another entry is already called 'none'"),
    ({"settings": [{"name": "a b"}, {"name": "a_b"}]}, r"settings\[2\] 'a_b': another entry is already called 'a b'"),
    ({"settings": [{"sigma": 1.0}]}, r"settings\[1\]: an entry of settings needs a name"),
    ({"settings": [{"name": "../.."}]}, r"settings\[1\] '../..': an entry of settings needs a name"),
    ({"settings": [{"name": "x", "sgima": 1}]}, r"settings\[1\] 'x': no setting named 'sgima'.*did you mean 'sigma'"),
    ({"settings": [{"name": "x", "sigma": -1.0}]}, r"settings\[1\] 'x': sigma must be finite and above 0.0, got -1.0"),
    ({"settings": [{"name": "x", "sigma": "big"}]}, r"settings\[1\] 'x': sigma must be a number or none, got 'big'"),
    ({"settings": [{"name": "x", "sigma": {"time": 2}}]}, "sigma must be a value, or {times = a number}"),
    ({"settings": [{"name": "x", "sigma": {"times": 0}}]}, "sigma: times must be above 0 and finite, got 0"),
    ({"settings": [{"name": "x", "crn": {"times": 2}}]}, "crn is no number, so it cannot be multiplied"),
    ({"settings": [{"name": "x", "top": {"times": 2}}]}, "top has no value that could be multiplied; give it one"),
    ({"settings": [{"name": "x", "population": {"times": 0.3}}]}, "population must stay a whole number, got 16 times"),
    ({"settings": [{"name": "x", "population": {"times": 0.0625}}]}, r"settings\[1\] 'x': population must be at least"),
    ({"settings": [{"name": "x", "seed": 3}]}, "seed has no place in a comparison: seeds are an axis of their own"),
    ({"settings": [{"name": "x", "generations": 3}]}, "generations has no place .* the same total_steps"),
    ({"settings": [{"name": "x", "threads": 2}]}, "threads has no place .* --jobs"),
    ({"settings": [{"name": "x", "preset": "ars-swimer"}]}, "no preset named 'ars-swimer'.*did you mean 'ars-swimmer'"),
    ({"settings": [{"name": "x", "preset": 1}]}, "preset must be a name"),
    ({"settings": [{"name": "x", "total_steps": 9}, {"name": "y"}]}, r"equal total_steps, but settings\[2\] 'y' has"),
    ({"strategies": [{"strategy": "ess"}]}, r"strategies\[1\] 'ess': no strategy named 'ess'.*did you mean 'es'"),
    ({"meta_levels": [{"meta": "lstn"}]}, r"meta_levels\[1\] 'lstn': no meta-level named 'lstn'.*did you mean 'lstm'"),
    ({"meta_levels": [{"meta": "none", "only": {}}]}, "only must be a table of axes and names"),
    ({"meta_levels": [{"meta": "none", "only": {"task": "x"}}]}, "no other axis named 'task'.*did you mean 'tasks'"),
    ({"meta_levels": [{"meta": "none", "only": {"meta_levels": "x"}}]}, "no other axis named 'meta_levels'"),
    (
        {"settings": [{"name": "big"}], "meta_levels": [{"meta": "none", "except": {"settings": "bog"}}]},
        r"meta_levels\[1\] 'none': no entry of settings named 'bog'; did you mean 'big'. known: big",
    ),
    (
        {"settings": [{"name": "a"}], "meta_levels": [{"meta": "none", "except": {"settings": ["a"]}}]},
        "no run is left; look at `only` and `except`",
    ),
    (
        {"strategies": [{"name": "a-b", "strategy": "es"}, {"name": "a", "strategy": "es"}],
         "meta_levels": [{"name": "c", "meta": "none"}, {"name": "b-c", "meta": "none"}]},
        "would both run in runs/quadratic/a-b-c-s0; rename one",
    ),
    ({"seeds": 0}, "seeds must be a whole number of at least 1"),
    ({"seeds": [1, 1]}, "seeds must be a list of whole numbers, each once"),
    ({"seeds": "all"}, "seeds must be a list of whole numbers"),
    ({"seeds": [1_000_000]}, "seed 1000000 is evaluation's too"),
    ({"tasks": [{"task": "ackley", "seeds": True}]}, r"tasks\[1\]: seeds must be a whole number"),
    ({"evaluation": {"episode": 3}}, "evaluation: no key named 'episode'; did you mean 'episodes'"),
    ({"evaluation": {"episodes": 0}}, "evaluation: episodes must be a whole number of at least 1"),
    ({"against": ["nine"]}, "against: no meta-level named 'nine'; did you mean 'none'. known: none"),
    ({"against": []}, "against must be a list of names"),
    ({"pools": {"wrong": ["x"]}}, "pools: no entry of settings named 'x'"),
    ({"settings": [{"name": "a"}], "pools": {"a": ["a"]}}, "pools: a pool must have a name of its own, got 'a'"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), BAD, ids=[str(index) for index in range(len(BAD))])
def test_what_cannot_be_is_refused_with_its_place(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "mine.toml", {**described(), **changes})
    with pytest.raises(ConfigError, match=message) as raised:
        plan(read(path))
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("text", "message"), [("seeds = ", "not valid TOML"), (None, "cannot be read: No such file")])
def test_a_file_that_cannot_be_read(text: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        read(path)


def test_parts_are_tried_before_anything_is_trained() -> None:
    """A novelty strategy takes no function task: only its parts know."""
    spec = read(described(strategies=[{"strategy": "es"}, {"strategy": "meps"}]))
    with pytest.raises(
        ConfigError, match=r"the comparison: strategies\[2\] 'meps': strategy 'meps' needs a policy net"
    ):
        check(spec, plan(spec))


@pytest.mark.parametrize("words", [["."], [".", "other"], ["spec.toml", "other"]])
def test_runs_there_are_are_seen_elsewhere(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    fails(capsys, 2, "runs that there are stand beside each other in `bierl plot DIR...`", "compare", *words)
    with pytest.raises(bf.ConfigError, match="Is a directory; runs that there are"):
        bf.compare(tmp_path, tmp_path / "out")
