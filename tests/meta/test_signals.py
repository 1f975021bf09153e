"""Signals: each says what it says, whatever the task's scale; the window holds those its generator was made with."""

from __future__ import annotations

import math
import tomllib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.world import HP, RANGES, report, state_bytes

import bierl_fast as bf
from bierl_fast.messages import GenerationReport, StrategyReport
from bierl_fast.meta.generator_file import FILE, WarmStart, packaged
from bierl_fast.meta.history import History
from bierl_fast.meta.signals import CUT, FIRST, OF_PROGRESS, SHARE, SIGNALS, Memory, numbers, riders_of, told_by

TINY: dict[str, Any] = {
    "task": "quadratic",
    "dim": 9,
    "population": 16,
    "generations": 4,
    "threads": 1,
    "quantiles": 4,
    "history": 4,
}
CHEAP = {"meta_budget": 0.6, "meta_interval": 1, "meta_candidates": 2, "meta_pairs": 1, "meta_episodes": 1}


def written(run: Path) -> dict[str, Any]:
    return tomllib.loads((run / "config.toml").read_text("utf-8"))


def told(center: float, returns: list[float], **changes: Any) -> StrategyReport:
    plain = report(0).strategy
    values = np.array(returns)
    return replace(plain, center_return=center, mean_return=float(values.mean()), returns_n=values,
                   failed_n=np.zeros(values.size, np.bool_), **changes)  # fmt: skip


def after(*reports: StrategyReport) -> Memory:
    memory = Memory()
    for each in reports:
        memory = memory.after(each, HP)
    return memory


def named(report_: StrategyReport, memory: Memory) -> dict[str, float]:
    return dict(zip(SIGNALS, numbers(tuple(SIGNALS), report_, memory), strict=True))


def test_the_drop_is_in_units_of_what_was_gained_and_of_the_spread() -> None:
    """A candidate's mean 866 below a centre that gained 1,000, with a spread of 100: sigma is far too large."""
    start, now = told(0.0, [-1.0, 1.0]), told(1000.0, [34.0, 234.0])
    memory = replace(after(start), center=1000.0)
    assert named(now, memory)["drop"] == pytest.approx(866.0 / 1100.0, rel=1e-12)
    fallen = replace(memory, center=-500.0)  # nothing gained: the spread alone
    assert named(now, fallen)["drop"] == CUT  # 866 / 100, cut
    assert named(told(math.nan, [34.0, 234.0]), memory)["drop"] == 0.0  # without the centre it says nothing
    assert named(told(5.0, [5.0, 5.0]), after(told(5.0, [5.0, 5.0])))["drop"] == 0.0


def test_gain_fall_and_spread() -> None:
    start = told(10.0, [8.0, 12.0])
    memory = replace(after(start), center=40.0, best=50.0)
    values = named(told(40.0, [19.0, 21.0]), memory)
    assert values["gain"] == pytest.approx(30.0 / 31.0)
    assert values["fall"] == pytest.approx(30.0 / 41.0)
    assert values["spread"] == pytest.approx(-math.log(2.0) / 4.0)
    assert named(told(40.0, [20.0, 20.0]), memory)["spread"] == -CUT  # every candidate alike


def test_what_is_remembered() -> None:
    first, second = told(3.0, [1.0, 2.0], tpa=0.5), told(7.0, [2.0, 4.0], tpa=math.nan)
    memory = after(first, second, told(-1.0, [0.0, 1.0], tpa=-1.0))
    smoothed = 3.0 + SHARE * 4.0
    assert memory.start == 3.0
    assert memory.start_spread == 0.5
    assert memory.best == pytest.approx(smoothed)
    assert memory.center == pytest.approx(smoothed + SHARE * (-1.0 - smoothed))
    assert memory.tpa == pytest.approx(SHARE * 0.5 * (1.0 - SHARE) - SHARE)  # NaN leaves it as it was
    assert memory.generations == 3.0
    without = after(told(math.nan, [1.0, 3.0]))
    assert (without.start, without.drop) == (2.0, 0.0)


@pytest.mark.parametrize("scale", [1e-290, 1.0, 1e290])
def test_no_scale_matters(scale: float) -> None:
    reports = [told(scale * c, [scale * x for x in xs]) for c, xs in ((0.5, [0.1, 0.4, 0.2]), (0.9, [0.3, 0.6, 0.8]))]
    plain = [told(c, xs) for c, xs in ((0.5, [0.1, 0.4, 0.2]), (0.9, [0.3, 0.6, 0.8]))]
    assert named(reports[1], after(*reports)) == pytest.approx(named(plain[1], after(*plain)), rel=1e-9)


def test_numbers_are_cut_and_never_nan() -> None:
    values = named(told(1e308, [-1e308, 1e308, -1e308]), after(told(-1e308, [1.0, 2.0]), told(1e308, [-1e308, 1e308])))
    assert all(math.isfinite(value) and abs(value) <= CUT for value in values.values())


def test_the_first_window_is_what_it_was() -> None:
    """Bit for bit, and so is the state: nothing is remembered where nothing reads it."""
    plain, named_ = (History(length=4, quantiles=4, ranges=RANGES, **more) for more in ({}, {"signals": FIRST}))
    for generation in range(3):
        plain.append(report(generation))
        named_.append(report(generation))
    assert state_bytes(plain.state()) == state_bytes(named_.state())
    assert "memory" not in plain.state()


@pytest.mark.parametrize("generations", [0, 2, 6])
def test_resume_of_a_richer_window(generations: int) -> None:
    signals = told_by(("sigma_probe", "tpa"))
    whole, resumed = (History(length=4, quantiles=4, ranges=RANGES, signals=signals) for _ in range(2))

    def append(past: History, generation: int) -> None:
        plain = report(generation, HP)
        center = generation % 2
        past.append(replace(plain, strategy=replace(plain.strategy, center=center, tpa=0.1 * generation)))

    for generation in range(generations):
        append(whole, generation)
    resumed.load(whole.state())
    for generation in range(generations, generations + 3):
        assert state_bytes(whole.state()) == state_bytes(resumed.state())
        append(whole, generation)
        append(resumed, generation)
    np.testing.assert_array_equal(whole.window(1), resumed.window(1))
    assert whole.memory(0) != whole.memory(1)


def test_names() -> None:
    assert told_by(()) == FIRST
    assert told_by(("tpa",)) == (*FIRST, "tpa", *OF_PROGRESS)
    assert riders_of(told_by(("tpa", "sigma_probe"))) == ("tpa", "sigma_probe")
    assert riders_of(FIRST) == ()
    with pytest.raises(ValueError, match=r"no signal of a window named 'dorp'; did you mean 'drop'"):
        History(signals=("dorp",))
    with pytest.raises(ValueError, match="signals must name each signal once"):
        History(signals=("drop", "drop"))


@pytest.mark.parametrize("meta", ["lstm", "mlp", "mean", "linear"])
def test_a_run_with_riders_shows_its_generator_what_they_tell(meta: str, tmp_path: Path) -> None:
    config = bf.Config(**TINY, **CHEAP, meta=meta, riders=("tpa",))
    bf.train(config, tmp_path / "run")
    assert written(tmp_path / "run")["signals"] == list(told_by(("tpa",)))
    resumed = bf.resume(tmp_path / "run", generations=6)
    whole = bf.train(config.replace(generations=6))
    np.testing.assert_array_equal(resumed.parameters, whole.parameters)


def test_a_generator_brings_its_window_and_the_riders_it_reads(tmp_path: Path) -> None:
    shape = replace(WarmStart.load("linear").shape, signals=(*FIRST, "tpa", "drop"))
    past = History(length=shape.history, quantiles=shape.quantiles, ranges=RANGES, signals=shape.signals)
    weights = np.zeros(1 + 2 * (2 * past.features) + 2, np.float32)
    made = WarmStart(shape, weights, 0, {"credit": "run", "tasks": []})
    made.save(tmp_path / "own.npz")
    run = {**TINY, "quantiles": shape.quantiles, "history": shape.history, "meta": "linear", "meta_budget": 0.0,
           "warm_start": str(tmp_path / "own.npz")}  # fmt: skip
    bf.train(bf.Config(**run), tmp_path / "run")
    assert written(tmp_path / "run")["riders"] == ["tpa"]
    assert bf.resume(tmp_path / "run", generations=5).metrics[-1]["generation"] == 4
    changed: tuple[tuple[dict[str, Any], str], ...] = (
        (
            {"riders": ("sigma_probe",)},
            r"reads tpa here, which riders tpa tell, .* = \['sigma_probe', 'tpa'",
        ),
        ({"strategy": "cmaes"}, r"reads what riders tpa tell here, and strategy 'cmaes' carries none; .* ars"),
        ({"signals": ("drop",)}, r"generator has signals \('odd_share', .*'drop'\), which cannot be changed"),
        ({"population": 2}, "needs 4 candidates drawn in pairs, got 2"),
    )
    for changes, message in changed:
        with pytest.raises(bf.ConfigError, match=message):
            bf.train(bf.Config(**{**run, **changes}))


@pytest.mark.parametrize("name", sorted(packaged()))
def test_generators_of_the_first_window_act_as_before_with_and_without_riders(name: str) -> None:
    """They read what they were made with; the riders are there, and unread."""
    shape = WarmStart.load(name).shape
    assert shape.signals == FIRST
    run = {"task": "quadratic", "dim": 9, "population": 16, "generations": 3, "threads": 1, "meta": shape.meta,
           "warm_start": name, "meta_budget": 0.0}  # fmt: skip
    for riders in ((), ("tpa", "sigma_probe")):
        assert bf.train(bf.Config(**run, riders=riders)).metrics[-1]["meta_steps"] == 0


def test_a_file_of_an_unknown_window_says_what_is_missing(tmp_path: Path) -> None:
    found = WarmStart.load("linear")
    shape = {**asdict(found.shape), "signals": ["odd_share", "later"]}
    FILE.write(tmp_path / "later.npz", {"shape": shape, "steps": 1, "made": {}}, {"weights": found.weights})
    with pytest.raises(bf.BierlError, match=r"no signals named 'later'; did you mean 'age'.* known: age, "):
        WarmStart.load(tmp_path / "later.npz")


def test_a_fingerprint_is_of_the_window_too() -> None:
    found = WarmStart.load("linear")
    assert found.fingerprint != WarmStart(replace(found.shape, signals=("drop",)), found.weights, 0, {}).fingerprint


def test_riders_that_do_not_ride_are_named() -> None:
    with pytest.raises(bf.ConfigError, match="reads probe_slope here, which riders sigma_probe tell, got riders = "):
        bf.train(bf.Config(**TINY, signals=("probe_slope", "drop")))
    with pytest.raises(bf.ConfigError, match="credit 'run' trains without riders, and tpa alone tell"):
        bf.pretrain("nowhere.npz", ["quadratic"], rounds=1, signals=("tpa",))


@pytest.mark.slow
def test_a_generator_is_trained_for_a_richer_window(tmp_path: Path) -> None:
    found = bf.pretrain(tmp_path / "rich.npz", ["quadratic"], rounds=1, meta="linear", signals=(*FIRST, "drop", "age"))
    assert found.shape.signals == (*FIRST, "drop", "age")
    assert WarmStart.load(tmp_path / "rich.npz").shape == found.shape


def test_reports_are_complete_for_the_window() -> None:
    past = History(length=3, quantiles=2, ranges=RANGES, signals=tuple(SIGNALS))
    past.append(GenerationReport(0, 1, told(1.0, [0.0, 0.5]), HP))
    assert past.window().shape == (3, past.features) == (3, 2 + 4 + len(RANGES) + len(SIGNALS) + 2)
