"""Pictures of a comparison: there is one for each task."""

from __future__ import annotations

from pathlib import Path

import pytest
from comparison.specs import described

from bierl_fast.comparison.curves import draw
from bierl_fast.comparison.plan import plan
from bierl_fast.comparison.spec import read
from bierl_fast.run import metrics


@pytest.mark.slow  # draws with matplotlib
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
