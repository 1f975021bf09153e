"""Which settings of a run are somebody's choice: one rule, for whoever shows a run.

run directory, its settings -> chosen -> {name: value}
"""

from __future__ import annotations

from typing import Any

from bierl_fast.archive import Archive
from bierl_fast.config import foreign
from bierl_fast.config.config import Config
from bierl_fast.errors import ArchiveError
from bierl_fast.run.directory import RunDirectory
from bierl_fast.strategy import table as strategies


def chosen(directory: RunDirectory, config: Config) -> dict[str, Any]:
    """The settings that are neither at their default nor what strategy or meta-level take where nothing is said."""
    own = {**strategies.options(config.strategy), **_defaults(config.strategy, directory)}
    others = foreign.foreign(config.strategy, config.meta, config.dim)
    return {
        name: value
        for name, value in config.named().values().items()
        if name not in others and not foreign.unsaid(name, value) and own.get(name) != value
    }


def _defaults(strategy: str, directory: RunDirectory) -> dict[str, float]:
    """What the strategy's hyperparameters are by themselves; some depend on how many parameters its policy has."""
    try:
        with Archive.opened(directory.policy) as archive:
            sizes = [archive["parameters"].shape[0]]
    except (ArchiveError, IndexError):  # no policy yet, or none that can be read: those alone that do not depend on it
        sizes = [4, 5]
    found = [strategies.declared(strategy, size) for size in sizes]
    first, *others = ({name: spec.default for name, spec in declared.items()} for declared in found)
    return {name: value for name, value in first.items() if all(other[name] == value for other in others)}
