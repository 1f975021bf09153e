"""Files that are nearly right: one change to a valid one, chosen by a generator of random numbers.

bytes -> mutated -> (what was done, bytes)
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

Way = Callable[[bytes, Random], tuple[str, bytes]]
# In place of a value of JSON. A text in <> goes into the file as it is.
VALUES: tuple[Any, ...] = (
    *(-1, 0, 1, 2, 3, -5, 7, 2**31, 2**32, 2**53 + 1, 2**63, 2**64, 10**12, 10**400, -(2**63)),
    *(0.5, -0.0, 1e-320, 1e300, -1e300, math.inf, -math.inf, math.nan),
    *(None, True, False, "", "a", "os:system", "\ud800", "a\nb", "../x", "x" * 5000, "tanh", "none"),
    *([], {}, [[]], [1], [-1], [1.5], ["a"], [0] * 3000, {"a": 1}, {"": None}, [math.nan], [2**40, 2**40]),
    *(
        "<" + "[" * 100_000 + ">",
        "<" + '{"a":' * 20_000 + ">",
        "<1e999>",
        "<-1e999>",
        "<" + "9" * 6000 + ">",
        "<1.0.0>",
    ),
)
NUMBERS = (math.nan, math.inf, -math.inf, -1.0, 0.0, -0.0, 1e300, -1e300, 1e-320, 2.0**31, 2.0**64, 0.5)
DTYPES = ("f2", "f4", "f8", "i1", "i4", "i8", "u1", "u8", "c8", "c16", "?", "U3", "S4", "M8[s]", ">f4", ">f8", ">i8")
TOKENS = (
    *("-1", "0", "1e999", "nan", "inf", "1e400", "9" * 5000, "2_147_483_648", "9223372036854775808", "0x7fff", "1.5"),
    *("true", '""', '"a"', '"\\ud800"', "''", "[]", "{}", "[[]]", "[1, 2]", '["a"]', "1979-05-27", "07:32:00", "= ="),
    *("[" * 3000, "{a=" * 3000, "a." * 3000 + "b", "[1," * 500 + "1" + "]" * 500),
)
DESCRIPTIONS = (
    *("(-1,)", "(1000000000000,)", "(" + "9" * 30 + ",)", "()", "(0,)", "(1, " * 60, "(" * 5000, "(2, 3)", "None"),
    *("(1,) + (2,)", "[3]", "(True,)", "(1e3,)", "-" * 5000 + "1"),
)


def mutated(content: bytes, chance: Random) -> tuple[str, bytes]:
    """One change; what it was, and the file after it."""
    structured: Way = _archive if content.startswith(b"PK") else _text
    others: list[Way] = [_truncated, _flipped, _spliced]
    return (structured if chance.random() < 0.7 else chance.choice(others))(content, chance)


def _truncated(content: bytes, chance: Random) -> tuple[str, bytes]:
    at = chance.choice((0, 1, 2, 22, len(content) - 1, chance.randrange(len(content) + 1)))
    return f"cut at {at}", content[: max(0, at)]


def _flipped(content: bytes, chance: Random) -> tuple[str, bytes]:
    changed, tail = bytearray(content), chance.random() < 0.5  # the directory of an archive stands at its end
    for _ in range(chance.choice((1, 1, 2, 8))):
        at = chance.randrange(len(changed) * 3 // 4 if tail else 0, len(changed))
        changed[at] = chance.choice((0, 0xFF, changed[at] ^ (1 << chance.randrange(8)), chance.randrange(256)))
    return "bytes flipped", bytes(changed)


def _spliced(content: bytes, chance: Random) -> tuple[str, bytes]:
    at, more = chance.randrange(len(content) + 1), chance.randbytes(chance.choice((1, 4, 100)))
    if chance.random() < 0.5:
        more = content[chance.randrange(len(content)) :][: chance.choice((4, 60, 2000))]
    return f"{len(more)} bytes put in at {at}", content[:at] + more + content[at:]


def _text(content: bytes, chance: Random) -> tuple[str, bytes]:
    """A text file of settings or records: as another program saves it, or line by line."""
    saved = {
        "a byte-order mark": b"\xef\xbb\xbf" + content,
        "UTF-16": content.decode().encode("utf-16"),
        "Windows' line ends": content.replace(b"\n", b"\r\n"),
    }
    if chance.random() < 0.25:
        what = chance.choice(list(saved))
        return what, saved[what]
    whole = content.startswith(b"{") and content.count(b'{"generation"') == 0  # one object in all its lines
    lines = [content.decode()] if whole else content.decode().split("\n")
    at = chance.randrange(len(lines))
    way = chance.random()
    if way < 0.15:
        lines.insert(at, chance.choice(lines))
        what = "once more"
    elif way < 0.3:
        del lines[at]
        what = "gone"
    elif lines[at].startswith("{"):
        what = _changed_json(lines, at, chance)
    else:
        token, (key, equals, _) = chance.choice(TOKENS), lines[at].partition("=")
        other = (token, f"{token} = 1", f"[{key}]")
        lines[at] = f"{key}={token}" if equals and chance.random() < 0.8 else chance.choice(other)
        what = lines[at][:60]
    return f"line {at}: {what}", "\n".join(lines).encode("utf-8", "surrogatepass")


def _changed_json(lines: list[str], at: int, chance: Random) -> str:
    try:
        found = json.loads(lines[at])
    except ValueError:
        return "nothing"
    what, lines[at] = changed_object(found, chance)
    return what


def changed_object(found: Any, chance: Random) -> tuple[str, str]:
    """One change somewhere in what JSON holds; what it was, and the text."""
    inner, path = found, ""
    while True:
        keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        if not keys:
            break
        key = chance.choice(keys)
        deeper = inner[key]
        if isinstance(deeper, dict | list) and deeper and chance.random() < 0.7:
            inner, path = deeper, f"{path}.{key}"
            continue
        way = chance.random()
        value: Any = chance.choice(VALUES)
        if way < 0.75:
            inner[key] = value
        elif way < 0.87:
            del inner[key]
        elif isinstance(inner, dict):
            inner[chance.choice(("x", "kind", "a\nb", ""))] = value
        else:
            inner.append(value)
        return f"{path}.{key} = {str(value)[:40]!r}", _dumped(found)
    return "nothing", _dumped(found)


def _dumped(found: Any) -> str:
    text = json.dumps(found)
    for value in VALUES:
        if isinstance(value, str) and value.startswith("<"):
            text = text.replace(json.dumps(value), value[1:-1])
    return text


def _archive(content: bytes, chance: Random) -> tuple[str, bytes]:
    """An archive of arrays: its header, an array, or a member."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = {info.filename: file.read(info) for info in file.infolist()}
    names = [name for name in members if name != "header.npy"]
    name = chance.choice(names)
    way = chance.randrange(10)
    compression = chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    if way <= 3:
        found = json.loads(str(np.load(io.BytesIO(members["header.npy"]))))
        what, text = changed_object(found, chance)
        members["header.npy"] = npy(np.array(text))
        what = f"header: {what}"
    elif way <= 6:
        what, array = _changed_array(np.load(io.BytesIO(members[name])), chance)
        members[name] = npy(array)
        what = f"{name}: {what}"
    elif way == 7:
        what, members[name] = f"{name}: description", _described(members[name], chance)
    elif way == 8:
        what = f"{name} gone"
        moved = members.pop(name)
        if chance.random() < 0.5:
            members[name.replace(".npy", chance.choice((".npy.npy", "2.npy", "")))] = moved
            what = f"{name} renamed"
    else:
        length = chance.choice((0, 3, 1000, 3 * 10**6))
        added = chance.choice(
            ("x.npy", "strategy/x.npy", "history/center1_window.npy", "training_x.npy", "x.txt", name)
        )
        members[added] = npy(np.zeros(length)) if chance.random() < 0.8 else chance.randbytes(40)
        what = f"{added} added"
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as file:
        for member, data in members.items():
            file.writestr(zipfile.ZipInfo(member), data, compression)
    return what, written.getvalue()


def npy(array: Any) -> bytes:
    """An array as a member."""
    content = io.BytesIO()
    np.save(content, array, allow_pickle=True)
    return content.getvalue()


def _changed_array(array: Any, chance: Random) -> tuple[str, Any]:
    way = chance.randrange(6)
    if way == 0:
        dtype = chance.choice(DTYPES)
        return f"as {dtype}", _silent(lambda: array.astype(dtype))
    if way == 1:
        shape = chance.choice(((), (0,), (1,), (1, -1), (-1, 1), (2, 3), (array.size + 1,)))
        return f"of shape {shape}", np.resize(array, tuple(array.size if n == -1 else n for n in shape))
    if way == 2:
        return "of Python objects", np.array([{}], dtype=object)
    if way == 3:
        return "in columns", np.asfortranarray(np.resize(array, (2, 2)))
    value, changed = chance.choice(NUMBERS), np.array(array)
    if way == 4 or not changed.size:
        return f"all {value}", _silent(lambda: np.full_like(changed, value))
    at = chance.randrange(changed.size)
    changed.reshape(-1)[at] = _silent(lambda: np.float64(value).astype(changed.dtype))
    return f"one {value}", changed


def _silent(call: Callable[[], Any]) -> Any:
    with np.errstate(all="ignore"):
        try:
            return call()
        except (ValueError, TypeError, OverflowError):
            return np.array(3.0)


def _described(member: bytes, chance: Random) -> bytes:
    """Another description in front of an array's elements."""
    length = int.from_bytes(member[8:10], "little")
    text, rest = member[10 : 10 + length].decode("latin-1"), member[10 + length :]
    shape = text.partition("'shape': ")[2].partition(", }")[0]
    descr = text.partition("'descr': ")[2].partition(", ")[0]
    if chance.random() < 0.6:
        text = text.replace(shape, chance.choice(DESCRIPTIONS))
    else:
        others = ("'|O'", "'<U99999999999'", "'<f16'", "[('a', '<f4')]", "'<c8'", "'x'", "1")
        text = text.replace(descr, chance.choice(others))
    found = text.encode("latin-1")[: 2**16 - 1]
    return member[:8] + len(found).to_bytes(2, "little") + found + rest
