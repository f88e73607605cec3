"""Data of trained heads: files of Python, lines of text, networks of digits."""

import sysconfig
from pathlib import Path

import numpy as np
import pytest

from rmt_hessian.model import text_images as module
from rmt_hessian.model.head_data import (
    HEADS,
    TrainedHead,
    digits_network,
    file_ends,
    kind_of_letter,
    packaged_head,
    python_files,
)
from rmt_hessian.model.text_images import package_folder, text_images, word_list

SIZES = {"beg_size": 4, "end_size": 4, "block_size": 8, "padding_token": 256}
SIZES["min_file_size_for_dl"] = 2
ENDS = {
    b"abcdefghijkl": b"abcdijkl",
    b"  abcdefgh  ": b"abcdefgh",  # of 8 bytes from each end
    b"abc": [*b"abc", 256, 256, *b"abc"],
    b"a": None,
}


@pytest.mark.parametrize("content", ENDS)
def test_the_ends_of_a_file(content):
    found, wanted = file_ends(content, SIZES), ENDS[content]
    assert (found is None) if wanted is None else found.tolist() == list(wanted)


def test_files_are_of_the_installed_python_and_no_others():
    root = Path(sysconfig.get_path("stdlib"))
    found = python_files()
    assert len(found) > 500
    assert list(found) == sorted(set(found))
    for path in found:
        assert root in path.parents
        assert not {"site-packages", "dist-packages"} & set(path.parts[len(root.parts) :])
        assert path.is_file()
        assert not path.is_symlink()
    assert {path.suffix for path in found} >= {".py", ".txt"}


def test_lines_are_dark_text_on_white_in_the_range_of_the_networks():
    lines = text_images(5, np.random.default_rng(0))
    assert lines.shape == (5, 3, 48, 320)
    assert lines.dtype == np.float32
    assert lines.min() >= -1
    assert lines.max() == 1
    assert (lines[:, 0] == lines[:, 2]).all()
    ink = (lines[:, 0] < 0).mean(axis=(1, 2))
    assert (ink > 0.01).all()
    assert (ink < 0.4).all()
    edges = np.concatenate([lines[..., :2], lines[..., -2:]], axis=-1)
    assert (edges == 1).all()  # nothing is cut
    np.testing.assert_array_equal(lines, text_images(5, np.random.default_rng(0)))
    assert (lines != text_images(5, np.random.default_rng(0), between="")).any()


def test_words_are_many_and_plain():
    words = word_list()
    assert len(set(words)) == len(words) > 500
    assert all(word.isascii() and word.isalpha() and word.islower() for word in words)


def test_kinds_of_letters():
    letters = "7aZ疗é,＋ "
    kinds = ["digit", "lower", "upper", "CJK", "other letter", "sign", "sign", "sign"]
    assert [kind_of_letter(letter) for letter in letters] == kinds


def test_a_network_of_digits_is_trained_once():
    net, X = digits_network("digits")
    assert net.widths == [64, 32, 10]
    assert all(b is not None for b in net.biases)
    assert digits_network("digits")[0] is net
    head = packaged_head("digits")
    np.testing.assert_allclose(head.features @ head.weights.T + head.bias, net(X), rtol=1e-12)


def test_samples_are_drawn_without_putting_back():
    head = TrainedHead(np.arange(10.0)[:, None], np.ones((2, 1)), np.zeros(2), ("a", "b"), ("", ""))
    drawn = head.drawn(4, 0).features[:, 0]
    assert len(set(drawn)) == 4
    np.testing.assert_array_equal(drawn, head.drawn(4, 0).features[:, 0])
    assert len(head.drawn(100, 0).features) == 10
    assert head.restricted(head.features[:, 0] > 7).features.tolist() == [[8.0], [9.0]]


def test_what_is_missing_is_said(monkeypatch):
    with pytest.raises(ImportError, match="this head needs nowhere: pip install"):
        package_folder("nowhere")
    with pytest.raises(ValueError, match="head must be one of 'magika', 'ppocr-v4'"):
        packaged_head("gpt")
    monkeypatch.setattr("rmt_hessian.model.head_data.package_folder", lambda name: Path("/none"))
    with pytest.raises(ImportError, match="which the installed rapidocr lacks"):
        HEADS["ppocr-v6"]()
    assert module.package_folder("numpy").name == "numpy"
