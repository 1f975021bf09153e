"""A round's problems side by side, one core each.

    weights (M, P_meta), round -> Crew.play -> (M, T) centres' returns and env steps of each problem, in their order

A problem is a pure function of its address, and so is all that is played in it: who plays it changes nothing. Inner
runs of small populations spend their time in Python, so cores are used by processes. These come from loky, which
neither forks a process with threads nor runs the caller's script again; a caller that is killed leaves none behind.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

from bierl_fast.errors import WorkerError
from bierl_fast.machine import available_cores
from bierl_fast.messages import F32, F64
from bierl_fast.meta.generator import Generator
from bierl_fast.meta.signals import riders_of
from bierl_fast.pretraining import inner_runs
from bierl_fast.pretraining.plan import PretrainSettings

LOOK = 0.5  # seconds between two looks at whether the parent is there
Played = tuple[F64, int]  # (M, T) centres' returns, and env steps


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A problem to play.

    Attributes:
        weights_mp: (M, P_meta) of the generators.
        round: None: a problem of validation.
        index: which problem of the round.
        sensible: whether it starts from the values that its wrong ones were drawn around.
    """

    weights_mp: F32
    round: int | None
    index: int
    sensible: bool = False


class Crew:
    """Plays problems: in this process, or in `threads` processes of one thread each.

    Args:
        generator: see trainer.Pretraining; so are `history` and `settings`.
        history: of the windows it reads.
        settings: what a round's problems are drawn by.
        threads: cores to use; None: those this process may. One: no process is started.
    """

    def __init__(
        self, generator: Generator, history: Mapping[str, Any], settings: PretrainSettings, threads: int | None
    ) -> None:
        """See the class; processes are started when they are first needed."""
        self._game = (generator, history, settings)
        self._count = min(threads or available_cores(), settings.problems)
        self._executor: Any = None  # of loky, which has no types

    def play(self, weights_mp: F32, round_: int) -> Iterator[Played]:
        """Every problem of the round, in order.

        Raises:
            WorkerError: a process ended before its problem did.
        """
        settings, told = self._game[2], f"round {round_ + 1}"
        return self._played(told, [Job(weights_mp, round_, index) for index in range(settings.problems)])

    def play_apart(self, weights_mp: F32, problems: int, sensible: bool = False) -> Iterator[Played]:
        """Problems of validation, in order, from their wrong starts or the sensible ones; raises as `play`."""
        return self._played("the validation", [Job(weights_mp, None, index, sensible) for index in range(problems)])

    def _played(self, told: str, jobs: Sequence[Job]) -> Iterator[Played]:
        if self._count == 1:
            yield from (_play(*self._game, job) for job in jobs)
            return
        from loky.process_executor import TerminatedWorkerError  # noqa: PLC0415 - loads multiprocessing

        try:
            for future in self._submitted(jobs):
                yield future.result()
        except TerminatedWorkerError as error:
            raise WorkerError(
                f"a process of the training ended in {told} (killed, or out of memory); what is saved goes on with "
                "--resume, with fewer threads where memory was short"
            ) from error
        except BaseException:
            self.close()  # which ends what is under way, and takes no futures that were cancelled before
            raise

    def _submitted(self, jobs: Sequence[Job]) -> list[Any]:
        """The jobs' futures, by a thread of its own: an interrupt finds no process in the middle of its start."""

        def submit() -> list[Any]:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # as in the processes, until they ignore it
            executor = self._started()
            return [executor.submit(_play, *self._game, job) for job in jobs]

        with ThreadPoolExecutor(1) as starter:
            found: list[Any] = starter.submit(submit).result()
        return found

    def close(self) -> None:
        """End the processes, whatever they are doing. Twice is fine; `play` starts new ones."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, kill_workers=True)
            self._executor = None

    def _started(self) -> Any:
        if self._executor is None:
            from loky import ProcessPoolExecutor  # noqa: PLC0415 - loads multiprocessing

            self._executor = ProcessPoolExecutor(self._count, initializer=_begin, initargs=(os.getpid(),))
        return self._executor


def _begin(parent: int) -> None:
    """In a process of the crew: it ends with its parent, who alone decides on Ctrl-C (a terminal tells everybody)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK)
    os._exit(1)


def _play(generator: Generator, history: Mapping[str, Any], settings: PretrainSettings, job: Job) -> Played:
    riders = riders_of(history.get("signals", ()))
    if job.round is None:
        problem = settings.problem_apart(job.index, riders)
    else:
        problem = settings.problem(job.round, job.index, riders)
    if job.sensible:
        problem = replace(problem, start=problem.sensible)
    fixed_order = settings.long and generator.linear
    with closing(problem.evaluator):
        return inner_runs.run_side_by_side(generator, job.weights_mp, problem, history, fixed_order)
