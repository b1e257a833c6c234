"""The command that puts a bundle behind HTTP."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import Bundle, Contract, Json, PublicKey
from pipelines.console import print_facts, print_json

if TYPE_CHECKING:
    from service.serving import Serving


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command()(serve)


def serve(
    bundle: Bundle,
    public_key: PublicKey = None,
    contract: Contract = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any that is free.")] = 8080,
    most_bytes: Annotated[int, typer.Option(min=1, help="Largest body of a request, in bytes.")] = 16 * 1024 * 1024,
    most_cases: Annotated[int, typer.Option(min=1, help="Most cases in a batch.")] = 1000,
    accelerate: Annotated[
        bool, typer.Option("--accelerate", help="Let numba compile the scorer's arithmetic: the same bits sooner.")
    ] = False,
    drain: Annotated[
        float,
        typer.Option(min=0, help="Seconds between SIGTERM, which turns /ready off, and the refusal of connections."),
    ] = 2.0,
    json: Json = False,
) -> None:
    """Serve decisions over HTTP: kill -HUP swaps the bundle under load, SIGTERM ends without cutting requests short."""
    from pipelines.keys import read_key
    from pipelines.served import load_served
    from service import Limits
    from service import serve as run

    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    key = None if public_key is None else read_key(public_key)

    def started(address: str, serving: Serving) -> None:
        sha256 = serving.scorer.sha256
        if json:
            print_json({"address": address, "bundle": sha256, "accelerated": serving.scorer.accelerated})
            sys.stdout.flush()
            return
        raw = "yes" if serving.builder is not None else f"no: {serving.why_no_builder}"
        compiled = "yes" if serving.scorer.accelerated else "no"
        facts = [("listens on", address), ("bundle", sha256), ("decides from raw tables", raw), ("compiled", compiled)]
        print_facts(facts)

    run(
        lambda: load_served(bundle, public_key=key, contract=contract, accelerate=accelerate),
        host=host,
        port=port,
        limits=Limits(body_bytes=most_bytes, cases=most_cases),
        drain_seconds=drain,
        started=started,
    )
