# squall: build, check, install. `make help` lists the targets.
FLAVOUR ?= plain
BUILD := build/$(FLAVOUR)
VERSION := $(shell sed -n 's/.*SQUALL_VERSION "\(.*\)"/\1/p' src/base/version.h)

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
DATADIR ?= $(PREFIX)/share/squall
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/squall
COMPLETIONS := bash-completion/completions/squall:bash \
 zsh/site-functions/_squall:zsh fish/vendor_completions.d/squall.fish:fish

PKGS := libcurl libcjson libmicrohttpd openssl zlib yaml-0.1
CC ?= cc
OPTIMISE ?= -O2
CFLAGS ?= $(OPTIMISE) -g
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
 -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wwrite-strings -Wformat=2 \
 -Wpointer-arith -Wundef
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif

# Instrumented code misleads this one warning; clang does not know it.
QUIET := -Wno-unknown-warning-option -Wno-format-truncation

# A flavour is a folder of objects and the flags that make it what it is.
ifeq ($(FLAVOUR),plain)
HARDEN := $(if $(findstring -O0,$(CFLAGS)),,-U_FORTIFY_SOURCE \
 -D_FORTIFY_SOURCE=2) -fstack-protector-strong -fPIE
LDHARDEN := -pie -Wl,-z,relro,-z,now
else ifeq ($(FLAVOUR),asan)
OPTIMISE := -O1
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
 -fno-omit-frame-pointer $(QUIET)
else ifeq ($(FLAVOUR),tsan)
OPTIMISE := -O1
SANITIZE := -fsanitize=thread $(QUIET)
else ifeq ($(FLAVOUR),fuzz)
CC := clang
OPTIMISE := -O1
SANITIZE := -fsanitize=address,undefined,fuzzer-no-link
else ifeq ($(FLAVOUR),cover)
OPTIMISE := -O0
SANITIZE := --coverage
endif

# llhttp, for the native engine: the library, or else the C source that Debian's
# node-llhttp has; without either that engine is left out.
LLHTTP_DIR ?= /usr/share/llhttp
ifeq ($(shell pkg-config --exists libllhttp 2>/dev/null && echo yes),yes)
PKGS += libllhttp
NATIVE := engine/native
else ifneq ($(wildcard $(LLHTTP_DIR)/llhttp.c),)
NATIVE := engine/native
LLHTTP_OBJECTS := $(patsubst %,$(BUILD)/llhttp/%.o,api http llhttp)
LLHTTP_FLAGS := -DLLHTTP_STRICT_MODE=1 \
 -isystem $(LLHTTP_DIR)/../include/llhttp
endif
ifneq ($(NATIVE),)
override CPPFLAGS += -DSQUALL_LLHTTP $(LLHTTP_FLAGS)
endif

override CPPFLAGS += -D_GNU_SOURCE -Isrc \
 $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
override LDLIBS += $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm -lpthread
FLAGS = -std=gnu11 $(WARNINGS) -fno-common -ffp-contract=off $(HARDEN) \
 $(SANITIZE) $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(CFLAGS) $(SANITIZE) $(LDHARDEN) -Wl,--as-needed $(LDFLAGS)

##@ Build

FOLDERS := base policy load faults measure effects model compare search plan engine engine/curl $(NATIVE) engine/virtual host \
 ledger service report publish run audit import cli
OBJECTS := $(patsubst src/%.c,$(BUILD)/%.o,$(wildcard $(FOLDERS:%=src/%/*.c)))
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard \
 tests/unit/*/test_*.c tests/unit/*/*/test_*.c tests/prop/test_*.c \
 tests/sim/test_*.c tests/exhaust/test_*.c))
# Every sequence of events is for logic; a sanitizer sees no more in millions
# of them than in the other tests of the same code.
ifneq ($(filter asan tsan,$(FLAVOUR)),)
TESTS := $(filter-out $(BUILD)/tests/exhaust/%,$(TESTS))
endif
# The core has no threads (make layers holds it): little use in watching it.
ifeq ($(FLAVOUR),tsan)
TESTS := $(filter $(foreach f,engine host ledger service publish run cli,$(BUILD)/tests/unit/$f/%),\
 $(TESTS))
endif
ifeq ($(NATIVE),)
TESTS := $(filter-out $(BUILD)/tests/unit/engine/native/%,$(TESTS))
endif
FUZZERS := $(patsubst tests/fuzz/%.c,%,\
 $(filter-out %/replay.c,$(wildcard tests/fuzz/*.c)))

# Recipes are shown with V=1, else one line each.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $@)

all: $(BUILD)/squall ## build ./squall
	@ln -sf $< squall

# Renamed when it is whole, so that who runs it meanwhile has the old one.
$(BUILD)/squall: $(BUILD)/main.o $(BUILD)/libsquall.a
	$(call say,link)
	$(Q)$(LINK) -o $@.new $^ $(LDLIBS) && mv $@.new $@

$(BUILD)/libsquall.a: $(OBJECTS) $(LLHTTP_OBJECTS)
	$(call say,archive)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Says what is missing before a compiler stumbles over it.
packages:
	@pkg-config --exists 'libcurl >= 7.80' $(PKGS) 2>/dev/null || { \
	 echo "squall needs packages that are not here: make deps"; exit 1; }

test-packages:
	@pkg-config --exists cmocka 2>/dev/null || .ci/setup unit

# Not ours to warn about.
$(BUILD)/llhttp/%.o: $(LLHTTP_DIR)/%.c
	$(call say,compile)
	$(Q)mkdir -p $(@D) && $(CC) $(filter-out $(WARNINGS),$(FLAGS)) -w -c \
	 -o $@ $<

$(BUILD)/%.o: src/%.c | packages
	$(call say,compile)
	$(Q)mkdir -p $(@D) && $(CC) $(FLAGS) -MMD -MP -c -o $@ $<

# What --version says of the build; compiled again when that changes.
COMMIT := $(shell git describe --always --dirty 2>/dev/null || echo release)
$(BUILD)/base/version.o: override CPPFLAGS += -DSQUALL_COMMIT='"$(COMMIT)"' \
 -DSQUALL_FLAGS='"$(CFLAGS)"'
$(BUILD)/base/version.o: $(BUILD)/build.txt
$(BUILD)/plan/library.o: override CPPFLAGS += -DSQUALL_DATA_DIR='"$(DATADIR)"'
$(BUILD)/plan/library.o: $(BUILD)/build.txt
$(BUILD)/build.txt: FORCE
	@mkdir -p $(@D)
	@echo '$(COMMIT) $(CC) $(CFLAGS) $(DATADIR)' | cmp -s - $@ || \
	 echo '$(COMMIT) $(CC) $(CFLAGS) $(DATADIR)' >$@
FORCE:

# One program a test file; each links the archive, so a test needs only what
# it uses.
$(BUILD)/tests/%.o: tests/%.c | packages test-packages
	$(call say,compile)
	$(Q)mkdir -p $(@D) && $(CC) $(FLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(filter-out %/version.o,$(OBJECTS)) \
 | $(BUILD)/libsquall.a
	$(call say,test)
	$(Q)$(LINK) -o $@ $< $(BUILD)/libsquall.a $(LDLIBS) -lcmocka

# Programs that measure; they need the archive, and no test library.
$(BUILD)/tests/bench/%: tests/bench/%.c $(BUILD)/libsquall.a
	$(call say,bench)
	$(Q)mkdir -p $(@D) && $(CC) $(FLAGS) -MMD -MP -o $@ $< \
	 $(BUILD)/libsquall.a $(LDHARDEN) $(LDFLAGS) $(LDLIBS)

# What calls decide is read where they take a step.
$(addprefix $(BUILD)/tests/sim/test_,breakers client_traces hedging \
 literature overload quotas): LDFLAGS += -Wl,--wrap=call_step

##@ Tests

unit: $(TESTS) ## run the tests that need no socket
	@tests/run unit $(TESTS)

golden: $(TESTS) ## write the golden files anew; review the diff
	@SQUALL_GOLDEN=write tests/run golden $(TESTS)
	@git status --short tests

# Every input that ever broke a parser, without clang.
replay: $(FUZZERS:%=$(BUILD)/fuzz/%) ## replay the fuzzing corpora
	@$(if $(FUZZERS),tests/run replay $(FUZZERS:%=$(BUILD)/fuzz/%),:)

$(BUILD)/fuzz/%: tests/fuzz/%.c tests/fuzz/replay.c \
 $(filter-out %/version.o,$(OBJECTS)) | $(BUILD)/libsquall.a
	$(call say,fuzz)
	$(Q)mkdir -p $(@D) && $(CC) $(FLAGS) -DCORPUS='"tests/fuzz/corpus/$*"' \
	 -o $@ $< $(if $(LIBFUZZER),-fsanitize=fuzzer,tests/fuzz/replay.c) \
	 $(BUILD)/libsquall.a $(LDHARDEN) $(LDFLAGS) $(LDLIBS)

fuzz: ## fuzz one parser with clang: T=name, SECONDS=60
	@[ -e tests/fuzz/$(T).c ] && [ -n "$(T)" ] || { \
	 echo "make fuzz T=name, one of: $(FUZZERS)"; exit 2; }
	@.ci/setup build fuzz
	@$(MAKE) --no-print-directory FLAVOUR=fuzz LIBFUZZER=1 build/fuzz/fuzz/$(T)
	@mkdir -p build/corpus/$(T)
	build/fuzz/fuzz/$(T) -max_total_time=$(or $(SECONDS),60) \
	 -artifact_prefix=build/corpus/ \
	 build/corpus/$(T) tests/fuzz/corpus/$(T)

deps: ## install what is missing to build
	@.ci/setup build

setup: ## install what is missing to build and to test
	@.ci/setup build test

# The flags come from pkg-config, which may be installed only now.
check: setup ## set up, build, and every test that takes seconds
	@$(MAKE) --no-print-directory check-now

check-now: all unit replay lint-fast ## the same without the set-up

# Some hold durations and are run one by one; the others wait more than they
# work, the longest begin first. A sanitizer is too slow for durations, and
# learns little from what runs other programs.
E2E_TIMED := $(foreach t,35 50 51 52 80 88,$(wildcard tests/e2e/$t-*.t))
# These wait most of their time, and hold waits of hundreds of milliseconds.
E2E_WAITING := $(foreach t,33 34,$(wildcard tests/e2e/$t-*.t))
E2E_PROGRAMS := $(foreach t,90 91 92,$(wildcard tests/e2e/$t-*.t))
E2E_LONG := $(foreach t,58 59 62 47 40 41,$(wildcard tests/e2e/$t-*.t))
# Files that hold how long squall or its host took: nothing to learn slowed.
E2E_DURATIONS := $(foreach t,47 53 54 55 56 57 58 59 62 88,$(wildcard tests/e2e/$t-*.t))
# The thread sanitizer looks for races: of workers, progress, interrupts,
# the ledger, journals of events, and the threads of the target.
# What a single loop reads and sends is left to the address sanitizer.
E2E_THREADS := $(foreach t,10 16 40 43 45 46 49 71,\
 $(wildcard tests/e2e/$t-*.t))
E2E_TOGETHER := $(if $(QUICK),,$(E2E_PROGRAMS)) $(E2E_LONG) $(filter-out \
 $(E2E_TIMED) $(E2E_WAITING) $(E2E_PROGRAMS) $(E2E_LONG),$(wildcard \
 tests/e2e/*.t))
ifneq ($(QUICK),)
E2E_TOGETHER := $(filter-out $(E2E_DURATIONS),$(E2E_TOGETHER))
endif
ifeq ($(FLAVOUR),tsan)
E2E_TOGETHER := $(filter $(E2E_THREADS),$(E2E_TOGETHER))
endif

check-e2e: PROVE = env -u MAKEFLAGS -u FLAVOUR -u BUILD \
 SQUALL=$(CURDIR)/$(BUILD)/squall prove $(if $(V),-v,-f -o) --timer
check-e2e: $(BUILD)/squall ## end-to-end tests, with the program of this flavour
	@.ci/setup e2e
	@status=0; \
	 $(PROVE) -j$(or $(JOBS),6) $(E2E_TOGETHER) || status=1; \
	 $(if $(QUICK),,$(PROVE) -j2 $(E2E_WAITING) || status=1;) \
	 $(if $(QUICK),,$(PROVE) $(E2E_TIMED) || status=1;) \
	 exit $$status

check-all: check ## all tests and all lint
	@V=1 SQUALL_TEST_COMPARISONS=400 SQUALL_TEST_SEARCHES=200 \
	 SQUALL_TEST_KNOCKOUTS=1000 SQUALL_TEST_ELIMINATIONS=200 TEST_LIMIT=3600 \
	 tests/run unit $(addprefix $(BUILD)/tests/prop/test_,experiments capacity \
	 tip knockouts eliminations)
	@$(MAKE) --no-print-directory check-e2e lint

# What a sanitizer finds goes to files, so that no test can swallow it.
FOUND = exitcode=99:log_path=$(CURDIR)/build/$@/found
asan tsan: export ASAN_OPTIONS = $(FOUND)
asan tsan: export UBSAN_OPTIONS = $(FOUND):print_stacktrace=1
asan tsan: export TSAN_OPTIONS = $(FOUND):atexit_sleep_ms=0
asan tsan: ## tests under address and undefined, or thread, sanitizer
	@rm -f build/$@/found.*
	@$(MAKE) --no-print-directory FLAVOUR=$@ unit $(if $(filter asan,$@),replay)
	@$(MAKE) --no-print-directory FLAVOUR=$@ check-e2e QUICK=1; \
	 status=$$?; cat build/$@/found.* 2>/dev/null && exit 1; exit $$status

valgrind: $(TESTS) ## unit tests under valgrind
	@.ci/setup valgrind
	@tests/lint/valgrind $(TESTS)

cover: ## line coverage of unit tests and corpora, by folder
	@$(MAKE) --no-print-directory FLAVOUR=cover unit replay; \
	 status=$$?; tests/lint/cover build/cover && exit $$status

##@ Static checks; a linter that is not installed is skipped, and that is said

lint: lint-fast format-check tidy man-lint ## all static checks

lint-fast: layers purity symbols headers style ## those that take seconds

layers: ## who may include whom
	@tests/lint/layers
purity: $(BUILD)/libsquall.a ## no clock, no I/O, no memory in the core
	@tests/lint/purity build/plain
symbols: $(BUILD)/libsquall.a ## no circles; names say where they are from
	@tests/lint/symbols build/plain
headers: ## every header compiles alone, every table is used
	@CC='$(CC)' FLAGS='$(FLAGS)' tests/lint/headers
style: ## lines, functions, banned calls
	@tests/lint/style
tidy: ## clang-tidy, cppcheck, shellcheck
	@CPPFLAGS='$(CPPFLAGS)' tests/lint/tidy
man-lint: all ## man pages against mandoc and the tables
	@tests/lint/man $(BUILD)/squall
FORMATTED = find src tests -name "*.[ch]" -not -path "*/node_modules/*"
format-check: ## would clang-format change anything?
	@tests/lint/format
format: ## let clang-format decide
	@.ci/setup format
	@$(FORMATTED) | xargs clang-format -i

##@ Show and measure

bench: all $(BUILD)/tests/bench/bare_loop ## what squall costs, beside other tools; decides nothing
	@.ci/setup bench
	@SQUALL=$(CURDIR)/$(BUILD)/squall tests/bench/bench.sh
	@tests/bench/instructions $(BUILD)/squall

bench-published: all ## what showing and sending figures costs, in ten minutes
	@.ci/setup bench
	@SQUALL=$(CURDIR)/$(BUILD)/squall SQUALL_TEST_SECONDS=600 \
	 tests/e2e/88-published.t

demo: ## set up, build, and show the main job
	@.ci/setup build
	@$(MAKE) --no-print-directory all
	@SQUALL=./squall tests/demo

demo-compare: ## set up, build, and compare two policies in a brownout
	@.ci/setup build
	@$(MAKE) --no-print-directory all
	@SQUALL=./squall tests/demo-compare

pictures: all ## make the pictures of README from a real run
	@.ci/setup pictures
	tests/pictures $(BUILD)/squall man/pictures

man: ## read the manual from this tree
	man -l man/squall.1

##@ Install

install: all ## install under DESTDIR and PREFIX
	install -Dm755 $(BUILD)/squall $(DESTDIR)$(BINDIR)/squall
	cd profiles && find . -name '*.json' -o -name '*.schema' -o -name '*.yml' | xargs -I{} \
	 install -Dm644 {} $(abspath $(DESTDIR)$(DATADIR))/profiles/{}
	for m in man/*.[157]; do install -Dm644 $$m \
	 $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/} || exit 1; done
	install -Dm644 -t $(DESTDIR)$(DOCDIR) LICENSE $(wildcard README.md)
	install -Dm644 -t $(DESTDIR)$(DOCDIR)/man/pictures man/pictures/*
	for c in $(COMPLETIONS); do f=$(DESTDIR)$(PREFIX)/share/$${c%%:*}; \
	 mkdir -p $${f%/*} && $(BUILD)/squall completion $${c##*:} >$$f \
	 || exit 1; done

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(BINDIR)/squall
	rm -rf $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR)
	for m in man/*.[157]; do \
	 rm -f $(DESTDIR)$(MANDIR)/man$${m##*.}/$${m##*/}; done
	for c in $(COMPLETIONS); do \
	 rm -f $(DESTDIR)$(PREFIX)/share/$${c%%:*}; done

dist: ## a tarball of the last commit
	@mkdir -p build
	git archive --prefix=squall-$(VERSION)/ HEAD | gzip -n \
	 >build/squall-$(VERSION).tar.gz

clean: ## remove what was built
	rm -rf build squall

help: ## this list
	@sed -n 's/^\([a-z][a-z0-9 -]*\):.*## \(.*\)/\1|\2/p; s/^##@ /@|/p' \
	 Makefile | awk -F'|' '$$1 == "@" { title = $$2; next } \
	 title { print title; title = "" } { printf "  %-14s %s\n", $$1, $$2 }'
	@echo 'Variables: V=1 shows commands, WERROR=1 makes warnings errors,'
	@echo '  FLAVOUR=plain|asan|tsan|cover|fuzz builds in build/FLAVOUR,'
	@echo '  CC, CFLAGS, PREFIX and DESTDIR as everywhere.'

.PHONY: all packages test-packages deps unit golden replay fuzz setup check check-now check-e2e check-all \
 asan tsan valgrind cover lint lint-fast layers purity symbols headers style tidy \
 man-lint format-check format bench bench-published demo demo-compare pictures man install uninstall dist clean \
 help FORCE
# Objects of one run are prerequisites of the next.
.SECONDARY:
-include $(shell find build -name '*.d' 2>/dev/null)
