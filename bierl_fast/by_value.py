"""A user's function or module that travels to another process, whether or not it has an import path.

    thing -> ByValue(thing) -> pickle.dumps -> pickle.loads -> ByValue.thing

cloudpickle, which Gymnasium brings too: it takes by reference what has an import path, and by value what has none: a
lambda, a local class, whatever a script or notebook defines.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

from bierl_fast.errors import ArgumentError
from bierl_fast.reasons import named


@dataclass(frozen=True, slots=True, eq=False)
class ByValue:
    """Holds one object; pickles it by cloudpickle.

    Raises:
        ArgumentError: when it is pickled and cannot be.
    """

    thing: Any

    def __reduce__(self) -> tuple[Any, ...]:
        import cloudpickle  # noqa: PLC0415 - most runs pickle nothing

        try:
            return _again, (cloudpickle.dumps(self.thing),)
        except Exception as error:  # whatever a user's object raises
            raise ArgumentError(
                f"{type(self.thing).__name__} cannot be sent to another process: {named(error)}"
            ) from error


def _again(data: bytes) -> ByValue:
    return ByValue(pickle.loads(data))
