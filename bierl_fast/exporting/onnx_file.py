"""A policy as an ONNX model, written with `onnx` alone: one input `observation` (batch, O), one output `action`.

NumpyPolicy -> content -> FILE.onnx: normalized in double precision, layers, squash and box in single, as `act`

A layer is sums in the order of the inputs (CumSum), not a Gemm: that adds in an order of its own, and on the 348 inputs
of Humanoid-v5 comes out 1e-5 of the action range away, where these are the compiled policy's bits. Between layers, Tanh
is the runtime's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bierl_fast.evaluation.policy.numpy_policy import CUT, NumpyPolicy
from bierl_fast.machine import versions
from bierl_fast.optional import optional

OPSET, IR = 17, 8  # of 2022, so that runtimes of some age read it
BLOCK = 32  # inputs whose terms are in memory at once, for each observation and output


def content(policy: NumpyPolicy, name: str) -> bytes:
    """The file's bytes. InstallationError where onnx is missing."""
    onnx = optional("onnx", "export", "the format onnx")
    graph = _Graph(onnx)
    x = "observation"
    if policy.mean is not None and policy.inverse_std is not None:
        x = graph.add("Cast", x, to=onnx.TensorProto.DOUBLE)
        x = graph.add("Mul", graph.add("Sub", x, policy.mean), policy.inverse_std)
        x = graph.add("Min", graph.add("Max", x, np.float64(-CUT)), np.float64(CUT))
        x = graph.add("Cast", x, to=onnx.TensorProto.FLOAT)
    for number, (weight, bias) in enumerate(policy.layers, start=1):
        x = graph.dense(x, weight, bias)
        if number < len(policy.layers):
            x = graph.add({"tanh": "Tanh", "relu": "Relu"}[policy.activation], x)
    x = graph.in_box(x, policy)
    kind, width = onnx.TensorProto.FLOAT, policy.sizes[-1]
    if policy.choices is not None:
        x = graph.chosen(x, policy.choices)
        kind, width = onnx.TensorProto.INT64, len(policy.choices)
    elif policy.switches:
        x = graph.add("Cast", graph.add("Greater", x, np.float32(0)), to=onnx.TensorProto.INT64)
        kind = onnx.TensorProto.INT64
    graph.add("Identity", x, output="action")
    model = graph.model(name, (onnx.TensorProto.FLOAT, policy.sizes[0]), (kind, width))
    onnx.helper.set_model_props(model, {key: json.dumps(value) for key, value in policy.facts.items()})
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes one after another; an array among the inputs becomes a constant."""

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def add(self, operator: str, *inputs: str | NDArray[Any] | np.generic, output: str = "", **attributes: Any) -> str:
        """The name of the node's output."""
        names = [value if isinstance(value, str) else self._constant(np.asarray(value)) for value in inputs]
        output = output or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operator, names, [output], output, **attributes))
        return output

    def _constant(self, array: NDArray[Any]) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def dense(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """(batch, inputs) -> (batch, outputs): the bias first, then the inputs in order."""
        first, one = self._columns(x, 0, 1), np.array([1])
        total = self.add("Add", self.add("Mul", first, weight[:1]), bias)
        for start in range(1, len(weight), BLOCK):
            rows = weight[start : start + BLOCK]
            inputs = self.add("Unsqueeze", self._columns(x, start, start + len(rows)), np.array([2]))
            terms = self.add("Mul", inputs, rows[None])  # (batch, rows, outputs)
            sums = self.add("Concat", self.add("Unsqueeze", total, one), terms, axis=1)
            total = self.add("Gather", self.add("CumSum", sums, np.array(1)), np.array(len(rows)), axis=1)
        return total

    def _columns(self, x: str, start: int, end: int) -> str:
        return self.add("Slice", x, np.array([start]), np.array([end]), np.array([1]))

    def in_box(self, x: str, policy: NumpyPolicy) -> str:
        """Squashed, and cut to the box."""
        if policy.squash == "none" or policy.choices is not None or policy.switches:  # whose box is infinite
            return x
        if policy.squash == "tanh":
            x = self.add("Mul", self.add("Add", self.add("Tanh", x), np.float32(1)), np.float32(0.5))
            x = self.add("Add", self.add("Mul", x, policy.high - policy.low), policy.low)
        return self.add("Min", self.add("Max", x, policy.low), policy.high)

    def chosen(self, x: str, choices: Sequence[tuple[int, int]]) -> str:
        """(batch, outputs) -> (batch, choices), int64: of each choice the largest output's number."""
        found, start = [], 0
        for outputs, first in choices:
            own = x if len(choices) == 1 else self._columns(x, start, start + outputs)
            found.append(self.add("Add", self.add("ArgMax", own, axis=1, keepdims=1), np.int64(first)))
            start += outputs
        return found[0] if len(found) == 1 else self.add("Concat", *found, axis=1)

    def model(self, name: str, observation: tuple[int, int], action: tuple[int, int]) -> Any:
        """The model; its input and output as (type of element, width)."""
        helper = self._onnx.helper
        (taken,) = [helper.make_tensor_value_info("observation", observation[0], ["batch", observation[1]])]
        given = helper.make_tensor_value_info("action", action[0], ["batch", action[1]])
        graph = helper.make_graph(self._nodes, name, [taken], [given], self._constants)
        return helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR,
            producer_name="bierl_fast",
            producer_version=versions()["bierl_fast"] or "",
        )
