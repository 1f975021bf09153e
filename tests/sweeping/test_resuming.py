"""The same file gives the same trials: at any number of jobs, in any order of their ends, killed and gone on with."""

from __future__ import annotations

import random
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import optuna
import pytest
import tomli_w
from helpers.subprocesses import TIMEOUT, command, environment, running, until
from optuna.storages import InMemoryStorage
from sweeping.specs import Killed, PlayedCrew, described, outcome

import bierl_fast as bf
from bierl_fast.errors import RunWarning

MEDIAN = {"name": "median", "n_startup_trials": 3}
MIXED = {
    "population": {"low": 8, "high": 64, "step": 8},
    "strategy": {"choices": ["es", "ars"]},
    "top": {"low": 1, "high": 4, "only": {"strategy": ["ars"]}},
    "sigma": {"low": 0.01, "high": 0.5, "log": True},
    "learning_rate": {"low": 0.01, "high": 0.5},
}
COARSE = {"sigma": {"low": 0.05, "high": 0.4, "step": 0.05}, "population": {"choices": [8, 16, 32]}}
PROGRAM = "import sys; from bierl_fast.cli.main import entry; sys.exit(entry(sys.argv[1:]))"


def killing(chance: random.Random, share: float) -> Callable[[], bool]:
    return lambda: chance.random() < share


def same(
    spec: dict[str, Any], played: type[PlayedCrew], monkeypatch: pytest.MonkeyPatch, share: float, storages: Any = None
) -> list[Any]:
    """The trials of an undisturbed sweep, which one with more jobs, killed now and then, has too."""
    first, second = storages or (InMemoryStorage(), InMemoryStorage())
    whole = bf.sweep(spec, "whole", jobs=1, storage=first)
    kills = 0
    monkeypatch.setattr(played, "kill", killing(random.Random(1), share))
    while True:
        try:
            again = bf.sweep(spec, "killed", jobs=7, storage=second)
            break
        except Killed:
            kills += 1
    assert kills >= 2
    assert str(again.trials) == str(whole.trials)
    assert again.best_config == whole.best_config
    for name in ("trials.csv", "best.toml"):
        assert Path("killed", name).read_bytes() == Path("whole", name).read_bytes()
    found = outcome(second)
    assert found == outcome(first)
    return found


@pytest.mark.slow
def test_forty_trials_killed_again_and_again(played: type[PlayedCrew], monkeypatch: pytest.MonkeyPatch) -> None:
    spec = described(trials=40, seeds=2, pruner=MEDIAN, space=MIXED)
    found = same(spec, played, monkeypatch, share=0.005)
    states = [trial[2] for trial in found]
    assert len(states) == 40
    assert {"COMPLETE", "PRUNED"} == set(states)
    assert len({tuple(sorted(trial[1].items())) for trial in found}) == 40
    assert any("top" in trial[1] for trial in found)
    assert any("top" not in trial[1] for trial in found)


@pytest.mark.slow
def test_a_study_in_a_file(played: type[PlayedCrew], monkeypatch: pytest.MonkeyPatch) -> None:
    """As above, as by default: numbers come out of it as they went in, those too that are none."""
    spec = described(trials=8, pruner=MEDIAN)
    urls = [f"sqlite:///{folder}.db" for folder in ("one", "two")]
    same(spec, played, monkeypatch, share=0.04, storages=urls)
    assert bf.sweep(spec, "whole", storage=urls[0]).storage == urls[0]


@pytest.mark.slow  # Optuna's models
@pytest.mark.parametrize(
    ("sampler", "pruner", "space"),
    [
        ("random", "hyperband", MIXED),
        ({"name": "TPESampler", "multivariate": True, "constant_liar": True}, "successive_halving", MIXED),
        ("cmaes", {"name": "threshold", "lower": -9.0}, None),
        ("nsgaii", {"name": "patient", "wrapped_pruner": "median", "patience": 1}, MIXED),
        ("qmc", "wilcoxon", COARSE),
        ("bruteforce", "none", COARSE),
        ("grid", {"name": "percentile", "percentile": 50.0, "n_startup_trials": 2}, COARSE),
        ({"name": "gp", "n_startup_trials": 5}, MEDIAN, None),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_any_sampler_and_pruner(
    sampler: Any, pruner: Any, space: Any, played: type[PlayedCrew], monkeypatch: pytest.MonkeyPatch
) -> None:
    more = {} if space is None else {"space": space}
    found = same(described(trials=14, sampler=sampler, pruner=pruner, **more), played, monkeypatch, share=0.05)
    assert len({tuple(sorted(trial[1].items())) for trial in found}) > 7


def test_more_trials_are_those_of_a_longer_sweep(played: type[PlayedCrew]) -> None:
    storage = InMemoryStorage()
    bf.sweep(described(trials=6), "out", jobs=3, storage=storage)
    played.begun.clear()
    longer = bf.sweep(described(trials=11), "out", jobs=2, storage=storage)
    assert sorted(played.begun) == [f"trial {number} s0" for number in (10, 6, 7, 8, 9)]
    whole = bf.sweep(described(trials=11), "whole", jobs=1, storage=InMemoryStorage())
    assert str(longer.trials) == str(whole.trials)
    with pytest.raises(bf.RunDirectoryError, match=r"out holds 11 trials, and trials is 7 now; give at least 11"):
        bf.sweep(described(trials=7), "out", storage=storage)


def test_a_grid_ends_when_it_is_searched(played: type[PlayedCrew]) -> None:
    space = {"sigma": {"choices": [0.1, 0.2]}, "hidden": {"choices": [[], [8]]}}
    base = {"task": "InvertedPendulum-v5", "dim": None}
    found = bf.sweep(described(base, trials=50, sampler="grid", space=space), "out", jobs=2, storage=InMemoryStorage())
    tried = {(row.settings["sigma"], tuple(row.settings["hidden"])) for row in found.trials}
    assert tried == {(sigma, hidden) for sigma in (0.1, 0.2) for hidden in ((), (8,))}
    assert len(found.trials) < 10


def test_a_sampler_that_does_not_repeat_itself_keeps_what_was_begun(
    played: type[PlayedCrew], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a seed of chance, or another version of Optuna."""
    spec = described(trials=9, sampler=optuna.samplers.RandomSampler(seed=1), pruner=MEDIAN)
    monkeypatch.setattr(played, "kill", killing(random.Random(4), 0.1))
    storage = InMemoryStorage()
    with pytest.raises(Killed):
        bf.sweep(spec, "out", jobs=2, storage=storage)
    monkeypatch.setattr(played, "kill", lambda: False)
    begun = outcome(storage)
    assert begun
    other = {**spec, "sampler": optuna.samplers.RandomSampler(seed=2)}
    with pytest.warns(RunWarning, match=r"trial 0 was begun with .*, and the sampler suggests .* it stays as it was"):
        bf.sweep(other, "out", jobs=2, storage=storage)
    after = outcome(storage)
    assert len(after) == 9
    assert [trial[1] for trial in after[: len(begun)]] == [trial[1] for trial in begun]


@pytest.mark.slow  # a dozen processes that train
def test_killed_processes(tmp_path: Path) -> None:
    """The same with real runs, and SIGKILL; the runs of the killed one end by themselves, and are waited for."""
    file = tmp_path / "spec.toml"
    file.write_text(tomli_w.dumps(described({"generations": 30}, trials=6, at_once=2, pruner=MEDIAN)))
    outs = [tmp_path / "whole", tmp_path / "killed"]
    arguments = [*command(PROGRAM), "sweep", str(file), "--jobs", "2", "--out"]
    subprocess.run([*arguments, str(outs[0]), "--quiet"], env=environment(), timeout=TIMEOUT, check=True)
    for number in (1, 3):
        begun = outs[1] / "trials" / f"{number:04}" / "s0" / "metrics.jsonl"
        with running([*arguments, str(outs[1])]) as process:
            until(begun.exists, process)
            process.send_signal(signal.SIGKILL)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=TIMEOUT)
    done = subprocess.check_output([*arguments, str(outs[1])], env=environment(), timeout=TIMEOUT, text=True)
    assert outcome(outs[1]) == outcome(outs[0])
    assert "results: " in done
