"""Exercises of chapter 4: predicting the random effects."""

import numpy as np

from lmmteach.blup import shrinkage_factor
from lmmteach.exercises.bank._shortened import first_four, theta_of_four
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong

FOURTH = 3


def deviation(fit, mean):
    """How far the mean of woman 4 lies from mu."""
    return mean - fit.beta.iloc[0]


def wrong_factor(factor):
    """What another factor gives for woman 4 in the cut."""

    def gives(study):
        fit, mean, n_i = study.cut.ml, study.cut.means[FOURTH], study.cut.n_i
        return factor(fit.theta, n_i) * deviation(fit, mean)

    return gives


WOMAN_4 = Numeric(
    key="4a",
    title="Woman 4, measured twice",
    prompt=markdown(r"""
        Take the unbalanced study: the first 16, 8, 4, 2 and 1 measurements of the five women.
        Fit it by maximum likelihood (the chapter uses REML).

        What is $\hat b_4$, the BLUP of the random effect of woman 4, who has two measurements?
        Give at least four decimals.
        """),
    in_code="The unbalanced study is `study.cut`, and `study.cut.ml` is its fit by maximum "
    "likelihood.",
    hints=(
        "You need her own mean, μ̂ of this fit, and the factor λ₄.",
        "λ₄ = n₄ σ_b² / (n₄ σ_b² + σ_ε²), with her two measurements and the variances of this fit.",
        "Multiply her deviation ȳ₄ − μ̂ by λ₄. The result is a deviation as well, not a level.",
    ),
    solution=markdown(r"""
        $$\hat b_4 = \lambda_4(\bar y_4 - \hat\mu), \qquad
        \lambda_4 = \frac{2\sigma_b^2}{2\sigma_b^2 + \sigma_\epsilon^2},$$

        with $\hat\mu$ from GLS and the variances from the fit to these 31 rows.
        Each woman has a factor of her own, because each has another number of measurements.
        """),
    code=markdown("""
        fit = study.cut.ml
        keeps = 2 * fit.sigma2_b / (2 * fit.sigma2_b + fit.sigma2_e)
        answer = keeps * (study.cut.means[3] - fit.beta.iloc[0])
        """),
    right="She keeps what two measurements deserve: less than a woman with sixteen, and more than "
    "one who was measured once.",
    answer=wrong_factor(lambda theta, n_i: shrinkage_factor(n_i[FOURTH], theta)),
    given=lambda study: {
        r"$\bar y_4$": study.cut.means[FOURTH],
        r"$\hat\mu$": study.cut.ml.beta.iloc[0],
        r"$\hat\sigma_b^2$": study.cut.ml.sigma2_b,
        r"$\hat\sigma_\epsilon^2$": study.cut.ml.sigma2_e,
    },
    atol=2e-4,
    unit="logestrone",
    wrong=(
        Wrong(
            "forgot_shrink",
            wrong_factor(lambda theta, n_i: 1.0),
            "That is her raw deviation ȳ₄ − μ̂, which believes her two measurements altogether. "
            "Which part of it does BLUP keep?",
        ),
        Wrong(
            "icc_as_shrinkage",
            wrong_factor(lambda theta, n_i: shrinkage_factor(1, theta)),
            "You multiplied by the intraclass correlation. That is the factor of a woman with one "
            "measurement; she has two.",
        ),
        Wrong(
            "shrink_direction",
            wrong_factor(lambda theta, n_i: 1 - shrinkage_factor(n_i[FOURTH], theta)),
            "You multiplied by 1 − λ₄, which is what she loses. λ₄ is what she keeps: it is near 1 "
            "where women differ much.",
        ),
        Wrong(
            "sd_not_var",
            wrong_factor(lambda theta, n_i: shrinkage_factor(n_i[FOURTH], np.sqrt(theta))),
            "There are standard deviations in your factor. λ₄ is made of variances.",
        ),
        Wrong(
            "mean_n",
            wrong_factor(lambda theta, n_i: shrinkage_factor(n_i.mean(), theta)),
            "You took the average number of measurements. Each woman has a factor of her own, with "
            "her own count.",
        ),
        Wrong(
            "ols_residuals",
            lambda study: (
                shrinkage_factor(2, study.cut.ml.theta)
                * (study.cut.means[FOURTH] - study.cut.y.mean())
            ),
            "Your factor is right, but you measured her deviation from the plain mean of all rows. "
            "The formula has the GLS estimate μ̂; on balanced data the two agree.",
        ),
        Wrong(
            "used_REML",
            lambda study: study.cut.reml.b[FOURTH],
            "That is the BLUP with the REML estimates, as in the chapter. Take the fit by maximum "
            "likelihood.",
        ),
        Wrong(
            "reported_level",
            lambda study: study.cut.ml.beta.iloc[0] + study.cut.ml.b[FOURTH],
            "That is her level, μ̂ + b̂₄. The question is about b̂₄ alone.",
        ),
        Wrong(
            "forgot_the_cut",
            lambda study: study.ml.b[FOURTH],
            "That is her BLUP with all sixteen measurements. In the unbalanced study she has two.",
        ),
        Wrong(
            "forgot_the_cut_used_REML",
            lambda study: study.reml.b[FOURTH],
            "That is her BLUP with all sixteen measurements, as in the chapter. In the unbalanced "
            "study she has two, and the question is about maximum likelihood.",
            always=False,
        ),
        Wrong(
            "reported_level_used_REML",
            lambda study: study.cut.reml.beta.iloc[0] + study.cut.reml.b[FOURTH],
            "That is her level, μ̂ + b̂₄, from the REML fit of the chapter. The question is about "
            "b̂₄ alone, by maximum likelihood.",
            always=False,
        ),
        Wrong(
            "forgot_shrink_used_REML",
            lambda study: study.cut.means[FOURTH] - study.cut.reml.beta.iloc[0],
            "That is her raw deviation from the chapter's μ̂, which REML estimated. Two things "
            "are asked for here: shrinkage, and maximum likelihood.",
            always=False,
        ),
    ),
)


def levels(y, woman, theta):
    """Predicted level of each woman, in the order of the sorted labels."""
    sigma2_b, sigma2_e = theta
    names, n_i = np.unique(woman, return_counts=True)
    means = np.array([y[woman == name].mean() for name in names])
    mu = np.average(means, weights=1 / (sigma2_b + sigma2_e / n_i))
    keeps = n_i * sigma2_b / (n_i * sigma2_b + sigma2_e)
    return keeps * means + (1 - keeps) * mu


def pieces(y, woman, theta):
    """Counts, means, the GLS mean and the factors."""
    names, n_i = np.unique(woman, return_counts=True)
    means = np.array([y[woman == name].mean() for name in names])
    mu = np.average(means, weights=1 / (theta[0] + theta[1] / n_i))
    return n_i, means, mu, shrinkage_factor(n_i, theta)


def levels_ols(y, woman, theta):
    """Shrunk towards the plain mean of all rows."""
    _, means, _, keeps = pieces(y, woman, theta)
    return keeps * means + (1 - keeps) * y.mean()


def levels_mean_of_means(y, woman, theta):
    """Shrunk towards the plain mean of the women's means."""
    _, means, _, keeps = pieces(y, woman, theta)
    return keeps * means + (1 - keeps) * means.mean()


def levels_mean_n(y, woman, theta):
    """With one factor for all."""
    n_i, means, mu, _ = pieces(y, woman, theta)
    keeps = shrinkage_factor(n_i.mean(), theta)
    return keeps * means + (1 - keeps) * mu


def levels_icc(y, woman, theta):
    """With the intraclass correlation for all."""
    _, means, mu, _ = pieces(y, woman, theta)
    keeps = shrinkage_factor(1, theta)
    return keeps * means + (1 - keeps) * mu


def levels_swapped(y, woman, theta):
    """With the two weights exchanged."""
    _, means, mu, keeps = pieces(y, woman, theta)
    return (1 - keeps) * means + keeps * mu


def levels_to_zero(y, woman, theta):
    """Shrunk towards a response of 0."""
    _, means, _, keeps = pieces(y, woman, theta)
    return keeps * means


def levels_raw(y, woman, theta):
    """Not shrunk."""
    return pieces(y, woman, theta)[1]


def only_b(y, woman, theta):
    """The random effects, without mu."""
    _, means, mu, keeps = pieces(y, woman, theta)
    return keeps * (means - mu)


LEVELS = Function(
    key="4b",
    title="Levels without a matrix",
    prompt=markdown(r"""
        The predicted level of a woman, $\hat\mu + \hat b_i$, is a weighted mean of two things: her
        own mean $\bar y_i$, and $\hat\mu$.

        Write `levels(y, woman, theta)`, which returns the level of each woman, in the order of the
        sorted labels.
        `woman` is an array of labels in any order, and groups may have any size.
        The variances are given by `theta`; $\hat\mu$ is not given, and you have to find it.
        No matrix is needed.
        """),
    hints=(
        "Two different weights occur: one to find μ̂ from the five means, and λ_i to mix ȳ_i with "
        "μ̂.",
        "For μ̂, weigh each woman's mean with one over its variance, σ_b² + σ_ε²/n_i.",
        "λ_i = n_i σ_b² / (n_i σ_b² + σ_ε²) is what a woman keeps of her own mean; μ̂ gets the "
        "rest.",
    ),
    solution=markdown(r"""
        $$\hat\mu + \hat b_i = \hat\mu + \lambda_i(\bar y_i - \hat\mu) = \lambda_i\bar y_i + (1 -
        \lambda_i)\hat\mu$$

        with $\hat\mu$ the mean of the $\bar y_i$ weighted by
        $1/(\sigma_b^2 + \sigma_\epsilon^2/n_i)$, which is GLS.
        Her own mean counts with what her measurements deserve, the common mean with the rest.
        """),
    code=source(levels),
    right="Two weighted means, one inside the other: that is all there is to BLUP for a "
    "random intercept.",
    name="levels",
    stub=markdown('''
        def levels(y, woman, theta):
            """Predicted level of each woman, in the order of the sorted labels."""
            sigma2_b, sigma2_e = theta
            names, n_i = np.unique(woman, return_counts=True)
            means = np.array([y[woman == name].mean() for name in names])
            return ...
        '''),
    reference=levels,
    cases=lambda study: [
        (study.y, study.woman, np.array([0.02, 0.3])),
        (study.cut.y, study.cut.woman, np.array([1.5, 0.3])),
        (study.cut.y, study.cut.woman, np.array([0.1, 0.4])),
        (
            np.array([3.0, 1.0, 2.0, 7.5, 2.5, 4.0]),
            np.array(["Bea", "Ada", "Bea", "Cleo", "Ada", "Bea"]),
            np.array([2.0, 1.0]),
        ),
    ],
    wrong=(
        Wrong(
            "ols_residuals",
            levels_ols,
            "You shrink towards the plain mean of all rows. On balanced data that is μ̂; here a "
            "woman with many measurements would pull it to her side.",
        ),
        Wrong(
            "mean_of_means",
            levels_mean_of_means,
            "You shrink towards the plain mean of the women's means. On balanced data that is μ̂; "
            "here a mean of one measurement counts in it as much as one of sixteen.",
        ),
        Wrong(
            "mean_n",
            levels_mean_n,
            "All women are shrunk by the same factor. A woman with few measurements should keep "
            "less of her own mean.",
        ),
        Wrong(
            "icc_as_shrinkage",
            levels_icc,
            "Your factor is the intraclass correlation, whatever n_i is. That is right for a woman "
            "with a single measurement only.",
        ),
        Wrong(
            "shrink_direction",
            levels_swapped,
            "The two weights are exchanged: a woman with many measurements is pulled most. λ_i "
            "belongs to her own mean.",
        ),
        Wrong(
            "shrink_to_zero",
            levels_to_zero,
            "You shrink the level itself, towards 0. It is the deviation from μ̂ that shrinks: "
            "what her own mean loses, μ̂ must get.",
        ),
        Wrong(
            "forgot_shrink",
            levels_raw,
            "Those are the raw means: nothing is shrunk. How much of a mean of one measurement "
            "should one believe?",
        ),
        Wrong(
            "only_b",
            only_b,
            "Those are the random effects b̂. A level is μ̂ plus b̂.",
        ),
    ),
)


WHERE_TO = Choice(
    key="4c",
    title="Where does she go?",
    prompt=markdown(r"""
        In some study $\hat\mu = 10$, and $\hat\sigma_b^2 = \hat\sigma_\epsilon^2$.
        One of the women has three measurements, with mean 18.

        What is her predicted level, $\hat\mu + \hat b_i$?
        """),
    hints=(
        "First find λ. With equal variances it depends on the number of measurements only.",
        "λ is what she keeps of her deviation, and her deviation is measured from μ̂.",
    ),
    solution=markdown(r"""
        With equal variances $\lambda = 3/(3 + 1) = 3/4$.
        Her deviation from $\hat\mu$ is 8, she keeps three quarters of it, and
        $\hat\mu + \hat b_i = 10 + 6 = 16$.
        Her level lies between her own mean and the common one, nearer to her own.
        """),
    right="She keeps three quarters of her deviation, so her level lies between her own mean "
    "and μ̂, nearer to her own.",
    options=(
        Option(
            "13.5",
            "That is three quarters of 18: you shrank the level towards 0. Not the level shrinks, "
            "but the distance from μ̂.",
            "shrink_direction",
        ),
        Option(
            "16",
            "That is λ = 3/4 at work.",
        ),
        Option(
            "14",
            "That is halfway, as if λ were the intraclass correlation, ½. She has three "
            "measurements, so more than half of her deviation deserves to be believed.",
            "icc_as_shrinkage",
        ),
        Option(
            "12",
            "You let her keep one quarter and gave three quarters to μ̂. Her three measurements "
            "count for more than that.",
            "swapped_weights",
        ),
    ),
    answer=1,
)


def spread_of_blups(study, reml=True, ddof=1):
    """Sample variance of the BLUPs from the first four measurements of each woman."""
    theta = np.array(theta_of_four(study, reml=reml))
    # In a balanced study all means are shrunk by the same factor, which comes out squared.
    return shrinkage_factor(4, theta) ** 2 * first_four(study)[0] / (4 * (5 - ddof))


SPREAD = Numeric(
    key="4d",
    title="How much do the BLUPs vary?",
    prompt=markdown(r"""
        Suppose that the study had stopped after four measurements of each woman, with twenty rows
        in all.
        Fit the model to these rows by REML, and take the five BLUPs $\hat b_i$.

        What is their sample variance (divide by 4, as `ddof=1` does)?
        Give at least three decimals.
        Before you compute, guess: will it be $\hat\sigma_b^2$, more, or less?
        """),
    in_code="They are the rows of the DataFrame `study.data` whose `measurement` is at most 4.",
    hints=(
        "Keep the rows with `measurement` up to 4 and fit them with `lt.lmm`, whose default is "
        "REML; or find the REML estimates from SSB and SSW, with J = 4.",
        "`fit.b` holds the five BLUPs, as an array; `np.var` divides by 5 unless told otherwise.",
        "By hand: the means of the women vary, and each BLUP is λ times a deviation. What happens "
        "to a variance if everything is multiplied by λ?",
    ),
    solution=markdown(r"""
        The BLUPs are the deviations of the means times $\lambda$, so their variance is $\lambda^2$
        times that of the means.
        The means vary more than $\hat\sigma_b^2$, because they carry errors of measurement.
        The BLUPs vary less, because they are shrunk; in balanced data it is exactly
        $\lambda\hat\sigma_b^2$.

        With four measurements the gap is wider than with sixteen.
        What is missing is the conditional variance $(1 - \lambda)\hat\sigma_b^2$: what we would
        not know of each $b_i$ even if $\mu$ were known.
        """),
    code=markdown("""
        four = study.data[study.data["measurement"] <= 4]
        fit = lt.lmm("logestrone ~ 1 + (1 | woman)", four)
        answer = np.var(fit.b, ddof=1)
        """),
    right="Shrunken values vary less than what they stand for. Five BLUPs are good guesses of "
    "five levels, and a bad sample of levels.",
    answer=spread_of_blups,
    given=lambda study: dict(zip(("SSB", "SSW"), first_four(study), strict=True)),
    atol=5e-4,
    unit="logestrone²",
    wrong=(
        Wrong(
            "var_blup_is_sigma_b",
            lambda study: theta_of_four(study, reml=True)[0],
            "That is σ̂_b². The b have that variance; the b̂ are shrunken guesses of them, and "
            "guesses vary less.",
        ),
        Wrong(
            "var_of_means",
            lambda study: first_four(study)[0] / 16,
            "That is the variance of the raw means. They carry errors of measurement, and they are "
            "not shrunk: use the BLUPs.",
        ),
        Wrong(
            "ddof_0",
            lambda study: spread_of_blups(study, ddof=0),
            "You divided by 5, as `np.var` does unless told otherwise. Ask for `ddof=1`.",
        ),
        Wrong(
            "used_ML",
            lambda study: spread_of_blups(study, reml=False),
            "Those are the BLUPs of the fit by maximum likelihood. `lt.lmm` fits by REML if you do "
            "not name a method.",
        ),
        Wrong(
            "sd_not_var",
            lambda study: np.sqrt(spread_of_blups(study)),
            "That is the standard deviation of the BLUPs. The question is about the variance.",
        ),
        Wrong(
            "forgot_to_select",
            lambda study: np.var(study.reml.b, ddof=1),
            "That is the variance of the BLUPs from all eighty rows. Keep the first four "
            "measurements of each woman.",
        ),
        Wrong(
            "sigma_b_of_all_rows",
            lambda study: study.reml.sigma2_b,
            "That is σ̂_b² from all eighty rows. Keep the first four measurements of each woman; "
            "and the question is about the b̂, which are shrunken guesses.",
            always=False,
        ),
        Wrong(
            "means_of_all_rows",
            lambda study: np.var(study.means, ddof=1),
            "That is the variance of the raw means of all eighty rows. Keep the first four "
            "measurements of each woman, and use the BLUPs.",
            always=False,
        ),
    ),
)


def blup_by_ols(r, Z, theta):
    """Random effects from ordinary least squares with made-up rows."""
    sigma2_b, sigma2_e = theta
    q = Z.shape[1]
    rows = np.vstack([Z, np.sqrt(sigma2_e / sigma2_b) * np.eye(q)])
    values = np.concatenate([r, np.zeros(q)])
    return np.linalg.lstsq(rows, values, rcond=None)[0]


def penalised(penalty):
    """Least squares with another penalty."""

    def solve(r, Z, theta):
        return np.linalg.solve(Z.T @ Z + penalty(*theta) * np.eye(Z.shape[1]), Z.T @ r)

    return solve


RIDGE = Function(
    key="4e",
    title="BLUP from ordinary least squares",
    prompt=markdown(r"""
        For given $\hat{\boldsymbol\beta}$ and a random intercept, $\hat{\mathbf b}$ is where

        $$\lVert\mathbf r - \mathbf Z\mathbf b\rVert^2 +
        \frac{\sigma_\epsilon^2}{\sigma_b^2}\lVert\mathbf b\rVert^2, \qquad
        \mathbf r = \mathbf y - \mathbf X\hat{\boldsymbol\beta},$$

        is smallest: $\mathbf b$ should follow the data, and every step away from 0 has a price.
        (It is $-2\sigma_\epsilon^2$ times the logarithm of the chapter's joint density, up to a
        constant: smallest here is highest there.)

        A program that knows ordinary least squares only can find it.
        Append $q$ made-up rows to $\mathbf Z$, one for each woman, and $q$ made-up values to
        $\mathbf r$.

        Complete `blup_by_ols(r, Z, theta)`, which returns $\hat{\mathbf b}$: what belongs in the
        made-up rows, and what in the made-up values?
        """),
    hints=(
        "Least squares adds up the squares of all rows. The made-up row of woman j must add "
        "(σ_ε²/σ_b²) b_j² to the sum.",
        "If the row has c in column j, 0 elsewhere, and the value 0, it adds (0 − c b_j)². So what "
        "is c?",
        "Put the rows c · `np.eye(q)` below Z with `np.vstack`, and q zeros behind r with "
        "`np.concatenate`. Then `np.linalg.lstsq(rows, values, rcond=None)[0]`.",
    ),
    solution=markdown(r"""
        A row with $c$ in column $j$ and value 0 adds $c^2b_j^2$ to the sum of squares.
        It must be $(\sigma_\epsilon^2/\sigma_b^2)\,b_j^2$, so $c = \sigma_\epsilon/\sigma_b$.

        So shrinkage is what a few made-up observations of 0 do.
        The smaller $\sigma_b^2$, the more weight they have.
        Setting the derivative of the sum to zero gives
        $(\mathbf Z^{\mathsf T}\mathbf Z + \tfrac{\sigma_\epsilon^2}{\sigma_b^2}\mathbf I)\,
        \hat{\mathbf b} = \mathbf Z^{\mathsf T}\mathbf r$,
        the lecture's system multiplied by $\sigma_\epsilon^2$.
        """),
    code=source(blup_by_ols),
    right="Shrinkage is what made-up observations of 0 do, one for each woman. Elsewhere this "
    "is called ridge regression.",
    name="blup_by_ols",
    stub=markdown('''
        def blup_by_ols(r, Z, theta):
            """Random effects from ordinary least squares with made-up rows."""
            sigma2_b, sigma2_e = theta
            q = Z.shape[1]
            rows = ...  # Z, and the made-up rows below it
            values = ...  # r, and the made-up values behind it
            return ...
        '''),
    reference=blup_by_ols,
    cases=lambda study: [
        (study.y - study.y.mean(), study.Z, np.array([1.5, 0.3])),
        (study.cut.y - study.cut.means.mean(), study.cut.Z, np.array([0.7, 0.5])),
        (study.cut.y - study.cut.y.mean(), study.cut.Z, np.array([0.05, 0.4])),
        (
            np.array([1.0, -2.0, 0.5, 3.0]),
            np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]),
            np.array([3.0, 2.0]),
        ),
    ],
    wrong=(
        Wrong(
            "no_root",
            penalised(lambda sigma2_b, sigma2_e: (sigma2_e / sigma2_b) ** 2),
            "Least squares squares what stands in the rows. You put the price itself there, so it "
            "is squared once too often.",
        ),
        Wrong(
            "upside_down",
            penalised(lambda sigma2_b, sigma2_e: sigma2_b / sigma2_e),
            "Your price is upside down. Where women differ much, a b far from 0 should be cheap.",
        ),
        Wrong(
            "forgot_shrink",
            penalised(lambda sigma2_b, sigma2_e: 0.0),
            "Those are the raw deviations of the means: the made-up rows have no effect. What "
            "stands in them must cost something.",
        ),
        Wrong(
            "one_for_all",
            penalised(lambda sigma2_b, sigma2_e: 1.0),
            "Your made-up rows count as much as a measurement, whatever the variances are. Their "
            "weight must come from θ.",
        ),
    ),
)


EXERCISES = (WOMAN_4, LEVELS, WHERE_TO, SPREAD, RIDGE)
