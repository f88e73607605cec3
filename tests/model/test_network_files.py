"""Networks as files, and networks with biases and activations as objects."""

import copy
import pickle

import numpy as np
import pytest

import rmt_hessian as rh


def sine(a):
    return np.sin(a)


def cosine(a):
    return np.cos(a)


def minus_sine(a):
    return -np.sin(a)


CUSTOM = (sine, cosine, minus_sine)


def same(a, b):
    assert a.widths == b.widths
    assert a.activation.name == b.activation.name
    for one, other in zip((*a.weights, *a.biases), (*b.weights, *b.biases), strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            assert one.tobytes() == other.tobytes()
            assert not other.flags.writeable


@pytest.mark.parametrize("activation", ["relu", "gelu", "identity"])
@pytest.mark.parametrize("biases", [None, [[1.0, 2.0, -0.0], None]])
def test_a_file_has_every_bit(tmp_path, rng, activation, biases):
    net = rh.Network([rng.standard_normal((3, 2)), np.full((2, 3), 5e-324)], biases, activation)
    path = tmp_path / "a network"  # of exactly this name
    net.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["a network"]
    same(net, rh.Network.load(path))
    same(net, pickle.loads(pickle.dumps(net)))
    same(net, copy.deepcopy(net))
    with pytest.raises(ValueError, match="activation means nothing for a file that has its own"):
        rh.Network.load(path, activation="tanh")


def test_functions_are_given_again(tmp_path, rng):
    net = rh.Network.random([2, 3, 2], rng, activation=CUSTOM)
    net.save(tmp_path / "net.npz")
    with pytest.raises(ValueError, match="activation must be given"):
        rh.Network.load(tmp_path / "net.npz")
    again, X = rh.Network.load(tmp_path / "net.npz", activation=CUSTOM), rng.standard_normal((4, 2))
    np.testing.assert_array_equal(net(X), again(X))
    np.testing.assert_array_equal(net(X), pickle.loads(pickle.dumps(net))(X))


def test_other_files_are_refused(tmp_path, rng):
    path = tmp_path / "net.npz"
    for content in (b"", b"text", b"PK\x03\x04 damaged"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"path must be a file of Network\.save"):
            rh.Network.load(path)
    np.savez(path, weights_0=np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"path must be a file of Network\.save"):
        rh.Network.load(path)
    rh.Network.random([30, 30], rng).save(path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"path must be a file of Network\.save"):
        rh.Network.load(path)
    with pytest.raises(FileNotFoundError):
        rh.Network.load(tmp_path / "none")


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path, rng, monkeypatch):
    path = tmp_path / "net.npz"
    net = rh.Network.random([2, 2], rng)
    net.save(path)
    before = path.read_bytes()
    monkeypatch.setattr(np, "savez", lambda *a, **k: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        rh.Network.random([3, 3], rng).save(path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_the_same_weights_with_and_without_biases():
    plain = rh.Network.random([3, 4, 2], 0)
    biased = rh.Network.random([3, 4, 2], 0, bias_scale=0.0, activation="tanh")
    for V, W in zip(plain.weights, biased.weights, strict=True):
        np.testing.assert_array_equal(V, W)
    assert plain.biases == (None, None)
    assert [b.shape for b in biased.biases] == [(4,), (2,)]
    assert repr(biased) == "Network(widths=[3, 4, 2], activation='tanh', with biases)"
    assert [b.shape for b in biased.above(1).biases] == [(2,)]
    with pytest.raises(ValueError, match="bias_scale must not be negative"):
        rh.Network.random([3, 4], 0, bias_scale=-1.0)
