"""Everything needed to continue a run, bit for bit, in one npz file.

    Config, Counters, {part: Arrays} -> save -> checkpoint.npz -> load -> Checkpoint

A JSON header beside the arrays, a format number, no pickle. The bytes depend on the run's settings and
its number of generations alone: not on threads, time, or where the run was to end.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from bierl_fast.archive import Archive, write_archive
from bierl_fast.config.config import Config
from bierl_fast.config.sections import OLD_NAMES, none_is_said
from bierl_fast.errors import ArchiveError, ArgumentError, CheckpointError, shown
from bierl_fast.files import json_object
from bierl_fast.messages import Arrays
from bierl_fast.settings import FAR

FORMAT = 1
KIND = "bierl_fast run"
PARTS = ("strategy", "evaluator", "meta", "history", "safeguard")


@dataclass(frozen=True, slots=True)
class Counters:
    """What a run has done so far. Steps are environment steps; evaluation steps are reporting only."""

    generation: int = 0  # completed generations
    inner_steps: int = 0
    meta_steps: int = 0
    warm_start_steps: int = 0
    eval_steps: int = 0
    episode_failures: int = 0  # of inner and meta rows
    meta_updates: int = 0
    rollbacks: int = 0  # returns to the best centre; format 1 began without these two
    restarts: int = 0  # returns to the start
    best_return: float | None = None  # mean return of the best reporting evaluation

    @property
    def env_steps(self) -> int:
        """Every step whose result influenced training."""
        return self.inner_steps + self.meta_steps + self.warm_start_steps


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A run at the end of a generation."""

    counters: Counters
    parts: Mapping[str, Arrays]  # by their names in PARTS


def save(path: Path, config: Config, checkpoint: Checkpoint) -> None:
    """Write `checkpoint` to `path`; readers see the old file or the new one.

    Raises:
        ArgumentError: a part holds Python objects, which only pickle could save; the old file stays.
        OSError: the disk refuses; the old file stays.
    """
    header = {
        "format": FORMAT,
        "kind": KIND,
        "task": config.task_name,
        "strategy": config.strategy,
        "meta": config.meta,
        "generation": checkpoint.counters.generation,
        "counters": asdict(checkpoint.counters),
        "config": config.training(),
    }
    arrays = {
        f"{part}/{name}": np.asarray(array)
        for part in sorted(checkpoint.parts)
        for name, array in sorted(checkpoint.parts[part].items())
    }
    try:
        write_archive(path, json.dumps(header, sort_keys=True), arrays)
    except ValueError as error:  # NumPy's, of Python objects
        raise ArgumentError(f"parts of a run must be arrays of numbers: {error}") from error


def load(path: Path, config: Config) -> Checkpoint:
    """Read the checkpoint of the run that `config` describes; the file is never touched.

    Raises:
        CheckpointError: missing, truncated or damaged; of another format; of another task or other settings.
    """
    header, parts = _read(path)
    _require_same_run(path, header, config)
    counters = _counters(path, header)
    if header.get("generation", counters.generation) != counters.generation:
        raise CheckpointError(f"{path} is damaged: its header says two numbers of generations")
    return Checkpoint(counters, parts)


def counters(path: Path) -> Counters:
    """What the run had done that a checkpoint is of; its arrays are not read.

    Raises:
        CheckpointError: missing, damaged or of another format.
    """
    with _opened(path) as (header, _):
        pass
    return _counters(path, header)


def _counters(path: Path, header: dict[str, Any]) -> Counters:
    saved = _table(path, header, "counters")
    best = saved.get("best_return")  # format 1 began without
    if best is not None and not (type(best) is float and math.isfinite(best)):
        raise CheckpointError(f"{path} is damaged: best_return must be a finite number or null, got {shown(best)}")
    counts = [field for field in fields(Counters) if field.name != "best_return"]
    saved = {"rollbacks": 0, "restarts": 0, **saved}
    for field in counts:
        if field.name not in saved:
            raise CheckpointError(f"{path} is damaged: its header lacks {field.name!r}")
        if type(saved[field.name]) is not int or not 0 <= saved[field.name] <= FAR:
            raise CheckpointError(
                f"{path} is damaged: {field.name} must be a whole number of at least 0 and at most {FAR}, "
                f"got {shown(saved[field.name])}"
            )
    return Counters(**{field.name: saved[field.name] for field in counts}, best_return=best)


def _table(path: Path, header: dict[str, Any], name: str) -> dict[str, Any]:
    value = header.get(name)
    if not isinstance(value, dict):
        raise CheckpointError(f"{path} is damaged: its header's {name} must be a JSON object, got {shown(value)}")
    return value


@contextmanager
def _opened(path: Path) -> Iterator[tuple[dict[str, Any], Archive]]:
    """A checkpoint's header, of this format, and its arrays."""
    if not path.is_file():
        raise CheckpointError(f"no checkpoint at {path}: the run never wrote one, or this is not a run directory")
    try:
        with Archive.opened(path) as archive:
            header = json_object(archive.header)
            _require_format(path, header)
            yield header, archive
    except ArchiveError as error:
        raise CheckpointError(str(error)) from error
    except ValueError as error:
        raise CheckpointError(f"{path} is no checkpoint: of its header, {error}") from error


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Arrays]]:
    """The header, and the parts' arrays; others in the file are not read."""
    parts: dict[str, Arrays] = {}
    with _opened(path) as (header, archive):
        for name in archive:
            part, _, inner = name.partition("/")
            if part in PARTS and inner:
                parts.setdefault(part, {})[inner] = archive.read(name)
    return header, parts


def _require_format(path: Path, header: dict[str, Any]) -> None:
    if header.get("kind") != KIND:
        raise CheckpointError(f"{path} is no checkpoint of a run, but {shown(header.get('kind'))}")
    if header.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} has format {shown(header.get('format'))}, this version reads format {FORMAT}; "
            "use the version of bierl_fast that wrote it (manifest.json names it)"
        )


def _require_same_run(path: Path, header: dict[str, Any], config: Config) -> None:
    if header.get("task") != config.task_name:
        raise CheckpointError(
            f"{path} is a checkpoint of task {shown(header.get('task'))}, "
            f"but the run's config.toml says {config.task_name!r}"
        )
    # A setting that came after the checkpoint was written, or that was left open, had its default then; but None is a
    # value of its own where a setting may be it and its default is another.
    defaults = json.loads(json.dumps(Config(task=config.task).training()))
    given = {OLD_NAMES.get(name, name): value for name, value in _table(path, header, "config").items()}
    saved = {**defaults, **{name: value for name, value in given.items() if value is not None or none_is_said(name)}}
    now = json.loads(json.dumps(config.training()))
    changed = sorted(name for name in {*saved, *now} if saved.get(name) != now.get(name))
    if changed:
        details = ", ".join(f"{name} was {shown(saved.get(name))}, is {shown(now.get(name))}" for name in changed)
        raise CheckpointError(f"{path} belongs to other settings than the run's config.toml: {details}")
