"""One torch thread while the meta-level or a strategy's learner runs.

Their matrices are small: waking torch's threads for each of them costs ten times the work itself when the cores are
busy (measured: 11.1 s against 1.05 s for 20 generations of Reacher-v5 with `lstm`, 2 cores under load). And their sums
then cannot depend on the number of cores.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_users = 0
_threads_before = 1


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Set torch to one thread; the last of several simultaneous users restores what the first one found."""
    import torch  # noqa: PLC0415 - who names this module need not have loaded it

    global _users, _threads_before  # noqa: PLW0603 - torch's setting is the process's own
    with _lock:
        if _users == 0:
            _threads_before = torch.get_num_threads()
            torch.set_num_threads(1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                torch.set_num_threads(_threads_before)
