"""Exercises of chapter 1: the model and its covariance."""

import numpy as np

from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong


def share(between, within):
    """The part of the whole that lies between."""
    return between / (between + within)


CORRELATION = Numeric(
    key="1a",
    title="Measured in duplicate",
    prompt=markdown(r"""
        Suppose that on each visit a woman is measured *twice*, and that only the mean of the two
        values is kept.
        The two errors are independent.

        Take two visits of the same woman, so four different measurements.
        What is the correlation of the two means that are kept?
        Use the REML estimates of the variances, from the printout.
        Give at least three decimals.
        """),
    in_code="The two variances are `study.reml.theta`, with all their digits.",
    hints=(
        "Write the mean of a visit as μ + b + (ε₁ + ε₂)/2. What do two visits share?",
        "The covariance of the two means is that of what they share. For the correlation you also "
        "need the variance of one such mean.",
        "The mean of two independent errors has half of the variance of one error. The variance "
        "of b is not halved: it is the same b in both.",
    ),
    solution=markdown(r"""
        The mean of a visit is $\mu + b + (\epsilon_1 + \epsilon_2)/2$.
        Two visits of one woman share $b$ and nothing else, so their covariance is $\sigma_b^2$.
        The variance of each is $\sigma_b^2 + \sigma_\epsilon^2/2$:
        averaging halves the variance of the errors, but not that of $b$.
        The correlation is

        $$\frac{\sigma_b^2}{\sigma_b^2 + \sigma_\epsilon^2/2}.$$

        It is larger than the intraclass correlation, because a mean of two is less noisy.
        """),
    code=markdown("""
        sigma2_b, sigma2_e = study.reml.theta
        answer = sigma2_b / (sigma2_b + sigma2_e / 2)
        """),
    right="Averaging makes the errors smaller and leaves b as it is, so two means of the same "
    "woman go together more closely than two single measurements.",
    answer=lambda study: share(study.reml.sigma2_b, study.reml.sigma2_e / 2),
    atol=5e-4,
    share=True,
    wrong=(
        Wrong(
            "forgot_to_average",
            lambda study: share(study.reml.sigma2_b, study.reml.sigma2_e),
            "That is the intraclass correlation, the one of two single measurements. Here each "
            "value is a mean of two: which part of its variance gets smaller?",
        ),
        Wrong(
            "sd_not_var",
            lambda study: share(*np.sqrt([study.reml.sigma2_b, study.reml.sigma2_e / 2])),
            "You divided standard deviations. Variances of independent parts add up, standard "
            "deviations do not: take the column `Variance`.",
        ),
        Wrong(
            "swapped",
            lambda study: share(study.reml.sigma2_e / 2, study.reml.sigma2_b),
            "That is the share of the errors. What two means of a woman have in common is b, so "
            "its variance belongs above the line.",
        ),
        Wrong(
            "ratio_not_share",
            lambda study: study.reml.sigma2_b / (study.reml.sigma2_e / 2),
            "You divided the variance between women by the one of the errors. A correlation "
            "divides by the whole variance of a value, which contains both.",
        ),
        Wrong(
            "cov_not_cor",
            lambda study: study.reml.sigma2_b,
            "That is the covariance of the two means. Divide it by the variance of one of them to "
            "get a correlation.",
        ),
        Wrong(
            "used_ML",
            lambda study: share(study.ml.sigma2_b, study.ml.sigma2_e / 2),
            "The formula is right, but the variances are those of maximum likelihood. Take those "
            "of the REML fit, as in the printout.",
        ),
        Wrong(
            "divided_by_4",
            lambda study: share(study.reml.sigma2_b, study.reml.sigma2_e / 4),
            "You divided the error variance by 4. Four measurements take part, but each of the two "
            "means is made of two.",
            always=False,
        ),
    ),
)


def make_V(woman, sigma2_b, sigma2_e):
    """Covariance of the measurements, straight from the labels."""
    same_woman = woman[:, np.newaxis] == woman
    return sigma2_b * same_woman + sigma2_e * np.eye(len(woman))


def make_V_sorted(woman, sigma2_b, sigma2_e):
    """As if each woman's rows stood together, in the order of the labels."""
    return make_V(np.sort(woman), sigma2_b, sigma2_e)


def make_V_sds(woman, sigma2_b, sigma2_e):
    """With standard deviations where variances belong."""
    return make_V(woman, np.sqrt(sigma2_b), np.sqrt(sigma2_e))


def make_V_without_errors(woman, sigma2_b, sigma2_e):
    """Without the errors."""
    return make_V(woman, sigma2_b, 0.0)


def make_V_shared_errors(woman, sigma2_b, sigma2_e):
    """With the error variance added to every entry."""
    return make_V(woman, sigma2_b, 0.0) + sigma2_e


def make_V_thin_diagonal(woman, sigma2_b, sigma2_e):
    """With the error variance alone on the diagonal."""
    V = make_V(woman, sigma2_b, sigma2_e)
    np.fill_diagonal(V, sigma2_e)
    return V


COVARIANCE = Function(
    key="1b",
    title="V without Z",
    prompt=markdown(r"""
        $\mathbf V$ has only three different entries: one for a measurement with itself, one for two
        measurements of the same woman, and one for measurements of different women.
        So one can write it down without $\mathbf Z$.

        Write `make_V(woman, sigma2_b, sigma2_e)`.
        `woman` is an array with a label for each row, in any order; the two variances are numbers.
        Return the $n \times n$ matrix $\mathbf V$.
        """),
    hints=(
        "Which question about the rows i and j decides what stands in V[i, j]?",
        "`woman[:, np.newaxis] == woman` asks that question for all pairs at once, and gives a "
        "matrix of True and False.",
        "True counts as 1. Multiply by the variance that two measurements of a woman share. Then "
        "add what a measurement shares with itself only; `np.eye` helps.",
    ),
    solution=markdown(r"""
        Two rows share $b$ if they have the same label, so $\sigma_b^2$ stands wherever the labels
        agree; that includes the diagonal.
        A measurement shares its error with itself only, so $\sigma_\epsilon^2$ is added on the
        diagonal.
        The matrix of comparisons is $\mathbf Z\mathbf Z^{\mathsf T}$, found without $\mathbf Z$.
        """),
    code=source(make_V),
    right="Comparing the labels gives Z Zᵀ at once, in whatever order the rows stand.",
    name="make_V",
    stub=markdown('''
        def make_V(woman, sigma2_b, sigma2_e):
            """Covariance of the measurements, straight from the labels."""
            return ...
        '''),
    reference=make_V,
    cases=lambda study: [
        (study.woman, 1.5, 0.3),
        (study.cut.woman, 0.7, 0.5),
        (np.array(["Bea", "Ada", "Bea", "Cleo", "Ada", "Bea"]), 2.0, 0.5),
        (np.array([7, 7, 3]), 0.25, 4.0),
    ],
    wrong=(
        Wrong(
            "assumes_sorted",
            make_V_sorted,
            "It is right only where each woman's rows stand together. Compare the labels of the "
            "rows themselves, so that any order will do.",
        ),
        Wrong(
            "sd_not_var",
            make_V_sds,
            "There are standard deviations in your matrix. `sigma2_b` and `sigma2_e` are variances "
            "already: use them as they are.",
        ),
        Wrong(
            "forgot_sigma_e",
            make_V_without_errors,
            "The errors are missing. Two measurements of one woman are not equal, so a measurement "
            "must vary more than what it shares with another.",
        ),
        Wrong(
            "errors_shared",
            make_V_shared_errors,
            "You added the error variance to every entry. That says that all measurements have the "
            "same error. Which entries belong to a measurement and itself?",
        ),
        Wrong(
            "diagonal_without_b",
            make_V_thin_diagonal,
            "The diagonal holds the errors only. A measurement varies for two reasons: women "
            "differ, and measurements differ.",
        ),
    ),
)


PRINTOUT = Numeric(
    key="1c",
    title="Reading the printout",
    prompt=markdown(r"""
        Look at the printout of the REML fit.
        Three of its numbers stand under a heading that begins with "Std.".

        If the levels of women are normally distributed, about two thirds of all women have a
        level within $\mu \pm s$.
        Which number in the printout estimates $s$?
        Give at least three decimals.
        """),
    in_code="The printout is `print(study.reml.summary())`.",
    hints=(
        "s says how much women differ from each other. It is not about how well anything is known.",
        "Look under `Random effects`. One of its rows is about women, the other about single "
        "measurements.",
        "Two columns stand in that row. Two thirds of a normal distribution lie within one "
        "standard deviation, not within one variance.",
    ),
    solution=markdown(r"""
        The level of a woman is $\mu + b$, with $b \sim N(0, \sigma_b^2)$.
        Two thirds of a normal distribution lie within one standard deviation, so
        $s = \hat\sigma_b$: row `woman`, column `Std.Dev.`.

        `Std. Error`, further down, is something else: how far $\hat\mu$ may be from $\mu$.
        With more women the standard error becomes smaller; the standard deviation does not.
        """),
    code="answer = np.sqrt(study.reml.sigma2_b)",
    right="The row says between women, the column says standard deviation: it tells how much "
    "women differ, not how well anything is known.",
    answer=lambda study: np.sqrt(study.reml.sigma2_b),
    atol=1e-3,
    unit="logestrone",
    wrong=(
        Wrong(
            "sd_var_se_mixup",
            lambda study: study.reml.se.iloc[0],
            "That is the standard error of μ̂: how far the estimated mean may be from the true "
            "one. The question is how far women lie from the mean.",
        ),
        Wrong(
            "var_not_sd",
            lambda study: study.reml.sigma2_b,
            "The right row, but that is the variance, in squared units. Which column can be added "
            "to μ?",
        ),
        Wrong(
            "within_not_between",
            lambda study: np.sqrt(study.reml.sigma2_e),
            "That is the row `Residual`: how much measurements of one woman scatter around her own "
            "level. Here women are compared.",
        ),
        Wrong(
            "sd_of_means",
            lambda study: study.means.std(ddof=1),
            "That is the standard deviation of the five means. They differ more than the women do, "
            "because each carries errors of measurement. The printout has both apart.",
        ),
        Wrong(
            "sd_of_blups",
            lambda study: study.reml.b.std(ddof=1),
            "That is the standard deviation of the five predicted effects. They are shrunk, so "
            "they differ less than the women do. Which number of the printout is about women?",
        ),
        Wrong(
            "total_sd",
            lambda study: np.sqrt(study.reml.theta.sum()),
            "That is the standard deviation of a single measurement of a woman taken at random. "
            "The level of a woman has no error of measurement in it.",
        ),
        Wrong(
            "used_ML",
            lambda study: np.sqrt(study.ml.sigma2_b),
            "That is from the fit by maximum likelihood. The printout is that of the REML fit.",
        ),
    ),
)


PARAMETERS = Choice(
    key="1d",
    title="Ten women more, and their ages",
    prompt=markdown(r"""
        Ten more women join the study, with sixteen measurements of each.
        And the age of each woman becomes known, as a covariate with a slope: $\mathbf X$ has two
        columns now.
        There is a random intercept for each of the fifteen women.

        How many parameters does the model have?
        """),
    hints=(
        "Count what is unknown but fixed: what would be the same in another sample of women?",
        "The levels of the new women are drawn from the same distribution as those of the old "
        "ones. The slope of age is the same for all of them.",
    ),
    solution=markdown(r"""
        Four: the intercept and the slope, which are $\boldsymbol\beta$, and $\sigma_b^2$ and
        $\sigma_\epsilon^2$, which are $\boldsymbol\theta$.
        A new column of $\mathbf X$ brings a parameter.
        A new woman brings a new random variable $b_i$, drawn from the same $N(0, \sigma_b^2)$.
        She helps to estimate the four, and she does not add one.
        """),
    right="New women bring new random variables and no new parameter; a covariate brings one.",
    options=(
        Option(
            "19: intercept, slope, σ_b², σ_ε² and fifteen levels b",
            "The levels b are not parameters: they are random, like the errors. Another sample of "
            "women would have others. What is the same in every sample?",
            "b_is_parameter",
        ),
        Option(
            "17: one for each woman, the slope and σ_ε²",
            "That would be a regression with a dummy variable for each woman. Here the women's "
            "levels are draws from one distribution: count what describes it.",
            "dummies_not_random",
        ),
        Option(
            "4: intercept, slope, σ_b² and σ_ε²",
            "Two coefficients and two variances describe how all fifteen women come about.",
        ),
        Option(
            "3: μ, σ_b² and σ_ε²",
            "That was the model before. The ages are data, but how levels change with age is not "
            "known.",
            "forgot_slope",
        ),
    ),
    answer=2,
)


def standard_error(theta, women, times):
    """Of the mean in a balanced study."""
    return np.sqrt(theta[0] / women + theta[1] / (women * times))


PLAN = Numeric(
    key="1e",
    title="Eighty measurements, spent otherwise",
    prompt=markdown(r"""
        The lecture's study took sixteen measurements from each of five women.
        You plan a new one, again with eighty measurements: *four* from each of *twenty* women.

        Suppose that the true variances are the REML estimates of the old study, as in the
        printout.
        What will be the standard error of $\hat\mu$ in the new study?
        Give at least four decimals.
        """),
    in_code="The two variances are `study.reml.theta`, with all their digits.",
    hints=(
        "Var(Ȳ) is the sum of all entries of V, divided by n². How many blocks has V now, and how "
        "large is each?",
        "The part from the women is σ_b² divided by the number of women. The part from the errors "
        "is σ_ε² divided by the number of measurements.",
        "Add the two parts and take the root.",
    ),
    solution=markdown(r"""
        The mean of all is $\mu$ plus the mean of twenty $b_i$ plus the mean of eighty errors:

        $$\operatorname{Var}(\hat\mu) = \frac{\sigma_b^2}{20} + \frac{\sigma_\epsilon^2}{80}.$$

        Compare it with the old study, where the first part was $\sigma_b^2/5$.
        The number of measurements is the same, and still the standard error is much smaller:
        twenty women say more about women than five do.
        """),
    code=markdown("""
        sigma2_b, sigma2_e = study.reml.theta
        answer = np.sqrt(sigma2_b / 20 + sigma2_e / 80)
        """),
    right="As many measurements as before, but from four times as many women: μ is known "
    "much better.",
    answer=lambda study: standard_error(study.reml.theta, 20, 4),
    atol=2e-4,
    unit="logestrone",
    wrong=(
        Wrong(
            "n_is_80",
            lambda study: study.y.std(ddof=1) / np.sqrt(80),
            "That is s/√80, which takes the measurements for independent. Four of each woman go "
            "together, because they share her b.",
        ),
        Wrong(
            "n_is_80_and_ddof_0",
            lambda study: study.y.std() / np.sqrt(80),
            "That is a standard deviation over √80, which takes the measurements for independent. "
            "Four of each woman go together, because they share her b.",
        ),
        Wrong(
            "forgot_the_blocks",
            lambda study: np.sqrt(study.reml.theta.sum() / 80),
            "You used the diagonal of V only. The measurements of one woman are correlated, so the "
            "entries beside the diagonal count too.",
        ),
        Wrong(
            "forgot_sigma_b",
            lambda study: np.sqrt(study.reml.sigma2_e / 80),
            "Only the errors are in it. The twenty women are a sample as well: how much does the "
            "mean of their levels vary?",
        ),
        Wrong(
            "forgot_sigma_e",
            lambda study: np.sqrt(study.reml.sigma2_b / 20),
            "The part from the women is right. The mean of eighty errors is missing; it is small, "
            "but it is not 0.",
        ),
        Wrong(
            "old_design",
            lambda study: study.reml.se.iloc[0],
            "That is the standard error of the old study, from the printout. The new study has "
            "another number of women.",
        ),
        Wrong(
            "variance_not_se",
            lambda study: standard_error(study.reml.theta, 20, 4) ** 2,
            "That is the variance of μ̂. The standard error is its root.",
        ),
        Wrong(
            "used_ML",
            lambda study: standard_error(study.ml.theta, 20, 4),
            "The formula is right, but the variances are those of maximum likelihood. Take the "
            "REML estimates.",
        ),
        Wrong(
            "sixteen_of_each",
            lambda study: standard_error(study.reml.theta, 20, 16),
            "That is the standard error with sixteen measurements of each of the twenty women, "
            "half of the old one. You have eighty measurements, so four of each.",
            always=False,
        ),
        Wrong(
            "ten_women",
            lambda study: standard_error(study.reml.theta, 10, 16),
            "That is the standard error of ten women with sixteen measurements of each, as in the "
            "chapter. How many women are in the new study?",
            always=False,
        ),
    ),
)


def se_of_mean(n_i, theta):
    """Standard error of the plain mean of all measurements, n_i of each woman."""
    sigma2_b, sigma2_e = theta
    n = np.sum(n_i)
    return np.sqrt(sigma2_b * np.sum(n_i**2) + sigma2_e * n) / n


def se_if_balanced(n_i, theta):
    """As if all women had equally many."""
    return standard_error(theta, len(n_i), np.mean(n_i))


def se_if_independent(n_i, theta):
    """As if all measurements were independent."""
    return np.sqrt(np.sum(theta) / np.sum(n_i))


def se_one_block(n_i, theta):
    """As if all measurements came from one woman."""
    return standard_error(theta, 1, np.sum(n_i))


def se_of_gls(n_i, theta):
    """Of the best mean instead of the plain one."""
    return 1 / np.sqrt(np.sum(1 / (theta[0] + theta[1] / n_i)))


def se_without_root(n_i, theta):
    """The variance."""
    return se_of_mean(n_i, theta) ** 2


UNBALANCED = Function(
    key="1f",
    title="The plain mean of unequal groups",
    prompt=markdown(r"""
        The chapter adds up the entries of $\mathbf V$ by hand for women with equally many
        measurements.
        Now woman $i$ has $n_i$ of them, and somebody still takes the plain mean of all $n$
        measurements.

        Write `se_of_mean(n_i, theta)`: the standard error of that plain mean.
        `n_i` is an array with a count for each woman, `theta` is $(\sigma_b^2, \sigma_\epsilon^2)$.
        Do not build $\mathbf V$: find the sum of its entries by hand.
        """),
    hints=(
        "The variance of the plain mean is the sum of all entries of V, divided by n². Each woman "
        "has a block in V; how many entries has the block of woman i?",
        "The block of woman i has n_i² entries with σ_b². On the diagonal of V stand n entries "
        "with another σ_ε².",
        "So sum `n_i**2`, not `n_i`, for the part between women. At the end divide by n² and take "
        "the root.",
    ),
    solution=markdown(r"""
        The block of woman $i$ has $n_i^2$ entries, each with $\sigma_b^2$, and the diagonal has $n$
        entries with another $\sigma_\epsilon^2$.
        Add them up and divide by $n^2$:

        $$\operatorname{Var}(\bar Y) = \frac{\sigma_b^2\sum_i n_i^2 + n\,\sigma_\epsilon^2}{n^2}.$$

        With equal $n_i$ this is the formula of the chapter.
        With unequal ones it is larger than the balanced formula says, because the woman with most
        measurements gets most of the weight.
        """),
    code=source(se_of_mean),
    right="Large groups count with the square of their size, so unequal groups make the plain "
    "mean less certain. The chapter on the profile likelihood finds a better mean.",
    name="se_of_mean",
    stub=markdown('''
        def se_of_mean(n_i, theta):
            """Standard error of the plain mean of all measurements, n_i of each woman."""
            sigma2_b, sigma2_e = theta
            return ...
        '''),
    reference=se_of_mean,
    cases=lambda study: [
        (study.n_i, np.array([1.5, 0.3])),
        (study.cut.n_i, np.array([0.7, 0.5])),
        (np.array([1, 2]), np.array([2.0, 1.0])),
        (np.array([30, 1, 1]), np.array([0.5, 3.0])),
    ],
    wrong=(
        Wrong(
            "balanced_only",
            se_if_balanced,
            "It is right where all women have equally many measurements, and too small otherwise. "
            "A woman with many measurements has a larger block in V: sum over the blocks.",
        ),
        Wrong(
            "n_is_80",
            se_if_independent,
            "That takes all measurements for independent: only the diagonal of V is in it. Add the "
            "entries for two measurements of the same woman.",
        ),
        Wrong(
            "one_block",
            se_one_block,
            "You gave σ_b² to every pair of measurements. Only pairs of the same woman have it: V "
            "has a block for each woman, and 0 elsewhere.",
        ),
        Wrong(
            "gls_not_plain",
            se_of_gls,
            "That is the standard error of the best weighted mean, which a later chapter finds. "
            "Here somebody takes the plain mean.",
        ),
        Wrong(
            "variance_not_se",
            se_without_root,
            "That is the variance of the mean. The standard error is its root.",
        ),
    ),
)


EXERCISES = (CORRELATION, COVARIANCE, PRINTOUT, PARAMETERS, PLAN, UNBALANCED)
