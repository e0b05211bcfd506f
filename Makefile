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

PKGS := libcurl libcjson libmicrohttpd zlib
CC ?= cc
OPTIMISE ?= -O2
CFLAGS ?= $(OPTIMISE) -g
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
 -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wwrite-strings -Wformat=2 \
 -Wpointer-arith -Wundef
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif

# A flavour is a folder of objects and the flags that make it what it is.
ifeq ($(FLAVOUR),plain)
HARDEN := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
LDHARDEN := -pie -Wl,-z,relro,-z,now
else ifeq ($(FLAVOUR),asan)
OPTIMISE := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined \
 -fno-omit-frame-pointer
else ifeq ($(FLAVOUR),tsan)
OPTIMISE := -O1 -fsanitize=thread
else ifeq ($(FLAVOUR),cover)
OPTIMISE := -O0 --coverage
endif

override CPPFLAGS += -D_GNU_SOURCE -Isrc \
 $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
override LDLIBS += $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm -lpthread
FLAGS = -std=gnu11 $(WARNINGS) -fno-common -ffp-contract=off $(HARDEN) \
 $(CPPFLAGS) $(CFLAGS)
LINK = $(CC) $(CFLAGS) $(LDHARDEN) -Wl,--as-needed $(LDFLAGS)

FOLDERS := base policy load faults measure plan transport target report cli
OBJECTS := $(patsubst src/%.c,$(BUILD)/%.o,$(wildcard $(FOLDERS:%=src/%/*.c)))
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,\
 $(wildcard tests/unit/*/test_*.c))

# Recipes are shown with V=1, else one line each.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $@)

all: squall ## build ./squall

squall: $(BUILD)/squall
	@ln -sf $< $@

$(BUILD)/squall: $(BUILD)/main.o $(OBJECTS)
	$(call say,link)
	$(Q)$(LINK) -o $@ $^ $(LDLIBS)

$(BUILD)/libsquall.a: $(OBJECTS)
	$(call say,archive)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/%.o: src/%.c
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
$(BUILD)/tests/%: tests/%.c $(filter-out %/version.o,$(OBJECTS)) \
 | $(BUILD)/libsquall.a
	$(call say,test)
	$(Q)mkdir -p $(@D) && $(CC) $(FLAGS) -MMD -MP -o $@ $< \
	 $(BUILD)/libsquall.a $(LDHARDEN) $(LDFLAGS) $(LDLIBS) -lcmocka

unit: $(TESTS) ## run the unit tests
	@for t in $(TESTS); do $$t || exit 1; done

clean: ## remove what was built
	rm -rf build squall

.PHONY: all unit clean FORCE
-include $(shell find build -name '*.d' 2>/dev/null)
