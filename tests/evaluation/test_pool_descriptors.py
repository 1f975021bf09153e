"""Environments that write to descriptors they found, or close them: training goes on."""

from __future__ import annotations

import pytest
from helpers.pool_evaluators import make, mean, people_of
from helpers.populations import assert_same_bits

from bierl_fast.errors import EpisodeError
from bierl_fast.evaluation.pool.process import ending
from bierl_fast.evaluation.pool.worker import ROBBED

pytestmark = pytest.mark.slow  # processes started by the dozen


@pytest.mark.parametrize("what", ["standard", "low", "writes", "scribbles", "prints", "closes_streams"])
@pytest.mark.parametrize("fresh_env", ["auto", "always"])
def test_descriptors_that_an_environment_found(what: str, fresh_env: str) -> None:
    with make(**mean("Fumbles", what=what, fresh_env=fresh_env), workers=2) as evaluator:
        people = people_of(evaluator, 6)
        batch = evaluator.evaluate(people)
        assert not batch.failed_r.any()
    with make(**mean("Still")) as calm:
        assert_same_bits(calm.evaluate(people), batch)


def test_the_last_one_is_told_of() -> None:
    """All descriptors there are: nothing can be said to the parent any more but by an exit code."""
    said = pytest.raises(EpisodeError, match="closed file descriptors that it had not opened")
    with make(**mean("Fumbles", what="all", fresh_env="never")) as evaluator, said:
        evaluator.evaluate(people_of(evaluator, 1))
    assert ending(ROBBED) == "ended because its environment closed file descriptors that it had not opened"
