"""Ways to score through other processes: `bamboo serve` over HTTP, and `bamboo score` from file to file."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import polars as pl

from modelling.parity import Answers, ParityError, answers_of
from modelling.parity_cases import ParityCases
from modelling.parity_ways import Way
from pipelines.decisions import ENDINGS, decisions_of, read_decisions_frame
from pipelines.store import write_bytes, write_frame
from scoring import codec

BAMBOO: Final = (sys.executable, "-P", "-c", "from pipelines.cli import main; main()")
"""The command, run by the interpreter that runs this."""

HTTP_ONE: Final = "HTTP, one case"
HTTP_BATCH: Final = "HTTP, batch"
COMMAND: Final = "bamboo score, {}"

BATCH: Final = 100
"""Cases in a request of several: some hundred features of a thousand cases would be more than a request may bring."""

PATIENCE: Final = 120.0
"""Seconds that a process may take to start, and a request to be answered."""


@dataclass(frozen=True, kw_only=True)
class Processes:
    """What the processes are given.

    Attributes:
        bundle: Folder of the bundle.
        folder: Folder for the files that they read and write.
        public_key: Key that the bundle must be signed by; None accepts an unsigned one.
    """

    bundle: Path
    folder: Path
    public_key: bytes | None = None

    def options(self) -> list[str]:
        """Return the options that name the bundle and the key."""
        if self.public_key is None:
            return ["--bundle", str(self.bundle)]
        key = self.folder / "bundle.pub"
        write_bytes(key, self.public_key)
        return ["--bundle", str(self.bundle), "--public-key", str(key)]

    def ways(self) -> list[Way]:
        """Return the ways from file to file."""
        return [partial(self.score, ending) for ending in ENDINGS]

    def score(self, ending: str, cases: ParityCases) -> Answers:
        """Decide cases with ``bamboo score``, from a Parquet file to a file of the given ending.

        Raises:
            ParityError: the command failed.
        """
        way, table, out = COMMAND.format(ending), self.folder / "cases.parquet", self.folder / f"decisions{ending}"
        column = _new_name([spec.name for spec in cases.features])
        write_frame(table, cases.frame.with_columns(pl.Series(column, cases.ids)))
        command = [*BAMBOO, "score", str(table), *self.options(), "--case-id", column, "--out", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        if done.returncode:
            raise ParityError(f"{way} ended with status {done.returncode}: {done.stderr.strip()}")
        return answers_of(way, cases.ids, _read(out))

    @contextmanager
    def serve(self) -> Iterator[Server]:
        """Run ``bamboo serve`` on a free port until the block ends.

        Raises:
            ParityError: it did not start.
        """
        log = self.folder / "serve.log"
        with ExitStack() as stack:
            written = stack.enter_context(log.open("w", encoding="utf-8"))
            command = [*BAMBOO, "serve", *self.options(), "--port", "0", "--drain", "0", "--json"]
            server = stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=written, text=True)  # noqa: S603 - our own command
            )
            stack.callback(_end, server)
            address = _address(server)
            if address is None:
                raise ParityError(f"bamboo serve did not start: {log.read_text(encoding='utf-8').strip()}")
            connection = HTTPConnection(address, timeout=PATIENCE)
            stack.callback(connection.close)
            yield Server(connection=connection)


@dataclass(frozen=True, kw_only=True, eq=False)
class Server:
    """A service that runs.

    Attributes:
        connection: To its port.
    """

    connection: HTTPConnection

    def ways(self) -> list[Way]:
        """Return the ways to ask it."""
        return [self.one_by_one, self.in_batches]

    def one_by_one(self, cases: ParityCases) -> Answers:
        """Send each case in a request of its own.

        Raises:
            ParityError: a request was refused.
        """
        told = [self._post(asked, f"{HTTP_ONE}, {asked['case_id']!r}") for asked in _asked(cases)]
        return answers_of(HTTP_ONE, cases.ids, told)

    def in_batches(self, cases: ParityCases) -> Answers:
        """Send cases in requests of several.

        Raises:
            ParityError: a request was refused.
        """
        asked = _asked(cases)
        told: list[dict[str, Any]] = []
        for start in range(0, len(asked), BATCH):
            some = {"cases": asked[start : start + BATCH]}
            told += self._post(some, f"{HTTP_BATCH}, from {cases.ids[start]!r}")["decisions"]
        return answers_of(HTTP_BATCH, cases.ids, told)

    def _post(self, content: Mapping[str, object], what: str) -> dict[str, Any]:
        body = json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
        try:
            self.connection.request("POST", "/v1/decisions", body, {"Content-Type": "application/json"})
            response = self.connection.getresponse()
            answer = response.read()
        except (OSError, HTTPException) as error:
            raise ParityError(f"{what}: no answer ({type(error).__name__}: {error})") from error
        if response.status != 200:
            raise ParityError(f"{what}: status {response.status}: {answer[:500].decode(errors='replace')}")
        told: dict[str, Any] = codec.parse_json(answer)
        return told


def _asked(cases: ParityCases) -> list[dict[str, object]]:
    requests = zip(cases.requests(), cases.ids, strict=True)
    return [{"features": request, "case_id": case_id} for request, case_id in requests]


def _new_name(taken: Sequence[str]) -> str:
    """Return a name for the column of ids that no feature bears."""
    name = "case_id"
    while name in taken:
        name += "_"
    return name


def _read(decisions: Path) -> list[dict[str, object]]:
    """Return decisions as a file holds them."""
    if decisions.suffix == ".jsonl":
        return [codec.parse_json(line) for line in decisions.read_bytes().removesuffix(b"\n").split(b"\n")]
    return [decision.to_dict() for decision in decisions_of(read_decisions_frame(decisions))]


def _address(server: subprocess.Popen[str]) -> str | None:
    """Return host and port that a server says it listens on; None when it ended or said nothing in time."""
    watchdog = threading.Timer(PATIENCE, server.kill)
    watchdog.start()
    try:
        said = "".join(_until_brace(server.stdout))
    finally:
        watchdog.cancel()
    return urlsplit(json.loads(said)["address"]).netloc if said.endswith("}\n") else None


def _until_brace(lines: Iterable[str] | None) -> Iterator[str]:
    """Give lines up to the one that ends an object: what comes after it is not waited for."""
    for line in lines or ():
        yield line
        if line == "}\n":
            return


def _end(server: subprocess.Popen[str]) -> None:
    """Ask a server to end, and end it when it does not."""
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
