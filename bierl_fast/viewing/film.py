"""Frames into a film: MP4 by ffmpeg, GIF by Pillow, both through imageio.

frames (height, width, 3) uint8 -> Film -> FILE.mp4 or FILE.gif
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bierl_fast.errors import UnsupportedError
from bierl_fast.optional import optional

KINDS = ("mp4", "gif")
GIF_FPS = 25  # at most: a GIF's clock ticks in hundredths of a second, and its frames are large
USUAL_FPS = 30  # of an environment that does not say


class Film:
    """A film that is being written; a context manager, which ends the file."""

    def __init__(self, path: Path, fps: float) -> None:
        """`path` has an ending of KINDS. InstallationError where imageio or ffmpeg is missing."""
        kind = path.suffix.removeprefix(".").lower()
        imageio = optional("imageio.v2", "video", "a film")
        self._every, self._seen = 1, 0
        if kind == "gif":
            self._every = max(1, round(fps / GIF_FPS))
            self._writer: Any = imageio.get_writer(
                path, format="GIF", mode="I", duration=1000.0 * self._every / fps, loop=0
            )
            return
        optional("imageio_ffmpeg", "video", "a film in MP4")
        self._writer = imageio.get_writer(
            path, format="FFMPEG", mode="I", fps=fps, codec="libx264", macro_block_size=None, ffmpeg_log_level="error"
        )

    def add(self, frame: Any) -> None:
        """Take in one frame. UnsupportedError where it is none."""
        picture = np.asarray(frame)
        if frame is None or picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            got = "nothing" if frame is None else f"{picture.dtype} of shape {picture.shape}"
            raise UnsupportedError(f"a frame must be uint8 of shape (height, width, 3), and the environment drew {got}")
        if self._seen % self._every == 0:
            self._writer.append_data(_even(picture))
        self._seen += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._writer.close()


def _even(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """With an even height and width, as the codec wants them: the last row and column twice where they are odd."""
    height, width, _ = picture.shape
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
