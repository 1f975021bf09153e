"""What a compiled term sees: fields of mjData by name. Loads numba.

the fields' pointers and numbers of rows, in the order of the compiled module's table -> views -> arrays
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
from numba import carray  # type: ignore[attr-defined]


class Views(NamedTuple):
    """Arrays of float64, to be read; MuJoCo's documentation of mjData says what they hold."""

    time: Any
    dt: Any
    qpos: Any
    qvel: Any
    qacc: Any
    act: Any
    ctrl: Any
    actuator_force: Any
    qfrc_actuator: Any
    qfrc_constraint: Any
    sensordata: Any
    xpos: Any
    xquat: Any
    xmat: Any
    xipos: Any
    subtree_com: Any
    cvel: Any
    cinert: Any
    cfrc_ext: Any
    geom_xpos: Any
    geom_xmat: Any
    site_xpos: Any
    site_xmat: Any
    mocap_pos: Any
    mocap_quat: Any
    body_mass: Any
    command: Any


@numba.njit(inline="always")
def views(f: Any, n: Any) -> Views:
    """The arrays; tests hold their order and columns against the compiled module's table."""
    return Views(
        carray(f[0], n[0]),
        carray(f[1], n[1]),
        carray(f[2], n[2]),
        carray(f[3], n[3]),
        carray(f[4], n[4]),
        carray(f[5], n[5]),
        carray(f[6], n[6]),
        carray(f[7], n[7]),
        carray(f[8], n[8]),
        carray(f[9], n[9]),
        carray(f[10], n[10]),
        carray(f[11], (n[11], 3)),
        carray(f[12], (n[12], 4)),
        carray(f[13], (n[13], 9)),
        carray(f[14], (n[14], 3)),
        carray(f[15], (n[15], 3)),
        carray(f[16], (n[16], 6)),
        carray(f[17], (n[17], 10)),
        carray(f[18], (n[18], 6)),
        carray(f[19], (n[19], 3)),
        carray(f[20], (n[20], 9)),
        carray(f[21], (n[21], 3)),
        carray(f[22], (n[22], 9)),
        carray(f[23], (n[23], 3)),
        carray(f[24], (n[24], 4)),
        carray(f[25], n[25]),
        carray(f[26], n[26]),
    )
