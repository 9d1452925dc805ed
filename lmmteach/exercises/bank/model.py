"""Exercises of chapter 1: the model and its covariance."""

import numpy as np

from lmmteach.exercises.bank._tools import markdown, source
from lmmteach.exercises.kinds import Choice, Function, Numeric, Option, Wrong


def share(between, within):
    """The part of the whole that lies between."""
    return between / (between + within)


CORRELATION = Numeric(
    key="1a",
    title="Measured in duplicate",
    second_round=True,
    prompt=markdown(r"""
        Suppose that a woman is measured *twice* on each visit, with independent errors, and that
        only the mean of the two values is kept.

        What is the correlation between the means from two visits by the same woman?
        Four different measurements go into them, two from each visit.
        Use the two estimated variances in the printout, and give at least three decimals.
        """),
    in_code="The two variances are `study.reml.theta`, with all their digits.",
    hints=(
        "Write the mean of a visit as μ + b + (ε₁ + ε₂)/2, and ask which parts of it two visits "
        "have in common.",
        "The covariance of the two means is the variance of whatever they share. To turn it into "
        "a correlation, you also need the variance of one such mean.",
        "The mean of two independent errors has half the variance of a single error. The variance "
        "of b is not halved, because it is the same b both times.",
    ),
    solution=markdown(r"""
        The mean of a visit is $\mu + b + (\epsilon_1 + \epsilon_2)/2$.
        Two visits by one woman share $b$ and nothing else, so their covariance is $\sigma_b^2$.
        The variance of each mean is $\sigma_b^2 + \sigma_\epsilon^2/2$, because averaging halves
        the variance of the errors but leaves that of $b$ as it is.
        The correlation is therefore

        $$\frac{\sigma_b^2}{\sigma_b^2 + \sigma_\epsilon^2/2},$$

        which is larger than the intraclass correlation, because a mean of two is less noisy.
        """),
    code=markdown("""
        sigma2_b, sigma2_e = study.reml.theta
        answer = sigma2_b / (sigma2_b + sigma2_e / 2)
        """),
    right="Averaging makes the errors smaller but leaves b untouched, so the means of "
    "duplicates are more strongly correlated than single values.",
    answer=lambda study: share(study.reml.sigma2_b, study.reml.sigma2_e / 2),
    atol=5e-4,
    share=True,
    elsewhere=(
        ("from two visits by the same woman", "of the same woman from two occasions"),
        ("Two visits by one woman", "Two occasions of one woman"),
        ("on each visit", "on each occasion"),
        ("the mean of a visit", "the mean of an occasion"),
        ("The mean of a visit", "The mean of an occasion"),
        ("two visits", "two occasions"),
        ("each visit", "each occasion"),
    ),
    wrong=(
        Wrong(
            "forgot_to_average",
            lambda study: share(study.reml.sigma2_b, study.reml.sigma2_e),
            "That is the intraclass correlation, which belongs to two single measurements. Here "
            "each value is a mean of two, so one part of its variance becomes smaller; which one?",
        ),
        Wrong(
            "sd_not_var",
            lambda study: share(*np.sqrt([study.reml.sigma2_b, study.reml.sigma2_e / 2])),
            "You divided standard deviations. For independent parts the variances add up, but the "
            "standard deviations do not, so use the column `Variance`.",
        ),
        Wrong(
            "swapped",
            lambda study: share(study.reml.sigma2_e / 2, study.reml.sigma2_b),
            "That is the share of the errors. What two means of a woman have in common is b, so "
            "it is the variance of b that goes into the numerator.",
        ),
        Wrong(
            "ratio_not_share",
            lambda study: study.reml.sigma2_b / (study.reml.sigma2_e / 2),
            "You divided the variance between women by the variance of the errors. A correlation "
            "divides by the whole variance of a value, which contains both.",
        ),
        Wrong(
            "cov_not_cor",
            lambda study: study.reml.sigma2_b,
            "That is the covariance of the two means. Divide it by the variance of one of them to "
            "get a correlation.",
        ),
        Wrong(
            "used_ML",
            lambda study: share(study.ml.sigma2_b, study.ml.sigma2_e / 2),
            "The formula is right, but these variances come from maximum likelihood. The printout "
            "comes from a different method, REML, and has different variances.",
        ),
        Wrong(
            "divided_by_4",
            lambda study: share(study.reml.sigma2_b, study.reml.sigma2_e / 4),
            "You divided the error variance by 4. Four measurements are involved in all, but only "
            "two of them go into each mean.",
            always=False,
        ),
    ),
)


def make_V(woman, sigma2_b, sigma2_e):
    """Covariance of the measurements, straight from the labels."""
    same_woman = woman[:, np.newaxis] == woman
    return sigma2_b * same_woman + sigma2_e * np.eye(len(woman))


def make_V_sorted(woman, sigma2_b, sigma2_e):
    """As if each woman's rows stood together, in the order of the labels."""
    return make_V(np.sort(woman), sigma2_b, sigma2_e)


def make_V_sds(woman, sigma2_b, sigma2_e):
    """With standard deviations where variances belong."""
    return make_V(woman, np.sqrt(sigma2_b), np.sqrt(sigma2_e))


def make_V_without_errors(woman, sigma2_b, sigma2_e):
    """Without the errors."""
    return make_V(woman, sigma2_b, 0.0)


def make_V_shared_errors(woman, sigma2_b, sigma2_e):
    """With the error variance added to every entry."""
    return make_V(woman, sigma2_b, 0.0) + sigma2_e


def make_V_thin_diagonal(woman, sigma2_b, sigma2_e):
    """With the error variance alone on the diagonal."""
    V = make_V(woman, sigma2_b, sigma2_e)
    np.fill_diagonal(V, sigma2_e)
    return V


COVARIANCE = Function(
    key="1b",
    title="V without Z",
    prompt=markdown(r"""
        There are only three different entries in $\mathbf V$: one for a measurement with itself,
        one for two measurements of the same woman, and one for measurements of different women.
        That makes it possible to write $\mathbf V$ down without $\mathbf Z$.

        Write a function `make_V(woman, sigma2_b, sigma2_e)` that returns the $n \times n$ matrix
        $\mathbf V$.
        Its first argument, `woman`, is an array with one label for each row, in any order, and the
        other two are numbers, the variances between women and within a woman.
        """),
    hints=(
        "What do you have to ask about the rows i and j to know which of the three values belongs "
        "in V[i, j]?",
        "`woman[:, np.newaxis] == woman` compares all pairs of rows at once, and returns a "
        "matrix of True and False.",
        "Since True counts as 1, you can multiply this matrix by the variance that two "
        "measurements of a woman share. Then add what a measurement shares only with itself, for "
        "which `np.eye` is useful.",
    ),
    solution=markdown(r"""
        Two rows share $b$ if they have the same label, so the entry is $\sigma_b^2$ wherever the
        labels agree, and that includes the diagonal.
        Each error belongs to a single measurement, so only the diagonal contains
        $\sigma_\epsilon^2$ as well.
        The matrix of comparisons is $\mathbf Z\mathbf Z^{\mathsf T}$, found without $\mathbf Z$.
        """),
    code=source(make_V),
    right="Comparing the labels gives Z Zᵀ directly, so the covariance needs no design matrix and "
    "no particular arrangement of the data.",
    name="make_V",
    stub=markdown('''
        def make_V(woman, sigma2_b, sigma2_e):
            """Covariance of the measurements, straight from the labels."""
            return ...
        '''),
    reference=make_V,
    cases=lambda study: [
        (study.woman, 1.5, 0.3),
        (study.cut.woman, 0.7, 0.5),
        (np.array(["Bea", "Ada", "Bea", "Cleo", "Ada", "Bea"]), 2.0, 0.5),
        (np.array([7, 7, 3]), 0.25, 4.0),
    ],
    wrong=(
        Wrong(
            "assumes_sorted",
            make_V_sorted,
            "This works only if the rows of each woman come one after the other. Compare the "
            "labels of the rows themselves, so that any order will do.",
        ),
        Wrong(
            "sd_not_var",
            make_V_sds,
            "Your matrix contains standard deviations. The arguments `sigma2_b` and `sigma2_e` are "
            "variances already, so use them as they are.",
        ),
        Wrong(
            "forgot_sigma_e",
            make_V_without_errors,
            "The errors are missing. Two measurements of one woman are not equal, so a measurement "
            "must vary by more than what it shares with the others.",
        ),
        Wrong(
            "errors_shared",
            make_V_shared_errors,
            "You added the error variance to every entry, as if all measurements had the same "
            "error in common. Which entries belong to a measurement and itself?",
        ),
        Wrong(
            "diagonal_without_b",
            make_V_thin_diagonal,
            "Only the errors are on your diagonal. A measurement varies for two reasons, because "
            "women differ and because measurements differ.",
        ),
    ),
)


PRINTOUT = Numeric(
    key="1c",
    title="Reading the printout",
    second_round=True,
    prompt=markdown(r"""
        In the printout, there are three numbers under headings that begin with "Std.".

        If the levels of women are normally distributed, about two thirds of all women have a
        level within $\mu \pm s$.
        Which number in the printout is the estimate of $s$?
        Give it with at least three decimals.
        """),
    in_code="The printout is `print(study.reml.summary())`.",
    hints=(
        "The number s describes how much women differ from each other, and not how precisely "
        "anything is estimated.",
        "Look under `Random effects`, where one row is about women and the other about single "
        "measurements.",
        "There are two columns to choose from in that row. About two thirds of a normal "
        "distribution falls within one standard deviation of its mean, not within one variance.",
    ),
    solution=markdown(r"""
        The level of a woman is $\mu + b$, with $b \sim N(0, \sigma_b^2)$.
        Since about two thirds of a normal distribution falls within one standard deviation of its
        mean, the estimate of $s$ is $\hat\sigma_b$, in row `woman` and column `Std.Dev.`.

        The column `Std. Error`, further down, measures something else: how far $\hat\mu$ may be
        from $\mu$.
        With more women the standard error becomes smaller, but the standard deviation does not.
        """),
    code="answer = np.sqrt(study.reml.sigma2_b)",
    right="You picked the row for differences between women and the column in the units of the "
    "data; the precision of an estimate is a separate matter.",
    answer=lambda study: np.sqrt(study.reml.sigma2_b),
    atol=1e-3,
    unit="logestrone",
    wrong=(
        Wrong(
            "sd_var_se_mixup",
            lambda study: study.reml.se.iloc[0],
            "That is the standard error of μ̂, which measures how far the estimated mean may be "
            "from the true one. The question is how far the women are from the mean.",
        ),
        Wrong(
            "var_not_sd",
            lambda study: study.reml.sigma2_b,
            "You found the right row, but this is the variance, which is in squared units. Which "
            "column can be added to μ?",
        ),
        Wrong(
            "within_not_between",
            lambda study: np.sqrt(study.reml.sigma2_e),
            "That is from the row `Residual`, which describes how much the measurements of one "
            "woman scatter around her own level. Here we compare women with each other.",
        ),
        Wrong(
            "sd_of_means",
            lambda study: study.means.std(ddof=1),
            "That is the standard deviation of the five means. They differ more than the levels "
            "do, because each also contains measurement error; the printout keeps the two apart.",
        ),
        Wrong(
            "sd_of_blups",
            lambda study: study.reml.b.std(ddof=1),
            "That is the standard deviation of the five predicted effects. They "
            "differ less than the women themselves, as a later chapter explains; look for a number "
            "in the printout.",
        ),
        Wrong(
            "total_sd",
            lambda study: np.sqrt(study.reml.theta.sum()),
            "That is the standard deviation of a single measurement of a woman taken at random. "
            "The level of a woman contains no measurement error.",
        ),
        Wrong(
            "used_ML",
            lambda study: np.sqrt(study.ml.sigma2_b),
            "That is from the fit by maximum likelihood, whereas the printout of this chapter "
            "comes from a different method, REML.",
        ),
    ),
)


PARAMETERS = Choice(
    key="1d",
    title="Ten more women, and their ages",
    second_round=True,
    prompt=markdown(r"""
        Ten women join the study, each with sixteen measurements, and we learn the age of
        every woman.
        Age enters the model as a covariate with a slope, so $\mathbf X$ now has two columns, and
        each of the fifteen women has a random intercept.

        How many parameters does this model have?
        """),
    hints=(
        "Count whatever is unknown but fixed, in other words, what would be the same in another "
        "sample of women.",
        "The levels of the new women are drawn from the same distribution as those of the old "
        "ones, and the slope of age is the same for all fifteen.",
    ),
    solution=markdown(r"""
        There are four: the intercept and the slope, which make up $\boldsymbol\beta$, and the two
        variances $\sigma_b^2$ and $\sigma_\epsilon^2$, which make up $\boldsymbol\theta$.
        A new column of $\mathbf X$ adds a parameter.
        A new woman adds only a new random variable $b_i$, drawn from the same $N(0, \sigma_b^2)$:
        her measurements help us to estimate the four parameters without adding a fifth.
        """),
    right="Adding people enlarges the sample and leaves the list of unknown constants as it was; "
    "adding a covariate makes that list longer by one.",
    options=(
        Option(
            "19: intercept, slope, σ_b², σ_ε² and fifteen random effects b",
            "The effects b are random, just like the errors, and they would be different in "
            "another sample of women. What would be the same in every sample?",
            "b_is_parameter",
        ),
        Option(
            "17: one for each woman, the slope and σ_ε²",
            "That would be a regression with a dummy variable for each woman. Here the women's "
            "levels are draws from one distribution, so count what it takes to describe that.",
            "dummies_not_random",
        ),
        Option(
            "4: intercept, slope, σ_b² and σ_ε²",
            "Two coefficients and two variances are enough to describe how the levels of all "
            "fifteen women arise.",
        ),
        Option(
            "3: μ, σ_b² and σ_ε²",
            "That was the model without the covariate. The ages are known, but we do not know how "
            "levels change with age.",
            "forgot_slope",
        ),
    ),
    answer=2,
)


def standard_error(theta, women, times):
    """Of the mean in a balanced study."""
    return np.sqrt(theta[0] / women + theta[1] / (women * times))


PLAN = Numeric(
    key="1e",
    title="Eighty measurements, spent differently",
    prompt=markdown(r"""
        In the lecture's study, five women were measured sixteen times each.
        You plan a new study that also has eighty measurements in all, but takes *four* from each
        of *twenty* women.

        Suppose that the true variances are equal to the estimates in the printout of the old study.
        What will be the standard error of $\hat\mu$ in the new study?
        Give at least four decimals.
        """),
    in_code="The two variances are `study.reml.theta`, with all their digits.",
    hints=(
        "Var(Ȳ) is the sum of all entries of V, divided by n². How many blocks does V have in the "
        "new study, and how large is each of them?",
        "The women contribute σ_b² divided by the number of women, and the errors contribute σ_ε² "
        "divided by the number of measurements.",
        "Add the two contributions, and take the square root of their sum.",
    ),
    solution=markdown(r"""
        The mean of all measurements is $\mu$, plus the mean of twenty $b_i$, plus the mean of
        eighty errors, and so

        $$\operatorname{Var}(\hat\mu) = \frac{\sigma_b^2}{20} + \frac{\sigma_\epsilon^2}{80}.$$

        In the old study, the first part was $\sigma_b^2/5$.
        Although the number of measurements is the same, the new standard error is therefore much
        smaller, because twenty women are far more informative about women in general than five.
        """),
    code=markdown("""
        sigma2_b, sigma2_e = study.reml.theta
        answer = np.sqrt(sigma2_b / 20 + sigma2_e / 80)
        """),
    right="The laboratory does the same amount of work as before, and yet μ is known much better, "
    "because four times as many women take part.",
    answer=lambda study: standard_error(study.reml.theta, 20, 4),
    atol=2e-4,
    unit="logestrone",
    elsewhere=(
        ("Eighty measurements, spent differently", "A new study, with four measurements of each"),
        (
            "In the lecture's study, five women were measured sixteen times each. You plan a "
            "new study that also has eighty measurements in all, but takes *four* from each of "
            "*twenty* women.",
            "You plan a new study, which takes *four* measurements from each of *twenty* women.",
        ),
        ("in the printout of the old study", "in the printout of these data"),
        (
            r"In the old study, the first part was $\sigma_b^2/5$. Although the number of "
            r"measurements is the same, the new standard error is therefore much smaller, "
            r"because twenty women are far more informative about women in general than five.",
            "The number of women divides both parts, but more measurements of each make only "
            "the second one smaller.",
        ),
        (
            "The laboratory does the same amount of work as before, and yet μ is known much "
            "better, because four times as many women take part.",
            "Twenty levels average out, and so do eighty errors, each kind at its own rate.",
        ),
        ("√80", "√80"),
        (
            "of the old study, from the printout. The new study has a different number of women",
            "of these data, from the printout. The new study has a number of women of its own",
        ),
        (
            ", and it is half of the old one. Eighty measurements are only enough for four of "
            "each.",
            ". Only four of each are planned.",
        ),
        ("of each of ten women, as in the chapter", "of each of ten women"),
    ),
    wrong=(
        Wrong(
            "n_is_80",
            lambda study: study.y.std(ddof=1) / np.sqrt(80),
            "That is s/√80, which treats the measurements as independent. The four of each woman "
            "are correlated, because they share her b.",
        ),
        Wrong(
            "n_is_80_and_ddof_0",
            lambda study: study.y.std() / np.sqrt(80),
            "That is a standard deviation divided by √80, which treats the measurements as "
            "independent. The four of each woman are correlated, because they share her b.",
        ),
        Wrong(
            "forgot_the_blocks",
            lambda study: np.sqrt(study.reml.theta.sum() / 80),
            "You used nothing but the diagonal of V. The measurements of one woman are correlated, "
            "so the entries beside the diagonal count as well.",
        ),
        Wrong(
            "forgot_sigma_b",
            lambda study: np.sqrt(study.reml.sigma2_e / 80),
            "This contains the errors only. The twenty women are a sample as well, so how much "
            "does the mean of their levels vary?",
        ),
        Wrong(
            "forgot_sigma_e",
            lambda study: np.sqrt(study.reml.sigma2_b / 20),
            "The contribution of the women is right. What is missing is the mean of eighty errors, "
            "which is small but not 0.",
        ),
        Wrong(
            "old_design",
            lambda study: study.reml.se.iloc[0],
            "That is the standard error of the old study, from the printout. The new study has a "
            "different number of women.",
        ),
        Wrong(
            "variance_not_se",
            lambda study: standard_error(study.reml.theta, 20, 4) ** 2,
            "That is the variance of μ̂, and the standard error is its square root.",
        ),
        Wrong(
            "used_ML",
            lambda study: standard_error(study.ml.theta, 20, 4),
            "The formula is right, but these variances come from maximum likelihood. The printout "
            "has the estimates of a different method, REML.",
        ),
        Wrong(
            "sixteen_of_each",
            lambda study: standard_error(study.reml.theta, 20, 16),
            "That is the standard error with sixteen measurements of each of the twenty women, and "
            "it is half of the old one. Eighty measurements are only enough for four of each.",
            always=False,
        ),
        Wrong(
            "ten_women",
            lambda study: standard_error(study.reml.theta, 10, 16),
            "That is the standard error with sixteen measurements of each of ten women, as in the "
            "chapter. How many women are in the new study?",
            always=False,
        ),
    ),
)


def se_of_mean(n_i, theta):
    """Standard error of the plain mean of all measurements, n_i of each woman."""
    sigma2_b, sigma2_e = theta
    n = np.sum(n_i)
    return np.sqrt(sigma2_b * np.sum(n_i**2) + sigma2_e * n) / n


def se_if_balanced(n_i, theta):
    """As if all women had equally many."""
    return standard_error(theta, len(n_i), np.mean(n_i))


def se_if_independent(n_i, theta):
    """As if all measurements were independent."""
    return np.sqrt(np.sum(theta) / np.sum(n_i))


def se_one_block(n_i, theta):
    """As if all measurements came from one woman."""
    return standard_error(theta, 1, np.sum(n_i))


def se_of_gls(n_i, theta):
    """Of the best mean instead of the plain one."""
    return 1 / np.sqrt(np.sum(1 / (theta[0] + theta[1] / n_i)))


def se_without_root(n_i, theta):
    """The variance."""
    return se_of_mean(n_i, theta) ** 2


UNBALANCED = Function(
    key="1f",
    title="The plain mean of unequal groups",
    second_round=True,
    prompt=markdown(r"""
        In the chapter we added up the entries of $\mathbf V$ by hand, for women with the same
        number of measurements each.
        Now suppose that woman $i$ has $n_i$ of them, and that we still take the plain mean of all
        $n$ measurements.

        Write a function `se_of_mean(n_i, theta)` that returns the standard error of this plain
        mean.
        Here `n_i` is an array with the number of measurements of each woman, and `theta` is
        $(\sigma_b^2, \sigma_\epsilon^2)$.
        Do not build $\mathbf V$, but work out the sum of its entries by hand.
        """),
    hints=(
        "The variance of the plain mean is the sum of all entries of V, divided by n². Each woman "
        "has a block in V; how many entries are in the block of woman i?",
        "In the block of woman i there are n_i² entries with σ_b², and on the diagonal of V there "
        "are n entries with a further σ_ε².",
        "So sum `n_i**2`, and not `n_i`, for the part between women. At the end, divide by n² and "
        "take the square root.",
    ),
    solution=markdown(r"""
        The block of woman $i$ has $n_i^2$ entries, each with $\sigma_b^2$, and each of the $n$
        entries on the diagonal has a further $\sigma_\epsilon^2$.
        Adding all of them up and dividing by $n^2$ gives

        $$\operatorname{Var}(\bar Y) = \frac{\sigma_b^2\sum_i n_i^2 + n\,\sigma_\epsilon^2}{n^2}.$$

        With equal $n_i$ this is the formula of the chapter.
        With unequal ones the variance is larger than that formula would give, because a woman
        with many measurements gets more weight than the others.
        """),
    code=source(se_of_mean),
    right="Large groups count with the square of their size, so imbalance makes this estimate less "
    "precise; the chapter on the profile likelihood has a better one.",
    name="se_of_mean",
    stub=markdown('''
        def se_of_mean(n_i, theta):
            """Standard error of the plain mean of all measurements, n_i of each woman."""
            sigma2_b, sigma2_e = theta
            return ...
        '''),
    reference=se_of_mean,
    cases=lambda study: [
        (study.n_i, np.array([1.5, 0.3])),
        (study.cut.n_i, np.array([0.7, 0.5])),
        (np.array([1, 2]), np.array([2.0, 1.0])),
        (np.array([30, 1, 1]), np.array([0.5, 3.0])),
    ],
    wrong=(
        Wrong(
            "balanced_only",
            se_if_balanced,
            "This is right if all women have the same number of measurements, and too small "
            "otherwise. A woman with many measurements has a larger block in V, so sum over the "
            "blocks.",
        ),
        Wrong(
            "n_is_80",
            se_if_independent,
            "This treats all measurements as independent, because it uses only the diagonal of V. "
            "Add the entries for two measurements of the same woman.",
        ),
        Wrong(
            "one_block",
            se_one_block,
            "You gave σ_b² to every pair of measurements. Only pairs of the same woman have it, "
            "since V has a block for each woman and 0 elsewhere.",
        ),
        Wrong(
            "gls_not_plain",
            se_of_gls,
            "That is the standard error of the best weighted mean, which we find in a later "
            "chapter. Here we take the plain mean.",
        ),
        Wrong(
            "variance_not_se",
            se_without_root,
            "That is the variance of the mean, and the standard error is its square root.",
        ),
    ),
)


EXERCISES = (CORRELATION, COVARIANCE, PRINTOUT, PARAMETERS, PLAN, UNBALANCED)
