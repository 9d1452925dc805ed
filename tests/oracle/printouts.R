#!/usr/bin/env Rscript
# What lme4 prints about many models: writes printouts/<name>.txt, print(summary(fit)) as it is, and
# odd.json, numbers of the fits with weights and an offset. Reads ../../data/*.csv and data/*.csv.
#   cd tests/oracle && Rscript printouts.R
suppressPackageStartupMessages({library(lme4); library(jsonlite); library(broom.mixed); library(numDeriv)})
options(width = 80)
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = .2, rhoend = 1e-10, maxfun = 1e6),
                     check.conv.singular = "ignore", check.conv.grad = "ignore",
                     check.conv.hess = "ignore", calc.derivs = FALSE)
for (file in c(list.files("../../data", "csv$", full.names = TRUE),
               list.files("data", "csv$", full.names = TRUE))) {
  d <- read.csv(file, stringsAsFactors = TRUE)
  assign(sub("[.]csv$", "", basename(file)), d)
}
sleepstudy$Subject <- factor(sleepstudy$Subject)
big <- transform(odd, yield_in_grams = 1e6 * y, dose_in_nanograms = 10 * x)
small <- transform(odd, y = y / 1e7)

# The best of several starts, which a stock fit may miss, brought to a zero of the gradient.
best <- function(call, REML) {
  call$control <- quote(tight)
  call$REML <- REML
  quiet <- function(call) suppressMessages(suppressWarnings(eval(call)))
  fit <- quiet(call)
  low <- getME(fit, "lower")
  set.seed(1)
  for (k in 1:(if (length(low) > 6) 24 else 6)) {
    theta <- getME(fit, "theta")
    near <- ifelse(low == 0, pmax(theta, 0.2), theta) * exp(rnorm(length(theta), 0, 0.3))
    far <- ifelse(low == 0, runif(length(theta), 0.1, 0.6), rnorm(length(theta), 0, 0.2))
    call$start <- list(theta = if (k %% 2) near else far)
    again <- quiet(call)
    if (deviance(again, REML = REML) < deviance(fit, REML = REML) - 1e-7) fit <- again
  }
  call$start <- NULL
  call$devFunOnly <- TRUE
  criterion <- quiet(call)
  theta <- getME(fit, "theta")
  theta[low == 0 & theta < 1e-4] <- 0
  free <- !(low == 0 & theta == 0)
  along <- function(part) { whole <- theta; whole[free] <- part; criterion(whole) }
  for (k in seq_len(if (any(free)) 3 else 0)) {
    curvature <- hessian(along, theta[free])
    if (any(!is.finite(curvature)) || min(eigen(curvature)$values) < 1e-6) break
    theta[free] <- theta[free] - solve(curvature, grad(along, theta[free]))
  }
  value <- criterion(theta)
  made <- mkMerMod(environment(criterion),
                   list(par = theta, fval = value, conv = 0, message = NULL, feval = 0),
                   list(Zt = getME(fit, "Zt"), Lambdat = getME(fit, "Lambdat"), Lind = getME(fit, "Lind"),
                        theta = theta, lower = low, flist = fit@flist, cnms = fit@cnms, Gp = fit@Gp),
                   fr = fit@frame, mc = fit@call)
  made@call$control <- made@call$start <- NULL
  made
}

write_out <- function(name, call) {
  # bobyqa leaves the sixth digit of the largest singular fit open under ML.
  for (REML in if (name == "six_effects") TRUE else c(TRUE, FALSE)) {
    fit <- best(call, REML)
    text <- capture.output(suppressMessages(print(summary(fit))))
    writeLines(text, sprintf("printouts/%s_%s.txt", name, if (REML) "REML" else "ML"), useBytes = TRUE)
  }
}
models <- list(
  sleepstudy_slope = quote(lmer(Reaction ~ Days + (Days | Subject), sleepstudy)),
  sleepstudy_uncorr = quote(lmer(Reaction ~ Days + (Days || Subject), sleepstudy)),
  orthodont_slope = quote(lmer(distance ~ age * Sex + (age | Subject), orthodont)),
  pastes = quote(lmer(strength ~ 1 + (1 | batch/cask), pastes)),
  penicillin = quote(lmer(diameter ~ 1 + (1 | plate) + (1 | sample), penicillin)),
  dyestuff2 = quote(lmer(Yield ~ 1 + (1 | Batch), dyestuff2)),
  three_effects = quote(lmer(y ~ x + z + (x + z | g), odd)),
  three_and_one = quote(lmer(y ~ x + z + (x + z | g) + (1 | h), odd)),
  two_bars_of_one_factor = quote(lmer(y ~ x + (x | g) + (0 + z | g) + (0 + u | h), odd)),
  factor_slope = quote(lmer(y ~ f + (f | h), odd)),
  factor_slope_no_intercept = quote(lmer(y ~ f + (0 + f | h), odd)),
  six_effects = quote(lmer(y ~ x + z + u + f + (x + z + u + f | h), odd)),
  interaction_groups = quote(lmer(y ~ x + (1 | g:h) + (1 | h), odd)),
  long_names = quote(lmer(y ~ a_covariate_with_quite_a_long_name * f + x:z +
    (a_covariate_with_quite_a_long_name | g), odd)),
  many_groups = quote(lmer(y ~ x + (1 | g) + (1 | h) + (1 | a_grouping_factor_with_a_long_name) +
    (1 | f), odd)),
  large_numbers = quote(lmer(yield_in_grams ~ dose_in_nanograms + (dose_in_nanograms | g), big)),
  small_numbers = quote(lmer(y ~ x + (x | g), small)),
  twelve_coefficients = quote(lmer(y ~ f * z + k + poly(x, 2) + (1 | g), odd)),
  many_coefficients = quote(lmer(y ~ f * k + poly(x, 3) + (1 | g), odd)),
  weights = quote(lmer(y ~ x + (x | g), odd, weights = w)),
  offset_in_formula = quote(lmer(y ~ x + offset(log(w)) + (1 | g), odd)),
  weights_and_offset = quote(lmer(y ~ x + z + offset(u) + (x | g) + (1 | h), odd, weights = w, offset = o)),
  positive_correlations = quote(lmer(y ~ 1 + p + (1 | g), odd)),
  singular_slope = quote(lmer(y ~ v + (v | h), odd))
)
dir.create("printouts", showWarnings = FALSE)
only <- commandArgs(TRUE)
for (name in if (length(only)) only else names(models)) write_out(name, models[[name]])

numbers <- function(fit, newdata) {
  table <- as.data.frame(augment(fit))
  keep <- c(".fitted", ".resid", ".hat", ".cooksd", ".fixed", ".mu", ".offset", ".sqrtXwt",
            ".sqrtrwt", ".weights", ".wtres")
  list(beta = unname(fixef(fit)), vcov_beta = unname(as.matrix(vcov(fit))),
       varcomp = as.data.frame(VarCorr(fit))$vcov, logLik = as.numeric(logLik(fit)),
       AIC = AIC(fit), BIC = BIC(fit), scaled = unname(residuals(fit, "pearson", scaled = TRUE))[1:20],
       augment = table[1:20, keep], predict = unname(predict(fit, newdata)),
       predict_fixed = unname(predict(fit, newdata, re.form = NA)),
       tidy = as.data.frame(tidy(fit, conf.int = TRUE)),
       tidy_values = as.data.frame(tidy(fit, effects = "ran_vals", conf.int = TRUE))[1:20, ],
       tidy_coefs = as.data.frame(tidy(fit, effects = "ran_coefs"))[1:20, ],
       glance = as.data.frame(glance(fit)))
}
if (!length(only)) {
  found <- list()
  for (name in c("weights", "weights_and_offset", "offset_in_formula", "three_and_one", "pastes",
                 "two_bars_of_one_factor")) {
    for (REML in c(TRUE, FALSE)) {
      fit <- best(models[[name]], REML)
      rows <- if (name == "pastes") pastes[1:5, ] else odd[c(1, 50, 100), ]
      found[[name]][[if (REML) "REML" else "ML"]] <- numbers(fit, rows)
    }
  }
  write_json(found, "odd.json", digits = 12, auto_unbox = TRUE, na = "null")
}
