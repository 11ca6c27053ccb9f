#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The project's figures, measured on an engine that is up (see tests/support/engine) and printed as a table.

Run it by `ci/dev bench` on a quiet machine. A figure past its target is marked, and never fails anything: a benchmark is
not a test. Every figure names what was measured and over how many runs; the raw values go into --json.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
OWN_PROGRAMS = ("kata-runtime", "containerd-shim", "virtiofsd", "qemu")


class Engine:
    """The docker client on the engine at `state`, and the engine's processes."""

    def __init__(self, state):
        self.state = pathlib.Path(state)
        self.env = dict(line.split("=", 1) for line in (self.state / "engine.env").read_text().split())
        self.data = pathlib.Path(self.env["DATA"])

    def docker(self, *arguments):
        command = ["/usr/bin/docker", "-H", f"unix://{self.state}/docker.sock", *arguments]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            sys.exit(f"bench: {' '.join(command)}: status {result.returncode}\n{result.stderr}")
        return result.stdout.strip()

    def processes(self):
        """{pid: name} of all that the engine has started, by the marker in its environment or a path of its state, and of
        their children: a relay shows its container's arguments and environment."""
        marker = f"KATA_ENGINE={self.state}".encode()
        found, parents = {}, {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                ours = marker in (folder / "environ").read_bytes().split(b"\0") or (
                    f"{self.state}/".encode() in (folder / "cmdline").read_bytes())
                parents[int(folder.name)] = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                if ours:
                    found[int(folder.name)] = pathlib.Path(os.readlink(folder / "exe")).name
            except OSError:
                pass  # ended meanwhile
        for pid, parent in sorted(parents.items()):
            if parent in found and pid not in found:
                try:
                    found[pid] = pathlib.Path(os.readlink(f"/proc/{pid}/exe")).name
                except OSError:
                    pass
        return found


def field(pid, file, name):
    """A field of /proc/PID/FILE in kB."""
    for line in pathlib.Path(f"/proc/{pid}/{file}").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return 0


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def timed_run(engine, runtime):
    began = time.monotonic()
    engine.docker("run", "--rm", f"--runtime={runtime}", "busybox", "echo", "hello")
    return time.monotonic() - began


def start_times(engine, rounds):
    """Seconds of `docker run --rm busybox echo`, the two runtimes in turn."""
    timed_run(engine, "kata-runtime")  # caches fill on both sides before anything counts
    timed_run(engine, "control")
    times = {"kata-runtime": [], "control": []}
    for _ in range(rounds):
        for runtime in ("kata-runtime", "control"):
            times[runtime].append(timed_run(engine, runtime))
    return times


def first_instruction(engine, rounds):
    """QEMU's CPU seconds from `docker run -d` until the container's first command has written its mark on the host."""
    values = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            mark = pathlib.Path(folder) / "mark"
            before = set(engine.processes())
            client = subprocess.Popen(
                ["/usr/bin/docker", "-H", f"unix://{engine.state}/docker.sock", "run", "-d", "--runtime=kata-runtime",
                 "-v", f"{folder}:/mark", "busybox", "sh", "-c", "echo up > /mark/mark; sleep 1000"],
                stdout=subprocess.PIPE, text=True)
            qemu = None
            value = None
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and value is None:
                if mark.exists() and qemu:
                    value = cpu_seconds(qemu)
                elif qemu is None:
                    # Seldom: looking through /proc takes a processor away from what is measured.
                    qemu = next((p for p, n in engine.processes().items() if p not in before and n.startswith("qemu")), None)
                    time.sleep(0.25)
                time.sleep(0.005)
            identity = client.communicate()[0].strip()
            engine.docker("rm", "-f", identity)
            if value is None:
                sys.exit("bench: the container's mark did not come within 60 s")
            values.append(value)
    return values


def memory(engine, settle):
    """kB of one idle container: PSS of our own processes by name, QEMU's peak RSS, PSS of virtiofsd."""
    before = set(engine.processes())
    identity = engine.docker("run", "-d", "--runtime=kata-runtime", "busybox", "sleep", "1000")
    time.sleep(settle)
    own, others = {}, {}
    for pid, name in engine.processes().items():
        if pid in before or not name.startswith(OWN_PROGRAMS):
            continue
        if name.startswith("qemu"):
            others["QEMU, peak RSS"] = field(pid, "status", "VmHWM")
        elif name.startswith("virtiofsd"):
            others["virtiofsd, PSS"] = others.get("virtiofsd, PSS", 0) + field(pid, "smaps_rollup", "Pss")
        elif name.startswith("containerd-shim-runc"):
            others["containerd's shim for the command line, PSS"] = field(pid, "smaps_rollup", "Pss")
        else:
            own[f"{name} {pid}"] = field(pid, "smaps_rollup", "Pss")
    engine.docker("rm", "-f", identity)
    return own, others


def create_peak(engine):
    """kB: the largest resident set of `kata-runtime create`, by `probe peak`."""
    program = engine.data / "bin" / "kata-runtime"
    environment = dict(os.environ, KATA_ENGINE=str(engine.state), KATA_CONF_FILE=f"{engine.state}/configuration.toml")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        (pathlib.Path(folder) / "rootfs/bin").mkdir(parents=True)
        subprocess.run(["cp", "/bin/busybox", f"{folder}/rootfs/bin/sh"], check=True)
        subprocess.run([program, "spec", "--bundle", folder], env=environment, check=True)
        config = json.loads((pathlib.Path(folder) / "config.json").read_text())
        config["process"]["terminal"] = False
        (pathlib.Path(folder) / "config.json").write_text(json.dumps(config))
        root = ["--root", f"{folder}/root"]
        # A file: the container's relay keeps standard error open for as long as the container lives.
        with open(f"{folder}/stderr", "w+", encoding="utf-8") as errors:
            status = subprocess.run([engine.data / "bin" / "probe", "peak", program, *root, "create", "--bundle", folder,
                                     "bench-create"], env=environment, stdin=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL, stderr=errors, check=False).returncode
            subprocess.run([program, *root, "delete", "--force", "bench-create"], env=environment, check=False)
            errors.seek(0)
            text = errors.read()
        if status != 0:
            sys.exit(f"bench: create ended with status {status}\n{text}")
        return int(text.rsplit("peak_rss_kb=", 1)[1].split()[0])


def machine_lines():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    load = pathlib.Path("/proc/loadavg").read_text().split()[0]
    versions = [subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()[:1]
                for command in (["qemu-system-x86_64", "--version"], ["dockerd", "--version"], ["runc", "--version"])]
    yield f"machine   {os.cpu_count()} x {model}, Linux {platform.release()}, load {load}"
    yield "versions  " + "; ".join(v[0] for v in versions if v)


def print_table(rows):
    header = ("what", "measured", "target", "result")
    widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(4)]
    for row in [header, tuple("-" * w for w in widths), *rows]:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def verdict(value, limit):
    return "reached" if value <= limit else "MISSED"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--state", required=True, help="folder of the engine")
    parser.add_argument("--guest", required=True, help="folder of the guest's kernel and initrd")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each side")
    parser.add_argument("--settle", type=float, default=5, help="seconds that an idle container is left alone")
    parser.add_argument("--json", help="file for the raw values")
    options = parser.parse_args()
    engine = Engine(options.state)
    guest = pathlib.Path(options.guest)
    raw = {}

    for line in machine_lines():
        print(line)
    print(f"runs      {options.rounds} of each, A B A B; medians\n", flush=True)

    raw["start"] = times = start_times(engine, options.rounds)
    kata, runc = statistics.median(times["kata-runtime"]), statistics.median(times["control"])
    raw["cpu"] = cpu = first_instruction(engine, options.rounds)
    raw["own"], raw["others"] = own, others = memory(engine, options.settle)
    raw["create"] = create = create_peak(engine)
    sizes = [(guest / name).stat().st_size for name in ("vmlinuz.container", "kata-containers-initrd.img")]
    raw["sizes"] = sizes
    qemu = others.pop("QEMU, peak RSS", 0)

    print_table([
        ("docker run --rm busybox echo, ratio to runc", f"{kata / runc:.2f}  ({kata:.2f} s / {runc:.2f} s)", "<= 4",
         verdict(kata / runc, 4)),
        ("QEMU's CPU until the container's first command", f"{statistics.median(cpu):.2f} s  ({min(cpu):.2f}-{max(cpu):.2f})",
         "<= 1.5 s", verdict(statistics.median(cpu), 1.5)),
        ("bzImage + initrd", f"{sum(sizes) / 1e6:.2f} MB  ({sizes[0] / 1e6:.2f} + {sizes[1] / 1e6:.2f})", "<= 8 MB",
         verdict(sum(sizes) / 1e6, 8)),
        ("PSS of our processes per container", f"{sum(own.values()) / 1e3:.1f} MB  ({len(own)} processes)", "<= 10 MB",
         verdict(sum(own.values()) / 1e3, 10)),
        ("peak RSS of `create`", f"{create / 1e3:.1f} MB", "<= 15 MB", verdict(create / 1e3, 15)),
        ("QEMU's peak RSS, idle container", f"{qemu / 1e3:.0f} MB", "<= 120 MB", verdict(qemu / 1e3, 120)),
    ])
    print("\nbeside    " + "; ".join(f"{name} {value / 1e3:.1f} MB" for name, value in {**own, **others}.items()))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(raw, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
