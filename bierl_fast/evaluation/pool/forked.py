"""A child that an environment forks and that comes back out of the environment's code ends there.

It would play the worker's rows in the same memory, and answer the worker's parent a second time.
"""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from typing import Any

FORKED: list[int] = []  # not empty in a child of a worker: as cheap to ask as it gets


def this_is_the_worker() -> None:
    """Said once, by the worker."""
    os.register_at_fork(after_in_child=lambda: FORKED.append(os.getpid()))


def end_a_child() -> None:
    """End this process if a worker forked it; called before anything is said or written for the run."""
    if FORKED:
        os._exit(0)


class WorkersConnection(Connection):
    """What a worker alone sends on."""

    def send(self, obj: Any) -> None:
        """As Connection.send."""
        end_a_child()
        super().send(obj)
