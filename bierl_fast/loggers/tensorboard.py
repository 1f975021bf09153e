"""TensorBoard: event files, written by PyTorch's own writer.

A resumed run says where it goes on, so that TensorBoard leaves out what a killed one had written beyond it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bierl_fast.loggers.base import FILM, LogRun, Place

SCORES = {
    "eval/mean_return": 0,
    "rollout/mean_return": 0,
}  # what the table of hyperparameters sorts runs by


class TensorBoard:
    """Event files in a folder of the run's."""

    def __init__(self, run: LogRun) -> None:
        from torch.utils import tensorboard  # noqa: PLC0415 - torch takes a second

        purge = {} if run.generations == 0 else {"purge_step": run.env_steps + 1}
        of_torch: Any = tensorboard  # partly without types
        self._writer: Any = of_torch.SummaryWriter(str(run.folder), **purge)
        if run.generations == 0:
            for summary in of_torch.summary.hparams(dict(run.hyperparameters), SCORES):
                self._writer.file_writer.add_summary(summary)

    def numbers(self, numbers: Mapping[str, float], at: Place) -> None:
        """One scalar each."""
        for name, value in numbers.items():
            self._writer.add_scalar(name, value, at.env_steps, at.time)

    def film(self, path: Path, at: Place) -> None:
        """A GIF, which TensorBoard plays among its images."""
        from tensorboard.compat.proto.summary_pb2 import Summary  # noqa: PLC0415 - an extra

        content = path.read_bytes()
        width, height = struct.unpack("<HH", content[6:10])
        image = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=content)
        summary = Summary(value=[Summary.Value(tag=FILM, image=image)])
        self._writer.file_writer.add_summary(summary, at.env_steps, at.time)

    def close(self) -> None:
        """Write what is buffered."""
        self._writer.close()
