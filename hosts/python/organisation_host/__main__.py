"""`python -m organisation_host`: an element folder from the command line. Prints one JSON document."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import view
from .call import Report
from .component import Component
from .egress import Operator
from .element import Element
from .engine import Engine
from .errors import CallStopped, HostError, OrganisationError
from .folder import ElementFolder
from .storage import Store
from .sync import synchronise
from .values.case import Case

#: As shells count a program that Ctrl-C ended.
INTERRUPTED = 130

_EPILOG = """\
Exit status: 0 done; 1 the operation answered with an error, or `check` found one; 2 usage or configuration; 3 a limit or trap
stopped the component; 130 interrupted. Standard output is exactly one JSON document, also for errors:
{"error":{"reason","message","hint","vendor_code"}}. Logs go to standard error.

example:
  org-harness simulate --listen 127.0.0.1:7080 --element-dir element          # in another terminal
  python -m organisation_host --element element --component wecom_organisation.wasm --allow-host 127.0.0.1:7080 sync
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; the exit status."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if given.verbose else logging.WARNING, stream=sys.stderr, format="%(message)s"
    )
    try:
        answer = given.run(given)
        document = view.document(answer)
    except OrganisationError as error:
        return _failed(error, 2 if error.reason == "invalid-config" else 1)
    except CallStopped as error:
        return _failed(error, 3)
    except (HostError, ValueError, TypeError, OSError) as error:
        return _failed(error, 2)
    _print(document)
    if given.command == "validate":
        return 0 if answer["valid"] else 2
    return 1 if given.command == "check" and not answer["ok"] else 0


def _failed(error: BaseException, status: int) -> int:
    _print(view.document({"error": view.error(error)}))
    return status


def _print(document: str) -> None:
    sys.stdout.write(f"{document}\n")


def _element(given: argparse.Namespace) -> Element:
    if given.element is None:
        raise ValueError("name the element folder: --element DIR")
    missing = [name for name in given.env if name not in os.environ]
    if missing:
        raise ValueError(f"--env {missing[0]} grants a variable that is not set")
    folder = ElementFolder.load(given.element, {name: os.environ[name] for name in given.env})
    observe: Callable[[Report], None] | None = None
    if given.report:

        def observe(report: Report) -> None:
            sys.stderr.write(f"{report}\n")

    return Element(
        _component(given),
        folder.document,
        Store(given.storage),
        given.tenant,
        folder.name,
        Operator(given.allow_host, whatever_is_needed=True),
        observe=observe,
    )


def _component(given: argparse.Namespace) -> Component:
    return Component.from_file(Engine(given.code_cache or _code_cache()), given.component, given.component_digest)


def _code_cache() -> Path:
    own = os.environ.get("ORGANISATION_HOST_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "organisation-host"


def _inspect(given: argparse.Namespace) -> Any:
    component = _component(given)
    return {
        "digest": component.digest,
        "size": component.size,
        "imports": sorted(component.imports),
        "exports": sorted(component.exports),
        "bridge": component.engine.bridge.name,
    }


def _login_url(given: argparse.Namespace) -> Any:
    fields = {"redirect_uri": given.redirect_uri, "return_to": given.return_to, "language": given.lang}
    return view.authorization(_element(given).authorization_url(given.entry, **fields))


def _sync(given: argparse.Namespace) -> Any:
    strategy = "automatic" if given.strategy == "auto" else given.strategy
    until = "plan" if given.dry_run else "complete"

    def progress(at: dict[str, Any]) -> None:
        logging.getLogger("organisation_host.sync").info("%s %s/%s", at["phase"], at["done"], at["total"])

    return view.report(synchronise(_element(given), strategy, until, approve=given.approve, progress=progress))


def _changes(given: argparse.Namespace) -> Any:
    page = _element(given).call("directory.changes", given.after, min(given.limit, 200))
    return {
        "changes": [view.change(change) for change in page["changes"]],
        "cursor": page["cursor"],
        "more": page["more"],
    }


def _acknowledge(given: argparse.Namespace) -> Any:
    _element(given).call("directory.acknowledge", given.cursor)
    return {"acknowledged": given.cursor}


def _members(given: argparse.Namespace) -> Any:
    filters = {"department": given.department, "status": given.status, "search": given.search, "below": given.below}
    return [view.member(member) for member in _element(given).members(**filters)]


def _member(given: argparse.Namespace) -> Any:
    function = "directory.sync-member" if given.refresh else "directory.find-member"
    return view.member(_element(given).call(function, given.id))


def _roles(given: argparse.Namespace) -> Any:
    element = _element(given)
    if given.roles is None:
        return element.call("administration.member-roles-of", given.id)
    return element.call("administration.set-member-roles", given.id, given.roles, given.actor)


def _audit(given: argparse.Namespace) -> Any:
    element, last, found = _element(given), 0, []
    while page := element.trail(last):
        found += [view.decision(entry) for entry in page]
        last = page[-1]["id"]
    return found


def _call(given: argparse.Namespace) -> Any:
    wrong = next((pair for pair in given.query if "=" not in pair), None)
    if wrong is not None:
        raise ValueError(f"--query {wrong} is not NAME=VALUE")
    query = [dict(zip(("name", "value"), pair.split("=", 1), strict=True)) for pair in given.query]
    payload = None if given.body is None else Case("json", given.body)
    request = {"method": given.method, "path": given.path, "query": query, "payload": payload}
    answer = _element(given).call("vendor.call", request)
    tag, body = answer["body"]
    try:
        return view.parsed(body) if tag == "text" else answer
    except HostError:
        # As the vendor sent it.
        return answer


def _function(given: argparse.Namespace) -> Any:
    arguments = [_argument(number, text) for number, text in enumerate(given.arguments, 1)]
    return _element(given).call(given.function, *arguments)


def _argument(number: int, text: str) -> Any:
    try:
        return _value(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"argument {number} is no JSON ({error}): a text is written with its quotation marks"
        ) from None


def _value(value: Any) -> Any:
    """`{"case": [TAG, VALUE]}` as a case; every other case that carries a value needs this form."""
    match value:
        case {"case": [str() as tag, content]}:
            return Case(tag, _value(content))
        case dict():
            return {key: _value(each) for key, each in value.items()}
        case list():
            return [_value(each) for each in value]
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m organisation_host",
        description="Runs an organisation element: signs members in, and keeps a copy of departments and members in step.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--element", type=Path, metavar="DIR", help="element folder: e.json and a configuration named like the folder")
    add("--component", type=Path, metavar="FILE", default=Path("element.wasm"), help="component file (element.wasm)")
    add("--component-digest", metavar="sha256:HEX", help="refuse every other component")
    add("--storage", type=Path, metavar="FILE", default=Path("organisation.db"), help="SQLite file (organisation.db)")
    add("--tenant", metavar="NAME", default="default", help="whose element it is (default)")
    add(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST[:PORT]",
        help="admit a private or loopback address, or http://HOST; repeatable",
    )
    add(
        "--env",
        action="append",
        default=[],
        metavar="NAME",
        help="grant an environment variable to {{NAME}}; repeatable",
    )
    add(
        "--code-cache",
        type=Path,
        metavar="DIR",
        help="folder for compiled code, writable for nobody else (ORGANISATION_HOST_CACHE, else one in the user's cache folder)",
    )
    add("--report", action="store_true", help="print the report of every call on standard error")
    add("-v", "--verbose", action="store_true", help="log more on standard error")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], Any], text: str) -> Callable[..., Any]:
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        return made.add_argument

    command("inspect", _inspect, "what a component imports and exports, and whether it fits the contract")
    option = command(
        "describe",
        lambda given: _element(given).describe(given.locale),
        "what the element is and which configuration it takes",
    )
    option("--locale", default="en")
    command(
        "validate",
        lambda given: view.validation(_element(given).validation),
        "judge the configuration without any call; exit 2 when it is invalid",
    )
    command(
        "check",
        lambda given: view.verdicts(_element(given).check_connection()),
        "ask the vendor whether it works; exit 1 when an aspect failed",
    )
    option = command("login-url", _login_url, "make the URL to which a browser is sent")
    option("--entry", default="browser", choices=["browser", "workspace", "workspace-consent"])
    option("--redirect-uri")
    option("--return-to")
    option("--lang")
    option = command(
        "homepage-url",
        lambda given: {"url": _element(given).call("login.homepage-url", given.target)},
        "make the URL of the app's home page",
    )
    option("target")
    option = command(
        "exchange",
        lambda given: view.exchange(_element(given).exchange_code(given.code, given.state)),
        "turn code and state into an identity",
    )
    option("--code", required=True)
    option("--state")
    option = command("sync", _sync, "bring the copy up to date, waiting as long as the vendor asks")
    option("--dry-run", action="store_true", help="plan only")
    option("--strategy", default="auto", choices=["auto", "walk", "export"])
    option("--approve", metavar="RUN", help="carry out a blocked run")
    command("overview", lambda given: view.overview(_element(given).call("directory.overview")), "count the copy")
    command("departments", lambda given: _element(given).departments(), "all departments of the copy")
    option = command("members", _members, "members of the copy; all conditions must hold")
    option("--department", metavar="ID")
    option("--below", action="store_true", help="also those of departments below it")
    option("--status", choices=["active", "disabled", "not-activated", "left-range", "resigned"])
    option("--search", metavar="TEXT")
    option = command("member", _member, "one member")
    option("id")
    option("--refresh", action="store_true", help="ask the vendor first")
    option = command("changes", _changes, "read the feed of changes")
    option("--after", metavar="CURSOR")
    option("--limit", type=int, default=200)
    option = command("acknowledge", _acknowledge, "delete the changes up to a cursor: they were processed")
    option("cursor")
    option = command("roles", _roles, "show a member's roles, or set them")
    option("id")
    option("--set", dest="roles", nargs="*", metavar="ROLE")
    option("--actor", default="command line")
    command("audit", _audit, "what administrators decided, oldest first")
    option = command("call", _call, "make a call of the vendor's API, signed by the component")
    option("method")
    option("path")
    option("--query", action="append", default=[], metavar="NAME=VALUE")
    option("--body", metavar="JSON")
    option = command(
        "function", _function, "call any export with JSON arguments: function directory.find-department '\"1\"'"
    )
    option("function")
    option("arguments", nargs="*", metavar="JSON", help='a case that carries a value is {"case": [TAG, VALUE]}')
    return parser


def run() -> NoReturn:
    """`main` as a program. Ctrl-C ends it at once: what was written is whole, and a sync goes on at the next call."""
    statuses: list[int] = []
    # The command has a thread of its own, since an interrupt that arrives while the guest runs would be lost in a callback of ctypes.
    thread = threading.Thread(target=lambda: statuses.append(main()), daemon=True)
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt as error:
        _failed(error, INTERRUPTED)
        sys.stdout.flush()
        os._exit(INTERRUPTED)
    sys.exit(statuses[0] if statuses else 1)


if __name__ == "__main__":
    run()
