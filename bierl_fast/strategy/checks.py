"""What strategies ask of what they are given: ArgumentErrors that say what was wanted and what came."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from bierl_fast import finite
from bierl_fast.errors import ArgumentError, DivergedError, shown
from bierl_fast.messages import F32, Arrays, Hyperparameters, HyperparameterSpec
from bierl_fast.names import lookup
from bierl_fast.settings import FAR

MOST_CANDIDATES = 2**31 - 2  # rows of a batch are numbered by 31 bits, and candidates are even


def complete(hp: Hyperparameters, declared: Mapping[str, HyperparameterSpec]) -> Hyperparameters:
    """Every declared hyperparameter, checked; ArgumentError names one that is unknown or out of range."""
    for name in hp:
        lookup("hyperparameter of this strategy", name, declared, [name])
    found = Hyperparameters(**{name: spec.check(name, hp.get(name, spec.default)) for name, spec in declared.items()})
    if found.get("sigma", 0.0) > finite.LARGEST32:
        raise ArgumentError(
            f"sigma must be at most {finite.LARGEST32:.2g}, which single precision holds, got {found['sigma']:g}",
            ["sigma"],
        )
    return found


def require_finite(theta: F32, hp: Hyperparameters, generation: int) -> None:
    """DivergedError, with the hyperparameters that made the step, unless every parameter is a finite number."""
    lost = int(theta.size - np.count_nonzero(np.isfinite(theta)))
    if lost:
        values = ", ".join(f"{name} {value:g}" for name, value in hp.items() if value)
        raise DivergedError(
            f"the update of generation {generation} left {lost} of {theta.size} parameters beyond single precision, "
            f"and was not taken; it was made with {values}: lower what makes the step so long"
        )


def require_even(population: int) -> int:
    """`population`; ArgumentError unless it is a whole number, even, at least 2 and one that rows are counted to."""
    if isinstance(population, bool) or not isinstance(population, int | np.integer):
        raise ArgumentError(f"population must be a whole number, got {shown(population)}", ["population"])
    if population < 2 or population % 2:
        raise ArgumentError(
            f"population must be even and at least 2 (antithetic pairs), got {shown(population)}", ["population"]
        )
    if population > MOST_CANDIDATES:
        raise ArgumentError(f"population must be at most {MOST_CANDIDATES}, got {shown(population)}", ["population"])
    return int(population)


def vector(name: str, value: F32, size: int | None = None) -> F32:
    """A copy of a finite float32 vector (P,), P at least 1, of this size if one is given; else ArgumentError."""
    array = np.array(value, copy=True, order="C")
    if array.dtype != np.float32 or array.ndim != 1 or (size is not None and array.size != size):
        wanted = "(P,)" if size is None else f"({size},)"
        raise ArgumentError(f"{name} must be float32 of shape {wanted}, got {array.dtype} of shape {array.shape}")
    if not array.size:
        raise ArgumentError(f"{name} must have at least one element, got none")
    if not np.isfinite(array).all():
        raise ArgumentError(
            f"{name} must be finite; {int((~np.isfinite(array)).sum())} of {array.size} elements are not"
        )
    return array


def scales(value: F32 | None, size: int) -> F32 | None:
    """A copy of per-parameter factors of sigma (P,), all above 0; None for none. Else ArgumentError."""
    if value is None:
        return None
    array = vector("scale", value, size)
    if not (array > 0.0).all():
        raise ArgumentError(f"scale must be above 0, got {array.min()} as its smallest element")
    return array


def require_arrays(arrays: Arrays, like: Arrays, loose: Collection[str] = (), whose: str = "the strategy's") -> None:
    """ArgumentError unless `arrays` are such as `like`: what `load` checks before it changes anything.

    They have its names, shapes and dtypes; floats are finite, except in those that are `loose`; integers, which count
    something, are at least 0 and no more than can be counted.
    """
    if set(arrays) != set(like):
        raise ArgumentError(f"{whose} arrays must be {sorted(like)}, got {sorted(arrays)}")
    for name, wanted in like.items():
        array = np.asarray(arrays[name])
        if array.shape != wanted.shape or array.dtype.newbyteorder("=") != wanted.dtype:
            raise ArgumentError(
                f"{name} must be {wanted.dtype} of shape {wanted.shape}, got {array.dtype} of shape {array.shape}"
            )
        if array.dtype.kind == "f" and name not in loose and not np.isfinite(array).all():
            wrong = int((~np.isfinite(array)).sum())
            raise ArgumentError(f"{name} must be finite; {wrong} of {array.size} elements are not")
        if array.dtype.kind == "i" and array.size and not 0 <= int(array.min()) <= int(array.max()) <= FAR:
            wrong = array.min() if array.min() < 0 else array.max()
            raise ArgumentError(f"{name} must be at least 0 and at most {FAR}, got {wrong}")


def under(prefix: str, arrays: Arrays) -> Arrays:
    """The arrays whose names begin so, by what follows; not copied. What else is held within a state stands so."""
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def require_above_zero(arrays: Arrays, *names: str, zero: bool = False) -> None:
    """ArgumentError where an element of these arrays is below zero, or is zero unless `zero` may be."""
    for name in names:
        smallest = arrays[name].min(initial=1.0)
        if not (smallest > 0.0 or (zero and smallest == 0.0)):
            raise ArgumentError(f"{name} must be {'at least' if zero else 'above'} 0, got {smallest}")
