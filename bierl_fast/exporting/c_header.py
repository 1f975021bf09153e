"""A policy as one C header: C99, no allocation, no dependency, and the compiled policy's bits.

NumpyPolicy -> content -> NAME.h: void NAME_act(const float *observation, float *action)
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bierl_fast.evaluation.policy.numpy_policy import CUT, NumpyPolicy

# tanh, term by term as numpy_policy.tanh and the compiled kernel form it.
TANH = """\
static inline float @_tanh(float x) {
  @_EXACT
  static const float high = 6.93145752e-01f, low = 1.42860677e-06f; /* ln 2 in two parts */
  union {
    uint32_t bits;
    float value;
  } power;
  float y = x < 0.0f ? -x : x, whole, r, q, m;
  int32_t k;
  if (x != x) return x;
  if (y > 10.0f) y = 10.0f;
  y *= -2.0f;
  k = (int32_t)(y * 1.44269502f - 0.5f);
  whole = (float)k;
  r = (y - whole * high) - whole * low;
  q = 1.39464787e-03f;
  q = q * r + 8.36660154e-03f;
  q = q * r + 4.16662805e-02f;
  q = q * r + 1.66665435e-01f;
  q = q * r + 0.5f;
  power.bits = (uint32_t)(k + 127) << 23;
  m = power.value * (r + r * r * q) + (power.value - 1.0f);
  m = m / (m + 2.0f);
  return x < 0.0f ? m : -m;
}
"""
RELU = """\
static inline float @_relu(float x) { return x < 0.0f ? 0.0f : x; }
"""
DENSE = """\
/* output = bias + input * weight, the bias first, then the inputs in order. */
static inline void @_dense(const float *input, int inputs, const float *weight, const float *bias, int outputs,
                           float *output) {
  @_EXACT
  int i, o;
  for (o = 0; o < outputs; ++o) output[o] = bias[o];
  for (i = 0; i < inputs; ++i)
    for (o = 0; o < outputs; ++o) output[o] += input[i] * weight[i * outputs + o];
}
"""
EXACT = """\
/* A product and a sum are rounded each: with one rounding for both the last bits differ. Where the processor has an
   instruction for both, GCC needs -std=c99 or -ffp-contract=off. */
#if defined(__clang__)
#define @_EXACT _Pragma("STDC FP_CONTRACT OFF")
#else
#define @_EXACT
#endif
"""


def content(policy: NumpyPolicy, name: str) -> bytes:
    """The file's bytes; `name` is a C identifier."""
    return "\n".join(_lines(policy, name)).replace("@", name).encode("ascii")


def _lines(policy: NumpyPolicy, name: str) -> Iterator[str]:
    sizes, choices = policy.sizes, policy.choices
    numbers = {"OBSERVATION_SIZE": sizes[0], "ACTION_SIZE": sizes[-1] if choices is None else len(choices)}
    facts = json.dumps(policy.facts, indent=2, sort_keys=True).replace("/", "\\u002f").replace("@", "\\u0040")
    yield f"/* A trained policy. observation: @_OBSERVATION_SIZE numbers; {_answer(policy)}.\n"
    yield "   C99; allocates nothing, needs no library, keeps no state: any number of threads may call.\n"
    yield f"{facts}\n*/"
    guard = f"{name.upper()}_H"
    yield f"#ifndef {guard}\n#define {guard}\n\n#include <stdint.h>\n"
    yield from (f"#define {name.upper()}_{what} {number}" for what, number in numbers.items())
    yield from (f"#define {name}_{what} {number}" for what, number in numbers.items() if name != name.upper())
    yield f"\n{EXACT}"
    if policy.squash == "tanh" or (policy.activation == "tanh" and len(sizes) > 2):
        yield TANH
    if policy.activation == "relu" and len(sizes) > 2:
        yield RELU
    yield DENSE
    yield from _arrays(policy)
    yield "static inline void @_act(const float *observation, float *action) {"
    yield from _body(policy)
    yield f"}}\n\n#endif /* {guard} */\n"


def _answer(policy: NumpyPolicy) -> str:
    """What the function writes."""
    if policy.choices is not None:
        several = len(policy.choices) > 1
        return "action: @_ACTION_SIZE numbers, one of each choice" if several else "action[0]: the number of the action"
    return f"action: @_ACTION_SIZE numbers, {'each 0 or 1' if policy.switches else 'in the box'}"


def _arrays(policy: NumpyPolicy) -> Iterator[str]:
    if policy.mean is not None and policy.inverse_std is not None:
        yield _array("mean", policy.mean)
        yield _array("inverse_std", policy.inverse_std)
    for number, (weight, bias) in enumerate(policy.layers):
        yield _array(f"weight_{number}", weight)
        yield _array(f"bias_{number}", bias)


def _array(what: str, array: NDArray[np.floating]) -> str:
    """A constant array whose decimal numbers are read back to the same bits."""
    kind, digits, end = ("float", 9, "f") if array.dtype == np.float32 else ("double", 17, "")
    texts = [f"{number:.{digits - 1}e}{end}" for number in array.reshape(-1).tolist()]
    rows = (", ".join(texts[at : at + 6]) for at in range(0, len(texts), 6))
    return f"static const {kind} @_{what}[{array.size}] = {{\n  " + ",\n  ".join(rows) + "};"


def _body(policy: NumpyPolicy) -> Iterator[str]:
    sizes = policy.sizes
    yield "  @_EXACT"
    yield f"  float a[{max(sizes)}], b[{max(sizes)}];\n  int i;"
    yield f"  for (i = 0; i < {sizes[0]}; ++i) {{"
    if policy.mean is None:
        yield "    a[i] = observation[i];"
    else:
        yield "    const double x = ((double)observation[i] - @_mean[i]) * @_inverse_std[i];"
        yield f"    a[i] = (float)(x < -{CUT} ? -{CUT} : x > {CUT} ? {CUT} : x);"
    yield "  }"
    here, there = "a", "b"
    for number in range(len(policy.layers)):
        inputs, outputs = sizes[number : number + 2]
        yield f"  @_dense({here}, {inputs}, @_weight_{number}, @_bias_{number}, {outputs}, {there});"
        if number + 1 < len(policy.layers):
            yield f"  for (i = 0; i < {outputs}; ++i) {there}[i] = @_{policy.activation}({there}[i]);"
        here, there = there, here
    yield from _box(policy, here)
    if policy.choices is None:
        value = f"{here}[i] > 0.0f ? 1.0f : 0.0f" if policy.switches else f"{here}[i]"
        yield f"  for (i = 0; i < {sizes[-1]}; ++i) action[i] = {value};"
        return
    start = 0
    for number, (outputs, first) in enumerate(policy.choices):
        yield f"  {there}[0] = {float(start)}f;  /* the largest output's number, among equals the first */"
        yield f"  for (i = {start + 1}; i < {start + outputs}; ++i)"
        yield f"    if ({here}[i] > {here}[(int){there}[0]]) {there}[0] = (float)i;"
        yield f"  action[{number}] = {there}[0] + {float(first - start)}f;"
        start += outputs


def _box(policy: NumpyPolicy, x: str) -> Iterator[str]:
    """The outputs brought into the box, action by action: a bound may be infinite, which C99 cannot write."""
    if policy.squash == "none":
        return
    for action, (low, high) in enumerate(zip(policy.low, policy.high, strict=True)):
        lowest, highest = (f"{float(bound):.8e}f" for bound in (low, high))
        if policy.squash == "tanh":
            width = f"{float(high - low):.8e}f"
            yield f"  {x}[{action}] = {lowest} + (@_tanh({x}[{action}]) + 1.0f) * 0.5f * {width};"
        if math.isfinite(low):
            yield f"  if ({x}[{action}] < {lowest}) {x}[{action}] = {lowest};"
        if math.isfinite(high):
            yield f"  if ({x}[{action}] > {highest}) {x}[{action}] = {highest};"
