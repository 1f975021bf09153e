"""The model of a generation on Ray nodes: what it must say where the answer is known."""

from __future__ import annotations

import importlib
import sys
from dataclasses import fields, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(name="model", scope="module")
def model_fixture() -> ModuleType:
    sys.path.insert(0, str(BENCH))
    try:
        return importlib.import_module("ray_model")
    finally:
        sys.path.remove(str(BENCH))


def played(model: ModuleType, seconds_r: Any, cost: float, **setting: Any) -> Any:
    """The third generation of such rows, with every cost the same, and bytes and parameters for nothing."""
    costs = model.Costs(**{each.name: cost for each in fields(model.Costs)})
    costs = replace(costs, put_byte=0.0, fetch_byte=0.0, deal_worker=0.0, wake_call=0.0, send_row=0.0, get_row=0.0)
    playing = model.Model(costs, model.Setting(**setting))
    return [playing.generation(seconds_r) for _ in range(3)][-1]


@pytest.mark.parametrize(("nodes", "threads"), [(1, 1), (7, 1), (3, 4)])
def test_without_costs_all_nodes_work_all_the_time(model: ModuleType, nodes: int, threads: int) -> None:
    seconds_r = np.random.default_rng(0).uniform(0.01, 0.02, 4000)
    out = played(model, seconds_r, 0.0, nodes=nodes, threads=threads)
    assert out.work == pytest.approx(seconds_r.sum())
    assert 0.97 < out.efficiency <= 1.0
    assert out.driver == 0.0
    assert out.again == pytest.approx(0.0, abs=1e-9)


def test_a_driver_that_is_slow_is_the_limit(model: ModuleType) -> None:
    out = played(model, np.full(1000, 1e-4), 1e-3, nodes=100)
    assert out.driver == pytest.approx(out.seconds, rel=0.5)
    assert out.seconds > 0.01


def test_more_nodes_do_no_harm(model: ModuleType) -> None:
    seconds = [played(model, np.full(2000, 1e-3), 1e-4, nodes=nodes).seconds for nodes in (1, 10, 100, 1000)]
    assert seconds[1] < 0.15 * seconds[0]
    assert max(seconds[2:]) < 1.2 * seconds[1]


def test_who_is_slow_or_lost_costs_little(model: ModuleType) -> None:
    seconds_r = np.full(20_000, 0.01)
    quiet = played(model, seconds_r, 1e-4, nodes=20)
    slow = played(model, seconds_r, 1e-4, nodes=20, slow=0.2, factor=3.0)
    lost = played(model, seconds_r, 1e-4, nodes=20, lost=0.1)
    assert quiet.again == pytest.approx(0.0, abs=1e-6)
    assert quiet.seconds < slow.seconds < 2.0 * quiet.seconds  # alone, a slow node would take 3 times as long
    assert lost.seconds < 1.6 * quiet.seconds
