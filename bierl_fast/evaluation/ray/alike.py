"""Whether a node gives the bits that this machine gives: what is installed there, beside what is here.

facts() there -> Alike.require -> refused, told once, or neither
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bierl_fast.errors import RunWarning, WorkerError, warn
from bierl_fast.evaluation.ray.host import facts
from bierl_fast.reasons import named

SAME = ("bierl_fast", "mujoco", "python")  # whose difference changes bits, or what can be sent at all
NOT_INSTALLED = "ModuleNotFoundError"  # in what Ray says of an actor


class Alike:
    """Compares nodes with this process."""

    def __init__(self) -> None:
        self._here = facts()
        self._warned: set[str] = set()

    def require(self, node: str, there: Mapping[str, Any]) -> None:
        """Warn, once, of what may change last bits.

        Args:
            node: which one, in words.
            there: its facts.

        Raises:
            WorkerError: it has another version of what changes bits.
        """
        others = {name: (there.get(name), here) for name, here in self._here.items() if there.get(name) != here}
        told = ", ".join(f"{name} {theirs} (here {here})" for name, (theirs, here) in others.items())
        if others.keys() & set(SAME):
            raise WorkerError(f"the node {node} has {told}, and would give other bits; install there what is here")
        if told and told not in self._warned:
            self._warned.add(told)
            warn(f"the node {node} has {told}; results may differ in their last bits", RunWarning)


def last_line(error: BaseException) -> str:
    """What an error of Ray's comes to: it quotes a traceback of the node's, which ends with the reason."""
    return next((line for line in reversed(str(error).splitlines()) if line.strip()), named(error)).strip()
