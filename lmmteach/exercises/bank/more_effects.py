"""Exercises of chapter 9: more than one random effect."""

import numpy as np

from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong
from lmmteach.exercises.studies import LECTURE

# The trend that 9a adds to the women: SD of the slopes for each measurement, and correlation.
SD_1, RHO, LAST = 0.05, -0.5, 15


def _correlation(study, rho=RHO, of_slope=SD_1**2, counted=2, power=2, noise=1):
    """Correlation of a woman's first and last measurement; what is changed is a mistake."""
    sigma2_b, sigma2_e = study.reml.theta
    sigma_01 = rho * np.sqrt(sigma2_b) * SD_1
    first = sigma2_b + noise * sigma2_e
    last = sigma2_b + counted * LAST * sigma_01 + LAST**power * of_slope + noise * sigma2_e
    return float((sigma2_b + LAST * sigma_01) / np.sqrt(first * last))


FIRST_AND_LAST = Numeric(
    key="9a",
    about=LECTURE,
    title="The first and the last measurement",
    prompt=markdown(r"""
        Suppose that each woman of the estrone study had a trend of her own over the sixteen
        measurements, and let $x$ run from 0 for her first one to 15 for her last.
        Her intercept varies with the $\hat\sigma_b^2$ of the REML fit, her slope with an SD of
        $0.05$ for each measurement, the two have the correlation $-0.5$, and the errors have the
        $\hat\sigma_\epsilon^2$ of that fit.
        What is the correlation of a woman's first measurement with her last?
        Give three decimals.
        """),
    in_code="The two variances are `study.reml.theta`.",
    answer=_correlation,
    given=lambda study: {
        r"$\hat\sigma_b^2$": study.reml.sigma2_b,
        r"$\hat\sigma_\epsilon^2$": study.reml.sigma2_e,
    },
    atol=6e-4,
    wrong=(
        Wrong(
            "no_slope",
            lambda study: float(study.reml.sigma2_b / sum(study.reml.theta)),
            "That is the intraclass correlation of the model without a trend. With slopes that "
            "differ, both the variance of the last measurement and the covariance change.",
        ),
        Wrong(
            "forgot_covariance",
            lambda study: _correlation(study, rho=0.0),
            "You left out the covariance σ_01 of intercept and slope. It enters the covariance of "
            "the two measurements once and the variance of the last one twice, always times x.",
        ),
        Wrong(
            "sign_of_rho",
            lambda study: _correlation(study, rho=-RHO),
            "The sign of the correlation was lost on the way. Here women with a high start tend "
            "to have a low slope.",
        ),
        Wrong(
            "forgot_error",
            lambda study: _correlation(study, noise=0),
            "That is the correlation of two points on her line. Each measurement has an error of "
            "its own as well, which belongs to both variances.",
        ),
        Wrong(
            "sd_not_var",
            lambda study: _correlation(study, of_slope=SD_1),
            "You put the SD of the slopes where their variance belongs, in the variance of the "
            "last measurement.",
        ),
        Wrong(
            "covariance_once",
            lambda study: _correlation(study, counted=1),
            "The covariance is right, but in the variance of the last measurement σ_01 was "
            "counted only once. Expand (1, x) 𝒟₁ (1, x)ᵀ and count its four terms.",
        ),
        Wrong(
            "x_not_squared",
            lambda study: _correlation(study, power=1),
            "In the variance of the last measurement the variance of the slopes was multiplied "
            "by x. The slope itself is multiplied by 15, so by what is its variance?",
        ),
        Wrong(
            "cov_not_cor",
            lambda study: float(
                study.reml.sigma2_b + LAST * RHO * np.sqrt(study.reml.sigma2_b) * SD_1
            ),
            "That is the covariance of the two measurements. The correlation comes from it after "
            "a division by both standard deviations.",
        ),
    ),
    hints=(
        "Write the two measurements as b₀ + ε and b₀ + 15 b₁ + ε′, leaving out what is fixed. "
        "What is the covariance of these two sums, and what are their variances?",
        "The covariance is σ₀² + 15 σ_01 with σ_01 = ρ σ₀ σ₁. The first variance is σ₀² + σ_ε².",
        "The second variance is σ₀² + 2 · 15 σ_01 + 15² σ₁² + σ_ε². Divide the covariance by the "
        "root of the product of the variances.",
    ),
    solution=markdown(r"""
        With $\sigma_0^2 = \hat\sigma_b^2$, $\sigma_1 = 0.05$ and
        $\sigma_{01} = -0.5\,\sigma_0\,\sigma_1$, the entries of $\mathbf V$ for one woman are
        those of the chapter, with $x = 0$ and $x' = 15$:

        $$\frac{\sigma_0^2 + 15\,\sigma_{01}}{\sqrt{(\sigma_0^2 + \sigma_\epsilon^2)(\sigma_0^2 +
        30\,\sigma_{01} + 225\,\sigma_1^2 + \sigma_\epsilon^2)}}.$$

        It is smaller than the intraclass correlation, since over fifteen steps the women's slopes
        have time to mix their order up.
        """),
    code=markdown("""
        sigma2_b, sigma2_e = study.reml.theta
        sigma_01 = -0.5 * np.sqrt(sigma2_b) * 0.05
        D_1 = [[sigma2_b, sigma_01], [sigma_01, 0.05**2]]
        rows = np.array([[1, 0], [1, 15]])
        V_1 = rows @ D_1 @ rows.T + sigma2_e * np.eye(2)
        answer = V_1[0, 1] / np.sqrt(V_1[0, 0] * V_1[1, 1])
        """),
    right=(
        "So with random slopes there is no longer one intraclass correlation: how alike two "
        "values are depends on when they were taken."
    ),
)


def V_of_group(x, D_1, sigma2_e):
    """Covariance of one group's measurements at the places x."""
    Z = np.column_stack([np.ones(len(x)), x])
    return Z @ D_1 @ Z.T + sigma2_e * np.eye(len(x))


def _V_of_group(change):
    """A function like that above, with a change in its last line."""

    def V(x, D_1, sigma2_e):
        Z = np.column_stack([np.ones(len(x)), x])
        return change(Z, D_1, sigma2_e)

    return V


def _places(study):
    """Places of measurement and parameters: some in order, some not, one with a negative σ_01."""
    few = np.array([3.0, 0.0, 7.5])
    return [
        (np.arange(16.0), np.array([[1.8, 0.05], [0.05, 0.01]]), 0.3),
        (few, np.array([[2.0, -0.4], [-0.4, 0.5]]), 1.3),
        (few[:2], np.array([[0.5, 0.1], [0.1, 0.2]]), 0.7),
    ]


ONE_GROUP = Function(
    key="9b",
    title="V of one group, with a slope",
    prompt=markdown(r"""
        Write a function that gives the covariance matrix of the measurements of *one* group in a
        model with a random intercept and a random slope.

        The group was measured at the places `x`, `D_1` is the $2 \times 2$ covariance
        $\mathcal D_1$ of its intercept and slope, and `sigma2_e` is $\sigma_\epsilon^2$.
        The places need not be in order, nor equally far apart.
        """),
    name="V_of_group",
    stub=markdown('''
        def V_of_group(x, D_1, sigma2_e):
            """Covariance of one group's measurements at the places x."""
            return ...
        '''),
    reference=V_of_group,
    cases=_places,
    wrong=(
        Wrong(
            "no_correlation",
            _V_of_group(lambda Z, D, e: Z @ np.diag(np.diag(D)) @ Z.T + e * np.eye(len(Z))),
            "You used only the diagonal of 𝒟₁, as in a model with (x || g). Here intercept and "
            "slope may be correlated.",
        ),
        Wrong(
            "errors_shared",
            _V_of_group(lambda Z, D, e: Z @ D @ Z.T + e),
            "You added σ_ε² to every entry. An error belongs to one measurement alone, so where "
            "in the matrix is its variance?",
        ),
        Wrong(
            "forgot_error",
            _V_of_group(lambda Z, D, e: Z @ D @ Z.T),
            "The errors are missing. Without them two measurements at the same place would agree "
            "exactly.",
        ),
        Wrong(
            "intercept_only",
            _V_of_group(lambda Z, D, e: D[0, 0] + e * np.eye(len(Z))),
            "This V has the same covariance everywhere, so the slope plays no part in it.",
        ),
        Wrong(
            "slope_only",
            _V_of_group(lambda Z, D, e: D[1, 1] * np.outer(Z[:, 1], Z[:, 1]) + e * np.eye(len(Z))),
            "Here Z has only the column x. Which column belongs to the random intercept?",
        ),
        Wrong(
            "sd_not_var",
            _V_of_group(lambda Z, D, e: Z @ D @ Z.T + np.sqrt(e) * np.eye(len(Z))),
            "You put σ_ε on the diagonal, but a covariance matrix is made of variances.",
        ),
        Wrong(
            "transposed",
            _V_of_group(lambda Z, D, e: Z.T @ Z @ D + e * np.eye(2)),
            "Your matrix is 2 × 2, one row for each random effect. V has a row and a column for "
            "each measurement, so on which side does Zᵀ belong?",
        ),
    ),
    hints=(
        "It is V = Σ + Z𝒟Zᵀ again, for the rows of one group. Which two columns does Z have?",
        "The columns of Z are ones and x, so `np.column_stack([np.ones(len(x)), x])` makes it.",
        "Then `Z @ D_1 @ Z.T` is what intercept and slope contribute, and the errors add "
        "`sigma2_e * np.eye(len(x))`.",
    ),
    solution=markdown(r"""
        The formula is that of the first chapter, and only $\mathbf Z$ is new: a group has two
        random effects, and so two columns, one of ones and one with the places $x$.
        Entry $(j, k)$ of the product is $\sigma_0^2 + \sigma_{01}(x_j + x_k) + \sigma_1^2 x_j x_k$,
        and the diagonal has $\sigma_\epsilon^2$ on top.
        """),
    code=source(V_of_group),
    right=(
        "Two columns instead of one are all that a random slope changes, and the same three lines "
        "would do for a quadratic curve."
    ),
    second_round=True,
)

CENTRING = Choice(
    key="9c",
    title="From day 0 to day 4.5",
    prompt=markdown(r"""
        A colleague fits `Reaction ~ Days + (Days | Subject)` and reports a correlation of 0.07:
        "Whoever is fast at the start is neither more nor less affected."
        Another centres the days first and reports 0.75 for the same data: "The slow ones are
        affected most."
        Who is right?
        """),
    options=(
        Option(
            "The first, because centring is a trick that creates a correlation from nothing.",
            "Both correlations describe one and the same set of lines. Ask what “slow” refers to "
            "in each of the two sentences.",
            "centring_creates",
        ),
        Option(
            "The second, because predictors should always be centred before one trusts a fit.",
            "Centring can make a printout easier to read and a fit easier to compute, but this "
            "model is the same either way. What does its intercept mean in each version?",
            "centre_always",
        ),
        Option(
            "Both, since one speaks of levels on day 0 and the other of levels in the middle.",
            "Yes. A line that rises steeply is high in the middle of the study partly because it "
            "rises, so levels measured there go together with slopes.",
        ),
        Option(
            "Neither, because the two fits contradict each other and one must have failed.",
            "The two fits have the same criterion, the same slopes and the same V. Which number "
            "in 𝒟₁ depends on where x is 0?",
            "fit_failed",
        ),
    ),
    answer=2,
    hints=(
        "The intercept of a line is its height where x is 0. At which time is that in each of the "
        "two fits?",
        "Imagine lines that all start at the same height and fan out. What is the correlation of "
        "their slopes with their height at the start, and with that in the middle?",
    ),
    solution=markdown(r"""
        The level at $c$ is $b_0 + c\,b_1$, so its covariance with the slope is
        $\sigma_{01} + c\,\sigma_1^2$, which grows with $c$.
        The model, its $\mathbf V$ and its likelihood do not change, and neither statement is
        wrong once it says which level it means.
        A correlation of intercepts and slopes should never be reported without its origin.
        """),
    right=(
        "The number to report first is therefore not ρ but a choice: the value of the covariate "
        "at which people are compared."
    ),
    second_round=True,
)

# What 9d adds: women, days of each, measurements on a day, and the variance of the days.
WOMEN, DAYS, TIMES, SIGMA2_DAY = 10, 3, 4, 0.5


def _se(study, women=WOMEN, days=WOMEN * DAYS, rows=WOMEN * DAYS * TIMES):
    """Standard error of the mean when each variance is divided by a number of its own."""
    sigma2_b, sigma2_e = study.reml.theta
    return float(np.sqrt(sigma2_b / women + SIGMA2_DAY / days + sigma2_e / rows))


NESTED = Numeric(
    key="9d",
    about=LECTURE,
    title="Women, days, measurements",
    prompt=markdown(r"""
        A new study will have 10 women, who come on 3 days each, with 4 measurements on each day.
        Every woman has days of her own, so days are nested in women.
        The variance between women is the $\hat\sigma_b^2$ of the REML fit, that between the days
        of one woman is $0.5$, and that of the errors is the $\hat\sigma_\epsilon^2$ of the fit.
        What will be the standard error of the overall mean?
        Give four decimals.
        """),
    in_code="The two variances are `study.reml.theta`.",
    answer=_se,
    given=lambda study: {
        r"$\hat\sigma_b^2$": study.reml.sigma2_b,
        r"$\hat\sigma_\epsilon^2$": study.reml.sigma2_e,
    },
    atol=1.5e-4,
    wrong=(
        Wrong(
            "crossed_not_nested",
            lambda study: _se(study, days=DAYS),
            "You divided the variance of the days by 3, as if all women came on the same three "
            "days. How many different days are there if each woman has her own?",
        ),
        Wrong(
            "forgot_days",
            lambda study: _se(study, days=np.inf),
            "The days are missing. They are a second source of variation, so they add a term of "
            "their own.",
        ),
        Wrong(
            "n_is_80",
            lambda study: _se(study, women=120, days=120),
            "You divided all three variances by the number of measurements. But there are only "
            "ten women to average over, and a variance is divided by the number of its own "
            "groups.",
        ),
        Wrong(
            "days_count_for_women",
            lambda study: _se(study, women=WOMEN * DAYS),
            "You divided the variance between women by the number of days. A woman who comes "
            "three times is still one woman.",
        ),
        Wrong(
            "rows_of_a_day",
            lambda study: _se(study, days=WOMEN * DAYS * TIMES),
            "You divided the variance of the days by the number of measurements. The four values "
            "of a day share its effect.",
        ),
        Wrong(
            "sd_not_var",
            lambda study: _se(study) ** 2,
            "That is the variance of the mean, and the standard error is its square root.",
        ),
        Wrong(
            "day_as_sd",
            lambda study: float(np.sqrt(_se(study) ** 2 + (SIGMA2_DAY**2 - SIGMA2_DAY) / 30)),
            "You squared the number for the days, but it is a variance already.",
        ),
    ),
    hints=(
        "The overall mean contains the average of the women's effects, the average of the days' "
        "effects and the average of the errors. How many of each are there?",
        "There are 10 women, 30 days and 120 measurements. Each variance is divided by its own "
        "number.",
        "Add σ_b²/10, the variance of the days divided by 30, and σ_ε²/120, and take the root.",
    ),
    solution=markdown(r"""
        The study is balanced, so $\hat\mu$ is the plain mean, and it averages over 10 women, 30
        days and 120 errors, all independent of each other:

        $$\mathrm{SE}^2 = \frac{\sigma_b^2}{10} + \frac{0.5}{30} + \frac{\sigma_\epsilon^2}{120}.$$

        Had all women come on the same three days, the second term would be $0.5/3$, and no number
        of women could make it smaller.
        """),
    code=markdown("""
        sigma2_b, sigma2_e = study.reml.theta
        answer = np.sqrt(sigma2_b / 10 + 0.5 / 30 + sigma2_e / 120)
        """),
    right=(
        "Each source of variation averages out over as many pieces as it has, and the source with "
        "the fewest pieces usually decides."
    ),
)

LABELS = Choice(
    key="9e",
    title="Three casks or thirty?",
    prompt=markdown(r"""
        In the data "pastes" the casks of each batch are labelled a, b and c.
        Somebody fits `strength ~ 1 + (1 | batch) + (1 | cask)` instead of `(1 | batch/cask)`.
        What has this person assumed?
        """),
    options=(
        Option(
            "Nothing else: both formulas are ways to write down the same nested model.",
            "They would be if every cask had a label of its own, as in the column `sample`. Here "
            "the letter a turns up in every batch, so how many effects does `(1 | cask)` have?",
            "same_model",
        ),
        Option(
            "That all casks called “a” share one effect, whichever batch they come from.",
            "Yes: three letters make three random effects, and the model cannot know that the “a” "
            "of one batch was never filled from that of the next.",
        ),
        Option(
            "That casks do not vary at all, and that every difference comes from the batches.",
            "There is a variance for casks in this model, though it belongs to the wrong groups. "
            "Count the levels of the column `cask`.",
            "no_cask_effect",
        ),
        Option(
            "That the batches are a random sample of the casks.",
            "A formula does not state what was sampled from what. It states which rows share a "
            "random effect, so which rows share one in `(1 | cask)`?",
            "which_is_nested",
        ),
    ),
    answer=1,
    hints=(
        "Rows with the same label in the column after the bar get the same random effect. How "
        "many different labels does the column `cask` have?",
        "Look at the pictures of V in the chapter: in the nested model V is 0 between two "
        "batches. Is it 0 there with `(1 | cask)`?",
    ),
    solution=markdown(r"""
        The column `cask` has three labels, so `(1 | cask)` has three effects, each shared by ten
        casks that have nothing in common.
        That is a crossed model, and its $\mathbf V$ has covariances between batches.
        `(1 | batch/cask)` stands for `(1 | batch) + (1 | batch:cask)`, whose second factor has
        thirty groups.
        The safe way is to give every unit a label of its own when the data are recorded.
        """),
    right=(
        "Software reads labels and knows nothing of laboratories, so reused names are an "
        "easy way to fit a wrong structure without any warning."
    ),
    second_round=True,
)

SINGULAR = Choice(
    key="9f",
    title="A correlation of 1",
    prompt=markdown(r"""
        You planned a study of eight patients in order to estimate how a treatment effect differs
        between patients, and your model has a random intercept and a random slope for the
        treatment.
        The fit is singular: the estimated correlation is exactly 1.
        What do you do?
        """),
    options=(
        Option(
            "Report that intercept and slope are perfectly correlated in these patients.",
            "Eight patients cannot show that. An estimate on the edge means that the likelihood "
            "still rises there, so how precise is a correlation from eight pairs?",
            "correlation_of_one",
        ),
        Option(
            "Drop the random slope, because a model that is singular may not be reported.",
            "Dropping it would treat the effect as the same in all patients, and its standard "
            "error would come out too small if it is not. Is there a smaller step?",
            "drop_the_slope",
        ),
        Option(
            "Try optimisers until one of them reports a correlation below 1.",
            "If the top is on the edge, an optimiser that stops elsewhere has stopped too early. "
            "The fit is not the problem here.",
            "other_optimiser",
        ),
        Option(
            "Keep a slope variance, perhaps without the correlation, and say what was singular.",
            "Yes. The variance of the effect was the reason for the study and is needed for an "
            "honest standard error, whereas the correlation can go if the data cannot "
            "estimate it.",
        ),
    ),
    answer=3,
    hints=(
        "Which of the three numbers in 𝒟₁ does the standard error of the treatment effect need "
        "most?",
        "In the chapter, the standard error of the slope nearly doubled once subjects could have "
        "slopes of their own. What does that suggest about leaving such a slope out?",
    ),
    solution=markdown(r"""
        A correlation of $\pm 1$ from few groups shows that they are too few to estimate it, and
        nothing more.
        The variance of the slopes is a different matter, because the question of the study is
        about an effect that varies, and without it the standard error is too small.
        So fit the model without the correlation, with the origin of the covariate where you want
        to compare people, check that the fixed effects hardly move, and report both.
        """),
    right=(
        "Simplify where little is at stake for the question that you asked, and let your readers "
        "know about it."
    ),
    second_round=True,
)

EXERCISES = (FIRST_AND_LAST, ONE_GROUP, CENTRING, NESTED, LABELS, SINGULAR)
