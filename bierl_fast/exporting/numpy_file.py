"""A policy as one Python file that needs NumPy alone: the source of NumpyPolicy, and the numbers behind it.

NumpyPolicy -> content -> FILE.py, with `policy` and `act`
"""

from __future__ import annotations

import base64
import inspect
import pprint
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bierl_fast.evaluation.policy import numpy_policy
from bierl_fast.evaluation.policy.numpy_policy import NumpyPolicy

WIDTH = 110  # of a line of numbers


def content(policy: NumpyPolicy, name: str) -> bytes:
    """The file's bytes; its numbers are base64 of little-endian floats, the policy's to the last bit."""
    del name  # the module is called as its file is
    lines = [
        inspect.getsource(numpy_policy),
        "",
        "def _numbers(kind: str, shape: tuple[int, ...], text: str) -> NDArray[Any]:",
        "    import base64",
        "",
        "    return np.frombuffer(base64.b64decode(text), kind).reshape(shape).astype(kind[1:])",
        "",
        "",
        f"FACTS: dict[str, Any] = {pprint.pformat(policy.facts, width=WIDTH)}",
        "",
        "policy = NumpyPolicy(",
        "    layers=[",
        *(f"        ({_array(weight)}, {_array(bias)})," for weight, bias in policy.layers),
        "    ],",
        f"    activation={policy.activation!r},",
        f"    squash={policy.squash!r},",
        f"    low={_array(policy.low)},",
        f"    high={_array(policy.high)},",
        f"    mean={_array(policy.mean)},",
        f"    inverse_std={_array(policy.inverse_std)},",
        f"    observation_shape={policy.observation_shape!r},",
        f"    action_shape={policy.action_shape!r},",
        f"    first_action={policy.first_action!r},",
        "    facts=FACTS,",
        f"    choices={None if policy.first_action is not None else policy.choices!r},",
        f"    switches={policy.switches!r},",
        ")",
        "act = policy.act",
        "",
    ]
    return "\n".join(lines).encode()


def _array(array: NDArray[Any] | None) -> str:
    if array is None:
        return "None"
    kind = "<f4" if array.dtype == np.float32 else "<f8"
    text = base64.encodebytes(array.astype(kind).tobytes()).decode()
    return f'_numbers({kind!r}, {array.shape!r}, """\n{text}""")'
