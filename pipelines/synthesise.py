"""The job behind ``bamboo synthesise``: a recipe in, the tables of a synthetic lender and their profile out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from features.tables import TABLES
from pipelines.errors import OccupiedFolderError
from pipelines.profile_page import profile_page
from pipelines.progress import Progress, silent
from pipelines.recipes import read_recipe
from pipelines.store import write_text
from reports.page import render
from synthetic.lender import Planted
from synthetic.profile import profile
from synthetic.recipe import Recipe
from synthetic.writer import MANIFEST, PARTS, Written, write

PROFILE = "profile.html"

SAMPLED_ABOVE = 100_000
"""Applicants above which the profile reads a sample of persons, so that its memory stays bounded."""


@dataclass(frozen=True, kw_only=True)
class SynthesiseResult:
    """What was made.

    Attributes:
        out: Folder of the tables.
        recipe: Name of the recipe.
        seed: Seed it was made with.
        applicants: Number of persons.
        rows: Number of rows of each table.
        files: SHA-256 of each file.
        planted: What was planted, counted while planting.
        extract_at: When the extract was drawn; a contract for these tables states it.
        profile: The page about them.
    """

    out: Path
    recipe: str
    seed: int
    applicants: int
    rows: Mapping[str, int]
    files: Mapping[str, str]
    planted: Planted
    extract_at: datetime
    profile: Path


def synthesise(
    recipe: str | Path,
    out: Path,
    *,
    applicants: int | None = None,
    seed: int | None = None,
    workers: int = 1,
    progress: Progress = silent,
) -> SynthesiseResult:
    """Write the tables of a synthetic lender and a page about them.

    Args:
        recipe: Path of a recipe, or the bare name of one in ``data/synthetic``.
        out: Folder for the tables.
        applicants: Number of persons; None takes the recipe's.
        seed: Seed of all random streams; None takes the recipe's.
        workers: Processes that make blocks; the bytes do not depend on it.
        progress: Told what is being done and the share done.

    Raises:
        UnknownRecipeError: there is no such recipe.
        OccupiedFolderError: ``out`` is a file, or holds tables that no synthesis wrote.
        RecipeError: the recipe has a wrong, missing or unknown key.
        RequestError: the seed is negative, or fewer than one applicant or worker is asked for.
    """
    read = read_recipe(recipe)
    _refuse_other_tables(out)
    progress("planning", 0.0)
    written = write(
        read,
        read.seed if seed is None else seed,
        out,
        applicants=applicants,
        workers=workers,
        on_block=lambda done, blocks: progress(f"block {done} of {blocks}", 0.8 * done / blocks),
    )
    progress("profile", 0.85)
    page = _profile(read, out, written)
    progress("done", 1.0)
    return SynthesiseResult(
        out=out,
        recipe=read.name,
        seed=written.seed,
        applicants=written.applicants,
        rows=written.rows,
        files=written.files,
        planted=written.planted,
        extract_at=written.extract_at,
        profile=page,
    )


def _refuse_other_tables(out: Path) -> None:
    """Make sure that only tables of an earlier synthesis, whole or killed, are overwritten."""
    if out.exists() and not out.is_dir():
        raise OccupiedFolderError(out, "is a file")
    if (out / MANIFEST).exists() or (out / PARTS).exists():
        return
    held = [name for name in TABLES if (out / f"{name}.parquet").exists()]
    if held:
        raise OccupiedFolderError(out, f"holds '{held[0]}.parquet', which no synthesis wrote")


def _profile(recipe: Recipe, out: Path, written: Written) -> Path:
    parts = 1
    while written.applicants / parts > SAMPLED_ABOVE and parts < 256:
        parts *= 2
    tables = _read(out, parts)
    made = profile(tables, recipe=recipe, extract_at=written.extract_at)
    path = out / PROFILE
    write_text(path, render(profile_page(recipe.name, written, made, 1 / parts)))
    return path


def _read(out: Path, parts: int) -> dict[str, pl.DataFrame]:
    """Read the tables, or one part in ``parts`` of their persons with all their rows.

    Identifiers of persons are hashes, so those below a bound are a fair sample.
    """
    scans = {name: pl.scan_parquet(out / f"{name}.parquet") for name in TABLES}
    if parts == 1:
        return {name: scan.collect() for name, scan in scans.items()}
    bound = f"{256 // parts:02x}"
    tables = {
        name: scan.filter(pl.col("applicant_id") < bound).collect(engine="streaming")
        for name, scan in scans.items()
        if "applicant_id" in TABLES[name].schema
    }
    ids = tables["applications"].lazy().select("application_id").unique()
    for name in ("outcomes", "truth"):
        tables[name] = scans[name].join(ids, on="application_id", how="semi").collect(engine="streaming")
    return {**tables, "watchlist": scans["watchlist"].collect()}
