#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a running container costs: exec, standard output, files, the network, many at once; printed as a table.

Run it by `ci/dev bench containers` on a quiet machine, with an engine that has the images `busybox` and `debian`. As in
bench.py, whose helpers it uses, a figure past its target is marked and fails nothing.
"""

import argparse
import contextlib
import json
import mmap
import os
import pathlib
import statistics
import subprocess
import time

from bench import Engine, field, machine_lines, print_table, verdict

MIB = 1 << 20
RUNTIMES = ("kata-runtime", "control")
MAP_POPULATE = 0x8000  # linux/mman.h; Python has a name for it since 3.10
MEMORY_OF_CONTAINER = 160 * MIB


@contextlib.contextmanager
def container(engine, runtime, image, *options):
    identity = engine.docker("run", "-d", f"--runtime={runtime}", *options, image, "sleep", "10000")
    try:
        yield identity
    finally:
        engine.docker("rm", "-f", identity)


def timed(body):
    began = time.monotonic()
    body()
    return time.monotonic() - began


def exec_times(engine, rounds):
    """Seconds of `docker exec ID true`, the two runtimes in turn."""
    times = {runtime: [] for runtime in RUNTIMES}
    with container(engine, RUNTIMES[0], "busybox") as kata, container(engine, RUNTIMES[1], "busybox") as control:
        for number in range(rounds + 1):
            for runtime, identity in zip(RUNTIMES, (kata, control)):
                seconds = timed(lambda: engine.docker("exec", identity, "true"))
                if number > 0:  # caches fill before anything counts
                    times[runtime].append(seconds)
    return times


def sandbox_memory(engine, before):
    """kB PSS of our processes that were not there `before`."""
    return sum(field(pid, "smaps_rollup", "Pss") for pid, name in engine.processes().items()
               if pid not in before and name.startswith(("kata-runtime", "containerd-shim-kata")))


def output(engine, runtime, mib):
    """MB/s of `mib` MiB through a container's standard output, and kB of our processes in the middle and at the end."""
    before = set(engine.processes())
    command = ["/usr/bin/docker", "-H", f"unix://{engine.state}/docker.sock", "run", "--rm", "--log-driver=none",
               f"--runtime={runtime}", "busybox", "sh", "-c", f"dd if=/dev/zero bs=1M count={mib} 2>/dev/null; sleep 1"]
    memory = []
    with subprocess.Popen(command, stdout=subprocess.PIPE) as client:
        got, began = 0, None
        while got < mib * MIB:
            part = client.stdout.read1(MIB)
            if not part:
                raise SystemExit(f"bench: {got} bytes came instead of {mib} MiB")
            began = began or time.monotonic()
            if got // (mib * MIB // 8) != (got + len(part)) // (mib * MIB // 8) and len(memory) < 7:
                memory.append(sandbox_memory(engine, before))
            got += len(part)
        seconds = time.monotonic() - began
    return got / 1e6 / seconds, memory


@contextlib.contextmanager
def shared_by(engine, kind):
    """The configuration of the engine's runtime with another `shared_fs`."""
    path = engine.state / "configuration.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[hypervisor.qemu]", f'[hypervisor.qemu]\nshared_fs = "{kind}"', 1), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")


def file_times(engine, rounds):
    """Seconds in the guest: 10 000 files made in the root, and a tar of /usr, over each kind of shared folder."""
    work = {"create": "mkdir /many; i=0; while [ $i -lt 10000 ]; do echo $i >/many/$i; i=$((i+1)); done",
            "tar": "tar -C / -cf - usr | cat >/dev/null"}
    times = {name: {"virtio-fs": [], "virtio-9p": []} for name in work}
    for _ in range(rounds):
        for kind in ("virtio-fs", "virtio-9p"):
            with shared_by(engine, kind), container(engine, "kata-runtime", "debian") as identity:
                for name, text in work.items():
                    times[name][kind].append(timed(lambda: engine.docker("exec", identity, "sh", "-c", text)))
    return times


def network(engine, seconds):
    """Mbit/s from a container to the host over the bridge, by iperf3 of the host run inside."""
    rates = {}
    namespace = engine.state.name
    address = engine.env["BRIDGE_ADDRESS"]
    libraries = "/usr/lib/x86_64-linux-gnu"
    for runtime in RUNTIMES:
        with container(engine, runtime, "debian", "-v", "/usr/bin/iperf3:/usr/bin/iperf3:ro", "-v",
                       f"{libraries}:/host-libraries:ro", "-e", "LD_LIBRARY_PATH=/host-libraries") as identity:
            with subprocess.Popen(["ip", "netns", "exec", namespace, "iperf3", "--server", "--one-off", "--bind", address],
                                  stdout=subprocess.DEVNULL) as server:
                time.sleep(0.5)
                try:
                    report = json.loads(engine.docker("exec", identity, "iperf3", "--json", "--time", str(seconds), "--client",
                                                      address))
                    rates[runtime] = report["end"]["sum_received"]["bits_per_second"] / 1e6
                finally:
                    server.terminate()
    return rates


def descriptors(engine, before):
    return sum(len(list(pathlib.Path(f"/proc/{pid}/fd").iterdir())) for pid, name in engine.processes().items()
               if pid in before and name.startswith(("dockerd", "containerd")))


def touch_memory(size):
    """Has the machine's memory there before it is needed: on a virtual one the first touch of a page may take five times as
    long as the next, which would look as if each container started slower than the one before."""
    child = os.fork()
    if child == 0:
        with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_POPULATE):
            os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        raise SystemExit(f"bench: {size >> 30} GiB of memory are needed for as many containers; try --containers")


def many(engine, count):
    """`count` containers that live at once: seconds of each start and removal, kB of our processes for each, descriptors of
    the daemons and processes before and after all of it."""
    touch_memory(count * MEMORY_OF_CONTAINER)
    before = set(engine.processes())
    result = {"start": [], "remove": [], "memory": [], "descriptors": [descriptors(engine, before)]}
    identities = []
    for _ in range(count):
        seen = set(engine.processes())
        began = time.monotonic()
        identities.append(engine.docker("run", "-d", "--runtime=kata-runtime", "busybox", "sleep", "10000"))
        result["start"].append(time.monotonic() - began)
        result["memory"].append(sandbox_memory(engine, seen))
    for identity in identities:
        result["remove"].append(timed(lambda: engine.docker("rm", "-f", identity)))
    time.sleep(2)
    result["descriptors"].append(descriptors(engine, before))
    result["left"] = [name for pid, name in engine.processes().items() if pid not in before]
    return result


def growth(values):
    """The last fifth's median beside the first's."""
    fifth = max(1, len(values) // 5)
    return statistics.median(values[-fifth:]) / statistics.median(values[:fifth])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--state", required=True, help="folder of the engine")
    parser.add_argument("--rounds", type=int, default=15, help="execs of each side")
    parser.add_argument("--mib", type=int, default=1024, help="MiB through standard output")
    parser.add_argument("--file-rounds", type=int, default=3, help="runs over each kind of shared folder")
    parser.add_argument("--containers", type=int, default=50, help="containers at once")
    parser.add_argument("--only", help="parts to measure, with commas: exec,output,files,network,many")
    parser.add_argument("--json", help="file for the raw values")
    options = parser.parse_args()
    engine = Engine(options.state)
    parts = options.only.split(",") if options.only else ["exec", "output", "files", "network", "many"]
    raw, rows = {}, []

    for line in machine_lines():
        print(line)
    print(flush=True)
    if "exec" in parts:
        raw["exec"] = times = exec_times(engine, options.rounds)
        kata, runc = (statistics.median(times[runtime]) for runtime in RUNTIMES)
        rows.append(("docker exec true, ratio to runc", f"{kata / runc:.2f}  ({kata * 1e3:.0f} ms / {runc * 1e3:.0f} ms)",
                     "<= 3", verdict(kata / runc, 3)))
    if "output" in parts:
        raw["output"] = {runtime: output(engine, runtime, options.mib) for runtime in RUNTIMES}
        (rate, memory), (control, _) = (raw["output"][runtime] for runtime in RUNTIMES)
        rows.append((f"{options.mib} MiB through standard output", f"{rate:.0f} MB/s  (runc {control:.0f})", ">= 60 MB/s",
                     verdict(-rate, -60)))
        # buffers are filled within the first eighth; from then on nothing may grow with what has passed. How full they are
        # at the moment of looking differs, so the fullest count.
        rows.append(("  our processes meanwhile", " ".join(f"{m / 1e3:.1f}" for m in memory) + " MB", "flat",
                     verdict(max(memory[4:]) / max(memory[1:4]), 1.05)))
    if "files" in parts:
        raw["files"] = files = file_times(engine, options.file_rounds)
        for name, text in (("create", "10 000 files in the root"), ("tar", "tar of /usr")):
            fs, plan9 = (statistics.median(files[name][kind]) for kind in ("virtio-fs", "virtio-9p"))
            rows.append((f"{text}, 9p to virtio-fs", f"{plan9 / fs:.2f}  ({plan9:.1f} s / {fs:.1f} s)", ">= 2",
                         verdict(-plan9 / fs, -2)))
    if "network" in parts:
        raw["network"] = rates = network(engine, 5)
        rows.append(("iperf3 to the host", f"{rates['kata-runtime']:.0f} Mbit/s  (runc {rates['control']:.0f})", "", ""))
    if "many" in parts:
        raw["many"] = result = many(engine, options.containers)
        for name, text in (("start", "start"), ("remove", "removal"), ("memory", "memory of our processes")):
            rows.append((f"{options.containers} containers at once: {text}, last to first",
                         f"{growth(result[name]):.2f}  (median {statistics.median(result[name]):.2f})", "no growth",
                         verdict(growth(result[name]), 1.2)))
        rows.append(("  the daemons' descriptors, before and after", " ".join(map(str, result["descriptors"])), "no growth",
                     verdict(result["descriptors"][1], result["descriptors"][0] + 2)))
        rows.append(("  processes left", str(len(result["left"])), "0", verdict(len(result["left"]), 0)))
    print_table(rows)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(raw, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
