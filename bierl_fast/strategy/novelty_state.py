"""What a novelty strategy knows between generations, and what its rows tell it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from bierl_fast.errors import ArgumentError
from bierl_fast.messages import F32, F64, Arrays, Bool
from bierl_fast.strategy.antithetic import LAST_STEP
from bierl_fast.strategy.behaviours import Archive
from bierl_fast.strategy.checks import require_arrays, under, vector
from bierl_fast.strategy.evolution_path import SCALARS, EvolutionPath
from bierl_fast.strategy.optimizer import Optimizer

FARTHEST = 1e150  # of a number in a descriptor, whose square is still one


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
            optimizer_m=tuple(under(f"optimizer{number}_", copied) for number in numbers),
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


def saved(arrays: Arrays, now: State, after_a_step: Arrays) -> State:
    """The state that `State.arrays` gave; ArgumentError for arrays that it does not give to a strategy such as `now`'s.

    `after_a_step`: what an optimizer of it keeps once it has taken a step.
    """
    vector("mean", np.asarray(arrays.get("mean", now.mean)), now.mean.size)
    prefixes = [f"optimizer{center}_" for center in range(len(now.optimizer_m))]
    started = [prefix for prefix in prefixes if any(name.startswith(prefix) for name in arrays)]
    wanted = {name: array for name, array in now.arrays().items() if not name.startswith("optimizer")}
    wanted.update({prefix + name: array for prefix in started for name, array in after_a_step.items()})
    seen: Arrays = {name: np.asarray(arrays[name]) for name in ("archive", "behaviours") if name in arrays}
    loose = ("progress", *(f"center{center}_{SCALARS}" for center in range(len(prefixes))))
    require_arrays(arrays, {**wanted, **seen}, loose)  # these two grow
    for center, prefix in enumerate(prefixes):
        EvolutionPath.require(arrays, f"center{center}_")
        Optimizer.require(arrays, prefix)
    weight, best, stagnant = np.asarray(arrays["progress"], np.float64).tolist()
    if not (0.0 <= weight <= 1.0 and best < np.inf and stagnant >= 0.0 and stagnant == np.floor(stagnant)):
        raise ArgumentError(
            f"progress must be a weight in [0, 1], a return and a count, got {[weight, best, stagnant]}"
        )
    for name in ("archive", "behaviours"):
        if seen[name].dtype != np.float64 or np.abs(seen[name]).max(initial=0.0) > FARTHEST:
            raise ArgumentError(f"{name} must be float64 within {FARTHEST:.0e}, or distances overflow")
    rows_nd, behaviour_md = (np.array(seen[name], np.float64, order="C") for name in ("archive", "behaviours"))
    if rows_nd.ndim != 2 or behaviour_md.shape != (len(prefixes), rows_nd.shape[1]):
        raise ArgumentError(
            f"behaviours must be ({len(prefixes)}, D) and archive (n, D), got {behaviour_md.shape} and {rows_nd.shape}"
        )
    return State.of(arrays, replace(now.archive, rows_nd=rows_nd), behaviour_md)


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
