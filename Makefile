# The words of this project. `make run` and `make test` set up what they need.
PY := .venv/bin/python

# Packages are checked for known vulnerabilities where somebody can be asked; `make audit` fails where nobody can.
.PHONY: run test lint audit fmt migrate bench words setup clean
run: setup ; @.venv/bin/moderato run
# Browser tests run by themselves, so that pages answer soon; torch in many small processes is quickest on one thread each.
test: .venv/.dev
	OMP_NUM_THREADS=1 $(PY) -m pytest -n logical --dist loadfile --ignore tests/browser
	$(PY) -m pytest -n logical --dist loadfile tests/browser
lint: .venv/.dev
	$(PY) -m ruff check . && $(PY) -m ruff format --check . && $(PY) -m mypy
	$(PY) -m bandit -q -r . -c pyproject.toml
	$(PY) .ci/audit.py
audit: .venv/.dev ; $(PY) .ci/audit.py --strict
fmt: .venv/.dev ; $(PY) -m ruff check --fix . && $(PY) -m ruff format .
migrate: setup ; $(PY) -m db.migrate $(m)
words: .venv/.dev ; $(PY) -m locales.catalogue
bench: .venv/.dev ; $(PY) -m benchmarks
setup: .venv/.ready
clean: ; rm -rf .venv

.venv/.ready: requirements.txt constraints.txt pyproject.toml
	test -x $(PY) || python3 -m venv .venv
	$(PY) -m pip install --disable-pip-version-check -q -r requirements.txt -c constraints.txt
	$(PY) -m pip install --disable-pip-version-check -q --no-deps -e .
	touch $@

.venv/.dev: .venv/.ready requirements-dev.txt
	$(PY) -m pip install --disable-pip-version-check -q -r requirements-dev.txt -c constraints.txt
	touch $@
