"""When a meta-level that judges proposals may do so: its interval has passed, and what it costs fits its budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # annotations only
    from bierl_fast.meta.history import History
    from bierl_fast.meta.settings import MetaSettings


def affordable(
    settings: MetaSettings, rows: int, history: History, last_update: int, inner_steps: int, meta_steps: int
) -> bool:
    """Whether a meta-update may run now.

    Its cost is predicted causally: each of its `rows` episodes is as long as the longest of the latest generation.

    Args:
        settings: interval and budget.
        rows: episodes of one meta-update.
        history: up to the latest generation.
        last_update: generations the history had at the last meta-update.
        inner_steps: env steps of the inner level so far.
        meta_steps: env steps of the meta-level so far.
    """
    if history.generations - last_update < settings.interval:
        return False
    after = meta_steps + rows * history.longest_episode
    return after <= settings.budget * (inner_steps + after)
