"""Lines of text as images, from a word list of this package in fonts that matplotlib brings."""

import importlib.util
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

HEIGHT, WIDTH = 48, 320  # pixels of a line of text
FONT_SIZE, MARGIN = 32, 6
FONTS = tuple(
    f"DejaVu{kind}{style}.ttf" for kind in ("Sans", "Serif", "SansMono") for style in ("", "-Bold")
)


def text_images(n_lines: int, rng: np.random.Generator, between: str = " ") -> np.ndarray:
    """Lines of text as these networks take them, (n_lines, 3, 48, 320), entries in [-1, 1].

    English words of the list ``words.txt`` and numbers, as many as fit, dark on white, in fonts
    that come with matplotlib: no other alphabet is among them.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        raise ImportError("text needs pillow: pip install 'rmt_hessian[heads]'") from None
    folder = package_folder("matplotlib") / "mpl-data" / "fonts" / "ttf"
    fonts = [ImageFont.truetype(folder / name, FONT_SIZE) for name in FONTS]
    images = np.empty((n_lines, 1, HEIGHT, WIDTH), np.float32)
    for image in images:
        font = fonts[rng.integers(len(fonts))]
        line = Image.new("L", (WIDTH, HEIGHT), 255)
        fits = _fitting(font)
        text = _line_of(rng, between, fits)
        place = MARGIN, HEIGHT // 2
        ImageDraw.Draw(line).text(place, text, fill=int(rng.integers(100)), font=font, anchor="lm")
        image[:] = np.asarray(line, np.float32) / 127.5 - 1.0
    return np.repeat(images, 3, axis=1)


def _fitting(font: Any) -> Callable[[str], bool]:
    return lambda text: bool(font.getlength(text) <= WIDTH - 2 * MARGIN)


def _line_of(rng: np.random.Generator, between: str, fits: Callable[[str], bool]) -> str:
    """As many words as fit, at least one."""
    words, line = word_list(), ""
    while True:
        word = words[rng.integers(len(words))]
        kind = rng.integers(8)  # as it is: 3 of 8
        if kind == 0:
            word = str(rng.integers(10_000))
        elif kind == 1:
            word = word.upper()
        elif kind in (2, 3):
            word = word.capitalize()
        elif kind == 4:
            word += str(rng.choice([",", ".", ";", ":", "?", "!"]))
        longer = f"{line}{between}{word}" if line else word
        if line and not fits(longer):
            return line
        line = longer


@cache
def word_list() -> tuple[str, ...]:
    """English words, of this package."""
    path = resources.files("rmt_hessian") / "model" / "words.txt"
    return tuple(path.read_text(encoding="utf-8").split())


def package_folder(name: str) -> Path:
    """Where a package lies, which is not imported."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ImportError(f"this head needs {name}: pip install 'rmt_hessian[heads]'")
    return Path(next(iter(found.submodule_search_locations)))
