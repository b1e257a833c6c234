"""Pictures drawn by other packages, put into a page so that it stays one file."""

from __future__ import annotations

import base64
from typing import Final

from markupsafe import Markup

from reports.visible import visible

PNG: Final = b"\x89PNG\r\n\x1a\n"


def embedded(png: bytes, says: str) -> Markup:
    """Return a PNG as markup for ``page.Chart``.

    Args:
        png: The picture.
        says: What it shows, for who cannot see it.

    Raises:
        ValueError: the bytes are not a PNG.
    """
    if not png.startswith(PNG):
        raise ValueError(f"png == {png[:8]!r}…, must begin as a PNG does")
    return Markup('<img src="data:image/png;base64,{}" alt="{}">').format(base64.b64encode(png).decode(), visible(says))
