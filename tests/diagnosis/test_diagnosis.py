"""Diagnoses of saved runs: what they find where the answer is known, what they leave alone, what they refuse."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import functions
from helpers.settings import taken

import bierl_fast as bf
from bierl_fast.cli.diagnosing import lines
from bierl_fast.cli.main import entry
from bierl_fast.config.config import Config
from bierl_fast.diagnosis.proposals import spread_out
from bierl_fast.diagnosis.question import LATER, Question
from bierl_fast.errors import ArgumentTypeError, CheckpointError, ConfigError, RunDirectoryError, RunWarning
from bierl_fast.evaluation.base import Evaluator
from bierl_fast.messages import EvaluationBatch, Hyperparameters, NoiseKey, Population
from bierl_fast.meta.history import Range
from bierl_fast.meta.table import META_LEVELS
from bierl_fast.run import build

HILL: dict[str, Any] = {"task": functions.hill, "dim": 6, "sigma": 0.05, "learning_rate": 0.02, "population": 64}
SMALL: dict[str, Any] = {"population": 8, "meta_candidates": 2, "meta_pairs": 1, "meta_interval": 2, "meta_budget": 0.7}
KEYS = {
    "task", "strategy", "meta", "generation", "seed", "proposals", "episodes", "meta_fitness", "objective", "used",
    "proposal_spread", "signal_to_noise", "repeatability", "return_now", "later", "points", "steps",
}  # fmt: skip


def trained(path: Path, generations: int = 3, **settings: Any) -> Path:
    bf.train(Config(**{**HILL, "meta": "none", "generations": generations, **settings}), path)
    return path


def contents(path: Path) -> dict[str, tuple[str, int]]:
    return {
        str(file.relative_to(path)): (hashlib.sha256(file.read_bytes()).hexdigest(), file.stat().st_mtime_ns)
        for file in sorted(path.rglob("*"))
    }


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Population]:
    """What the evaluators that follow are asked."""
    asked: list[Population] = []
    made = build.make_evaluator

    def recording(config: Config) -> Evaluator:
        evaluator: Any = made(config)
        plain = evaluator.evaluate

        def evaluate(population: Population) -> EvaluationBatch:
            asked.append(population)
            batch: EvaluationBatch = plain(population)
            return batch

        evaluator.evaluate = evaluate
        return evaluator  # type: ignore[no-any-return]

    monkeypatch.setattr(build, "make_evaluator", recording)
    return asked


def test_a_faithful_estimate_is_found_faithful(tmp_path: Path) -> None:
    """On a slope without noise, with as many pairs as the strategy has, only the learning rate matters, at any k."""
    own: dict[str, Any] = {"meta": "direct", "meta_pairs": 32, "meta_interval": 99}
    with pytest.warns(RunWarning, match="ended before the first update"):
        run = trained(tmp_path / "run", optimizer="gradient", **own)
    found = bf.diagnose(run, generations=(4, 1), episodes=2)
    assert [line["generations"] for line in found["later"]] == [1, 4]
    for line in found["later"]:
        assert line["correlation"]["estimate"]["value"] > 0.97  # 32 pairs tell a slope of 6 dimensions nearly exactly
        assert line["correlation"]["learning_rate"]["value"] > 0.97
        assert abs(line["correlation"]["sigma"]["value"]) < 0.6
        assert line["mean_return"] > found["return_now"]
    assert found["repeatability"]["value"] > 0.97
    assert found["used"] == {"sigma": 0.05, "learning_rate": 0.02}
    assert found["proposal_spread"]["sigma"] == pytest.approx(0.3, rel=0.5)  # of 8 independent draws


def test_a_misleading_estimate_is_found_misleading(tmp_path: Path) -> None:
    """Behind the top, the mean return of candidates prefers a small sigma, whatever the step would do."""
    own: dict[str, Any] = {"meta": "direct", "meta_fitness": "sample_mean"}
    with pytest.warns(RunWarning, match="says nothing of learning_rate"):
        run = trained(tmp_path / "run", meta_episodes=32, generations=60, **own)
    with pytest.warns(RunWarning, match="says nothing of learning_rate"):
        found = bf.diagnose(run, generations=(1,), episodes=1)
    assert found["meta_fitness"] == "sample_mean"
    sigma = np.array([point["hyperparameters"]["sigma"] for point in found["points"]])
    estimate = np.array([point["estimate"] for point in found["points"]])
    assert np.corrcoef(sigma, estimate)[0, 1] < -0.9
    correlation = found["later"][0]["correlation"]
    assert abs(correlation["learning_rate"]["value"]) > 0.97  # all that counts, and the estimate says nothing of it
    assert abs(correlation["estimate"]["value"]) < 0.3


def test_points_are_what_the_correlations_are_of(tmp_path: Path) -> None:
    found = bf.diagnose(trained(tmp_path / "run"), generations=(1, 3), episodes=2)
    assert set(found) == KEYS
    for index, line in enumerate(found["later"]):
        returns = np.array([point["returns"][index] for point in found["points"]])
        estimate = np.array([point["estimate"] for point in found["points"]])
        first, second = (np.argsort(np.argsort(values)) for values in (returns, estimate))
        assert line["correlation"]["estimate"]["value"] == pytest.approx(np.corrcoef(first, second)[0, 1], abs=1e-12)
        assert line["mean_return"] == pytest.approx(returns.mean())
        assert line["return_spread"] == pytest.approx(returns.std())


@pytest.mark.parametrize("fitness", ["one_step", "one_step_reuse", "sample_mean"])
def test_steps_are_counted_and_no_address_is_the_runs_own(
    fitness: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = ("sigma",) if fitness == "sample_mean" else ("sigma", "learning_rate")
    run = trained(tmp_path / "run", meta="direct", meta_fitness=fitness, adapt=seen, **SMALL)
    functions.CALLS["hill"] = 0
    asked = counted(monkeypatch)
    found = bf.diagnose(run, proposals=4, generations=(2,), episodes=3)
    assert found["steps"] == functions.CALLS["hill"] == sum(population.rows for population in asked)
    assert min(population.key.generation for population in asked) > 2**32 - 10
    # Both estimates and each generation of the continuations have noise of their own.
    perturbed = [{population.key for population in asked if population.sign_r.any()}]
    assert len(perturbed[0]) == 4 + 2 * (fitness == "one_step_reuse")


def test_the_first_generation_is_what_the_strategy_itself_would_do(tmp_path: Path) -> None:
    """The continuation of a proposal equals a run with these values, from the same state and the same noise."""
    run = trained(tmp_path / "run")
    found = bf.diagnose(run, proposals=2, generations=(3,), episodes=1)
    config = Config(**HILL, meta="none", generations=3)
    parts = build.make_parts(config)
    strategy, evaluator = parts.strategy, parts.evaluator
    for generation in range(3):
        hp = parts.meta.propose(parts.history)
        population = strategy.ask(hp, NoiseKey(0, generation))
        strategy.tell(population, evaluator.evaluate(population))
    start = strategy.state()
    for point in found["points"]:
        strategy.load(start)
        asked = [asked_key(done) for done in (1, 2, 3)]
        for key in asked:
            population = strategy.ask(Hyperparameters(**point["hyperparameters"]), key)
            strategy.tell(population, evaluator.evaluate(population))
        assert point["returns"] == [functions.hill(strategy.mean)]
    evaluator.close()


def asked_key(done: int) -> NoiseKey:
    return Question.checked(2, (3,), 1, 0).key(LATER + done)


@pytest.mark.parametrize("name", sorted(META_LEVELS))
def test_every_meta_level_is_diagnosed_and_nothing_touched(name: str, tmp_path: Path) -> None:
    run = trained(tmp_path / "run", 5, **taken({"meta": name, "schedule_horizon": 9, "encoder_size": 4, **SMALL}))
    before = contents(run)
    found = bf.diagnose(run, proposals=4, generations=(1, 2), episodes=2)
    assert contents(run) == before
    assert found["meta"] == name
    assert found["generation"] == 5
    assert set(found["used"]) == set(found["proposal_spread"]) == {"sigma", "learning_rate"}
    assert all(spread > 0.01 for spread in found["proposal_spread"].values())
    assert all(math.isfinite(point["estimate"]) for point in found["points"])
    assert {frozenset(line["correlation"]) for line in found["later"]} == {
        frozenset({"estimate", "sigma", "learning_rate"})
    }
    assert len(lines(found)) == 9


def test_a_native_task_gives_the_same_bits_at_any_number_of_threads(tmp_path: Path) -> None:
    native = {"task": "InvertedPendulum-v5", "dim": None, "hidden": (), "population": 8}
    run = trained(tmp_path / "run", meta="lstm", encoder_size=4, **{**SMALL, **native})
    found = [bf.diagnose(run, proposals=4, generations=(1, 3), episodes=2, threads=threads) for threads in (1, 2)]
    assert json.dumps(found[0]) == json.dumps(found[1])
    assert json.dumps(bf.diagnose(run, proposals=4, generations=(1, 3), episodes=2, seed=1)) != json.dumps(found[0])


def test_a_diverging_proposal_ranks_last(tmp_path: Path) -> None:
    """The centre stands about one step before a cliff: proposals that step further fall, and none comes back."""
    settings = {"learning_rate": 4.0, "optimizer": "gradient", "sigma": 0.01}
    run = trained(tmp_path / "run", 1, task=functions.cliff, **settings)
    with pytest.warns(bf.EpisodeWarning, match=r"cliff gave nan, no finite number"):  # a generation later all have
        found = bf.diagnose(run, generations=(1, 2), episodes=1)
    failed = [line["failed"] for line in found["later"]]
    assert 0 < failed[0] < 16
    assert failed[0] <= failed[1]
    text = json.dumps([point["returns"] for point in found["points"]])
    assert text.count("-Infinity") == sum(failed)
    assert "failed)" in "\n".join(lines(found))


def test_draws_are_antithetic_and_stay_inside() -> None:
    used = Hyperparameters(sigma=0.1, momentum=0.5, other=3.0)
    ranges = {"sigma": Range(0.01, 1.0), "momentum": Range(0.0, 1.0, "linear")}
    drawn = spread_out(used, ranges, 0.2, NoiseKey(1, 2), 2000)
    log = np.log([hp["sigma"] for hp in drawn]) - math.log(0.1)
    linear = np.array([hp["momentum"] for hp in drawn]) - 0.5
    for distance in (log, linear):
        np.testing.assert_allclose(distance[0::2], -distance[1::2], atol=1e-12)
        assert distance.std() == pytest.approx(0.2, rel=0.08)  # 1,000 independent draws know it to 2.2 %
    assert {hp["other"] for hp in drawn} == {3.0}
    wide = spread_out(used, ranges, 5.0, NoiseKey(1, 2), 100)
    assert {bool(0.01 <= hp["sigma"] <= 1.0 and 0.0 <= hp["momentum"] <= 1.0) for hp in wide} == {True}


def test_what_cannot_be_diagnosed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="no run directory at"):
        bf.diagnose(tmp_path / "absent")
    run = trained(tmp_path / "run", 1)
    for wrong, message in (
        ({"proposals": 3}, "proposals must be even"),
        ({"proposals": 2.5}, "proposals must be an integer, got 2.5"),
        ({"generations": ()}, "one or more different numbers"),
        ({"threads": 0}, "threads must be at least 1"),
    ):
        with pytest.raises(ConfigError, match=message):
            bf.diagnose(run, **wrong)
    with pytest.raises(ArgumentTypeError, match=r"generations must be a list, got 5; give \[5\]"):
        bf.diagnose(run, generations=5)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="'cmaes' leaves a meta-level nothing to move, and so to diagnose"):
        bf.diagnose(trained(tmp_path / "cmaes", 1, strategy="cmaes", learning_rate=None))
    esac = {"task": "Reacher-v5", "dim": None, "strategy": "esac", "learning_rate": None, "sac_updates": 0.0}
    with pytest.raises(ConfigError, match="those of 'esac' would learn nothing"):
        bf.diagnose(trained(tmp_path / "esac", 1, **{**esac, "population": 4, "replay_size": 500}))
    (run / "checkpoint.npz").write_bytes(b"no zip")
    with pytest.raises(CheckpointError):
        bf.diagnose(run)


def test_a_run_under_way_is_diagnosed(tmp_path: Path) -> None:
    found = []

    def observer(record: dict[str, Any]) -> None:
        if record["generation"] == 3:
            found.append(bf.diagnose(tmp_path / "run", proposals=2, generations=(1,), episodes=1)["generation"])

    bf.train(Config(**HILL, meta="none", generations=5, checkpoint_seconds=1e-9), tmp_path / "run", observer)
    assert found == [4]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(trained(tmp_path / "run", **{**HILL, "task": "quadratic"}))
    arguments = ["diagnose", run, "--proposals", "4", "--generations", "1,2", "--episodes", "2"]
    assert entry(arguments) == 0
    cost, *text = capsys.readouterr().out.splitlines()
    assert cost == "4 proposals for 2 generations each: the work of 8 of the run's own"
    assert text[0] == "quadratic, es, none, after 3 generations: 4 proposals, 2 fresh episodes each, seed 0"
    assert text[5].split() == ["k", "estimate", "sigma", "learning_rate", "return", "signal/noise"]
    assert text[-1].endswith("env steps, not charged to the run; observation statistics as saved")
    assert entry([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == KEYS
    assert [line["generations"] for line in found["later"]] == [1, 2]
    assert found["later"][0]["signal_to_noise"] is None  # nothing but rounding differs between episodes
    assert entry([*arguments, "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found


def test_several_centres_and_a_fitness_of_their_own(tmp_path: Path) -> None:
    novelty = {"task": "InvertedPendulum-v5", "dim": None, "hidden": (), "strategy": "nsr", "meta": "direct"}
    run = trained(tmp_path / "run", **{**SMALL, **novelty, "behavior": "final_observation"})
    found = bf.diagnose(run, proposals=4, generations=(1, 2), episodes=2)
    assert found["objective"] == "fitness"
    assert all(1.0 <= point["returns"][0] <= 1000.0 for point in found["points"])  # returns, nevertheless
    assert all(line["return_spread"] > 0.0 for line in found["later"])  # of the centres that were stepped


def test_proposals_differ_where_a_generators_moves_have_settled(tmp_path: Path) -> None:
    run = trained(tmp_path / "run", meta="lstm", warm_start="lstm", meta_budget=0.0, generations=100)
    found = bf.diagnose(run, proposals=4, generations=(1,), episodes=1)
    assert max(found["proposal_spread"].values()) == pytest.approx(0.3, rel=0.5)  # of 4 draws, 2 independent


@pytest.mark.parametrize("meta", ["none", "csa"])
def test_a_run_without_a_judge_says_how_its_diagnosis_judges(meta: str, tmp_path: Path) -> None:
    """By as many pairs and episodes as its config.toml says; the run itself takes no notice."""
    own: dict[str, Any] = {"meta": meta, "optimizer": "gradient", "generations": 2, "population": 8}
    steps, last = [], []
    for pairs, episodes in ((1, 1), (3, 2)):
        out = tmp_path / f"{pairs}"
        config = Config(task="quadratic", dim=4, threads=1, meta_pairs=pairs, meta_episodes=episodes, **own)
        last.append(bf.train(config, out).parameters)
        report = bf.diagnose(out, proposals=4, generations=(1,), episodes=1)
        steps.append(report["steps"])
    np.testing.assert_array_equal(last[0], last[1])
    assert steps[1] - steps[0] == 2 * 4 * ((2 * 3 + 2) - (2 * 1 + 1))  # two estimates of four proposals
