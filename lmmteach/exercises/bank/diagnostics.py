"""Exercises of chapter 8: diagnostics."""

import numpy as np

from lmmteach import profile
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong


def _largest(values):
    return float(np.max(np.abs(values)))


def _nearer_end(study):
    """Of the smallest and the largest scaled residual the one that is nearer to 0."""
    residuals = study.cut.reml.scaled_residuals
    return float(min(residuals.min(), residuals.max(), key=abs))


LARGEST = Numeric(
    key="8a",
    title="The value furthest out",
    prompt=markdown(r"""
        Take the REML fit of the unbalanced study (16, 8, 4, 2 and 1 measurements).
        What is the largest *absolute* value among its scaled conditional residuals, to at least
        four decimals?
        """),
    in_code="The fit is `study.cut.reml`, and its `scaled_residuals` are what their name promises.",
    answer=lambda study: _largest(study.cut.reml.scaled_residuals),
    given=lambda study: {
        "smallest conditional residual": study.cut.reml.residuals.min(),
        "largest": study.cut.reml.residuals.max(),
        r"$\hat\sigma_b^2$": study.cut.reml.sigma2_b,
        r"$\hat\sigma_\epsilon^2$": study.cut.reml.sigma2_e,
    },
    atol=1e-4,
    wrong=(
        Wrong(
            "cond_vs_marg_resid",
            lambda study: _largest(
                study.cut.reml.marginal_residuals / np.sqrt(study.cut.reml.sigma2_e)
            ),
            "You scaled the marginal residuals, y − Xβ̂. They still contain the differences "
            "between women, for which σ̂_ε is the wrong yardstick, so take Zb̂ away as well.",
        ),
        Wrong(
            "not_scaled",
            lambda study: _largest(study.cut.reml.residuals),
            "These are the conditional residuals, but in units of `logestrone`. Scaled residuals "
            "are measured in units of σ̂_ε instead.",
        ),
        Wrong(
            "sd_not_var",
            lambda study: _largest(study.cut.reml.residuals / study.cut.reml.sigma2_e),
            "You divided by the variance σ̂_ε². Since a residual has the units of a standard "
            "deviation, divide it by one.",
        ),
        Wrong(
            "wrong_scale",
            lambda study: _largest(study.cut.reml.residuals / np.sqrt(study.cut.reml.theta.sum())),
            "You divided by the SD of a whole measurement, √(σ̂_b² + σ̂_ε²). Conditional "
            "residuals predict ε alone, so which SD belongs to them?",
        ),
        Wrong(
            "other_end",
            _nearer_end,
            "That is one end of the residuals. The other end is further from 0, which you can see "
            "when you compare absolute values.",
        ),
        Wrong(
            "used_ML",
            lambda study: _largest(study.cut.ml.scaled_residuals),
            "These are the residuals of the fit by maximum likelihood, whose variances are "
            "not those of REML. The question is about the REML fit.",
        ),
        Wrong(
            "forgot_shrink",
            lambda study: _largest(
                (study.cut.y - study.cut.Z @ study.cut.means) / np.sqrt(study.cut.reml.sigma2_e)
            ),
            "You took each woman's own mean as her level. The level in the model is μ̂ + b̂ᵢ, "
            "which is shrunk towards μ̂.",
        ),
        Wrong(
            "all_rows",
            lambda study: _largest(study.reml.scaled_residuals),
            "That is the largest residual of the whole, balanced study. The question is about "
            "the unbalanced one.",
        ),
        Wrong(
            "all_rows_other_end",
            lambda study: float(
                min(
                    -study.reml.scaled_residuals.min(),
                    study.reml.scaled_residuals.max(),
                )
            ),
            "That is one end of the residuals of the whole, balanced study. Use the unbalanced "
            "one, and compare both of its ends.",
            always=False,
        ),
    ),
    hints=(
        "Conditional residuals are y − Xβ̂ − Zb̂, and scaled ones are divided by σ̂_ε, which is a "
        "standard deviation.",
        "Divide both ends by σ̂_ε, and mind the sign: the smallest residual may be further out "
        "than the largest.",
    ),
    solution=markdown(r"""
        Divide $\hat{\boldsymbol\epsilon} = \mathbf y - \mathbf X\hat{\boldsymbol\beta} - \mathbf
        Z\hat{\mathbf b}$ by $\hat\sigma_\epsilon$, and take the largest absolute value of the
        result.
        Both ends count, because a value that is far too low is as remarkable as one that is far
        too high.
        """),
    code=(
        "fit = study.cut.reml\n"
        "residuals = fit.y - fit.X @ fit.beta - fit.Z @ fit.b\n"
        "answer = np.max(np.abs(residuals)) / np.sqrt(fit.sigma2_e)"
    ),
    right=(
        "The most unusual measurement is this many σ̂_ε away from the predicted level of the woman "
        "it belongs to."
    ),
    second_round=True,
)


def residuals_without_b(y, X, V, sigma2_e):
    """Conditional residuals, found without b."""
    beta = np.linalg.solve(X.T @ np.linalg.solve(V, X), X.T @ np.linalg.solve(V, y))
    return sigma2_e * np.linalg.solve(V, y - X @ beta)


def _gls_rest(y, X, V):
    beta, _ = profile.gls(V, y, X)
    return y - X @ beta


def _ols_rest(y, X):
    return y - X @ np.linalg.lstsq(X, y, rcond=None)[0]


def _residual_cases(study):
    return [
        (fit.y, fit.X, fit.V, fit.sigma2_e) for fit in (study.reml, study.cut.reml, study.cut.ml)
    ]


WITHOUT_B = Function(
    key="8b",
    title="Conditional residuals without b̂",
    prompt=markdown(r"""
        The conditional residuals can be computed without ever computing $\hat{\mathbf b}$.
        To see this, put the BLUP $\hat{\mathbf b} = \mathcal D\mathbf Z^{\mathsf T}\mathbf
        V^{-1}(\mathbf y - \mathbf X\hat{\boldsymbol\beta})$ into $\mathbf y - \mathbf
        X\hat{\boldsymbol\beta} - \mathbf Z\hat{\mathbf b}$, and use $\mathbf V = \mathbf Z\mathcal
        D\mathbf Z^{\mathsf T} + \sigma_\epsilon^2\mathbf I$ to get rid of $\mathbf Z$ and
        $\mathcal D$.

        Write the function, which needs only $\mathbf y$, $\mathbf X$, $\mathbf V$ and
        $\sigma_\epsilon^2$.
        """),
    name="residuals_without_b",
    stub=markdown('''
        def residuals_without_b(y, X, V, sigma2_e):
            """Conditional residuals, found without b."""
            ...
        '''),
    reference=residuals_without_b,
    cases=_residual_cases,
    wrong=(
        Wrong(
            "cond_vs_marg_resid",
            lambda y, X, V, sigma2_e: _gls_rest(y, X, V),
            "These are the marginal residuals, which still contain the levels of the women. What "
            "do V⁻¹ and σ_ε² do to take them out?",
        ),
        Wrong(
            "ols_for_gls",
            lambda y, X, V, sigma2_e: sigma2_e * np.linalg.solve(V, _ols_rest(y, X)),
            "This is right for balanced data only, because your β̂ comes from ordinary least "
            "squares. When V is known, β̂ is the GLS estimate.",
        ),
        Wrong(
            "forgot_sigma_e",
            lambda y, X, V, sigma2_e: np.linalg.solve(V, _gls_rest(y, X, V)),
            "V⁻¹(y − Xβ̂) is close, but it does not have the units of y. A factor is missing.",
        ),
        Wrong(
            "sd_not_var",
            lambda y, X, V, sigma2_e: np.sqrt(sigma2_e) * np.linalg.solve(V, _gls_rest(y, X, V)),
            "Your factor is the square root of the one that belongs here. You can see this from "
            "the units: V⁻¹ has those of 1/y², and the result should have those of y.",
        ),
        Wrong(
            "residuals_and_fit_swapped",
            lambda y, X, V, sigma2_e: (
                _gls_rest(y, X, V) - sigma2_e * np.linalg.solve(V, _gls_rest(y, X, V))
            ),
            "That is Zb̂, the part that you should take away. What remains of y − Xβ̂ once it has "
            "gone?",
        ),
    ),
    hints=(
        "Write r for y − Xβ̂, so that the conditional residuals are r − Z𝒟Zᵀ V⁻¹ r. Now Z𝒟Zᵀ is V "
        "minus something.",
        "Since Z𝒟Zᵀ = V − σ_ε² I, we have Z𝒟Zᵀ V⁻¹ r = r − σ_ε² V⁻¹ r. Subtract that from r, and "
        "see what is left.",
        "What is left is σ_ε² V⁻¹ (y − Xβ̂), with the GLS estimate for β̂. In Python, V⁻¹ times "
        "something is `np.linalg.solve(V, ...)`.",
    ),
    solution=markdown(r"""
        With $\mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta}$ and $\mathbf Z\mathcal
        D\mathbf Z^{\mathsf T} = \mathbf V - \sigma_\epsilon^2\mathbf I$ we find:

        $$\hat{\boldsymbol\epsilon} = \mathbf r - (\mathbf V - \sigma_\epsilon^2\mathbf I)
        \mathbf V^{-1}\mathbf r = \sigma_\epsilon^2\,\mathbf V^{-1}\mathbf r.$$

        This has the form of the BLUP: $\boldsymbol\Sigma\mathbf V^{-1}\mathbf r$ predicts
        $\boldsymbol\epsilon$ in the same way as $\mathcal D\mathbf Z^{\mathsf T}\mathbf
        V^{-1}\mathbf r$ predicts $\mathbf b$.
        """),
    code=source(residuals_without_b),
    right=(
        "In σ_ε² V⁻¹ (y − Xβ̂) you can recognise a BLUP, since the errors are predicted from "
        "their share of V just as b is from its own."
    ),
    second_round=True,
)

WHICH = Choice(
    key="8c",
    title="Which residuals show a missing covariate?",
    prompt=markdown(r"""
        Suppose that you learn two things after you have fitted the model: the age of each woman,
        and the temperature of the laboratory at each measurement.
        Before you fit again, you want to see in plots whether they are missing from $\mathbf X$.
        Which residuals do you plot against which of the two?
        """),
    options=(
        Option(
            "The conditional ones, y − Xβ̂ − Zb̂, against both, because they are what the model "
            "cannot explain.",
            "For temperature that is right. But age is the same for all measurements of a woman, "
            "so whatever it does to her level is in her b̂, and that is what you have just "
            "subtracted.",
            "cond_vs_marg_resid",
        ),
        Option(
            "The marginal ones, y − Xβ̂, against age; the conditional ones against temperature.",
            "Yes. Age would show in what the women add, which only one kind keeps; temperature is "
            "easier to see once that part has gone.",
        ),
        Option(
            "The conditional ones against age, and the marginal ones against temperature.",
            "It is the other way round. Ask yourself which residuals still contain the level of "
            "each woman, and which of the two covariates is about levels.",
            "swapped",
        ),
        Option(
            "Either kind against both, because whatever matters must show in all residuals.",
            "Residuals differ in what has been taken out of them. What has b̂ absorbed, and what "
            "could it not?",
            "any_residual_will_do",
        ),
    ),
    answer=1,
    hints=(
        "Age varies between women, whereas temperature varies within them. Which term of the "
        "model absorbs differences between women?",
        "That term is Zb. Which residuals still contain it, and for which of the two covariates "
        "would it only be in your way?",
    ),
    solution=markdown(r"""
        If an effect of age is missing from $\mathbf X$, it looks like a difference between women,
        so the fit puts it into $\hat{\mathbf b}$.
        The conditional residuals, from which $\mathbf Z\hat{\mathbf b}$ has been subtracted,
        cannot show it.
        The marginal ones can, and so can a plot of the $\hat b_i$ themselves; but remember that
        this is evidence from five points, not from eighty.

        An effect of temperature changes within a woman, so $\hat{\mathbf b}$ cannot absorb it.
        It is present in both kinds of residuals, and easier to see where the differences between
        women have been removed.
        """),
    right=(
        "What is constant within a group ends up in b̂, so look for it where b̂ was not "
        "subtracted, and for the rest look where it was."
    ),
)


def correlation_within(r, woman):
    """Correlation of two values of the same woman: mean product over mean square."""
    products, pairs = 0.0, 0
    for label in np.unique(woman):
        own = r[woman == label]
        products += own.sum() ** 2 - np.sum(own**2)
        pairs += len(own) * (len(own) - 1)
    return products / pairs / np.mean(r**2)


def _own_values(r, woman):
    return [r[woman == label] for label in np.unique(woman)]


def _with_itself(r, woman):
    groups = _own_values(r, woman)
    total = sum(own.sum() ** 2 for own in groups)
    return total / sum(len(own) ** 2 for own in groups) / np.mean(r**2)


def _each_woman_alike(r, woman):
    means = [
        (own.sum() ** 2 - np.sum(own**2)) / (len(own) * (len(own) - 1))
        for own in _own_values(r, woman)
        if len(own) > 1
    ]
    return np.mean(means) / np.mean(r**2)


def _pairs_of_neighbours(r, woman):
    same = woman[1:] == woman[:-1]
    return np.mean((r[1:] * r[:-1])[same]) / np.mean(r**2)


def _balanced_pairs(r, woman):
    q = len(np.unique(woman))
    total = sum(own.sum() ** 2 - np.sum(own**2) for own in _own_values(r, woman))
    return total / (len(r) * (len(r) / q - 1)) / np.mean(r**2)


def _correlation_cases(study):
    whole, cut = study.reml, study.cut.reml
    turned = np.argsort(np.arange(len(study.y)) * 33 % len(study.y), kind="stable")
    return [
        (whole.marginal_residuals.to_numpy()[turned], study.woman[turned]),
        (whole.residuals.to_numpy(), study.woman),
        (cut.marginal_residuals.to_numpy(), study.cut.woman),
        (np.array([1.0, 2.0, -1.0, -2.0, 0.5, -1.5]), np.array([1, 1, 2, 2, 2, 3])),
    ]


CORRELATION = Function(
    key="8d",
    title="Correlation within women, for any group sizes",
    prompt=markdown(r"""
        The chapter measures how alike two residuals of the same woman are, with a small function
        that arranges the residuals in a table of 5 by 16.
        That works for the balanced study only, and only in its order of rows.
        Write a function that copes with any number of measurements for each woman, and with rows
        in any order.

        It should return the mean of $r_j r_k$ over *all* pairs of different rows $j \ne k$ that
        belong to the same woman, divided by the mean of $r^2$ over all rows.
        Every pair counts the same, and a woman with a single measurement contributes no pair.
        """),
    name="correlation_within",
    stub=markdown('''
        def correlation_within(r, woman):
            """Correlation of two values of the same woman: mean product over mean square."""
            ...
        '''),
    reference=correlation_within,
    cases=_correlation_cases,
    wrong=(
        Wrong(
            "paired_with_itself",
            _with_itself,
            "Your pairs include each row with itself. Such a product is a square and never "
            "negative, so the correlation comes out too large.",
        ),
        Wrong(
            "each_woman_alike",
            _each_woman_alike,
            "You took the mean for each woman first, and then the mean of these means. In the "
            "unbalanced study, a woman with two measurements then weighs as much as one with "
            "sixteen, whereas every pair should count the same.",
        ),
        Wrong(
            "assumes_balance",
            _balanced_pairs,
            "Your number of pairs is right as long as all women have the same number of "
            "measurements. How many pairs does a woman with n measurements have?",
        ),
        Wrong(
            "neighbours_only",
            _pairs_of_neighbours,
            "You used only pairs of neighbouring rows. All pairs of a woman count, and her rows "
            "need not be next to each other.",
        ),
    ),
    hints=(
        "Go through the women one by one with `for label in np.unique(woman)`, and take `own = "
        "r[woman == label]`.",
        "For one woman, the sum of rⱼ rₖ over all pairs j ≠ k is (sum of r)² minus the sum of r², "
        "and with n rows she has n(n − 1) such pairs.",
        "Add up the products over all women, and the pairs over all women. Divide one by the "
        "other at the end, and then by `np.mean(r**2)`.",
    ),
    solution=markdown(r"""
        The square of a sum contains all products, $(\sum_j r_j)^2 = \sum_j r_j^2 + \sum_{j \ne k}
        r_j r_k$, so there is no need for a double loop.
        The sums over all women are divided only at the end, which gives every pair the same weight.
        For marginal residuals the result is close to the intraclass correlation, and for
        conditional ones close to 0.
        """),
    code=source(correlation_within),
    right=(
        "Try it on both kinds of residuals: only the marginal ones still contain what the values "
        "of one person have in common."
    ),
)

TWENTY_EFFECTS = Choice(
    key="8e",
    title="Twenty points on a line",
    prompt=markdown(r"""
        A study has twenty women, each of whom was measured so often that there is hardly any
        shrinkage.
        In a QQ plot the twenty $\hat b_i$ lie close to a straight line, and the Shapiro-Wilk test
        gives $p = 0.3$.
        The chapter has a table that helps you judge this.
        What may you write in your report?
        """),
    options=(
        Option(
            "The women's levels are normally distributed, as the model assumes.",
            "Other distributions can produce such a plot as well. Look in the table: how often "
            "does the test notice heavy tails when there are twenty groups?",
            "normal_b_check",
        ),
        Option(
            "Levels as skewed as exponential ones would probably have been noticed, but heavy "
            "tails need not have been.",
            "Yes. When a test finds nothing, this rules out only what it was able to find.",
        ),
        Option(
            "The plot contains next to no information about the distribution of b, as with five "
            "women.",
            "With twenty women it is more informative than with five. Which kind of departure "
            "does the test then notice more often than not?",
            "groups_do_not_matter",
        ),
        Option(
            "Normality holds with a probability of 30 %.",
            "A p-value is not the probability that the tested hypothesis is true. How often would "
            "this test find nothing in twenty values that are not normal?",
            "p_proves_null",
        ),
        Option(
            "The many conditional residuals are better evidence than the twenty values, and they "
            "show whether b is normal.",
            "Conditional residuals are about ε, since Zb̂ was taken away. They contain no "
            "information about how the women's levels are distributed.",
            "cond_vs_marg_resid",
        ),
    ),
    answer=1,
    hints=(
        "Ask yourself what the plot would look like if the assumption were false, and in which "
        "way it could be false.",
        "The chapter draws samples from an exponential distribution and from one with heavy "
        "tails, again and again. How often does the test notice each of them with twenty groups?",
    ),
    solution=markdown(r"""
        With twenty values, the test notices an exponential distribution in more than four out of
        five samples, and $t_3$ in about one out of three.
        It would therefore probably have noticed such strong skewness, but it may well have missed
        heavy tails; with five women, it would usually have missed both.
        Where the $\hat b_i$ are strongly shrunk, they consist mostly of averaged errors, and so
        they look more normal than the $b_i$ are.
        """),
    right=(
        "How much weight such a result deserves depends on how often the test would notice a "
        "departure, which differs from one kind of departure to the next."
    ),
    second_round=True,
)


def _normal_quantile(p):
    from scipy.special import ndtri

    return float(ndtri(p))


def _last_point(values, p):
    """How far the largest value lies above its place in a QQ plot."""
    return float(np.max(values) - _normal_quantile(p))


def _place(n, a):
    """Where the last of n points lies, as a probability."""
    return (n - a) / (n + 1 - 2 * a)


def _right_place(study):
    return _place(study.nobs, 3 / 8 if study.nobs <= 10 else 1 / 2)


def _above_the_line(of, place=_right_place, method="reml"):
    """Function of the study to the last point's distance, with residuals and place as given."""

    def distance(study):
        fit = getattr(study.cut, method)
        return _last_point(of(fit), place(fit))

    return distance


def _places(study):
    """The place of the last of the points, and those that mistakes put it at."""
    fit = study.cut.reml
    others = (_place(fit.nobs, 0), _place(fit.nobs, 3 / 8), _right_place(study.reml))
    return dict.fromkeys((_right_place(fit), *others))


def _scaled(fit):
    return fit.scaled_residuals


LAST_POINT = Numeric(
    key="8f",
    title="The last point of a QQ plot",
    prompt=markdown(r"""
        Imagine the normal QQ plot of the scaled conditional residuals of the unbalanced study (16,
        8, 4, 2 and 1 measurements), fitted by REML.
        How far above the diagonal is its *last* point, that of the largest residual?
        Give the residual minus its normal quantile, which is negative for a point below the
        diagonal, with the $p_k$ of the chapter's QQ plot and at least four decimals.
        """),
    in_code="The fit is `study.cut.reml`.",
    answer=_above_the_line(_scaled),
    given=lambda study: {
        "$n$": study.cut.reml.nobs,
        "largest conditional residual": study.cut.reml.residuals.max(),
        r"$\hat\sigma_\epsilon^2$": study.cut.reml.sigma2_e,
        **{rf"$\Phi^{{-1}}({p:.4f})$": _normal_quantile(p) for p in _places(study)},
    },
    atol=1e-4,
    elsewhere=(
        (
            "Imagine the normal QQ plot of the scaled conditional residuals of the unbalanced "
            "study (16, 8, 4, 2 and 1 measurements), fitted by REML.",
            "Imagine the normal QQ plot of the scaled conditional residuals of <cut>, fitted "
            "by REML.",
        ),
        ("largest of eighty", "largest of <n>"),
        (
            r"There are $n = 31$ values, so $a = \tfrac12$ and the last $p_k$ is $30.5/31$. "
            r"The point is at the height $r_{(31)} - \Phi^{-1}(30.5/31)$",
            r"There are $n = <m#>$ values, so the last $p_k$ is $(n - a)/(n + 1 - 2a)$. The "
            r"point is at the height $r_{(n)} - \Phi^{-1}(p_n)$",
        ),
        ("largest of 31 normal values", "largest of <m#> normal values"),
    ),
    wrong=(
        Wrong(
            "wrong_plotting_position",
            _above_the_line(_scaled, lambda fit: _place(fit.nobs, 0)),
            "You used p = k/(n + 1), whereas the p_k of the chapter has a correction. Look at its "
            "a.",
        ),
        Wrong(
            "used_ML",
            _above_the_line(_scaled, method="ml"),
            "These are the residuals of the fit by maximum likelihood, whose variances are "
            "not those of REML. The question is about the REML fit.",
        ),
        Wrong(
            "a_for_few",
            _above_the_line(_scaled, lambda fit: _place(fit.nobs, 3 / 8)),
            "You took a = 3/8, which is meant for ten values or fewer. How many are there here?",
        ),
        Wrong(
            "n_is_80",
            lambda study: _last_point(_scaled(study.cut.reml), _right_place(study.reml)),
            "You placed the point as the largest of eighty. How many residuals does the "
            "unbalanced study have?",
        ),
        Wrong(
            "not_scaled",
            _above_the_line(lambda fit: fit.residuals),
            "These residuals are in units of `logestrone`, while the quantiles are in units of "
            "one SD. The diagonal makes sense only for scaled residuals.",
        ),
        Wrong(
            "cond_vs_marg_resid",
            _above_the_line(lambda fit: fit.marginal_residuals / np.sqrt(fit.sigma2_e)),
            "You used marginal residuals. They contain the women's levels, so there is no reason "
            "why they should follow this line.",
        ),
        Wrong(
            "all_rows",
            lambda study: _last_point(_scaled(study.reml), _right_place(study.reml)),
            "That is the last point for the whole, balanced study. The question is about the "
            "unbalanced one.",
            always=False,
        ),
    ),
    hints=(
        "A point of the QQ plot is (Φ⁻¹(p_k), r_(k)). Its height above the diagonal is the second "
        "coordinate minus the first.",
        "`lt.diagnostics.qq_points` returns both coordinates in increasing order, so take the "
        "last value of each.",
    ),
    solution=markdown(r"""
        There are $n = 31$ values, so $a = \tfrac12$ and the last $p_k$ is $30.5/31$.
        The point is at the height $r_{(31)} - \Phi^{-1}(30.5/31)$ above the line.
        If the last point is below the line, then the largest residual is smaller than the largest
        of 31 normal values usually is.
        """),
    code=(
        "theoretical, observed = lt.diagnostics.qq_points(study.cut.reml.scaled_residuals)\n"
        "answer = observed[-1] - theoretical[-1]"
    ),
    right=(
        "The points at the two ends vary most from sample to sample, and a lineup shows how far "
        "they stray by chance."
    ),
    second_round=True,
)


EXERCISES = (LARGEST, WITHOUT_B, WHICH, CORRELATION, TWENTY_EFFECTS, LAST_POINT)
