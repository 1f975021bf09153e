"""A generator trained beforehand, in a file: it carries over to other tasks, population sizes and strategies.

    Pretraining or a run's generator -> WarmStart.save -> FILE.npz -> WarmStart.load -> the generator of another run

What it reads does not depend on the task: standardised quantiles and signals. What it cannot do is propose other
hyperparameters than it was trained to, or read another window; a run that wants either is refused with both named.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bierl_fast.archive import Archive, Kind
from bierl_fast.errors import ArgumentError
from bierl_fast.files import as_path
from bierl_fast.messages import F32, Arrays
from bierl_fast.meta.settings import GeneratorSettings, MetaSettings, RangeSettings
from bierl_fast.meta.signals import FIRST
from bierl_fast.settings import FAR, checked_fields

FILE = Kind("generator", format=1, name="a warm start", remedy="make one with `bierl pretrain`")
FOLDER = Path(__file__).parents[1] / "warm_starts"  # those that come with the package


TRAINING = "training_"  # before the names of a trainer's arrays


@dataclass(frozen=True, slots=True)
class _Header:
    """What the header of a file says."""

    shape: dict[str, Any]
    steps: int = field(metadata={"at_least": 0, "at_most": FAR})
    made: dict[str, Any]


@dataclass(frozen=True, slots=True)
class GeneratorShape:
    """What a generator is, apart from its weights; the names are those of a run's settings."""

    meta: str
    encoder_size: int
    generator_hidden: int
    generator_output: str
    meta_max_move: float
    adapt: tuple[str, ...]
    history: int
    quantiles: int
    meta_settling: float | None = None  # files of format 1 began without
    signals: tuple[str, ...] = FIRST  # and without this


@dataclass(frozen=True, slots=True, eq=False)
class WarmStart:
    """A trained generator.

    Attributes:
        shape: what it is.
        weights: (P_meta,).
        steps: env steps its training took.
        made: how it was trained, for people and for training it again.
        training: the trainer's own state, to go on with it; empty where it was taken from a run.
    """

    shape: GeneratorShape
    weights: F32
    steps: int
    made: dict[str, Any]
    training: Arrays = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Of what a run takes over: another one is another generator, whatever its file is called."""
        shape = json.dumps(_written(self.shape), sort_keys=True)
        return hashlib.sha256(shape.encode() + self.weights.astype("<f4").tobytes()).hexdigest()

    def save(self, path: str | Path) -> None:
        """Write the file; atomically."""
        header = {"shape": _written(self.shape), "steps": self.steps, "made": self.made}
        arrays = {"weights": self.weights, **{TRAINING + name: array for name, array in self.training.items()}}
        FILE.write(as_path(path, "path"), header, arrays)

    @classmethod
    def load(cls, path: str | Path) -> WarmStart:
        """Read a file, or the packaged one of that name; ArchiveError says what is wrong with it."""
        return FILE.read(located(path), cls._read)

    @classmethod
    def _read(cls, header: dict[str, Any], archive: Archive) -> WarmStart:
        said = checked_fields(_Header, header, ())
        shape = checked_fields(
            GeneratorShape, {"signals": FIRST, **said.shape}, (GeneratorSettings, RangeSettings, MetaSettings)
        )
        described = archive["weights"]
        if described.dtype.newbyteorder("=") != np.float32 or len(described.shape) != 1 or described.shape == (0,):
            raise ArgumentError(f"weights must be float32 of shape (P,), got {described}")
        weights: F32 = archive.read("weights")
        if not np.isfinite(weights).all():
            raise ArgumentError("its weights are not a finite vector")
        own = [name for name in archive if name.startswith(TRAINING)]
        training = {name.removeprefix(TRAINING): archive.read(name) for name in own}
        return cls(shape, weights, said.steps, said.made, training)


def _written(shape: GeneratorShape) -> dict[str, Any]:
    """It as a file has it: without signals where they are those of files that began without."""
    return {name: value for name, value in asdict(shape).items() if name != "signals" or value != FIRST}


def packaged() -> dict[str, Path]:
    """The warm starts that come with the package, by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.npz"))}


def located(name: str | Path) -> Path:
    """The file meant by a path, or by the name of a packaged one where there is no such file."""
    path = as_path(name, "warm_start")
    return path if path.is_file() else packaged().get(str(name), path)
