"""Compiled terms of tasks of one's own."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

import bierl_fast as bf


@numba.njit
def put(out: Any, at: Any, values: Any) -> Any:
    """`values` into `out`, from `at` on; where the next ones go."""
    for value in values.ravel():
        out[at] = value
        at += 1
    return at


@bf.term
def everything(data: Any, out: Any) -> None:
    """Every field, one after another."""
    at = put(out, 0, data.time)
    at = put(out, at, data.dt)
    at = put(out, at, data.qpos)
    at = put(out, at, data.qvel)
    at = put(out, at, data.qacc)
    at = put(out, at, data.act)
    at = put(out, at, data.ctrl)
    at = put(out, at, data.actuator_force)
    at = put(out, at, data.qfrc_actuator)
    at = put(out, at, data.qfrc_constraint)
    at = put(out, at, data.sensordata)
    at = put(out, at, data.xpos)
    at = put(out, at, data.xquat)
    at = put(out, at, data.xmat)
    at = put(out, at, data.xipos)
    at = put(out, at, data.subtree_com)
    at = put(out, at, data.cvel)
    at = put(out, at, data.cinert)
    at = put(out, at, data.cfrc_ext)
    at = put(out, at, data.geom_xpos)
    at = put(out, at, data.geom_xmat)
    at = put(out, at, data.site_xpos)
    at = put(out, at, data.site_xmat)
    at = put(out, at, data.mocap_pos)
    at = put(out, at, data.mocap_quat)
    at = put(out, at, data.body_mass)
    at = put(out, at, data.command)


@bf.term
def bent(data: Any, out: Any) -> None:
    """How bent the elbow is, and, where there is room, how fast it bends."""
    out[0] = np.cos(data.qpos[1])
    if out.size > 1:
        out[1] = data.qvel[1]


@bf.term
def wide(data: Any, out: Any) -> None:
    """Twenty numbers, however many were asked for."""
    for i in range(20):
        out[i] = data.qpos[0]


@bf.term
def last_alone(data: Any, out: Any) -> None:
    """The third number, and none before it."""
    out[2] = data.qpos[0]


@bf.term
def wider_later(data: Any, out: Any) -> None:
    """One number, and more as soon as the shoulder turns the other way."""
    out[0] = data.qpos[0]
    if data.qvel[0] < 0:
        for i in range(500):
            out[i] = 1.0


@bf.term
def fragile(data: Any, out: Any) -> None:
    """Nothing, as soon as the shoulder turns the other way: who leaves a number out gives none."""
    if data.qvel[0] >= 0:
        out[0] = data.qpos[0] / data.qvel[0] * 0
        out[0] = data.qpos[0]


@numba.cfunc("float64(CPointer(float64), int64)")
def of_another_signature(values: Any, count: Any) -> Any:
    """A compiled function, but no term."""
    return values[0]


def plain(data: Any, out: Any) -> None:
    """A function that nobody compiled."""
    out[0] = 1.0
