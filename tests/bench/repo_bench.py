#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What adding one package to a repository of thousands takes, beside createrepo_c, printed as a table.

    tests/bench/repo_bench.py --katabuild build/release/builder/katabuild [--work DIR] [--packages 5000] [--kilobytes 0]

Packages come from the real rpmbuild (one spec with a subpackage each) and rpmsign; --work keeps them for the next run.
createrepo_c runs as it does by default (with its SQLite databases) and with --no-database; katabuild signs, checks the new
package's signature and writes an HTML page besides. Runs alternate, the table shows medians and the best of each.
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


def run(command, **more):
    result = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if result.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}: status {result.returncode}\n{result.stdout}\n{result.stderr}")
    return result


def spec_of(count, kilobytes):
    lines = ["Name: bench", "Version: 1.0", "Release: 1", "Summary: Bench", "License: Apache-2.0", "BuildArch: noarch",
             "AutoReqProv: no", "%description", "x"]
    install = ["%install"]
    for i in range(count):
        lines += [f"%package -n bench-{i:05d}", f"Summary: Package number {i}", "AutoReqProv: no", f"Provides: bench({i})",
                  f"Requires: bench({i * 7 % count})", f"%description -n bench-{i:05d}",
                  f"Package number {i} of the benchmark's repository, with a description of ordinary length.",
                  f"%files -n bench-{i:05d}"]
        lines += [f"%ghost /usr/share/bench/{i}/file{j}" for j in range(10)]
        if kilobytes:
            lines += [f"/usr/lib/bench/{i}"]
    if kilobytes:
        install += ["mkdir -p %{buildroot}/usr/lib/bench",
                    f"for i in $(seq 0 {count - 1}); do head -c {kilobytes}K /dev/urandom >%{{buildroot}}/usr/lib/bench/$i; done"]
    changes = ["%changelog"]
    for k in range(5, 0, -1):
        changes += [f"* Mon Jan 05 2026 Jane Doe <jane@example.com> - 1.0-{k}", f"- Change number {k}"]
    return "\n".join(lines + install + changes) + "\n"


def make_packages(work, count, kilobytes):
    """work/pool with `count` signed packages and work/extra with one more."""
    if (work / "made").exists() and (work / "made").read_text() == f"{count} {kilobytes}":
        return
    for name in ("pool", "extra", "home"):
        shutil.rmtree(work / name, ignore_errors=True)
    (work / "home").mkdir(parents=True, mode=0o700)
    (work / "extra").mkdir()
    (work / "bench.spec").write_text(spec_of(count + 1, kilobytes))
    print(f"making {count + 1} packages ...", file=sys.stderr)
    run(["rpmbuild", "-bb", "--define", f"_topdir {work}/rpmbuild", "--define", f"_rpmdir {work}/pool", "--define",
         "_rpmfilename %{NVRA}.rpm", "--define", "_binary_payload w1.gzdio", "--define", "__os_install_post %{nil}",
         work / "bench.spec"])
    shutil.rmtree(work / "rpmbuild")
    with tempfile.TemporaryDirectory() as home:  # short: an agent's socket has to fit
        env = dict(os.environ, GNUPGHOME=home)
        run(["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", "--quick-generate-key",
             "bench <bench@example.com>", "rsa2048", "sign", "0"], env=env)
        packages = sorted((work / "pool").glob("*.rpm"))
        for i in range(0, len(packages), 500):
            run(["rpmsign", "--addsign", "--define", "__gpg /usr/bin/gpg", "--define", "_gpg_name bench",
                 *packages[i:i + 500]], env=env)
        (work / "bench.key").touch(mode=0o600)
        (work / "bench.key").write_text(run(["gpg", "--batch", "--armor", "--export-secret-keys"], env=env).stdout)
        run(["gpgconf", "--kill", "all"], env=env)
    (work / "made").write_text(f"{count} {kilobytes}")


class Bench:
    def __init__(self, work, katabuild):
        self.work, self.katabuild = work, katabuild
        self.seconds = {}
        if not list((work / "extra").glob("*.rpm")):
            last = max((work / "pool").glob("*.rpm"))
            last.rename(work / "extra" / last.name)
        self.extra = next((work / "extra").glob("*.rpm"))
        self.pool = work / "pool"
        (work / "recipe.yaml").write_text(
            "name: bench\ntitle: Bench\nbase_url: http://127.0.0.1:9/bench\nsigning: {key_file: bench.key}\n"
            "channels: [{release: el9, pools: [pool]}]\n")

    def timed(self, name, command):
        began = time.monotonic()
        run(command, cwd=TOP)
        self.seconds.setdefault(name, []).append(time.monotonic() - began)

    def publish(self, name=None, more=()):
        command = [self.katabuild, "repo", "--recipe", self.work / "recipe.yaml", "--output", self.work / "repo", "--cache",
                   self.work / "cache", "--progress", "none", *more]
        if name:
            self.timed(name, command)
        else:
            run(command, cwd=TOP)

    def add_one(self):
        shutil.copy(self.extra, self.pool)

    def remove_one(self):
        (self.pool / self.extra.name).unlink(missing_ok=True)

    def round(self):
        """One run of everything; each tool works on the same pool, in its own output folder."""
        self.remove_one()
        self.publish(more=["--prune"])
        self.publish("katabuild, nothing new")
        for option, label in (["--no-database"], "no database"), ([], "default"):
            output = self.work / f"createrepo-{label.split()[0]}"
            shutil.rmtree(output, ignore_errors=True)
            output.mkdir()
            base = ["createrepo_c", "--quiet", "--outputdir", output, *option]
            self.remove_one()
            run([*base, self.pool])
            self.add_one()
            self.timed(f"createrepo_c --update, {label}", [*base, "--update", self.pool])
            shutil.rmtree(output)
            output.mkdir()
            self.timed(f"createrepo_c from scratch, {label}", [*base, self.pool])
        self.publish("katabuild, one package added")
        self.remove_one()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--katabuild", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path)
    parser.add_argument("--packages", type=int, default=5000)
    parser.add_argument("--kilobytes", type=int, default=0, help="random content of each package")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        work = (arguments.work or pathlib.Path(scratch)).resolve()
        work.mkdir(parents=True, exist_ok=True)
        make_packages(work, arguments.packages, arguments.kilobytes)
        bench = Bench(work, arguments.katabuild.resolve())
        for _ in range(arguments.runs):
            bench.round()
    ours = bench.seconds["katabuild, one package added"]
    print(f"{arguments.packages} packages, {arguments.kilobytes} kB of content each, {arguments.runs} runs; "
          "ratio: this / katabuild's adding of one package")
    print(f"{'':42} {'median':>8} {'best':>8} {'ratio':>7} {'of bests':>9}")
    for name, seconds in sorted(bench.seconds.items()):
        median, best = statistics.median(seconds), min(seconds)
        print(f"{name:42} {median:7.2f}s {best:7.2f}s {median / statistics.median(ours):7.2f} {best / min(ours):9.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(bench.seconds, indent=2) + "\n")


if __name__ == "__main__":
    main()
