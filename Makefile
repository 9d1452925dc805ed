# Each target sets up what it needs in .venv; a fresh machine needs Python 3.11 or later and make.
PYTHON ?= python3
BIN = .venv/bin
# Each of hundreds of processes would compile the package anew.
unexport PYTHONDONTWRITEBYTECODE
# One thread for each process: the tests run in parallel, and small matrices gain nothing from more.
THREADS = OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1

# What `make book` and `make exercises` write: for students, or with the solutions.
EDITION ?= students
PLACE = $(if $(filter solutions,$(EDITION)),_build/solutions/)

# A worker that has crashed is not replaced: with tests that stay together the run would never end.
WORKERS = -n 2 --max-worker-restart=0

# What `make bench` measures, such as "--models estrone --seconds 5"; everything if not given.
BENCH ?=

# Which of the site's tests run, such as -m "not long"; all of them if not given.
SITE_TESTS ?=

# What `make test` has measured.
COVERAGE = _build/coverage.json

# Where `make serve` shows the book.
PORT ?= 8000

.PHONY: book slides site pdf serve test test-notebooks test-book test-slides test-site test-pyodide test-pdf test-teaching mutants bench dist notebooks exercises live lock clean

book: .venv/ready
	EDITION=$(EDITION) $(THREADS) $(BIN)/jupyter-book build -W -n --keep-going $(if $(PLACE),--path-output $(PLACE)) .
	@echo "The book is here: $(CURDIR)/$(PLACE)_build/html/index.html"

slides: book
	EDITION=$(EDITION) $(BIN)/python tools/deck.py

# Pyodide's files come from the folder PYODIDE_DIST of the environment, or are fetched.
site: book .venv/site
	$(BIN)/python tools/live_site.py

serve: book
	@echo "The book is at http://127.0.0.1:$(PORT)/ on this machine (stop with Ctrl+C)"
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory $(PLACE)_build/html $(PORT)

pdf: .venv/ready
	EDITION=$(EDITION) $(THREADS) $(BIN)/python tools/pdf.py

test: .venv/ready
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/python tools/prose.py
	mkdir -p _build
	$(THREADS) $(BIN)/python -m slipcover --json --out $(COVERAGE) -m pytest $(WORKERS) --dist worksteal --durations=10
	$(BIN)/python -m slipcover --fail-under 95 --out $(COVERAGE) --merge $(COVERAGE)
	$(MAKE) test-notebooks

# The solved worksheets are run once: writing them stops at a check that is not right.
test-notebooks: .venv/ready
	$(THREADS) $(BIN)/python tools/worksheets.py --solutions
	$(THREADS) $(BIN)/python -m pytest $(WORKERS) --dist loadfile --durations=10 --nbval --nbval-current-env --nbval-cell-timeout=120 chapters exercises

test-book: .venv/ready
	$(BIN)/python -m pytest $(WORKERS) --dist loadscope --durations=15 -o addopts="-q --strict-markers --timeout=300 --timeout-method=thread" tests/browser

test-slides: .venv/ready
	$(BIN)/python -m pytest $(WORKERS) --durations=5 -o addopts="-q --strict-markers --timeout=300 --timeout-method=thread" tests/slides

# Two workers, each with one browser that keeps what it has fetched, and the tests of test-pyodide.
test-site: .venv/ready
	$(BIN)/python -m pytest $(SITE_TESTS) $(WORKERS) --dist loadscope --durations=15 -o addopts="-q --strict-markers --timeout=1200 --timeout-method=thread" tests/site

# The package's own tests in the Pyodide of the site.
test-pyodide: .venv/ready
	$(BIN)/python -m pytest $(WORKERS) --durations=5 -o addopts="-q --strict-markers --timeout=600 --timeout-method=thread" tests/site/test_pyodide.py

test-teaching: .venv/ready
	$(THREADS) $(BIN)/python -m pytest -n 0 -m outside --timeout=7200 tests

test-pdf: .venv/ready
	$(BIN)/python -m pytest --durations=5 tests/paper

mutants: .venv/ready
	$(BIN)/python tools/mutants.py

bench: .venv/bench
	$(BIN)/python benchmarks/bench.py $(BENCH)
	$(BIN)/python benchmarks/book.py

# What a release publishes, each archive installed in an empty environment and tried there.
dist: .venv/dist
	rm -rf dist
	$(BIN)/python -m build --outdir dist
	$(BIN)/python -m twine check --strict dist/*
	$(BIN)/python tools/installed.py dist

notebooks: .venv/ready
	$(BIN)/python tools/notebooks.py

exercises: .venv/ready
	$(BIN)/python tools/worksheets.py $(if $(PLACE),--solutions)

live: .venv/live
	$(BIN)/jupyter lab

lock:
	uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url --no-emit-find-links --extra book --extra test --extra live --extra site --extra bench --extra cluster --extra dist pyproject.toml -o constraints.txt

clean:
	rm -rf .venv _build dist

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt -e ".[book,test]"
	touch $@

.venv/live: .venv/ready
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt -e ".[live]"
	touch $@

.venv/site: .venv/ready
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt -e ".[site]"
	touch $@

.venv/dist: .venv/ready
	$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt -e ".[dist]"
	touch $@

# Without a package that cannot be installed here the benchmark runs all the same, and says so.
.venv/bench: .venv/ready
	-$(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt -e ".[bench]" && touch $@
