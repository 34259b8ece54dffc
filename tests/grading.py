"""The rule that the API gives for its filters, carried out in NumPy from the API's own data."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.float64]


def levels(picture: Image.Image) -> Pixels:
    """The colours of a picture, 0 to 255."""
    return np.asarray(picture.convert("RGB"), dtype=np.float64)


def by_the_rule(pixels: Pixels, shown: Mapping[str, Any], strength: float) -> Pixels:
    """Levels of 0 to 255 through a filter as GET /filters shows it; nothing is rounded."""
    full = np.array(shown["matrix"])
    matrix = (1 - strength) * np.eye(3, 4) + strength * full
    mixed = np.clip(pixels / 255 @ matrix[:, :3].T + matrix[:, 3], 0, 1)
    straight = np.linspace(0, 1, 33)
    curves = [
        straight + strength * (np.array(shown["curves"][channel]) - straight)
        for channel in ("red", "green", "blue")
    ]
    toned = np.stack(
        [np.interp(mixed[..., n], straight, curve) for n, curve in enumerate(curves)], axis=-1
    )
    darkness = strength * _darkness(shown["vignette"], *pixels.shape[:2])
    return np.clip(toned * (1 - darkness)[..., None] * 255, 0, 255)


def _darkness(stops: list[dict[str, float]], height: int, width: int) -> Pixels:
    if not stops:
        return np.zeros((height, width))
    x, y = ((np.arange(side) + 0.5) / side * 2 - 1 for side in (width, height))
    distance = np.sqrt((x[None, :] ** 2 + y[:, None] ** 2) / 2)
    darkness: Pixels = np.interp(
        distance, [stop["distance"] for stop in stops], [stop["darkness"] for stop in stops]
    )
    return darkness
