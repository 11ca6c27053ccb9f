#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `katabuild image` takes: the figures of guest images, as a table.

Run it by `ci/dev bench image` on a quiet machine. A figure past its target is marked, and never fails anything. Where two
ways are compared they take turns, and the medians are compared.
"""

import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

LEVEL = 12  # zstd's, of both ways
TREE_BYTES = 300 * 1000 * 1000
SOURCES = ("/usr/lib", "/usr/share", "/usr/bin")


def timed(command, **options):
    """Seconds that the command takes; ends everything when it fails."""
    began = time.monotonic()
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, **options)
    if result.returncode != 0:
        sys.exit(f"image_bench: {command}: status {result.returncode}\n{result.stderr}")
    return time.monotonic() - began


def make_tree(root):
    """300 MB of this machine's own programs, libraries and data, in the order of their names."""
    total = files = 0
    for source in SOURCES:
        for folder, folders, names in os.walk(source):
            folders.sort()
            for name in sorted(names):
                path = pathlib.Path(folder, name)
                try:
                    if path.is_symlink() or not path.is_file() or path.stat().st_size > 20_000_000:
                        continue
                    target = root / path.relative_to("/")
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)
                    target.chmod(0o755 if os.access(path, os.X_OK) else 0o644)
                    total += target.stat().st_size
                except OSError:
                    continue
                files += 1
                if total >= TREE_BYTES:
                    return total, files
    return total, files


class Images:
    """katabuild with a cache and outputs below one folder."""

    def __init__(self, options, work):
        self.options, self.work, self.count = options, work, 0

    def recipe(self, name, text):
        path = self.work / f"{name}.yaml"
        path.write_text(text)
        return path

    def build(self, recipe, output=None, *arguments):
        """(seconds, image); to a new place each time unless `output` says otherwise."""
        self.count += 1
        output = output or self.work / f"out{self.count}" / "image.img"
        seconds = timed([self.options.katabuild, "image", "--recipe", recipe, "--agent", self.options.agent, "--progress", "none",
                         "--cache", self.work / "cache", "--output", output, *arguments])
        return seconds, output


class Table:
    def __init__(self):
        self.rows = []

    def add(self, what, value, unit, target=None, raw=()):
        self.rows.append({"what": what, "value": value, "unit": unit, "target": target, "raw": list(raw)})
        mark = "" if target is None else f"<= {target:g}" + ("" if value <= target else "  PAST IT")
        print(f"{what:70} {value:10.2f} {unit:5} {mark}", flush=True)


def bench_minimal(images, table, runs):
    recipe = pathlib.Path("rootfs/minimal.yaml").resolve()
    images.build(recipe)
    results = [images.build(recipe) for _ in range(runs)]
    table.add("minimal initrd, of a ready agent", statistics.median(s for s, _ in results), "s", 0.3, [s for s, _ in results])
    table.add("its size", results[0][1].stat().st_size / 1e6, "MB", 2.5)


def bench_packing(images, table, tree, runs):
    recipe = images.recipe("tree", f"name: tree\nbase: {{directory: {tree}}}\ncompression: {{type: zstd, level: {LEVEL}}}\n")
    ours, theirs, output = [], [], None
    pipeline = f"set -o pipefail; find . | LC_ALL=C sort | cpio -o -H newc --quiet | zstd -q -{LEVEL} -f -o {images.work}/reference"
    for _ in range(runs):
        seconds, output = images.build(recipe)
        ours.append(seconds)
        theirs.append(timed(["bash", "-c", pipeline], cwd=tree))
    table.add("find | cpio | zstd of the tree", statistics.median(theirs), "s", None, theirs)
    table.add("initrd of the tree", statistics.median(ours), "s", None, ours)
    table.add("ratio", statistics.median(ours) / statistics.median(theirs), "", 1.0)
    again = [images.build(recipe, output)[0] for _ in range(runs)]
    table.add("the same again, nothing changed", statistics.median(again), "s", 0.5, again)


def bench_disk(images, table, tree, runs):
    recipe = images.recipe("ext4", f"name: ext4\nformat: image\nbase: {{directory: {tree}}}\ndisk: {{filesystem: ext4}}\n")
    kernel = ("--kernel-config", images.options.guest / "kernel-manifest.json")
    first, image = images.build(recipe, None, *kernel)
    table.add("ext4 image of the tree, appliance made, started, all looked at", first, "s", 25)
    results = [images.build(recipe, None, *kernel)[0] for _ in range(runs)]
    table.add("the same with the appliance in the cache", statistics.median(results), "s", 25, results)
    again = [images.build(recipe, image, *kernel)[0] for _ in range(runs)]
    table.add("the same again, nothing changed", statistics.median(again), "s", 0.5, again)
    erofs = images.recipe("erofs", f"name: erofs\nformat: image\nbase: {{directory: {tree}}}\ndisk: {{filesystem: erofs}}\n")
    seconds, image = images.build(erofs)
    table.add("erofs image of the tree", seconds, "s")
    table.add("its size", image.stat().st_size / 1e6, "MB")


def bench_debian(images, table, recipe):
    if not recipe.exists():
        print(f"debian-12: {recipe} is not there")
        return
    images.build(recipe)  # fills the caches of packages
    results = []
    for _ in range(2):
        # A cached root would hide what installing takes
        shutil.rmtree(images.work / "cache" / "trees", ignore_errors=True)
        results.append(images.build(recipe, None, "--offline"))
    table.add("debian-12, cached packages, offline", max(s for s, _ in results), "s", 60, [s for s, _ in results])
    same = results[0][1].read_bytes() == results[1][1].read_bytes()
    table.add("its bytes differ between two builds", 0 if same else 1, "", 0)
    table.add("its size", results[0][1].stat().st_size / 1e6, "MB", 25)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--katabuild", required=True)
    parser.add_argument("--agent", required=True)
    parser.add_argument("--guest", required=True, type=pathlib.Path)
    parser.add_argument("--debian", type=pathlib.Path, default=pathlib.Path("rootfs/debian-12.yaml").resolve())
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=pathlib.Path, help="write the raw values there")
    options = parser.parse_args()
    options.guest = options.guest.resolve()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="kata-image-bench-") as folder:
        images = Images(options, pathlib.Path(folder))
        tree = images.work / "tree"
        total, files = make_tree(tree)
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors; the tree: {total / 1e6:.0f} MB in {files} files")
        bench_minimal(images, table, options.runs)
        bench_packing(images, table, tree, options.runs)
        bench_disk(images, table, tree, options.runs)
        bench_debian(images, table, options.debian)
    if options.json:
        options.json.write_text(json.dumps(table.rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
