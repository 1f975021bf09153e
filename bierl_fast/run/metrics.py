"""metrics.jsonl: one line of strict JSON for each generation.

    {name: value} -> MetricsFile.append -> metrics.jsonl -> read -> [{name: value}, ...]

Counters are cumulative. A number that is not finite is written as null.
"""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np

from bierl_fast.errors import RunDirectoryError, naming
from bierl_fast.files import write_text

Record = dict[str, Any]


def strict(value: Any) -> Any:
    """`value` as strict JSON takes it: non-finite numbers are None, NumPy becomes Python."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    return value


def dumps(value: Any, indent: int | None = None) -> str:
    """`value` as strict JSON."""
    return json.dumps(strict(value), allow_nan=False, indent=indent)


class MetricsFile:
    """A run's metrics.jsonl, open for appending."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("a", encoding="utf-8")

    def append(self, record: Record) -> None:
        """Write one generation's line; another process reads it at once."""
        with naming(self._path):
            self._file.write(dumps(record) + "\n")
            self._file.flush()

    def sync(self) -> None:
        """Put the lines on the disk: before a checkpoint that counts on them."""
        with naming(self._path):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; more than once is fine."""
        with naming(self._path):
            self._file.close()


def read(path: Path) -> list[Record]:
    """Every generation's record, in order. A last line that was cut short (the run was killed) is left out.

    Raises:
        RunDirectoryError: the file cannot be read, a line before the last one is no JSON object, or a line's
            generation is no whole number.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RunDirectoryError(f"cannot read {path}: {error}") from error
    records: list[Record] = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):
                break
            raise RunDirectoryError(f"{path} is damaged in line {number}: {error}") from error
        if not isinstance(record, dict) or "generation" not in record:
            raise RunDirectoryError(f"{path} is damaged in line {number}: no generation's record")
        if type(record["generation"]) is not int:
            raise RunDirectoryError(
                f"{path} is damaged in line {number}: generation must be a whole number, got {record['generation']!r}"
            )
        records.append(record)
    return records


def truncate(path: Path, generations: int) -> list[Record]:
    """Keep the records of the first `generations` generations, and give them back; resume goes on behind them.

    Raises:
        RunDirectoryError: as `read` does, or the file lacks one of these generations; it is left as it is.
    """
    kept = read(path)[:generations]
    if [record["generation"] for record in kept] != list(range(len(kept))) or len(kept) < generations:
        raise RunDirectoryError(
            f"{path} does not hold generations 0 to {generations - 1} in order, one line each, as its checkpoint needs"
        )
    write_text(path, "".join(dumps(record) + "\n" for record in kept))
    return kept
