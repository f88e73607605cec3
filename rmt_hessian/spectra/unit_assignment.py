"""Search for the permutation of units that maximises an overlap: a quadratic assignment.

With the rows ``U_i, V_i``, (p, q), of unit i of two frames and a permutation matrix P, where ``P_ij
= 1`` puts unit i of U at the place of unit j of V, maximise

    ``f(P) = ‖M(P)‖_F²,   M(P) = Σ_ij P_ij U_iᵀ V_j``    (q, q),

the overlap of the frames times q. This is a maximum over k! permutations; what is found is a
maximum under exchanges of two units, of many starts.

References
----------
``docs/structure.md`` §6.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from rmt_hessian._types import FloatArray, IntArray

ITERATIONS = 50  # of the continuous search from one start; it ends after about ten
GAIN = 1e-12  # of f, below which a gain is rounding
SINKHORN = 20  # normalisations of rows and columns: nearly doubly stochastic is enough for a start
KICKED = 0.25  # share of the units that a new start from the best permutation moves


@dataclass(frozen=True, eq=False)
class UnitRows:
    """Rows of two frames by unit.

    Attributes
    ----------
    U, V : numpy.ndarray, shape (k, p, q)
    """

    U: FloatArray
    V: FloatArray

    @property
    def n_units(self) -> int:
        """The number of units, k."""
        return len(self.U)

    def flat(self) -> tuple[FloatArray, FloatArray]:
        """U and V, (k, p q)."""
        return self.U.reshape(self.n_units, -1), self.V.reshape(self.n_units, -1)

    def squared(self, permutation: IntArray) -> float:
        """``f(P)`` of a permutation π: unit ``π_j`` of U at the place of unit j of V."""
        return float(np.sum(_cross(self.U[permutation], self.V) ** 2))


def best_permutation(rows: UnitRows, n_starts: int, rng: np.random.Generator) -> IntArray:
    """The best local maximum of all starts, the first of equal ones, shape (k,).

    Starts: the order given; the assignment by invariants, which is the answer for copies; half-way
    to it, which finds copies with noise; the centre, where all permutations are alike; then random
    ones, and random exchanges in the best so far, in turn.
    """
    k = rows.n_units
    centre = np.full((k, k), 1 / k)
    invariant = _assign_by_invariants(rows)
    best = _exchange(rows, np.arange(k))
    for start in (
        invariant,
        _ascend(rows, (_matrix(invariant) + centre) / 2),
        _ascend(rows, centre),
    ):
        best = _better(rows, best, start)
    for number in range(n_starts):
        if number % 2:
            start = _kick(best, rng)
        else:
            start = _ascend(rows, (_random_doubly_stochastic(k, rng) + centre) / 2)
        best = _better(rows, best, start)
    return best


def _better(rows: UnitRows, best: IntArray, start: IntArray) -> IntArray:
    """What is reached from a start, if it is better than the best by more than rounding."""
    found = _exchange(rows, start)
    return found if rows.squared(found) > rows.squared(best) * (1 + GAIN) else best


def _cross(U: FloatArray, V: FloatArray) -> FloatArray:
    """``Σ_i U_iᵀ V_i``, (k, p, q) twice -> (q, q)."""
    q = U.shape[-1]
    return U.reshape(-1, q).T @ V.reshape(-1, q)


def _matrix(permutation: IntArray) -> FloatArray:
    P = np.zeros((permutation.size,) * 2)
    P[permutation, np.arange(permutation.size)] = 1.0
    return P


def _assign(gains: FloatArray) -> IntArray:
    """The permutation π of the largest ``Σ_j gains[π_j, j]``."""
    return linear_sum_assignment(gains.T, maximize=True)[1]


def _assign_by_invariants(rows: UnitRows) -> IntArray:
    """Nearest units by what a permutation leaves: sorted rows of ``tr_p U Uᵀ``, and its diagonal.

    Rotations within the space leave it too. The diagonal weighs as much as the row.
    """
    k = rows.n_units
    signatures = []
    for frame in rows.flat():
        S = frame @ frame.T
        signatures.append(np.column_stack([np.sort(S, axis=1), np.sqrt(k) * S.diagonal()]))
    A, B = signatures
    return _assign(A @ B.T - (A**2).sum(axis=1)[:, None] / 2 - (B**2).sum(axis=1) / 2)


def _random_doubly_stochastic(k: int, rng: np.random.Generator) -> FloatArray:
    P = rng.random((k, k))
    for _ in range(SINKHORN):
        P /= P.sum(axis=1, keepdims=True)
        P /= P.sum(axis=0)
    return P


def _kick(permutation: IntArray, rng: np.random.Generator) -> IntArray:
    """A quarter of the units, five at least, exchanged at random."""
    k = permutation.size
    places = rng.permutation(k)[: max(5, round(KICKED * k))]
    kicked = permutation.copy()
    kicked[places] = rng.permutation(kicked[places])
    return kicked


def _ascend(rows: UnitRows, P: FloatArray) -> IntArray:
    """From a doubly stochastic P to a permutation by linear assignments, with exact line search.

    Frank and Wolfe's method for quadratic assignment (Vogelstein et al., PLoS ONE 10, e0121002,
    2015). f is convex, and every permutation a local maximum where the projectors UUᵀ are large; on
    permutations f differs by a constant from the same form of ``UUᵀ - c`` and ``VVᵀ - c``. With c =
    q/(k p), where they have trace 0, it finds the best ones (c = 0 and 1 are far worse).
    """
    k, p, q = rows.U.shape
    c = q / (k * p)
    U, V = rows.flat()
    A, B = c * U @ U.T, c * V @ V.T
    A[np.diag_indices(k)] -= c * c * p / 2
    B[np.diag_indices(k)] -= c * c * p / 2

    def half_gradient(P: FloatArray) -> FloatArray:
        M = _cross((P.T @ U).reshape(k, p, q), rows.V)
        return (rows.U @ M).reshape(k, -1) @ V.T - P @ B - A @ P

    gradient = half_gradient(P)
    value = np.sum(gradient * P)
    for _ in range(ITERATIONS):
        step = _matrix(_assign(gradient)) - P
        change = half_gradient(step)
        slope, curvature = 2 * np.sum(gradient * step), np.sum(change * step)
        t = min(1.0, -slope / (2 * curvature)) if curvature < 0 else 1.0
        gain = t * (slope + t * curvature)
        if not gain > GAIN * abs(value):
            break
        P, gradient, value = P + t * step, gradient + t * change, value + gain
    return _assign(P)


def _exchange(rows: UnitRows, permutation: IntArray) -> IntArray:
    """Exchange two units, the best partner of each in turn, until no exchange raises f.

    With ``D = (U_r - U_s)ᵀ (V_r - V_s)``, units of U as they are placed, M becomes M - D, and f
    grows by ``‖D‖² - 2⟨M, D⟩``.
    """
    permutation, V = permutation.copy(), rows.V
    U = rows.U[permutation]
    k, least = len(U), GAIN * max(rows.squared(permutation), 1.0)
    moved = True
    while moved:
        moved = False
        M = _cross(U, V)
        alone = np.sum((U @ M) * V, axis=(1, 2))  # ⟨M, U_sᵀ V_s⟩
        for r in range(k):
            here = np.tensordot(V, U[r] @ M, axes=2)  # ⟨M, U_rᵀ V_s⟩
            there = np.tensordot(U, V[r] @ M.T, axes=2)  # ⟨M, U_sᵀ V_r⟩
            dU, dV = U - U[r], V - V[r]
            gains = _squared_products(dU, dV) - 2 * (alone + alone[r] - here - there)
            s = int(np.argmax(gains))
            if gains[s] > least:
                left, right = dU[s], dV[s]  # D = leftᵀ right, of rank p
                M -= left.T @ right
                U[[r, s]], permutation[[r, s]] = U[[s, r]], permutation[[s, r]]
                alone -= np.sum((U @ left.T @ right) * V, axis=(1, 2))
                alone[[r, s]] = np.sum((U[[r, s]] @ M) * V[[r, s]], axis=(1, 2))
                moved = True
    return permutation


def _squared_products(U: FloatArray, V: FloatArray) -> FloatArray:
    """``‖U_sᵀ V_s‖_F²`` of stacks (k, p, q): from Gram matrices of p rows if these are fewer."""
    if U.shape[1] < U.shape[2]:
        grams = U @ U.transpose(0, 2, 1), V @ V.transpose(0, 2, 1)
        return np.sum(grams[0] * grams[1], axis=(1, 2))
    return np.sum((U.transpose(0, 2, 1) @ V) ** 2, axis=(1, 2))
