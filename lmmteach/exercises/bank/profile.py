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
    prompt=markdown(r"""
        Take the unbalanced study: the first 16, 8, 4, 2 and 1 measurements of the five women.
        Suppose that women differed no more than the measurements of one woman do:
        $\sigma_b^2 = \sigma_\epsilon^2$.
        (Only the ratio of the two matters, so take 1 for both.)

        What is the GLS estimate $\hat\mu_\theta$ for such a $\boldsymbol\theta$?
        Give at least four decimals.
        """),
    in_code="The unbalanced study is `study.cut`; `study.cut.means` and `study.cut.n_i` hold the "
    "five means and counts.",
    hints=(
        "For a common mean GLS is a weighted mean of the women's means. Which formula of the "
        "chapter gives the weights?",
        "The weight of a woman is one over the variance of her mean, σ_b² + σ_ε²/n_i. With equal "
        "variances that is proportional to 1 + 1/n_i, inverted.",
        "Multiply each of the five means by its weight, add them up, and divide by the sum of the "
        "weights; in Python, `np.average` takes `weights`.",
    ),
    solution=markdown(r"""
        With $\sigma_b^2 = \sigma_\epsilon^2$ the variance of a woman's mean is proportional to
        $1 + 1/n_i$, so her weight is proportional to $n_i/(n_i + 1)$:
        16/17, 8/9, 4/5, 2/3 and 1/2.

        $$\hat\mu_\theta = \frac{\sum_i \frac{n_i}{n_i + 1}\,\bar y_i}{\sum_i \frac{n_i}{n_i + 1}}$$

        The weights lie between those of the two simple answers: less unequal than the $n_i$ of the
        mean of all measurements, less equal than those of the mean of the five means.
        Which of them they are closer to, the ratio of the two variances decides.
        """),
    code=markdown("""
        cut = study.cut
        answer = np.average(cut.means, weights=1 / (1 + 1 / cut.n_i))
        """),
    right="A woman counts for what her mean is worth: more with more measurements, but far "
    "from sixteen times as much.",
    answer=mean_of_cut,
    atol=2e-4,
    unit="logestrone",
    wrong=(
        Wrong(
            "ols",
            lambda study: study.cut.y.mean(),
            "That is the plain mean of all measurements, so OLS: it gives a woman weight in "
            "proportion to her measurements. With all sixteen of each you could not see the error.",
        ),
        Wrong(
            "mean_of_means",
            lambda study: study.cut.means.mean(),
            "That is the mean of the five means: each woman counts the same, although the mean of "
            "the last one is a single measurement.",
        ),
        Wrong(
            "weights_upside_down",
            lambda study: mean_of_cut(study, lambda variance: variance),
            "You weighted with the variances. The less certain a mean is, the less it should "
            "count.",
        ),
        Wrong(
            "used_estimates",
            lambda study: study.cut.reml.beta.iloc[0],
            "That is μ̂ for the variances that REML estimates from these rows. The question is "
            "about other variances, with which women differ no more than measurements.",
        ),
        Wrong(
            "used_ML",
            lambda study: study.cut.ml.beta.iloc[0],
            "That is μ̂ for the variances that maximum likelihood estimates from these rows. The "
            "question is about other variances, with which women differ no more than measurements.",
            always=False,
        ),
        Wrong(
            "variances_of_the_printout",
            lambda study: mean_of_cut(study, theta=study.reml.theta),
            "That is μ̂ for the variances of the printout, as the chapter computes it. With those, "
            "women differ far more than measurements; here the two variances are equal.",
            always=False,
        ),
        Wrong(
            "forgot_the_cut",
            lambda study: study.y.mean(),
            "That is the mean of all eighty measurements, where weights play no role. Take the "
            "unbalanced study.",
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
        A colleague wrote this function for the height of the profile
        $\ell_p(\boldsymbol\theta)$, without the constant:
        """)
    + f"\n\n```python\n{source(colleague_height)}```\n\n"
    + markdown(r"""
        "I have tried it on the lecture's data with a hundred values of $\boldsymbol\theta$," says
        the colleague, "and it agrees with the chapter to the last digit."
        That is true.
        And yet it is wrong.

        Find the bug, and write `profile_height(theta, y, X, Z)` without it.
        Your function will be tried on the unbalanced study too.
        """),
    hints=(
        "What is special about the lecture's data, so that a whole class of mistakes cannot be "
        "seen there?",
        "The profile takes the best β for this θ. In which line is β found, and does θ occur in "
        "it?",
        "Replace that line by GLS, with the V of this θ. You may write it out or call "
        "`lt.profile.gls(V, y, X)`, which returns β and its covariance.",
    ),
    solution=markdown(r"""
        `lstsq(X, y)` is ordinary least squares: no $\boldsymbol\theta$ in it.
        On balanced data with a common mean the GLS estimate is the plain mean for *every*
        $\boldsymbol\theta$, so nobody notices.
        On unbalanced data the OLS mean is not the best one, and the curve is too low, by an amount
        that depends on $\boldsymbol\theta$: its top is somewhere else.

        The remedy is $\hat{\boldsymbol\beta}_\theta = (\mathbf X^{\mathsf T}\mathbf V^{-1}\mathbf
        X)^{-1}\mathbf X^{\mathsf T}\mathbf V^{-1}\mathbf y$, inside the function, for each
        $\boldsymbol\theta$ anew.
        The lesson for all code: test it on unbalanced data.
        """),
    code=source(profile_height),
    right="The best β belongs to its own θ. On balanced data the bug is invisible, so always "
    "try unbalanced ones as well.",
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
            "The bug is still there: on balanced data all is well, on unbalanced data not. The β "
            "in your code does not depend on θ. Which estimate does?",
        ),
        Wrong(
            "kept_the_constant",
            with_the_constant,
            "Your β is right: the bug is gone. But your value contains −(n/2) log 2π, and the "
            "question is about the height without it.",
        ),
        Wrong(
            "beta_of_the_top",
            top_in_profile,
            "You put in the β of the top of the hill for every θ. It is the best one for the best "
            "θ only; each θ has a β of its own.",
        ),
        Wrong(
            "V_not_inverted",
            V_for_its_inverse,
            "There is V where V⁻¹ belongs in your β: uncertain data get the largest weight. "
            "Balanced data do not show it.",
        ),
        Wrong(
            "mean_of_means",
            means_in_profile,
            "You gave every woman the same weight, whatever θ is. A mean of one measurement is "
            "worth less than one of sixteen, and θ says how much less.",
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
    return profile.profile_interval(
        balanced_profile(study), study.ml.sigma2_b, level=level, lower=0
    )


def nu_end(study, women=5, twice_drop=2.705543):
    """Upper end for ν = σ_ε² + 16σ_b², from the closed form of a balanced study."""
    from scipy.special import lambertw

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
    prompt=markdown(r"""
        The chapter cuts the profile of $\sigma_b^2$ for a 95 % interval.
        Cut it for 90 %, with all eighty rows and maximum likelihood: where does the interval end on
        the right?

        The 90 % point of $\chi^2_1$ is 2.7055.
        Give at least three decimals.
        With a calculator, write the drop of the curve in terms of
        $\nu = \sigma_\epsilon^2 + 16\,\sigma_b^2$, and leave $\sigma_\epsilon^2$ at its estimate,
        which hardly moves along the curve.
        """),
    in_code="The fit by maximum likelihood is `study.ml`.",
    given=lambda study: {
        "SSB": likelihood.sums_of_squares(study.y, study.Z)[0],
        r"$\hat\sigma_\epsilon^2$": study.ml.sigma2_e,
    },
    hints=(
        "Will a 90 % interval be wider or narrower than the one for 95 %?",
        "Twice the drop of the curve is held against 2.706. So how deep is the cut?",
        "In a balanced study with five women twice the drop is 5{log(ν/ν̂) + ν̂/ν − 1}, with "
        "ν̂ = SSB/5. Set it equal to 2.7055 and take the larger solution: with r = ν/ν̂, put "
        "r = exp(1 + 2.7055/5 − 1/r) into itself until it stands still. In Python, the method "
        "`profile_interval(level=0.9)` of the fit follows the curve itself.",
    ),
    solution=markdown(r"""
        Values belong to the 90 % interval if twice the drop of the curve is no more than 2.706, so
        if the drop is no more than 1.353.
        The cut is less deep than the 1.92 for 95 %, so the interval is shorter on both sides.
        On the right it is still long: the curve falls slowly there.

        By hand: a balanced study has the curve in closed form.
        With $\nu = \sigma_\epsilon^2 + 16\,\sigma_b^2$ the five means enter the log-likelihood
        through $-\tfrac12\{5\log\nu + \mathrm{SSB}/\nu\}$, which is highest at
        $\hat\nu = \mathrm{SSB}/5$, and all else depends on $\sigma_\epsilon^2$ only.
        So twice the drop is

        $$5\left\{\log\frac{\nu}{\hat\nu} + \frac{\hat\nu}{\nu} - 1\right\} = 2.7055.$$

        With $r = \nu/\hat\nu$ that reads $r = \exp(1 + 2.7055/5 - 1/r)$.
        Put in $r = 3$, then what comes out, and so on: it settles at the larger solution, and the
        interval ends at $(r\hat\nu - \hat\sigma_\epsilon^2)/16$.
        The profile itself puts $\sigma_\epsilon^2$ at its best for each $\sigma_b^2$, which changes
        this end by less than a thousandth.
        """),
    code=markdown("""
        interval = study.ml.profile_interval(level=0.9)
        answer = interval.loc["sigma2_b", "upper"]
        """),
    right="Even with 90 % the interval reaches much further up than down: five women rule out a "
    "large variance much more slowly than a small one.",
    answer=lambda study: ends(study, 0.9)[1],
    atol=2e-3,
    apart=1.5e-2,
    unit="logestrone²",
    wrong=(
        Wrong(
            "cut_95_percent",
            lambda study: ends(study, 0.95)[1],
            "That is the end of the 95 % interval. For 90 % the cut is less deep.",
        ),
        Wrong(
            "forgot_half",
            # The level whose quantile is twice that of 90 %, so that the drop is all of it.
            lambda study: ends(study, 0.9799848)[1],
            "You let the curve drop by the point of χ² itself. It is *twice* the drop that follows "
            "χ², so the cut is half as deep.",
        ),
        Wrong(
            "wald",
            lambda study: wald_end(study, 1.644854),
            "That is the Wald interval: it takes the curve for a parabola. Walk along the curve "
            "itself instead.",
        ),
        Wrong(
            "other_end",
            lambda study: ends(study, 0.9)[0],
            "That is where the interval begins. The question is about its upper end.",
        ),
        Wrong(
            "sd_not_var",
            lambda study: np.sqrt(ends(study, 0.9)[1]),
            "That is the end for σ_b, the standard deviation. The cut is right; the question is "
            "about the variance.",
        ),
        Wrong(
            "forgot_sigma_e",
            lambda study: nu_end(study) / 16,
            "You divided ν by 16. But ν is σ_ε² + 16σ_b²: take the error variance off first.",
            always=False,
        ),
        Wrong(
            "nu_not_sigma_b",
            lambda study: nu_end(study),
            "That is the end for ν = σ_ε² + 16σ_b². Solve for σ_b².",
            always=False,
        ),
        Wrong(
            "used_REML",
            lambda study: (nu_end(study, women=4) - study.ml.sigma2_e) / 16,
            "That is the end of the 90 % interval from REML, which has one degree of freedom less. "
            "Here maximum likelihood is asked for.",
            always=False,
        ),
        Wrong(
            "wald_95_percent",
            lambda study: wald_end(study, 1.959964),
            "That is the end of the 95 % Wald interval. Walk along the curve itself instead, and "
            "cut it for 90 %.",
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
            "about 90 %.",
            always=False,
        ),
    ),
)


FIVE = Choice(
    key="3d",
    title="Only five women",
    prompt=markdown(r"""
        A reviewer writes: "A random effect needs at least six groups.
        With five women you must use dummy variables."

        What is the best answer?
        """),
    hints=(
        "What did the interval for σ_b² say about five women?",
        "What question can a regression with dummy variables answer, and what can it not say about "
        "women in general?",
    ),
    solution=markdown(r"""
        There is no such law.
        The number of groups decides how well $\sigma_b^2$ is known, and the profile interval says
        how well.
        With five women it is wide, most of all upwards.
        Dummy variables do not give more knowledge; they answer another question, the one about
        *these* five women.
        The standard error of $\hat\mu$ for women in general needs $\sigma_b^2$, well known or not.
        """),
    right="Few groups make σ_b² uncertain, not forbidden; the interval tells the reader how "
    "uncertain it is.",
    options=(
        Option(
            "The model may be used, with σ_b² known only roughly.",
            "The number of groups is a matter of precision, and the curve measures it.",
        ),
        Option(
            "The reviewer is right: with fewer than six groups the model is not valid.",
            "Such a number is a rule of thumb, not a theorem. Nothing in the likelihood breaks at "
            "five; what becomes worse with few groups, and how would you show it?",
            "five_levels_rule",
        ),
        Option(
            "It does not matter, because there are eighty measurements.",
            "Eighty measurements pin down the error variance. How women differ is told by as many "
            "as there are women.",
            "n_is_80",
        ),
        Option(
            "Dummy variables would give the same answers, so one may use either.",
            "They answer about these five women only. How uncertain is the mean of women in "
            "general? For that one must know how much women differ.",
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
        A reader concludes: "0 lies inside, so perhaps women do not differ at all."

        What do you reply?
        """),
    hints=(
        "How far below its top is the curve at 0? The table of the chapter has it.",
        "An interval of this kind is drawn from the curvature at the top. What does the top know "
        "about the shape of the curve at 0?",
    ),
    solution=markdown(r"""
        The standard error describes the curve near its top, as a parabola.
        At 0 the curve itself is far below its top, much further than 1.92.
        So 0 is not plausible.

        With few groups this interval *cannot* help containing 0.
        In balanced data the ML estimate divided by its standard error is never larger than
        $\sqrt{I/2}$, however much the groups differ.
        For five groups that is 1.58, less than 1.96.
        """),
    right="Look at the curve, not at its parabola. With five groups that interval contains 0 "
    "however much the groups differ.",
    options=(
        Option(
            "Right: what lies inside a 95 % interval is plausible.",
            "That holds for an interval that follows the curve. This one follows a parabola; how "
            "high is the curve itself at 0?",
            "wald_for_variance",
        ),
        Option(
            "Cut off the negative part, then the interval is fine.",
            "Its lower end would be mended in looks only: 0 would still be inside. And the upper "
            "end is wrong as well.",
            "truncate_wald",
        ),
        Option(
            "The parabola is a bad picture of the curve, which at 0 lies far below its top.",
            "The interval is symmetric because it was made so. The curve is not.",
        ),
        Option(
            "Something went wrong in the fit: a variance cannot be negative.",
            "The estimate is positive, and the fit is fine. The interval was computed afterwards, "
            "by a recipe that does not know that σ_b² is a variance.",
            "negative_is_failure",
        ),
    ),
    answer=2,
)


EXERCISES = (WEIGHTS, BUG, INTERVAL, FIVE, PARABOLA)
