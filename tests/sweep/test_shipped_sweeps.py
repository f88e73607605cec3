"""What the sweep files of this project measure: every grid, written out again."""

from collections import Counter
from itertools import product
from pathlib import Path

from rmt_hessian.sweep.config import load_config
from tests.small import row_of, sets

ROOT = Path(__file__).parents[2]
SWEEPS = ROOT / "sweeps"


def test_the_grid_of_output_rank():
    widths, classes = (50, 100, 200, 400), (2, 4, 10, 20)
    found = sets(SWEEPS / "output_rank.toml", "widths", "layer")
    expected = [(f"{m}-{m}-{C}", 0) for C, m in product(classes, widths)]
    expected += [(f"5-{m}-{C}", 0) for C, m in product(classes, widths)]
    expected += [("200-200-200-200-10", l) for l in range(4)]
    expected += [(f"50-{C}", 0) for C in classes]
    assert found == expected
    seeds = Counter(
        len(p.parameters["widths"]) - 2 for p in load_config(SWEEPS / "output_rank.toml").points()
    )
    assert seeds == {1: 6 * 32, 3: 3 * 4, 0: 4}


def test_the_grid_of_kronecker():
    path = SWEEPS / "kronecker.toml"
    points = load_config(path).points()
    forms = {
        (row_of(p)["case"], p.parameters["n_samples"], p.columns().get("n_hidden"), p.seed)
        for p in points
        if p.measurement == "kronecker_form"
    }
    N = [50 * 2**k for k in range(9)]
    cases = [("linear-ce", None), ("hidden-ce", 8), ("hidden-mse", 8), ("output-ce", 60)]
    assert forms == {(case, n, m, s) for (case, m), n, s in product(cases, N, range(5))}
    networks = [p for p in points if p.measurement == "network_kronecker"]
    assert {(p.parameters["input_mean"], p.seed) for p in networks} == set(
        product((0.0, 1.0), range(3))
    )
    assert len(points) == len(forms) + len(networks)


def test_the_grid_of_eigenspaces():
    names = "case", "inputs", "n_hidden", "n_classes", "input_mean", "standardised"
    found = sets(SWEEPS / "eigenspaces.toml", *names)
    both = (0.0, 1.0), (False, True)
    expected = [("hidden-ce", "gaussian", 8, *rest) for rest in product((4, 20), *both)]
    expected += [("output-ce", "gaussian", 60, 10, *rest) for rest in product(*both)]
    expected += [
        (case, "digits", m, 10, 0.0, standardised)
        for (case, m), standardised in product((("hidden-ce", 8), ("output-ce", 60)), both[1])
    ]
    assert found == expected
    assert len(load_config(SWEEPS / "eigenspaces.toml").points()) == 10 * len(expected)


def test_the_grid_of_spectra():
    path = SWEEPS / "spectra.toml"
    cases = ("linear-ce", "linear-mse", "hidden-ce", "hidden-mse")
    sizes = (100, 200, 400, 800, 1600, 4000)  # γ = 4 … 1/10
    found = sets(path, "case", "n_classes", "n_samples", "n_inputs", "n_hidden")
    expected = product(cases, (2, 16, 128, 1024), sizes, (400,))
    assert found == [(*row, None if row[0].startswith("linear") else 16) for row in expected]
    assert len(load_config(path).points()) == 4 * len(found)


def test_the_pictures_of_block_structure():
    points = load_config(SWEEPS / "block_structure.toml").points()
    found = [
        tuple(p.parameters[name] for name in ("inputs", "loss", "widths", "n_samples"))
        for p in points
        if p.measurement == "hessian_image"
    ]
    gaussian = [("gaussian", loss, [32, 8, C], 2000) for loss in ("mse", "ce") for C in (4, 64)]
    digits = [
        ("digits", loss, [64, 8, C], N) for loss in ("mse", "ce") for C, N in ((2, 360), (10, 1797))
    ]
    assert sorted(found) == sorted(gaussian + digits)


def test_the_grid_of_large_classes():
    path = SWEEPS / "large_classes.toml"
    seeds = {"linear-ce": 5, "output-ce": 5, "hidden-ce": 8, "hidden-mse": 8, "linear-mse": 8}
    seeds["linear-ce-he"] = 5
    classes = [2 * 4**k for k in range(9)]  # 2 … 131072
    found = sets(path, "case", "n_classes", "n_inputs", "n_samples", "n_hidden")
    assert found == [
        (case, C, 128, 512, None if case.startswith("linear") else 32)
        for case, C in product(seeds, classes)
    ]
    counts = Counter(row_of(p)["case"] for p in load_config(path).points())
    assert counts == {case: 9 * count for case, count in seeds.items()}


def test_the_grids_of_layers():
    """Few units at d/N = 1/4, many classes, blocks between the layers."""
    points = load_config(SWEEPS / "layers.toml").points()
    names = "n_inputs", "n_hidden", "n_classes", "n_samples"
    found = Counter(
        (p.measurement, row["case"], *(row.get(name) for name in names))
        for p, row in ((p, row_of(p)) for p in points)
    )
    sizes = [(25 * 2**k, 100 * 2**k) for k in range(5)]
    expected = {}
    for (d, N), loss in product(sizes, ("ce", "mse")):
        expected["layer_spectra", f"linear-{loss}", d, None, 3, N] = 5
        expected["layer_spectra", f"hidden-{loss}", d, 3, 4, N] = 5
    for C in (2, 4, 8, 16, 32, 64):
        expected["layer_spectra", "linear-ce", 32, None, C, 128] = 5
    for C, loss in product([2**k for k in range(1, 10)], ("ce", "mse")):
        expected["cross_layer_norms", f"hidden-{loss}", 40, 8, C, 80] = 20
    assert found == expected


def test_the_grid_of_outliers():
    path = SWEEPS / "outliers.toml"
    found = sets(path, "case", "n_samples", "n_inputs", "n_hidden", "n_classes")
    # from 1000 to 32000 by the factor √2, rounded: γ = 1/5 … 1/160
    sizes = [round(1000 * 2 ** (k / 2)) for k in range(11)]
    cases = ("linear-ce", "hidden-mse", "hidden-ce")
    assert found == [
        (case, N, 200, None if case.startswith("linear") else 3, 3)
        for case, N in product(cases, sizes)
    ]
    assert len(load_config(path).points()) == 5 * len(found)


def test_the_grid_of_decoupled():
    path = SWEEPS / "decoupled.toml"
    names = "case", "n_classes", "n_hidden", "n_inputs", "n_samples"
    cases = ("linear-ce", 3, None), ("hidden-ce", 5, 8), ("hidden-mse", 5, 8)
    fixed = [50 * 2**k for k in range(11)]
    together = [(2**k, 2 ** (k + 1)) for k in range(4, 9)]  # d/N = 1/2
    expected = {(*case, 40, N) for case, N in product(cases, fixed)}
    expected |= {("linear-ce", 20, None, 40, N) for N in fixed[:8]}
    expected |= {(*case, *sizes) for case, sizes in product(cases, together)}
    expected |= {("linear-ce", 20, None, *sizes) for sizes in together[:4]}
    assert set(sets(path, *names)) == expected
    assert len(load_config(path).points()) == 8 * 33 + 5 * 8 + 16 * (15 + 4)


def test_the_grid_of_the_dynamic_force():
    points = load_config(SWEEPS / "training.toml").points()
    points = [p for p in points if p.measurement == "dynamic_force"]
    names = "loss", "inputs", "n_samples", "weight_decay"
    rows = ({"weight_decay": None} | p.parameters | p.columns() for p in points)
    found = Counter((row["widths"], *(row[name] for name in names)) for row in rows)
    losses, inputs = ("ce", "mse"), ("clusters", "gaussian")
    expected = {
        (f"20-8-{C}", *case, 300, None) for C, *case in product((2, 4, 16, 64), losses, inputs)
    }
    expected |= {("20-8-8-8-10", *case, 300, None) for case in product(losses, inputs)}
    for loss in losses:
        expected |= {("20-8-10", loss, "mixture", 300, None)}
        expected |= {("20-32-10", loss, "gaussian", 150, None)}
        expected |= {("64-16-10", loss, "digits", 500, None)}
    expected |= {("20-8-10", "ce", "clusters", 300, 0.001)}
    expected |= {(f"20-{C}", "ce", kind, 300, None) for C, kind in product((4, 16, 64), inputs)}
    assert found == dict.fromkeys(expected, 5)


def test_every_figure_is_drawn_from_exactly_one_shipped_sweep():
    """And from slow ones besides, which draw the same at larger sizes, or need extras."""
    sweeps = [load_config(path) for path in SWEEPS.glob("*.toml")]
    assert all(sweep.points() for sweep in sweeps)
    ordinary = [sweep for sweep in sweeps if sweep.extras or not sweep.slow]
    named = Counter(name for sweep in ordinary for name in sweep.figures)
    scripts = {path.stem.removeprefix("fig_") for path in (ROOT / "paper_figs").glob("fig_*.py")}
    assert named == dict.fromkeys(scripts, 1)
    assert {name for sweep in sweeps for name in sweep.figures} == scripts


def test_the_grid_of_training_maps():
    """The sizes of [D]."""
    config = load_config(SWEEPS / "training_maps.toml")
    assert config.slow
    points = [point.parameters for point in config.points()]
    assert [(p["inputs"], p["loss"]) for p in points] == list(
        product(("gaussian", "clusters"), ("ce", "mse"))
    )
    for p in points:
        assert p["widths"] == [500, 8, 500]
        assert (p["n_samples"], p["steps"], p["learning_rate"]) == (5000, 50000, 1e-4)
        assert (p["optimiser"], p["schedule"]) == ("adam", "cosine")


def test_the_grids_of_bounds():
    """Digits: depth by classes, true labels; three of them with random ones. MNIST, few."""
    points = load_config(SWEEPS / "bounds.toml").points()
    found = Counter(
        (
            p.measurement,
            tuple(p.parameters["widths"]),
            p.parameters.get("random_labels", False),
            p.parameters.get("largest_prior_variance", 0.1),
        )
        for p in points
    )
    hidden = ((), (16,), (16, 16))
    expected = {("pac_bayes", (64, *m, C), False, 0.1): 3 for m, C in product(hidden, (2, 10))}
    expected |= {("pac_bayes", w, True, 0.1): 2 for w in ((64, 2), (64, 16, 2), (64, 16, 10))}
    expected |= {("pac_bayes", w, False, 0.1): 2 for w in ((784, 2), (784, 30, 2), (784, 30, 10))}
    expected |= {("pac_bayes", (64, *m, 2), False, 1.0): 2 for m in hidden[1:]}
    expected |= {("pac_bayes_search", (64, *m, 2), False, 0.1): 1 for m in hidden[1:]}
    assert found == expected


def test_the_grids_of_wide_bounds():
    """All depths and classes on MNIST, true and random labels; 600 units, as in [W]."""
    config = load_config(SWEEPS / "bounds_wide.toml")
    found = {
        (tuple(p.parameters["widths"]), p.parameters["random_labels"], p.seed)
        for p in config.points()
    }
    hidden = ((), (30,), (30, 30))
    expected = {
        ((784, *m, C), random, seed)
        for m, C, random, seed in product(hidden, (2, 10), (False, True), range(3))
    }
    wide = product((2, 10), (False, True), range(2))
    assert found == expected | {((784, 600, C), random, seed) for C, random, seed in wide}
    assert config.slow


def test_the_grids_of_real_heads():
    """Samples, temperatures, spaces, blanks; structure, blocks; layers of digits; mixtures."""
    config = load_config(SWEEPS / "real_heads.toml")
    assert config.slow
    assert config.extras == ["heads"]
    found = Counter(
        (
            p.measurement,
            p.parameters.get("head") or (p.parameters["data"], p.parameters["layer"]),
            p.parameters["n_samples"],
            p.parameters.get("temperature"),
            p.parameters.get("blanks", True),
        )
        for p in config.points()
        if p.measurement != "trained_shares"
    )
    text = "ppocr-v4", "ppocr-v6"
    joined = tuple(f"{name}-joined" for name in text)
    heads = "digits", "mnist", "magika", *text
    sizes = 500, 1000, 2000, 4000
    expected = {("real_heads", head, N, None, True) for head, N in product(heads, sizes)}
    expected |= {("real_heads", "ppocr-v4", 8000, None, True)}
    expected |= {("real_heads", h, 2000, T, True) for h, T in product(heads, (1.5, 2.0, 3.0, 5.0))}
    expected |= {("real_heads", head, 2000, None, True) for head in joined}
    expected |= {("real_heads", head, 2000, None, False) for head in text + joined}
    expected |= {("real_head_structure", head, 1000, None, True) for head in heads + joined}
    expected |= {("real_head_confusions", head, 2000, None, True) for head in heads + joined}
    expected |= {("real_head_blocks", h, 2000, T, True) for h, T in product(heads, (1.0, 5.0))}
    once = dict.fromkeys(expected, 1)
    of_layers = product(product(("digits", "mnist"), (0, 1)), (1.0, 2.0, 5.0))
    assert found == once | {("real_layers", layer, 1500, T, True): 3 for layer, T in of_layers}
    classes = 8, 32, 128, 256
    assert mixtures_of(config) == {("alone", 3.0, C): 1 for C in classes} | {
        ("pairs", 6.0, C): 1 for C in classes
    }


def mixtures_of(config):
    """How many points of trained shares there are of each family, separation and size."""
    return Counter(
        (family(p.parameters), p.parameters["separation"], p.parameters["n_classes"])
        for p in config.points()
        if p.measurement == "trained_shares"
    )


def family(parameters):
    C, G = parameters["n_classes"], parameters.get("n_groups")
    if G is None:
        return "alone"
    if parameters["correlation"] == 1.0:
        assert C == 2 * G
        return "pairs"
    assert parameters["correlation"] == 0.75
    return "fours" if C == 4 * G else f"{G} groups"


def test_the_grids_of_grouped_mixtures():
    """Two seeds each; 16 classes in groups of four are four groups."""
    config = load_config(SWEEPS / "grouped_mixtures.toml")
    assert not config.slow
    classes = 8, 16, 32, 64, 128
    expected = {("alone", rho, C) for rho, C in product((3.0, 6.0), classes)}
    expected |= {(name, 6.0, C) for name, C in product(("pairs", "fours"), classes)}
    expected |= {("4 groups", 6.0, C) for C in classes if C != 16}
    assert mixtures_of(config) == dict.fromkeys(expected, 2)
    sizes = {tuple(p.parameters[n] for n in ("n_inputs", "n_samples")) for p in config.points()}
    assert sizes == {(300, 6000)}


def test_the_grids_of_figure_one():
    """Two networks, three places of batch normalisation, 1.5 to 2 times the outputs looked at."""
    config = load_config(SWEEPS / "figure_one.toml")
    assert config.slow
    assert config.extras == ["torch"]
    found = Counter(
        tuple(p.parameters[n] for n in ("network", "batch_norm", "n_top")) for p in config.points()
    )
    sizes = {"lenet5": 240, "resnet": 32}
    places = "none", "before_relu", "after_relu"
    assert found == {
        (network, place, sizes[network]): 2 for network, place in product(sizes, places)
    }
    for p in config.points():
        assert (p.parameters["n_samples"], p.parameters["n_training"]) == (1000, 4000)
