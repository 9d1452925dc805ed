"""Exercises of chapter 5: REML."""

import numpy as np

from lmmteach import likelihood
from lmmteach.exercises.bank._shortened import sums_of_first
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong


def _half(study):
    """Sums of squares between and within women, of the first eight measurements of each."""
    return sums_of_first(study, 8)


def _between(SSB, SSW, d, J):
    """σ_b² as (SSB/d − σ̂_ε²)/J, which each mistake of 5a turns into something else."""
    return (SSB / d - SSW / (5 * (J - 1))) / J


FROM_SUMS = Numeric(
    key="5a",
    title="REML by hand, from half of the data",
    prompt=markdown(r"""
        Suppose that the study had stopped after eight measurements of each woman, with forty rows
        in all.
        What is the REML estimate of $\sigma_b^2$ from these rows?

        Find it by hand, from SSB and SSW: the data are balanced, so no fit is needed.
        Give at least three decimals.
        """),
    in_code="They are the rows of the DataFrame `study.data` whose `measurement` is at most 8; "
    "`lt.likelihood.sums_of_squares` gives SSB and SSW.",
    answer=lambda study: _between(*_half(study), d=4, J=8),
    given=lambda study: dict(zip(("SSB", "SSW"), _half(study), strict=True)),
    atol=1e-3,
    wrong=(
        Wrong(
            "used_ML",
            lambda study: _between(*_half(study), d=5, J=8),
            "That is the ML estimate: you divided SSB by the number of women. "
            "REML knows that the common mean was estimated from them. What does that cost?",
        ),
        Wrong(
            "sign_of_logdet_term",
            lambda study: _between(*_half(study), d=6, J=8),
            "You divided SSB by 6. This is what comes out when ½ log |XᵀV⁻¹X| is added to the "
            "log-likelihood instead of taken away. Is a degree of freedom lost here, or won?",
        ),
        Wrong(
            "var_of_means",
            lambda study: _half(study)[0] / 4 / 8,
            "That is the variance of the five means. They differ for two reasons: the women "
            "differ, and each mean has an error of its own. Take the second part away.",
        ),
        Wrong(
            "wrong_J",
            lambda study: _between(*_half(study), d=4, J=16),
            "You put J = 16 into the formula, as for the whole study. "
            "How many measurements of each woman are in these sums of squares?",
        ),
        Wrong(
            "sd_not_var",
            lambda study: np.sqrt(_between(*_half(study), d=4, J=8)),
            "That is σ̂_b, the standard deviation. The question is about the variance.",
        ),
        Wrong(
            "wrong_df_within",
            lambda study: (_half(study)[0] / 4 - _half(study)[1] / 40) / 8,
            "You divided SSW by the number of rows. Each woman's own mean was estimated as well: "
            "how many degrees of freedom are left within women?",
        ),
        Wrong(
            "all_rows",
            lambda study: study.reml.sigma2_b,
            "That is the estimate from all rows of the study. "
            "Keep only the first eight measurements of each woman.",
        ),
        Wrong(
            "all_rows_used_ML",
            lambda study: study.ml.sigma2_b,
            "That is the estimate from all rows of the study, and by maximum likelihood. Keep the "
            "first eight measurements of each woman, and divide as REML does.",
            always=False,
        ),
    ),
    hints=(
        "Chapter 2 has the closed form for balanced data, and this chapter says what REML changes "
        "in it.",
        "σ̂_ε² is SSW/(I(J − 1)), and σ̂_b² is (SSB/d − σ̂_ε²)/J. What is d for REML? And J here?",
        "REML leaves I − 1 = 4 degrees of freedom between the women, so d = 4, and J = 8. In "
        "Python the sums are `lt.likelihood.sums_of_squares(y[rows], Z[rows])`.",
    ),
    solution=markdown(r"""
        With $I = 5$ women and $J = 8$ measurements of each,

        $$\hat\sigma_\epsilon^2 = \frac{\mathrm{SSW}}{I(J-1)}, \qquad \hat\sigma_b^2 =
        \frac1J\left(\frac{\mathrm{SSB}}{I-1} - \hat\sigma_\epsilon^2\right).$$

        The $I - 1$ is the only difference from ML, which divides by $I$.
        One of five directions between the women belongs to $\mu$, and REML looks at the other
        four.
        Fitting the forty rows with `lt.lmm` gives the same number.
        """),
    code=(
        'rows = study.data["measurement"].to_numpy() <= 8\n'
        "SSB, SSW = lt.likelihood.sums_of_squares(y[rows], Z[rows])\n"
        "sigma2_e = SSW / (5 * 7)\n"
        "answer = (SSB / 4 - sigma2_e) / 8"
    ),
    right=(
        "You divided by the four degrees of freedom that five women leave when their common mean "
        "is estimated, and took away what chance adds to the means."
    ),
)

BIASED = Choice(
    key="5b",
    title="Is ML right on average?",
    prompt=markdown(r"""
        Take a study like ours: five women, sixteen measurements of each, a common mean $\mu$.
        It is repeated many times, always with five new women.
        Which ML estimates are wrong on average?
        (Suppose that $\hat\sigma_b^2$ never comes out as 0.)
        """),
    options=(
        Option(
            "Both: σ̂_b² and σ̂_ε² are too small.",
            "A lecture may say so, and with a covariate that varies within women it is true. "
            "But compare ML and REML for these data: do both variances differ? "
            "SSW compares each value with the mean of its own woman. Does estimating μ change it?",
            "ml_both_biased",
        ),
        Option(
            "Only σ̂_ε² is too small.",
            "σ̂_ε² is SSW/(I(J − 1)): its divisor already counts one mean for each woman. "
            "Where does the estimated μ enter?",
            "ml_wrong_variance",
        ),
        Option(
            "Only σ̂_b² is too small.",
            "Yes. The five means are compared with an estimate of μ that was made from them, and "
            "ML divides as if μ had been known.",
        ),
        Option(
            "Neither: maximum likelihood is right on average.",
            "Maximum likelihood makes no such promise. Remember the variance of five numbers: "
            "by what does ML divide, and by what does one divide to be right on average?",
            "ml_unbiased",
        ),
    ),
    answer=2,
    hints=(
        "Look at the two fits of the chapter, by ML and by REML. What differs?",
        "SSW compares each value with the mean of its own woman. SSB compares the five means with "
        "one estimated mean. Which of them notices that μ was estimated?",
    ),
    solution=markdown(r"""
        $\hat\sigma_\epsilon^2 = \mathrm{SSW}/(I(J-1))$ is the same for ML and REML, and right on
        average.
        ML divides SSB by $I$ instead of $I - 1$, so it takes $\sigma_b^2 + \sigma_\epsilon^2/J$
        for one fifth smaller than it is.
        Only $\hat\sigma_b^2$ suffers.
        """),
    right="SSW holds each woman's values against her own mean, so nothing is lost within women.",
)

OTHER_K = Numeric(
    key="5c",
    title="Another K, another number",
    prompt=markdown(r"""
        Take the unbalanced study (16, 8, 4, 2 and 1 measurements) at its REML estimate
        $\hat{\boldsymbol\theta}$.
        Somebody uses the *orthonormal* $\mathbf K$ of this chapter, and prints
        $-2\,\ell_K(\hat{\boldsymbol\theta})$ as "the REML criterion".
        Which number does she print?
        Give at least three decimals.
        """),
    in_code="The unbalanced study is `study.cut`, and `study.cut.reml` is its REML fit, with "
    "`theta` and `V`.",
    answer=lambda study: study.cut.reml.criterion - np.log(study.cut.reml.nobs),
    given=lambda study: {
        r"$\ell_R(\hat{\boldsymbol\theta})$": study.cut.reml.loglik,
        "$n$": study.cut.reml.nobs,
    },
    atol=1e-3,
    wrong=(
        Wrong(
            "k_changes_nothing",
            lambda study: study.cut.reml.criterion,
            "That is −2 ℓ_R, the criterion of the printout. Another K moves no top, but it does "
            "change the height. By how much does ℓ_K lie above ℓ_R when K is orthonormal?",
        ),
        Wrong(
            "offset_turned",
            lambda study: study.cut.reml.criterion + np.log(study.cut.reml.nobs),
            "The size of the difference is right, its direction is not. "
            "ℓ_K lies above ℓ_R here. What does that do to −2 ℓ_K?",
        ),
        Wrong(
            "forgot_2",
            lambda study: study.cut.reml.criterion - np.log(study.cut.reml.nobs) / 2,
            "You changed −2 ℓ by the difference of the two ℓ. "
            "What is the difference of −2 ℓ_K and −2 ℓ_R?",
        ),
        Wrong(
            "loglik_not_criterion",
            lambda study: -(study.cut.reml.criterion - np.log(study.cut.reml.nobs)) / 2,
            "That is ℓ_K itself. She prints −2 times that.",
        ),
        Wrong(
            "n_is_80",
            lambda study: study.cut.reml.criterion - np.log(80),
            "You took log |XᵀX| of the whole study. How many rows has the unbalanced one?",
        ),
        Wrong(
            "used_ML",
            lambda study: study.cut.ml.criterion,
            "That is −2 ℓ at the ML estimate: the likelihood of y, with β in it. "
            "Here we want the likelihood of Kᵀy.",
        ),
        Wrong(
            "forgot_the_cut",
            lambda study: study.reml.criterion - np.log(80),
            "That is right for all eighty rows. Here the unbalanced study is asked for.",
            always=False,
        ),
        Wrong(
            "printout_of_all_rows",
            lambda study: study.reml.criterion,
            "That is the REML criterion of the printout, from all eighty rows. Here the unbalanced "
            "study is asked for, and another K.",
            always=False,
        ),
    ),
    hints=(
        "You may compute it directly, with `lt.reml.error_contrasts` and "
        "`lt.reml.contrast_loglik`, at the V of the REML fit.",
        "Or use ℓ_K = ℓ_R − ½ (log |KᵀK| − log |XᵀX|). What is KᵀK when the columns of K have "
        "length 1 and stand at right angles?",
        "log |KᵀK| is 0, and log |XᵀX| is log n, with n the number of rows of the cut. "
        "Do not forget the factor −2.",
    ),
    solution=markdown(r"""
        $\ell_K = \ell_R - \tfrac12(\log\lvert\mathbf K^{\mathsf T}\mathbf K\rvert -
        \log\lvert\mathbf X^{\mathsf T}\mathbf X\rvert)$.
        For an orthonormal $\mathbf K$ the first determinant is 1, and for a column of ones the
        second is $n = 31$.
        So $-2\,\ell_K = -2\,\ell_R - \log 31$.
        The difference contains no variance: both criteria have their lowest point at the same
        $\hat{\boldsymbol\theta}$.
        Only their heights cannot be compared.
        """),
    code=(
        "fit = study.cut.reml\n"
        "K = lt.reml.error_contrasts(fit.X)\n"
        "answer = -2 * lt.reml.contrast_loglik(K, fit.V, fit.y)"
    ),
    right=(
        "It differs from the printout by log n. That is a constant: her estimates are the same, "
        "but her number must not be compared with other software's."
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
        For a common mean and a random intercept the criterion needs no matrix.
        Write it as a function of the women's means, their numbers of measurements $n_i$, SSW and
        $\boldsymbol\theta = (\sigma_b^2, \sigma_\epsilon^2)$; the groups may differ in size.

        Use $\operatorname{Var}(\bar y_i) = \sigma_b^2 + \sigma_\epsilon^2/n_i$, whose inverse is
        the weight $w_i$, and

        $$-2\,\ell_R = (n-p)\log 2\pi + \log\lvert\mathbf V\rvert + \log\lvert\mathbf X^{\mathsf
        T}\mathbf V^{-1}\mathbf X\rvert + \mathbf r^{\mathsf T}\mathbf V^{-1}\mathbf r.$$

        Two terms are given: $\log\lvert\mathbf V\rvert = \sum_i \log(\sigma_\epsilon^2 +
        n_i\sigma_b^2) + (n - I)\log\sigma_\epsilon^2$, and $\mathbf r^{\mathsf T}\mathbf
        V^{-1}\mathbf r = \sum_i w_i(\bar y_i - \hat\mu)^2 + \mathrm{SSW}/\sigma_\epsilon^2$.
        Which $\hat\mu$ belongs there, and what is $\log\lvert\mathbf X^{\mathsf T}\mathbf
        V^{-1}\mathbf X\rvert$?
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
            "Your μ̂ is the mean of all rows. In the balanced study that is the same, in the "
            "unbalanced one it is not: which weights does GLS give to the five means?",
        ),
        Wrong(
            "mean_of_means",
            _criterion_with(lambda means, n_i, w: means.mean(), _reml_term),
            "Your μ̂ gives each woman the same weight. In the balanced study that is right. "
            "In the unbalanced one, a mean of sixteen values deserves more trust than one value.",
        ),
        Wrong(
            "used_ML",
            _criterion_with(_gls_mean, lambda n_i, w: 0.0, lost=0),
            "That is −2 ℓ_p, the criterion of ML. REML has one term more, and n − p in place of n.",
        ),
        Wrong(
            "term_forgotten",
            _criterion_with(_gls_mean, lambda n_i, w: 0.0),
            "One term is missing: log |XᵀV⁻¹X|. It is what sets REML apart from ML.",
        ),
        Wrong(
            "loglik_not_criterion",
            lambda *arguments: criterion_from_means(*arguments) / -2,
            "That is ℓ_R itself. The criterion is −2 times that.",
        ),
        Wrong(
            "n_not_n_minus_p",
            _criterion_with(_gls_mean, _reml_term, lost=0),
            "Three terms are right. In the first there is n, the number of measurements. How many "
            "error contrasts are there?",
        ),
        Wrong(
            "logXtX",
            _criterion_with(_gls_mean, lambda n_i, w: np.log(n_i.sum())),
            "You used log |XᵀX|, which is log n. The criterion has V⁻¹ in the middle: "
            "what is 1ᵀV⁻¹1 in terms of the weights?",
        ),
        Wrong(
            "sign_of_logdet_term",
            _criterion_with(_gls_mean, lambda n_i, w: -np.log(np.sum(w))),
            "The term log |XᵀV⁻¹X| has the wrong sign. In ℓ_R it comes with −½, so in −2 ℓ_R "
            "it comes with a plus.",
        ),
    ),
    hints=(
        "XᵀV⁻¹X is one number here. Its inverse is the variance of μ̂, the weighted mean of the "
        "women's means.",
        "Each woman tells about μ through her mean, with information wᵢ. Information of "
        "independent women adds up.",
        "So μ̂ is `np.sum(w * means) / np.sum(w)`, and log |XᵀV⁻¹X| is `np.log(np.sum(w))`. "
        "Add the four terms, with n − 1 in the first.",
    ),
    solution=markdown(r"""
        The women's means are independent, with variances $1/w_i$.
        So $\hat\mu = \sum w_i\bar y_i / \sum w_i$, and $\mathbf X^{\mathsf T}\mathbf
        V^{-1}\mathbf X = \sum w_i$, the inverse of its variance.
        SSW does not contain $\mu$ at all.
        That is why a study of a million rows can be fitted in no time: nothing but the means, the
        sizes and SSW is needed.
        On balanced data every weighted mean is the same, so an error in $\hat\mu$ shows in the
        unbalanced study only.
        """),
    code=source(criterion_from_means),
    right=(
        "Five means, five sizes and SSW are all that REML needs to know, and your weights are "
        "right for groups of any size."
    ),
)

COMPARABLE = Choice(
    key="5e",
    title="When may REML likelihoods be compared?",
    prompt=markdown(r"""
        Two models were fitted to the same responses, both by REML.
        When may their restricted log-likelihoods be compared?
        """),
    options=(
        Option(
            "Never. Only ML likelihoods may be compared.",
            "Too strict, though one often reads it. What does K depend on? "
            "Then ask when two models have the same Kᵀy.",
            "reml_never_lrt",
        ),
        Option(
            "Whenever one model is nested in the other.",
            "Nested models with different fixed effects have different K, so their ℓ_R belong to "
            "different data Kᵀy. The “gain” can even be negative.",
            "reml_for_fixed_lrt",
        ),
        Option(
            "When both have the same X; their random effects may differ.",
            "Yes. The contrasts Kᵀy depend on X alone, so both models explain the same data.",
        ),
        Option(
            "When both have the same random effects; their X may differ.",
            "It is the other way round. V enters ℓ_R only as a parameter does. "
            "X decides which contrasts are looked at.",
            "same_V_not_X",
        ),
    ),
    answer=2,
    hints=(
        "ℓ_R is, up to a constant, the likelihood of Kᵀy. Likelihoods may be compared if they are "
        "likelihoods of the same data.",
        "Kᵀ X = 0 is all that is asked of K. So what must two models share to have the same Kᵀy?",
    ),
    solution=markdown(r"""
        $\ell_R$ is the likelihood of $\mathbf K^{\mathsf T}\mathbf y$, and $\mathbf K$ belongs to
        $\mathbf X$.
        With the same $\mathbf X$ both models explain the same contrasts, and the comparison is
        fair: for instance with and without $\sigma_b^2$.
        With another $\mathbf X$, even if it is nested, the contrasts are others.
        """),
    right="That is why REML may test σ_b² = 0, but not a fixed effect.",
)

BETTER = Choice(
    key="5f",
    title="Unbiased, so better?",
    prompt=markdown(r"""
        A colleague says: “REML is unbiased. So its $\hat\sigma_b^2$ is closer to the truth, and
        its root $\hat\sigma_b$ is unbiased too.”
        Think of many studies with five women, and of the mean squared error as the measure of
        closeness. What is true?
        """),
    options=(
        Option(
            "Both of the colleague's conclusions.",
            "Unbiased means right on average. It does not say how far single estimates are off, "
            "and a root does not keep averages.",
            "reml_always_better",
        ),
        Option(
            "The first only: REML's σ̂_b² is closer to the truth.",
            "Dividing by 4 instead of 5 makes the estimate right on average, but every estimate "
            "also varies more. Which of the two weighs more with five women?",
            "reml_always_better_mse",
        ),
        Option(
            "The second only: REML's σ̂_b is right on average.",
            "The root bends: large variances lose more than small ones gain. "
            "So the average of the roots is not the root of the average.",
            "root_keeps_averages",
        ),
        Option(
            "Neither of them.",
            "Yes. ML's estimates vary less, and their mean squared error is smaller here. "
            "And even REML's σ̂_b is too small on average.",
        ),
    ),
    answer=3,
    hints=(
        "The mean squared error is the variance plus the square of the bias. "
        "ML has the larger bias here. Which has the larger variance?",
        "For the second half, take two variances, 1 and 9. What is the mean of their roots, "
        "and the root of their mean?",
    ),
    solution=markdown(r"""
        ML is about $\tfrac45$ of REML.
        It is biased, but its variance is only $\tfrac{16}{25}$ of that of REML, and with five
        women this outweighs the bias: the mean squared error of ML is smaller.
        And since the root is concave, $\mathrm E\,\hat\sigma_b < \sqrt{\mathrm E\,\hat\sigma_b^2}
        = \sigma_b$.
        REML is preferred for another reason: the standard errors of $\hat{\boldsymbol\beta}$ are
        computed from $\hat\sigma_b^2$, and with ML they are too small.
        """),
    right=(
        "Right on average and close to the truth are two different things. "
        "REML earns its place by the standard errors."
    ),
)

EXERCISES = (FROM_SUMS, BIASED, OTHER_K, WITHOUT_MATRICES, COMPARABLE, BETTER)
