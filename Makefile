# Two commands for everyone: `make gate` and `make test`. Both set themselves up; nothing but Python 3.11, make, git
# and a package index is needed. The others are for those who make models or change tinygate.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
TRAIN := .venv-train
LAB := .venv-lab
TARGET ?= esp32
# make gate PORT=/dev/… judges on a real board; MODEL= and VARIANT= narrow it, ARGS= takes any option of `tinygate gate`.
BOARD ?= $(if $(PORT),serial,virtual)
GATE_OPTIONS = --target $(TARGET) --board $(BOARD) $(if $(PORT),--port $(PORT)) \
  $(MODEL:%=--model %) $(VARIANT:%=--variant %) $(ARGS)
GATE_LOCKS := requirements/gate.lock requirements/data.lock
TRAIN_LOCKS := requirements/train.lock requirements/data.lock

.DEFAULT_GOAL := help
.PHONY: help gate test test-slow faults lint tidy models test-models bench docs mutants lab lock clean

help:
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

gate: $(VENV)/.ready  ## judge every model on the host and on BOARD (virtual), print the verdict, write report/
	$(VENV)/bin/tinygate gate $(GATE_OPTIONS)

test: lint  ## host, target on the virtual board, tinygate itself, but for the slow ones: three minutes
	$(VENV)/bin/pytest -q -n 2 --dist loadfile -m "not slow" tests_host tools/tests
	$(VENV)/bin/pytest -q tests_target --target esp32 --board virtual

test-slow: $(VENV)/.ready  ## the tests that take long: whole gates, labs, killed runs, every operator (six minutes)
	$(VENV)/bin/pytest -q -n 2 --dist loadfile -m slow tools/tests

faults: $(VENV)/.ready  ## thousands of seeded faults, 250 killed runs, 100 silenced checks: no false green, the blame right (an hour)
	TINYGATE_FAULT_SCHEDULES=10000 $(VENV)/bin/pytest -q tools/tests/faults tools/tests/gate/test_silencers.py

.PHONY: lab-faults
lab-faults: lab  ## two nights of 200 runs in a lab where everything fails, and 50 killed runs (an hour)
	TINYGATE_LAB_MODELS=100 TINYGATE_LAB_KILLS=50 $(VENV)/bin/pytest -q -s tools/tests/lab

lint: $(VENV)/.ready  ## ruff and mypy --strict
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# What the host compiles too: the pure parts, and engine, runner and profiler over a stand-in for TFLM's headers.
TIDY_PARTS := protocol commands inference
TIDY_SOURCES := $(filter-out %/init_probe.cpp %/layout.cpp,$(wildcard $(TIDY_PARTS:%=firmware/components/tinygate/%/src/*.cpp)))

tidy:  ## clang-tidy over the firmware's parts that compile on the host (needs clang-tidy)
	@command -v clang-tidy >/dev/null || { echo "clang-tidy is not here: install it, on Debian with apt install clang-tidy" >&2; exit 2; }
	clang-tidy --quiet $(TIDY_SOURCES) -- -std=c++17 $(TIDY_PARTS:%=-Ifirmware/components/tinygate/%/include) \
	  -Ifirmware/components/tinygate/include -Ifirmware/components/tinygate/model/include -Ifirmware/components/tinygate/board/include -Ifirmware/host_test/fake

models: $(TRAIN)/.ready  ## train and convert every model anew beside what is pinned, report what changed
	for model in models/*/model.toml; do $(TRAIN)/bin/python -m tinygate.recipes $$(dirname $$model) || exit; done

test-models: $(TRAIN)/.ready  ## tests that need TensorFlow: pinned weights convert to the pinned bytes
	$(TRAIN)/bin/pytest -q -m train tools/tests

.PHONY: nights
nights: $(VENV)/.ready  ## a thousand simulated nights: how many are red by chance, and is 3 % slower found the same night?
	TINYGATE_ALL_NIGHTS=1 $(VENV)/bin/pytest -q -s tools/tests/judge/test_regression.py -k night

.PHONY: mistakes
mistakes: $(VENV)/.ready  ## the ten classic mistakes of preprocessing, each in firmware of its own on BOARD (minutes each)
	TINYGATE_MISTAKES_BOARD=$(BOARD) $(VENV)/bin/pytest -q tools/tests/preprocessing/test_mistakes.py

.PHONY: lab-bench
lab-bench: lab  ## 32 virtual boards at 115,200 baud over one coordinator, against one board
	$(VENV)/bin/python -m tools.bench.lab

bench: $(VENV)/.ready  ## what streaming the test set costs, against one round trip per 31 bytes, and for several variants
	$(VENV)/bin/python -m tools.bench.transfer
	$(VENV)/bin/python -m tools.bench.variants

docs: $(VENV)/.ready  ## the documentation as a site, in build/site
	$(VENV)/bin/mkdocs build -q

mutants: $(VENV)/.ready  ## which changes of judge, gate, protocol and board does no test notice? (an hour; ROOMS= narrows it)
	$(VENV)/bin/pip install -q --disable-pip-version-check --no-deps --require-hashes -r requirements/mutants.lock
	$(VENV)/bin/python -m tools.mutation $(ROOMS)

lock:  ## resolve requirements/*.in anew (needs uv)
	for name in gate train lab mutants; do \
	  uv pip compile -q --no-header --generate-hashes --python-version 3.11 requirements/$$name.in -o requirements/$$name.lock || exit; \
	done

clean:  ## remove environments, caches and reports
	rm -rf $(VENV) $(TRAIN) $(LAB) .cache build report

lab: $(VENV)/.ready $(LAB)/.ready  ## the environment of `tinygate lab` and `tinygate gate --lab`: labgrid, apart from the rest

# labgrid brings its own `serial`, which may not stand where pyserial's does.
$(LAB)/.ready: requirements/lab.lock
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

# One environment for the gate, one with TensorFlow; each is whole when its .ready is there.
$(VENV)/.ready: $(GATE_LOCKS) pyproject.toml
$(TRAIN)/.ready: $(TRAIN_LOCKS) pyproject.toml

$(VENV)/.ready $(TRAIN)/.ready:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "tinygate needs Python 3.11, found: $(if $(PYTHON),$$($(PYTHON) --version 2>&1),none);" \
	    "name one with make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "Installing into $(@D), once: a minute or two."
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/pip install --disable-pip-version-check --no-deps --require-hashes $(addprefix -r ,$(filter %.lock,$^))
	@$(@D)/bin/pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
