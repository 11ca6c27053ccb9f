#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a file includes a folder that its own folder may not know.

Each folder names the folders it may include besides itself; the arrows are those of docs/architecture.md. An include is
written from the top of the tree ("runtime/base/fd.h"), so the include line alone says which folder is meant.
"""

import pathlib
import re
import sys

# folder: folders it may include. The longest folder that a path begins with counts.
ALLOWED = {
    "runtime/base": [],
    "runtime/oci": ["runtime/base", "runtime/wire"],
    "runtime/wire": ["runtime/base"],
    "runtime/seccomp": ["runtime/base"],
    "runtime/network": ["runtime/base", "runtime/wire"],
    "runtime/config": ["runtime/base"],
    "runtime/completion": ["runtime/base"],
    "runtime/hypervisor": ["runtime/base", "runtime/config"],
    "runtime/sandbox": ["runtime/base", "runtime/wire", "runtime/oci", "runtime/seccomp", "runtime/network", "runtime/config",
                        "runtime/hypervisor"],
    "runtime/cli": ["runtime/base", "runtime/completion", "runtime/wire", "runtime/oci", "runtime/network", "runtime/config",
                    "runtime/hypervisor", "runtime/sandbox"],
    "runtime/shim": ["runtime/base", "runtime/wire", "runtime/oci", "runtime/network", "runtime/config",
                     "runtime/hypervisor", "runtime/sandbox"],
    "runtime/agent": ["runtime/base", "runtime/wire", "runtime/network", "runtime/seccomp"],
    "builder": ["runtime/base", "runtime/completion"],
    "tests/support": None,  # anything
    "tests/e2e": ["runtime/base", "tests/support"],
    "tests/e2e/install": None,  # packages what the builder built, installs what the runtime is
    "tests/conformance": ["runtime/base", "tests/support"],  # the runtime is what it drives, never what it is made of
    "tests/unit": None,
    "tests/integration": None,
    "tests/fuzz": None,
    "tests/bench": ["runtime/base", "tests/support"],
}

# Stages of the builder never include each other; the recipe's plain structs are theirs to share.
BUILDER_STAGES = ["builder/kernel", "builder/programs", "builder/rootfs", "builder/rpm", "builder/repo"]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def folder_of(path):
    """The entry of ALLOWED that `path` belongs to, or None."""
    return max((f for f in ALLOWED if path.startswith(f + "/")), key=len, default=None)


def stage_of(path):
    return next((s for s in BUILDER_STAGES if path.startswith(s + "/")), None)


def problem(top, path, included):
    """Why `path` may not include `included`; None when it may."""
    if included.endswith(".pb.h"):
        return None
    if "/" not in included:
        # A test may name the fake beside it.
        beside = path.startswith("tests/") and (top / path).with_name(included).exists()
        return None if beside else "write it from the top of the tree"
    source, target = folder_of(path), folder_of(included)
    if source is None or target is None:
        return "unknown folder: name it and its arrows in ci/check_layers.py"
    if stage_of(path) and stage_of(included) and stage_of(path) != stage_of(included):
        return f"{stage_of(path)} and {stage_of(included)} are stages: they never include each other"
    if source == target or ALLOWED[source] is None or target in ALLOWED[source]:
        return None
    return f"{source} may include {', '.join(ALLOWED[source]) or 'nothing else'}"


def main():
    top = pathlib.Path(__file__).resolve().parent.parent
    count = failures = 0
    for area in ("runtime", "builder", "tests"):
        for file in sorted((top / area).rglob("*")):
            if file.suffix not in (".cc", ".h"):
                continue
            count += 1
            path = file.relative_to(top).as_posix()
            for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                why = problem(top, path, match.group(1)) if match else None
                if why:
                    print(f'{path}:{number}: includes "{match.group(1)}": {why}')
                    failures += 1
    print(f"layers: {count} files, {failures} wrong includes")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
