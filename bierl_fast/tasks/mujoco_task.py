"""A MuJoCo task of one's own: a model file, and lists of terms that C++ reads.

MujocoTask(model, ...), or load("my_robot.toml")  ->  keywords()  ->  the native task ID with these keyword arguments

What the keywords mean stands in one place, csrc/bierl/mujoco/terms: here they are carried alone. A run writes them down
whole, so it needs the model's file to go on, and neither the program nor the task file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from bierl_fast._library import package_folder
from bierl_fast._native import core
from bierl_fast._registration import MUJOCO_TASK
from bierl_fast.errors import ArgumentError, ArgumentTypeError, SimulationError, TaskError, shown
from bierl_fast.files import as_path, read_toml
from bierl_fast.frozen import frozen
from bierl_fast.names import unknown
from bierl_fast.public import public
from bierl_fast.tasks.code import QUANTITIES, linked, written
from bierl_fast.values import text

Term = Mapping[str, Any]
LISTS = ("observation", "reward", "termination", "reset", "wrappers")  # of terms, and of wrappers


@public
@dataclass(frozen=True, kw_only=True)
class MujocoTask:
    """A task of one's own: give it in the place of a task's id, to Config, make_evaluator, NativeEnv or register.

    A term is a dict: its "term" and options by name, such as {"term": "joint_positions", "skip": 1}. See
    docs/own_robot.md, which lists them. In the place of a name stands a compiled function (bf.term), by itself or by
    its import path, or a term of a C++ library, "libmine.so:name".

    Args:
        model: path of an MJCF file, or of an MJB file that this version of MuJoCo wrote; of one in an installed
            package "package:path/in/it.xml".
        observation: terms whose numbers the policy sees, one after another.
        reward: terms that are summed, each with a weight.
        episode_steps: the time limit, in control steps.
        termination: terms that end an episode where a number leaves its range.
        reset: noise on the start of an episode, in the order in which it is drawn.
        frame_skip: steps of the simulation in one control step.
        name: what errors and run directories call it; None: the model file's name.
        keyframe: of the model, from which episodes start; None: the model's own start.
        root: body whose x, y tell where an episode ended; None: the first one that moves about.
        wrappers: of the task, as any native task takes them (docs/tasks.md); the first is the innermost.

    Raises:
        TaskError: the model does not load, or has no part of that name (the nearest is offered); a term or an option
            that there is none of, or a value that cannot be; code that cannot be loaded, or is none of terms.
        ArgumentTypeError: what is no list of terms.
    """

    model: str | os.PathLike[str]
    observation: Sequence[Term]
    reward: Sequence[Term]
    episode_steps: int
    termination: Sequence[Term] = ()
    reset: Sequence[Term] = ()
    frame_skip: int = 1
    name: str | None = None
    keyframe: str | None = None
    root: str | None = None
    wrappers: Sequence[Term] = ()
    model_hash: str = field(default="", repr=False)  # found, unless a file says it

    def __post_init__(self) -> None:
        """Check everything, against the model too."""
        put = object.__setattr__
        put(self, "model", _model(self.model))
        for each in ("episode_steps", "frame_skip"):
            put(self, each, _plain(getattr(self, each)))  # NumPy's, too
        if self.name is None:
            put(self, "name", Path(str(self.model)).stem)
        if not text("name", str(self.name)).strip():
            told = f"name must be what errors and run directories call the task, got {shown(self.name)}; leave it out"
            raise TaskError(told, ["task"])
        for each in LISTS:
            put(self, each, frozen([_term(each, term) for term in getattr(self, each)]))
        try:
            if not self.model_hash:
                put(self, "model_hash", core.model_hash(str(self.model)))
            core.EnvCore(MUJOCO_TASK, "", linked(MUJOCO_TASK, self.keywords()))
        except (ArgumentError, SimulationError) as error:
            told = str(error)
            raise TaskError(told if told.startswith(f"{self.name}") else f"{self.name}: {told}", ["task"]) from error

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> MujocoTask:
        """The task that a TOML file describes: the same names; the model's path begins at the file's folder.

        Raises:
            TaskError: there is no such file, it is no TOML, or lacks something.
            UnknownNameError: it holds a name that is none of these (the nearest is offered).
        """
        return cls(**read_file(path))

    def keywords(self) -> dict[str, Any]:
        """All of it, as keyword arguments of the native task."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None and value != []}


NAMES = tuple(each.name for each in fields(MujocoTask))
NEEDED = ("model", "observation", "reward", "episode_steps")


def read_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a task file says, its names checked and the model's path absolute. Raises as MujocoTask.load."""
    file = as_path(path, "the path of a task file")
    try:
        found = read_toml(file)
    except OSError as error:
        raise TaskError(f"cannot read the task file {os.fspath(path)}: {error.strerror}", ["task"]) from error
    except ValueError as error:
        raise TaskError(f"the task file {os.fspath(path)} is not valid TOML: {error}", ["task"]) from error
    for name in found:
        if name not in NAMES:
            raise unknown(f"key of a task file ({os.fspath(path)})", name, NAMES, ["task"])
    for name in NEEDED:
        if name not in found:
            raise TaskError(f"the task file {os.fspath(path)} has no {name}", ["task"])
    if not isinstance(found["model"], str):
        raise TaskError(f"the task file {os.fspath(path)}: model must be a path, got {shown(found['model'])}", ["task"])
    home = os.path.dirname(os.path.abspath(path))
    lists = {where: found[where] for where in QUANTITIES if isinstance(found.get(where), list)}
    terms = {where: [_from(home, each) for each in some] for where, some in lists.items()}
    return {"name": Path(path).stem, **found, **terms, "model": _model(found["model"], home)}


def _model(model: str | os.PathLike[str], home: str = os.curdir) -> str:
    """The whole path of a model: from a folder on, or from that of an installed package, which is not imported."""
    path = os.path.join(home, as_path(model, "model"))
    package, colon, rest = os.fspath(model).partition(":")
    if not (colon and package.isidentifier()) or os.path.exists(path):
        return os.path.abspath(path)
    folder = package_folder(package)
    if folder is None:
        raise TaskError(f"the model {model} lies in the package {package}, which is not installed", ["task"])
    return str(folder / rest)


def _from(home: str, term: Any) -> Any:
    """A term of a file in this folder, from where the paths of its code begin."""
    return {**term, "term": written(term["term"], home)} if isinstance(term, dict) and "term" in term else term


def changed(described: Mapping[str, Any], changes: Mapping[str, Any]) -> MujocoTask:
    """A task with some of its keyword arguments changed. Raises as MujocoTask, and UnknownNameError for others."""
    for name in changes:
        if name not in NAMES:
            raise unknown("keyword argument of a task of one's own", name, NAMES, ["task_kwargs"])
    kept = {name: value for name, value in described.items() if name != "model_hash" or "model" not in changes}
    return MujocoTask(**{**kept, **changes})


def _term(where: str, term: Any) -> dict[str, Any]:
    """A term as plain values."""
    if not isinstance(term, Mapping):
        key = "wrapper" if where == "wrappers" else "term"
        raise ArgumentTypeError(f"{where}: each must be a dict with a {key}, got {shown(term)}", [where])
    return {str(name): written(value) if name == "term" else _plain(value) for name, value in term.items()}


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
