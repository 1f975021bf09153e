"""Where a native task may differ from Gymnasium's, by how much, and why; all else is equal bit for bit.

Allowances are in ulp: spacings of float64 at the larger of the two magnitudes; for rewards, at the largest
magnitude among the reward and its terms, because the terms cancel.
"""

from __future__ import annotations

from dataclasses import dataclass

NORM = (
    "np.linalg.norm sums the squares in BLAS, which fuses multiply and add where the CPU can; "
    "measured here: one ulp in one of ten vectors"
)
TRIGONOMETRY = "np.sin and np.cos of an array take NumPy's vector code where the CPU has it, libm's otherwise"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """What one task is allowed."""

    observation_ulp: int = 0
    reward_ulp: int = 0
    info_ulp: dict[str, int] | None = None
    why: str = ""

    def info(self, name: str) -> int:
        return (self.info_ulp or {}).get(name, 0)


EXACT = Tolerance()
_ORIGIN = Tolerance(info_ulp={"distance_from_origin": 2}, why=NORM)

TOLERANCE: dict[str, Tolerance] = {
    "InvertedDoublePendulum-v5": Tolerance(observation_ulp=2, why=TRIGONOMETRY),
    "Reacher-v5": Tolerance(
        observation_ulp=2, reward_ulp=2, info_ulp={"reward_dist": 2}, why=f"{TRIGONOMETRY}; {NORM}"
    ),
    "Pusher-v5": Tolerance(reward_ulp=4, info_ulp={"reward_dist": 2, "reward_near": 2}, why=NORM),
    "Swimmer-v5": _ORIGIN,
    "Ant-v5": _ORIGIN,
    "Humanoid-v5": _ORIGIN,
}


def tolerance(task: str) -> Tolerance:
    return TOLERANCE.get(task, EXACT)
