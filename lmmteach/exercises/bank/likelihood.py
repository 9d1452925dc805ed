"""Exercises of chapter 2: the likelihood and its top."""

import numpy as np

from lmmteach.exercises.bank._shortened import first_quarter, stops_early, theta_of_quarter
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong
from lmmteach.exercises.studies import LECTURE


def _between(study):
    """Sum of squares of the means of the first measurements."""
    return first_quarter(study)[0] / study.quarter


FEWER = Numeric(
    key="2a",
    title="Four measurements of each",
    prompt=markdown(r"""
        Suppose that the study had stopped after the first four measurements of each woman, with
        twenty rows in all.

        What is the maximum likelihood estimate of $\sigma_b^2$ from these rows?
        You can find it with a fit, or by hand from SSB and SSW; give at least three decimals.
        """),
    in_code="They are the rows of the DataFrame `study.data` whose `measurement` is at most 4.",
    hints=(
        "The closed form of the chapter holds for every balanced study. Which of the two counts in "
        "it, I or J, changes when each woman is measured only four times?",
        "For a fit, select the rows and use "
        '`lt.lmm("logestrone ~ 1 + (1 | woman)", data, method="ML")`. By hand, use the closed form '
        "of the chapter with J = 4.",
        "The variance of the five means, with divisor 5, still contains a part that comes from the "
        "errors. Subtract the error variance of a mean of four measurements.",
    ),
    solution=markdown(r"""
        With $I = 5$ and $J = 4$,

        $$\hat\sigma_\epsilon^2 = \frac{\mathrm{SSW}}{5 \cdot 3}, \qquad
        \hat\sigma_b^2 = \frac14\left(\frac{\mathrm{SSB}}{5} - \hat\sigma_\epsilon^2\right).$$

        Here $\mathrm{SSB}/(5 \cdot 4)$ is the variance of the five means.
        A mean of four measurements contains an error with variance $\sigma_\epsilon^2/4$, which the
        formula subtracts.
        The fit climbs to the same point.
        """),
    code=markdown("""
        four = study.data[study.data["measurement"] <= 4]
        fit = lt.lmm("logestrone ~ 1 + (1 | woman)", four, method="ML")
        answer = fit.sigma2_b
        """),
    right="The women are so far apart that even means of only four values contain little error by "
    "comparison, so the closed form had only a small part to subtract.",
    answer=lambda study: theta_of_quarter(study)[0],
    given=lambda study: dict(zip(("SSB", "SSW"), first_quarter(study), strict=True)),
    atol=5e-4,
    unit="logestrone²",
    needs=stops_early,
    elsewhere=(
        ("Four measurements of each", "<k^> measurements of each"),
        (
            "changes when each woman is measured only four times",
            "changes when each woman is measured only <k> times",
        ),
        ("with J = 4", "with J = <k#>"),
        ("with divisor 5", "with divisor <q#>"),
        ("of a mean of four measurements", "of a mean of <k> measurements"),
        ("With $I = 5$ and $J = 4$", "With $I = <q#>$ and $J = <k#>$"),
        ("{5 \\cdot 3}", "{<q#> \\cdot <k1#>}"),
        ("\\frac14", "\\frac1{<k#>}"),
        ("{\\mathrm{SSB}}{5}", "{\\mathrm{SSB}}{<q#>}"),
        ("\\mathrm{SSB}/(5 \\cdot 4)", "\\mathrm{SSB}/(<q#> \\cdot <k#>)"),
        (
            "A mean of four measurements contains an error with variance $\\sigma_\\epsilon^2/4$",
            "A mean of <k> measurements contains an error with variance $\\sigma_\\epsilon^2/<k#>$",
        ),
        (
            "The women are so far apart that even means of only four values contain little "
            "error by comparison, so the closed form had only a small part to subtract.",
            "Part of the variance of the means is error of measurement, and the closed form "
            "has taken that part away.",
        ),
        (
            "with divisor 4. Maximum likelihood divides by 5",
            "with divisor <q1#>. Maximum likelihood divides by <q#>",
        ),
        (
            "There is still a 16 in your formula, although each woman has only four measurements",
            "Your formula has the J of the whole study, although each woman has only <k> "
            "measurements",
        ),
        ("SSB/5 estimates σ_ε² + 4σ_b²", "SSB/<q#> estimates σ_ε² + <k#>σ_b²"),
        ("first four measurements", "first <k> measurements"),
        ("four =", "few ="),
        (", four, method", ", few, method"),
        (
            "Suppose that the study had stopped after the first four measurements of each "
            "woman, with twenty rows in all",
            "Suppose that the study had stopped after the first <k> measurements of each "
            "woman, with <kq> rows in all",
        ),
    ),
    wrong=(
        Wrong(
            "used_REML",
            lambda study: theta_of_quarter(study, reml=True)[0],
            "That is the REML estimate, which is what `lmm` computes by default. The "
            "question here is about maximum likelihood.",
        ),
        Wrong(
            "var_of_means_ddof0",
            lambda study: _between(study) / len(study.n_i),
            "That is the variance of the five means, and part of it is measurement error. How "
            "large is the error variance of a mean of four measurements?",
        ),
        Wrong(
            "var_of_means",
            lambda study: _between(study) / (len(study.n_i) - 1),
            "That is the variance of the five means with divisor 4. Maximum likelihood divides by "
            "5, and it also subtracts the part that comes from the errors.",
        ),
        Wrong(
            "sd_not_var",
            lambda study: np.sqrt(theta_of_quarter(study)[0]),
            "That is σ̂_b, the standard deviation between women, whereas the question is about the "
            "variance.",
        ),
        Wrong(
            "forgot_new_J",
            lambda study: theta_of_quarter(study, times=study.n_i.max())[0],
            "There is still a 16 in your formula, although each woman has only four measurements "
            "in these rows.",
        ),
        Wrong(
            "half_missing_on_logdet",
            lambda study: theta_of_quarter(study)[0] / 2,
            "This is the top of a different hill, one in which log|V| enters the log-likelihood "
            "without its ½. The factor −½ applies to both terms in the braces.",
        ),
        Wrong(
            "forgot_to_select",
            lambda study: study.ml.sigma2_b,
            "That is the estimate from all eighty rows, but you should keep only the first four "
            "measurements of each woman.",
        ),
        Wrong(
            "forgot_to_select_used_REML",
            lambda study: study.reml.sigma2_b,
            "That is the REML estimate from all eighty rows. Keep only the first four measurements "
            "of each woman, and use maximum likelihood.",
            always=False,
        ),
        Wrong(
            "forgot_to_divide_by_J",
            lambda study: study.quarter * theta_of_quarter(study)[0],
            "One division is missing, because SSB/5 estimates σ_ε² + 4σ_b² and not σ_ε² + σ_b².",
            always=False,
        ),
    ),
)


PER_UNIT = np.log(10) / 10

UNITS = Numeric(
    key="2b",
    about=LECTURE,
    title="A different logarithm",
    second_round=True,
    prompt=markdown(r"""
        The lecture works with ten times the logarithm to base ten.
        A colleague prefers the natural logarithm, $\log(\text{estrone})$, to
        $10\log_{10}(\text{estrone})$, and fits the same model to all eighty rows by maximum
        likelihood.

        Which value of $\hat\sigma_b^2$ does the colleague get?
        Give at least four decimals.
        """),
    in_code="The fit on the lecture's scale is `study.ml`.",
    hints=(
        "With x for estrone, the two scales differ by a constant factor: log x = c · 10 log₁₀ x. "
        "What is the value of c?",
        "The factor c is log(10)/10, with the natural logarithm. If you multiply all responses by "
        "c, what happens to a standard deviation, and what happens to a variance?",
    ),
    solution=markdown(r"""
        Since $\log x = c \cdot 10\log_{10} x$ with $c = \log(10)/10$, the colleague is only using
        different units.
        A fit in different units is the same fit, in which means and standard deviations are
        multiplied by $c$ and variances by $c^2$.
        So the answer is $c^2\hat\sigma_b^2$, with the ML estimate on the lecture's scale.
        """),
    code="answer = study.ml.sigma2_b * (np.log(10) / 10) ** 2",
    right="A change of unit multiplies a variance by the square of the factor, and changes nothing "
    "in what we learn about these women.",
    answer=lambda study: study.ml.sigma2_b * PER_UNIT**2,
    atol=1e-4,
    wrong=(
        Wrong(
            "scaled_by_not_squared",
            lambda study: study.ml.sigma2_b * PER_UNIT,
            "You multiplied by the factor between the two scales, which is how a standard "
            "deviation changes. What happens to a variance?",
        ),
        Wrong(
            "no_units",
            lambda study: study.ml.sigma2_b,
            "That is the estimate on the lecture's scale. A variance has the squared units of the "
            "data, and on the colleague's scale the numbers are smaller.",
        ),
        Wrong(
            "upside_down",
            lambda study: study.ml.sigma2_b / PER_UNIT**2,
            "You used the factor upside down. Natural logarithms are smaller than ten times the "
            "logarithms to base ten, so the variance must become smaller.",
        ),
        Wrong(
            "sd_not_var",
            lambda study: np.sqrt(study.ml.sigma2_b) * PER_UNIT,
            "That is the standard deviation between women on the right scale, but the question is "
            "about the variance.",
        ),
        Wrong(
            "used_REML",
            lambda study: study.reml.sigma2_b * PER_UNIT**2,
            "The factor is right, but it multiplies the REML estimate. The colleague fits the "
            "model by maximum likelihood.",
        ),
        Wrong(
            "no_units_used_REML",
            lambda study: study.reml.sigma2_b,
            "That is the REML estimate on the lecture's scale. The colleague uses maximum "
            "likelihood, on a scale on which the numbers are smaller.",
            always=False,
        ),
    ),
)


RESCALED = Choice(
    key="2c",
    title="Ten times the numbers",
    second_round=True,
    prompt=markdown(r"""
        Multiply the response $\mathbf y$ by 10, that is, the column `logestrone` and not the
        values in pg/ml, and fit the model again by maximum likelihood.

        What happens to the log-likelihood at its top?
        In the answers, log is the natural logarithm.
        """),
    hints=(
        "At the new top, V is multiplied by 100. Look at the two terms of equation (1), one after "
        "the other.",
        "The quadratic form does not change, because the deviations and their standard deviations "
        "are all 10 times as large. But V has n eigenvalues, so what happens to log|V|?",
    ),
    solution=markdown(r"""
        At the new top $\hat{\mathbf V}$ is 100 times the old one, so the quadratic form stays the
        same.
        But all $n$ eigenvalues are multiplied by 100, which makes $\log\lvert\mathbf V\rvert$
        larger by $n\log 100$, and $\ell$ smaller by half of that, $n\log 10$.

        The reason is that a density is a probability *per unit of $y$*.
        So the height of a log-likelihood has no meaning by itself, and you can compare the
        heights of two settings, or of two models, only for the *same* data.
        """),
    right="The height of the hill depends on the scale of the response, so compare two models "
    "only on identical data in identical units.",
    options=(
        Option(
            "Nothing, because the fit is the same in different units.",
            "It is true that the fit is the same. But a density has units, because it is a "
            "probability per unit of y.",
            "loglik_has_no_units",
        ),
        Option(
            "It falls by n · log 10.",
            "Through the determinant of V, each of the n measurements lowers ℓ by log 10.",
        ),
        Option(
            "It falls by log 10.",
            "The direction is right. But this is the density of n measurements together, and each "
            "of them is in the new unit.",
            "one_for_all",
        ),
        Option(
            "It becomes 100 times as large, just as the variances do.",
            "The variances do become 100 times as large. But they enter through a logarithm, which "
            "turns a factor into a term that is added.",
            "log_of_a_product",
        ),
    ),
    answer=1,
)


ZERO = Choice(
    key="2d",
    title="A variance of zero",
    second_round=True,
    prompt=markdown(r"""
        A study compares six hospitals, with ten patients in each.
        The fit by maximum likelihood gives $\hat\sigma_b^2 = 0$, with a warning that the
        estimate is on the boundary.

        What can we conclude from this?
        """),
    hints=(
        "The means of six hospitals are never all equal, even if the hospitals themselves are. How "
        "much would means of ten patients differ by chance alone?",
        "Look at the closed form of the chapter, and ask what makes its estimate 0.",
    ),
    solution=markdown(r"""
        The estimate is 0 if $\mathrm{SSB}/I \le \mathrm{SSW}/(I(J-1))$, which happens when the six
        means differ no more, or hardly more, than errors alone would lead us to expect.
        That does not prove that the hospitals are alike, because with few groups it often happens
        even if they differ.
        The profile likelihood in the next chapter shows which values of $\sigma_b^2$ are almost as
        plausible as 0.
        Nor has the fit failed, because 0 is where the likelihood is highest.
        """),
    right="An interval, such as the one in the next chapter, is the way to find out which larger "
    "values of σ_b² remain plausible.",
    options=(
        Option(
            "The hospitals do not differ.",
            "An estimate is not the truth, and with ten patients in each hospital, small "
            "differences can hide behind the errors. What exactly does an estimate of 0 imply for "
            "the six means?",
            "zero_means_none",
        ),
        Option(
            "The program failed to find the maximum.",
            "It has found the maximum. The hill may still be rising where it reaches σ_b² = 0, but "
            "a variance cannot be negative, so the top is on the edge.",
            "boundary_is_failure",
        ),
        Option(
            "The ten patients of a hospital are exactly alike.",
            "That would be an error variance of 0. Which of the two variances is about hospitals, "
            "and which is about the patients in one of them?",
            "within_not_between",
        ),
        Option(
            "The data show no sign of a difference between hospitals, but there may still be one.",
            "The six means vary no more, or hardly more, than errors alone would lead us to "
            "expect, and that is all that this fit shows.",
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
        Since $\mathbf V$ consists of blocks, one for each woman, every term of the likelihood is a
        sum over women, and $\mathbf V$ itself is never needed.
        In three steps you will write such sums yourself, but first look at one that is finished.

        The block of woman $i$ has the eigenvalue $\sigma_\epsilon^2 + n_i\sigma_b^2$ once, in the
        direction of her mean, and the eigenvalue $\sigma_\epsilon^2$ in the other $n_i - 1$
        directions.
        This gives the logarithm of the determinant, for groups of any size:
        """)
    + f"\n\n```python\n{source(log_det)}```\n\n"
    + markdown(r"""
        The next term is the quadratic form $\mathbf r^{\mathsf T}\mathbf V^{-1}\mathbf r$ of the
        deviations $\mathbf r = \mathbf y - \mathbf X\boldsymbol\beta$.
        In each direction, it divides the squared length of $\mathbf r$ by the eigenvalue.
        With $\bar r_i$ for the mean of a woman's deviations, the squared length in the direction
        of her mean is $n_i\bar r_i^2$, and in her other directions together it is
        $\sum_j (r_{ij} - \bar r_i)^2$.

        Write the last line of `quadratic_form`, which brings these pieces together.
        """),
    hints=(
        "There are two kinds of directions and two eigenvalues: `of_mean` belongs to the means, "
        "and `sigma2_e` to what is left within women.",
        "Within women all directions have the same eigenvalue, so you can add their squared "
        "lengths first, which gives `SSW`.",
        "The means contribute `n_i * means**2`, divided by `of_mean` and then summed over women.",
    ),
    solution=markdown(r"""
        $$
        \mathbf r^{\mathsf T}\mathbf V^{-1}\mathbf r =
        \sum_i \frac{n_i\bar r_i^2}{\sigma_\epsilon^2 + n_i\sigma_b^2} +
        \frac{\mathrm{SSW}}{\sigma_\epsilon^2}
        $$

        A symmetric matrix multiplies each of its eigenvectors by an eigenvalue, and its inverse
        divides it by the same eigenvalue.
        The deviations of the means are divided by the larger eigenvalue, so with a large
        $\sigma_b^2$ they hardly matter any more, whereas the scatter within a woman matters as
        much as before.
        """),
    code=source(quadratic_form),
    right="So V⁻¹ amounts to two divisions: squared deviations of the women's means are divided by "
    "the larger eigenvalue, and the scatter around those means by the smaller one.",
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
            "The squared length in the direction of a woman's mean is larger than that, because "
            "the mean deviation is part of every one of her rows.",
        ),
        Wrong(
            "mean_n",
            quadratic_mean_n,
            "This is right only if all women have the same number of measurements. Each woman has "
            "an eigenvalue of her own, so divide before you sum.",
        ),
        Wrong(
            "forgot_sigma_b",
            quadratic_independent,
            "You divided everything by the error variance, as if all measurements were "
            "independent. The means have a different eigenvalue.",
        ),
    ),
    series=SERIES,
)

STEP_2 = Function(
    key="2e2",
    title="Woman by woman: the last two lines",
    second_round=True,
    prompt=markdown(r"""
        In this step we look for the slope of $\ell$ with respect to $\sigma_b^2$.
        From the previous step you know both parts of
        $\ell = -\tfrac12\left\{\log\lvert\mathbf V\rvert +
        \mathbf r^{\mathsf T}\mathbf V^{-1}\mathbf r\right\}$
        as sums over women.
        In both of them $\sigma_b^2$ occurs only in the eigenvalue
        $\sigma_\epsilon^2 + n_i\sigma_b^2$, which the code calls `of_mean`.

        Differentiate, and write the last two lines.
        The first is `terms`, an array that contains, for each woman, the derivative of her part of
        the braces with respect to $\sigma_b^2$, without the $-\tfrac12$; the second returns the
        slope.
        """),
    hints=(
        "The derivative of the eigenvalue with respect to σ_b² is n_i. You need it twice, once for "
        "the logarithm and once for the quadratic form.",
        "The derivative of log(of_mean) is n_i / of_mean, and that of n_i r̄_i² / of_mean is −n_i "
        "r̄_i² n_i / of_mean².",
        "Add the two derivatives for each woman; at the end, sum over women and multiply by −½.",
    ),
    solution=markdown(r"""
        With $\nu_i = \sigma_\epsilon^2 + n_i\sigma_b^2$, whose derivative is $n_i$,

        $$
        \frac{\partial\ell}{\partial\sigma_b^2} = -\frac12\sum_i\left\{\frac{n_i}{\nu_i} -
        \left(\frac{n_i\bar r_i}{\nu_i}\right)^2\right\}.
        $$

        The first part is the cost of a model that is spread more widely, and the second is its gain
        from means that are far from the centre.
        The result is the second entry of `likelihood.score`, without any matrix of size
        $n \times n$.
        """),
    code=source(slope_between),
    right="For each woman log|V| contributes a cost and the quadratic form a gain; at the top, the "
    "sums of the two cancel.",
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
            "This is twice the slope, because the ½ in front of the braces is missing.",
        ),
        Wrong(
            "forgot_inner_derivative",
            slope_between_no_chain,
            "The chain rule is missing: in the eigenvalue σ_b² is multiplied by n_i, so both terms "
            "need a further factor n_i.",
        ),
        Wrong(
            "forgot_logdet",
            slope_between_only_misfit,
            "This contains only the quadratic form, so the slope can never be negative. The "
            "determinant changes with σ_b² as well.",
        ),
        Wrong(
            "sign_turned",
            slope_between_down,
            "The sign is reversed, so this is the slope of minus the log-likelihood.",
        ),
    ),
    series=SERIES,
)

STEP_3 = Function(
    key="2e3",
    title="Woman by woman: on your own",
    second_round=True,
    prompt=markdown(r"""
        What remains is the other slope of $\ell$, the one with respect to $\sigma_\epsilon^2$.
        This parameter is part of both kinds of eigenvalue: the one that belongs to each woman's
        mean, and the $n_i - 1$ others of her block.

        Write `slope_within(r, Z, theta)`, again woman by woman and without any matrix of size
        $n \times n$.
        """),
    hints=(
        "Write down log|V| and the quadratic form as sums over women, as in the two previous "
        "steps, and mark every place where σ_ε² occurs.",
        "This time both eigenvalues change with the parameter, each with derivative 1. So log|V| "
        "gives 1/of_mean and (n_i − 1)/σ_ε² for each woman.",
        "In the quadratic form each squared length is divided by an eigenvalue ν, and the "
        "derivative of 1/ν is −1/ν². Remember the part with `SSW`.",
    ),
    solution=markdown(r"""
        With $\nu_i = \sigma_\epsilon^2 + n_i\sigma_b^2$,

        $$
        \frac{\partial\ell}{\partial\sigma_\epsilon^2} =
        -\frac12\left\{\sum_i\left(\frac1{\nu_i} + \frac{n_i - 1}{\sigma_\epsilon^2}\right) -
        \sum_i\frac{n_i\bar r_i^2}{\nu_i^2} - \frac{\mathrm{SSW}}{\sigma_\epsilon^4}\right\}.
        $$

        Every eigenvalue contains $\sigma_\epsilon^2$ with the factor 1, so each direction
        contributes $1/\nu$ to the cost, and its squared length divided by $\nu^2$ to the gain.
        """),
    code=source(slope_within),
    right="With both slopes as sums you could fit the model to a hundred thousand rows, for which "
    "V itself would be too large for the memory of your computer.",
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
            "This is twice the slope, because the ½ in front of the braces is missing.",
        ),
        Wrong(
            "forgot_the_means",
            slope_within_only,
            "This contains only the directions within women, but the eigenvalue of a woman's mean "
            "depends on σ_ε² as well.",
        ),
        Wrong(
            "one_too_many",
            slope_within_all_n,
            "Count the directions of a woman again. Her mean takes one of them, so the eigenvalue "
            "`sigma2_e` on its own occurs one time fewer than she has measurements.",
        ),
        Wrong(
            "eigenvalue_not_squared",
            slope_within_no_square,
            "The part from log|V| is right. The quadratic form, however, is still divided by the "
            "eigenvalues only once, as if it had not been differentiated.",
        ),
    ),
    series=SERIES,
)


EXERCISES = (FEWER, UNITS, RESCALED, ZERO, STEP_1, STEP_2, STEP_3)
