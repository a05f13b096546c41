# make demo: the whole pipeline on the shipped models, in a simulator.
# make test: all tests but the slow ones. Both set up what they need first.
.POSIX:
.PHONY: help demo test test-slow bench bench-arena bench-check fuzz lint docs screenshots format setup setup-tests clean

BIN = .venv/bin
C_FILES = find firmware tests \( -name '*.[ch]' -o -name '*.cc' \) -print0 | xargs -0
BOARD = mps2-an386
# strict: mkdocs.yml makes an error of every link and anchor that leads nowhere
MKDOCS = NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
FUZZ_SEED = 1
FUZZ_COUNT = 20000

help:
	@echo 'make demo       two models from Keras to verified firmware, in QEMU (BOARD=$(BOARD))'
	@echo 'make test       the tests; make test-slow: those that take long'
	@echo 'make fuzz       files with faults: FUZZ_SEED=1 FUZZ_COUNT=20000 of each kind'
	@echo 'make bench      instructions of seven models on two cores; beside TFLM, with TFLM_ROOT'
	@echo 'make bench-check  the same, and fails where one grew by more than 1 %'
	@echo 'make bench-arena  arena and instructions of nine models for each --memory'
	@echo 'make lint       ruff, mypy, clang-format, links of the pages; make format: repair'
	@echo 'make docs       the documentation as a site: build/site/index.html'
	@echo 'make screenshots  the pictures of the report in docs/images'
	@echo 'make setup      only install what is needed; make clean: remove what was made'

demo: setup
	@$(BIN)/mcuforge run models/autoencoder models/unet --board $(BOARD)

test: setup-tests
	@$(BIN)/pytest -q -n 2 -m 'not slow and not fuzz'

test-slow: setup-tests
	@$(BIN)/pytest -q -n 2 -m 'slow and not fuzz'

bench: setup
	@$(BIN)/python benchmarks/speed.py

bench-arena: setup
	@$(BIN)/python benchmarks/arena.py

bench-check: setup
	@$(BIN)/python benchmarks/speed.py --check

fuzz: setup-tests
	@FUZZ_SEED=$(FUZZ_SEED) FUZZ_COUNT=$(FUZZ_COUNT) $(BIN)/pytest -q -s -m fuzz tests/fuzz

lint: setup
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/mypy --no-error-summary
	@said=$$($(BIN)/lint-imports --no-cache 2>&1) || { echo "$$said"; exit 1; }
	@$(C_FILES) $(BIN)/clang-format --dry-run -Werror
	@said=$$($(MKDOCS) --site-dir build/site-checked 2>&1) || { echo "$$said"; exit 1; }

docs: setup
	@said=$$($(MKDOCS) 2>&1) || { echo "$$said"; exit 1; }
	@echo build/site/index.html

screenshots: setup-tests
	@MCUFORGE_SCREENSHOTS=docs/images $(BIN)/pytest -q -m slow tests/browser/test_screenshots.py

format: setup
	@$(BIN)/ruff check -q --fix . || true
	@$(BIN)/ruff format -q .
	@$(C_FILES) $(BIN)/clang-format -i

setup:
	@sh tools/setup.sh

setup-tests:
	@sh tools/setup.sh tests

clean:
	@rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find pipeline models tests -name __pycache__ -type d -prune -exec rm -rf {} +
