"""The networks that come with packages: they are what they are taken for."""

import sys

import numpy as np
import pytest

from rmt_hessian.measurements.real_head_blocks import real_head_blocks
from rmt_hessian.measurements.real_head_confusions import real_head_confusions
from rmt_hessian.measurements.real_heads import HeadOfNetwork, real_heads, top_classes
from rmt_hessian.model import head_data
from rmt_hessian.model.head_data import file_ends, packaged_head, python_files
from rmt_hessian.model.text_images import text_images, word_list

OLD = sys.version_info < (3, 13)
TEXT = ["ppocr-v6", *(["ppocr-v4"] if OLD else [])]


@pytest.fixture(scope="module", autouse=True)
def few():
    """A few lines of text, every thirtieth file."""
    files = python_files()[::30]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(head_data, "python_files", lambda: files)
        patched.setattr(head_data, "text_images", lambda n, *rest: text_images(12, *rest))
        packaged_head.cache_clear()
        yield files
        packaged_head.cache_clear()


def test_files_are_given_to_magika_as_it_takes_them(few):
    """Its own class for each of these files is the most probable one of the head."""
    from magika import Magika

    identify, head = Magika(), packaged_head("magika")
    results = [identify.identify_path(path) for path in few]
    own = [str(result.dl.label) for result in results if str(result.dl.label) != "undefined"]
    assert [head.class_names[k] for k in top_classes(head)] == own
    assert len(set(head.class_groups)) > 5
    config = {"beg_size": 1024, "end_size": 1024, "block_size": 4096}
    config |= {"padding_token": 256, "min_file_size_for_dl": 8}
    asked = [file_ends(path.read_bytes(), config) is not None for path in few]
    assert asked == [str(result.dl.label) != "undefined" for result in results]


@pytest.mark.parametrize("name", TEXT)
def test_text_is_read(name):
    """Letters of all lines, blanks and repetitions left out, are mostly those of the word list."""
    head = packaged_head(name)
    assert len(head.class_names) == len(head.weights) == len(head.class_groups)
    steps = top_classes(head).reshape(12, -1)
    lines = []
    for line in steps:
        kept = [k for place, k in enumerate(line) if k > 0 and (place == 0 or line[place - 1] != k)]
        lines.append("".join(head.class_names[k] for k in kept))
    found = [word.strip(",.;:?!").lower() for line in lines for word in line.split()]
    right = [word in word_list() or word.isdigit() for word in found]
    assert len(right) >= 20
    assert np.mean(right) > 0.7


@pytest.mark.parametrize("name", ["magika", *TEXT])
def test_a_head_is_measured(name):
    rng = np.random.default_rng(0)
    found = real_heads(rng, run=HeadOfNetwork(head=name, n_samples=100))
    assert found["n_measured"] == 100
    assert 0 < found["share"] < 1
    assert found["random_share"] < found["share"]
    # what a random head tends to, at 100 samples of it
    assert found["random_c2_ratio"] == pytest.approx(found["predicted_c2_ratio"], rel=0.3)


@pytest.mark.parametrize("name", ["magika", *TEXT])
def test_blocks_are_within_the_error_of_their_laws(name):
    found = real_head_blocks(np.random.default_rng(0), run=HeadOfNetwork(head=name, n_samples=300))
    for block in ("largest", "median", "pair", "random"):
        assert found[f"{block}_ks"] <= found[f"{block}_error"] + 1e-12
    # of trained blocks the wrong law may be nearer by chance, so few are the samples
    assert found["random_ks"] < found["random_white_ks"]


@pytest.mark.parametrize("name", ["magika", *TEXT])
def test_sizes_and_confusions_explain_most_of_the_share(name):
    found = real_head_confusions(
        np.random.default_rng(0), run=HeadOfNetwork(head=name, n_samples=300)
    )
    assert 5 * found["class_share"] < found["equal_share"]
    assert found["confusion_share"] > found["population_share"] / 3


@pytest.mark.skipif(not OLD, reason="comes for older versions of Python")
def test_the_older_network_is_there():
    assert len(packaged_head("ppocr-v4").weights) == 6625


@pytest.mark.skipif(OLD, reason="comes for this version of Python")
def test_the_older_network_is_told_to_be_missing():
    run = HeadOfNetwork(head="ppocr-v4", n_samples=100)
    assert real_heads(np.random.default_rng(0), run=run) == {"available": False}
