"""
Longer searches
===============

The PAC-Bayes bound of one network after searches of more and more steps, each a search of its
own, in two bases. Where a line still falls at its right end the search is not over, and a bound
shown elsewhere is not the best of its family: :doc:`/bounds`, section 4. Guessing has the error
0.9.

Full version, from two starts: figure ``bounds_search`` of ``make sweep NAME=bounds``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh
from rmt_hessian.bounds import pac_bayes_bound

plt.style.use("rmt_hessian.plotting.paper")
(X, y), start = rh.digits(), rh.Network.random([64, 10], rng=0)
net = rh.train(start, X, y, "ce", optimiser="adam", steps=300, learning_rate=0.01).network
ax = plt.axes(xlabel="steps", ylabel="bound", xscale="log", ylim=(0, 1))
for basis in ("standard", "kronecker"):
    steps = [20, 50, 100, 200, 400]
    found = [pac_bayes_bound(start, net, X, y, basis=basis, steps=n, rng=0) for n in steps]
    ax.plot(steps, [result.bound for result in found], ".-", label=basis)
ax.legend()
