"""Random calls of the public surface and random command lines: each is done, or refused in one line.

    python bench/break_calls.py --count 5000 --seed 0 [--only NUMBER]

What counts as broken stands in breaking/calls.py. Exit code 1 where anything is.
"""

from __future__ import annotations

import argparse
import sys

from breaking.calls import run


def main() -> int:
    """Print what came of them; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="make this call alone, with a traceback")
    options = parser.parse_args()
    found = run(options.count, options.seed, options.only)
    for text in found["broken"] if options.only is None else [line for lines in found.values() for line in lines]:
        print(text)
    print(", ".join(f"{len(lines)} {result}" for result, lines in found.items()))
    return 1 if found["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
