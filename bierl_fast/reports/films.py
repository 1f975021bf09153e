"""Films of a run: those that lie in its directory, and one that is made now.

Loaded -> films_of -> [Film, ...]; what cannot be shown is said
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from bierl_fast.errors import BierlError, one_line
from bierl_fast.page.blocks import Film, Note
from bierl_fast.run.loaded import Loaded
from bierl_fast.viewing.api import record

MEDIA = {".mp4": "video/mp4", ".gif": "image/gif"}
LARGEST = 16 << 20  # bytes of a film within a page
MOST = 4  # films of a run


def films_of(run: Loaded, video: bool, trust: bool) -> list[Film | Note]:
    """Those there are, and one made now where `video` says so."""
    if run.directory is None:
        return []
    return [*(_made(run, trust) if video else ()), *_there(run.directory.path)]


def _there(folder: Path) -> Iterator[Film | Note]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in MEDIA and file.is_file())
    for file in files[:MOST]:
        if file.stat().st_size > LARGEST:
            yield Note(f"{file} is too large to be shown here.")
        else:
            yield Film(file.read_bytes(), MEDIA[file.suffix.lower()], file.name)
    if len(files) > MOST:
        yield Note(f"{len(files) - MOST} more films lie in {folder}.")


def _made(run: Loaded, trust: bool) -> Iterator[Film | Note]:
    assert run.directory is not None
    best = run.directory.best_policy.is_file()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "film.mp4")
        try:
            found = record(run.directory.path, file, best=best, trust=trust)
        except BierlError as error:
            yield Note(f"No film: {one_line(error)}", warns=True)
            return
        which = "The policy that evaluated best" if best else "The last policy"
        total, length = found["returns"][0], found["lengths"][0]
        yield Film(file.read_bytes(), MEDIA[".mp4"], f"{which}: return {total:,.1f} in {length:,} steps, seed 0")
