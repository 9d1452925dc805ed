"""Exercises of chapter 12: simulation, and the power of a planned study."""

import numpy as np

from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong


def _se(variance_of, fit_of=lambda study: study.reml):
    """Function of the study to the root of something made of both variances."""
    return lambda study: float(np.sqrt(variance_of(*fit_of(study).theta)))


PLANNED = Numeric(
    key="12a",
    title="The standard error of a study that is only planned",
    prompt=markdown(r"""
        A study of twenty-four women is planned, twelve of whom will be treated, and each of them
        will be measured three times.
        Take the two REML variances of the lecture's data as the truth.
        What will be the standard error of the difference between treated and untreated women?
        Give at least three decimals.
        """),
    in_code="The REML fit is `study.reml`, with `sigma2_b` and `sigma2_e`.",
    answer=_se(lambda b, e: 4 * (b + e / 3) / 24),
    given=lambda study: {
        r"$\sigma_b^2$": study.reml.sigma2_b,
        r"$\sigma_\epsilon^2$": study.reml.sigma2_e,
    },
    atol=1e-3,
    scale=1,
    elsewhere=(
        ("twelve of whom", "twelve of which"),
        (
            "Nearly all of it comes from $\\sigma_b^2$, which only more women can average out.",
            "Only more women can average out its first part.",
        ),
    ),
    wrong=(
        Wrong(
            "rows_as_independent",
            _se(lambda b, e: 4 * (b + e) / 72),
            "You counted 72 measurements as if they were 72 women. The three values of one woman "
            "share her b, so how many different b are there to average over?",
        ),
        Wrong(
            "one_arm",
            _se(lambda b, e: (b + e / 3) / 12),
            "That is the standard error of the mean of twelve women. A difference is made of two "
            "such means, and both of them are uncertain.",
        ),
        Wrong(
            "all_women_as_one_mean",
            _se(lambda b, e: (b + e / 3) / 24),
            "That is the standard error of the mean of all twenty-four women. Here two means are "
            "compared, each of half of them.",
        ),
        Wrong(
            "not_averaged",
            _se(lambda b, e: 4 * (b + e) / 24),
            "Here each woman was measured only once. What becomes of the variance of the errors "
            "when three measurements are averaged?",
        ),
        Wrong(
            "forgot_sigma_e",
            _se(lambda b, e: 4 * b / 24),
            "That is what would remain after infinitely many measurements of each woman. With "
            "three of them, their errors still contribute a part.",
        ),
        Wrong(
            "forgot_sigma_b",
            _se(lambda b, e: 4 * e / 72),
            "You left out how much women differ. The treated women are different women from the "
            "untreated ones, so their b do not cancel in the difference.",
            always=False,
        ),
        Wrong(
            "variance_not_sd",
            lambda study: float(4 * (study.reml.sigma2_b + study.reml.sigma2_e / 3) / 24),
            "That is the variance of the difference, and the standard error is its square root.",
            always=False,
        ),
        Wrong(
            "used_ML",
            _se(lambda b, e: 4 * (b + e / 3) / 24, lambda study: study.ml),
            "You took the variances of the maximum likelihood fit, in which that between women is "
            "too small. The question asks for those of REML.",
            always=False,
        ),
    ),
    hints=(
        "The mean of one woman varies with the variance σ_b² + σ_ε²/3. How many women are "
        "averaged in each half?",
        "The mean of twelve women has a twelfth of this variance, and the variances of the two "
        "halves add up.",
        "So the variance is 2(σ_b² + σ_ε²/3)/12. Take its root.",
    ),
    solution=markdown(r"""
        With $I = 24$ women and $J = 3$ measurements of each, the variance of the difference is
        $4(\sigma_b^2 + \sigma_\epsilon^2/J)/I$, and the standard error is its root.
        Nearly all of it comes from $\sigma_b^2$, which only more women can average out.
        """),
    code=(
        "fit = study.reml\n"
        "answer = np.sqrt(lt.simulation.difference_variance(fit.theta, I=24, J=3))"
    ),
    right=(
        "The twelve women of either half are all that is averaged, while the three measurements "
        "only make each woman's own mean more exact."
    ),
)


def _draws(of_share):
    return lambda study: float(of_share(0.914)) / 1000


DRAWS = Numeric(
    key="12b",
    title="How many data sets to draw",
    prompt=markdown(r"""
        In a study of ten women, five of them treated, the interval $\hat\delta \pm 1.96$ standard
        errors contains the true difference in about 91.4 % of studies.
        You want to find this coverage by simulation, and its Monte Carlo error should be half a
        percentage point.
        How many data sets do you have to draw?
        Give the number in thousands, with at least two decimals.
        """),
    answer=_draws(lambda p: p * (1 - p) / 0.005**2),
    atol=0.01,
    wrong=(
        Wrong(
            "forgot_square",
            _draws(lambda p: p * (1 - p) / 0.005),
            "You divided by the error. It is the square of the error that falls with the number "
            "of draws, so the error enters squared.",
        ),
        Wrong(
            "forgot_the_rest",
            _draws(lambda p: p / 0.005**2),
            "You took p for the variance of one draw. A draw is 1 with probability p and 0 "
            "otherwise, and how large is the variance of such a number?",
        ),
        Wrong(
            "worst_case",
            _draws(lambda p: 0.25 / 0.005**2),
            "That is enough for any share, since it takes the largest variance that a share can "
            "have. For a coverage near 91 % fewer draws will do.",
        ),
        Wrong(
            "half_width",
            _draws(lambda p: 1.959964**2 * p * (1 - p) / 0.005**2),
            "With this number of draws, half a percentage point would be 1.96 Monte Carlo errors. "
            "The question asks that it be one of them.",
        ),
        Wrong(
            "whole_point",
            _draws(lambda p: p * (1 - p) / 0.01**2),
            "That is enough for an error of one whole percentage point. Half the error takes more "
            "than twice as many draws.",
        ),
        Wrong(
            "sd_not_variance",
            _draws(lambda p: np.sqrt(p * (1 - p)) / 0.005),
            "You divided the standard deviation of one draw by the error. The error is this "
            "deviation divided by the root of the number of draws, so solve that for the number.",
        ),
        Wrong(
            "nominal",
            _draws(lambda p: 0.95 * 0.05 / 0.005**2),
            "You used the 95 % that the interval promises. The variance of a draw depends on the "
            "coverage that it really has.",
        ),
    ),
    hints=(
        "Each data set gives 1 or 0: the interval contains the truth or it does not. The variance "
        "of such a draw is p(1 − p).",
        "The squared Monte Carlo error is p(1 − p)/B, with the error as a share: half a "
        "percentage point is 0.005.",
        "Divide p(1 − p), with p = 0.914, by the square of 0.005, and then by 1,000.",
    ),
    solution=markdown(r"""
        The squared error of a share is $p(1-p)/B$, so $B = p(1-p)/0.005^2$ with $p = 0.914$.
        For half of this error you would have to draw four times as many data sets.
        """),
    code="answer = lt.simulation.draws_needed(0.914, 0.005) / 1000",
    right=(
        "An error that is to be half as large takes four times the draws, so it pays to know in "
        "advance how exact an answer you need."
    ),
    second_round=True,
)

KNOWN = Choice(
    key="12c",
    title="What the ± leaves out",
    prompt=markdown(r"""
        A colleague plans a study and simulates it, with $\sigma_b^2$ and $\sigma_\epsilon^2$ taken
        from the lecture's five women.
        Her power comes out as 80 % ± 1 %, from 1,600 data sets.
        What does the ± 1 % tell her?
        """),
    options=(
        Option(
            "The power of her study is between 78 % and 82 %, with high confidence.",
            "It would be, if the variances that she put in were the true ones. They come from five "
            "women, and how well do five women determine a variance?",
            "error_is_uncertainty",
        ),
        Option(
            "How far the figure may be from the one that infinitely many data sets would give, "
            "with the same variances put in.",
            "Yes. More data sets make the ± smaller, but they add no knowledge about σ_b².",
        ),
        Option(
            "If she repeats her study, its estimate will vary by about 1 %.",
            "How much the estimate varies from study to study is its standard error, which "
            "depends on the women and not on the number of data sets that somebody simulates.",
            "error_is_se",
        ),
        Option(
            "The chance that the study fails is 1 %.",
            "With a power of 80 % the study misses the effect in every fifth case. The ± says "
            "how exact this figure is.",
            "error_is_risk",
        ),
    ),
    answer=1,
    hints=(
        "What becomes of the ± when she draws four times as many data sets, and what becomes of "
        "her knowledge about the women?",
        "A simulation answers the question: what would happen if these variances were true?",
    ),
    right=(
        "The interval for σ_b² from five women reaches over more than one power of ten, and the "
        "power of a planned study moves with it."
    ),
    solution=markdown(r"""
        The Monte Carlo error measures the chance in the simulation, given the truth that was put
        in.
        That the variances were estimated from five women is a second and much larger uncertainty,
        and to see it you have to repeat the calculation with other variances that the data allow.
        """),
)


def _best(of_ratios):
    """Function of the study to something made of both ratios, of costs and of variances."""
    return lambda study: float(of_ratios(25.0, study.reml.sigma2_e / study.reml.sigma2_b))


BUDGET = Numeric(
    key="12d",
    title="How often to measure, if women are expensive",
    prompt=markdown(r"""
        Recruiting a woman for a study costs 50, and each measurement of her costs 2, in whatever
        currency.
        Half of the women will be treated.
        Take the REML variances of the lecture's data as the truth: with how many measurements of
        each woman does a given budget buy the smallest standard error?
        Give the answer of the formula, which need not be whole, with at least two decimals.
        """),
    in_code="The REML fit is `study.reml`, with `sigma2_b` and `sigma2_e`.",
    answer=_best(lambda costs, variances: np.sqrt(costs * variances)),
    given=lambda study: {
        r"$\sigma_b^2$": study.reml.sigma2_b,
        r"$\sigma_\epsilon^2$": study.reml.sigma2_e,
    },
    atol=1e-2,
    elsewhere=(
        ("each measurement of her costs 2", "each measurement costs 2"),
        (
            "Although a woman is as expensive as 25 measurements, two or three of each are "
            "enough, because one measurement determines her level quite well.",
            "It is larger, the more the measurements of one woman vary.",
        ),
        (
            "Even a woman who costs 25 measurements is worth more than measuring somebody else "
            "over and over again.",
            "Expensive women and noisy measurements are both reasons to measure often.",
        ),
    ),
    wrong=(
        Wrong(
            "variances_upside_down",
            _best(lambda costs, variances: np.sqrt(costs / variances)),
            "You have the ratio of the variances upside down. The more the measurements of one "
            "woman vary, the more of them are needed, so σ_ε² belongs above the line.",
        ),
        Wrong(
            "costs_upside_down",
            _best(lambda costs, variances: np.sqrt(variances / costs)),
            "You have the ratio of the costs upside down. When women are expensive, you should "
            "measure those that you have more often, so their cost belongs above the line.",
        ),
        Wrong(
            "forgot_root",
            _best(lambda costs, variances: costs * variances),
            "You multiplied the two ratios, as you should. This product is the square of "
            "the best number.",
            always=False,
        ),
        Wrong(
            "sds_for_variances",
            _best(lambda costs, variances: np.sqrt(costs * np.sqrt(variances))),
            "You took the ratio of the two standard deviations, where the formula has that of the "
            "variances.",
        ),
        Wrong(
            "costs_only",
            _best(lambda costs, variances: np.sqrt(costs)),
            "That would be right if women varied as much as measurements do. How do the two "
            "variances compare?",
            always=False,
        ),
        Wrong(
            "both_upside_down",
            _best(lambda costs, variances: 1 / np.sqrt(costs * variances)),
            "You have both ratios upside down. Expensive women and noisy measurements are both "
            "reasons to measure each woman more often.",
            always=False,
        ),
    ),
    hints=(
        "The chapter has a formula for the best number of measurements, made of two ratios.",
        "The ratio of the costs is 50 to 2, the woman's first; that of the variances is σ_ε² to "
        "σ_b².",
        "Multiply both ratios, and take the root.",
    ),
    solution=markdown(r"""
        The best number is $J^* = \sqrt{(c_g/c_m)\,(\sigma_\epsilon^2/\sigma_b^2)}$ with
        $c_g/c_m = 25$.
        Although a woman is as expensive as 25 measurements, two or three of each are enough,
        because one measurement determines her level quite well.
        """),
    code=(
        "fit = study.reml\n"
        "answer = lt.simulation.best_measurements(fit.theta, per_group=50, per_measurement=2)"
    ),
    right=(
        "Even a woman who costs 25 measurements is worth more than measuring somebody else over "
        "and over again."
    ),
    second_round=True,
)


def variance_of_difference(n_i, treated, theta):
    """Variance of the estimated difference, for women measured n_i times."""
    sigma2_b, sigma2_e = theta
    v = sigma2_b + sigma2_e / n_i
    in_arms = [np.sum(1 / v[treated]), np.sum(1 / v[~treated])]
    return 1 / in_arms[0] + 1 / in_arms[1]


def _by(rule):
    """A function with a mistake: it makes the variance of each half from those of its means."""

    def mistaken(n_i, treated, theta):
        sigma2_b, sigma2_e = theta
        return rule(n_i, treated, sigma2_b, sigma2_e)

    return mistaken


def _means_unweighted(n_i, treated, sigma2_b, sigma2_e):
    v = sigma2_b + sigma2_e / n_i
    return np.mean(v[treated]) / treated.sum() + np.mean(v[~treated]) / (~treated).sum()


def _average_number(n_i, treated, sigma2_b, sigma2_e):
    v = sigma2_b + sigma2_e / n_i.mean()
    return v / treated.sum() + v / (~treated).sum()


def _by_rows(n_i, treated, sigma2_b, sigma2_e):
    return (sigma2_b + sigma2_e) * (1 / n_i[treated].sum() + 1 / n_i[~treated].sum())


def _without_women(n_i, treated, sigma2_b, sigma2_e):
    return sigma2_e * (1 / n_i[treated].sum() + 1 / n_i[~treated].sum())


def _equal_halves(n_i, treated, sigma2_b, sigma2_e):
    return 4 / np.sum(1 / (sigma2_b + sigma2_e / n_i))


def _forgot_inverse(n_i, treated, sigma2_b, sigma2_e):
    v = sigma2_b + sigma2_e / n_i
    return np.sum(v[treated]) + np.sum(v[~treated])


def _subtracted(n_i, treated, sigma2_b, sigma2_e):
    v = sigma2_b + sigma2_e / n_i
    return abs(1 / np.sum(1 / v[treated]) - 1 / np.sum(1 / v[~treated]))


def _designs(study):
    treated = np.isin(np.arange(len(study.n_i)), [0, 2])
    return [
        (study.n_i, treated, study.reml.theta),
        (study.cut.n_i, treated, study.reml.theta),
        (study.cut.n_i, ~treated, (0.2, 3.0)),
        (np.array([3, 1, 2]), np.array([True, False, False]), (1.0, 0.5)),
    ]


UNEQUAL = Function(
    key="12e",
    title="When some women are measured more often",
    prompt=markdown(r"""
        The chapter's formula for the variance of a difference is for balanced studies.
        In yours, woman $i$ will be measured $n_i$ times, and any number of women may be treated.
        Write the function for such a design.
        Its arguments are `n_i`, an array of the numbers of measurements, `treated`, an array that
        is `True` for each treated woman, and `theta` with the two variances.

        The estimate is that of generalised least squares, which weights each woman's mean by the
        inverse of its variance.
        Then the variance of the weighted mean is one over the sum of these weights, as in
        {doc}`03-profile`.
        """),
    name="variance_of_difference",
    stub=markdown('''
        def variance_of_difference(n_i, treated, theta):
            """Variance of the estimated difference, for women measured n_i times."""
            sigma2_b, sigma2_e = theta
            return ...
        '''),
    reference=variance_of_difference,
    cases=_designs,
    wrong=(
        Wrong(
            "means_unweighted",
            _by(_means_unweighted),
            "That is the variance of the difference of two plain means. If some women are measured "
            "more often than others, the fit gives more weight to those that are known better.",
        ),
        Wrong(
            "average_number",
            _by(_average_number),
            "You replaced the numbers of measurements by their average. The mean of a woman who "
            "was measured once is much less exact than this, and nobody makes up for her.",
        ),
        Wrong(
            "rows_as_independent",
            _by(_by_rows),
            "You counted measurements as if each came from a woman of its own. Those of one woman "
            "share her b.",
        ),
        Wrong(
            "forgot_sigma_b",
            _by(_without_women),
            "You left out how much women differ, and so your variance would go to 0 if the same "
            "few women were measured for ever.",
        ),
        Wrong(
            "equal_halves",
            _by(_equal_halves),
            "Your function takes both halves to be equally informative. Add up the weights of the "
            "treated women and those of the others separately.",
        ),
        Wrong(
            "forgot_inverse",
            _by(_forgot_inverse),
            "You added up the variances of the women's means, so more women would make the "
            "difference less exact. What adds up is information, the inverse of a variance.",
        ),
        Wrong(
            "subtracted",
            _by(_subtracted),
            "You subtracted the two variances. The means are subtracted, but their errors are "
            "independent, so the variances add up.",
        ),
    ),
    hints=(
        "The mean of woman i has the variance σ_b² + σ_ε²/n_i, and her weight is one over it.",
        "The mean of the treated women has the variance 1/(sum of their weights), and so it is "
        "with the others.",
        "`v = sigma2_b + sigma2_e / n_i` has the variances of all women, and `v[treated]` those "
        "of the treated ones; `~treated` marks the others.",
    ),
    solution=markdown(r"""
        The mean of woman $i$ varies around the mean of her half with the variance
        $v_i = \sigma_b^2 + \sigma_\epsilon^2/n_i$, and $1/v_i$ is the information that she brings.
        In each half the information adds up, and one over the sum is the variance of its mean.
        The two halves have no woman in common, so their variances add up.
        """),
    code=source(variance_of_difference),
    right=(
        "Information adds up within each half, and variances add up between them, so a half with "
        "few women limits the whole comparison."
    ),
    second_round=True,
)

FAILED = Choice(
    key="12f",
    title="The data sets that could not be fitted",
    prompt=markdown(r"""
        In a study with 1,000 data sets, a complicated model could not be fitted to 120 of them.
        The 880 others have an average estimate that is close to the truth, and 95 % of their
        intervals contain it.
        What should the report say?
        """),
    options=(
        Option(
            "Bias and coverage are fine, because 880 data sets are plenty.",
            "They would be, if it were chance alone which fits fail. But a fit often fails just "
            "where the data are unusual, so what remains is not a fair sample of all studies.",
            "failures_at_random",
        ),
        Option(
            "How many failed and why, and that the figures hold only for studies in which the "
            "model can be fitted.",
            "Yes. Somebody whose own fit fails should know that these figures are not about her.",
        ),
        Option(
            "Nothing, if further data sets are drawn until there are 1,000 that could be fitted.",
            "That hides the failures. The further ones are chosen in the same way as the 880, "
            "namely by whether the fit succeeds.",
            "drawn_until_enough",
        ),
        Option(
            "That the coverage is really 95 % of 88 %, which is 83.6 %.",
            "This counts each failure as an interval that misses the truth, which is a worst case "
            "rather than what happened: for those data sets there is no interval.",
            "failures_as_misses",
        ),
    ),
    answer=1,
    hints=(
        "Is it chance which of the data sets cannot be fitted?",
        "Think of a reader whose own fit has failed: are the figures about studies like hers?",
    ),
    right=(
        "A failure is a result as well, and a method that often gives no answer is not saved by "
        "the answers that it does give."
    ),
    solution=markdown(r"""
        Which fits fail is rarely chance, so the figures describe the studies in which the model
        can be fitted, and no others.
        The package counts the failures and keeps the reason for each, so that both can be reported.
        """),
    second_round=True,
)

EXERCISES = (PLANNED, DRAWS, KNOWN, BUDGET, UNEQUAL, FAILED)
