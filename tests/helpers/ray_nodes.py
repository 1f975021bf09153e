"""Ray nodes on this machine, for the tests of a module."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from helpers.subprocesses import environment


@contextmanager
def local(*cpus: int, **variables: str) -> Iterator[Any]:
    """A cluster with one node for each of these numbers of CPUs; its `address` is what evaluators take."""
    with pytest.MonkeyPatch.context() as patch:
        seen = environment(RAY_USAGE_STATS_ENABLED="0", **variables)
        seen["PYTHONPATH"] += f"{os.pathsep}{Path(__file__).parents[2]}"  # last: what tests define, by its name
        for name, value in seen.items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster

        made: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": cpus[0], "include_dashboard": False})
        try:
            for count in cpus[1:]:
                made.add_node(num_cpus=count)
            yield made
        finally:
            made.shutdown()


@contextmanager
def free_port() -> Iterator[int]:
    """A port that is taken and does not listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]
