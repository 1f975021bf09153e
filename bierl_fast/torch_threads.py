"""One torch thread while the meta-level or a strategy's learner runs.

Their matrices are small: waking torch's threads for each of them costs ten times the work itself when the cores are
busy (measured: 11.1 s against 1.05 s for 20 generations of Reacher-v5 with `lstm`, 2 cores under load). And their sums
then cannot depend on the number of cores.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.RLock()  # a signal handler may train while this is held
_users = 0
_threads_before = 1


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Set torch to one thread; the last of several simultaneous users restores what the first one found."""
    from bierl_fast._torch import torch  # noqa: PLC0415 - who names this module need not have loaded it

    global _users, _threads_before  # noqa: PLW0603 - torch's setting is the process's own
    with _lock:
        _users += 1
        if _users == 1:
            _threads_before = torch.get_num_threads()
            torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                torch.set_num_threads(_threads_before)


def _in_a_forked_child() -> None:
    """The lock may be held by a thread that the child does not have."""
    global _lock  # noqa: PLW0603 - as above
    _lock = threading.RLock()


os.register_at_fork(after_in_child=_in_a_forked_child)
