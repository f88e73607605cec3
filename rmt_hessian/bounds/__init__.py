"""PAC-Bayes bounds of trained networks, with posteriors along the Hessian: see docs/bounds.md.

Reading order: ``binary_kl``, ``inequalities`` (any PAC-Bayes bound, and the mean of draws),
``prior``, ``bases`` (directions of a posterior), ``curvature`` along them, ``posterior``,
``penalty``, ``quadratic`` (the best variances of a quadratic loss, in closed form), ``objective``
(what is minimised), ``search``, ``pac_bayes`` (the door).
"""
