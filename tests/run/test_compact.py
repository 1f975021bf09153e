"""Records take little memory, and are what was appended."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

import bierl_fast as bf
from bierl_fast.run import metrics
from bierl_fast.run.compact import BLOCK, Records


def record(number: int) -> dict[str, Any]:
    return {"generation": number, "mean_return": None if number % 7 == 0 else 1.0 / (number + 0.1), "meta": {"a": "ä"}}


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 3])
def test_records_are_a_sequence(count: int) -> None:
    wanted = [record(number) for number in range(count)]
    records = Records(wanted)
    assert len(records) == count
    assert list(records) == wanted
    assert records == wanted
    assert records != [*wanted, record(count)]
    assert [records[place] for place in range(-count, count)] == wanted * 2
    assert records[3 : BLOCK + 5 : 2] == wanted[3 : BLOCK + 5 : 2]
    assert records[::-1] == wanted[::-1]
    assert pickle.loads(pickle.dumps(records)) == wanted
    assert bool(records) == bool(wanted)
    with pytest.raises(IndexError):
        records[count]


def test_a_block_that_was_read_does_not_hide_what_comes_later() -> None:
    records = Records(map(record, range(BLOCK)))
    assert records[5] == record(5)
    for number in range(BLOCK, 3 * BLOCK):
        records.append(record(number))
        assert records[number] == record(number)
    assert records[BLOCK + 1] == record(BLOCK + 1)
    assert records[5] == record(5)


@pytest.mark.slow
@pytest.mark.parametrize("files", [True, False])
def test_a_generation_costs_half_a_kilobyte_at_most(files: bool, tmp_path: Path) -> None:
    generations, held = 6_000, {}

    def watch(line: dict[str, Any]) -> None:
        if line["generation"] in {1_000, generations - 1}:
            held[line["generation"]] = tracemalloc.get_traced_memory()[0]

    config = bf.Config(task="ackley", dim=3, meta="direct", population=4, generations=generations, threads=1)
    tracemalloc.start()
    try:
        result = bf.train(config, tmp_path / "run" if files else None, observer=watch)
    finally:
        tracemalloc.stop()
    assert (held[generations - 1] - held[1_000]) / (generations - 1_001) <= 500
    assert [line["generation"] for line in result.metrics] == list(range(generations))
    if files:
        assert result.metrics == metrics.read(tmp_path / "run" / "metrics.jsonl")
