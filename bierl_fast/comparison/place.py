"""Where the runs of a comparison or a sweep are done: on this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from bierl_fast.comparison.on_ray import OnRay
from bierl_fast.comparison.processes import Processes
from bierl_fast.comparison.run_job import Place
from bierl_fast.machine import available_cores


@contextmanager
def chosen(jobs: int | None, ray: str | None) -> Iterator[Place[Any]]:
    """The place.

    Args:
        jobs: runs side by side; None: as many as the place has cores.
        ray: the address of a Ray cluster, as make_evaluator takes it; None: this machine's processes.

    Raises:
        InstallationError, ArgumentError, WorkerError: as session.joined.
    """
    with closing(Processes(jobs or available_cores()) if ray is None else OnRay(ray, jobs)) as place:
        yield place
