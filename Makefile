# One virtual environment holds everything; delete .venv to start over.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
RUN = $(BIN)/python -m
NBVAL = $(RUN) pytest --nbval --nbval-sanitize-with notebooks/sanitize.cfg

.PHONY: demo test check docs notebooks bench campaign clean
.DEFAULT_GOAL := test

# What the demo needs: the package, the embedded model's runtime, a Jupyter kernel.
$(VENV)/demo: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install --quiet --disable-pip-version-check --editable ".[local,notebook]"
	touch $@

$(VENV)/test: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(RUN) pip install --quiet --disable-pip-version-check --editable ".[test]"
	touch $@

demo: $(VENV)/demo
	$(RUN) linus_nb.cli fetch
	$(RUN) linus_nb.cli demo

# Lint, types, arrows, docs; then every test, doctest and notebook in one pytest run.
test: check docs
	$(RUN) linus_nb.cli fetch
	$(BIN)/python tests/kernels.py
	$(NBVAL)

check: $(VENV)/test
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell linus_nb tests docs examples README.md CHANGELOG.md CONTRIBUTING.md

docs: $(VENV)/test
	$(RUN) sphinx --fail-on-warning --keep-going --quiet docs docs/_build/html

# Each notebook gives its outputs again, on the newest ipykernel and on the last 6; the campaign
# does it twice.
notebooks: $(VENV)/test
	$(RUN) linus_nb.cli fetch
	$(NBVAL) notebooks
	"$$($(BIN)/python tests/kernels.py | tail -n 1)" -m ipykernel install --prefix $(VENV) --name ipykernel6
	$(NBVAL) --nbval-kernel-name ipykernel6 notebooks

bench: $(VENV)/test
	$(RUN) linus_nb.cli fetch
	$(RUN) benchmarks

campaign: $(VENV)/test
	$(RUN) linus_nb.cli fetch
	$(BIN)/python tests/kernels.py
	LINUS_NB_CAMPAIGN=1 $(NBVAL)
	$(MAKE) notebooks
	$(MAKE) notebooks

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
