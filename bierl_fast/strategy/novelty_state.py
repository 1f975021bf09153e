"""What a novelty strategy knows between generations, and what its rows tell it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bierl_fast.messages import F32, F64, Arrays, Bool
from bierl_fast.strategy.antithetic import LAST_STEP
from bierl_fast.strategy.behaviours import Archive
from bierl_fast.strategy.evolution_path import EvolutionPath


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What `tell` changes, as a value."""

    center_mp: F32  # (M, P)
    optimizer_m: tuple[Arrays, ...]
    path_m: tuple[EvolutionPath, ...]  # each centre's own: steps of one say nothing of another's
    mean: F32  # (P,) the best policy
    archive: Archive
    behaviour_md: F64  # (M, D) of each centre when it last ran; (M, 0) before
    due_m: Bool  # (M,) whose behaviour has not entered the archive
    weight: float  # nsra's own novelty weight
    best: float  # nsra: the largest return of a centre so far
    stagnant: int  # nsra: generations since then
    last_step_mp: F32 | None = None  # (M, P) each centre's, where riders stand along it

    def arrays(self) -> Arrays:
        """It as arrays, copied."""
        arrays: Arrays = {
            "mean": self.mean.copy(),
            "centers": self.center_mp.copy(),
            "archive": self.archive.rows_nd.copy(),
            "behaviours": self.behaviour_md.copy(),
            "due": self.due_m.copy(),
            "progress": np.array([self.weight, self.best, self.stagnant]),
        }
        if self.last_step_mp is not None:
            arrays[LAST_STEP] = self.last_step_mp.copy()
        for center, (optimizer, path) in enumerate(zip(self.optimizer_m, self.path_m, strict=True)):
            arrays.update({f"optimizer{center}_{name}": np.array(array) for name, array in optimizer.items()})
            arrays.update({name: np.array(array) for name, array in path.arrays(f"center{center}_").items()})
        return arrays

    @classmethod
    def of(cls, arrays: Arrays, archive: Archive, behaviour_md: F64) -> State:
        """What `arrays` gave, copied; the archive and the behaviours (M, D) out of them are given."""
        weight, best, stagnant = np.asarray(arrays["progress"], np.float64).tolist()
        copied = {name: np.array(array) for name, array in arrays.items()}
        numbers = range(behaviour_md.shape[0])
        return cls(
            center_mp=np.array(arrays["centers"], np.float32),
            optimizer_m=tuple(_under(f"optimizer{number}_", copied) for number in numbers),
            path_m=tuple(EvolutionPath.of(copied, f"center{number}_") for number in numbers),
            mean=np.array(arrays["mean"], np.float32),
            archive=archive,
            behaviour_md=behaviour_md,
            due_m=np.array(arrays["due"], np.bool_),
            weight=weight,
            best=best,
            stagnant=int(stagnant),
            last_step_mp=np.array(arrays[LAST_STEP], np.float32) if LAST_STEP in arrays else None,
        )


def _under(prefix: str, arrays: Arrays) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One centre after its step."""

    theta: F32  # (P,)
    optimizer: Arrays
    path: EvolutionPath
    weight_n: F32  # (N,) of the candidates in its ascent


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """What the rows of the centres and of the best policy answered."""

    return_b: F64  # (M + 1,) by centre, the best policy last; -inf where failed
    behaviour_bd: F64  # (M + 1, D)
    failed_b: Bool
