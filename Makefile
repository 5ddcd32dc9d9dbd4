# Every command that a newcomer needs. Each makes what it needs first; nothing else has to be run before.
# A virtual environment per purpose, so that testing does not wait for torch.

PYTHON ?= python3.11
TESTS := .venv/.test-$(shell md5sum pyproject.toml | cut -c1-8)
DEMO := .venv-demo/.demo-$(shell md5sum pyproject.toml | cut -c1-8)

.PHONY: demo test check test-demo test-vllm test-slow bench load clean help

help:  ## show what there is
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(DEMO)  ## two versions of a real small model behind the gateway, on 127.0.0.1:8000
	@exec .venv-demo/bin/gatewright demo

test: $(TESTS) check  ## the whole suite; what it needs is installed first
	.venv/bin/python -m pytest

check: $(TESTS)  ## lint and types
	.venv/bin/ruff check .
	.venv/bin/mypy

test-demo: $(DEMO)  ## the tests that run the demo model itself
	.venv-demo/bin/pip install --quiet -e '.[demo,test]'
	.venv-demo/bin/python -m pytest -m demo

test-vllm: $(TESTS)  ## the suite against a real vLLM on the CPU (some gigabytes, some minutes)
	.venv/bin/python -m tests.vllm.environment
	.venv/bin/python -m pytest tests/vllm -m vllm

test-slow: $(TESTS)  ## soaks and long simulations
	.venv/bin/python -m pytest -m slow

bench: $(TESTS)  ## what the gateway costs, beside nginx, Envoy and vllm-router
	.venv/bin/pip install --quiet -e '.[bench]'
	.venv/bin/python benchmarks/overhead.py

load: .venv-load/.load  ## load from Locust against http://127.0.0.1:8000
	.venv-load/bin/python -m loadtests --host http://127.0.0.1:8000

$(TESTS):
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -e '.[test]'
	@rm -f .venv/.test-* && touch $@

$(DEMO):
	$(PYTHON) -m venv .venv-demo
	.venv-demo/bin/pip install --disable-pip-version-check -e '.[demo]'
	@rm -f .venv-demo/.demo-* && touch $@

.venv-load/.load: pyproject.toml
	$(PYTHON) -m venv .venv-load
	.venv-load/bin/pip install --quiet --disable-pip-version-check -e '.[load]'
	@touch $@

clean:  ## remove what was made here
	rm -rf .venv .venv-demo .venv-load benchmarks/.build
