"""Whole runs of every strategy on a native task: the same bits on two threads and across a stop."""

from __future__ import annotations

from pathlib import Path

import pytest

from bierl_fast.config.config import Config
from bierl_fast.run import build
from bierl_fast.run.api import resume, train
from bierl_fast.strategy.table import STRATEGIES

# Reacher's episodes last 50 steps, so meta-updates are cheap; the wide budget lets them run often.
CONFIG = Config(task="Reacher-v5", population=8, hidden=(), meta_interval=2, meta_budget=0.7, meta_pairs=1, seed=3)


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_a_run_on_two_threads_with_a_stop_in_it(name: str, tmp_path: Path) -> None:
    plain = CONFIG.replace(strategy=name, meta="none")
    learns = any(spec.adaptable for spec in build.make_parts(plain).strategy.declared.values())
    config = CONFIG.replace(strategy=name) if learns else plain
    whole = train(config.replace(threads=1, generations=7), tmp_path / "whole")
    train(config.replace(threads=2, generations=4), tmp_path / "stopped")
    resumed = resume(tmp_path / "stopped", generations=7)
    assert (whole.metrics[-1]["meta_updates"] > 0) is learns
    assert resumed.metrics[-1]["generation"] == 6
    for file in ("checkpoint.npz", "policy.npz"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "stopped" / file).read_bytes(), file
