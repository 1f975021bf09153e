"""The slow twin of csrc/bierl/core/kernels.inl's noise: Philox, normals, perturb, gradient, in NumPy, for reading.

Every float32 operation is one NumPy operation in the kernel's order, so the results are the kernel's bit for bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bierl_fast.messages import F32, NoiseKey

U32 = NDArray[np.uint32]
U64 = NDArray[np.uint64]
I32 = NDArray[np.int32]

MULTIPLIER = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
WEYL = (0x9E3779B9, 0xBB67AE85)
LOW = np.uint64(0xFFFFFFFF)
TILE = 64  # elements made from 16 counters
PURPOSE_NOISE, PURPOSE_RESET, PURPOSE_ACTION = 0, 1, 2


def philox4x32(counter: tuple[U64, U64, U64, U64], key: tuple[int, int]) -> tuple[U64, U64, U64, U64]:
    """Ten rounds over arrays of counter words; each word in the low half of a uint64."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        product0, product1 = MULTIPLIER[0] * c0, MULTIPLIER[1] * c2
        c0, c1, c2, c3 = (
            (product1 >> np.uint64(32)) ^ c1 ^ np.uint64(k0),
            product1 & LOW,
            (product0 >> np.uint64(32)) ^ c3 ^ np.uint64(k1),
            product0 & LOW,
        )
        k0, k1 = (k0 + WEYL[0]) % 2**32, (k1 + WEYL[1]) % 2**32
    return c0, c1, c2, c3


def block_words(key: NoiseKey, row: int, blocks: U64, purpose: int = PURPOSE_NOISE) -> tuple[U64, U64, U64, U64]:
    """The four words of each block: counter (block, row, generation, 4 * stream + purpose), key = run seed."""

    def same(value: int) -> U64:
        return np.full(blocks.shape, value, np.uint64)

    counter = (blocks, same(row), same(key.generation), same(4 * int(key.stream) + purpose))
    return philox4x32(counter, (key.run_seed % 2**32, key.run_seed >> 32))


def reset_seed(key: NoiseKey, episode: int) -> int:
    """Words 0 and 1 of block 0, without the lowest bit, so that the seed is below 2**63."""
    words = block_words(key, episode, np.zeros(1, np.uint64), PURPOSE_RESET)
    return (int(words[1][0]) << 32 | int(words[0][0])) >> 1


def f32(text: str) -> np.float32:
    return np.float32(float.fromhex(text))


def polynomial(x: F32, *coefficients: str) -> F32:
    """Horner's scheme, highest power first."""
    value: F32 = np.full_like(x, f32(coefficients[0]))
    for coefficient in coefficients[1:]:
        value = value * x + f32(coefficient)
    return value


def minus_two_log(word: U64) -> F32:
    """-2 ln((i + 1/2) / 2**31), i the upper 31 bits of a word."""
    count = (word >> np.uint64(1)).astype(np.int32).astype(np.float32) + np.float32(0.5)
    bits = count.view(np.int32)
    exponent = (bits - np.int32(0x3F3504F3)) >> np.int32(23)
    x = (bits - (exponent << np.int32(23))).view(np.float32) - np.float32(1.0)
    p = polynomial(
        x,
        "0x1.645de2p-4",
        "-0x1.2432aap-3",
        "0x1.317470p-3",
        "-0x1.53824cp-3",
        "0x1.98d7f0p-3",
        "-0x1.000382p-2",
        "0x1.5556d8p-2",
    )
    square = x * x
    log1p = (p * x * square - np.float32(0.5) * square) + x
    scale = (exponent - np.int32(31)).astype(np.float32) * f32("-0x1.62e430p+0")
    return np.asarray(scale - np.float32(2.0) * log1p)


def box_muller(word0: U64, word1: U64) -> tuple[F32, F32]:
    """Two words to two independent normals: a radius, and an angle of `quadrant` quarter turns and z more."""
    radius = np.sqrt(minus_two_log(word0))
    quadrant = (word1 >> np.uint64(30)).astype(np.int32)
    z = (word1.astype(np.uint32) << np.uint32(2)).view(np.int32).astype(np.float32) * f32("0x1p-32")
    t = z * z
    sine = polynomial(t, "-0x1.2d9bb8p-8", "0x1.465ec6p-4", "-0x1.4abbbap-1", "0x1.921fb6p+0") * z
    cosine = polynomial(t, "-0x1.4ea9e6p-6", "0x1.03b162p-2", "-0x1.3bd3a2p+0", "0x1p+0")
    swap = quadrant % 2 == 1
    first = np.where(swap, sine, cosine) * np.where((quadrant + 1) & 2, np.float32(-1), np.float32(1))
    second = np.where(swap, cosine, sine) * np.where(quadrant & 2, np.float32(-1), np.float32(1))
    return radius * first, radius * second


def normals(key: NoiseKey, row: int, count: int, purpose: int = PURPOSE_NOISE) -> F32:
    """(count,) element e is word (e % 64) // 16 of counter 16 * (e // 64) + e % 16."""
    tiles = -(-count // TILE)
    words = block_words(key, row, np.arange(16 * tiles, dtype=np.uint64), purpose)
    four = (*box_muller(words[0], words[1]), *box_muller(words[2], words[3]))
    by_tile = np.stack([normal.reshape(tiles, 16) for normal in four], axis=1)
    return by_tile.reshape(-1)[:count]


def perturb(theta: F32, step: float, key: NoiseKey, row: int, scale: F32 | None = None) -> F32:
    """Theta + (step * scale) * eps."""
    factor = np.float32(step) if scale is None else np.float32(step) * scale
    return np.asarray(theta + factor * normals(key, row, theta.size))


def scale_gradient(key: NoiseKey, rows: U32, weights: F32, count: int) -> F32:
    """Sum over rows in order of weight * (eps**2 - 1), in float32."""
    total = np.zeros(count, np.float32)
    for row, weight in zip(rows, weights, strict=True):
        eps = normals(key, int(row), count)
        total = total + weight * (eps * eps - np.float32(1))
    return total


def gradient(key: NoiseKey, rows: U32, weights: F32, count: int) -> F32:
    """Sum over rows in order, in float32."""
    total = np.zeros(count, np.float32)
    for row, weight in zip(rows, weights, strict=True):
        total = total + weight * normals(key, int(row), count)
    return total
