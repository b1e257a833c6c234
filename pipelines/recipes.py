"""Reads recipes of synthetic lenders from YAML."""

from __future__ import annotations

import sysconfig
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from features.errors import nearest
from pipelines.errors import PipelineError
from pipelines.yaml_lines import YamlMistakeError, load_lined
from synthetic.errors import RecipeError
from synthetic.recipe import Recipe

_IN_REPOSITORY: Final = Path(__file__).resolve().parent.parent / "data" / "synthetic"
_INSTALLED: Final = Path(sysconfig.get_path("data")) / "share" / "bamboo-credit" / "recipes"

RECIPES: Final = _IN_REPOSITORY if _IN_REPOSITORY.is_dir() else _INSTALLED
"""Folder of the recipes that come with Bamboo: in the repository, or where a wheel puts them."""


class UnknownRecipeError(PipelineError):
    """A recipe that is neither a file nor the name of one in the recipes' folder."""

    def __init__(self, recipe: str, known: list[str]) -> None:
        self.recipe = recipe
        there = f"({', '.join(known) or 'none'}).{nearest(recipe, known)}"
        super().__init__(f"recipe == {recipe!r} is neither a file nor a known recipe {there}")


def recipe_path(recipe: str | Path) -> Path:
    """Return the file of a recipe: a path as it is, or a bare name from ``data/synthetic``.

    Raises:
        UnknownRecipeError: there is no such file or name; the message names the nearest.
    """
    path = Path(recipe)
    if path.suffix in (".yaml", ".yml") and path.is_file():
        return path
    named = RECIPES / f"{recipe}.yaml"
    if path.name == str(recipe) and named.is_file():
        return named
    raise UnknownRecipeError(str(recipe), sorted(file.stem for file in RECIPES.glob("*.yaml")))


def read_recipe(recipe: str | Path) -> Recipe:
    """Read a recipe by path or name.

    A recipe with ``based_on: NAME`` takes every key it does not state from that recipe, which is looked for beside it
    and then in ``data/synthetic``.

    Raises:
        UnknownRecipeError: the recipe, or one it is based on, does not exist.
        RecipeError: a key is unknown, missing, of the wrong type or out of bounds; or the file is not YAML, gives a key
            twice, refers to another part of itself, or is too deep.
    """
    return Recipe.from_mapping(_read(recipe_path(recipe), ()))


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, object]:
    if path in seen:
        raise RecipeError("based_on", f"leads back to {path.name!r}: a recipe cannot be based on itself")
    mapping = _parse(path)
    base = mapping.pop("based_on", None)
    if base is None:
        return mapping
    beside = path.parent / f"{base}.yaml"
    return _merged(_read(beside if beside.is_file() else recipe_path(str(base)), (*seen, path)), mapping)


def _parse(path: Path) -> dict[str, object]:
    try:
        found = load_lined(path.read_text(encoding="utf-8")).content
    except (YamlMistakeError, UnicodeDecodeError) as error:
        raise RecipeError(path.name, f"cannot be read: {error}") from error
    if not isinstance(found, Mapping):
        raise RecipeError(path.name, f"== {found!r}, must be a mapping of keys to values")
    return dict(found)


def _merged(base: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    out = dict(base)
    for key, value in changes.items():
        old = out.get(key)
        out[key] = _merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return out
