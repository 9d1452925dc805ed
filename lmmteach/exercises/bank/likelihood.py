"""Exercises of chapter 2: the likelihood and its top."""

import numpy as np

from lmmteach.exercises.bank._shortened import first_four, theta_of_four
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong

FEWER = Numeric(
    key="2a",
    title="Four measurements of each",
    prompt=markdown(r"""
        Suppose that the study had stopped after four measurements of each woman, with twenty rows
        in all.

        What is the maximum likelihood estimate of $\sigma_b^2$ from these rows?
        Find it by a fit, or by hand from SSB and SSW.
        Give at least three decimals.
        """),
    in_code="They are the rows of the DataFrame `study.data` whose `measurement` is at most 4.",
    hints=(
        "The closed form of the chapter holds for every balanced study. Which of the two counts in "
        "it changes when each woman is measured four times only?",
        'By a fit: `lt.lmm("logestrone ~ 1 + (1 | woman)", data, method="ML")`. By hand: the '
        "closed form of the chapter, with J = 4.",
        "The variance of the five means, divided by 5, still contains a part from the "
        "measurements. Take off what a mean of four measurements carries.",
    ),
    solution=markdown(r"""
        With $I = 5$ and $J = 4$,

        $$\hat\sigma_\epsilon^2 = \frac{\mathrm{SSW}}{5 \cdot 3}, \qquad
        \hat\sigma_b^2 = \frac14\left(\frac{\mathrm{SSB}}{5} - \hat\sigma_\epsilon^2\right).$$

        $\mathrm{SSB}/(5 \cdot 4)$ is the variance of the five means.
        A mean of four measurements carries $\sigma_\epsilon^2/4$ of error, and that is taken off.
        The fit climbs to the same point.
        """),
    code=markdown("""
        four = study.data[study.data["measurement"] <= 4]
        fit = lt.lmm("logestrone ~ 1 + (1 | woman)", four, method="ML")
        answer = fit.sigma2_b
        """),
    right="With four measurements a woman's mean carries more error than with sixteen, and "
    "the estimate has taken that off.",
    answer=lambda study: theta_of_four(study)[0],
    given=lambda study: dict(zip(("SSB", "SSW"), first_four(study), strict=True)),
    atol=5e-4,
    unit="logestrone²",
    wrong=(
        Wrong(
            "used_REML",
            lambda study: theta_of_four(study, reml=True)[0],
            "That is the REML estimate, which `lmm` gives unless it is told otherwise. Here the "
            "question is about maximum likelihood.",
        ),
        Wrong(
            "var_of_means_ddof0",
            lambda study: first_four(study)[0] / 20,
            "That is the variance of the five means. Part of it is error of measurement: what does "
            "a mean of four measurements carry?",
        ),
        Wrong(
            "var_of_means",
            lambda study: first_four(study)[0] / 16,
            "That is the variance of the five means, with 4 below the line. Maximum likelihood "
            "divides by 5, and it takes off the part that comes from the measurements.",
        ),
        Wrong(
            "sd_not_var",
            lambda study: np.sqrt(theta_of_four(study)[0]),
            "That is σ̂_b, the standard deviation. The question is about the variance.",
        ),
        Wrong(
            "forgot_new_J",
            lambda study: theta_of_four(study, times=16)[0],
            "There is still a 16 in your formula. With these rows each woman has four "
            "measurements.",
        ),
        Wrong(
            "half_missing_on_logdet",
            lambda study: theta_of_four(study)[0] / 2,
            "You climbed another hill: that is its top if log|V| enters the log-likelihood without "
            "its ½. Both terms stand in the brace behind −½.",
        ),
        Wrong(
            "forgot_to_select",
            lambda study: study.ml.sigma2_b,
            "That is the estimate from all eighty rows. Keep the first four measurements of each "
            "woman only.",
        ),
        Wrong(
            "forgot_to_select_used_REML",
            lambda study: study.reml.sigma2_b,
            "That is the REML estimate from all eighty rows. Keep the first four measurements of "
            "each woman, and use maximum likelihood.",
            always=False,
        ),
        Wrong(
            "forgot_to_divide_by_J",
            lambda study: 4 * theta_of_four(study)[0],
            "One division is missing: SSB/5 estimates σ_ε² + 4σ_b², and not σ_ε² + σ_b².",
            always=False,
        ),
    ),
)


PER_UNIT = np.log(10) / 10

UNITS = Numeric(
    key="2b",
    title="Another logarithm",
    prompt=markdown(r"""
        `logestrone` is ten times the logarithm to base ten.
        A colleague prefers the natural logarithm of estrone itself, $\log(\text{estrone})$ instead
        of $10\log_{10}(\text{estrone})$, and fits the same model by maximum likelihood, to all
        eighty rows.

        Which $\hat\sigma_b^2$ does the colleague get?
        Give at least four decimals.
        """),
    in_code="The fit on the lecture's scale is `study.ml`.",
    hints=(
        "Write x for estrone. The two scales differ by a constant factor: log x = c · 10 log₁₀ x. "
        "What is c?",
        "c is log(10)/10, with the natural logarithm. If all responses are multiplied by c, what "
        "happens to a "
        "standard deviation, and what to a variance?",
    ),
    solution=markdown(r"""
        $\log x = c \cdot 10\log_{10} x$ with $c = \log(10)/10$.
        A fit in other units is the same fit: means and standard deviations are multiplied by $c$,
        variances by $c^2$.
        So the answer is $c^2\hat\sigma_b^2$, with the ML estimate of the lecture's scale.
        """),
    code="answer = study.ml.sigma2_b * (np.log(10) / 10) ** 2",
    right="A variance goes with the square of the unit; the likelihood tells the same story "
    "on both scales.",
    answer=lambda study: study.ml.sigma2_b * PER_UNIT**2,
    atol=1e-4,
    wrong=(
        Wrong(
            "scaled_by_not_squared",
            lambda study: study.ml.sigma2_b * PER_UNIT,
            "You multiplied by the factor between the two scales. That is how a standard deviation "
            "changes; what does a variance do?",
        ),
        Wrong(
            "no_units",
            lambda study: study.ml.sigma2_b,
            "That is the estimate on the lecture's scale. A variance has units, those of the data "
            "squared, and the colleague's data are smaller numbers.",
        ),
        Wrong(
            "upside_down",
            lambda study: study.ml.sigma2_b / PER_UNIT**2,
            "You went the other way. Natural logarithms are smaller numbers than ten times the "
            "logarithm to base ten, so the variance must become smaller.",
        ),
        Wrong(
            "sd_not_var",
            lambda study: np.sqrt(study.ml.sigma2_b) * PER_UNIT,
            "That is the standard deviation between women, on the right scale. The question is "
            "about the variance.",
        ),
        Wrong(
            "used_REML",
            lambda study: study.reml.sigma2_b * PER_UNIT**2,
            "The factor is right, but you started from the REML estimate. Take the fit by maximum "
            "likelihood.",
        ),
        Wrong(
            "no_units_used_REML",
            lambda study: study.reml.sigma2_b,
            "That is the REML estimate on the lecture's scale. The colleague uses maximum "
            "likelihood, and the colleague's data are smaller numbers.",
            always=False,
        ),
    ),
)


RESCALED = Choice(
    key="2c",
    title="Ten times the numbers",
    prompt=markdown(r"""
        Multiply the response $\mathbf y$ by 10 (the column `logestrone`, not the pg/ml), and fit
        the model by maximum likelihood again.

        What happens to the log-likelihood at its top?
        (log is the natural logarithm.)
        """),
    hints=(
        "At the top V is multiplied by 100. Look at the two terms of equation (1), one by one.",
        "The quadratic form does not change: deviations are 10 times as large, and so is their "
        "unit. V has n eigenvalues; what happens to log|V|?",
    ),
    solution=markdown(r"""
        At the new top $\hat{\mathbf V}$ is 100 times the old one.
        The quadratic form stays the same.
        All $n$ eigenvalues are multiplied by 100, so $\log\lvert\mathbf V\rvert$ grows by
        $n\log 100$, and $\ell$ falls by half of that, $n\log 10$.

        A density is "per unit of $y$".
        So the height of a log-likelihood says nothing by itself: only differences do, between
        settings of the dials for the *same* data.
        """),
    right="A density is per unit of y, once for each measurement. Compare log-likelihoods "
    "only for the same data in the same units.",
    options=(
        Option(
            "Nothing: the fit is the same, in other units.",
            "The fit is the same, that is true. But a density has units: it says how much "
            "probability there is per unit of y.",
            "loglik_has_no_units",
        ),
        Option(
            "It falls by n · log 10.",
            "Every measurement brings one log 10, through the determinant of V.",
        ),
        Option(
            "It falls by log 10.",
            "The right direction. But the density is one of n measurements together, and each of "
            "them has the new unit.",
            "one_for_all",
        ),
        Option(
            "It becomes 100 times as large, as the variances do.",
            "The variances do. But they enter through a logarithm, where a factor becomes a sum.",
            "log_of_a_product",
        ),
    ),
    answer=1,
)


ZERO = Choice(
    key="2d",
    title="A variance of zero",
    prompt=markdown(r"""
        Somebody compares six hospitals, ten patients in each.
        The fit says $\hat\sigma_b^2 = 0$ and warns of a boundary.

        What may be concluded?
        """),
    hints=(
        "The means of six hospitals are never all equal, even if the hospitals are. How much do "
        "means of ten patients differ by chance?",
        "In the closed form, when is the estimate 0?",
    ),
    solution=markdown(r"""
        The estimate is 0 where $\mathrm{SSB}/I \le \mathrm{SSW}/(I(J-1))$: where the six means
        differ about as little as errors alone would make them differ.
        That is no proof that the hospitals are alike.
        With few groups it happens often even if they differ, and the profile likelihood will show
        which values of $\sigma_b^2$ are as plausible as 0.
        The fit itself has not failed: 0 is where the likelihood is highest.
        """),
    right="The profile likelihood of the next chapter will show how far σ_b² may lie above 0.",
    options=(
        Option(
            "The hospitals do not differ.",
            "An estimate is not the truth. Small differences can hide behind the errors of ten "
            "patients each: what exactly does the 0 say about the six means?",
            "zero_means_none",
        ),
        Option(
            "The program failed to find the maximum.",
            "It has found it. The hill may still be rising at σ_b² = 0, but a variance cannot be "
            "negative, so the top lies on the edge.",
            "boundary_is_failure",
        ),
        Option(
            "The ten patients of a hospital are exactly alike.",
            "That would be an error variance of 0. Which of the two variances compares hospitals, "
            "and which the patients of one?",
            "within_not_between",
        ),
        Option(
            "The data show no sign of a difference between hospitals. There may still be one.",
            "The six means differ about as little as errors alone would make them: that is what "
            "the data say, no more and no less.",
        ),
    ),
    answer=3,
)


def log_det(n_i, theta):
    """log |V| as a sum over women."""
    sigma2_b, sigma2_e = theta
    of_mean = sigma2_e + n_i * sigma2_b
    within = (n_i - 1) * np.log(sigma2_e)
    return np.sum(np.log(of_mean) + within)


def quadratic_form(r, Z, theta):
    """The quadratic form of the deviations r, woman by woman."""
    sigma2_b, sigma2_e = theta
    n_i = Z.sum(axis=0)
    means = Z.T @ r / n_i
    SSW = np.sum((r - Z @ means) ** 2)
    of_mean = sigma2_e + n_i * sigma2_b
    return np.sum(n_i * means**2 / of_mean) + SSW / sigma2_e


def quadratic_without_n_i(r, Z, theta):
    """With the mean's deviation counted once."""
    n_i = Z.sum(axis=0)
    means = Z.T @ r / n_i
    return quadratic_form(r, Z, theta) - np.sum((n_i - 1) * means**2 / (theta[1] + n_i * theta[0]))


def quadratic_mean_n(r, Z, theta):
    """As if all women had equally many measurements, in the eigenvalue."""
    n_i = Z.sum(axis=0)
    means = Z.T @ r / n_i
    of_mean = theta[1] + n_i.mean() * theta[0]
    return np.sum(n_i * means**2) / of_mean + np.sum((r - Z @ means) ** 2) / theta[1]


def quadratic_independent(r, Z, theta):
    """Without the variance between women."""
    return r @ r / theta[1]


def slope_between(r, Z, theta):
    """Slope of the log-likelihood in sigma2_b, woman by woman."""
    sigma2_b, sigma2_e = theta
    n_i = Z.sum(axis=0)
    means = Z.T @ r / n_i
    of_mean = sigma2_e + n_i * sigma2_b
    terms = n_i / of_mean - (n_i * means / of_mean) ** 2
    return -0.5 * np.sum(terms)


def slope_between_whole(r, Z, theta):
    """Without the half."""
    return 2 * slope_between(r, Z, theta)


def slope_between_no_chain(r, Z, theta):
    """Without the inner derivative n_i."""
    n_i = Z.sum(axis=0)
    means = Z.T @ r / n_i
    of_mean = theta[1] + n_i * theta[0]
    return -0.5 * np.sum(1 / of_mean - n_i * means**2 / of_mean**2)


def slope_between_only_misfit(r, Z, theta):
    """Without the determinant."""
    n_i = Z.sum(axis=0)
    return 0.5 * np.sum((Z.T @ r / (theta[1] + n_i * theta[0])) ** 2)


def slope_between_down(r, Z, theta):
    """Of minus the log-likelihood."""
    return -slope_between(r, Z, theta)


def slope_within(r, Z, theta):
    """Slope of the log-likelihood in sigma2_e, woman by woman."""
    sigma2_b, sigma2_e = theta
    n_i = Z.sum(axis=0)
    means = Z.T @ r / n_i
    SSW = np.sum((r - Z @ means) ** 2)
    of_mean = sigma2_e + n_i * sigma2_b
    spread = np.sum(1 / of_mean + (n_i - 1) / sigma2_e)
    misfit = np.sum(n_i * means**2 / of_mean**2) + SSW / sigma2_e**2
    return -0.5 * (spread - misfit)


def slope_within_whole(r, Z, theta):
    """Without the half."""
    return 2 * slope_within(r, Z, theta)


def slope_within_only(r, Z, theta):
    """Without the direction of the means."""
    n_i = Z.sum(axis=0)
    SSW = np.sum((r - Z @ (Z.T @ r / n_i)) ** 2)
    return -0.5 * (np.sum(n_i - 1) / theta[1] - SSW / theta[1] ** 2)


def slope_within_all_n(r, Z, theta):
    """With n_i directions within a woman instead of n_i - 1."""
    return slope_within(r, Z, theta) - 0.5 * Z.shape[1] / theta[1]


def slope_within_no_square(r, Z, theta):
    """With the eigenvalues of the quadratic form not squared."""
    n_i = Z.sum(axis=0)
    spread = np.sum(1 / (theta[1] + n_i * theta[0]) + (n_i - 1) / theta[1])
    return -0.5 * (spread - quadratic_form(r, Z, theta))


def step_cases(study):
    """Balanced, unbalanced, and by hand; never at the top, where slopes are 0."""
    cut = study.cut
    return [
        (study.y - study.y.mean(), study.Z, np.array([0.5, 0.8])),
        (cut.y - cut.y.mean(), cut.Z, np.array([2.0, 0.4])),
        (cut.y - cut.means.mean(), cut.Z, np.array([0.1, 0.3])),
        (
            np.array([1.0, -2.0, 0.5, 3.0]),
            np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]),
            np.array([2.0, 0.5]),
        ),
    ]


SERIES = "woman by woman"

STEP_1 = Function(
    key="2e1",
    title="Woman by woman: the last line",
    prompt=markdown(r"""
        $\mathbf V$ is made of blocks, one for each woman.
        So every term of the likelihood is a sum over women, and $\mathbf V$ itself is never needed.
        In three steps you will write such sums.
        First, look at one that is finished.

        The block of woman $i$ has the eigenvalue $\sigma_\epsilon^2 + n_i\sigma_b^2$ once, in the
        direction of her mean, and the eigenvalue $\sigma_\epsilon^2$ in the other $n_i - 1$
        directions.
        This gives the determinant, for groups of any size:
        """)
    + f"\n\n```python\n{source(log_det)}```\n\n"
    + markdown(r"""
        Now the quadratic form $\mathbf r^{\mathsf T}\mathbf V^{-1}\mathbf r$ of the deviations
        $\mathbf r = \mathbf y - \mathbf X\boldsymbol\beta$.
        In each direction, the squared length of $\mathbf r$ is divided by the eigenvalue.
        In the direction of her mean the squared length is $n_i\bar r_i^2$;
        in the others together it is $\sum_j (r_{ij} - \bar r_i)^2$.

        Write the last line of `quadratic_form`.
        """),
    hints=(
        "Two kinds of directions, two eigenvalues: `of_mean` belongs to the means, `sigma2_e` to "
        "what is left within women.",
        "Within women, all directions have the same eigenvalue. So their squared lengths may be "
        "added first, and that is `SSW`.",
        "For the means: `n_i * means**2`, divided by `of_mean`, summed over women.",
    ),
    solution=markdown(r"""
        $$
        \mathbf r^{\mathsf T}\mathbf V^{-1}\mathbf r =
        \sum_i \frac{n_i\bar r_i^2}{\sigma_\epsilon^2 + n_i\sigma_b^2} +
        \frac{\mathrm{SSW}}{\sigma_\epsilon^2}
        $$

        A symmetric matrix stretches each of its directions by an eigenvalue, and its inverse
        divides by it.
        The deviations of the means are divided by a large eigenvalue, so a large $\sigma_b^2$
        forgives them; it does not forgive what happens within a woman.
        """),
    code=source(quadratic_form),
    right="Means and what is left within women are measured with different yardsticks, and "
    "that is all that V⁻¹ does here.",
    name="quadratic_form",
    stub=markdown('''
        def quadratic_form(r, Z, theta):
            """The quadratic form of the deviations r, woman by woman."""
            sigma2_b, sigma2_e = theta
            n_i = Z.sum(axis=0)
            means = Z.T @ r / n_i
            SSW = np.sum((r - Z @ means) ** 2)
            of_mean = sigma2_e + n_i * sigma2_b
            return ...
        '''),
    reference=quadratic_form,
    cases=step_cases,
    wrong=(
        Wrong(
            "forgot_n_i",
            quadratic_without_n_i,
            "The squared length in the direction of a woman's mean is larger: her mean deviation "
            "stands in each of her rows, and each of them counts.",
        ),
        Wrong(
            "mean_n",
            quadratic_mean_n,
            "It is right only where all women have equally many measurements. Each woman has an "
            "eigenvalue of her own, so divide before you sum.",
        ),
        Wrong(
            "forgot_sigma_b",
            quadratic_independent,
            "You divided everything by the error variance, as if measurements were independent. "
            "The means have another eigenvalue.",
        ),
    ),
    series=SERIES,
)

STEP_2 = Function(
    key="2e2",
    title="Woman by woman: the last two lines",
    prompt=markdown(r"""
        Now the slope of $\ell$ in $\sigma_b^2$.
        You know both parts of
        $\ell = -\tfrac12\left\{\log\lvert\mathbf V\rvert +
        \mathbf r^{\mathsf T}\mathbf V^{-1}\mathbf r\right\}$
        as sums over women, from the step before.
        In both of them $\sigma_b^2$ occurs only in the eigenvalue
        $\sigma_\epsilon^2 + n_i\sigma_b^2$, which the code calls `of_mean`.

        Differentiate, and write the last two lines: `terms`, an array that holds for each woman
        the derivative of her part of the brace in $\sigma_b^2$ (without the $-\tfrac12$), and the
        slope.
        """),
    hints=(
        "The derivative of the eigenvalue in σ_b² is n_i. It comes in twice: once for log, once "
        "for the quadratic form.",
        "The derivative of log(of_mean) is n_i / of_mean. That of n_i r̄_i² / of_mean is −n_i "
        "r̄_i² n_i / of_mean².",
        "Add the two for each woman. At the end sum over women, and multiply by −½.",
    ),
    solution=markdown(r"""
        With $\nu_i = \sigma_\epsilon^2 + n_i\sigma_b^2$, whose derivative is $n_i$,

        $$
        \frac{\partial\ell}{\partial\sigma_b^2} = -\frac12\sum_i\left\{\frac{n_i}{\nu_i} -
        \left(\frac{n_i\bar r_i}{\nu_i}\right)^2\right\}.
        $$

        The first part is the price of a wide model.
        The second is what such a model gains where means lie far out.
        This is the second entry of `likelihood.score`, without any matrix of size $n \times n$.
        """),
    code=source(slope_between),
    right="Each woman pays for the variance and gains by her distance from the mean; at the "
    "top the two balance.",
    name="slope_between",
    stub=markdown('''
        def slope_between(r, Z, theta):
            """Slope of the log-likelihood in sigma2_b, woman by woman."""
            sigma2_b, sigma2_e = theta
            n_i = Z.sum(axis=0)
            means = Z.T @ r / n_i
            of_mean = sigma2_e + n_i * sigma2_b
            terms = ...
            return ...
        '''),
    reference=slope_between,
    cases=step_cases,
    wrong=(
        Wrong(
            "forgot_half",
            slope_between_whole,
            "It is twice the slope: the ½ in front of the brace is missing.",
        ),
        Wrong(
            "forgot_inner_derivative",
            slope_between_no_chain,
            "The chain rule: σ_b² stands in the eigenvalue with the factor n_i, so n_i comes out "
            "of both terms.",
        ),
        Wrong(
            "forgot_logdet",
            slope_between_only_misfit,
            "Only the quadratic form is in it, so the slope can never be negative. The "
            "determinant changes with σ_b² as well.",
        ),
        Wrong(
            "sign_turned",
            slope_between_down,
            "The sign is turned: that is the slope of minus the log-likelihood.",
        ),
    ),
    series=SERIES,
)

STEP_3 = Function(
    key="2e3",
    title="Woman by woman: on your own",
    prompt=markdown(r"""
        The other slope of $\ell$, in $\sigma_\epsilon^2$.
        This parameter stands in both kinds of eigenvalues: once in the eigenvalue of each woman's
        mean, and in the $n_i - 1$ others of her block.

        Write `slope_within(r, Z, theta)`, woman by woman as before, with no matrix of size
        $n \times n$.
        """),
    hints=(
        "Write down log|V| and the quadratic form as sums over women, as in the two steps before. "
        "Mark every place where σ_ε² stands.",
        "Now both eigenvalues change with the parameter, each with derivative 1. So log|V| gives "
        "1/of_mean for each woman, and (n_i − 1)/σ_ε².",
        "In the quadratic form each squared length is divided by an eigenvalue; the derivative of "
        "1/ν is −1/ν². Do not forget the part with `SSW`.",
    ),
    solution=markdown(r"""
        With $\nu_i = \sigma_\epsilon^2 + n_i\sigma_b^2$,

        $$
        \frac{\partial\ell}{\partial\sigma_\epsilon^2} =
        -\frac12\left\{\sum_i\left(\frac1{\nu_i} + \frac{n_i - 1}{\sigma_\epsilon^2}\right) -
        \sum_i\frac{n_i\bar r_i^2}{\nu_i^2} - \frac{\mathrm{SSW}}{\sigma_\epsilon^4}\right\}.
        $$

        Every eigenvalue contains $\sigma_\epsilon^2$ with factor 1, so each direction contributes
        $1/\nu$ to the price and its squared length over $\nu^2$ to the gain.
        """),
    code=source(slope_within),
    right="With both slopes written as sums over women one can climb with a hundred thousand "
    "rows, for which V would not fit into any memory.",
    name="slope_within",
    stub=markdown('''
        def slope_within(r, Z, theta):
            """Slope of the log-likelihood in sigma2_e, woman by woman."""
            return ...
        '''),
    reference=slope_within,
    cases=step_cases,
    wrong=(
        Wrong(
            "forgot_half",
            slope_within_whole,
            "It is twice the slope: the ½ in front of the brace is missing.",
        ),
        Wrong(
            "forgot_the_means",
            slope_within_only,
            "Only the directions within women are in it. The eigenvalue of a woman's mean contains "
            "σ_ε² as well.",
        ),
        Wrong(
            "one_too_many",
            slope_within_all_n,
            "Count the directions of a woman: her mean has taken one, so for `sigma2_e` alone "
            "there is one less than she has measurements.",
        ),
        Wrong(
            "eigenvalue_not_squared",
            slope_within_no_square,
            "The part from log|V| is right. In the quadratic form you divided by the eigenvalues "
            "once, as if it had not been differentiated.",
        ),
    ),
    series=SERIES,
)


EXERCISES = (FEWER, UNITS, RESCALED, ZERO, STEP_1, STEP_2, STEP_3)
