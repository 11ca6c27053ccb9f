#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the conformance cases on a runtime, and joins the results of both into a table.

    conformance.py run --runtime NAME --output DIR --test PROGRAM --probe PROGRAM [--programs A:B] [--config FILE]
    conformance.py table --results DIR [--write]

`run` gives the cases a folder of their own and takes away whatever is left of it afterwards; anything that the runtime left
behind, or a program that did not get to its end, is a failure. Cases that fail are not: `table` judges them, with
differences.json beside this file, which lists what is known and why. An unlisted failure fails, and so does a listed one that
has come to pass. `table` also fails unless docs/conformance.md is what it would write; --write writes it.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "docs" / "conformance.md"
DIFFERENCES = HERE / "differences.json"
SKIPPED = 77
RUN_SECONDS = 480
SUBJECT, CONTROL = "kata-runtime", "runc"
DOCUMENTS = ["runtime.md", "runtime-linux.md", "config.md", "config-linux.md", "command line"]

INTRODUCTION = """\
# Conformance

The MUSTs of the [OCI runtime specification](https://github.com/opencontainers/runtime-spec) are cases of `tests/conformance/`,
driven through the command line and judged from inside the container. The same cases run on kata-runtime and, as the control,
on runc; those called "command line" are about what engines expect of runc and the specification leaves open. This page is
written by `ci/dev conformance`; a test fails when it is not up to date.

- **pass**: it holds.
- **differs**: it does not, for the reason given below; with a virtual machine it cannot, or engines rely on the opposite.
- **FAIL-known**: it does not yet, for the reason given below.
- **fails** (runc only): the control does not do it on the machine of the last run: {host}.

Not asked yet: blockIO, network classes, cpusets and swap; schedulers, I/O priorities and time offsets where they would be
applied; SELinux and mount labels; resctrl and RDMA on machines that have them; the owner of delegated cgroups; mounts with mapped
ids; a network namespace by path, which the end-to-end tests cover.
"""


class Failure(Exception):
    """Something that `main` reports in one line."""


# ---- run -----------------------------------------------------------------------------------------------------------------


def host_of(version):
    """What a control's result depends on besides itself, in words."""
    v2 = pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists()
    first = version.splitlines()[0] if version else "no version"
    return f"cgroup {'v2' if v2 else 'v1'}, {first}"


def results_of(xml_file):
    """{case: [reasons]} in the order of the report; no reasons: passed."""
    cases = {}
    for case in ElementTree.parse(xml_file).getroot().iter("TestCase"):
        overall = case.find("OverallResult")
        reasons = []
        if overall is None or overall.get("success") != "true":
            for node in case.iter():
                if node.tag == "Expression" and node.get("success") == "false":
                    expanded = (node.findtext("Expanded") or "").strip()
                    reasons.append(f"{(node.findtext('Original') or '').strip()}: {' '.join(expanded.split())}")
                elif node.tag in ("Exception", "FatalErrorCondition", "Failure"):
                    reasons.append(" ".join((node.text or "").split()))
            infos = [" ".join((node.text or "").split()) for node in case.iter("Info")]
            reasons = [reason[:400] for reason in reasons + infos if reason] or ["failed"]
        cases[case.get("name")] = reasons
    return cases


def processes_of(folder):
    """Pids of what was started for `folder`: it stands on their command line."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if folder + "/" in words:
            found[int(entry.name)] = words
    return found


def mounts_of(folder):
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return [line.split()[4] for line in lines if line.split()[4].startswith(folder + "/")]


def cgroups_of(pid):
    """Cgroups of containers whose ids end with the test program's pid, deepest first."""
    pattern = re.compile(rf"^conformance-(\d+|full|life)-{pid}(-\d+)?$|^conformance-{pid}-\d+$")
    found = []
    for where, names, _ in os.walk("/sys/fs/cgroup", topdown=False):
        found += [os.path.join(where, name) for name in names if pattern.match(name)]
    return found


def remove_leftovers(folder, pid):
    """Names what a run has left behind after a moment's grace, and ends and removes it."""
    end = time.monotonic() + 5
    while time.monotonic() < end and (processes_of(folder) or mounts_of(folder) or cgroups_of(pid)):
        time.sleep(0.1)
    left = []
    for process, words in processes_of(folder).items():
        left.append(f"process {process}: {words[:160]}")
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            pass
    for point in sorted(mounts_of(folder), key=len, reverse=True):
        left.append(f"mount {point}")
        subprocess.run(["umount", "--lazy", point], check=False, timeout=10)
    for cgroup in cgroups_of(pid):
        left.append(f"cgroup {cgroup}")
        # A runtime's own process that hangs names no folder of ours.
        for member in pathlib.Path(cgroup, "cgroup.procs").read_text(encoding="utf-8").split():
            try:
                os.kill(int(member), signal.SIGKILL)
            except ProcessLookupError:
                pass
        end = time.monotonic() + 2
        while os.path.exists(cgroup) and time.monotonic() < end:
            try:
                os.rmdir(cgroup)
            except OSError:
                time.sleep(0.05)
    for parent in pathlib.Path("/sys/fs/cgroup").glob("*/kata-conformance"):
        try:
            parent.rmdir()
        except OSError:
            pass
    return left


def copy_programs(arguments, folder):
    """The program of the runtime: ours beside its companions, as it is installed."""
    shutil.copy2(arguments.probe, folder / "conformance-probe")
    shutil.copy2(shutil.which("busybox"), folder / "busybox")
    if arguments.runtime == CONTROL:
        return shutil.which(CONTROL)
    (folder / "bin").mkdir()
    for program in arguments.programs.split(":"):
        shutil.copy2(program, folder / "bin")
    return str(folder / "bin" / SUBJECT)


def run_cases(arguments, folder, program):
    """The test program's results; Failure when it did not get to its end."""
    environment = dict(os.environ, KATA_CONFORMANCE_PROGRAM=program, KATA_CONFORMANCE_FOLDER=str(folder))
    environment["KATA_CONFORMANCE_RUNTIME"] = arguments.runtime
    if arguments.config:
        environment["KATA_CONF_FILE"] = arguments.config
    report = folder / "report.xml"
    process = subprocess.Popen([arguments.test, "--reporter", "xml", "--out", str(report), *arguments.cases], env=environment)
    left = []
    try:
        status = process.wait(timeout=RUN_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{arguments.runtime}: the cases still ran after {RUN_SECONDS} s") from error
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        listed = subprocess.run([program, "--root", str(folder / "root"), "list", "--quiet"], env=environment, text=True,
                                capture_output=True, timeout=60, check=False)
        for name in listed.stdout.split():
            left.append(f"container {name}")
            subprocess.run([program, "--root", str(folder / "root"), "delete", "--force", name], env=environment, timeout=60,
                           check=False)
        left += remove_leftovers(str(folder), process.pid)
    if status < 0 or not report.exists():
        raise Failure(f"{arguments.runtime}: the test program ended with status {status}")
    try:
        return results_of(report), left
    except ElementTree.ParseError as error:
        raise Failure(f"{arguments.runtime}: the report has no end: {error}") from error


def missing_need(arguments):
    """What this machine lacks for the run, or None."""
    if os.geteuid() != 0:
        return "root"
    if shutil.which("busybox") is None:
        return "busybox"
    if arguments.runtime == CONTROL and shutil.which(CONTROL) is None:
        return CONTROL
    if arguments.runtime == SUBJECT and not os.path.exists(arguments.config or ""):
        return SUBJECT
    return None


def run(arguments):
    need = missing_need(arguments)
    if need:
        demanded = need in os.environ.get("KATA_TEST_REQUIRE", "").split(",")
        print(f"{'needed but missing' if demanded else 'skipped'}: {need}")
        return 1 if demanded else SKIPPED
    folder = pathlib.Path(tempfile.mkdtemp(prefix="kata-conformance-", dir="/var/tmp"))
    began = time.monotonic()
    try:
        program = copy_programs(arguments, folder)
        version = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
        cases, left = run_cases(arguments, folder, program)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - began
    failed = {name: reasons for name, reasons in cases.items() if reasons}
    for name, reasons in failed.items():
        print(f"{name}\n    " + "\n    ".join(reasons))
    for line in left:
        print(f"left behind: {line}")
    print(f"{arguments.runtime}: {len(cases)} cases, {len(failed)} do not hold, {seconds:.0f} s")
    output = pathlib.Path(arguments.output)
    output.mkdir(parents=True, exist_ok=True)
    result = {"runtime": arguments.runtime, "host": host_of(version), "cases": cases}
    (output / f"{arguments.runtime}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 1 if left else 0


# ---- table ---------------------------------------------------------------------------------------------------------------


def verdict_of(runtime, name, reasons, listed):
    """What the table says, and what is wrong about it (or None)."""
    known = listed.get((runtime, name))
    if not reasons:
        return ("pass", f"{name}: holds on {runtime}, differences.json says it does not") if known else ("pass", None)
    if not known:
        return "FAIL", f"{name}: fails on {runtime}: {reasons[0]}"
    return {"differs": "differs", "todo": "FAIL-known", "control": "fails"}[known["kind"]], None


def read_differences():
    listed = {}
    for entry in json.loads(DIFFERENCES.read_text(encoding="utf-8")):
        if set(entry) != {"case", "runtime", "kind", "reason"} or entry["kind"] not in ("differs", "todo", "control"):
            raise Failure(f"differences.json: not an entry: {entry}")
        if (entry["kind"] == "control") != (entry["runtime"] == CONTROL):
            raise Failure(f"differences.json: only {CONTROL} is the control: {entry['case']}")
        listed[entry["runtime"], entry["case"]] = entry
    return listed


def rows_of(results, listed):
    """[(document, section, what, verdict of ours, verdict of the control)] and a list of problems."""
    rows, problems = [], []
    for name, reasons in results[SUBJECT]["cases"].items():
        place, _, what = name.partition(": ")
        document, _, section = place.partition(", ")
        if document not in DOCUMENTS or not what:
            problems.append(f"{name}: write DOCUMENT, SECTION: WHAT MUST HOLD")
            continue
        ours, problem = verdict_of(SUBJECT, name, reasons, listed)
        problems += [problem] if problem else []
        theirs = "not run"
        if CONTROL in results and name in results[CONTROL]["cases"]:
            theirs, problem = verdict_of(CONTROL, name, results[CONTROL]["cases"][name], listed)
            problems += [problem] if problem else []
        rows.append((document, section, what, ours, theirs))
    names = set(results[SUBJECT]["cases"])
    problems += [f"differences.json: no such case: {name}" for _, name in listed if name not in names]
    if CONTROL in results and set(results[CONTROL]["cases"]) != names:
        problems.append("the two runs are not of the same cases: run both again")
    return sorted(rows, key=lambda row: (DOCUMENTS.index(row[0]), row[1], row[2])), problems


def totals_of(rows, column):
    count = {}
    for row in rows:
        count[row[column]] = count.get(row[column], 0) + 1
    return ", ".join(f"{count[word]} {word}" for word in ("pass", "differs", "FAIL-known", "fails", "FAIL", "not run")
                     if word in count)


def document_of(rows, listed, host):
    lines = [INTRODUCTION.format(host=host)]
    lines += [f"| | {SUBJECT} | {CONTROL} |", "|---|---|---|",
              f"| {len(rows)} cases | {totals_of(rows, 3)} | {totals_of(rows, 4)} |"]
    for document in DOCUMENTS:
        lines += ["", f"## {document}", "", f"| section | what must hold | {SUBJECT} | {CONTROL} |", "|---|---|---|---|"]
        lines += [f"| {section} | {what} | {ours} | {theirs} |" for place, section, what, ours, theirs in rows
                  if place == document]
    for runtime, title in ((SUBJECT, "Where kata-runtime differs"), (CONTROL, "Where the control fails")):
        lines += ["", f"## {title}", ""]
        entries = sorted((name, entry) for (of, name), entry in listed.items() if of == runtime)
        lines += [f"- {name} ({'FAIL-known' if entry['kind'] == 'todo' else 'differs' if runtime == SUBJECT else 'fails'}): "
                  f"{entry['reason']}" for name, entry in entries]
    return "\n".join(lines) + "\n"


def compared(text, same_host):
    """The text without what depends on the machine when it was written on another."""
    if same_host:
        return text
    lines = re.sub(r"(?ms)^## Where the control fails.*", "", text).splitlines()
    return "\n".join(line.rsplit("|", 2)[0] if line.startswith("|") else line for line in lines if "last run" not in line)


def table(arguments):
    results = {}
    for runtime in (SUBJECT, CONTROL):
        file = pathlib.Path(arguments.results) / f"{runtime}.json"
        if file.exists():
            results[runtime] = json.loads(file.read_text(encoding="utf-8"))
    if SUBJECT not in results:
        print(f"skipped: no results of {SUBJECT}")
        return SKIPPED
    listed = read_differences()
    rows, problems = rows_of(results, listed)
    for document, section, what, ours, theirs in rows:
        print(f"{ours:<11} {theirs:<8} {document}, {section}: {what}")
    print(f"{SUBJECT}: {totals_of(rows, 3)}\n{CONTROL}: {totals_of(rows, 4)}")
    host = results.get(CONTROL, {"host": "none"})["host"]
    text = document_of(rows, listed, host)
    before = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else ""
    same_host = f"last run: {host}." in before
    if arguments.write and not problems:
        DOCUMENT.write_text(text, encoding="utf-8")
    elif compared(before, same_host) != compared(text, same_host):
        problems.append("docs/conformance.md is not up to date: run ci/dev conformance")
    for problem in problems:
        print(f"PROBLEM: {problem}")
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("run")
    for name in ("--runtime", "--output", "--test", "--probe"):
        verb.add_argument(name, required=True)
    verb.add_argument("--programs", default="")
    verb.add_argument("--config")
    verb.add_argument("cases", nargs="*", help="names as the test program takes them; default: all")
    verb = verbs.add_parser("table")
    verb.add_argument("--results", required=True)
    verb.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    try:
        return run(arguments) if arguments.verb == "run" else table(arguments)
    except Failure as failure:
        print(f"conformance: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
