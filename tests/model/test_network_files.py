"""Networks as files."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rmt_hessian import Network
from rmt_hessian.activations import ACTIVATIONS, Activation

SINE = np.sin, np.cos, lambda a: -np.sin(a)


NOT_SAVED = "path must be a file that Network.save wrote, got "


def same_network(net, other):
    assert [sigma.name for sigma in other.activations] == [s.name for s in net.activations]
    for arrays, others in ((net.weights, other.weights), (net.biases, other.biases)):
        for a, b in zip(arrays, others, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                assert a.tobytes() == b.tobytes()
                assert a.shape == b.shape
                assert not b.flags.writeable


SPECIAL = np.array([[-0.0, 5e-324, 1.7e308], [0.1, -1e-300, 1 / 3]])


@given(
    activation=st.sampled_from(sorted(ACTIVATIONS)),
    with_bias=st.lists(st.booleans(), min_size=1, max_size=4),
    seed=st.integers(0, 99),
)
def test_a_saved_network_is_the_same_to_the_last_bit(tmp_path_factory, activation, with_bias, seed):
    rng = np.random.default_rng(seed)
    widths = [int(w) for w in rng.integers(1, 5, len(with_bias) + 1)]
    drawn = Network.random(widths, rng, bias_scale=1.0)
    biases = [b if has else None for b, has in zip(drawn.biases, with_bias, strict=True)]
    net = Network(drawn.weights, biases, activation)
    path = tmp_path_factory.mktemp("net") / "net"
    net.save(path)
    same_network(net, Network.load(path))


@pytest.mark.parametrize("name", ["net", "net.npz", "net.tar.gz", "ein Netz ü.bin"])
def test_a_network_is_saved_where_it_was_asked(name, tmp_path):
    path, net = tmp_path / name, Network([SPECIAL, np.asfortranarray(SPECIAL.T)], [None, [1, 2, 3]])
    for where in (path, str(path)):
        net.save(where)
        assert os.listdir(tmp_path) == [name]  # no suffix, nothing temporary
        same_network(net, Network.load(where))
    Network([SPECIAL]).save(path)  # over the old one
    same_network(Network([SPECIAL]), Network.load(path))


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path, net = tmp_path / "net.npz", Network([SPECIAL])
    net.save(path)

    def fails(file, **arrays):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(OSError, match="No space"):
        Network([2 * np.eye(2)]).save(path)
    assert os.listdir(tmp_path) == ["net.npz"]
    same_network(net, Network.load(path))
    with pytest.raises(FileNotFoundError):
        net.save(tmp_path / "no such folder" / "net")
    with pytest.raises(FileNotFoundError):
        Network.load(tmp_path / "nothing")


def test_functions_are_not_in_the_file(tmp_path):
    path, net = tmp_path / "net", Network([[[1.0]], [[2.0]]], activation=SINE)
    net.save(path)
    with pytest.raises(
        ValueError, match=r"^activation must be given: the functions of 'custom' are not in"
    ):
        Network.load(path)
    same_network(net, Network.load(path, activation=SINE))
    sine = Activation("sine", *SINE)
    Network(net.weights, activation=sine).save(path)
    assert Network.load(path, sine).activation is sine
    net = Network([[[1.0]], [[2.0]]], activation="tanh")
    net.save(path)
    with pytest.raises(ValueError, match=r"activation means nothing for .*'tanh', got 'relu'"):
        Network.load(path, "relu")


def test_mixed_activations_are_in_the_file(tmp_path):
    path, weights = tmp_path / "net", [np.eye(2)] * 4
    net = Network(weights, activation=["tanh", "relu", "gelu"])
    net.save(path)
    same_network(net, Network.load(path))
    with pytest.raises(ValueError, match=r"activation means nothing for .*\['tanh', 'relu', 'gel"):
        Network.load(path, "tanh")
    sine = Activation("sine", *SINE)
    net = Network(weights, activation=["tanh", sine, "gelu"])
    net.save(path)
    with pytest.raises(ValueError, match="given: the functions of 'sine' are not in"):
        Network.load(path)
    same_network(net, Network.load(path, net.activations))
    for other in (sine, ["relu", sine, "gelu"], ["tanh", sine, sine]):
        message = r"^activation must have \['tanh', 'sine', 'gelu'\], as .* says, got '\w+' for '"
        with pytest.raises(ValueError, match=message):
            Network.load(path, other)
    with pytest.raises(ValueError, match=r"a sequence of 3, one for each, got \["):
        Network.load(path, ["tanh", "relu"])


def test_files_of_one_activation_are_what_they_were(tmp_path):
    """A name alone, which versions without an activation a layer read too."""
    for activation in ("tanh", ["tanh", "tanh"]):
        Network([np.eye(2)] * 3, activation=activation).save(tmp_path / "net")
        with np.load(tmp_path / "net") as file:
            assert file["activation"].shape == ()
            assert str(file["activation"]) == "tanh"


SAVED = {
    "format": np.array("rmt_hessian.Network 1"),
    "activation": np.array("relu"),
    "has_bias": np.array([False]),
    "weights_0": np.ones((2, 2)),
}


def test_foreign_files(tmp_path):
    path = tmp_path / "file"
    np.savez(tmp_path / "fine.npz", **SAVED)
    same_network(Network([np.ones((2, 2))]), Network.load(tmp_path / "fine.npz"))
    contents = {
        "npz": lambda f: np.savez(f, a=np.ones(3)),
        "npy": lambda f: np.save(f, np.ones(3)),
        "pickle": lambda f: pickle.dump(np.ones(3), f),
        "objects": lambda f: np.savez(f, format=np.array({}, dtype=object)),
        "text": lambda f: f.write(b"weights"),
        "nothing": lambda f: None,
        "one array more": lambda f: np.savez(f, **SAVED, another=np.ones(1)),
        "biases by number": lambda f: np.savez(f, **SAVED | {"has_bias": np.array([0.0])}),
        "biases in a table": lambda f: np.savez(f, **SAVED | {"has_bias": np.array([[False]])}),
        "an activation by number": lambda f: np.savez(f, **SAVED | {"activation": np.array(3)}),
        "two activations of no hidden layer": lambda f: np.savez(
            f, **SAVED | {"activation": np.array(["relu", "tanh"])}
        ),
        "another format": lambda f: np.savez(f, format=np.array("rmt_hessian.Network 2")),
        "float32": lambda f: np.savez(f, **SAVED | {"weights_0": np.ones((2, 2), np.float32)}),
    }
    for write in contents.values():
        with path.open("wb") as file:
            write(file)
        with pytest.raises(ValueError, match=NOT_SAVED) as e:
            Network.load(path)
        assert "\n" not in str(e.value)


def test_damage_is_seen_or_harmless(tmp_path):
    """Cut off anywhere: refused. Any bit turned: refused, or it was in what nobody reads."""
    path, net = tmp_path / "net", Network([SPECIAL, SPECIAL.T], [[1.0, 2.0], None], "tanh")
    net.save(path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 37):
        path.write_bytes(whole[:size])
        with pytest.raises(ValueError, match=NOT_SAVED):
            Network.load(path)
    fine = 0
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        try:
            other = Network.load(path)
        except ValueError as error:
            fine += str(error).startswith(NOT_SAVED)
        else:
            same_network(net, other)
            fine += 1
    assert fine == len(whole)
