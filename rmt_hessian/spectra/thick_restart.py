"""Extreme eigenpairs from products: Lanczos with thick restarts, no copy of an eigenvalue missed.

**Recurrence.** The columns of Q are orthonormal, ``T = Qᵀ A Q``. A step multiplies the newest
vector; the products of the result with all vectors are a column of T, and what is left over, r, is
the next vector. When the basis is full, its best Ritz vectors replace it (Wu and Simon 2000; in
exact arithmetic the implicit restart of ARPACK). The last entry of an eigenvector s of T tells its
residual, ``‖A Q s - θ Q s‖ = ‖r‖ |s_m|``.

**Copies.** In exact arithmetic the Krylov space of one vector holds one copy of each eigenvalue;
others come in by rounding, and may be late. So a second search starts from a fresh random vector,
orthogonal to the k pairs found: a copy that was missed shows as a Ritz value above the lowest of
them, ``λ_k``, long before it converges, and a Ritz value never lies above what it stands for. Let
S be the span of the rest of the spectrum and ``g S`` its distance from ``λ_k``. An eigenvalue
``γ S`` above ``λ_k`` shows after

``m = [log(2/δ) + ½ log(n/γ)] / arccosh(1 + 2 g)``

products, except with probability δ: then the Chebyshev polynomial of degree m on the rest outweighs
it (Kuczyński and Woźniakowski 1992). Restarts and clusters make this pessimistic. But the first
search has shown how many are enough: so many that its residuals were ``δ √(γ g)/2`` of S and less
from then on. Their share of all products would tell too little: where there are few distinct
eigenvalues, the last products bring most of the digits. The second search takes so many, or m by g,
whichever is less; δ = 1e-4, γ for the next distinct eigenvalue found, and g and S as the Ritz
values tell. For let a polynomial leave the part ``c_i`` of what lies ``d_i`` below ``λ_k``: the
residual is ``r² = Σ c_i² d_i²``, and a Ritz value of a copy that is 1/δ times weaker stays
``Σ c_i² d_i/δ² <= r²/(δ² g S)`` behind it, less than the copy is above ``λ_k``. Where it finds
something, it goes on until the k highest have converged, and another follows.

References
----------
Wu and Simon (2000); Kuczyński and Woźniakowski (1992).
"""

from dataclasses import dataclass, field

import numpy as np

from rmt_hessian._threads import slices

MISSED = 1000  # rounding errors, or the tolerance: as much above those found was missed
UNSEEN = 1e-4  # δ, the probability that a copy is not seen
LOOK = 5  # steps between two looks at the Ritz values
COLUMNS = 2**14  # of the basis that are rotated at a time
HEIGHTS = {"largest": lambda x: x, "smallest": lambda x: -x, "magnitude": np.abs}


class NotConverged(Exception):
    """The products are used up; says what was reached."""


@dataclass(eq=False)
class Projection:
    """An orthonormal basis that grows by products, and ``T = Qᵀ A Q``.

    Attributes
    ----------
    multiply : callable
        ``(n,) -> (n,)``, A v as a new array each time.
    rows : numpy.ndarray, shape (m + 1, n)
        The first ``size`` are Qᵀ, then comes the next vector.
    T : numpy.ndarray, shape (m, m)
    rng : numpy.random.Generator
    size, products : int
    remainder : float
        ``‖r‖``.
    scale : float
        The largest ``‖A q‖`` and Ritz value so far.
    """

    multiply: object
    rows: np.ndarray
    T: np.ndarray
    rng: np.random.Generator
    size: int = 0
    products: int = 0
    remainder: float = 0.0
    scale: float = 0.0

    @property
    def rounding(self):
        """Rounding errors of a product."""
        return np.finfo(self.rows.dtype).eps * self.scale

    @property
    def full(self):
        """No vector can be added."""
        return self.size == len(self.T)

    def begin(self):
        """Let the next vector be a random one, orthogonal to Q."""
        Q, w = self.rows[: self.size], self.rng.standard_normal(self.rows.shape[1])
        w = w.astype(Q.dtype)
        for _ in range(3):
            w /= np.linalg.norm(w)
            w -= (Q @ w) @ Q
        self.rows[self.size] = w / np.linalg.norm(w)
        self.remainder = 0.0

    def step(self):
        """Take the next vector into Q: a column of T, and what is left over.

        What stands beside the diagonal is taken off first, so that one pass over Q removes only
        rounding, except after a restart; another pass where it took away more (twice is enough).
        """
        j, n = self.size, self.rows.shape[1]
        Q, w = self.rows[: j + 1], self.multiply(self.rows[j])
        size = float(np.linalg.norm(w))
        if not np.isfinite(size):
            raise ValueError("matrix must be finite, got infinite or NaN products")
        self.scale, column = max(self.scale, size), np.zeros(j + 1)
        for i in range(max(j - 1, 0), j + 1):
            column[i] = Q[i] @ w
            w -= column[i] * Q[i]
        before, after = np.inf, float(np.linalg.norm(w))
        while after < before / np.sqrt(2) and after > 10 * self.rounding:
            overlaps = Q @ w
            w -= overlaps @ Q
            column += overlaps
            before, after = after, float(np.linalg.norm(w))
        self.T[j, : j + 1] = self.T[: j + 1, j] = column
        self.size, self.products, self.remainder = j + 1, self.products + 1, after
        if self.size == n:  # all of Rⁿ
            self.remainder = 0.0
        elif after <= 10 * self.rounding:  # an invariant space
            self.begin()
        else:
            np.divide(w, after, out=self.rows[j + 1])

    def ritz(self, height, first=0):
        """Ritz pairs of the rows from ``first`` on, the highest first: θ, s, and residuals."""
        theta, S = np.linalg.eigh(self.T[first : self.size, first : self.size])
        order = np.lexsort((-theta, -height(theta)))
        theta, S = theta[order], S[:, order]
        self.scale = max(self.scale, float(np.abs(theta).max(initial=0.0)))
        return theta, S, self.remainder * np.abs(S[-1])

    def restart(self, S, first=0):
        """Replace the rows from ``first`` on by combinations of them, the columns of S."""
        old, size, T = self.size, first + S.shape[1], self.T
        for columns in slices(self.rows.shape[1], COLUMNS):
            part = self.rows[first:old, columns]
            self.rows[first:size, columns] = S.T.astype(part.dtype) @ part
        self.rows[size] = self.rows[old]
        T[:first, first:size] = T[:first, first:old] @ S
        T[first:size, :first] = T[:first, first:size].T
        T[first:size, first:size] = S.T @ T[first:old, first:old] @ S
        self.size = size


def extreme_eigenpairs(
    multiply, n, k, which, *, tolerance, max_products, dtype=np.float64, progress=None
):
    """The k eigenpairs of a symmetric ``A`` that are highest: largest, smallest or both.

    Parameters
    ----------
    multiply : callable
        ``(n,) -> (n,)``, A v as a new array each time.
    n, k : int
    which : {"largest", "smallest", "magnitude"}
    tolerance : float
        Bound of ``‖A u - λ u‖ / ‖A‖``, with the largest Ritz value for ``‖A‖``.
    max_products : int
    dtype : numpy.dtype
        Of the vectors.
    progress : callable, optional
        ``progress(done, k)``, every few products.

    Returns
    -------
    values : numpy.ndarray, shape (k,)
        The highest first.
    vectors : numpy.ndarray, shape (k, n)

    Raises
    ------
    NotConverged
        After ``max_products``.
    """
    m = min(n, n_vectors(k))
    rows = np.empty((min(m + 1, n + 1), n), dtype)
    Q = Projection(multiply, rows, np.zeros((m, m)), np.random.default_rng(0))
    search = _Search(Q, k, HEIGHTS[which], tolerance, max_products, progress)
    Q.begin()
    values = search.converge()
    while search.missed(values):
        values = search.converge()
    return values, rows[:k]


def n_vectors(k):
    """How many vectors are kept for k eigenpairs."""
    return max(3 * k + 1, 40)


@dataclass(frozen=True, eq=False)
class _Search:
    Q: Projection
    k: int
    height: object
    tolerance: float
    max_products: int
    progress: object
    past: list = field(default_factory=list)  # products, and the largest residual after them

    def converge(self):
        """Iterate until the k highest Ritz pairs have converged; they become the rows of Q."""
        Q, k = self.Q, self.k
        while True:
            theta, S, residuals = self.look()
            self.past.append((Q.products, residuals[:k].max() if len(theta) >= k else np.inf))
            done = residuals[:k] <= self.tolerance / 4 * Q.scale  # what others leave adds to it
            self.tell(int(done.sum()))
            if done.size == k and done.all():
                Q.restart(S[:, :k])
                return theta[:k]
            if Q.products >= self.max_products:
                worst = residuals[:k].max() / Q.scale if Q.scale else 0.0
                raise NotConverged(
                    f"{done.sum()} of {k} eigenpairs converged in {Q.products} products, "
                    f"residuals up to {worst:.2g} of |matrix|, tol = {self.tolerance:.2g}"
                )
            if Q.full:
                Q.restart(S[:, : self.kept()])

    def tell(self, done):
        """Say how many pairs have converged."""
        if self.progress is not None:
            self.progress(done, self.k)

    def kept(self):
        """Ritz vectors that stay at a restart: half of what is left beside the k."""
        return self.k + (len(self.Q.T) - self.k) // 2

    def look(self, first=0):
        """Some steps, then the Ritz pairs."""
        for _ in range(max(LOOK, self.k // 2)):
            if not self.Q.full:
                self.Q.step()
        return self.Q.ritz(self.height, first)

    def missed(self, values):
        """Search orthogonally to the k rows found: is anything above the lowest of ``values``?"""
        Q, k, heights = self.Q, self.k, self.height(values)
        lowest = heights[-1]
        seen_at = lowest + max(MISSED * Q.rounding, self.tolerance * Q.scale)
        above = heights[heights > seen_at]  # those whose copies are no copies of the lowest
        first, n = Q.products, Q.rows.shape[1]
        if Q.size == n or above.size == 0:
            return False
        Q.begin()
        while True:
            theta, S, _ = self.look(first=k)
            self.tell(k)
            best = self.height(theta[0])
            if best > seen_at:
                return True
            # S, log(2/δ) + ½ log(1/γ) and g of the docstring
            span = max(2 * best if self.height is np.abs else np.ptp(theta), Q.rounding)
            needed = np.log(2 / UNSEEN) + np.log(max(span / (above[-1] - lowest), 1)) / 2
            gap, taken = max(lowest - best, 0.0) / span, Q.products - first
            sure = taken * np.arccosh(1 + 2 * gap) >= needed + np.log(n) / 2
            if sure or taken >= self.sufficed(needed, gap, span) or Q.size == n:
                return False
            if Q.products >= self.max_products:
                raise NotConverged(
                    f"{k} of {k} eigenpairs converged in {first} products, but copies of them are "
                    f"not yet ruled out after {Q.products}"
                )
            if Q.full:
                Q.restart(S[:, : self.kept() - k], first=k)

    def sufficed(self, needed, gap, span):
        """Products after which residuals were ``exp(-needed) √gap`` of the span, and less later.

        All where they never were; more where the tolerance is wider than ``exp(-needed)``.
        """
        level = span * np.exp(-needed) * np.sqrt(gap)
        later = [products for products, residual in self.past if residual > level]
        after = [products for products, _ in self.past if not later or products > later[-1]]
        if after:
            return after[0]
        half = np.log(self.Q.rows.shape[1]) / 2
        return self.past[-1][0] * max((needed + half) / (np.log(4 / self.tolerance) + half), 1.0)
