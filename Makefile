# squall: build, check, install. `make help` lists the targets.
FLAVOUR ?= plain
BUILD := build/$(FLAVOUR)
PKGS := libcurl libcjson libmicrohttpd zlib

CC ?= cc
OPTIMISE ?= -O2
CFLAGS ?= $(OPTIMISE) -g
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes \
 -Wstrict-prototypes -Wvla -Wwrite-strings -Wformat=2 -Wpointer-arith -Wundef
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif
CPPFLAGS += -D_GNU_SOURCE -Isrc $(shell pkg-config --cflags $(PKGS))
LDLIBS += $(shell pkg-config --libs $(PKGS)) -lm -lpthread

FOLDERS := base policy load faults measure plan transport target report cli
SOURCES := $(wildcard $(FOLDERS:%=src/%/*.c))
OBJECTS := $(SOURCES:src/%.c=$(BUILD)/%.o)
TESTS := $(wildcard tests/unit/*/test_*.c)
TEST_PROGRAMS := $(TESTS:tests/unit/%.c=$(BUILD)/tests/%)

all: squall ## build ./squall

squall: $(BUILD)/squall
	@ln -sf $< $@

$(BUILD)/squall: $(BUILD)/main.o $(BUILD)/libsquall.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libsquall.a: $(OBJECTS)
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# One program a test file; each links the archive, so a test needs only what
# it uses.
$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libsquall.a
	@mkdir -p $(@D)
	$(CC) -std=gnu11 $(WARNINGS) $(CPPFLAGS) $(CFLAGS) -MMD -MP -o $@ $< \
	 $(BUILD)/libsquall.a $(LDFLAGS) $(LDLIBS) -lcmocka

unit: $(TEST_PROGRAMS) ## run the unit tests
	@for t in $(TEST_PROGRAMS); do $$t || exit 1; done

clean: ## remove what was built
	rm -rf build squall

.PHONY: all unit clean
-include $(shell find build -name '*.d' 2>/dev/null)
