"""Gymnasium's HalfCheetah-v5, Hopper-v5, Ant-v5 and Humanoid-v5 as terms that numba compiles: see own_tasks.py."""

from __future__ import annotations

from typing import Any

import numba

import bierl_fast as bf


@numba.njit(inline="always")
def put(out: Any, at: Any, values: Any, skip: Any) -> Any:
    """The values but for the first `skip`, from `at` on; where the next ones go."""
    for i in range(skip, values.size):
        out[at] = values[i]
        at += 1
    return at


@numba.njit(inline="always")
def put_clipped(out: Any, at: Any, values: Any, skip: Any, reach: Any) -> Any:
    """The same, cut to [-reach, reach]."""
    for i in range(skip, values.size):
        out[at] = min(max(values[i], -reach), reach)
        at += 1
    return at


@numba.njit
def sum_of_squares(values: Any, reach: Any) -> Any:
    """np.sum(np.square(np.clip(values, -reach, reach))) in NumPy's order, of 8 to 128 numbers."""
    part = (0.0,) * 8
    s0, s1, s2, s3, s4, s5, s6, s7 = part
    whole = values.size - values.size % 8
    for i in range(0, whole, 8):
        s0 += min(max(values[i], -reach), reach) ** 2
        s1 += min(max(values[i + 1], -reach), reach) ** 2
        s2 += min(max(values[i + 2], -reach), reach) ** 2
        s3 += min(max(values[i + 3], -reach), reach) ** 2
        s4 += min(max(values[i + 4], -reach), reach) ** 2
        s5 += min(max(values[i + 5], -reach), reach) ** 2
        s6 += min(max(values[i + 6], -reach), reach) ** 2
        s7 += min(max(values[i + 7], -reach), reach) ** 2
    total = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
    for i in range(whole, values.size):
        total += min(max(values[i], -reach), reach) ** 2
    return total


@bf.term
def half_cheetah_seen(data: Any, out: Any) -> None:
    """17 numbers."""
    at = put(out, 0, data.qpos, 1)
    put(out, at, data.qvel, 0)


@bf.term
def hopper_seen(data: Any, out: Any) -> None:
    """11 numbers."""
    at = put(out, 0, data.qpos, 1)
    put_clipped(out, at, data.qvel, 0, 10.0)


@bf.term
def ant_seen(data: Any, out: Any) -> None:
    """105 numbers."""
    at = put(out, 0, data.qpos, 2)
    at = put(out, at, data.qvel, 0)
    put_clipped(out, at, data.cfrc_ext.ravel(), 6, 1.0)


@bf.term
def humanoid_seen(data: Any, out: Any) -> None:
    """348 numbers."""
    at = put(out, 0, data.qpos, 2)
    at = put(out, at, data.qvel, 0)
    at = put(out, at, data.cinert.ravel(), 10)
    at = put(out, at, data.cvel.ravel(), 6)
    at = put(out, at, data.qfrc_actuator, 6)
    put(out, at, data.cfrc_ext.ravel(), 6)


@bf.term
def first_position(data: Any, out: Any) -> None:
    """Where HalfCheetah and Hopper are."""
    out[0] = data.qpos[0]


@bf.term
def ant_place(data: Any, out: Any) -> None:
    """Where Ant's torso is, which is its first body."""
    out[0] = data.xpos[1, 0]


@bf.term
def humanoid_place(data: Any, out: Any) -> None:
    """Where the mass of the Humanoid is."""
    moment, mass = 0.0, 0.0
    for i in range(data.body_mass.size):
        moment += data.body_mass[i] * data.xipos[i, 0]
        mass += data.body_mass[i]
    out[0] = moment / mass


@bf.term
def ant_contacts(data: Any, out: Any) -> None:
    """What contacts cost Ant."""
    out[0] = sum_of_squares(data.cfrc_ext.ravel(), 1.0)


@bf.term
def humanoid_contacts(data: Any, out: Any) -> None:
    """What contacts cost the Humanoid."""
    out[0] = sum_of_squares(data.cfrc_ext.ravel(), 1e300)
