"""Streams a synthetic lender to disk, block by block, in bounded memory and with the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import polars as pl

from features.tables import TABLES
from synthetic.block import Block, make_block
from synthetic.lender import OnBlock, Planted, add_up
from synthetic.plan import Plan, make_plan
from synthetic.recipe import Recipe, to_mapping
from synthetic.workers import check_workers, run_blocks

MANIFEST = "synthesis.json"
ROW_GROUP = 131_072
"""Rows of one Parquet row group: fixed, because it shapes the bytes."""

PARTS = ".synthesis.part"
"""Folder of what is not whole yet; it is there until the manifest is."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A synthetic lender on disk.

    Attributes:
        folder: Where it lies.
        files: SHA-256 of each file by its name.
        rows: Number of rows of each table.
        planted: What was planted.
        extract_at: When the extract was drawn; a lender's contract states it.
        seed: Seed it was made with.
        applicants: Number of persons.
    """

    folder: Path
    files: Mapping[str, str]
    rows: Mapping[str, int]
    planted: Planted
    extract_at: datetime
    seed: int
    applicants: int


def write(
    recipe: Recipe,
    seed: int,
    folder: Path,
    *,
    applicants: int | None = None,
    workers: int = 1,
    on_block: OnBlock | None = None,
) -> Written:
    """Write ``<table>.parquet`` for every table, and ``synthesis.json``, into a folder.

    Everything is written aside first and renamed at the end, the manifest last, so a job that is killed leaves either
    the tables that were there or no manifest; running it again gives the same bytes as an undisturbed run. Memory is
    bounded by the blocks that are being made, whatever the number of applicants.

    Args:
        recipe: What the lender is made from.
        seed: Seed of all random streams, not negative.
        folder: Where the tables go; made when it does not exist.
        applicants: Number of persons; None takes the recipe's.
        workers: Processes that make blocks; the bytes do not depend on it.
        on_block: Told after each block how many are done, and of how many.

    Raises:
        RequestError: the seed is negative, or fewer than one applicant or worker is asked for.
    """
    check_workers(workers)
    plan = make_plan(recipe, seed, applicants)
    parts = folder / PARTS
    shutil.rmtree(parts, ignore_errors=True)
    for name in TABLES:
        (parts / name).mkdir(parents=True)
    planted = _write_blocks(plan, parts, workers, on_block)
    rows = {name: _merge(parts, name) for name in TABLES}
    (folder / MANIFEST).unlink(missing_ok=True)
    for name in TABLES:
        (parts / f"{name}.parquet").replace(folder / f"{name}.parquet")
    written = Written(
        folder=folder,
        files={f"{name}.parquet": _sha256(folder / f"{name}.parquet") for name in TABLES},
        rows=rows,
        planted=planted,
        extract_at=plan.clock.extract_at,
        seed=seed,
        applicants=plan.applicants,
    )
    _write_manifest(plan, written)
    shutil.rmtree(parts)
    return written


def _write_blocks(plan: Plan, parts: Path, workers: int, on_block: OnBlock | None) -> Planted:
    blocks = []
    for done, block in enumerate(run_blocks(plan, partial(_write_block, parts), workers), start=1):
        blocks.append(block)
        if on_block:
            on_block(done, plan.blocks)
    return add_up(blocks)


def _write_block(parts: Path, plan: Plan, number: int) -> Block:
    """Write a block's tables to the folder of parts, and return what was planted without them."""
    block = make_block(plan, number)
    for name, frame in block.frames.items():
        frame.write_parquet(parts / name / f"{number:06}.parquet", compression="lz4", statistics=False)
    return Block(frames={}, dirt=block.dirt, mechanisms=block.mechanisms)


def _merge(parts: Path, name: str) -> int:
    """Join the parts of a table in the order of blocks into one file, streaming; returns its number of rows."""
    target = parts / f"{name}.parquet"
    pl.scan_parquet(sorted((parts / name).iterdir())).sink_parquet(
        target, compression="zstd", compression_level=3, statistics=True, row_group_size=ROW_GROUP, maintain_order=True
    )
    shutil.rmtree(parts / name)
    _flush(target)
    return int(pl.scan_parquet(target).select(pl.len()).collect().item())


def _flush(path: Path) -> None:
    """Bring a file to disk before it gets its final name."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_manifest(plan: Plan, written: Written) -> None:
    manifest = {
        "recipe": to_mapping(plan.recipe),
        "seed": written.seed,
        "applicants": written.applicants,
        "extract_at": written.extract_at.isoformat(),
        "rows": dict(written.rows),
        "files": dict(written.files),
        "planted": {"dirt": written.planted.dirt, "mechanisms": written.planted.mechanisms},
    }
    part = written.folder / f".{MANIFEST}.part"
    part.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    _flush(part)
    part.replace(written.folder / MANIFEST)
