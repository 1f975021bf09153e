"""A directory is one sweep's, and so is its study: what was said is kept, and another file is refused.

Spec, directory, storage -> record -> Record       sweep.json holds what the trials depend on
"""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from bierl_fast.errors import RunDirectoryError, shown
from bierl_fast.files import json_object, read_text, write_text
from bierl_fast.sweeping import parts
from bierl_fast.sweeping.record import Record
from bierl_fast.sweeping.spec import Spec

NAME = "sweep.json"
STUDY = "study.db"
LISTED = 3  # changes in one error


def record(spec: Spec, out: Path, storage: Any) -> Record:
    """The record of the sweep in a directory, its first one where there is none.

    Args:
        spec: what is to be done.
        out: the sweep's directory, which is there.
        storage: a URL or an object of Optuna's; None: a file in the directory.

    Raises:
        RunDirectoryError: the directory holds another sweep, or what is in it is damaged.
        SweepError: the storage cannot be reached.
    """
    said = {"storage": STUDY if storage is None else parts.shown_url(storage), **spec.identity()}
    file = out / NAME
    if file.exists():
        before = _read(file)
        _require_same(out, before["said"], said)
    else:
        before = {"owner": uuid.uuid4().hex, "said": said}
        if (out / "trials").exists() or (out / STUDY).exists():
            raise RunDirectoryError(f"{out} holds trials, and {NAME}, which says of what, is gone; take another --out")
        write_text(file, json.dumps(before, indent=1) + "\n")
    kept = parts.in_file(out / STUDY) if storage is None else storage
    found = Record.opened(kept, spec.study, str(before["owner"]), begun=(out / "trials").exists())
    begun = len(found.trials())
    if begun > spec.trials:
        raise RunDirectoryError(f"{out} holds {begun} trials, and trials is {spec.trials} now; give at least {begun}")
    return found


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json_object(read_text(file))
        if not isinstance(found.get("said"), dict) or not isinstance(found.get("owner"), str):
            raise RunDirectoryError(f"{file} is no sweep's: it says neither what nor whose")
    except (OSError, ValueError) as error:
        raise RunDirectoryError(f"{file} is damaged: {error}; take another --out") from error
    return found


def _require_same(out: Path, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise where the file says something else than it did when the sweep began."""
    gone = object()
    changed = []
    for name in sorted(before.keys() | now.keys()):
        was, is_now = before.get(name, gone), now.get(name, gone)
        if was != is_now:
            texts = ["nothing" if value is gone else shown(value) for value in (was, is_now)]
            changed.append(f"{name} was {texts[0]}, is {texts[1]}")
    if changed:
        more = f" and {len(changed) - LISTED} more" if len(changed) > LISTED else ""
        raise RunDirectoryError(
            f"{out} holds a sweep that was described otherwise: {', '.join(changed[:LISTED])}{more}; put it back, or "
            "take another --out"
        )
