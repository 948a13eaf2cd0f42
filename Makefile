# One virtual environment holds everything; delete .venv to start over.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
RUN = $(BIN)/python -m

.PHONY: demo test check notebooks bench campaign clean
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

# Lint, types, arrows; then every test, doctest and notebook in one pytest run.
test: check
	$(RUN) linus_nb.cli fetch
	$(RUN) pytest --nbval --nbval-sanitize-with notebooks/sanitize.cfg

check: $(VENV)/test
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell linus_nb tests docs examples README.md CHANGELOG.md CONTRIBUTING.md

notebooks: $(VENV)/test
	$(RUN) linus_nb.cli fetch
	$(RUN) pytest --nbval --nbval-sanitize-with notebooks/sanitize.cfg notebooks

bench: $(VENV)/test
	$(RUN) benchmarks

campaign: $(VENV)/test
	$(RUN) linus_nb.cli fetch
	LINUS_NB_CAMPAIGN=1 $(RUN) pytest --nbval --nbval-sanitize-with notebooks/sanitize.cfg

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
