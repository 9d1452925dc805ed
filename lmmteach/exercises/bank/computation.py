"""Exercises of chapter 10: from the formula to the software."""

import numpy as np

from lmmteach.exercises.bank._shortened import stops_early, theta_of_quarter
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong


def _ratio(fit):
    """σ̂_b²/σ̂_ε² of a fit."""
    return fit.sigma2_b / fit.sigma2_e


LME4_THETA = Numeric(
    key="10a",
    title="What R calls θ",
    prompt=markdown(r"""
        Take the unbalanced study (16, 8, 4, 2 and 1 measurements), fitted by REML.
        A colleague fits the same rows with lme4, asks for `getME(m, "theta")`, and gets a single
        number.
        Which one is it?
        Give at least three decimals.
        """),
    in_code="The unbalanced study is `study.cut`, and `study.cut.reml` is its REML fit, with "
    "`sigma2_b` and `sigma2_e`.",
    answer=lambda study: np.sqrt(_ratio(study.cut.reml)),
    given=lambda study: {
        r"$\hat\sigma_b^2$": study.cut.reml.sigma2_b,
        r"$\hat\sigma_\epsilon^2$": study.cut.reml.sigma2_e,
    },
    atol=1e-3,
    elsewhere=(
        ("the unit of the hormone", "the unit of the response"),
        ("in units of `logestrone`", "in <units>"),
        ("as in the chapter, whereas", "whereas"),
    ),
    wrong=(
        Wrong(
            "ratio_of_variances",
            lambda study: _ratio(study.cut.reml),
            "This is the ratio of the two variances, which statsmodels keeps among its parameters. "
            "In lme4 the entries of Λ are roots: Λ Λᵀ has the ratio of the variances in it.",
        ),
        Wrong(
            "upside_down",
            lambda study: 1 / np.sqrt(_ratio(study.cut.reml)),
            "The ratio is upside down: Λ measures the random effects in units of the errors, so "
            "σ_ε belongs below the line.",
        ),
        Wrong(
            "sd_of_women",
            lambda study: np.sqrt(study.cut.reml.sigma2_b),
            "This is σ̂_b in units of `logestrone`. In lme4 θ has no unit, because the random "
            "effects are measured in units of something else.",
        ),
        Wrong(
            "lectures_theta",
            lambda study: study.cut.reml.sigma2_b,
            "This is the first entry of the lecture's θ, which holds variances. lme4 gives the "
            "letter to a different quantity.",
        ),
        Wrong(
            "penalty",
            lambda study: 1 / _ratio(study.cut.reml),
            "This is the ridge penalty λ = σ_ε²/σ_b². How are Λ and λ related?",
        ),
        Wrong(
            "used_ML",
            lambda study: np.sqrt(_ratio(study.cut.ml)),
            "This belongs to the fit by maximum likelihood, and the question is about REML.",
        ),
        Wrong(
            "forgot_the_cut",
            lambda study: np.sqrt(_ratio(study.reml)),
            "This is the number for all eighty rows, as in the chapter, whereas the question is "
            "about the unbalanced study.",
            always=False,
        ),
    ),
    hints=(
        "For a random intercept Λ has a single number on its diagonal, and 𝒟 = σ_ε² Λ Λᵀ.",
        "So σ_b² is σ_ε² times the square of the number that you look for.",
        "Divide one variance by the other, and take the square root.",
    ),
    solution=markdown(r"""
        For a random intercept $\boldsymbol\Lambda = \theta\,\mathbf I$ with a single number
        $\theta$, so that
        $\mathcal D = \sigma_\epsilon^2\boldsymbol\Lambda\boldsymbol\Lambda^{\mathsf T}$ becomes
        $\sigma_b^2 = \sigma_\epsilon^2\theta^2$.
        Therefore $\theta = \sigma_b/\sigma_\epsilon$, a ratio of standard deviations, whereas the
        lecture's $\boldsymbol\theta$ holds the two variances themselves.
        """),
    code="fit = study.cut.reml\nanswer = np.sqrt(fit.sigma2_b / fit.sigma2_e)",
    right=(
        "One standard deviation between women is as long as that many standard deviations of an "
        "error, whatever the unit of the hormone."
    ),
)


def weigh(r, woman, theta):
    """V⁻¹ r for a random intercept, without V."""
    sigma2_b, sigma2_e = theta
    _, codes, n_i = np.unique(woman, return_inverse=True, return_counts=True)
    means = np.bincount(codes, r) / n_i
    share = n_i * sigma2_b / (n_i * sigma2_b + sigma2_e)
    return (r - (share * means)[codes]) / sigma2_e


def _weigh_with(share_for, mean_for=lambda r, means: means, unit=lambda b, e: e):
    """An implementation with another share, another mean, or another divisor."""

    def weigh(r, woman, theta):
        sigma2_b, sigma2_e = theta
        _, codes, n_i = np.unique(woman, return_inverse=True, return_counts=True)
        means = mean_for(r, np.bincount(codes, r) / n_i)
        taken = share_for(n_i, sigma2_b, sigma2_e) * means
        return (r - taken[codes]) / unit(sigma2_b, sigma2_e)

    return weigh


def _share(n_i, b, e):
    return n_i * b / (n_i * b + e)


def _in_blocks(r, woman, theta):
    sigma2_b, sigma2_e = theta
    _, codes, n_i = np.unique(woman, return_inverse=True, return_counts=True)
    taken = _share(n_i, sigma2_b, sigma2_e) * np.bincount(codes, r) / n_i
    return (r - np.repeat(taken, n_i)) / sigma2_e


def _weigh_cases(study):
    def of(part, theta):
        return part.y - part.y.mean(), part.woman, theta

    r, woman, theta = of(study.cut, study.cut.reml.theta)
    mixed = np.argsort(np.cos(np.arange(len(r))))
    return [
        of(study, study.reml.theta),
        (r, woman, theta),
        (r[mixed], woman[mixed], np.array([0.3, 2.0])),
        (np.array([1.0, -2.0, 4.0]), np.array(["b", "a", "b"]), np.array([2.0, 0.5])),
    ]


WEIGH = Function(
    key="10b",
    title="V⁻¹ times a vector, without a matrix",
    prompt=markdown(r"""
        The likelihood needs $\mathbf V^{-1}\mathbf r$, and for a random intercept you can compute
        it without any matrix.
        Woodbury's identity gives

        $$\mathbf V^{-1}\mathbf r = \frac1{\sigma_\epsilon^2}\left\{\mathbf r - \mathbf Z
        \left(\mathbf Z^{\mathsf T}\mathbf Z + \tfrac{\sigma_\epsilon^2}{\sigma_b^2}\mathbf
        I\right)^{-1}\mathbf Z^{\mathsf T}\mathbf r\right\},$$

        where $\mathbf Z^{\mathsf T}\mathbf Z$ is diagonal with the sizes $n_i$, and $\mathbf
        Z^{\mathsf T}\mathbf r$ adds up the residuals of each woman.
        Work out what is taken away from a residual of woman $i$, and write
        `weigh(r, woman, theta)` with it.
        `woman` holds labels in any order, and groups may have any size.
        """),
    name="weigh",
    stub=markdown('''
        def weigh(r, woman, theta):
            """V⁻¹ r for a random intercept, without V."""
            sigma2_b, sigma2_e = theta
            _, codes, n_i = np.unique(woman, return_inverse=True, return_counts=True)
            means = np.bincount(codes, r) / n_i  # of each woman; means[codes] has one for each row
            return ...
        '''),
    reference=weigh,
    cases=_weigh_cases,
    wrong=(
        Wrong(
            "forgot_shrink",
            _weigh_with(lambda n_i, b, e: np.ones(len(n_i))),
            "Here the whole mean of each woman is taken away, so that nothing is left of the "
            "differences between women. How much of her mean does the inverse take away?",
        ),
        Wrong(
            "icc_as_shrinkage",
            _weigh_with(lambda n_i, b, e: np.full(len(n_i), b / (b + e))),
            "The share of the mean that is taken away is the intraclass correlation here, whatever "
            "the size of the group. That is right for a group of one row only.",
        ),
        Wrong(
            "mean_n",
            _weigh_with(lambda n_i, b, e: _share(np.full(len(n_i), n_i.mean()), b, e)),
            "All women lose the same share of their means here, whereas the share depends on how "
            "often a woman was measured.",
        ),
        Wrong(
            "shrink_direction",
            _weigh_with(lambda n_i, b, e: 1 - _share(n_i, b, e)),
            "The share that is taken away and the share that stays are swapped. If women differ "
            "widely, which of the two should be close to 1?",
        ),
        Wrong(
            "one_mean",
            _weigh_with(_share, mean_for=lambda r, means: np.full(len(means), r.mean())),
            "Here a share of the mean of all residuals is taken away. The sum Zᵀr is made for "
            "each woman separately.",
        ),
        Wrong(
            "forgot_sigma_e",
            _weigh_with(_share, unit=lambda b, e: 1.0),
            "The right share is taken away, but the factor 1/σ_ε² before the brace is missing.",
        ),
        Wrong(
            "total_variance",
            _weigh_with(_share, unit=lambda b, e: b + e),
            "The right share is taken away, but then you divide by σ_b² + σ_ε². Which factor "
            "is in front of the brace?",
        ),
        Wrong(
            "only_diagonal",
            _weigh_with(lambda n_i, b, e: np.zeros(len(n_i)), unit=lambda b, e: b + e),
            "This divides by the diagonal entries of V, as if the rows were independent. The "
            "covariances within a woman make V⁻¹ take part of her mean away.",
        ),
        Wrong(
            "assumes_sorted",
            _in_blocks,
            "This is right as long as each woman's rows form one block. Labels may come in any "
            "order, and `codes` says to which woman each row belongs.",
        ),
    ),
    hints=(
        "Row i of the bracket's inverse is 1/(n_i + σ_ε²/σ_b²), and it multiplies the sum of "
        "woman i, which is n_i times her mean.",
        "Multiply numerator and denominator of n_i/(n_i + σ_ε²/σ_b²) by σ_b². You know this "
        "factor from chapter 4.",
        "Take the share n_i σ_b²/(n_i σ_b² + σ_ε²) of her mean from each of her residuals, and "
        "divide by σ_ε².",
    ),
    solution=markdown(r"""
        The bracket is diagonal, so its inverse has the entries $1/(n_i +
        \sigma_\epsilon^2/\sigma_b^2)$.
        What is taken from each residual of woman $i$ is therefore

        $$\frac{n_i}{n_i + \sigma_\epsilon^2/\sigma_b^2}\,\bar r_i = \lambda_i\bar r_i,$$

        the share of her mean that the BLUP attributes to the woman herself.
        With $\sigma_b^2 = 0$ nothing is taken away, and with a very large $\sigma_b^2$ only her
        deviations from her own mean are left.
        """),
    code=source(weigh),
    right=(
        "Without a single matrix your function does in one pass over the rows what takes a solver "
        "a time proportional to their number cubed."
    ),
)

COST = Choice(
    key="10c",
    second_round=True,
    title="Ten times as many rows",
    prompt=markdown(r"""
        A study with 100 groups has grown from 1,000 rows to 10,000, and the groups are still the
        same hundred.
        How much longer does one evaluation of the likelihood take during the search for the best
        variances?
        """),
    options=(
        Option(
            "Ten times as long in either way, because there are ten times as many rows.",
            "The time is proportional to the rows only where each row is visited once. How many "
            "entries does V have, and how often does a solver visit each of them?",
            "all_linear",
        ),
        Option(
            "With V a hundred times as long, and with sums per group ten times.",
            "V does have a hundred times as many entries, but a solver uses each entry about n "
            "times. And how often do the sums have to be made?",
            "only_entries",
        ),
        Option(
            "With V a thousand times as long, and with sums per group just as long as before.",
            "Yes: the cube of ten is a thousand, and after one pass over the table all that the "
            "search looks at is a hundred sizes and a hundred rows of means.",
        ),
        Option(
            "A thousand times as long in either way, because both compute the same number.",
            "Two ways to the same number may differ in their work. Does the search have to look "
            "at single rows again, once the sums are there?",
            "same_number_same_work",
        ),
    ),
    answer=2,
    hints=(
        "A solver for n unknowns needs a number of multiplications that grows with n³.",
        "What does the criterion need from the data if there are sums per group: something for "
        "every row, or something for every group?",
    ),
    solution=markdown(r"""
        With $\mathbf V$ the work grows with $n^3$, so it becomes $10^3$ times as large.
        The sums per group are made once, in time proportional to $n$.
        After that an evaluation needs $n_i$ and $\bar{\mathbf a}_i$ of each group and the matrix
        $\mathbf W$, and there are still a hundred groups.
        """),
    right="During the search only the number of groups matters, and that has not changed.",
)


def _kept(study, times=None, theta=None):
    """The share of her deviation that a woman keeps."""
    times = study.quarter if times is None else times
    sigma2_b, sigma2_e = theta_of_quarter(study, reml=True) if theta is None else theta
    return times * sigma2_b / (times * sigma2_b + sigma2_e)


def _directions(study):
    """In how many directions the means can differ."""
    return len(study.n_i) - 1


EFFECTIVE = Numeric(
    key="10d",
    second_round=True,
    title="Effective degrees of freedom",
    prompt=markdown(r"""
        Suppose that the study had stopped after four measurements of each woman, and take the
        REML estimates from these twenty rows.
        How many effective degrees of freedom $\operatorname{tr}\mathbf H$ does the fit have, with
        $\mu$ and five random effects?

        In balanced data with a common mean you need no matrix, since $\operatorname{tr}\mathbf H$
        is the sum of what the fitted values keep in each direction: all of the mean, and a share
        $\lambda_i$ of each of the directions in which the means of the women differ.
        Give at least three decimals.
        """),
    in_code="They are the rows of the DataFrame `study.data` whose `measurement` is at most 4.",
    answer=lambda study: 1 + _directions(study) * _kept(study),
    given=lambda study: dict(
        zip(
            (r"$\hat\sigma_b^2$", r"$\hat\sigma_\epsilon^2$"),
            map(float, theta_of_quarter(study, reml=True)),
            strict=True,
        )
    ),
    atol=1e-3,
    needs=stops_early,
    elsewhere=(
        ("stopped after four measurements", "stopped after <k> measurements"),
        (
            "five random effects as six coefficients. But the six columns have only five "
            "independent directions, and four of them are shrunk",
            "<q> random effects as coefficients. But their columns have only <q> independent "
            "directions, and <q1> of them are shrunk",
        ),
        (
            "Five means can differ from one another in four directions, because the fifth is "
            "their common mean.",
            "The <q> means can differ from one another in <q1> directions, because one more is "
            "their common mean.",
        ),
        ("Each of the four directions", "Each of the <q1> directions"),
        ("if all five directions", "if all <q> directions"),
        ("Here there are four.", "Here there are <k>."),
        ("with sixteen measurements of each woman and", "with all its measurements and"),
        ("if she was measured four times", "if it was measured <k> times"),
        ("λ = 4σ_b²/(4σ_b² + σ_ε²)", "λ = <k#>σ_b²/(<k#>σ_b² + σ_ε²)"),
        ("each of the four directions", "each of the <q1> directions"),
        (
            "\\lambda = 4\\sigma_b^2/(4\\sigma_b^2 + \\sigma_\\epsilon^2)",
            "\\lambda = <k#>\\sigma_b^2/(<k#>\\sigma_b^2 + \\sigma_\\epsilon^2)",
        ),
        ("1 + 4\\lambda", "1 + <q1#>\\lambda"),
    ),
    wrong=(
        Wrong(
            "five_directions",
            lambda study: 1 + len(study.n_i) * _kept(study),
            "One direction was counted twice. Five means can differ from one another in four "
            "directions, because the fifth is their common mean.",
        ),
        Wrong(
            "forgot_mu",
            lambda study: _directions(study) * _kept(study),
            "These are the random effects alone. The common mean is a coefficient too, and nothing "
            "shrinks it.",
        ),
        Wrong(
            "only_b",
            lambda study: len(study.n_i) * _kept(study),
            # The estimates by maximum likelihood would give the same number in balanced data.
            "This is what comes out if all five directions are shrunk, the common mean included, "
            "or if the variances come from maximum likelihood. The question is about REML, and μ "
            "has no penalty.",
        ),
        Wrong(
            "forgot_shrink",
            lambda study: float(len(study.n_i)),
            "That would be the count for five means of their own, without any penalty. Here each "
            "difference between women keeps only a share of itself.",
        ),
        Wrong(
            "b_is_parameter",
            lambda study: float(len(study.n_i) + 1),
            "This counts μ and five random effects as six coefficients. But the six columns have "
            "only five independent directions, and four of them are shrunk.",
        ),
        Wrong(
            "icc_as_shrinkage",
            lambda study: 1 + _directions(study) * _kept(study, times=1),
            "The share that was used is the intraclass correlation, which belongs to a single "
            "measurement of each woman. Here there are four.",
        ),
        Wrong(
            "all_rows",
            lambda study: 1 + _directions(study) * _kept(study, study.n_i.max(), study.reml.theta),
            "This belongs to the whole study, with sixteen measurements of each woman and the "
            "estimates from all rows.",
            always=False,
        ),
    ),
    hints=(
        "What share of her deviation from the common mean does a woman keep, if she was measured "
        "four times?",
        "The share is λ = 4σ_b²/(4σ_b² + σ_ε²). In how many directions can five means differ, "
        "apart from their common mean?",
        "Add 1 for the mean, and λ for each of the four directions in which the women differ.",
    ),
    solution=markdown(r"""
        The fitted values keep the common mean in full, which counts as 1.
        Each of the four directions in which five means can differ keeps the share $\lambda =
        4\sigma_b^2/(4\sigma_b^2 + \sigma_\epsilon^2)$, so that
        $\operatorname{tr}\mathbf H = 1 + 4\lambda$.
        With code, `lt.henderson.effective_df(sigma2_e / sigma2_b, Z, X)` gives the same for any
        design.
        """),
    code=(
        'few = study.data[study.data["measurement"] <= 4]\n'
        'fit = lt.lmm("logestrone ~ 1 + (1 | woman)", few)\n'
        "answer = lt.henderson.effective_df(fit.sigma2_e / fit.sigma2_b, fit.Z, fit.X)"
    ),
    right=(
        "A mean for everybody counts in full, and what sets each woman apart is worth a little "
        "less than the coefficients that it takes."
    ),
)

ORDER = Choice(
    key="10e",
    second_round=True,
    title="Pupils and tests",
    prompt=markdown(r"""
        Each of 5,000 pupils takes the same twelve tests, and the model has a random intercept for
        each pupil and one for each test, so that there are 60,000 rows.
        A program eliminates the factors in the better order.
        How large is the dense matrix that is left after the first factor?
        """),
    options=(
        Option(
            "60,000 × 60,000",
            "That is V, which has a row for each observation. Elimination works on the matrix M, "
            "which has a row for each random effect.",
            "wrote_V",
        ),
        Option(
            "5,012 × 5,012",
            "That is M before anything has been eliminated. The entries among the pupils are on a "
            "diagonal, so their elimination needs no dense matrix.",
            "nothing_eliminated",
        ),
        Option(
            "5,000 × 5,000",
            "That is what remains if the tests go first: every test ties all pupils together. How "
            "many levels would a single pupil tie together?",
            "small_first",
        ),
        Option(
            "12 × 12",
            "Yes: eliminating a pupil ties only the tests together, and there are no more than "
            "that, however many pupils there are.",
        ),
    ),
    answer=3,
    hints=(
        "Which entries of M are not 0: between two pupils, between two tests, or between a pupil "
        "and a test?",
        "Once a level is eliminated, all levels that met it are tied together. Does a pupil tie "
        "more levels together, or a test?",
    ),
    solution=markdown(r"""
        Two pupils never share a row, so the part of $\mathbf M$ that belongs to them is diagonal,
        and pupils can be eliminated one by one.
        What is left is the Schur complement $\mathbf M_{22} - \mathbf M_{21}\mathbf
        M_{11}^{-1}\mathbf M_{12}$, with a row for each test.
        In the other order it would have a row for each pupil, and its Cholesky factor would take
        $5000^3$ instead of $12^3$ steps.
        """),
    right="This is why software sorts the grouping factors by size before it does anything else.",
)


def criterion_from_diagonal(diagonal, q, p, n):
    """The REML criterion from the diagonal of the Cholesky factor, that of y last."""
    log_dets = 2 * np.sum(np.log(diagonal[: q + p]))
    squares = diagonal[-1] ** 2
    return log_dets + (n - p) * (1 + np.log(2 * np.pi * squares / (n - p)))


def _criterion_with(logged, times=2, squared=True, lost=True):
    """An implementation that takes other entries, another factor or another count."""

    def criterion(diagonal, q, p, n):
        log_dets = times * np.sum(np.log(logged(diagonal, q, p)))
        squares = diagonal[-1] ** 2 if squared else diagonal[-1]
        df = n - p if lost else n
        return log_dets + df * (1 + np.log(2 * np.pi * squares / df))

    return criterion


def _of_both(diagonal, q, p):
    return diagonal[: q + p]


def _of_Z(diagonal, q, p):
    return diagonal[:q]


def _diagonal_cases(study):
    def of(part, ratio, X):
        A = np.column_stack([ratio * part.Z, X, part.y])
        M = A.T @ A + np.diag(np.repeat([1.0, 0.0], [part.Z.shape[1], X.shape[1] + 1]))
        return np.linalg.cholesky(M).diagonal().copy(), part.Z.shape[1], X.shape[1], len(part.y)

    order = np.arange(len(study.cut.y)) % 16.0
    return [
        of(study, np.sqrt(_ratio(study.reml)), study.X),
        of(study.cut, np.sqrt(_ratio(study.cut.reml)), study.cut.X),
        of(study.cut, 0.5, np.column_stack([study.cut.X, order])),
    ]


DIAGONAL = Function(
    key="10f",
    second_round=True,
    title="The criterion from a diagonal",
    prompt=markdown(r"""
        A program puts $[\mathbf Z\boldsymbol\Lambda\;\;\mathbf X\;\;\mathbf y]$ side by side,
        multiplies its transpose by it, adds $\mathbf I$ to the part of the random effects, and
        finds the Cholesky factor of the result.
        It keeps nothing but the diagonal of this factor: first $q$ entries for the random effects,
        then $p$ for $\mathbf X$, and at the end a single one, $s$, whose square is the
        penalised sum of squares.

        Write `criterion_from_diagonal(diagonal, q, p, n)`, which returns the REML criterion.
        """),
    name="criterion_from_diagonal",
    stub=markdown('''
        def criterion_from_diagonal(diagonal, q, p, n):
            """The REML criterion from the diagonal of the Cholesky factor, that of y last."""
            return ...
        '''),
    reference=criterion_from_diagonal,
    cases=_diagonal_cases,
    wrong=(
        Wrong(
            "used_ML",
            _criterion_with(_of_Z, lost=False),
            "This is the criterion of maximum likelihood. REML also has the log-determinant of X, "
            "and n − p in the place of n.",
        ),
        Wrong(
            "forgot_2",
            _criterion_with(_of_both, times=1),
            "The determinant of the matrix is the square of the product of the diagonal of its "
            "factor, so each logarithm counts twice.",
        ),
        Wrong(
            "term_forgotten",
            _criterion_with(_of_Z),
            "The entries that belong to X are missing from the log-determinants, and they are what "
            "REML adds.",
        ),
        Wrong(
            "too_many_logs",
            _criterion_with(lambda diagonal, q, p: diagonal),
            "The last entry belongs to y, and it is the root of a sum of squares. It has no place "
            "among the determinants.",
        ),
        Wrong(
            "not_squared",
            _criterion_with(_of_both, squared=False),
            "The last entry is the root of the penalised sum of squares, so it must be squared "
            "before it is divided by n − p.",
        ),
        Wrong(
            "n_not_n_minus_p",
            _criterion_with(_of_both, lost=False),
            "The log-determinants are those of REML, but the count is n, as in maximum likelihood. "
            "How many error contrasts are there?",
        ),
        Wrong(
            "loglik_not_criterion",
            lambda *arguments: criterion_from_diagonal(*arguments) / -2,
            "This is the restricted log-likelihood itself, and the criterion is −2 times that.",
        ),
    ),
    hints=(
        "For M = L Lᵀ the determinant of M is the square of the product of the diagonal of L.",
        "So the two log-determinants together are twice the sum of the logarithms of the first "
        "q + p entries.",
        "Then add (n − p) times 1 + log(2π s²/(n − p)), with s the last entry.",
    ),
    solution=markdown(r"""
        The first $q$ entries give $\log\lvert\mathbf L\rvert^2 = \log\lvert\mathbf
        V/\sigma_\epsilon^2\rvert$, and the next $p$ give $\log\lvert\mathbf R\rvert^2$, the
        log-determinant of what is left of $\mathbf X^{\mathsf T}\mathbf X$.
        The last one is the root $s$ of the penalised sum of squares, and the best
        $\sigma_\epsilon^2$ is $s^2/(n-p)$.
        Putting it into $-2\ell_R$ gives the formula of the chapter.
        """),
    code=source(criterion_from_diagonal),
    right=(
        "Seven numbers are all that REML needs to know of eighty rows, for one value of the "
        "relative standard deviation."
    ),
)

EXERCISES = (LME4_THETA, WEIGH, COST, EFFECTIVE, ORDER, DIAGONAL)
