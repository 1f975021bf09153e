"""Frames into a film: MP4 by ffmpeg through imageio, GIF by Pillow, which comes with it.

frames (height, width, 3) uint8 -> Film -> FILE.mp4 or FILE.gif
"""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bierl_fast.errors import UnsupportedError
from bierl_fast.optional import optional

KINDS = ("mp4", "gif")
GIF_FPS = 25  # at most: a GIF's clock ticks in hundredths of a second, and its frames are large
MOST = 2**30  # bytes of a GIF's frames, which are all in memory until its end
FULL = 2**20  # bytes free on a disk that ffmpeg, which does not say, may have found full
USUAL_FPS = 30  # of an environment that does not say


class Film:
    """A film that is being written; a context manager, which ends the file."""

    def __init__(self, path: Path, fps: float) -> None:
        """`path` has an ending of KINDS. InstallationError where imageio or ffmpeg is missing."""
        kind = path.suffix.removeprefix(".").lower()
        imageio = optional("imageio.v2", "video", "a film")
        self._every, self._seen, self._bytes = 1, 0, 0
        self._path, self._ffmpeg = path, None
        # Of a GIF: not through imageio, which makes it of its frames after an error too, and that takes minutes.
        self._pictures: list[Any] = []
        self._picture: Any = None
        if kind == "gif":
            self._every = max(1, round(fps / GIF_FPS))
            self._duration = 1000.0 * self._every / fps
            self._picture = optional("PIL.Image", "video", "a film in GIF").fromarray
            return
        self._ffmpeg = optional("imageio_ffmpeg", "video", "a film in MP4")
        self._writer: Any = imageio.get_writer(
            path, format="FFMPEG", mode="I", fps=fps, codec="libx264", macro_block_size=None, ffmpeg_log_level="quiet"
        )

    def add(self, frame: Any) -> None:
        """Take in one frame. UnsupportedError where it is none."""
        picture = np.asarray(frame)
        if frame is None or picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            got = "nothing" if frame is None else f"{picture.dtype} of shape {picture.shape}"
            raise UnsupportedError(f"a frame must be uint8 of shape (height, width, 3), and the environment drew {got}")
        if self._seen % self._every == 0:
            self._bytes += picture.nbytes
            if self._ffmpeg is None and self._bytes > MOST:
                raise UnsupportedError(
                    f"the frames of a GIF are in memory until its end, and these take more than {MOST >> 20} MiB; make "
                    "it an .mp4, or take fewer episodes"
                )
            if self._ffmpeg is None:
                self._pictures.append(self._picture(_even(picture)))
            else:
                with self._by_ffmpeg():
                    self._writer.append_data(_even(picture))
        self._seen += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._ffmpeg is not None:
            with self._by_ffmpeg():
                self._writer.close()
                if error is None and self._seen:
                    self._ffmpeg.count_frames_and_secs(str(self._path))  # whose exit code nobody asked for
        elif error is None and self._pictures:
            first, *others = self._pictures
            gif = io.BytesIO()
            first.save(gif, format="GIF", save_all=True, append_images=others, duration=self._duration, loop=0)
            self._path.write_bytes(gif.getvalue())

    @contextmanager
    def _by_ffmpeg(self) -> Iterator[None]:
        """An error of the pipe to ffmpeg says what that wrote to."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            full = shutil.disk_usage(self._path.parent).free < FULL
            code = errno.ENOSPC if full else errno.EIO
            text = os.strerror(code) if full else "ffmpeg ended before the film did"
            raise OSError(code, text, str(self._path)) from error


def _even(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """With an even height and width, as the codec wants them: the last row and column twice where they are odd."""
    height, width, _ = picture.shape
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
