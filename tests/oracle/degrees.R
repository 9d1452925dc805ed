#!/usr/bin/env Rscript
# Degrees of freedom of unbalanced data: writes degrees.json. Reads ../../data/*.csv and data/*.csv.
#   cd tests/oracle && Rscript degrees.R
suppressPackageStartupMessages({library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite); library(numDeriv)})
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = .2, rhoend = 1e-10, maxfun = 1e6),
                     check.conv.singular = "ignore", check.conv.grad = "ignore",
                     check.conv.hess = "ignore", calc.derivs = FALSE)
for (file in c(list.files("../../data", "csv$", full.names = TRUE),
               list.files("data", "csv$", full.names = TRUE))) {
  d <- read.csv(file, stringsAsFactors = TRUE)
  assign(sub("[.]csv$", "", basename(file)), d)
}
sleepstudy$Subject <- factor(sleepstudy$Subject)
estrone$woman <- factor(estrone$woman)
# Row i, counted from 0, is kept unless 7 i mod 11 is 0, 3 or 5.
thin <- function(d) { i <- seq_len(nrow(d)) - 1; d[!((7 * i) %% 11 %in% c(0, 3, 5)), ] }
sleep_thin <- thin(sleepstudy); sleep_few <- droplevels(subset(thin(sleepstudy), Subject %in% c("308", "309", "310", "330", "331", "332")))
# A correlation of 1: on the edge.
sleep_edge <- droplevels(sleepstudy[sleepstudy$Subject %in% c("309", "310", "330", "331", "332") & seq_len(nrow(sleepstudy)) %% 4 != 1, ])
ortho_thin <- thin(orthodont); pen_thin <- thin(penicillin); pastes_thin <- thin(pastes)
cut <- estrone[ave(seq_len(nrow(estrone)), estrone$woman, FUN = seq_along) <= c(16, 8, 4, 2, 1)[as.integer(estrone$woman)], ]
sleep_weighted <- transform(sleep_thin, w = 1 + (seq_len(nrow(sleep_thin)) - 1) %% 4)

cases <- list(
  cut = list("logestrone ~ 1 + (1 | woman)", cut),
  sleep_ri = list("Reaction ~ Days + (1 | Subject)", sleep_thin),
  sleep_slope = list("Reaction ~ Days + (Days | Subject)", sleep_thin),
  sleep_uncorrelated = list("Reaction ~ Days + (Days || Subject)", sleep_thin),
  sleep_few = list("Reaction ~ Days + (Days | Subject)", sleep_few),
  sleep_edge = list("Reaction ~ Days + (Days | Subject)", sleep_edge),
  sleep_factor = list("Reaction ~ factor(Days) + (1 | Subject)", sleep_thin),
  orthodont = list("distance ~ age * Sex + (age | Subject)", ortho_thin),
  orthodont_ri = list("distance ~ age * Sex + (1 | Subject)", ortho_thin),
  orthodont_full = list("distance ~ age * Sex + (age | Subject)", orthodont),
  penicillin = list("diameter ~ 1 + (1 | plate) + (1 | sample)", pen_thin),
  pastes = list("strength ~ 1 + (1 | batch/cask)", pastes_thin),
  weights = list("Reaction ~ Days + (Days | Subject)", sleep_weighted))

one <- function(name) {
  case <- cases[[name]]; d <- case[[2]]; weighted <- "w" %in% names(d)
  res <- list(formula = case[[1]])
  for (REML in c(TRUE, FALSE)) {
    assign("d", d, envir = globalenv())
    call <- bquote(lmerTest::lmer(.(as.formula(case[[1]])), d, REML = .(REML), control = tight))
    if (weighted) call$weights <- quote(w)
    m <- eval(call, globalenv())
    cs <- coef(summary(m, ddf = "Satterthwaite"))
    p <- nrow(cs)
    of <- list(theta = getME(m, "theta"), sigma = sigma(m), names = rownames(cs), estimate = cs[, 1], se = cs[, 2],
               df = cs[, "df"], t = cs[, "t value"], p = cs[, "Pr(>|t|)"])
    if (p > 1) { a <- contestMD(m, diag(p)[-1, , drop = FALSE]); of$F <- unlist(a[c("F value", "NumDF", "DenDF", "Pr(>F)")]) }
    if (p == 4) { a <- contestMD(m, diag(p)[3:4, ]); of$F34 <- unlist(a[c("F value", "NumDF", "DenDF", "Pr(>F)")]) }
    if (REML && !weighted) {  # pbkrtest takes no notice of weights
      kr <- coef(summary(m, ddf = "Kenward-Roger"))
      of$kr <- list(se = kr[, 2], df = kr[, "df"], t = kr[, "t value"], p = kr[, "Pr(>|t|)"],
                    vcov_adj = as.matrix(vcovAdj(as(m, "lmerMod"))))
      mm <- as(m, "lmerMod")
      stat <- function(L) { k <- KRmodcomp(mm, L)$stats; c(k$Fstat, k$ndf, k$ddf, k$p.value, k$F.scaling) }
      if (p > 1) of$kr$F <- stat(diag(p)[-1, , drop = FALSE])
      if (p == 4) of$kr$F34 <- stat(diag(p)[3:4, ])
    }
    res[[if (REML) "reml" else "ml"]] <- lapply(of, function(x) if (is.numeric(x)) unname(x) else x)
  }
  res
}
out <- lapply(setNames(nm = names(cases)), one)
write_json(out, "degrees.json", digits = 15, auto_unbox = FALSE, pretty = TRUE)
