"""Pictures: what their lines are, and that there is one for each task."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from comparison.specs import described

from bierl_fast.comparison.curves import draw, over_seeds
from bierl_fast.comparison.plan import plan
from bierl_fast.comparison.spec import read
from bierl_fast.run import metrics


def test_quartiles_are_taken_where_every_seed_has_a_value() -> None:
    lines = [(np.array([0.0, 10.0]), np.array([0.0, 10.0]) + offset) for offset in (0.0, 1.0, 2.0, 3.0, 4.0)]
    lines[0] = (np.array([2.0, 12.0]), np.array([2.0, 12.0]))
    grid, (low, median, high) = over_seeds(lines, points=5)
    np.testing.assert_allclose(grid, [2.0, 4.0, 6.0, 8.0, 10.0])
    np.testing.assert_allclose(low, grid + 1.0)
    np.testing.assert_allclose(median, grid + 2.0)
    np.testing.assert_allclose(high, grid + 3.0)


def test_seeds_that_share_no_place_leave_one_point() -> None:
    grid, quartiles = over_seeds([(np.array([0.0, 1.0]), np.ones(2)), (np.array([5.0, 6.0]), np.ones(2))], points=3)
    np.testing.assert_array_equal(grid, [5.0, 5.0, 5.0])
    assert quartiles.shape == (3, 3)


@pytest.mark.parametrize("center", [True, False], ids=["centre", "mean"])
def test_there_is_a_picture_for_each_task_that_has_runs_and_it_repeats_itself(center: bool, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    names = ["a", "b c", "never begun"]
    comparison = described(seeds=3, tasks=[{"name": name} for name in names], settings=[{"name": "x"}, {"name": "y"}])
    runs = plan(read(comparison))
    for run in runs:
        if run.task == "never begun" or (run.task == "a" and run.seed == 2):
            continue
        directory = tmp_path / run.place
        directory.mkdir(parents=True)
        lines = [
            {
                "generation": generation,
                "env_steps": 17 * (generation + 1),
                "center_return": float(generation) if center else None,
                "mean_return": None if generation == 3 else generation - run.seed,
                "seconds": {"ask": 0.1, "evaluate": 0.2 + run.seed},
            }
            for generation in range(1 if run.task == "b c" else 6)
        ]
        (directory / "metrics.jsonl").write_text("".join(metrics.dumps(line) + "\n" for line in lines))
    draw(runs, tmp_path)
    pictures = {path.name: path.read_bytes() for path in (tmp_path / "curves").iterdir()}
    assert sorted(pictures) == ["a.png", "b_c.png"]
    draw(runs, tmp_path)
    assert pictures == {path.name: path.read_bytes() for path in (tmp_path / "curves").iterdir()}
