"""Runs in threads, under asyncio, joblib and concurrent.futures: the same numbers, and they end when asked."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import multiprocessing
import threading
from pathlib import Path

import joblib
import pytest

import bierl_fast as bf
from bierl_fast.run import metrics


def config(seed: int = 0, generations: int = 3) -> bf.Config:
    return bf.Config(
        task="InvertedPendulum-v5", strategy="ars", meta="none", hidden=(), population=4, threads=1,
        generations=generations, seed=seed,
    )  # fmt: skip


def numbers(result: bf.Result) -> list[float]:
    return [record["mean_return"] for record in result.metrics]


@pytest.fixture(scope="module")
def alone() -> list[list[float]]:
    return [numbers(bf.train(config(seed))) for seed in range(3)]


def test_threads(alone: list[list[float]]) -> None:
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        assert [numbers(result) for result in pool.map(bf.train, map(config, range(3)))] == alone


@pytest.mark.slow
@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python's own, of fork beside threads
def test_processes(method: str, alone: list[list[float]]) -> None:
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        results = list(pool.map(bf.train, map(config, range(3))))
    assert [numbers(result) for result in results] == alone
    assert results[0].policy.act([0.0] * 4) == bf.train(config()).policy.act([0.0] * 4)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_joblib(backend: str, alone: list[list[float]]) -> None:
    with joblib.parallel_config(backend=backend):
        results = joblib.Parallel(n_jobs=2)(joblib.delayed(bf.train)(config(seed)) for seed in range(3))
    if backend == "loky":  # whose processes stay for the next call
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)
    assert [numbers(result) for result in results] == alone


def test_a_stop_from_another_thread(tmp_path: Path) -> None:
    """The run ends saved, within a generation, and goes on from there."""
    stop = bf.Stop()
    under_way = threading.Event()

    def observer(record: metrics.Record) -> None:
        under_way.set()

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        running = pool.submit(bf.train, config(generations=10**6), tmp_path / "run", observer, callbacks=[stop])
        assert under_way.wait(600)
        stop.set("enough")
        result = running.result(600)
    assert result.stopped == "enough"
    done = len(result.metrics)
    assert len(metrics.read(tmp_path / "run" / "metrics.jsonl")) == done
    again = bf.resume(tmp_path / "run", generations=done + 2)
    assert len(again.metrics) == done + 2


def test_a_task_that_is_cancelled(tmp_path: Path) -> None:
    ended = []

    class Tells(bf.Callback):
        def at_end(self, event: bf.EndEvent) -> None:
            ended.append((event.how, event.reason))

    async def trains(begun: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()

        def observer(record: metrics.Record) -> None:
            loop.call_soon_threadsafe(begun.set)

        with bf.Stop() as stop:
            callbacks = [stop, Tells()]
            await asyncio.to_thread(bf.train, config(generations=10**6), tmp_path, observer, callbacks=callbacks)

    async def main() -> None:
        begun = asyncio.Event()
        task = asyncio.create_task(trains(begun))
        await begun.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(main())  # waits for its threads
    assert ended == [("stopped", "asked to stop by CancelledError")]
    assert (tmp_path / "checkpoint.npz").is_file()


def test_a_stop_in_order() -> None:
    with bf.Stop() as stop:
        pass
    assert not stop.is_set
    assert bf.train(config(), callbacks=[stop]).stopped is None
    stop.set()
    assert len(bf.train(config(), callbacks=[stop]).metrics) <= 1
