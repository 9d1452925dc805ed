"""Intervals for the parameters of a fit: each is held in turn, and all others are fitted again."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from lmmteach._descend import downhill, learnt
from lmmteach._shapes import between_0_and_1
from lmmteach.engines import best
from lmmteach.prediction import normal_interval

# A single random effect's criterion can have two tops, so its ratios to σ_ε are scanned for
# starts: these times the size that is expected. V written out is scanned more coarsely.
RATIOS = {"fast": np.geomspace(1e-4, 1e4, 33), "literal": np.geomspace(1e-2, 1e2, 9)}
# A diagonal entry of L starts at no less than this share of its size: at 0 it has no slope.
SHARE = 0.1
STEPS = 200
# The step of the differences that the curvature is made of, beside the size of an entry.
STEP = 1e-6
# Squared distances to the minimum, in standard errors: reached; and where steps may end that no
# longer get shorter.
REACHED, NOISE = 1e-13, 1e-8
# A step that leaves more than this share of the squared distance calls for a new curvature.
SLOW = 0.1
# A squared distance at which two searches end at the same minimum.
BESIDE = 1e-2
# A valley that bends so much less along than across is a narrow one.
NARROW = 1e-4


def wald_intervals(fit, level=0.95):
    """Estimate ± quantile of N(0, 1) times standard error, a row for each coefficient."""
    lower, upper = normal_interval(fit.beta, fit.se**2, level)
    return pd.DataFrame({"estimate": fit.beta, "lower": lower, "upper": upper})


def profile_intervals(fit, level=0.95, progress=True):
    """The ML profile-likelihood interval of each parameter that is not held, variances first.

    In a model of one random intercept the rows are the lecture's, σ_b² and σ_ε²; in others SDs and
    correlations, with lme4's names.
    """
    from scipy.special import chdtri

    # As text: a bar that is a widget would make a page of the book ask another site for scripts.
    from tqdm import tqdm

    between_0_and_1(level)
    cut = np.sqrt(chdtri(1, 1 - level))
    parameters = parameters_of(fit)
    rows = []
    for one in tqdm(parameters, delay=2, leave=False, disable=not progress):
        profile = Profile(one)
        ends = [profile.end(cut, way) for way in (-1, 1)]
        rows.append((one.name, one.estimate, *map(one.shown, ends)))
    table = pd.DataFrame(rows, columns=["parameter", "estimate", "lower", "upper"])
    return table.set_index("parameter")


class Deviance:
    """Minus twice the log-likelihood as a function of x = (log σ_ε, L), β at its best.

    𝒟 = L Lᵀ is the covariance of the random effects, σ_ε² not taken out.

    Parameters
    ----------
    engine : Literal or Fast
    blocks : for each bar the positions of its effects in Λ; in their order L is lower triangular
    scale : (k,) how large the diagonal of Λ can be expected to be
    held : the SD of a single random intercept, if it is held; x is then log σ_ε alone
    reml : True for the restricted likelihood
    """

    def __init__(self, engine, blocks, scale, held=None, reml=False):
        self.engine, self.scale, self.held, self.reml = engine, scale, held, reml
        triangles = [block[np.array(np.tril_indices(len(block)))] for block in blocks]
        self.rows, self.columns = np.concatenate(triangles, axis=1)
        self.moved = [np.sort(block) for block in blocks if np.any(np.diff(block) < 0)]

    def __call__(self, x):
        """The deviance at x, and its slope."""
        sigma, L, Lambda, found = self._evaluated(x)
        misfit = found.df * found.sigma2_e / sigma**2
        value = found.spread + found.df * (np.log(2 * np.pi) + 2 * x[0]) + misfit
        by_square = found.spread_slope + found.fit_slope / sigma**2
        by_L = 2 * (by_square @ Lambda)[self.rows, self.columns] / sigma
        by_log = 2 * (found.df - misfit) - by_L @ L
        return value, np.append(by_log, by_L)[: len(x)]

    def covariance_of_beta(self, x):
        """(p, p) Φ at x."""
        sigma, _, _, found = self._evaluated(x)
        return sigma**2 * np.linalg.inv(found.S[:-1, :-1])

    def _evaluated(self, x):
        sigma, L = np.exp(x[0]), x[1:] if self.held is None else np.array([self.held])
        Lambda = np.zeros((len(self.scale), len(self.scale)))
        Lambda[self.rows, self.columns] = L / sigma
        return sigma, L, Lambda, self.engine.evaluate(self._in_their_own_order(Lambda), self.reml)

    def exact_x(self, Lambda, sigma2_e):
        """The x of a fit, which may lie on the edge."""
        log = np.log(sigma2_e) / 2
        if self.held is not None:
            return np.array([log])
        return np.append(log, np.sqrt(sigma2_e) * Lambda[self.rows, self.columns])

    def _in_their_own_order(self, Lambda):
        """The lower triangular Λ with the same Λ Λᵀ, as the engines take it."""
        if not self.moved:
            return Lambda
        lower = Lambda.copy()
        for block in self.moved:
            at = np.ix_(block, block)
            lower[at] = np.linalg.qr(Lambda[at].T, mode="r").T
        return lower

    def x(self, covariance, sigma2_e):
        """The x of a covariance of the random effects, the singular ones moved off the edge."""
        if self.held is not None:
            return np.array([np.log(sigma2_e) / 2])
        size = self.scale * np.sqrt(sigma2_e)
        order = self.rows[self.rows == self.columns]
        D = covariance[np.ix_(order, order)] + 1e-10 * np.diag(size[order] ** 2)
        L = np.zeros_like(covariance)
        L[np.ix_(order, order)] = np.linalg.cholesky(D)
        return np.append(np.log(sigma2_e) / 2, L[self.rows, self.columns])

    def sizes(self, sigma2_e):
        """How large the entries of x can be expected to be."""
        if self.held is not None:
            return np.ones(1)
        return np.append(1.0, self.scale[self.rows] * np.sqrt(sigma2_e))

    @property
    def pivots(self):
        """Which entries of x are on the diagonal of L."""
        return np.append(False, self.rows == self.columns)


class HeldEntry:
    """x with one entry held."""

    def __init__(self, position):
        self.position = position

    def x(self, free, value):
        """All entries, from the free ones and the value of the held one."""
        return np.insert(free, self.position, value)

    def free(self, x):
        """The entries that remain free."""
        return np.delete(x, self.position)

    def slope(self, free, value, slope):
        """The slope by the free entries."""
        return np.delete(slope, self.position)


class HeldCorrelation:
    """x with the correlation of the first two effects of a bar held.

    Their rows of L are (a², 0) and c² (ρ, √(1 − ρ²)): whatever a and c are, ρ keeps its sign.
    """

    def __init__(self, position):
        self.first, self.second, self.third = position, position + 1, position + 2

    def x(self, free, value):
        """All entries, from the free ones and ρ."""
        x = np.insert(free, self.third, 0.0)
        x[self.first] = free[self.first] ** 2
        x[self.second], x[self.third] = free[self.second] ** 2 * self._way(value)
        return x

    def free(self, x):
        """The entries that remain free: a and c in the place of three entries of L."""
        free = np.delete(x, self.third)
        free[self.first] = np.sqrt(abs(x[self.first]))
        free[self.second] = np.sqrt(np.hypot(x[self.second], x[self.third]))
        return free

    def slope(self, free, value, slope):
        """The slope by the free entries."""
        by_free = np.delete(slope, self.third)
        by_free[self.first] = 2 * free[self.first] * slope[self.first]
        along = self._way(value) @ slope[[self.second, self.third]]
        by_free[self.second] = 2 * free[self.second] * along
        return by_free

    @staticmethod
    def _way(value):
        return np.array([value, np.sqrt(max(0.0, 1 - value**2))])


class Parameter(NamedTuple):
    """One parameter whose interval is wanted, on the scale on which its profile is walked along.

    Parameters
    ----------
    name, estimate : as the table shows them
    at : where the likelihood (ML) is highest
    step : about a standard error
    limits : what the parameter can be
    shown : function that makes of a value on this scale one of the table
    deviance : function of the value that gives a Deviance
    held : HeldEntry or HeldCorrelation; None for a coefficient, which the Deviance holds
    theta : (covariance, σ_ε²) where the likelihood is highest
    top : the deviance there
    """

    name: str
    estimate: float
    at: float
    step: float
    limits: tuple
    shown: object
    deviance: object
    held: object
    theta: tuple
    top: float


def parameters_of(fit):
    """All parameters of a fit that are not held, in the order of lme4's confint."""
    random, engine = fit.frame.weighted, fit.engine
    Lambda, found = best(engine, random, False, fit.held_b)
    covariance = found.sigma2_e * Lambda @ Lambda.T
    held = None
    if fit.holds_b:
        held, covariance = np.sqrt(fit.held_b), np.array([[float(fit.held_b)]])
    common = {"theta": (covariance, found.sigma2_e), "top": found.criterion}

    def deviance(blocks, engine=engine):
        return Deviance(engine, blocks, random.scale, held)

    parameters = []
    if not fit.holds_b:
        parameters += _of_random_part(fit, deviance, common)
    everything = deviance(random.blocks)
    is_lectures = fit.is_random_intercept
    sigma = Parameter(
        name="sigma2_e" if is_lectures else "sigma",
        estimate=fit.sigma2_e if is_lectures else np.sqrt(fit.sigma2_e),
        at=np.log(found.sigma2_e) / 2,
        step=1 / np.sqrt(2 * fit.nobs),
        limits=(-np.inf, np.inf),
        shown=(lambda log: float(np.exp(2 * log))) if is_lectures else lambda log: np.exp(log),
        deviance=lambda _: everything,
        held=HeldEntry(0),
        **common,
    )
    return [*parameters, sigma, *_of_coefficients(fit, found, deviance, common)]


def _of_random_part(fit, deviance, common):
    """SDs and correlations: by columns of each bar's covariance, as in lme4."""
    random, covariance, parameters = fit.frame.weighted, common["theta"][0], []
    sd = np.sqrt(np.diag(covariance))
    sd_of_fit = np.sqrt(np.diag(fit.covariance))
    begin = 1
    for which, bar in enumerate(random.bars):
        label = random.groupings[bar.factor].label
        q = random.factors[bar.factor].q
        for i, place in enumerate(bar.places):
            surface = deviance(_with_first(random.blocks, which, [i]))
            spread = random.scale[place] * np.sqrt(common["theta"][1])
            parameters.append(
                Parameter(
                    name="sigma2_b" if fit.is_random_intercept else f"sd_{bar.effects[i]}|{label}",
                    estimate=fit.sigma2_b if fit.is_random_intercept else sd_of_fit[place],
                    at=sd[place],
                    step=(sd[place] + 0.1 * spread) / np.sqrt(q),
                    limits=(0.0, np.inf),
                    shown=(lambda s: s**2) if fit.is_random_intercept else lambda s: s,
                    deviance=lambda _, surface=surface: surface,
                    held=HeldEntry(begin),
                    **common,
                )
            )
            for j in range(i + 1, len(bar.places)):
                other = bar.places[j]
                surface = deviance(_with_first(random.blocks, which, [i, j]))
                size = sd[place] * sd[other]
                rho = np.clip(covariance[place, other] / size, -1, 1) if size else 0.0
                size = sd_of_fit[place] * sd_of_fit[other]
                parameters.append(
                    Parameter(
                        name=f"cor_{bar.effects[j]}.{bar.effects[i]}|{label}",
                        estimate=fit.covariance[place, other] / size if size else np.nan,
                        at=float(rho),
                        step=_width(rho) / np.sqrt(q),
                        limits=(-1.0, 1.0),
                        shown=lambda rho: rho,
                        deviance=lambda _, surface=surface: surface,
                        held=HeldCorrelation(begin),
                        **common,
                    )
                )
        begin += len(bar.places) * (len(bar.places) + 1) // 2
    return parameters


def _width(rho):
    """How wide the likelihood of a correlation is beside that of 0; near ±1 it is narrow."""
    left = 1 - rho**2
    return min(1.0, 100 * left) if left > 1e-12 else 1.0


def _with_first(blocks, which, first):
    """The blocks, with some effects of one of them moved to its front."""
    block = np.asarray(blocks[which])
    moved = np.concatenate([block[first], np.delete(block, first)])
    return [moved if k == which else block for k, block in enumerate(blocks)]


def _of_coefficients(fit, found, deviance, common):
    """Each coefficient: x_j β_j is moved into y."""
    frame = fit.frame
    beta = np.linalg.solve(frame.R, frame.beta_Q + found.beta)
    blocks = frame.random.blocks
    return [
        Parameter(
            name=name,
            estimate=fit.beta.iloc[j],
            at=beta[j],
            step=fit.se.iloc[j],
            limits=(-np.inf, np.inf),
            shown=lambda value: value,
            deviance=lambda value, j=j: deviance(blocks, _without(fit, j, value)),
            held=None,
            **common,
        )
        for j, name in enumerate(frame.beta_names)
    ]


def _without(fit, j, value):
    """The engine of the model in which β_j has this value."""
    R, beta_Q = fit.frame.R, fit.frame.beta_Q
    p = len(R)
    # The columns of X other than x_j are spanned by Q others; across is orthogonal to them.
    basis, _ = np.linalg.qr(np.column_stack([np.delete(R, j, axis=1), R[:, j]]))
    others, across = basis[:, :-1], basis[:, -1]
    A = np.zeros((p + 1, p))
    A[:p, :-1], A[p, -1] = others, 1.0
    A[:p, -1] = across * (across @ (beta_Q - R[:, j] * value))
    return fit.engine.recombined(A)


class Profile:
    """How far the likelihood falls when one parameter is moved and the others are fitted again."""

    def __init__(self, parameter):
        self.parameter = parameter
        deviance = parameter.deviance(parameter.at)
        # Where the others were best, by the value of this one, and how the deviance bends there.
        self.known = [(parameter.at, self._free(deviance.x(*parameter.theta)), None)]
        self.drops = {parameter.at: 0.0}

    def _free(self, x):
        held = self.parameter.held
        return x if held is None else held.free(x)

    def root(self, value):
        """√(twice the fall of the log-likelihood), which is nearly a straight line."""
        if value not in self.drops:
            self.drops[value] = np.sqrt(max(0.0, self._lowest(value) - self.parameter.top))
        return self.drops[value]

    def _lowest(self, value, elsewhere=False):
        """The lowest deviance with this value; ``elsewhere`` looks far from where it was before."""
        one = self.parameter
        deviance = one.deviance(value)
        sizes = self._free(deviance.sizes(one.theta[1]))
        pivots = self._free(deviance.pivots.astype(float)) > 0

        def function(free):
            if one.held is None:
                return deviance(free)
            height, slope = deviance(one.held.x(free, value))
            return height, one.held.slope(free, value, slope)

        near = sorted(self.known, key=lambda known: abs(known[0] - value))
        nearest = near[0][1]
        bend = next((bend for _, _, bend in near if bend is not None), None)
        if elsewhere:
            # The SDs as they can be expected, and all correlations the other way round.
            starts = [sizes * pivots, np.where(pivots, nearest, -nearest)]
            starts = [np.append(nearest[:1], x[1:]) for x in starts]
            searches = [(x, None, (nearest, bend)) for x in starts]
        else:
            searches = [(self._foretold(near[:3], value), bend, None)]
            searches += [(x, None, None) for x in self._scanned(deviance, function, value)]
        found = []
        for x, bend, known in searches:
            moved = _off_the_edge(x, sizes, pivots)
            # Moved off the edge it bends in another way.
            bend = bend if moved is x else None
            found.append(_minimum(function, moved, sizes, bend, known))
        height, free, bend = min(found, key=lambda one: one[0])
        self.known.append((value, free, bend))
        return height

    def _foretold(self, near, value):
        """Where the others can be expected to be best: along the curve through known places."""
        at = np.array([known[0] for known in near])
        places = np.array([known[1] for known in near])
        # Far from all that is known, or among values that are as good as one, no curve is.
        reach = np.ptp(at)
        if abs(value - at[0]) >= reach or np.abs(np.diff(np.sort(at))).min() < 1e-3 * reach:
            return places[0]
        shares = [
            np.prod([(value - other) / (own - other) for other in at if other != own]) for own in at
        ]
        return shares @ places

    def _scanned(self, deviance, function, value):
        """Further starts for a single random effect: all minima along its ratio to σ_ε."""
        one = self.parameter
        if len(deviance.scale) > 1 or deviance.held is not None:
            return []
        ratios = RATIOS[deviance.engine.name] * deviance.scale[0]
        if one.held is None:
            found = [deviance.engine.evaluate(np.array([[ratio]]), False) for ratio in ratios]
            logs = np.log([e.sigma2_e for e in found]) / 2
            frees = np.column_stack([logs, ratios * np.exp(logs)])
        elif one.held.position == 0:
            frees = np.exp(value) * ratios[:, np.newaxis]
        elif value > 0:
            frees = np.log(value / ratios)[:, np.newaxis]
        else:
            return []
        heights = np.array([np.inf, *(function(free)[0] for free in frees), np.inf])
        lowest = (heights[1:-1] <= heights[:-2]) & (heights[1:-1] < heights[2:])
        return list(frees[lowest])

    def end(self, cut, way):
        """Where the root, followed one way from the estimate, reaches the cut; or the limit."""
        from scipy.optimize import brentq

        one = self.parameter
        limit, inside, step = one.limits[way > 0], one.at, 1.1 * cut * one.step
        for _ in range(60):
            outside = inside + way * step
            if way * (outside - limit) >= 0:
                outside = limit
            if self.root(outside) > cut:
                precision = {"xtol": 1e-10 * one.step, "rtol": 1e-12}
                outside = brentq(lambda x: self.root(x) - cut, inside, outside, **precision)
                if not self._falls_less(outside, cut):
                    return outside
                step = 0.05 * one.step
            if outside == limit:
                return limit
            inside, step = outside, 2 * step
        raise ValueError(
            f"The likelihood never falls far enough along {one.name}, so its interval has no end."
        )

    def _falls_less(self, value, cut):
        """Whether the others, started elsewhere, keep the likelihood above the cut.

        Only beside correlations have two minima been seen.
        """
        deviance = self.parameter.deviance(value)
        if (deviance.rows == deviance.columns).all():
            return False
        try:
            height = self._lowest(value, elsewhere=True)
        except (ValueError, np.linalg.LinAlgError):
            return False
        drop = np.sqrt(max(0.0, height - self.parameter.top))
        if drop >= cut - 1e-6:
            self.known.pop()
            return False
        # What was known nearby leads to the higher of the two minima.
        self.known, self.drops[value] = self.known[-1:], drop
        return True


def _off_the_edge(x, sizes, pivots):
    """x with diagonal entries of L that are as good as 0 moved to where there is a slope."""
    small = pivots & (np.abs(x) < SHARE * sizes)
    return np.where(small, SHARE * sizes, x) if small.any() else x


def _bend(gradient, x, slope):
    """The curvature from differences of the slope; in a narrow valley once more, along its axes."""
    eps = STEP * np.maximum(np.abs(x), 0.01)
    bend = (np.array([gradient(x + e) for e in np.diag(eps)]) - slope) / eps[:, np.newaxis]
    values, axes = np.linalg.eigh((bend + bend.T) / 2)
    sizes = np.abs(values) / np.abs(values).max()
    if sizes.min() > NARROW:
        return (bend + bend.T) / 2
    # Along the valley a step can be longer, and has to be: across it the slope changes much faster.
    eps = np.linalg.norm(eps) / np.sqrt(np.maximum(sizes, NARROW**2))
    bend = np.array([gradient(x + e * way) - slope for e, way in zip(eps, axes.T, strict=True)])
    bend = bend @ axes / eps[:, np.newaxis]
    return axes @ (bend + bend.T) @ axes.T / 2


def _minimum(function, x, sizes, bend=None, known=None):
    """The lowest height of a function of x that gives heights and slopes.

    The curvature is made of differences where none is given, or where the one at hand leads
    nowhere, and is otherwise learnt from the steps. Beside ``known``, the place of a minimum and
    the curvature there, the search ends there.

    Returns
    -------
    height, x : of the minimum
    bend : the curvature there, in units of ``sizes``
    """
    height, slope = function(x)
    if len(x) == 0:
        return height, x, bend
    slope, previous = sizes * slope, np.inf
    for _ in range(STEPS):
        is_new = bend is None
        if is_new:
            bend = _bend(lambda u: sizes * function(sizes * u)[1], x / sizes, slope)
        step = -downhill(bend, slope)
        # The squared distance to the minimum in standard errors: free of all units.
        distance = -slope @ step
        if distance < REACHED:
            return height - distance / 2, x, bend
        if known is not None:
            place, its_bend = known
            away = (place - x) / sizes
            if abs(away @ its_bend @ away) < BESIDE:
                return function(place)[0], place, its_bend
        if not is_new and distance > SLOW * previous:
            bend, previous = None, np.inf
            continue
        if previous <= distance < NOISE:
            return height - distance / 2, x, bend
        previous = distance
        step /= max(1.0, np.max(np.abs(step) / (4 + np.abs(x / sizes))))
        for _ in range(60):
            there = function(x + sizes * step)
            if there[0] <= height + 1e-9 + 1e-13 * abs(height):
                break
            step = step / 2
        bend = learnt(bend, step, sizes * there[1] - slope)
        x, height, slope = x + sizes * step, there[0], sizes * there[1]
    raise ValueError(
        f"No minimum found in {STEPS} steps, the last {np.sqrt(distance):.1g} standard errors "
        "long: with one parameter held, the data hardly tell the others apart."
    )
