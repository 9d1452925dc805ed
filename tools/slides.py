"""The lecture, slide by slide: what each is about, and where the book has its formulas."""

from typing import NamedTuple


class Slide(NamedTuple):
    """A slide: title, a sentence about it, ``(equation label, page, heading)`` of its formulas."""

    title: str
    says: str
    leads_to: tuple


def _in(page, section, *labels):
    return [(label, page, section) for label in labels]


SLIDES = (
    Slide(
        "Linear Mixed Effect Models",
        "The slide writes down the model as a sum of regression, random effects and errors.",
        (*_in("01-model", "What we see and what we do not", "eq-model", "eq-design"),),
    ),
    Slide(
        "Motivation",
        "The slide shows the printout of `lmer` for the estrone data, whose numbers this book "
        "explains.",
        (
            *_in("05-reml", "Back to the printout", "eq-reml-criterion"),
            *_in("08-diagnostics", "Two kinds of residuals", "eq-scaled-residuals"),
            *_in("05-reml", "The REML estimates", "eq-reml"),
            *_in("03-profile", "The best β for given variances", "eq-gls"),
        ),
    ),
    Slide(
        "Notation",
        "The slide gives the covariances of the random effects, of the errors, and of the data.",
        (
            *_in("01-model", "What we assume of b and ε", "eq-D", "eq-Sigma"),
            *_in("01-model", "From the pieces to V", "eq-V", "eq-V-theta"),
        ),
    ),
    Slide(
        "Maximum-Likelihood Estimation",
        "The slide states equation (1), the best coefficients for given variances, and the profile "
        "likelihood.",
        (
            *_in("02-likelihood", "The likelihood", "eq-loglik"),
            *_in("02-likelihood", "The hill", "eq-mle"),
            *_in("03-profile", "The best β for given variances", "eq-gls"),
            *_in("03-profile", "The profile likelihood", "eq-profile"),
            *_in("03-profile", "An interval from the curve", "eq-profile-interval"),
        ),
    ),
    Slide(
        "Estimation of the Random Effects",
        "From the joint density and its derivative the slide arrives at a linear system, and with "
        "it at the BLUP.",
        (
            *_in("04-blup", "Not a parameter", "eq-joint", "eq-joint-score"),
            *_in("04-blup", "Not a parameter", "eq-blup-joint", "eq-blup"),
        ),
    ),
    Slide(
        "Restricted Maximum Likelihood Estimation (REML)",
        "The slide names the bias of ML, introduces error contrasts with a matrix K, and writes "
        "down the likelihood of KᵀY.",
        (
            *_in("05-reml", "Combinations of the data without μ", "eq-contrasts"),
            *_in("05-reml", "The likelihood of what is kept", "eq-contrast-loglik"),
            *_in("05-reml", "Getting rid of K", "eq-restricted-loglik"),
        ),
    ),
    Slide(
        "Model Comparison for Fixed Effects",
        "The slide introduces the likelihood ratio test, warns against using it with REML, and "
        "adds AIC.",
        (
            *_in("06-testing", "A fixed effect", "eq-lrt", "eq-chi2"),
            *_in("06-testing", "AIC", "eq-aic"),
        ),
    ),
    Slide(
        "Model Comparison for Random Effects",
        "The slide turns to the test of σ_b² = 0, for which χ² is not the right distribution.",
        (
            *_in("06-testing", "Is there any variance between women?", "eq-boundary-lrt"),
            *_in("06-testing", "At the edge", "eq-bootstrap"),
            *_in("06-testing", "The exact null distribution", "eq-exact-null"),
            *_in("06-testing", "Three reference distributions", "eq-mixture"),
        ),
    ),
    Slide(
        "Prediction",
        "The slide predicts the next value for a woman of the study, and for a new woman.",
        (
            *_in("07-prediction", "A woman of the study", "eq-predict-known"),
            *_in("07-prediction", "A new woman", "eq-predict-new"),
            *_in("07-prediction", "Intervals", "eq-interval"),
        ),
    ),
    Slide(
        "Diagnostics",
        "The slide looks at the observed residuals, at PP and QQ plots, and at the group effects.",
        (
            *_in("08-diagnostics", "Two kinds of residuals", "eq-conditional-residuals"),
            *_in("08-diagnostics", "Two kinds of residuals", "eq-marginal-residuals"),
            *_in("08-diagnostics", "Are the errors normal?", "eq-qq", "eq-pp"),
        ),
    ),
)
