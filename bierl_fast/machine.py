"""What this machine gives the process: cores, memory, the processor's name, what is installed."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

MOST_THREADS = 1024  # of one evaluation, and worker processes
CGROUP = Path("/sys/fs/cgroup")


DISTRIBUTIONS = {
    "bierl_fast": "bierl-fast",
    "numpy": "numpy",
    "torch": "torch",
    "mujoco": "mujoco",
    "gymnasium": "gymnasium",
}


def available_cores() -> int:
    """The cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_name() -> str:
    """The processor's own name, where the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def versions() -> dict[str, str | None]:
    """Versions of what a result depends on; None: not installed. Imports none of it."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name, distribution in DISTRIBUTIONS.items():
        try:
            found[name] = metadata.version(distribution)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found


def waited(thread: int | None = None) -> float:
    """Seconds that a thread has waited for a processor that others had; 0 where the system does not tell.

    `thread`: its native id, of this process; None: this one.
    """
    try:
        with open(f"/proc/{'thread-self' if thread is None else f'self/task/{thread}'}/schedstat", "rb") as file:
            return int(file.read().split()[1]) * 1e-9
    except (OSError, ValueError, IndexError):
        return 0.0


def build_info() -> dict[str, Any]:
    """Facts of the native module (compiler, instruction_set, ...); empty where it is not built."""
    try:
        from bierl_fast._native import core  # noqa: PLC0415 - it may be missing, and a manifest need not fail for that

        return dict(core.build_info())
    except ImportError:
        return {}


def available_bytes() -> int | None:
    """What the machine, and the control group this process is in, have left; None where the system does not tell."""
    known = [size for size in (_of_the_machine(), _of_the_group()) if size is not None]
    return min(known, default=None)


def _of_the_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _of_the_group() -> int | None:
    try:
        limit = int((CGROUP / "memory.max").read_text(encoding="ascii"))
        used = int((CGROUP / "memory.current").read_text(encoding="ascii"))
        parts = dict(line.split() for line in (CGROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        cached = int(parts["file"]) - int(parts["shmem"])  # given up when memory is short
    except (OSError, ValueError, KeyError):  # no such group, or "max"
        return None
    return max(0, limit - used + cached)
