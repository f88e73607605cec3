"""
What training does to the shares
================================

Share of the squared norm of a layer's Hessian that lies off its diagonal blocks, and the share of
the whole Hessian that lies between the layers, along a training of Adam on clusters. [D] expects
training to make the Hessian more block-diagonal. Between the layers the share falls here; within
them it does not (:doc:`/training`, section 2). No law predicts these lines, and on other inputs
they differ.

Full version: figure ``dynamic_force`` of ``make sweep NAME=training``.
"""

import matplotlib.pyplot as plt

import rmt_hessian as rh

plt.style.use("rmt_hessian.plotting.paper")
X, y = rh.clustered_inputs(300, 20, 10, rng=0)
options = {"optimiser": "adam", "learning_rate": 0.01, "steps": 1000}
path = rh.train(rh.Network.random([20, 8, 10], rng=0), X, y, "ce", **options)
hessians = [rh.network_hessian(net, X, y, "ce") for net in path.networks]
ax = plt.axes(xlabel="step + 1", ylabel="share off the diagonal", xscale="log", ylim=(0, 1))
for layer, name in enumerate(("hidden layer", "last layer")):
    ax.plot(path.steps + 1, [H.layers[layer].off_diagonal_share() for H in hessians], label=name)
ax.plot(path.steps + 1, [H.off_diagonal_share("layer") for H in hessians], label="between layers")
ax.legend()
