"""Whole runs of every meta-level: each env step counted once, stopped and resumed as if it had not been."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
from helpers import functions
from helpers.outcomes import lines
from helpers.settings import taken

import bierl_fast as bf
from bierl_fast.cli.progress import Display
from bierl_fast.config.config import Config
from bierl_fast.errors import ConfigError, RunWarning, UnknownNameError
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.messages import EvaluationBatch, Population, Stream
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.run import build
from bierl_fast.strategy.table import STRATEGIES, options

NAMES = sorted(META_LEVELS)
SMALL: dict[str, Any] = {
    "population": 8,
    "meta_candidates": 2,
    "meta_pairs": 1,
    "meta_interval": 2,
    "meta_budget": 0.7,
    "schedule_horizon": 9,
    "seed": 3,
}
FUNCTION: dict[str, Any] = {"task": functions.hill, "dim": 6, "sigma": 0.1, "learning_rate": 0.1, **SMALL}
NATIVE: dict[str, Any] = {"task": "InvertedPendulum-v5", "hidden": (), **SMALL}


def spent_by_stream(monkeypatch: pytest.MonkeyPatch) -> dict[Stream, int]:
    """Env steps by stream, as the runs that follow will really take them: the sums of all rows' lengths."""
    spent = dict.fromkeys(Stream, 0)
    made = build.make_evaluator

    def counting(config: Config) -> Evaluator:
        evaluator: Any = made(config)
        plain = evaluator.evaluate

        def evaluate(population: Population) -> EvaluationBatch:
            batch: EvaluationBatch = plain(population)
            spent[population.key.stream] += int(batch.lengths_r.sum())
            return batch

        evaluator.evaluate = evaluate
        return evaluator  # type: ignore[no-any-return]

    monkeypatch.setattr(build, "make_evaluator", counting)
    return spent


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("task", [FUNCTION, NATIVE], ids=["function", "native"])
def test_every_env_step_is_counted(task: dict[str, Any], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    functions.CALLS["hill"] = 0
    spent = spent_by_stream(monkeypatch)
    config = Config(generations=12, eval_interval=6, eval_episodes=2, **taken({**task, "meta": name}))
    records = bf.train(config).metrics
    last = records[-1]
    for record in records:
        assert record["env_steps"] == record["inner_steps"] + record["meta_steps"] + record["warm_start_steps"]
    assert last["eval_steps"] == spent[Stream.EVALUATION] > 0
    assert last["env_steps"] == sum(spent.values()) - last["eval_steps"]
    assert last["warm_start_steps"] == 0
    if name == "lra":  # it looks at every generation, and that costs nothing
        assert (last["meta_steps"], last["meta_updates"]) == (0, 12)
    else:
        assert (last["meta_steps"] > 0) == (last["meta_updates"] > 0)
    if task is FUNCTION:
        assert functions.CALLS["hill"] == last["env_steps"] + last["eval_steps"]
    if META_LEVELS[name].learned:
        assert last["meta_steps"] == spent[Stream.META] > 0
    if META_LEVELS[name].adapts:
        assert len({record["sigma"] for record in records}) > 1


@pytest.mark.parametrize("fitness", ["one_step", "one_step_reuse", "sample_mean"])
def test_the_budget_holds_with_several_episodes_a_candidate(fitness: str) -> None:
    own = {"meta_budget": 0.2, "episodes_per_candidate": 5, "generations": 40, "meta_fitness": fitness}
    own |= {"adapt": ("sigma",)} if fitness == "sample_mean" else {}
    records = bf.train(Config(**taken({**FUNCTION, **own, "meta": "direct"}))).metrics
    assert records[-1]["meta_updates"] > 1
    assert all(record["meta_steps"] <= 0.2 * record["env_steps"] for record in records)


@pytest.mark.parametrize("meta", ["lstm", "bo", "csa"])
@pytest.mark.parametrize("adapt", [("sigma",), ("sigma", "learning_rate")])
def test_what_moves_by_chance_is_warned_of(meta: str, adapt: tuple[str, ...]) -> None:
    own = {"meta_fitness": "sample_mean", "adapt": adapt, "meta_budget": 0.5, "optimizer": "gradient"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bf.train(Config(generations=1, **taken({**FUNCTION, **own, "meta": meta})))
    said = [str(w.message) for w in caught if "says nothing of learning_rate, which will move" in str(w.message)]
    assert len(said) == (meta != "csa" and len(adapt) > 1)  # csa judges nothing


def test_reuse_is_for_one_centre() -> None:
    own = {"strategy": "nsr", "meta_fitness": "one_step_reuse", "behavior": "final_observation", "generations": 1}
    with pytest.raises(
        ConfigError, match="another of its 3 centers than the proposal is for; take 'one_step', or one center"
    ):
        bf.train(Config(**taken({**NATIVE, **own, "meta": "direct"})))
    with pytest.warns(RunWarning, match="before the first update"):
        bf.train(Config(centers=1, **taken({**NATIVE, **own, "meta": "direct"})))


def test_whatever_is_adapted_can_be_seen(capsys: pytest.CaptureFixture[str]) -> None:
    """In each line, as used in that generation, and in the progress."""
    own = {"optimizer": "momentum", "momentum": 0.5, "adapt": ("momentum",)}
    config = Config(generations=12, **taken({**FUNCTION, **own, "meta": "direct"}))
    with Display(config, Path("none"), verbose=True) as progress:
        records = bf.train(config, callbacks=[progress]).metrics
    values = [record["hyperparameters"]["momentum"] for record in records]
    assert values[0] == 0.5
    assert len(set(values)) > 1
    assert all(record["hyperparameters"]["sigma"] == record["sigma"] == FUNCTION["sigma"] for record in records)
    assert f"momentum {values[-1]:.4g}" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("task", [FUNCTION, NATIVE], ids=["function", "native"])
def test_a_stop_changes_nothing(task: dict[str, Any], name: str, tmp_path: Path) -> None:
    config = Config(generations=12, **taken({**task, "meta": name}))
    whole = bf.train(config, tmp_path / "whole")
    bf.train(config.replace(generations=5), tmp_path / "stopped")
    resumed = bf.resume(tmp_path / "stopped", generations=12)
    assert lines(whole) == lines(resumed)
    for file in ("checkpoint.npz", "policy.npz"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "stopped" / file).read_bytes(), file


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in NAMES if META_LEVELS[name].adapts])
def test_nothing_to_adapt_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"adapt must name a hyperparameter for the meta-level '{name}', got none"):
        Config(adapt=(), generations=1, **taken({**FUNCTION, "meta": name}))
    with pytest.raises(ConfigError, match=r"the configured sigma 0.1 must lie in its range|sigma must lie in sigma_ra"):
        bf.train(Config(sigma_range=(0.2, 0.3), generations=1, **taken({**FUNCTION, "meta": name})))
    with pytest.raises(UnknownNameError, match="no adaptable hyperparameter of strategy 'es' named 'sigm'"):
        bf.train(Config(adapt=("sigm",), generations=1, **taken({**FUNCTION, "meta": name})))
    no_riders = f"meta '{name}' reads what riders tpa tell here, and strategy 'cmaes' carries none; take one of ars, es"
    nothing = no_riders if name == "tpa" else "'cmaes' leaves a meta-level nothing to move"
    with pytest.raises(ConfigError, match=nothing):
        bf.train(Config(strategy="cmaes", **taken({**FUNCTION, "learning_rate": None, "meta": name}), generations=1))


def test_a_schedule_needs_its_horizon() -> None:
    with pytest.raises(ConfigError, match="meta 'schedule' needs schedule_horizon"):
        bf.train(Config(generations=1, **taken({**FUNCTION, "schedule_horizon": None, "meta": "schedule"})))


@pytest.mark.parametrize("unit", ["generations", "steps"])
def test_a_schedule_does_not_know_the_runs_end(unit: str) -> None:
    config = Config(
        generations=6, **taken({**FUNCTION, "schedule_horizon": 40, "meta": "schedule"}), schedule_unit=unit
    )
    short, long = bf.train(config), bf.train(config.replace(generations=9))
    assert lines(short) == lines(long)[:6]
    assert long.metrics[-1]["sigma"] == pytest.approx(0.1 * (1 - 0.9 * (8 / 40 if unit == "generations" else 1.0)))


def test_pbt_is_refused_where_its_members_could_not_learn() -> None:
    with pytest.raises(ConfigError, match="those of 'esac' would learn nothing: steps are recorded for the run's own"):
        bf.train(Config(task="Reacher-v5", strategy="esac", meta="pbt", generations=1))


SEVERAL = [name for name in sorted(STRATEGIES) if "centers" in options(name)]


@pytest.mark.parametrize("strategy", SEVERAL)
def test_lra_is_for_one_centre(strategy: str) -> None:
    own = {"strategy": strategy, "meta": "lra", "behavior": "final_observation", "generations": 4}
    with pytest.raises(ConfigError, match=r"^lra averages the steps of one centre, and the strategy has 3; [^\n]*$"):
        bf.train(Config(**taken({**NATIVE, **own})))
    with pytest.raises(ConfigError, match=r"the strategy has 2; .* or one center"):
        bf.train(Config(centers=2, **taken({**NATIVE, **own})))
    records = bf.train(Config(centers=1, **taken({**NATIVE, **own}))).metrics
    assert all(record["meta"]["eta"] > 0.0 for record in records)  # the centre's step, not that of the best so far
    assert len({record["learning_rate"] for record in records}) == 4


def test_pbt_costs_its_members_whatever_the_budget() -> None:
    config = Config(pbt_members=3, generations=8, **taken({**FUNCTION, "meta": "pbt"}))
    last = bf.train(config).metrics[-1]
    assert last["meta_steps"] == 2 * last["inner_steps"]


# cmaes leaves nothing to adapt, pbt's members of esac could not learn, and several centres have no one step for lra
# to average: all are refused above.
REFUSED = {("esac", "pbt"), *((strategy, "lra") for strategy in SEVERAL)}
PAIRS = [
    (strategy, meta)
    for strategy in sorted(STRATEGIES)
    for meta in NAMES
    if meta == "none" or (strategy != "cmaes" and (strategy, meta) not in REFUSED)
]


@pytest.mark.parametrize(("strategy", "meta"), PAIRS)
def test_every_meta_level_over_every_strategy(strategy: str, meta: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each env step counted once, hyperparameters inside their ranges."""
    spent = spent_by_stream(monkeypatch)
    own: dict[str, Any] = {"behavior": "final_observation"} if strategy.startswith("ns") else {}
    if strategy == "esac":
        own = {"sac_updates": 0.0, "replay_size": 2000}
    config = Config(**taken({"strategy": strategy, "meta": meta, "generations": 4, "encoder_size": 4, **own, **NATIVE}))
    records = bf.train(config).metrics
    last = records[-1]
    assert last["env_steps"] == last["inner_steps"] + last["meta_steps"] == sum(spent.values())
    assert (last["meta_steps"] > 0) == (META_LEVELS[meta].learned or META_LEVELS[meta].tells)
    for name in ("sigma", "learning_rate"):
        values = [record[name] for record in records if record[name] is not None]
        assert all(value / 100.001 <= values[0] <= value * 100.001 for value in values)
