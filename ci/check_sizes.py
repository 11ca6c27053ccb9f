#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a source file is past its hard limit of lines; names those past the soft one. Split by noun before that."""

import pathlib
import sys

SOFT, HARD, HARD_FOR_TESTS = 400, 600, 800
SUFFIXES = (".cc", ".h", ".py", ".proto", ".cmake")


def main():
    top = pathlib.Path(__file__).resolve().parent.parent
    failures = 0
    for area in ("runtime", "builder", "tests", "ci"):
        for file in sorted((top / area).rglob("*")):
            if file.suffix not in SUFFIXES and file.name not in ("dev", "engine", "steps"):
                continue
            if not file.is_file():
                continue
            lines = len(file.read_text(encoding="utf-8").splitlines())
            limit = HARD_FOR_TESTS if area == "tests" else HARD
            path = file.relative_to(top)
            if lines > limit:
                print(f"{path}: {lines} lines, the limit is {limit}")
                failures += 1
            elif lines > SOFT and area != "tests":
                print(f"{path}: {lines} lines, aim at {SOFT} (not an error)")
    print(f"sizes: {failures} files past the limit")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
