"""Exercises of chapter 5: REML."""

import numpy as np

from lmmteach import likelihood
from lmmteach.exercises.bank._shortened import stops_early, sums_of_first
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong


def _half(study):
    """Sums of squares between and within women, of the first half of the measurements of each."""
    return sums_of_first(study, study.half)


def _between(study, more=-1, J=None, rows_as_df=False):
    """σ_b² as (SSB/d − σ̂_ε²)/J, which each mistake of 5a turns into something else."""
    (SSB, SSW), I = _half(study), len(study.n_i)
    J = study.half if J is None else J
    df_within = I * J if rows_as_df else I * (J - 1)
    return (SSB / (I + more) - SSW / df_within) / J


FROM_SUMS = Numeric(
    key="5a",
    title="REML by hand, from half of the data",
    prompt=markdown(r"""
        Suppose that the study had stopped after eight measurements of each woman, so that there
        were forty rows in all.
        What would be the REML estimate of $\sigma_b^2$ from these rows?

        With balanced data you need no fit, so find it by hand from the two sums of squares SSB
        and SSW, and give at least three decimals.
        """),
    in_code="They are the rows of the DataFrame `study.data` whose `measurement` is at most 8; "
    "`lt.likelihood.sums_of_squares` gives SSB and SSW.",
    answer=_between,
    given=lambda study: dict(zip(("SSB", "SSW"), _half(study), strict=True)),
    atol=1e-3,
    needs=stops_early,
    scale=2,
    elsewhere=(
        (
            "after eight measurements of each woman, so that there were forty rows in all",
            "after <h> measurements of each woman, so that there were <hq> rows in all",
        ),
        (
            "the rows of the DataFrame `study.data` whose `measurement` is at most 8",
            "the rows `study.first(<h#>)`",
        ),
        ("when SSB is divided by 6,", "when SSB is divided by <q2#>,"),
        (
            "The formula was used with J = 16, as for the whole study",
            "The formula was used with the J of the whole study",
        ),
        ("first eight measurements", "first <h> measurements"),
        (
            "REML leaves I − 1 = 4 degrees of freedom between the women, so d = 4, and there "
            "are J = 8 measurements of each.",
            "REML leaves I − 1 = <q1#> degrees of freedom between the women, so d = <q1#>, and "
            "there are J = <h#> measurements of each.",
        ),
        (
            "where `rows` marks the measurements 1 to 8",
            "where `rows` is `study.is_among_first(<h#>)`",
        ),
        ("With $I = 5$ women and $J = 8$", "With $I = <q#>$ women and $J = <h#>$"),
        (
            r"one of the five directions between the women belongs to $\mu$, and REML uses the "
            r"other four. If you fit the forty rows",
            r"one of the <q> directions between the women belongs to $\mu$, and REML uses the "
            r"other <q1>. If you fit the <hq> rows",
        ),
        ('study.data["measurement"].to_numpy() <= 8', "study.is_among_first(<h#>)"),
        ("SSW / (5 * 7)", "SSW / (<q#> * <h1#>)"),
        ("(SSB / 4 - sigma2_e) / 8", "(SSB / <q1#> - sigma2_e) / <h#>"),
        ("by the four degrees of freedom", "by the <q1> degrees of freedom"),
    ),
    wrong=(
        Wrong(
            "used_ML",
            lambda study: _between(study, more=0),
            "Here SSB was divided by the number of women, which gives the ML estimate. "
            "REML takes into account that the common mean was estimated from the same women: how "
            "many degrees of freedom does that cost?",
        ),
        Wrong(
            "sign_of_logdet_term",
            lambda study: _between(study, more=1),
            "This is what comes out when SSB is divided by 6, or when ½ log |XᵀV⁻¹X| is added to "
            "the log-likelihood instead of taken away. Does estimating a mean cost a degree of "
            "freedom, or gain you one?",
        ),
        Wrong(
            "var_of_means",
            lambda study: _half(study)[0] / (len(study.n_i) - 1) / study.half,
            "This is the variance of the five means, and these differ for two reasons: the women "
            "differ, and each mean has an error of its own. Only the first part is σ_b², so the "
            "second has to be taken away.",
        ),
        Wrong(
            "wrong_J",
            lambda study: _between(study, J=study.n_i.max()),
            "The formula was used with J = 16, as for the whole study. "
            "How many measurements of each woman went into these two sums of squares?",
        ),
        Wrong(
            "sd_not_var",
            lambda study: np.sqrt(_between(study)),
            "This is the standard deviation σ̂_b, and the question asks for the variance, "
            "which is its square.",
        ),
        Wrong(
            "wrong_df_within",
            lambda study: _between(study, rows_as_df=True),
            "SSW was divided by the number of rows here. Since each woman's own mean had to be "
            "estimated first, how many degrees of freedom are left within women?",
        ),
        Wrong(
            "all_rows",
            lambda study: study.reml.sigma2_b,
            "This estimate uses all rows of the study, and the question is about the first eight "
            "measurements of each woman only.",
        ),
        Wrong(
            "all_rows_used_ML",
            lambda study: study.ml.sigma2_b,
            "This is the maximum likelihood estimate from all rows of the study. Keep the first "
            "eight measurements of each woman, and divide SSB as REML does.",
            always=False,
        ),
    ),
    hints=(
        "The section on the REML estimates has the closed form for balanced data, with the one "
        "divisor in which REML differs from ML.",
        "With balanced data σ̂_ε² is SSW/(I(J − 1)), and σ̂_b² is (SSB/d − σ̂_ε²)/J. Which d "
        "belongs to REML, and what is J in the shortened study?",
        "REML leaves I − 1 = 4 degrees of freedom between the women, so d = 4, and there are J = 8 "
        "measurements of each. In Python, `lt.likelihood.sums_of_squares(y[rows], Z[rows])` gives "
        "the sums, where `rows` marks the measurements 1 to 8.",
    ),
    solution=markdown(r"""
        With $I = 5$ women and $J = 8$ measurements of each,

        $$\hat\sigma_\epsilon^2 = \frac{\mathrm{SSW}}{I(J-1)}, \qquad \hat\sigma_b^2 =
        \frac1J\left(\frac{\mathrm{SSB}}{I-1} - \hat\sigma_\epsilon^2\right).$$

        The divisor $I - 1$ is the only difference from ML, which divides by $I$: one of the five
        directions between the women belongs to $\mu$, and REML uses the other four.
        If you fit the forty rows with `lt.lmm`, you get the same number.
        """),
    code=(
        'rows = study.data["measurement"].to_numpy() <= 8\n'
        "SSB, SSW = lt.likelihood.sums_of_squares(y[rows], Z[rows])\n"
        "sigma2_e = SSW / (5 * 7)\n"
        "answer = (SSB / 4 - sigma2_e) / 8"
    ),
    right=(
        "You divided by the four degrees of freedom that are left once the common mean of the five "
        "women has been estimated, and you took away what measurement error adds to the means."
    ),
)

BIASED = Choice(
    key="5b",
    second_round=True,
    title="Is ML right on average?",
    prompt=markdown(r"""
        A study like ours, with sixteen measurements of each of five women and a common mean
        $\mu$, is repeated many times, always with five new women.
        Is either of the two variance estimates from ML wrong on average, or are both?
        Leave aside the rare studies in which $\hat\sigma_b^2$ comes out as 0.
        """),
    options=(
        Option(
            "Both estimates, σ̂_b² and σ̂_ε², are too small on average.",
            "With a covariate that varies within women this is true, and you may have heard it in "
            "a lecture. But do both variances differ between ML and REML in these data? SSW "
            "compares each value with the mean of its own woman, so ask whether estimating μ "
            "changes it.",
            "ml_both_biased",
        ),
        Option(
            "Only the estimate within women, σ̂_ε², is too small.",
            "The divisor of σ̂_ε² = SSW/(I(J − 1)) already counts one mean for each woman. "
            "Into which of the two sums of squares does the estimated μ enter?",
            "ml_wrong_variance",
        ),
        Option(
            "Only the estimate between women, σ̂_b², is too small.",
            "Yes: the five means are compared with a μ that was itself computed from them, yet ML "
            "divides as if it had been known beforehand.",
        ),
        Option(
            "Neither of them, because maximum likelihood is right on average.",
            "Maximum likelihood makes no such promise. Think of the variance of five numbers: "
            "by what does ML divide their sum of squares, and which divisor is right on average?",
            "ml_unbiased",
        ),
    ),
    answer=2,
    hints=(
        "The chapter fits the data by ML and by REML: which of the two variances differs between "
        "these fits?",
        "SSW compares each value with the mean of its own woman, whereas SSB compares the five "
        "means with one estimated mean. Which of the two is affected by estimating μ?",
    ),
    solution=markdown(r"""
        The estimate $\hat\sigma_\epsilon^2 = \mathrm{SSW}/(I(J-1))$ is the same for ML and REML,
        and it is right on average.
        But ML divides SSB by $I$ instead of $I - 1$, so its estimate of
        $\sigma_b^2 + \sigma_\epsilon^2/J$ is a fifth too small on average.
        Since $\sigma_\epsilon^2/J$ is estimated correctly, the whole of that error ends up in
        $\hat\sigma_b^2$, which is therefore too small by slightly more than a fifth.
        """),
    right=(
        "Knowing μ would not change SSW, whose divisor already allows for the five degrees of "
        "freedom that the women's own means cost."
    ),
)

OTHER_K = Numeric(
    key="5c",
    second_round=True,
    title="Another K, another number",
    prompt=markdown(r"""
        Take the unbalanced study (16, 8, 4, 2 and 1 measurements) at its REML estimate
        $\hat{\boldsymbol\theta}$.
        A programmer uses the *orthonormal* $\mathbf K$ of this chapter, and her program prints
        $-2\,\ell_K(\hat{\boldsymbol\theta})$ under the name "REML criterion".
        Which number does it print, to at least three decimals?
        """),
    in_code="The unbalanced study is `study.cut`, and `study.cut.reml` is its REML fit, with "
    "`theta` and `V`.",
    answer=lambda study: study.cut.reml.criterion - np.log(study.cut.reml.nobs),
    given=lambda study: {
        r"$\ell_R(\hat{\boldsymbol\theta})$": study.cut.reml.loglik,
        "$n$": study.cut.reml.nobs,
    },
    atol=1e-3,
    elsewhere=(
        ("her program", "the program"),
        ("so her estimates", "so the programmer's estimates"),
        ("$n = 31$", "$n = <m#>$"),
        ("\\log 31", "\\log <m#>"),
    ),
    wrong=(
        Wrong(
            "k_changes_nothing",
            lambda study: study.cut.reml.criterion,
            "This is −2 ℓ_R, the criterion of the printout. A different K does not move the top, "
            "but it does change the height, so how far above ℓ_R is ℓ_K when K is orthonormal?",
        ),
        Wrong(
            "offset_turned",
            lambda study: study.cut.reml.criterion + np.log(study.cut.reml.nobs),
            "The size of the difference is right, but its direction is not. "
            "Here ℓ_K is larger than ℓ_R, so is −2 ℓ_K larger or smaller than −2 ℓ_R?",
        ),
        Wrong(
            "forgot_2",
            lambda study: study.cut.reml.criterion - np.log(study.cut.reml.nobs) / 2,
            "Here −2 ℓ_R was changed by the difference between the two log-likelihoods. "
            "What is the difference between −2 ℓ_K and −2 ℓ_R?",
        ),
        Wrong(
            "loglik_not_criterion",
            lambda study: -(study.cut.reml.criterion - np.log(study.cut.reml.nobs)) / 2,
            "This is the log-likelihood ℓ_K itself, and her program prints −2 times that.",
        ),
        Wrong(
            "n_is_80",
            lambda study: study.cut.reml.criterion - np.log(study.reml.nobs),
            "This uses log |XᵀX| of the whole study. How many rows are left in the unbalanced one?",
        ),
        Wrong(
            "used_ML",
            lambda study: study.cut.ml.criterion,
            "This is −2 ℓ at the ML estimate, which comes from the likelihood of y with β in it. "
            "The question is about the likelihood of Kᵀy, which has no β.",
        ),
        Wrong(
            "forgot_the_cut",
            lambda study: study.reml.criterion - np.log(study.reml.nobs),
            "This would be right for all eighty rows, but the question is about the unbalanced "
            "study.",
            always=False,
        ),
        Wrong(
            "printout_of_all_rows",
            lambda study: study.reml.criterion,
            "This is the REML criterion of the printout, which comes from all eighty rows. The "
            "question is about the unbalanced study, and about a different K.",
            always=False,
        ),
    ),
    hints=(
        "You can compute it directly, with `lt.reml.error_contrasts` and "
        "`lt.reml.contrast_loglik`, at the V of the REML fit.",
        "Or you can use ℓ_K = ℓ_R − ½ (log |KᵀK| − log |XᵀX|). What is KᵀK when the columns of K "
        "have length 1 and are at right angles to one another?",
        "For an orthonormal K, log |KᵀK| is 0, and log |XᵀX| is log n, where n is the number of "
        "rows in the unbalanced study. Then remember the factor −2.",
    ),
    solution=markdown(r"""
        We use $\ell_K = \ell_R - \tfrac12(\log\lvert\mathbf K^{\mathsf T}\mathbf K\rvert -
        \log\lvert\mathbf X^{\mathsf T}\mathbf X\rvert)$.
        For an orthonormal $\mathbf K$ the first determinant is 1, and for a column of ones the
        second is $n = 31$, so $-2\,\ell_K = -2\,\ell_R - \log 31$.
        The difference contains no variance, so both criteria have their lowest point at the same
        $\hat{\boldsymbol\theta}$, and only their heights cannot be compared.
        """),
    code=(
        "fit = study.cut.reml\n"
        "K = lt.reml.error_contrasts(fit.X)\n"
        "answer = -2 * lt.reml.contrast_loglik(K, fit.V, fit.y)"
    ),
    right=(
        "It differs from the criterion of other programs by the constant log n, so her estimates "
        "agree with theirs, although the two criteria must not be compared."
    ),
)


def criterion_from_means(means, n_i, SSW, theta):
    """The REML criterion from a mean and a size for each woman, and SSW."""
    sigma2_b, sigma2_e = theta
    n, I = n_i.sum(), len(n_i)
    w = 1 / (sigma2_b + sigma2_e / n_i)
    mu = np.sum(w * means) / np.sum(w)
    log_det_V = np.sum(np.log(sigma2_e + n_i * sigma2_b)) + (n - I) * np.log(sigma2_e)
    quadratic = np.sum(w * (means - mu) ** 2) + SSW / sigma2_e
    return (n - 1) * np.log(2 * np.pi) + log_det_V + np.log(np.sum(w)) + quadratic


def _criterion_with(mean_for, logdet_for, lost=1):
    """An implementation of the criterion with another μ̂ or another term for log |XᵀV⁻¹X|."""

    def criterion(means, n_i, SSW, theta):
        sigma2_b, sigma2_e = theta
        n, q = n_i.sum(), len(n_i)
        w = 1 / (sigma2_b + sigma2_e / n_i)
        mu = mean_for(means, n_i, w)
        log_det_V = np.sum(np.log(sigma2_e + n_i * sigma2_b)) + (n - q) * np.log(sigma2_e)
        quadratic = np.sum(w * (means - mu) ** 2) + SSW / sigma2_e
        return (n - lost) * np.log(2 * np.pi) + log_det_V + logdet_for(n_i, w) + quadratic

    return criterion


def _gls_mean(means, n_i, w):
    return np.sum(w * means) / np.sum(w)


def _reml_term(n_i, w):
    return np.log(np.sum(w))


def _criterion_cases(study):
    def of(part, theta):
        return part.means, part.n_i, likelihood.sums_of_squares(part.y, part.Z)[1], theta

    return [
        of(study, study.reml.theta),
        of(study.cut, study.cut.reml.theta),
        of(study.cut, np.array([0.1, 2.0])),
        (np.array([1.0, 3.0, 8.0]), np.array([1, 2, 5]), 4.0, np.array([2.0, 0.5])),
    ]


WITHOUT_MATRICES = Function(
    key="5d",
    title="The REML criterion without matrices",
    prompt=markdown(r"""
        For a common mean and a random intercept you can compute the REML criterion without any
        matrix.
        Write it as a function of the women's means $\bar y_i$, their numbers of measurements
        $n_i$, which may differ, SSW and $\boldsymbol\theta = (\sigma_b^2, \sigma_\epsilon^2)$.

        The variance of a woman's mean is $\operatorname{Var}(\bar y_i) = \sigma_b^2 +
        \sigma_\epsilon^2/n_i$, and its inverse is her weight $w_i$.
        The criterion has four terms,

        $$-2\,\ell_R = (n-p)\log 2\pi + \log\lvert\mathbf V\rvert + \log\lvert\mathbf X^{\mathsf
        T}\mathbf V^{-1}\mathbf X\rvert + \mathbf r^{\mathsf T}\mathbf V^{-1}\mathbf r,$$

        and two of them are given: $\log\lvert\mathbf V\rvert = \sum_i \log(\sigma_\epsilon^2 +
        n_i\sigma_b^2) + (n - I)\log\sigma_\epsilon^2$, and $\mathbf r^{\mathsf T}\mathbf
        V^{-1}\mathbf r = \sum_i w_i(\bar y_i - \hat\mu)^2 + \mathrm{SSW}/\sigma_\epsilon^2$.
        Your part is to find the right $\hat\mu$, and to write
        $\log\lvert\mathbf X^{\mathsf T}\mathbf V^{-1}\mathbf X\rvert$ in terms of the weights.
        Your function will be tried on the balanced study and on an unbalanced one, with 16, 8,
        4, 2 and 1 measurements of the five women.
        """),
    name="criterion_from_means",
    stub=markdown('''
        def criterion_from_means(means, n_i, SSW, theta):
            """The REML criterion from a mean and a size for each woman, and SSW."""
            sigma2_b, sigma2_e = theta
            w = 1 / (sigma2_b + sigma2_e / n_i)
            return ...
        '''),
    reference=criterion_from_means,
    cases=_criterion_cases,
    wrong=(
        Wrong(
            "ols_for_gls",
            _criterion_with(lambda means, n_i, w: np.sum(n_i * means) / n_i.sum(), _reml_term),
            "Here μ̂ is the mean of all rows, which in the balanced study is the GLS mean but in "
            "the unbalanced one is not. Which weights does GLS give to the five means?",
        ),
        Wrong(
            "mean_of_means",
            _criterion_with(lambda means, n_i, w: means.mean(), _reml_term),
            "Here μ̂ gives each woman the same weight, which is right in the balanced study. In "
            "the unbalanced one, a mean of sixteen values deserves more trust than a single value.",
        ),
        Wrong(
            "used_ML",
            _criterion_with(_gls_mean, lambda n_i, w: 0.0, lost=0),
            "This is −2 ℓ_p, the criterion of ML. REML has one term more, and it has n − p where "
            "ML has n.",
        ),
        Wrong(
            "term_forgotten",
            _criterion_with(_gls_mean, lambda n_i, w: 0.0),
            "The term log |XᵀV⁻¹X| is missing here, and it is the one in which REML differs from "
            "ML.",
        ),
        Wrong(
            "loglik_not_criterion",
            lambda *arguments: criterion_from_means(*arguments) / -2,
            "This is the restricted log-likelihood ℓ_R itself, and the criterion is −2 times that.",
        ),
        Wrong(
            "n_not_n_minus_p",
            _criterion_with(_gls_mean, _reml_term, lost=0),
            "Three terms are right, but the first one counts all n measurements. How many error "
            "contrasts can be made from them?",
        ),
        Wrong(
            "logXtX",
            _criterion_with(_gls_mean, lambda n_i, w: np.log(n_i.sum())),
            "This uses log |XᵀX|, which is log n, whereas the criterion has V⁻¹ in the middle. "
            "With a column of ones for X, what is 1ᵀV⁻¹1 in terms of the weights?",
        ),
        Wrong(
            "sign_of_logdet_term",
            _criterion_with(_gls_mean, lambda n_i, w: -np.log(np.sum(w))),
            "The term log |XᵀV⁻¹X| has the wrong sign here: in ℓ_R it has the factor −½, which "
            "becomes a plus in −2 ℓ_R.",
        ),
    ),
    hints=(
        "With a common mean, XᵀV⁻¹X is a single number, and its inverse is the variance of μ̂, "
        "which is a weighted mean of the women's means.",
        "Each woman is informative about μ through her mean, with information wᵢ, and the "
        "information from independent women adds up.",
        "So μ̂ is `np.sum(w * means) / np.sum(w)`, and log |XᵀV⁻¹X| is `np.log(np.sum(w))`. "
        "Add the four terms, with n − 1 in the first.",
    ),
    solution=markdown(r"""
        The women's means are independent, with variances $1/w_i$, so the GLS mean is
        $\hat\mu = \sum w_i\bar y_i / \sum w_i$, and the inverse of its variance is
        $\mathbf X^{\mathsf T}\mathbf V^{-1}\mathbf X = \sum w_i$.
        Since SSW does not contain $\mu$ at all, the means, the sizes and SSW are all that is
        needed, and even a study of a million rows can be fitted in no time.
        With balanced data the weights are all equal, and so an error in $\hat\mu$ can be seen in
        the unbalanced study only.
        """),
    code=source(criterion_from_means),
    right=(
        "Five means, five sizes and one sum of squares are all that REML needs here, and your code "
        "is right for groups of any size."
    ),
)

COMPARABLE = Choice(
    key="5e",
    second_round=True,
    title="When may REML likelihoods be compared?",
    prompt=markdown(r"""
        You have fitted two models to the same responses, both of them by REML.
        Under what condition may you compare their restricted log-likelihoods?
        """),
    options=(
        Option(
            "Under no condition, since only ML likelihoods may be compared.",
            "This is too strict, although you will often read it. Ask what the matrix K "
            "depends on, and then when two models have the same Kᵀy.",
            "reml_never_lrt",
        ),
        Option(
            "It is enough that one model is nested in the other.",
            "Nested models with different fixed effects have different K. Do their ℓ_R then belong "
            "to the same data Kᵀy?",
            "reml_for_fixed_lrt",
        ),
        Option(
            "They must have the same X, while their random effects may differ.",
            "Yes: which contrasts Kᵀy are left depends on the fixed part alone, so here both "
            "likelihoods describe one set of data.",
        ),
        Option(
            "They must have the same random effects, while their X may differ.",
            "The random effects enter ℓ_R through V only, as the model for the contrasts Kᵀy. "
            "Which part of a model decides what these contrasts are?",
            "same_V_not_X",
        ),
    ),
    answer=2,
    hints=(
        "Up to a constant, ℓ_R is the log-likelihood of Kᵀy, and likelihoods may be compared if "
        "they are likelihoods of the same data.",
        "All that we ask of K is that KᵀX = 0, so what must two models share if they are to have "
        "the same Kᵀy?",
    ),
    solution=markdown(r"""
        Up to a constant, $\ell_R$ is the log-likelihood of $\mathbf K^{\mathsf T}\mathbf y$, and
        $\mathbf K$ belongs to $\mathbf X$.
        Two models with the same $\mathbf X$, for instance with and without $\sigma_b^2$, explain
        the same contrasts, and so the comparison is fair.
        With a different $\mathbf X$, even a nested one, the contrasts are different data.
        """),
    right="So σ_b² = 0 can be tested by a ratio from REML, and a coefficient of X cannot.",
)

BETTER = Choice(
    key="5f",
    second_round=True,
    title="Unbiased, so better?",
    prompt=markdown(r"""
        A colleague says: “REML is unbiased, so its $\hat\sigma_b^2$ is closer to the truth than
        that of ML, and its root $\hat\sigma_b$ is unbiased too.”
        Think of many studies with five women each, and take the mean squared error as the measure
        of closeness: are both conclusions true, only one of them, or neither?
        """),
    options=(
        Option(
            "Both of the colleague's conclusions are true.",
            "Being unbiased means being right on average, which leaves open how far off individual "
            "estimates are. And is the average of the roots the root of the average?",
            "reml_always_better",
        ),
        Option(
            "Only the first is true, that REML's σ̂_b² is closer.",
            "Dividing by 4 instead of 5 makes the estimate right on average, but it also makes it "
            "vary more. Which of the two effects weighs more when there are five women?",
            "reml_always_better_mse",
        ),
        Option(
            "Only the second is true, that REML's σ̂_b is right on average.",
            "The square root bends: an estimate above the truth raises the root by less than an "
            "estimate just as far below lowers it. What does this do to the average of the roots?",
            "root_keeps_averages",
        ),
        Option(
            "Neither of the two conclusions is true.",
            "Yes: ML varies less from study to study, by enough to have the smaller squared error "
            "here, and even REML makes σ̂_b too small on average.",
        ),
    ),
    answer=3,
    hints=(
        "The mean squared error is the variance plus the square of the bias, and ML has the larger "
        "bias here. Which of the two methods has the larger variance?",
        "For the second conclusion, take two variances, 1 and 9, and compare the mean of their "
        "roots with the root of their mean.",
    ),
    solution=markdown(r"""
        With five women the ML estimate is about $\tfrac45$ of that of REML, a little less because
        the same $\hat\sigma_\epsilon^2/J$ is subtracted in both.
        So it is biased, but its variance is only about $\tfrac{16}{25}$ of that of REML, and the
        smaller variance outweighs the bias: the mean squared error of ML is the smaller one.
        For the second conclusion, since the root is concave, $\mathrm E\,\hat\sigma_b <
        \sqrt{\mathrm E\,\hat\sigma_b^2} = \sigma_b$.
        REML is preferred for a different reason: the standard errors of
        $\hat{\boldsymbol\beta}$ are computed from $\hat\sigma_b^2$, and with ML they are too small.
        """),
    right=(
        "An estimate that is right on average need not be close to the truth in a single study, "
        "and being right for a variance does not make it right for the root of that variance."
    ),
)

EXERCISES = (FROM_SUMS, BIASED, OTHER_K, WITHOUT_MATRICES, COMPARABLE, BETTER)
