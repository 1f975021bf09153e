"""metrics.jsonl: strict JSON, readable at once, cut back on resume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bierl_fast.errors import RunDirectoryError
from bierl_fast.files import json_object
from bierl_fast.run import metrics
from bierl_fast.run.metrics import MetricsFile


def forbidden(name: str) -> Any:
    raise AssertionError(f"{name} is not strict JSON")


def write(path: Path, generations: int) -> None:
    file = MetricsFile(path)
    for generation in range(generations):
        file.append({"generation": generation, "mean_return": 0.1 * generation})
    file.sync()
    file.close()


def test_numbers_that_are_not_finite_become_null(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    file = MetricsFile(path)
    values = (float("nan"), np.float32("inf"), np.int32(3), np.array([1.0, np.nan]))
    file.append({"generation": 0, "values": values, "nested": {"x": -np.inf}})
    (line,) = path.read_text(encoding="utf-8").splitlines()  # before close: flushed at once
    file.close()
    record = json.loads(line, parse_constant=forbidden)
    assert record == {"generation": 0, "values": [None, None, 3, [1.0, None]], "nested": {"x": None}}


def test_numbers_come_back_exactly(tmp_path: Path) -> None:
    write(tmp_path / "metrics.jsonl", 5)
    assert [r["mean_return"] for r in metrics.read(tmp_path / "metrics.jsonl")] == [0.1 * g for g in range(5)]


def test_truncate_drops_later_generations_and_a_cut_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, 5)
    with path.open("a", encoding="utf-8") as file:
        file.write('{"generation": 5, "mea')
    assert len(metrics.read(path)) == 5
    assert [record["generation"] for record in metrics.truncate(path, 3)] == [0, 1, 2]
    assert path.read_text(encoding="utf-8").count("\n") == 3


def test_a_line_that_is_being_written_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "metrics.jsonl"
    write(path, 2)
    with path.open("a", encoding="utf-8") as writer:
        writer.write('{"generation": 2, "mea')
        writer.flush()

        def meanwhile(text: str) -> Any:
            if not text.endswith("\n"):
                writer.write('n_return": 0.5}\n{"generation": 3}\n')
                writer.flush()
            return json_object(text)

        monkeypatch.setattr(metrics, "json_object", meanwhile)
        assert [record["generation"] for record in metrics.read(path)] == [0, 1]
    assert [record["generation"] for record in metrics.read(path)] == [0, 1, 2, 3]


@pytest.mark.parametrize("generations", [[0, 2, 3], [1, 0, 2], [0, 0, 1, 2], [0, 1], []])
def test_a_hole_is_refused(generations: list[int], tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(f'{{"generation": {number}}}\n' for number in generations), encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(RunDirectoryError, match="does not hold generations 0 to 2 in order"):
        metrics.truncate(path, 3)
    assert path.read_bytes() == before


@pytest.mark.parametrize("generation", ['"0"', "0.0", "true", "null", "[0]"])
def test_a_generation_is_a_whole_number(generation: str, tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(f'{{"generation": {generation}}}\n', encoding="utf-8")
    with pytest.raises(RunDirectoryError, match="damaged in line 1: generation must be a whole number"):
        metrics.truncate(path, 1)


def test_a_damaged_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"generation": 0}\n{"gen\n{"generation": 2}\n', encoding="utf-8")
    with pytest.raises(RunDirectoryError, match="damaged in line 2"):
        metrics.truncate(path, 1)
    path.write_text("[]\n", encoding="utf-8")
    with pytest.raises(RunDirectoryError, match="damaged in line 1"):
        metrics.read(path)
    with pytest.raises(RunDirectoryError, match="cannot read"):
        metrics.read(tmp_path / "absent.jsonl")
