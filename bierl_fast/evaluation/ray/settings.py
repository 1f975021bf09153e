"""The settings of episodes on a Ray cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bierl_fast.machine import MOST_THREADS
from bierl_fast.settings import Section, setting

LOCAL, AUTO = "local", "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class RaySettings(Section):
    """Which cluster, and how much of each node."""

    title: ClassVar[str] = "ray cluster"
    prefix: ClassVar[str] = "ray_"

    address: str = setting(
        LOCAL,
        "of evaluator ray: the cluster's HOST:PORT; auto: the one that this machine is a node of; local: one of this "
        "machine alone, for the run",
        training=False,
        machine=True,
    )
    threads: int | None = setting(
        None,
        "of evaluator ray: threads, or worker processes, on each node (none: as many CPUs as the node offers Ray); "
        "results are the same at any number",
        training=False,
        machine=True,
        at_least=1,
        at_most=MOST_THREADS,
    )
