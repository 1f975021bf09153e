"""Packages whose ids people type without naming a module: who registers them, and how that is installed.

id -> registrar_of -> Registrar, or None      Registrar -> register -> its ids are in Gymnasium's registry

Gymnasium imports no package by itself, so an id of dm_control's is nobody's until some module is imported. Those below
are known here, and no file says which they are: an id that leads to one names no code (trust.py). They are imported as
optional packages are, not from the working directory. Any other module is named with the id, `module:id`.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bierl_fast.errors import TaskError
from bierl_fast.evaluation.environment.offscreen import choose
from bierl_fast.import_path import installed_alone
from bierl_fast.reasons import named

NEAR = 0.75  # how alike names of few letters have to be, of 1


@dataclass(frozen=True, slots=True)
class Registrar:
    """A module that registers ids as it is imported.

    Attributes:
        module: its name.
        package: what pip installs for it.
        ids: patterns of the ids.
        needs: a module that the ids take and that it goes without, registering none of them.
        draws: whether it chooses what to draw with as it is imported.
        names_code: whether keyword arguments of its environments may name code, which a file must not: then the module
            is not imported for an id alone, and the id is answered with how it is written.
    """

    module: str
    package: str
    ids: tuple[str, ...]
    needs: str | None = None
    draws: bool = False
    names_code: bool = False

    def register(self, task: str) -> None:
        """Import it.

        Raises:
            TaskError: it is not installed, cannot be imported (the text has the line that installs it), or is one to be
                named.
        """
        if self.names_code:
            raise TaskError(
                f"task {task!r} is one that {self.module} registers, whose settings may name code: write "
                f"{self.module}:{task} (pip install {self.package})",
                ["task"],
            )
        prepare(self.module)
        for module in filter(None, (self.needs, self.module)):
            try:
                with installed_alone():
                    importlib.import_module(module)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # whatever a package raises
                raise self._missing(task, module, error) from error

    def _missing(self, task: str, module: str, error: BaseException) -> TaskError:
        install = f"install it with: pip install {self.package}"
        if isinstance(error, ModuleNotFoundError) and error.name == module:
            return TaskError(f"task {task!r} needs {module}, which is not installed; {install}", ["task"])
        return TaskError(f"task {task!r} needs {module}, which cannot be imported: {named(error)}; {install}", ["task"])


ROBOTS = ("AdroitHand*", "AntMaze_*", "Fetch*", "FrankaKitchen-*", "HandManipulate*", "HandReach*", "PointMaze_*")
ROADS = ("highway-*", "intersection-*", "merge-*", "parking-*", "racetrack-*", "roundabout-*")
REGISTRARS = (
    Registrar("shimmy", "'bierl-fast[dm_control]'", ("dm_control/*",), needs="dm_control", draws=True),
    Registrar("ale_py", "ale-py", ("ALE/*",)),
    Registrar("gymnasium_robotics", "gymnasium-robotics", ROBOTS),
    Registrar("minigrid", "minigrid", ("BabyAI-*", "MiniGrid-*")),
    Registrar("highway_env", "highway-env", ROADS, names_code=True),  # config's other_vehicles_type is imported
)


def registrar_of(task: str) -> Registrar | None:
    """Who registers an id of that name; None: nobody that is known here."""
    return next((each for each in REGISTRARS if any(fnmatchcase(task, ids) for ids in each.ids)), None)


def prepare(module: str) -> None:
    """What is to be done before this module is imported, however it came to be named."""
    if any(each.draws and each.module == module for each in REGISTRARS):
        choose()


def namespace_meant(space: str, registered: Iterable[str]) -> str | None:
    """The namespace of ids, one of these packages' or one that is registered, that is nearest; None: none is near."""
    own = {ids.partition("/")[0] for each in REGISTRARS for ids in each.ids if "/" in ids}
    plain = {each.lower(): each for each in own.union(registered)}
    near = difflib.get_close_matches(space.lower().replace("-", "_"), plain, n=1, cutoff=NEAR)
    return plain[near[0]] if near else None
