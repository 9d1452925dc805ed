"""Exercises of chapter 3: generalised least squares and the profile likelihood."""

import numpy as np

from lmmteach import likelihood, model, profile
from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong


def mean_of_cut(study, weight_of_variance=np.reciprocal, theta=(1.0, 1.0)):
    """Weighted mean of the women's means in the cut, for equal variances or others."""
    variances = theta[0] + theta[1] / study.cut.n_i
    return np.average(study.cut.means, weights=weight_of_variance(variances))


WEIGHTS = Numeric(
    key="3a",
    title="If women differed less",
    second_round=True,
    prompt=markdown(r"""
        Take the unbalanced study, which keeps the first 16, 8, 4, 2 and 1 measurements of the five
        women, and suppose that women differ exactly as much as the measurements of one woman
        do, so that $\sigma_b^2 = \sigma_\epsilon^2$.
        Only the ratio of the two variances matters here, so you may take 1 for both.

        What is the GLS estimate $\hat\mu_\theta$ for such a $\boldsymbol\theta$?
        Give at least four decimals.
        """),
    in_code="The unbalanced study is `study.cut`; `study.cut.means` and `study.cut.n_i` hold the "
    "five means and counts.",
    hints=(
        "For a common mean, GLS is a weighted mean of the women's means. Which formula of the "
        "chapter gives the weights?",
        "The weight of a woman is one over the variance of her mean, σ_b² + σ_ε²/n_i. If the two "
        "variances are equal, that variance is proportional to 1 + 1/n_i.",
        "Multiply each of the five means by its weight, add up the products, and divide by the sum "
        "of the weights. In Python, `np.average` takes an argument `weights`.",
    ),
    solution=markdown(r"""
        If $\sigma_b^2 = \sigma_\epsilon^2$, the variance of a woman's mean is proportional to
        $1 + 1/n_i$, so her weight is proportional to $n_i/(n_i + 1)$, which is
        16/17, 8/9, 4/5, 2/3 or 1/2.

        $$\hat\mu_\theta = \frac{\sum_i \frac{n_i}{n_i + 1}\,\bar y_i}{\sum_i \frac{n_i}{n_i + 1}}$$

        These weights are a compromise between the two simple answers: they are less unequal than
        the $n_i$, which give the mean of all measurements, but less equal than those of the mean of
        the five means.
        The ratio of the two variances decides to which of the two answers they bring us closer.
        """),
    code=markdown("""
        cut = study.cut
        answer = np.average(cut.means, weights=1 / (1 + 1 / cut.n_i))
        """),
    right="With these weights the woman who was measured sixteen times counts less than twice as "
    "much as the one who was measured once.",
    answer=mean_of_cut,
    atol=2e-4,
    unit="logestrone",
    elsewhere=(
        (", which is 16/17, 8/9, 4/5, 2/3 or 1/2.", "."),
        (
            "With these weights the woman who was measured sixteen times counts less than "
            "twice as much as the one who was measured once.",
            "With these weights a woman who was measured often counts at most twice as much as "
            "one that was measured once.",
        ),
        (
            "If every woman had all sixteen of hers, the error would be invisible.",
            "In a balanced study the error would be invisible.",
        ),
        (
            "although the mean of the last one is a single measurement",
            "although some were measured less often than others",
        ),
        (
            ", as the chapter computes it. With those, women differ far more than measurements "
            "do, whereas here",
            ". Here",
        ),
    ),
    wrong=(
        Wrong(
            "ols",
            lambda study: study.cut.y.mean(),
            "That is the plain mean of all measurements, which is OLS: each woman counts in "
            "proportion to her number of measurements. If every woman had all sixteen of hers, the "
            "error would be invisible.",
        ),
        Wrong(
            "mean_of_means",
            lambda study: study.cut.means.mean(),
            "That is the mean of the five means, in which all women count the same, although the "
            "mean of the last one is a single measurement.",
        ),
        Wrong(
            "weights_upside_down",
            lambda study: mean_of_cut(study, lambda variance: variance),
            "This uses the variances themselves as weights. The less certain a mean is, the less "
            "it should count, so the weights are upside down.",
        ),
        Wrong(
            "used_estimates",
            lambda study: study.cut.reml.beta.iloc[0],
            "That is μ̂ for the variances that REML estimates from these rows. The question is "
            "about variances for which women differ exactly as much as measurements do.",
        ),
        Wrong(
            "used_ML",
            lambda study: study.cut.ml.beta.iloc[0],
            "That is μ̂ for the variances that maximum likelihood estimates from these rows. The "
            "question is about variances for which women differ exactly as much as measurements "
            "do.",
            always=False,
        ),
        Wrong(
            "variances_of_the_printout",
            lambda study: mean_of_cut(study, theta=study.reml.theta),
            "That is μ̂ for the variances of the printout, as the chapter computes it. With those, "
            "women differ far more than measurements do, whereas here the two variances are equal.",
            always=False,
        ),
        Wrong(
            "forgot_the_cut",
            lambda study: study.y.mean(),
            "That is the mean of all eighty measurements, in which weights play no role. The "
            "question is about the unbalanced study.",
        ),
    ),
)


def profile_height(theta, y, X, Z):
    """Height of the profile at theta, without the constant."""
    V = model.V_theta(theta, Z)
    weighted_X = np.linalg.solve(V, X)
    beta = np.linalg.solve(weighted_X.T @ X, weighted_X.T @ y)
    r = y - X @ beta
    return -0.5 * (np.linalg.slogdet(V)[1] + r @ np.linalg.solve(V, r))


def height(beta, theta, y, X, Z):
    """Equation (1)."""
    return likelihood.loglik(beta, model.V_theta(theta, Z), y, X, constant=False)


def colleague_height(theta, y, X, Z):
    """Height of the profile at theta, without the constant."""
    beta = np.linalg.lstsq(X, y, rcond=None)[0]
    r = y - X @ beta
    V = model.V_theta(theta, Z)
    logdet = np.linalg.slogdet(V)[1]
    return -0.5 * (logdet + r @ np.linalg.solve(V, r))


def top_in_profile(theta, y, X, Z):
    """With the beta of the top of the hill for every theta."""
    return height(likelihood.fit_ml(y, X, Z)[0], theta, y, X, Z)


def with_the_constant(theta, y, X, Z):
    """With the constant that software adds."""
    return profile.profile_loglik(model.V_theta(theta, Z), y, X)


def V_for_its_inverse(theta, y, X, Z):
    """With V where its inverse belongs."""
    V = model.V_theta(theta, Z)
    return height(np.linalg.solve(X.T @ V @ X, X.T @ V @ y), theta, y, X, Z)


def means_in_profile(theta, y, X, Z):
    """With every woman counted the same."""
    each = Z / Z.sum(axis=0)
    beta = np.linalg.lstsq(each.T @ X, each.T @ y, rcond=None)[0]
    return height(beta, theta, y, X, Z)


BUG = Function(
    key="3b",
    title="Spot the bug",
    prompt=markdown(r"""
        A colleague has written this function for the height of the profile
        $\ell_p(\boldsymbol\theta)$, without the constant:
        """)
    + f"\n\n```python\n{source(colleague_height)}```\n\n"
    + markdown(r"""
        "I have tried it on the lecture's data with a hundred values of $\boldsymbol\theta$," your
        colleague says, "and it agrees with the chapter to the last digit."
        That is true, and yet the function is wrong.

        Find the bug, and write `profile_height(theta, y, X, Z)` without it.
        Your function will be tried on the unbalanced study as well.
        """),
    hints=(
        "What is special about the lecture's data, so that a whole class of mistakes cannot be "
        "seen there?",
        "The profile takes the best β for this θ. In which line does the function find its β, and "
        "does θ occur in that line?",
        "Replace that line by GLS, with the V that belongs to this θ. You may write GLS out, or "
        "call `lt.profile.gls(V, y, X)`, which returns β and its covariance.",
    ),
    solution=markdown(r"""
        `lstsq(X, y)` is ordinary least squares, in which no $\boldsymbol\theta$ occurs.
        On balanced data with a common mean, the GLS estimate is the plain mean for *every*
        $\boldsymbol\theta$, so nobody notices the difference.
        On unbalanced data the OLS mean is not the best one, and the curve comes out too low by an
        amount that depends on $\boldsymbol\theta$, so that its top is in the wrong place.

        The remedy is to compute $\hat{\boldsymbol\beta}_\theta = (\mathbf X^{\mathsf T}\mathbf
        V^{-1}\mathbf X)^{-1}\mathbf X^{\mathsf T}\mathbf V^{-1}\mathbf y$ inside the function, anew
        for each $\boldsymbol\theta$.
        The lesson applies to all code for mixed models: test it on unbalanced data.
        """),
    code=source(profile_height),
    right="The function now finds its β from the V of each θ. Only the unbalanced study could "
    "show you that the bug is gone.",
    name="profile_height",
    stub=markdown('''
        def profile_height(theta, y, X, Z):
            """Height of the profile at theta, without the constant."""
            V = lt.model.V_theta(theta, Z)
            return ...
        '''),
    reference=profile_height,
    cases=lambda study: [
        (study.ml.theta, study.y, study.X, study.Z),
        (study.ml.theta, study.cut.y, study.cut.X, study.cut.Z),
        (np.array([0.05, 0.5]), study.cut.y, study.cut.X, study.cut.Z),
        (
            np.array([1.0, 0.5]),
            np.array([3.0, 1.0, 2.0, 6.0, 2.5]),
            np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 3.0], [1.0, 5.0]]),
            np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]]),
        ),
    ],
    wrong=(
        Wrong(
            "ols_in_profile",
            colleague_height,
            "The bug is still there: the heights are right on balanced data and wrong on "
            "unbalanced data, because the β in this code does not depend on θ. Which estimate "
            "does?",
        ),
        Wrong(
            "kept_the_constant",
            with_the_constant,
            "The β is right now, so the bug is gone. But this value contains the constant "
            "−(n/2) log 2π, and the question is about the height without it.",
        ),
        Wrong(
            "beta_of_the_top",
            top_in_profile,
            "This puts in the β of the top of the hill for every θ. That β is the best one for the "
            "best θ only, because each θ has a β of its own.",
        ),
        Wrong(
            "V_not_inverted",
            V_for_its_inverse,
            "The β contains V where V⁻¹ belongs, so the least certain data get the largest weight. "
            "On balanced data this does not show.",
        ),
        Wrong(
            "mean_of_means",
            means_in_profile,
            "This gives every woman the same weight, whatever θ is. A mean of one measurement is "
            "worth less than a mean of sixteen, and how much less depends on θ.",
        ),
    ),
)


def balanced_profile(study):
    """The profile over sigma2_b of a balanced study, from its sums of squares."""
    from scipy.optimize import minimize_scalar

    SSB, SSW = likelihood.sums_of_squares(study.y, study.Z)
    n, women = study.Z.shape
    times = n // women

    def curve(sigma2_b):
        def deviance(log_sigma2_e):
            sigma2_e = np.exp(log_sigma2_e)
            of_means = sigma2_e + times * sigma2_b
            spread = women * np.log(of_means) + (n - women) * log_sigma2_e
            return spread + SSB / of_means + SSW / sigma2_e

        # Between what is left within women and what is left within all.
        bounds = np.log(SSW / n) - 1, np.log((SSB + SSW) / n) + 1
        found = minimize_scalar(deviance, bounds=bounds, method="bounded", options={"xatol": 1e-9})
        return -0.5 * found.fun

    return curve


def ends(study, level):
    """Profile interval for sigma2_b."""
    if not study.is_balanced:
        interval = study.ml.profile_interval(level=level, progress=False)
        return tuple(interval.loc["sigma2_b", ["lower", "upper"]].astype(float))
    return profile.profile_interval(
        balanced_profile(study), study.ml.sigma2_b, level=level, lower=0
    )


def nu_end(study, lost=0, twice_drop=2.705543):
    """Upper end for ν = σ_ε² + Jσ_b², from the closed form that balanced studies have."""
    from scipy.special import lambertw

    if not study.is_balanced:
        return np.nan
    women = len(study.n_i) - lost

    # With u = ν̂/ν, log(1/u) + u = 1 + twice_drop/women is solved by Lambert's function.
    u = -lambertw(-np.exp(-1 - twice_drop / women)).real
    return likelihood.sums_of_squares(study.y, study.Z)[0] / women / u


def wald_end(study, quantile):
    """Estimate plus so many standard errors."""
    information = likelihood.information(study.ml.V, study.X, study.Z)
    return study.ml.sigma2_b + quantile * np.sqrt(np.linalg.inv(information)[1, 1])


INTERVAL = Numeric(
    key="3c",
    title="A 90 % interval",
    second_round=True,
    prompt=markdown(r"""
        The chapter cuts the profile of $\sigma_b^2$ for a 95 % interval.
        Cut it for 90 % instead, with all eighty rows and maximum likelihood: where does the
        interval end on the right?

        The 90 % point of $\chi^2_1$ is 2.7055.
        Give at least three decimals.
        With a calculator, write the drop of the curve in terms of
        $\nu = \sigma_\epsilon^2 + 16\,\sigma_b^2$, as in the section for a second reading, and
        leave $\sigma_\epsilon^2$ at its estimate, because its best value hardly changes here.
        """),
    in_code="The fit by maximum likelihood is `study.ml`.",
    given=lambda study: {
        "SSB": likelihood.sums_of_squares(study.y, study.Z)[0],
        r"$\hat\sigma_\epsilon^2$": study.ml.sigma2_e,
    },
    hints=(
        "Do you expect a 90 % interval to be wider or narrower than the one for 95 %?",
        "It is twice the drop of the curve that is compared with 2.7055. So how deep is the cut?",
        "In a balanced study with five women twice the drop is 5{log(ν/ν̂) + ν̂/ν − 1}, with "
        "ν̂ = SSB/5. Set it equal to 2.7055 and look for the larger solution: begin with r = 3 for "
        "ν/ν̂, and replace r by exp(1 + 2.7055/5 − 1/r) until it no longer changes. In Python, the "
        "method `profile_interval(level=0.9)` of the fit uses the curve itself.",
    ),
    solution=markdown(r"""
        A value belongs to the 90 % interval if twice the drop of the curve is at most 2.7055,
        which means that the drop itself is at most 1.353.
        This cut is shallower than the 1.92 for 95 %, so the interval is shorter on both sides, but
        it is still long on the right, where the curve falls slowly.

        By hand, we use the closed form that the curve very nearly has in a balanced study.
        With $\nu = \sigma_\epsilon^2 + 16\,\sigma_b^2$ the five means enter the log-likelihood
        through $-\tfrac12\{5\log\nu + \mathrm{SSB}/\nu\}$, which is highest at
        $\hat\nu = \mathrm{SSB}/5$, and everything else depends on $\sigma_\epsilon^2$ only.
        So twice the drop is

        $$5\left\{\log\frac{\nu}{\hat\nu} + \frac{\hat\nu}{\nu} - 1\right\} = 2.7055.$$

        With $r = \nu/\hat\nu$ this becomes $r = \exp(1 + 2.7055/5 - 1/r)$.
        If you begin with $r = 3$ on the right and put each result in again, the values approach
        the larger solution, and the interval ends at $(r\hat\nu - \hat\sigma_\epsilon^2)/16$.
        The profile itself puts $\sigma_\epsilon^2$ at its best for each $\sigma_b^2$, but that
        changes this end by less than a thousandth.
        """),
    code=markdown("""
        interval = study.ml.profile_interval(level=0.9)
        answer = interval.loc["sigma2_b", "upper"]
        """),
    right="Even at this lower level the interval reaches much further above the estimate than "
    "below it, because the curve falls so slowly on that side.",
    answer=lambda study: ends(study, 0.9)[1],
    atol=2e-3,
    apart=1.5e-2,
    unit="logestrone²",
    elsewhere=(
        (
            "With a calculator, … hardly changes here.",
            "The curve puts $\\sigma_\\epsilon^2$ at its best for each $\\sigma_b^2$.",
        ),
        (
            "In a balanced study … In Python, the method",
            "The curve has no closed form in general. In Python, the method",
        ),
        ("with all eighty rows and maximum likelihood", "with all <n> rows and maximum likelihood"),
        (
            "By hand, we use … than a thousandth.",
            "The method `profile_interval` of a fit follows the curve until it has fallen that "
            "far.",
        ),
        ("16σ_b²", "<J#>σ_b²"),
        ("divided by 16", "divided by <J#>"),
        (
            "Even at this lower level the interval reaches much further above the estimate "
            "than below it, because the curve falls so slowly on that side.",
            "Where the curve falls slowly on the right, the interval reaches further above the "
            "estimate than below it, and at a lower level it is shorter on both sides.",
        ),
    ),
    wrong=(
        Wrong(
            "cut_95_percent",
            lambda study: ends(study, 0.95)[1],
            "That is the end of the 95 % interval. For 90 % the cut is shallower, and the interval "
            "is shorter.",
        ),
        Wrong(
            "forgot_half",
            # The level whose quantile is twice that of 90 %, so that the drop is all of it.
            lambda study: ends(study, 0.9799848)[1],
            "Here the cut is as deep as the quantile of χ² itself. It is *twice* the drop that "
            "follows χ², so the cut is only half as deep.",
        ),
        Wrong(
            "wald",
            lambda study: wald_end(study, 1.644854),
            "That is the end of the Wald interval, which replaces the curve by a parabola. "
            "The question is where the curve itself reaches the cut.",
        ),
        Wrong(
            "other_end",
            lambda study: ends(study, 0.9)[0],
            "That is where the interval begins, on the left. The question is about its upper end.",
        ),
        Wrong(
            "sd_not_var",
            lambda study: np.sqrt(ends(study, 0.9)[1]),
            "That is the end for σ_b, the standard deviation. The cut is right, but the question "
            "is about the variance.",
        ),
        Wrong(
            "forgot_sigma_e",
            lambda study: nu_end(study) / study.n_i[0],
            "That is ν divided by 16. But ν is σ_ε² + 16σ_b², so the error variance has to be "
            "subtracted first.",
            always=False,
        ),
        Wrong(
            "nu_not_sigma_b",
            lambda study: nu_end(study),
            "That is the end for ν = σ_ε² + 16σ_b². One more step is left: solve this equation for "
            "σ_b².",
            always=False,
        ),
        Wrong(
            "used_REML",
            lambda study: (nu_end(study, lost=1) - study.ml.sigma2_e) / study.n_i[0],
            "That is the end of the 90 % interval from REML, which has one degree of freedom "
            "fewer. The question asks for maximum likelihood.",
            always=False,
        ),
        Wrong(
            "wald_95_percent",
            lambda study: wald_end(study, 1.959964),
            "That is the end of the 95 % Wald interval. Use the curve itself instead of its "
            "parabola, and cut it for 90 %.",
            always=False,
        ),
        Wrong(
            "other_end_of_95_percent",
            lambda study: ends(study, 0.95)[0],
            "That is where the 95 % interval begins. The question is about the upper end of the "
            "90 % interval.",
            always=False,
        ),
        Wrong(
            "sd_of_95_percent",
            lambda study: np.sqrt(ends(study, 0.95)[1]),
            "That is the end of the 95 % interval for σ_b. The question is about the variance, and "
            "about a level of 90 %.",
            always=False,
        ),
    ),
)


FIVE = Choice(
    key="3d",
    title="Only five women",
    second_round=True,
    prompt=markdown(r"""
        A reviewer writes: "A random effect needs at least six groups.
        With five women you must use dummy variables."

        What is the best reply?
        """),
    hints=(
        "What did the interval for σ_b² show about a study of five women?",
        "Which question can a regression with dummy variables answer, and which one about "
        "women in general can it not answer?",
    ),
    solution=markdown(r"""
        Nothing in the theory demands six groups.
        The number of groups decides how precisely $\sigma_b^2$ can be estimated, and the profile
        interval shows the result: with five women it is wide, especially above the estimate.
        Dummy variables do not add any knowledge; they answer a different question, the one about
        *these* five women.
        The standard error of $\hat\mu$ for women in general needs $\sigma_b^2$, whether it is known
        precisely or not.
        """),
    right="Having few groups costs precision, and the width of the interval lets every reader see "
    "how much.",
    options=(
        Option(
            "The model may be used, with σ_b² known only roughly.",
            "Nothing in the model requires a minimum number of groups, and the profile shows what "
            "five can and cannot determine.",
        ),
        Option(
            "The reviewer is right: with fewer than six groups the model is not valid.",
            "Such a number is a rule of thumb and not a theorem, because nothing in the likelihood "
            "breaks at five. What does become worse with few groups, and how would you show it?",
            "five_levels_rule",
        ),
        Option(
            "It does not matter, because there are eighty measurements.",
            "Eighty measurements pin down the error variance. For the variance between women, what "
            "counts is how many women there are.",
            "n_is_80",
        ),
        Option(
            "Dummy variables would give the same answers, so one may use either.",
            "Dummy variables describe these five women only. How uncertain is the mean of women in "
            "general? To answer that, you need to know how much women differ.",
            "dummies_not_random",
        ),
    ),
    answer=0,
)


PARABOLA = Choice(
    key="3e",
    title="Does the interval contain zero?",
    prompt=markdown(r"""
        "Estimate ± 1.96 standard errors" gives an interval for $\sigma_b^2$ that begins below 0.
        A reader concludes: "0 is inside the interval, so perhaps women do not differ at all."

        What do you reply?
        """),
    hints=(
        "How far below its top is the curve at 0? The table of heights in the chapter has it.",
        "An interval of this kind is computed from the curvature at the top. What can the "
        "curvature at the top reveal about the height of the curve at 0?",
    ),
    solution=markdown(r"""
        The standard error describes the curve near its top, where it approximates it by a parabola.
        At 0 the curve itself is far below its top, much further than 1.92, so 0 is not plausible at
        all.

        With few groups this interval contains 0 whatever the data are.
        In balanced data the ML estimate divided by its standard error is never larger than
        $\sqrt{I/2}$, however much the groups differ, and for five groups that is 1.58, which is
        less than 1.96.
        """),
    right="At 0 the chapter's profile is 56 units lower than at the estimate, whereas its "
    "quadratic approximation has fallen by little more than one unit.",
    options=(
        Option(
            "Right: what is inside a 95 % interval is plausible.",
            "That would be so for an interval that follows the curve. Does this one, and how "
            "high is the curve itself at 0?",
            "wald_for_variance",
        ),
        Option(
            "Cut off the negative part, and the interval is fine.",
            "That would only make the lower end look better, since 0 would still be inside, and "
            "the upper end would be as wrong as before.",
            "truncate_wald",
        ),
        Option(
            "The parabola approximates the curve badly: at 0 the curve is far below its top.",
            "The interval is symmetric because it was constructed that way, whereas the likelihood "
            "falls steeply on the left and slowly on the right.",
        ),
        Option(
            "Something went wrong in the fit: a variance cannot be negative.",
            "The estimate is positive, and nothing is wrong with the fit. The interval was "
            "computed afterwards, by a recipe that takes no account of σ_b² being a variance.",
            "negative_is_failure",
        ),
    ),
    answer=2,
)


EXERCISES = (WEIGHTS, BUG, INTERVAL, FIVE, PARABOLA)
