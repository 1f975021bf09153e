"""Where a run's numbers go besides its own directory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from bierl_fast.loggers.table import LOGGERS
from bierl_fast.settings import FAR, Section, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggerSettings(Section):
    """Which tools show the run."""

    title: ClassVar[str] = "loggers"

    log: tuple[str, ...] = setting(
        (),
        "tools that show the run while it trains; each is an extra of the package",
        training=False,
        common=True,
        each=tuple(LOGGERS),
        also=("logger", "loggers", "log_to", "track", "report_to", "wandb", "tensorboard", "trackio"),
    )
    log_project: str = setting(
        "bierl_fast",
        "project that wandb and trackio show the run under",
        training=False,
        also=("project", "wandb_project", "project_name", "wandb_project_name"),
    )
    log_video: int = setting(
        0,
        "generations between films of one episode for these tools (extra video); 0: none",
        training=False,
        at_least=0,
        at_most=FAR,
        of_episodes=True,
        also=("capture_video", "video", "video_interval", "record_video", "video_freq"),
    )
