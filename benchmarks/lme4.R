# Times lme4 on the data of a folder: Rscript lme4.R formula folder seconds out
# Only the search for the optimum is `fit`; `call` is lmer() as one writes it.
suppressMessages(library(lme4))
arguments <- commandArgs(trailingOnly = TRUE)
model <- as.formula(arguments[1])
seconds <- as.numeric(arguments[3])
MOST_REPEATS <- 15

read_folder <- function(folder) {
  listed <- read.table(file.path(folder, "columns"), stringsAsFactors = FALSE)
  columns <- list()
  for (row in seq_len(nrow(listed))) {
    path <- file.path(folder, listed[row, 1])
    kind <- listed[row, 2]
    size <- if (kind == "double") 8 else 4
    columns[[listed[row, 1]]] <- readBin(path, kind, file.size(path) / size, size, endian = "little")
  }
  as.data.frame(columns)
}

# Where the system tells it: the most memory that this process has had.
peak_memory <- function() {
  status <- "/proc/self/status"
  if (!file.exists(status)) return(NA)
  line <- grep("VmHWM", readLines(status), value = TRUE)
  1024 * as.numeric(gsub("[^0-9]", "", line))
}

seconds_of <- function(work) {
  begin <- Sys.time()
  work()
  as.numeric(difftime(Sys.time(), begin, units = "secs"))
}

repeated <- function(work, times = c()) {
  while (length(times) == 0 || (sum(times) < seconds && length(times) < MOST_REPEATS)) {
    times <- c(times, seconds_of(work))
  }
  times
}

as_json <- function(numbers) paste0("[", paste(sprintf("%.17g", numbers), collapse = ", "), "]")

data <- read_folder(file.path(arguments[2], "data"))
warm <- read_folder(file.path(arguments[2], "warm"))
invisible(suppressMessages(suppressWarnings(lmer(model, warm))))
before <- peak_memory()

call <- function() result <<- suppressMessages(suppressWarnings(lmer(model, data)))
first <- seconds_of(call)
memory <- peak_memory() - before
variances <- VarCorr(result)
covariances <- sapply(names(variances), function(name) {
  relative <- variances[[name]] / sigma(result)^2
  rows <- apply(relative, 1, as_json)
  paste0("\"", name, "\": [", paste(rows, collapse = ", "), "]")
})
call_times <- repeated(call, first)

# Twice, so that something is there if the second part takes too long.
store <- function(fit_times) {
  writeLines(
    paste0(
      "{\"memory\": ", if (is.na(memory)) "null" else sprintf("%.0f", memory),
      ", \"call\": ", as_json(call_times), ", \"fit\": ", as_json(fit_times),
      ", \"covariances\": {", paste(covariances, collapse = ", "), "}}"
    ),
    arguments[4]
  )
}
store(numeric(0))

parts <- lFormula(model, data)
fit <- function() {
  criterion <- mkLmerDevfun(parts$fr, parts$X, parts$reTrms, REML = TRUE)
  optimizeLmer(criterion, calc.derivs = FALSE)
}
store(repeated(function() suppressMessages(suppressWarnings(fit()))))
