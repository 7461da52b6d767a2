"""A first sync beside the same walk with a Python SDK, at the latency of the internet.

    pip install wechatpy cryptography
    python walk.py --program target/release/org-harness [--members 100000] [--departments 5000] [--latency 20] [--asked 200]

The SDK asks for one department after the other, as its users write it; `--asked` departments are measured and taken for all of them, since
the whole would be waited for in minutes of sleep. The program synchronises all, into a SQLite file, by the strategy that it chooses itself.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--departments", type=int, default=5_000)
    parser.add_argument("--latency", type=int, default=20, help="of each answer, in milliseconds")
    parser.add_argument("--asked", type=int, default=200, help="departments that the SDK asks for")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        organisation = ["--members", str(given.members), "--departments", str(given.departments)]
        command = [
            given.program,
            "simulate",
            "--listen",
            "127.0.0.1:0",
            "--element-dir",
            folder / "element",
            *organisation,
        ]
        simulator = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True)
        try:
            assert simulator.stdout is not None
            host = next(
                found[1] for line in simulator.stdout if (found := re.search(r"http://(127\.0\.0\.1:\d+)", line))
            )
            compare(given, folder, host)
        finally:
            simulator.terminate()


def compare(given: argparse.Namespace, folder: Path, host: str) -> None:
    body = json.dumps({"milliseconds": given.latency}).encode()
    request = urllib.request.Request(f"http://{host}/sim/latency", body, {"content-type": "application/json"})
    urllib.request.urlopen(request).read()
    sdk, departments = asked(given.asked, folder / "element", host)
    options = ["--element", folder / "element", "--allow-host", host, "--format", "json"]
    command = [given.program, *options, "--storage", f"sqlite:{folder / 'organisation.sqlite'}", "sync"]
    began = time.monotonic()
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
    ours = time.monotonic() - began
    report = json.loads(done.stdout)
    print(f"{given.members:,} members, {departments:,} departments, {given.latency} ms for each answer")
    print(f"SDK, {given.asked} departments: {sdk:.1f} s, so all: {sdk / given.asked * departments:.0f} s")
    print(f"program, all, {report['vendor_calls']} calls of the vendor: {ours:.1f} s")
    print(f"ratio: {sdk / given.asked * departments / ours:.0f}")


def asked(count: int, element: Path, host: str) -> tuple[float, int]:
    """Seconds that the SDK takes for so many departments, and how many there are."""
    from wechatpy.enterprise import WeChatClient

    settings = json.loads((element / f"{element.name}.json").read_text())
    settings = settings.get("authConfig", settings)
    secret = settings.get("secret") or settings["corpSecret"]
    query = urllib.parse.urlencode({"corpid": settings["corpId"], "corpsecret": secret})
    with urllib.request.urlopen(f"http://{host}/cgi-bin/gettoken?{query}") as answer:
        token = json.load(answer)["access_token"]

    # The SDK asks for its token at an address that cannot be changed.
    class Client(WeChatClient):  # type: ignore[misc]
        API_BASE_URL = f"http://{host}/cgi-bin/"
        access_token = token

    client = Client(settings["corpId"], secret)
    departments = client.department.get()
    began = time.monotonic()
    for department in departments[:count]:
        client.user.list(department["id"])
    return time.monotonic() - began, len(departments)


if __name__ == "__main__":
    main()
