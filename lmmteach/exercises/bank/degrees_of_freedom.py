"""Exercises of chapter 11: degrees of freedom and p-values."""

from functools import cache

import numpy as np

from lmmteach import degrees
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong

MORE_ROWS = Choice(
    key="11a",
    title="Measure each woman twice as often",
    prompt=markdown(r"""
        The laboratory has blood left, and measures each of the five women another sixteen times,
        so that there are 160 rows instead of 80.
        The study is still balanced.
        What happens to the degrees of freedom of the standard error of $\hat\mu$?
        """),
    options=(
        Option(
            "They rise from 79 to 159.",
            "That counts every row as if it brought a fresh piece of evidence about how much women "
            "differ. But the thirty-two values of one woman share her level, and they show it only "
            "once.",
            "rows_as_df",
        ),
        Option(
            "They rise from 75 to 155.",
            "Those are the degrees of freedom of the variance within women, which do rise. The "
            "standard error of the mean is built on how much the five levels differ.",
            "within_df",
        ),
        Option(
            "They double, from 4 to 8.",
            "Degrees of freedom follow the number of women here, and no woman was added. Which sum "
            "of squares is the squared standard error made of?",
            "doubled",
        ),
        Option(
            "They stay what they were.",
            "It is computed from how five means vary around their average, and after the second "
            "round of measurements there are still five.",
        ),
        Option(
            "They fall, because more rows have to be explained.",
            "No parameter is added, so nothing has to be paid for. The question is rather whether "
            "the new rows add anything to what the standard error rests on.",
            "fewer_df",
        ),
    ),
    answer=3,
    hints=(
        "In balanced data the estimate of μ is the mean of five means, and its standard error is "
        "computed from how these five differ.",
        "If you were given only the five means, which test would you use, and how many degrees of "
        "freedom would it have?",
    ),
    solution=markdown(r"""
        In balanced data $\mathrm{SE}^2$ is $\mathrm{MSB}/(IJ)$, and $\mathrm{MSB}$ is computed
        from $I = 5$ means, so it has $I - 1 = 4$ degrees of freedom whatever $J$ is.
        More measurements of the same women make the five means a little more precise; more women
        would make the standard error itself better known.
        """),
    right=(
        "Only further women would add degrees of freedom to this standard error, because each "
        "woman shows her own level once."
    ),
)


def _t(error, sign=1):
    """Function of the study to a ratio that somebody takes for t."""
    return lambda study: float(sign * (study.means.mean() - study.round_mean) / error(study))


def _se_of_means(study, ddof=1):
    return study.means.std(ddof=ddof) / np.sqrt(len(study.means))


FIVE_MEANS = Numeric(
    key="11b",
    title="Five numbers instead of eighty",
    prompt=markdown(r"""
        A colleague threw the eighty values away and kept only the five means, one for each woman.
        She asks whether the mean of all women could be 10, which corresponds to 10 pg/ml.
        What is the $t$ statistic of the usual one-sample test for five numbers?
        Give two decimals.
        """),
    in_code="The five means are `study.means`.",
    answer=_t(_se_of_means),
    given=lambda study: {
        f"mean of woman {label}": mean
        for label, mean in zip(study.labels, study.means, strict=True)
    },
    atol=0.01,
    elsewhere=(
        ("Five numbers instead of eighty", "<q^> numbers instead of <n>"),
        ("threw the eighty values away", "threw the <n> values away"),
        (
            "She asks whether the mean of all women could be 10, which corresponds to 10 pg/ml.",
            "The colleague asks whether the mean of all women could be <null>.",
        ),
        ("by √80. Your colleague has five numbers", "by √<n#>. Your colleague has <q> numbers"),
        ("five independent numbers", "<q> independent numbers"),
        ("has 5 as its divisor", "has <q#> as its divisor"),
        ("σ̂_b/√5", "σ̂_b/√<q#>"),
        ("with divisor 4, over √5", "with divisor <q1#>, over √<q#>"),
        (
            "Compare your standard error … from all eighty rows.",
            "Its degrees of freedom are one fewer than there are numbers.",
        ),
        (
            "(\\bar y_i - \\bar y)^2/4}\\,/\\sqrt 5$. Since … right.",
            r"(\bar y_i - \bar y)^2/<q1#>}\,/\sqrt{<q#>}$. In a balanced study this is exactly "
            r"the standard error of the mixed model.",
        ),
        ("means.mean() - 10", "means.mean() - <null>"),
        (
            "The mixed model gives the same t from all the rows, so in balanced data it is the "
            "test of five independent numbers.",
            "In balanced data the mixed model gives the same t from all the rows, so it is the "
            "test of independent numbers.",
        ),
        ("mean of woman", "mean of woman"),
    ),
    wrong=(
        Wrong(
            "n_is_80",
            _t(lambda study: study.y.std(ddof=1) / np.sqrt(len(study.y))),
            "You divided the SD of all rows by √80. Your colleague has five numbers, and it is "
            "they that are independent of each other.",
        ),
        Wrong(
            "forgot_null",
            lambda study: float(study.reml.beta.iloc[0] / study.reml.se.iloc[0]),
            "That is the t value of the printout, which compares the mean with 0. The question "
            "compares it with a different value.",
            always=False,
        ),
        Wrong(
            "forgot_root",
            _t(lambda study: study.means.std(ddof=1)),
            "You divided by the SD of the five means. The mean of five numbers varies less than a "
            "single one of them does, by a factor that you know.",
        ),
        Wrong(
            "used_ML",
            _t(lambda study: _se_of_means(study, ddof=0)),
            "Your SD of the five means has 5 as its divisor, as maximum likelihood would have it. "
            "The t test takes one less, because the mean was estimated from the same numbers.",
        ),
        Wrong(
            "wrong_way_round",
            _t(_se_of_means, sign=-1),
            "The size is right, but the sign is not: the statistic is positive where the estimate "
            "is above the value that it is compared with.",
        ),
        Wrong(
            "divided_by_variance",
            _t(lambda study: _se_of_means(study) ** 2),
            "You divided by the square of the standard error. Take its root first, so that "
            "numerator and denominator have the same units.",
            always=False,
        ),
        Wrong(
            "sigma_b_only",
            _t(lambda study: np.sqrt(study.reml.sigma2_b / len(study.means))),
            "You took σ̂_b/√5 for the standard error. The five means differ a little more than the "
            "five levels do, because each mean has an error of measurement left in it.",
            always=False,
        ),
    ),
    hints=(
        "A one-sample t statistic is the distance of the mean from the hypothesised value, divided "
        "by its standard error.",
        "The standard error of a mean of five independent numbers is their SD, with divisor 4, "
        "over √5.",
        "Compare your standard error with the one in the printout of the mixed model, which is "
        "made from all eighty rows.",
    ),
    solution=markdown(r"""
        With the five means $\bar y_i$ and their mean $\bar y$, the standard error is
        $\sqrt{\sum_i(\bar y_i - \bar y)^2/4}\,/\sqrt 5$.
        Since $\mathrm{SSB} = 16\sum_i(\bar y_i - \bar y)^2$, this is
        $\sqrt{\mathrm{MSB}/80}$, exactly the standard error of the mixed model.
        Throwing the single values away has cost nothing, and that is why $t_4$ is right.
        """),
    code=(
        "means = study.means\n"
        "answer = (means.mean() - 10) / (means.std(ddof=1) / np.sqrt(len(means)))"
    ),
    right=(
        "The mixed model gives the same t from all the rows, so in balanced data it is the test of "
        "five independent numbers."
    ),
)


def satterthwaite_df(contrast, Phi, slopes, C):
    """Satterthwaite's degrees of freedom for a contrast of the coefficients."""
    variance = contrast @ Phi @ contrast
    gradient = np.array([contrast @ slope @ contrast for slope in slopes])
    return 2 * variance**2 / (gradient @ C @ gradient)


def _df(of):
    """A function like that above, from a formula for the degrees of freedom."""

    def df(contrast, Phi, slopes, C):
        gradient = np.array([contrast @ slope @ contrast for slope in slopes])
        return of(contrast @ Phi @ contrast, gradient, C)

    return df


def _first_coefficient(contrast, Phi, slopes, C):
    gradient = np.array([slope[0, 0] for slope in slopes])
    return 2 * Phi[0, 0] ** 2 / (gradient @ C @ gradient)


@cache
def _parts(study):
    """Φ, its slopes and C of the unbalanced study."""
    return _parts_of(study.cut.reml)


def _parts_of(fit):
    V, y, X, Z = fit.V, fit.y, fit.X, fit.Z
    slopes = degrees.covariance_slopes(V, X, Z)
    return fit.vcov_beta.to_numpy(), slopes, degrees.theta_covariance(V, y, X, Z)


def _cases(study):
    """The study, its cut, and a regression with two coefficients, of which both are asked for."""
    Phi = np.array([[2.0, -0.3], [-0.3, 0.5]])
    slopes = np.array([[[0.9, 0.1], [0.1, 0.2]], [[0.3, -0.2], [-0.2, 0.4]]])
    C = np.array([[0.5, -0.2], [-0.2, 0.3]])
    return [
        (np.ones(1), *_parts_of(study.reml)),
        (np.ones(1), *_parts(study)),
        (np.array([0.0, 1.0]), Phi, slopes, C),
        (np.array([1.0, -2.0]), Phi, slopes, C),
    ]


WRITE_IT = Function(
    key="11c",
    title="Satterthwaite in three lines",
    prompt=markdown(r"""
        Write a function for the degrees of freedom of the standard error of
        $\boldsymbol\ell^{\mathsf T}\hat{\boldsymbol\beta}$.
        You are given the contrast $\boldsymbol\ell$ with $p$ entries, the covariance
        $\boldsymbol\Phi$ of $\hat{\boldsymbol\beta}$, its slopes by the variance parameters as an
        array of $m$ matrices, and the covariance $\mathbf C$ of the estimates of these parameters.
        """),
    name="satterthwaite_df",
    stub=markdown('''
        def satterthwaite_df(contrast, Phi, slopes, C):
            """Satterthwaite's degrees of freedom for a contrast of the coefficients."""
            return ...
        '''),
    reference=satterthwaite_df,
    cases=_cases,
    wrong=(
        Wrong(
            "forgot_two",
            _df(lambda variance, g, C: variance**2 / (g @ C @ g)),
            "Your numbers are half of what they should be. The variance of a χ² is twice its "
            "degrees of freedom, and this 2 belongs in the numerator.",
        ),
        Wrong(
            "variance_not_squared",
            _df(lambda variance, g, C: 2 * variance / (g @ C @ g)),
            "Degrees of freedom have no units, but yours have. The mean in the numerator is to be "
            "squared, because the denominator is the variance of a variance.",
        ),
        Wrong(
            "diagonal_only",
            _df(lambda variance, g, C: 2 * variance**2 / (g**2 @ np.diag(C))),
            "You left out the covariances in C. When one variance comes out too high, a second may "
            "tend to come out too low, and their errors then partly cancel.",
        ),
        Wrong(
            "first_parameter_only",
            _df(lambda variance, g, C: 2 * variance**2 / (g[0] ** 2 * C[0, 0])),
            "You let only the first of the variance parameters be uncertain. Each of them moves "
            "the standard error, and each of them was estimated.",
        ),
        Wrong(
            "curvature_not_covariance",
            _df(lambda variance, g, C: 2 * variance**2 / (g @ np.linalg.inv(C) @ g)),
            "You inverted C, which is the covariance of the estimates already. Its inverse is the "
            "curvature of the likelihood.",
        ),
        Wrong(
            "ignores_contrast",
            _first_coefficient,
            "Your function returns the same number for every contrast, that of the first "
            "coefficient. Where does ℓ enter the variance and its slopes?",
        ),
    ),
    hints=(
        "First the variance of the contrast, ℓᵀΦℓ, then its slope by each variance parameter, "
        "which is the same product with a slope in the place of Φ.",
        "The variance of that estimated variance is gᵀCg, by the delta method, with g for the "
        "vector of slopes.",
        "A multiple of a χ² with ν degrees of freedom has a squared mean that is ν/2 times its "
        "variance. Solve that for ν.",
    ),
    solution=markdown(r"""
        The estimated variance is about $\boldsymbol\ell^{\mathsf T}\boldsymbol\Phi
        \boldsymbol\ell$ on average, and its own variance is about
        $\mathbf g^{\mathsf T}\mathbf C\mathbf g$.
        A multiple $a\chi^2_\nu$ has mean $a\nu$ and variance $2a^2\nu$, so that
        $\nu = 2\,\text{mean}^2/\text{variance}$.
        """),
    code=source(satterthwaite_df),
    right=(
        "The three lines serve any mixed model, because the model enters only through Φ, its "
        "slopes, and C."
    ),
    second_round=True,
)


def _pencil(of):
    """Function of the study to what a formula makes of the parts of the unbalanced study."""

    def df(study):
        Phi, slopes, C = _parts(study)
        return float(of(Phi[0, 0], slopes[:, 0, 0], C))

    return df


def _given(study):
    Phi, slopes, C = _parts(study)
    return {
        r"$\mathrm{SE}^2$": Phi[0, 0],
        r"$g_b$": slopes[0, 0, 0],
        r"$g_\epsilon$": slopes[1, 0, 0],
        r"$C_{bb}$": C[0, 0],
        r"$C_{b\epsilon}$": C[0, 1],
        r"$C_{\epsilon\epsilon}$": C[1, 1],
    }


BY_HAND = Numeric(
    key="11d",
    title="Satterthwaite by hand",
    prompt=markdown(r"""
        In the unbalanced study (16, 8, 4, 2 and 1 measurements), the squared standard error of
        $\hat\mu$ moves by $g_b$ for each unit of $\sigma_b^2$ and by $g_\epsilon$ for each unit of
        $\sigma_\epsilon^2$.
        The estimates of these two variances have the covariance matrix $\mathbf C$.
        How many degrees of freedom does Satterthwaite's formula give to this standard error?
        Give two decimals.
        """),
    in_code=(
        "The fit is `study.cut.reml`, and `lt.degrees.covariance_slopes` and "
        "`lt.degrees.theta_covariance` compute the parts from its `V`, `y`, `X` and `Z`."
    ),
    answer=_pencil(lambda variance, g, C: 2 * variance**2 / (g @ C @ g)),
    given=_given,
    atol=0.03,
    elsewhere=(
        (" The first is by far the largest here.", ""),
        (
            "Nearly all of the uncertainty comes from the variance between the women, of whom "
            "there are only five.",
            "The fewer women there are, the fewer degrees of freedom are left for their mean.",
        ),
    ),
    wrong=(
        Wrong(
            "forgot_two",
            _pencil(lambda variance, g, C: variance**2 / (g @ C @ g)),
            "The variance of a χ² is twice its degrees of freedom. This factor is missing from "
            "your numerator.",
        ),
        Wrong(
            "variance_not_squared",
            _pencil(lambda variance, g, C: 2 * variance / (g @ C @ g)),
            "The squared standard error is itself to be squared, since it is compared with the "
            "variance of a variance.",
            always=False,
        ),
        Wrong(
            "forgot_slopes",
            _pencil(lambda variance, g, C: 2 * variance**2 / (C[0, 0] + 2 * C[0, 1] + C[1, 1])),
            "You added the entries of C as they are. Each of them counts only as far as the "
            "squared standard error moves with its parameters, which is what g says.",
        ),
        Wrong(
            "rows_as_df",
            lambda study: float(len(study.cut.y) - 1),
            "That is the number of rows less 1, which would be right if all rows were independent "
            "of each other.",
        ),
        Wrong(
            "groups_minus_one",
            lambda study: len(study.n_i) - 1.0,
            "One less than the number of women is exact if the study is balanced. This one is not, "
            "and the formula gives a number with decimals.",
            always=False,
        ),
    ),
    hints=(
        "The formula is ν = 2 (SE²)²/(gᵀCg), and with two parameters gᵀCg has three terms.",
        "The three terms are g_b² C_bb, 2 g_b g_ε C_bε and g_ε² C_εε. The first is by far the "
        "largest here.",
    ),
    solution=markdown(r"""
        With two parameters the variance of the estimated variance is
        $g_b^2C_{bb} + 2g_bg_\epsilon C_{b\epsilon} + g_\epsilon^2C_{\epsilon\epsilon}$.
        Twice the square of $\mathrm{SE}^2$, divided by that, gives $\nu$.
        """),
    code=markdown("""
        fit = study.cut.reml
        g = lt.degrees.covariance_slopes(fit.V, fit.X, fit.Z)[:, 0, 0]
        C = lt.degrees.theta_covariance(fit.V, fit.y, fit.X, fit.Z)
        answer = 2 * fit.se.iloc[0] ** 4 / (g @ C @ g)
        """),
    right=(
        "Nearly all of the uncertainty comes from the variance between the women, of whom there "
        "are only five."
    ),
    second_round=True,
)

WHICH_TEST = Choice(
    key="11e",
    title="Ten clinics",
    prompt=markdown(r"""
        Ten clinics take part in a trial, five of them with a new routine and five with the old
        one, and each sends between 12 and 60 patients.
        The model is `outcome ~ routine + (1 | clinic)`, and the routine differs only between
        clinics.
        Which p-value for the routine would you report?
        """),
    options=(
        Option(
            "The one that takes t for a standard normal variable, since there are hundreds of "
            "patients.",
            "Patients of one clinic share its level. The routine is compared between ten clinics, "
            "and their number decides how well the standard error is known.",
            "rows_not_groups",
        ),
        Option(
            "The one of the likelihood ratio test by REML, with χ² and one degree of freedom.",
            "Restricted likelihoods of models with different fixed effects are about different "
            "data, so their ratio means nothing.",
            "reml_for_fixed_lrt",
        ),
        Option(
            "The one of the likelihood ratio test by ML, because χ² does not depend on degrees of "
            "freedom.",
            "The χ² distribution is what the statistic approaches with many clinics. With ten of "
            "them it rejects more often than it should, as the simulation of the chapter shows.",
            "asymptotic_with_few_groups",
        ),
        Option(
            "The one of Kenward and Roger's test, or of a parametric bootstrap.",
            "Both allow for the fact that the variance between clinics was estimated from ten of "
            "them, in data that are not balanced.",
        ),
        Option(
            "The smallest one, because each of them is an approximation to the same p-value.",
            "They answer the same question, but some reject a true null hypothesis too often. If "
            "you choose after seeing the results, even the good ones do.",
            "picked_after_looking",
        ),
    ),
    answer=3,
    hints=(
        "Ask first what is being compared: patients, or clinics? Count those.",
        "Then ask which of the p-values would still be right if there were very few of them.",
    ),
    solution=markdown(r"""
        The routine varies between clinics, so about $10 - 2 = 8$ degrees of freedom are left for
        its standard error, and $t_8$ has clearly heavier tails than the normal distribution.
        The data are unbalanced, so no exact test exists, and Kenward and Roger's is the standard
        choice; a parametric bootstrap takes longer and comes to nearly the same.
        """),
    right=(
        "The number of clinics limits what is known about the standard error, and these two "
        "methods take that into account."
    ),
    second_round=True,
)

JUMP = Choice(
    key="11f",
    title="A jump in the degrees of freedom",
    prompt=markdown(r"""
        Six batches of five samples each: for the mean, lmerTest reports 5 degrees of freedom in
        one data set and 29 in another of the same design.
        In both, Kenward and Roger's formula gives 5.
        What is the most likely reason?
        """),
    options=(
        Option(
            "The second data set has more rows.",
            "The design is the same, so both have thirty rows. Something that was estimated from "
            "them must be different.",
            "more_rows",
        ),
        Option(
            "In the second data set the batches differ much more.",
            "If they differ more, the standard error rests all the more on the six batches. Look "
            "for a reason why batches should stop counting at all.",
            "upside_down",
        ),
        Option(
            "In the second data set the variance between batches is estimated as 0.",
            "On the boundary Satterthwaite's formula drops the variance between batches, and all "
            "thirty rows count as independent.",
        ),
        Option(
            "The second model was fitted by maximum likelihood.",
            "That would change the estimates a little, and the degrees of freedom from five to "
            "about six, but it would not multiply them.",
            "ml_not_reml",
        ),
        Option(
            "The algorithm did not converge.",
            "Then there would be a warning, and the number could be anything. But 29 is a number "
            "that you can explain: it is one less than the number of rows.",
            "not_converged",
        ),
    ),
    answer=2,
    hints=(
        "What do 29 and 5 have to do with thirty rows and six batches?",
        "When would a model treat thirty rows in six batches as thirty independent rows?",
    ),
    solution=markdown(r"""
        A singular fit, $\hat\sigma_b^2 = 0$, is the fit of a model without batches, and
        Satterthwaite's formula gives it the $n - 1 = 29$ degrees of freedom of such a model.
        Kenward and Roger's formula keeps counting $\sigma_b^2$ among the parameters that were
        estimated, and arrives at $I - 1 = 5$.
        An estimate of 0 does not prove that the batches are alike, so 5 is the more careful answer.
        """),
    right=(
        "With an estimate of 0 the model forgets its groups, which is hardly what an analyst "
        "wants who put them there."
    ),
    second_round=True,
)

EXERCISES = (MORE_ROWS, FIVE_MEANS, WRITE_IT, BY_HAND, WHICH_TEST, JUMP)
