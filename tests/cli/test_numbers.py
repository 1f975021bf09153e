"""How results are printed: two decimals, where those mean something."""

from __future__ import annotations

import pytest

from bierl_fast.cli.output import number_text
from bierl_fast.run.progress import return_text


@pytest.mark.parametrize(
    ("value", "told", "short"),
    [
        (0.0, "0.00", "0"),
        (-3.14159, "-3.14", "-3.142"),
        (4096.55, "4096.55", "4096.6"),
        (1.7e308, "1.7e+308", "1.7e+308"),
        (-5e12, "-5e+12", "-5e+12"),
        (2.5e-310, "2.5e-310", "2.5e-310"),
    ],
)
def test_short_whatever_their_size(value: float, told: str, short: str) -> None:
    assert (number_text(value), return_text(value)) == (told, short)
