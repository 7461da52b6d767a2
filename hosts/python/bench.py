"""What the Python host costs beside the Rust host, on the same simulated organisation and SQLite files of their own.

    python bench.py --program target/release/org-harness --component FILE [--members 1000 10000] [--times 3]

Prints a line for each figure: the least of so many rounds, in each of which every host has its turn, so that other work on the machine
matters little. A run is a process of its own. What counts is CPU, user and system, of the whole process, start included, and how many times that
of the Rust host it is. Memory is the most that the process had. Wall-clock times are those that the report of the run or of the call tells.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

SIGN_INS = 30


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def sign_in(url: str, member: str) -> tuple[str, str]:
    try:
        form = urllib.parse.urlencode({"member": member}).encode()
        urllib.request.build_opener(NoRedirect).open(url, form)
    except urllib.error.HTTPError as answer:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["location"]).query)
        return query["code"][0], query["state"][0]
    raise RuntimeError("no way back")


def middle(values: Any) -> float:
    return sorted(values)[len(values) // 2]


def measured(command: list[Any], folder: Path) -> tuple[str, str, float, float]:
    """Standard output, standard error, MiB at most, and seconds of CPU."""
    out, err = folder / "out", folder / "err"
    with out.open("w") as stdout, err.open("w") as stderr:
        process = subprocess.Popen([str(word) for word in command], stdout=stdout, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command}: {err.read_text()[-500:]} {out.read_text()[-500:]}")
    return out.read_text(), err.read_text(), usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


def python_run(given: argparse.Namespace) -> None:
    """One run of the Python host: the process that is measured."""
    from organisation_host import Component, Element, Engine, Operator, Store, synchronise
    from organisation_host.folder import ElementFolder

    seen: list[tuple[float, float]] = []

    def observe(report: Any) -> None:
        if report.function == "login.exchange-code":
            seen.append((report.spent["wall_ms"], report.spent["cpu_ms"]))

    engine = Engine(given.cache, bridge=given.bridge)
    component = Component.from_file(engine, given.component)
    operator = Operator([given.host], whatever_is_needed=True)
    document = ElementFolder.load(given.element).document
    element = Element(component, document, Store(given.storage), operator=operator, observe=observe)
    if given.sign_ins:
        member = element.call("directory.members", {"below": False}, None, 1)["members"][0]["id"]
        for _ in range(given.sign_ins):
            element.exchange_code(*sign_in(element.authorization_url()["url"], member))
        wall, cpu = zip(*seen, strict=True)
        print(json.dumps({"ms": middle(wall), "cpu": middle(cpu)}))
        return
    report = synchronise(element, "walk")
    print(json.dumps({"ms": report["finished_at"] - report["started_at"]}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path)
    parser.add_argument("--component", type=Path, required=True)
    parser.add_argument("--members", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--times", type=int, default=3)
    for name in ("--cache", "--element", "--storage"):
        parser.add_argument(name, type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--host", help=argparse.SUPPRESS)
    parser.add_argument("--bridge", help=argparse.SUPPRESS)
    parser.add_argument("--sign-ins", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.bridge:
        python_run(given)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for members in given.members:
            compare(given, folder, members)


def compare(given: argparse.Namespace, folder: Path, members: int) -> None:
    element = folder / f"e{members}"
    command = [
        given.program,
        "simulate",
        "--listen",
        "127.0.0.1:0",
        "--element-dir",
        element,
        "--members",
        str(members),
    ]
    simulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert simulator.stdout is not None
        host = next(found[1] for line in simulator.stdout if (found := re.search(r"http://(127\.0\.0\.1:\d+)", line)))

        def rust(storage: Path, *words: str) -> tuple[str, str, float, float]:
            options = [
                "--element",
                element,
                "--component",
                given.component,
                "--allow-host",
                host,
                "--format",
                "json",
                "--report",
            ]
            return measured([given.program, *options, "--storage", f"sqlite:{storage}", *words], folder)

        def python(bridge: str, storage: Path, sign_ins: int = 0) -> tuple[dict[str, float], float, float]:
            options = [
                "--component",
                given.component,
                "--element",
                element,
                "--host",
                host,
                "--cache",
                folder / "cache",
            ]
            run = [sys.executable, __file__, *options, "--storage", storage, "--bridge", bridge, "--sign-ins", sign_ins]
            out, _, memory, cpu = measured(run, folder)
            return json.loads(out), memory, cpu

        def python_sync(bridge: str, storage: Path) -> tuple[float, float, float]:
            answer, memory, cpu = python(bridge, storage)
            return answer["ms"], memory, cpu

        def python_sign_in(bridge: str, storage: Path) -> tuple[float, float]:
            answer, _, _ = python(bridge, storage, SIGN_INS)
            return answer["ms"], answer["cpu"]

        def rust_sync(storage: Path) -> tuple[float, float, float]:
            _, _, memory, cpu = rust(storage, "sync", "--strategy", "walk")
            last = json.loads(rust(storage, "overview")[0])["last_run"]
            return last["duration_ms"], memory, cpu

        def rust_sign_in(storage: Path) -> tuple[float, float]:
            member = json.loads(rust(storage, "members")[0])[0]["id"]
            wall, cpu = [], []
            for _ in range(SIGN_INS // 3):
                url = json.loads(rust(storage, "login-url", "--entry", "browser")[0])["url"]
                code, state = sign_in(url, member)
                _, err, _, _ = rust(storage, "exchange", "--code", code, "--state", state)
                report = next(
                    each for each in map(json.loads, err.splitlines()) if each["function"] == "login.exchange-code"
                )
                wall.append(report["wall_us"] / 1000)
                cpu.append(report["cpu_us"] / 1000)
            return middle(wall), middle(cpu)

        hosts = {
            "Rust": lambda storage: rust_sync(storage),
            "Python, direct": lambda storage: python_sync("direct", storage),
            "Python, stock": lambda storage: python_sync("stock", storage),
        }
        for title in ("first", "unchanged"):
            found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in hosts}
            for time in range(given.times):
                for name, run in hosts.items():
                    found[name].append(run(folder / f"{members}-{name}-{time}.db"))
            least = min(cpu for _, _, cpu in found["Rust"])
            for name, runs in found.items():
                ms, memory, cpu = min(runs, key=lambda run: run[2])
                shown = f"{cpu:.2f} s CPU ({cpu / least:.1f} x), {memory:.0f} MiB, {ms:.0f} ms"
                print(f"{members:>7} members, {title} sync, {name}: {shown}", flush=True)
        if members == min(given.members):
            wall, cpu = rust_sign_in(folder / f"{members}-Rust-0.db")
            print(f"sign-in, Rust: {cpu:.1f} ms CPU, {wall:.1f} ms")
            for bridge in ("direct", "stock"):
                ms, own = python_sign_in(bridge, folder / f"{members}-Python, {bridge}-0.db")
                print(f"sign-in, Python, {bridge}: {own:.1f} ms CPU ({own / cpu:.1f} x), {ms:.1f} ms")
    finally:
        simulator.terminate()
        simulator.wait()


if __name__ == "__main__":
    main()
