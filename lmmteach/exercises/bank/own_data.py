"""Exercises of chapter 13: data of one's own."""

import numpy as np

from lmmteach import blup, posterior
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong

DESIGN = Choice(
    key="13a",
    title="From the design to the formula",
    prompt=markdown(r"""
        Twelve schools take part in a study, and six of them are given a new textbook.
        In each school twenty pupils are tested, each of them at the beginning, in the middle and
        at the end of the year.
        The table has the columns `score`, `month` (0, 5, 10), `book` (old or new), `pupil` and
        `school`, and every pupil has a number that nobody else in the table has.

        Which formula follows from this design, if the question is whether scores grow faster with
        the new book?
        """),
    options=(
        Option(
            "`score ~ month * book + (1 | pupil)`",
            "This counts 240 pupils as if each had been given a book on their own. Books went to "
            "schools, so what is it that twenty pupils of one school share?",
            "forgot_unit_of_treatment",
        ),
        Option(
            "`score ~ month * book + (1 | school) + (1 | pupil)`",
            "Both kinds of groups are there, but the slopes of the twelve schools are taken to be "
            "equal, apart from the book. The question is about a slope that is compared between "
            "schools, so may each school have its own?",
            "forgot_random_slope",
        ),
        Option(
            "`score ~ month * book + (month | school) + (1 | pupil)`",
            "Yes: what is compared is the rate of growth, and it is the twelve units of "
            "randomisation that repeat it. A rate for each child would fit in as well, though "
            "three tests per child may be too few for it.",
        ),
        Option(
            "`score ~ month * book + (book | school) + (1 | pupil)`",
            "A school has only one of the two books, so nothing in the data shows how the effect "
            "of the book differs from school to school. A random slope needs a column that varies "
            "within the groups.",
            "slope_of_a_constant",
        ),
    ),
    answer=2,
    hints=(
        "Ask what the books were given to: there are as many independent repetitions of the "
        "comparison as there are units of that kind.",
        "For each grouping column, look at which of the other columns vary within it. Only these "
        "can have a random slope there.",
    ),
    right=(
        "With a dozen institutions, six on either side, the comparison of books rests on a dozen "
        "slopes."
    ),
    solution=markdown(r"""
        Pupils are grouped in schools, so both need a random intercept; since no two pupils share a
        number, `(1 | school) + (1 | pupil)` and `(1 | school/pupil)` are the same.
        `month` varies within schools and within pupils, whereas `book` varies only between
        schools.
        The coefficient of the question, `month:book`, compares slopes of schools, and therefore
        the schools need a random slope of `month`; without it, its standard error would be too
        small.
        """),
)


def _posterior_end(times=1.959964, centre=None, variance=None):
    """Function of the study to an end of an interval for b of woman 5 in the cut."""

    def end(study):
        fit, at = study.cut.ml, study.cut.fewest
        # With n measurements, their mean has the part σ_ε²/n of the errors.
        theta = (fit.sigma2_b, fit.sigma2_e / study.cut.n_i[at])
        deviation = float(study.cut.means[at] - fit.beta.iloc[0])
        share = blup.shrinkage_factor(1, theta)
        middle = share * deviation if centre is None else centre(deviation, share)
        spread = (1 - share) * theta[0] if variance is None else variance(share, *theta)
        return float(middle + times * np.sqrt(spread))

    return end


WOMAN_5 = Numeric(
    key="13b",
    title="What is known of one woman",
    prompt=markdown(r"""
        In the unbalanced study (16, 8, 4, 2 and 1 measurements), woman 5 was measured only once.
        Take $\mu$, $\sigma_b^2$ and $\sigma_\epsilon^2$ as known, with the values of the fit by
        maximum likelihood.
        Before her measurement, $b_5 \sim N(0, \sigma_b^2)$; after it, $b_5$ has a posterior
        distribution, which is normal too.

        Give the *upper end* of its 95 % interval, in units of `logestrone`, with three decimals.
        """),
    in_code="The unbalanced study is `study.cut`; its fit is `study.cut.ml`, and "
    "`study.cut.means[4]` is her measurement.",
    answer=_posterior_end(),
    given=lambda study: {
        "her value": study.cut.means[study.cut.fewest],
        r"$\hat\mu$": float(study.cut.ml.beta.iloc[0]),
        r"$\hat\sigma_b^2$": study.cut.ml.sigma2_b,
        r"$\hat\sigma_\epsilon^2$": study.cut.ml.sigma2_e,
    },
    atol=2e-3,
    scale=1,
    elsewhere=(
        ("woman 5 was measured only once", "<single> was measured <single_times>"),
        (
            "Before her measurement, $b_5 \\sim N(0, \\sigma_b^2)$; after it, $b_5$ has",
            "Before that, $b_i \\sim N(0, \\sigma_b^2)$; after it, $b_i$ has",
        ),
        (
            "`study.cut.means[4]` is her measurement",
            "`study.cut.means[<single_at>]` is the mean of what was measured",
        ),
        ("μ + b₅. The question is about b₅", "μ + bᵢ. The question is about bᵢ"),
        ("of b₅ has", "of bᵢ has"),
        (
            "where λ = σ_b²/(σ_b² + σ_ε²) for one measurement",
            "where λ = nσ_b²/(nσ_b² + σ_ε²) for n measurements",
        ),
        ("what the measurement leaves", "what the measurements leave"),
        (
            "$\\lambda = \\sigma_b^2/(\\sigma_b^2 + \\sigma_\\epsilon^2)$",
            "$\\lambda = n_i\\sigma_b^2/(n_i\\sigma_b^2 + \\sigma_\\epsilon^2)$",
        ),
        ("where $d$ is her value minus $\\mu$", "where $d$ is its mean minus $\\mu$"),
        (
            "share = fit.sigma2_b / (fit.sigma2_b + fit.sigma2_e)",
            "share = lt.blup.shrinkage_factor(study.cut.n_i[<single_at>], fit.theta)",
        ),
        ("study.cut.means[4]", "study.cut.means[<single_at>]"),
        ("her value", "its mean"),
        ("before her measurement", "before it was measured"),
        ("rests on her measurement alone", "rests on these measurements alone"),
        ("What does the measurement do", "What do measurements do"),
    ),
    wrong=(
        Wrong(
            "lower_end",
            _posterior_end(-1.959964),
            "That is the lower end of the interval, and the question is about the upper one.",
            always=False,
        ),
        Wrong(
            "prior_only",
            _posterior_end(centre=lambda *_: 0.0, variance=lambda share, b, e: b),
            "That is the interval before her measurement, as wide as women differ. What does the "
            "measurement do to its centre and to its width?",
            always=False,
        ),
        Wrong(
            "forgot_shrink",
            _posterior_end(centre=lambda d, share: d, variance=lambda share, b, e: e),
            "That interval rests on her measurement alone, as if nothing were known about women in "
            "general. Where does the prior pull it?",
            always=False,
        ),
        Wrong(
            "var_blup_is_posterior",
            _posterior_end(variance=lambda share, b, e: share * b),
            "You took the variance of the predictor, λσ_b², which is how much predictors of "
            "different women differ. What we do not know about this one woman is the rest of σ_b².",
            always=False,
        ),
        Wrong(
            "forgot_to_narrow",
            _posterior_end(variance=lambda share, b, e: b),
            "The centre is right, but the interval is as wide as before her measurement, which "
            "should have made it narrower.",
            always=False,
        ),
        Wrong(
            "sd_not_var",
            lambda study: float(
                _posterior_end(0)(study)
                + (_posterior_end(1)(study) - _posterior_end(0)(study)) ** 2 * 1.959964
            ),
            "You multiplied the variance by 1.96. A quantile counts standard deviations, so take "
            "the root first.",
            always=False,
        ),
        Wrong(
            "level_not_b",
            lambda study: float(_posterior_end()(study) + study.cut.ml.beta.iloc[0]),
            "That is the end of the interval for her level, μ + b₅. The question is about b₅, her "
            "distance from μ.",
            always=False,
        ),
    ),
    hints=(
        "The posterior of b₅ has the BLUP as its mean: λ times her distance from μ, where λ = "
        "σ_b²/(σ_b² + σ_ε²) for one measurement.",
        "Its variance is what the measurement leaves of σ_b², namely (1 − λ)σ_b².",
        "Add 1.96 times the root of that variance to the mean.",
    ),
    right=(
        "Prior and data meet at the predictor that you know from chapter 4, and each makes the "
        "other's interval shorter."
    ),
    solution=markdown(r"""
        The posterior is $N(\lambda d, (1 - \lambda)\sigma_b^2)$, where $d$ is her value minus
        $\mu$ and $\lambda = \sigma_b^2/(\sigma_b^2 + \sigma_\epsilon^2)$.
        So its mean is the BLUP, and its variance is the conditional variance that lme4 calls
        `condVar`.
        The upper end is $\lambda d + 1.96\sqrt{(1 - \lambda)\sigma_b^2}$.
        """),
    code=markdown("""
        fit = study.cut.ml
        share = fit.sigma2_b / (fit.sigma2_b + fit.sigma2_e)
        d = study.cut.means[4] - fit.beta.iloc[0]
        answer = share * d + 1.959964 * np.sqrt((1 - share) * fit.sigma2_b)
        """),
    second_round=True,
)


def posterior_mean(values, loglik, prior):
    shares = np.exp(loglik - np.max(loglik)) * prior
    return np.sum(shares * values) / np.sum(shares)


def _posterior_cases(study):
    """Grids of σ_b for the study: two priors, and a few of the women only."""
    unit, J = study.means.std(), int(study.n_i.max())
    values = unit * np.linspace(0.1, 4, 60)
    cases = []
    for groups, scale in ((len(study.means), unit), (len(study.means), 3 * unit), (2, unit / 2)):
        between = J * np.sum((study.means[:groups] - study.means[:groups].mean()) ** 2)
        loglik = posterior.balanced_restricted_loglik(
            values**2, study.reml.sigma2_e, between, 0.0, groups, J
        )
        cases.append((values, loglik, posterior.half_t(values, scale)))
    return cases


def _likelihood(loglik):
    return np.exp(loglik - np.max(loglik))


POSTERIOR_MEAN = Function(
    key="13c",
    title="A posterior mean on a grid",
    prompt=markdown(r"""
        You have a grid of values of $\sigma_b$, the log-likelihood at each of them (up to a
        constant), and a prior density at each of them (up to a factor).
        Write the function that returns the posterior *mean* of $\sigma_b$.
        The values of the grid lie equally far apart, and everything is an array of one length.
        """),
    name="posterior_mean",
    stub=markdown('''
        def posterior_mean(values, loglik, prior):
            """Mean of the posterior on a grid of values."""
            ...
        '''),
    reference=posterior_mean,
    cases=_posterior_cases,
    wrong=(
        Wrong(
            "forgot_prior",
            lambda values, loglik, prior: float(
                np.sum(_likelihood(loglik) * values) / np.sum(_likelihood(loglik))
            ),
            "That is the mean under a flat prior, because `prior` has not entered. By Bayes' rule, "
            "each value's likelihood is multiplied by what it was worth before the data.",
        ),
        Wrong(
            "prior_only",
            lambda values, loglik, prior: float(np.sum(prior * values) / np.sum(prior)),
            "That is the mean before the data. The likelihood of each value has not entered.",
        ),
        Wrong(
            "added_prior_to_log",
            lambda values, loglik, prior: float(
                np.sum(_likelihood(loglik + prior) * values) / np.sum(_likelihood(loglik + prior))
            ),
            "You added the prior to the log-likelihood. On the scale of logarithms it is the "
            "logarithm of the prior that is added.",
        ),
        Wrong(
            "mode_not_mean",
            lambda values, loglik, prior: float(values[np.argmax(_likelihood(loglik) * prior)]),
            "That is the value at which the posterior is highest. With a long tail to the right, "
            "the mean lies above it.",
        ),
        Wrong(
            "not_normalised",
            lambda values, loglik, prior: float(np.sum(_likelihood(loglik) * prior * values)),
            "Your weights do not add up to 1, so the sum is not yet a mean.",
        ),
        Wrong(
            "divided_by_number",
            lambda values, loglik, prior: float(np.mean(_likelihood(loglik) * prior * values)),
            "You divided by the number of grid points. A weighted mean is divided by the sum of "
            "its weights.",
        ),
    ),
    hints=(
        "The weight of each value is its likelihood times its prior, and a likelihood is the "
        "exponential of a log-likelihood.",
        "Subtract the largest log-likelihood before you take exponentials, or all of them may "
        "round to 0. The factor cancels when you divide.",
        "Return the sum of weights times values, divided by the sum of the weights.",
    ),
    right=(
        "Constants and factors cancel in the division, which is why neither the likelihood nor the "
        "prior had to be complete."
    ),
    solution=markdown(r"""
        The posterior share of each value is $e^{\ell_k}\pi_k$ divided by the sum of these
        products, and the mean is the sum of shares times values.
        """),
    code=source(posterior_mean),
    second_round=True,
)


MISSING = Choice(
    key="13d",
    title="Which values may be missing?",
    prompt=markdown(r"""
        A pain score is recorded at five visits; all patients come to the first, and some miss
        later ones.
        You fit a mixed model to all scores that were recorded.
        In which of these studies does the model give a *biased* slope over time, although it
        would be right if no score were missing?
        """),
    options=(
        Option(
            "The nurse sent home everyone whose last recorded score was above 8.",
            "Here leaving depends on a score that is in the table. The likelihood of what was "
            "recorded already allows for such a rule, so the slope is not biased.",
            "mar_is_biased",
        ),
        Option(
            "The computer lost a fifth of all scores, chosen by chance.",
            "Losing scores by chance makes the study smaller, and nothing else.",
            "any_missing_is_biased",
        ),
        Option(
            "Old patients, whose age is a column in the model, stayed away more often.",
            "Age is recorded and part of the model, so patients of the same age are compared "
            "with each other, whether or not they stayed.",
            "covariate_is_biased",
        ),
        Option(
            "Whoever felt worst on the day of a visit stayed at home.",
            "Yes. Absence hinges on the very figure that is not there, and no computation from the "
            "remaining ones can undo that.",
        ),
    ),
    answer=3,
    hints=(
        "For each study, ask what decides whether a score is missing. Is it in the table, or is "
        "it the missing score itself?",
        "A likelihood allows for what it has seen: earlier scores and columns of the model. What "
        "has it not seen?",
    ),
    right=(
        "Whether this has happened cannot be seen in your own table, so describe who left and try "
        "out other assumptions."
    ),
    solution=markdown(r"""
        If the chance that a value is missing depends only on what was recorded, values are
        *missing at random*, and the likelihood of the recorded ones is enough.
        In the last study it depends on the missing score itself, so the values are not missing at
        random: high scores are under-represented at every visit except the first, and so the slope
        comes out too low.
        """),
)


SENTENCE = Choice(
    key="13e",
    title="A sentence for a journal",
    prompt=markdown(r"""
        You have fitted `distance ~ years * Sex + (years | Subject)` to the jaws of the chapter.
        Which sentence reports the result about growth as a journal should have it?
        """),
    options=(
        Option(
            "The interaction of age and sex was significant (p < 0.05).",
            "A reader cannot learn from this how much faster boys grow, or how well that is known.",
            "p_only",
        ),
        Option(
            "Jaws of boys grew by 0.30 mm per year.",
            "That is the difference between the slopes, not the slope of the boys, and it comes "
            "without an interval.",
            "difference_for_slope",
        ),
        Option(
            "Jaws of boys grew faster than those of girls, by 0.30 mm per year (SE 0.13, 95 % "
            "profile interval 0.04 to 0.57).",
            "Yes. Size, unit, precision, and which kind of limits were computed: all four are "
            "needed.",
        ),
        Option(
            "With 95 % probability, boys grow faster than girls by 0.04 to 0.57 mm per year.",
            "A profile interval comes from a procedure that is right in 95 of 100 studies. To "
            "speak of the probability of a slope you need a prior.",
            "confidence_as_probability",
        ),
    ),
    answer=2,
    hints=(
        "A reader wants to know how large the effect is, in which unit, and how far it may be off.",
        "Check which two things the coefficient `years:SexMale` compares.",
    ),
    right=(
        "Somebody who pools several papers later on can use exactly such figures, and nothing less."
    ),
    solution=markdown(r"""
        The coefficient `years:SexMale` is the difference between two slopes.
        A complete sentence gives this estimate with its unit, its standard error, and an interval
        together with the method that made it.
        A p-value may follow, with the test and its degrees of freedom, but it does not replace
        any of this.
        """),
    second_round=True,
)


def varies_within(values, groups):
    return any(len(np.unique(values[groups == label])) > 1 for label in np.unique(groups))


def _varying_cases(study):
    """Columns of the study and of its cut: constant, varying, and varying in one woman only."""
    # Codes 1, 2, … in the place of labels of any kind.
    woman, cut = (part.Z.argmax(axis=1) + 1 for part in (study, study.cut))
    levels, fewer = 10 * np.arange(1, len(study.n_i) + 1), np.arange(len(study.n_i)) // 2
    only_one = (woman == len(levels) // 2 + 1) * np.arange(len(woman))
    mixed = np.argsort(np.sin(np.arange(len(woman))))
    return [
        (study.y, woman),
        (levels[woman - 1], woman),
        (levels[woman - 1][mixed], woman[mixed]),
        (only_one, woman),
        (np.ones(len(woman)), woman),
        (np.repeat([10, 20, 30], 16), np.repeat([1, 2, 3], 16)),
        (study.cut.y, cut),
        (fewer[cut - 1], cut),
        ((cut == study.cut.few + 1) * np.arange(len(cut)), cut),
    ]


def _first_only(values, groups):
    return len(np.unique(values[groups == groups[0]])) > 1


def _neighbours(values, groups):
    changes = np.diff(values) != 0
    return bool((changes & (np.arange(len(changes)) % 16 != 15)).any())


VARIES = Function(
    key="13f",
    title="Does a column vary within groups?",
    prompt=markdown(r"""
        Only a column that varies within groups can have a random slope there.
        Write the function that finds out whether it does: it returns `True` if at least one group
        has two different values of the column, and `False` otherwise.
        Groups may have any size, and rows may come in any order.
        """),
    name="varies_within",
    stub=markdown('''
        def varies_within(values, groups):
            """Whether some group has two different values."""
            ...
        '''),
    reference=varies_within,
    cases=_varying_cases,
    wrong=(
        Wrong(
            "varies_at_all",
            lambda values, groups: len(np.unique(values)) > 1,
            "You asked whether the column varies at all. A column such as sex varies between "
            "people, although it is constant within each of them.",
        ),
        Wrong(
            "first_group_only",
            _first_only,
            "You looked at the first group only, whereas the column may vary in a different one.",
        ),
        Wrong(
            "in_every_group",
            lambda values, groups: all(
                len(np.unique(values[groups == label])) > 1 for label in np.unique(groups)
            ),
            "You require that the column varies in every group. A group with a single row can "
            "never do that, and one group in which it varies is enough.",
        ),
        Wrong(
            "assumes_order",
            _neighbours,
            "You compared neighbouring rows and counted on blocks of sixteen. Rows may come in "
            "any order, and groups have different sizes.",
        ),
    ),
    hints=(
        "Go through the labels with `np.unique(groups)`, and look at the values of one group at a "
        "time.",
        "`len(np.unique(values[groups == label]))` counts the different values in a group, and "
        "`any(...)` asks whether it exceeds 1 in at least one of them.",
    ),
    right=(
        "`lt.look` does this for every column and the groups that you name, and so settles which "
        "slopes the data could show."
    ),
    solution=markdown(r"""
        Count the different values group by group; the column varies within groups if one of these
        counts is greater than 1.
        """),
    code=source(varies_within),
    second_round=True,
)

EXERCISES = (DESIGN, WOMAN_5, POSTERIOR_MEAN, MISSING, SENTENCE, VARIES)
