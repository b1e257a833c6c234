"""YAML as people mean it, with the line of every key, so that an error can say where.

Only ``true`` and ``false`` are truth values (``no`` is a word), a key given twice is an error, and so is a reference to
another part of the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import yaml

Place = tuple[str | int, ...]
"""Keys and list positions from the top of a file to a value."""


DEEPEST: Final = 20
"""Mappings and lists in each other; the reader's time and stack grow with them."""


class YamlMistakeError(Exception):
    """Text that is not YAML, or YAML that cannot be meant; the message names the line."""


@dataclass(frozen=True)
class Lined:
    """The content of a YAML file.

    Attributes:
        content: Mappings, lists and plain values.
        lines: Place of every key and list item to its line, from 1.
    """

    content: object
    lines: Mapping[Place, int]

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the nearest thing that encloses it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


class _Loader(yaml.SafeLoader):
    """YAML 1.1 less its truth values: ``yes``, ``no``, ``on`` and ``off`` are words."""


_TRUTH: Final = "tag:yaml.org,2002:bool"
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TRUTH or first in "tTfF"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load_lined(text: str) -> Lined:
    r"""Read YAML with its lines.

    >>> load_lined("target:\n  bad: no").content
    {'target': {'bad': 'no'}}

    Raises:
        YamlMistakeError: it is not YAML, gives a key twice, has a key that is not text, or refers to another part.
    """
    loader = _Loader(text)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            line = event.start_mark.line + 1 if event.start_mark else 1
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise YamlMistakeError(f"line {line}: parts lie more than {DEEPEST} deep in each other")
            if isinstance(event, yaml.AliasEvent):
                raise YamlMistakeError(f"line {line}: *{event.anchor} refers to another part; write it out")
        node = loader.get_single_node()
        lines: dict[Place, int] = {}
        if node is not None:
            _walk(node, (), lines)
        content: object = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}: " if mark else ""
        problem = str(error.problem or error.context)
        hint = ": put a text that holds a colon in quotes" if "mapping values" in problem else ""
        raise YamlMistakeError(f"{where}{problem}{hint}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise YamlMistakeError(str(error) or type(error).__name__) from error
    finally:
        loader.dispose()
    return Lined(content, lines)


def _walk(node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise YamlMistakeError(f"line {line}: a key must be text")
            here = (*place, key.value)
            if here in lines:
                raise YamlMistakeError(f"line {line}: key {key.value!r} was given in line {lines[here]} already")
            lines[here] = line
            _walk(value, here, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[(*place, index)] = value.start_mark.line + 1
            _walk(value, (*place, index), lines)
