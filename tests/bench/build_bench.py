#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `katabuild build` takes, beside its parts run by hand, printed as a table.

    tests/bench/build_bench.py --katabuild build/release/builder/katabuild [--work DIR] [--rounds 5] [--json FILE]

Works on a copy of this tree, for el9, with a trial key and the finished kernel of the usual cache; --work keeps it, else the
first build compiles everything. Two figures:

nothing changed   the same build again
one changed file  one source file of the runtime gets another text, then a new signed repository is made; against ninja for the
                  same change, `rpmbuild -ba` of each package that changed, and rpmsign of what came out, one after the other
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

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
CHANGED_FILE = "runtime/cli/version.cc"
CHANGED_PACKAGES = ("kata-runtime", "kata-agent", "katabuild")  # those whose source package holds the tree


def run(command, **more):
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False, **more)
    if result.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}: status {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result.stdout


def timed(body):
    began = time.monotonic()
    body()
    return time.monotonic() - began


class Bench:
    def __init__(self, katabuild, work):
        self.katabuild, self.work = pathlib.Path(katabuild).resolve(), work
        self.source, self.cache, self.output = work / "source", work / "cache", work / "output"
        self.round = 0
        usual = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "katabuild"
        if not self.source.exists():
            for name in run(["git", "-C", TOP, "ls-files", "-z"]).split("\0")[:-1]:
                if (TOP / name).is_file():
                    (self.source / name).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(TOP / name, self.source / name)
        self.cache.mkdir(parents=True, exist_ok=True)
        if (usual / "kernel").exists() and not (self.cache / "kernel").exists():
            (self.cache / "kernel").symlink_to(usual / "kernel")
        self.recipe = work / "build.yaml"
        text = (TOP / "ci/build.yaml").read_text().replace("timestamp: git", "timestamp: 2026-01-01")
        self.recipe.write_text(text + f"source: {self.source}\nreleases: [el9]\n")

    def build(self, repo):
        run([self.katabuild, "build", self.recipe, "--cache", self.cache, "--output", self.output, "--repo", repo, "--trial-key",
             "--progress", "none"])

    def change(self):
        self.round += 1
        path = self.source / CHANGED_FILE
        text = path.read_text().split("\n// bench: ")[0].rstrip("\n")
        path.write_text(text + f"\n// bench: {time.time_ns()}\nextern const char bench_text[];\n"
                        f"const char bench_text[] = \"{time.time_ns()}\";\n")

    def nothing_changed(self):
        return timed(lambda: self.build(self.work / "repo"))

    def one_changed(self):
        self.change()
        repo = self.work / f"repo-{self.round}"
        seconds = timed(lambda: self.build(repo))
        shutil.rmtree(repo)
        return seconds

    def prepare_by_hand(self):
        """Spec files and sources of the packages that change, out of the source packages that katabuild made."""
        top = self.work / "by-hand"
        shutil.rmtree(top, ignore_errors=True)
        for name in CHANGED_PACKAGES:
            folder = top / name / "SOURCES"
            folder.mkdir(parents=True)
            package = next((self.output / "packages/el9/SRPMS").glob(f"{name}-*.src.rpm"))
            cpio = subprocess.run(["rpm2cpio", package], capture_output=True, check=True).stdout
            subprocess.run(["cpio", "-idm", "--quiet"], input=cpio, cwd=folder, check=True)
        return top

    def by_hand(self):
        """ninja, rpmbuild and rpmsign without katabuild around them."""
        self.change()
        build = next((self.cache / "programs").iterdir())
        top = self.prepare_by_hand()
        home = tempfile.mkdtemp(prefix="kb-")
        environment = {**os.environ, "GNUPGHOME": home, "CCACHE_DIR": str(self.cache / "ccache")}
        try:
            run(["gpg", "--batch", "--import", self.cache / "trial-key/secret.asc"], env=environment)

            def body():
                run(["ninja", "-C", build, "kata-runtime", "containerd-shim-kata-v2", "kata-agent"], env=environment)
                for name in CHANGED_PACKAGES:
                    spec = next((top / name / "SOURCES").glob("*.spec"))
                    kind = "-bs" if name == "katabuild" else "-ba"
                    run(["rpmbuild", kind, "--nodeps", "--target", "x86_64", "--define", f"_topdir {top / name}", "--define",
                         "dist .el9", spec], env=environment)
                made = sorted(top.glob("*/*RPMS/**/*.rpm"))
                run(["rpmsign", "--addsign", "--define", "__gpg /usr/bin/gpg", "--define", "_gpg_name Kata trial key", *made],
                    env=environment)

            return timed(body)
        finally:
            subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=environment, check=False)
            shutil.rmtree(home, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--katabuild", required=True)
    parser.add_argument("--work", help="keep everything here for the next run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", help="write the raw values")
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.work or tempfile.mkdtemp(prefix="kata-build-bench-")).resolve()
    work.mkdir(parents=True, exist_ok=True)
    try:
        bench = Bench(arguments.katabuild, work)
        first = timed(lambda: bench.build(work / "repo"))
        values = {"nothing changed": [], "one changed file": [], "by hand": []}
        for _ in range(arguments.rounds):
            values["one changed file"].append(bench.one_changed())
            values["by hand"].append(bench.by_hand())
        shutil.rmtree(work / "repo", ignore_errors=True)
        bench.build(work / "repo")
        values["nothing changed"] = [bench.nothing_changed() for _ in range(arguments.rounds)]
        print(f"first build (kernel from the cache when it is there): {first:.1f} s\n")
        print(f"{'':20}{'median':>8}{'min':>8}{'max':>8}   reach")
        ratio = statistics.median(values["one changed file"]) / statistics.median(values["by hand"])
        notes = {"nothing changed": "<= 1 s", "one changed file": f"{ratio:.2f} times by hand, <= 1.5", "by hand": ""}
        for name, seconds in values.items():
            print(f"{name:20}{statistics.median(seconds):8.2f}{min(seconds):8.2f}{max(seconds):8.2f}   {notes[name]}")
        if arguments.json:
            pathlib.Path(arguments.json).write_text(json.dumps({"first": first, **values}, indent=1))
    finally:
        if not arguments.work:
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
