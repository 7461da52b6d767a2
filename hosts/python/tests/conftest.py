"""What tests share: the component, the simulated vendor, and one engine for each bridge.

The component and the program that simulates the vendor come from `ORGANISATION_COMPONENT` and `ORG_HARNESS`, else from the Rust build.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from organisation_host import Component, Element, Engine, Operator, Store

ROOT = Path(__file__).resolve().parents[3]


def _file(variable: str, built: str) -> Path:
    path = Path(os.environ.get(variable, ROOT / "target" / built))
    if not path.is_file():
        pytest.exit(f"{path} is missing: build the workspace (cargo build --workspace) or set {variable}", 2)
    return path


@pytest.fixture(scope="session")
def component_file() -> Path:
    return _file("ORGANISATION_COMPONENT", "components/wecom_organisation.wasm")


@pytest.fixture(scope="session")
def program() -> Path:
    return _file("ORG_HARNESS", "debug/org-harness")


@pytest.fixture(scope="session")
def code_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Kept between runs: compiling takes longer than all tests.
    own = os.environ.get("ORGANISATION_CODE_CACHE")
    return Path(own) if own else tmp_path_factory.mktemp("code")


@pytest.fixture(scope="session", params=["direct", "stock"])
def engine(request: pytest.FixtureRequest, code_cache: Path) -> Engine:
    return Engine(code_cache, bridge=request.param)


@pytest.fixture(scope="session")
def component(engine: Engine, component_file: Path) -> Component:
    return Component.from_file(engine, component_file)


@pytest.fixture(scope="session")
def one_engine(code_cache: Path) -> Engine:
    """For what does not depend on the bridge."""
    return Engine(code_cache)


@pytest.fixture(scope="session")
def one_component(one_engine: Engine, component_file: Path) -> Component:
    return Component.from_file(one_engine, component_file)


class Simulator:
    """A WeCom on loopback, and what a person does there."""

    def __init__(self, program: Path, folder: Path, *options: str) -> None:
        self.folder = folder / "MyWecom"
        command = [program, "simulate", "--listen", "127.0.0.1:0", "--element-dir", self.folder, *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            found = re.search(r"http://(127\.0\.0\.1:\d+)", line)
            if found:
                self.host = found[1]
                break
        else:
            raise RuntimeError("the simulator did not start")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def document(self) -> dict[str, Any]:
        return json.loads((self.folder / f"{self.folder.name}.json").read_text(encoding="utf-8"))

    def act(self, action: str, **fields: Any) -> Any:
        """Does what the console can do; see `/sim/actions`."""
        request = urllib.request.Request(f"http://{self.host}/sim/{action}", json.dumps(fields).encode())
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def look(self, report: str) -> Any:
        """Reads a report such as `counts`."""
        with urllib.request.urlopen(f"http://{self.host}/sim/{report}") as answer:
            return json.loads(answer.read())

    def sign_in(self, url: str, member: str) -> tuple[str, str]:
        """Goes where a browser would, as this member: the code and the state that come back."""
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            # The page of the workspace opens in the vendor's client alone.
            agent = "wxwork/4.1" if "/connect/oauth2/" in url else "Mozilla/5.0"
            form = urllib.parse.urlencode({"member": member}).encode()
            opener.open(urllib.request.Request(url.partition("#")[0], form, {"User-Agent": agent}))
        except urllib.error.HTTPError as answer:
            with answer:
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.headers["location"]).query)
            return query["code"][0], query["state"][0]
        raise AssertionError("the simulator did not lead back")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@pytest.fixture
def simulator(program: Path, tmp_path: Path) -> Iterator[Simulator]:
    simulator = Simulator(program, tmp_path)
    yield simulator
    simulator.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "organisation.db")
    yield store
    store.close()


@pytest.fixture
def make(component: Component, simulator: Simulator, store: Store) -> Iterator[Callable[..., Element]]:
    """Makes elements of the simulated organisation."""
    made: list[Element] = []

    def element(document: dict[str, Any] | None = None, **options: Any) -> Element:
        operator = options.pop("operator", Operator([simulator.host], whatever_is_needed=True))
        chosen = options.pop("component", component)
        made.append(Element(chosen, document or simulator.document, store, operator=operator, **options))
        return made[-1]

    yield element
    for each in made:
        each.close()


@pytest.fixture
def element(make: Callable[..., Element]) -> Element:
    return make()
