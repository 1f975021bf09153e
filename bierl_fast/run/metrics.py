"""metrics.jsonl: one line of strict JSON for each generation.

    {name: value} -> MetricsFile.append -> metrics.jsonl -> read -> [{name: value}, ...]

Counters are cumulative. A number that is not finite is written as null.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bierl_fast.errors import RunDirectoryError, naming, shown
from bierl_fast.files import json_object, opened, refusal, write_text
from bierl_fast.settings import FAR

Record = dict[str, Any]
LONGEST = 1 << 20  # bytes of a line
LARGEST = sys.float_info.max
# What a record holds, each where it is there: earlier versions wrote fewer.
COUNTS = {
    "generation",
    "env_steps",
    "inner_steps",
    "meta_steps",
    "warm_start_steps",
    "eval_steps",
    "episode_failures",
    "meta_updates",
}
NUMBERS = {
    "mean_return",
    "max_return",
    "center_return",
    "sigma",
    "learning_rate",
    "update_norm",
    "noise_std",
    "path_ratio",
}
TABLES = {"hyperparameters", "meta", "evaluation", "seconds"}  # of numbers by name


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
        with naming(path):
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
    """Every generation's record, in order.

    A last line without its end is left out: the run was killed, or is writing it just now.

    Raises:
        RunDirectoryError: the file cannot be read, or a line before the last one is no JSON object, or holds in the
            place of one of a run's numbers what none of them is.
    """
    records: list[Record] = []
    try:
        with opened(path) as file:
            while line := file.readline(LONGEST):
                try:
                    records.append(_record(line, f"{path} is damaged in line {len(records) + 1}"))
                except RunDirectoryError as error:
                    unread = isinstance(error.__cause__, json.JSONDecodeError | UnicodeDecodeError)
                    # Without a newline it was the last line when it was read, whatever its writer has added since.
                    if unread and len(line) < LONGEST and not (line.endswith(b"\n") and file.read(1)):
                        break
                    raise
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {refusal(error)}") from error
    return records


def latest(path: Path, most: int = LONGEST) -> list[Record]:
    """The latest records, as many as lie in the last `most` bytes; raises as `read` does, of these lines."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - most))
            content = file.read(most)
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {refusal(error)}") from error
    lines = content.split(b"\n")[1 if size > most else 0 : -1]  # the last line's end may not be written yet
    return [_record(line, f"{path} is damaged") for line in lines]


def _record(line: bytes, damaged: str) -> Record:
    """A line's record; RunDirectoryError, which begins with `damaged`, where it holds none."""
    try:
        record = json_object(line.decode("utf-8-sig"))  # an editor may have written a byte-order mark
    except ValueError as error:
        raise RunDirectoryError(f"{damaged}: {error}") from error
    wrong = _wrong(record)
    if wrong is not None:
        raise RunDirectoryError(f"{damaged}: {wrong}")
    return record


def _wrong(record: Record) -> str | None:
    """What is wrong with a generation's record; None where nothing is."""
    if "generation" not in record:
        return "no generation's record"
    for name in COUNTS & record.keys():
        if type(record[name]) is not int or not 0 <= record[name] <= FAR:
            return f"{name} must be a whole number of at least 0, got {shown(record[name])}"
    for name in NUMBERS & record.keys():
        if record[name] is not None and not _is_number(record[name]):
            return f"{name} must be a number or null, got {shown(record[name])}"
    for name in TABLES & record.keys():
        table = record[name]
        if not isinstance(table, dict) and (table is not None or name == "seconds"):
            return f"{name} must be a JSON object, got {shown(table)}"
        for inner, value in (table or {}).items():
            if not _is_number(value) and (value is not None or name == "seconds"):
                return f"{name}.{inner} must be a number, got {shown(value)}"
    return None


def _is_number(value: Any) -> bool:
    return type(value) in {int, float} and abs(value) <= LARGEST  # an integer may be beyond any float


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
