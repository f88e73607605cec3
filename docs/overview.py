"""The figure of the README: ``python docs/overview.py`` writes ``overview.png`` beside it."""

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import rmt_hessian as rh


def spectrum(ax):
    """An off-diagonal block on the law of its sample and on that of the ensemble."""
    ens = rh.Ensemble([1000, 10], layer=0, loss="ce", n_samples=3000)
    H = rh.draw(ens, rng=0)
    laws = {"law of the sample": rh.law_of_block(H, 0, 1)}
    laws["law of the ensemble"] = rh.theory.block_law(ens, 0, 1)
    rh.plotting.plot_spectrum(H.block(0, 1), laws, ax=ax)
    ax.set(title="block $H_{01}$ of a linear model, CE", yticks=[])
    ax.legend(loc="upper left")


def ratio(ax):
    """R against C, five draws each."""
    C = 2 ** np.arange(1, 11)
    cases = [rh.Ensemble([100, c], layer=0, loss="ce", n_samples=300) for c in C]
    norms = [[rh.draw(ens, seed).mean_squared_block_norms() for seed in range(5)] for ens in cases]
    ratios = [[off_diagonal / diagonal for diagonal, off_diagonal in row] for row in norms]
    predicted = [rh.theory.block_norms(ens) for ens in cases]
    limit = rh.theory.block_norm_limits(cases[0])
    rh.plotting.plot_ratio(C, ratios, predicted, limit=limit, ax=ax)
    ax.set_title("squared norms, off the diagonal over on it")
    ax.legend()


def matrix(ax, n_classes):
    """The hidden layer's Hessian."""
    ens = rh.Ensemble([40, 8, n_classes], layer=0, loss="mse", n_samples=400)
    rh.plotting.plot_hessian(rh.draw(ens, rng=1), ax=ax, decades=2)
    ax.set_title(f"hidden $|H|$, MSE, $C={n_classes}$")


def main():
    """Three panels, the last one at few and at many classes."""
    with rh.plotting.style():
        figure = plt.figure(figsize=(9, 2.5))
        axes = figure.subplots(1, 4, width_ratios=[1.25, 1.25, 0.85, 0.85])
        spectrum(axes[0])
        ratio(axes[1])
        matrix(axes[2], 2)
        matrix(axes[3], 1000)
        figure.savefig(Path(__file__).with_name("overview.png"), dpi=150)


if __name__ == "__main__":
    main()
