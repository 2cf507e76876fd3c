# Makefile - builds, runs, tests and checks Farthing. `make help` lists the targets.
#
# CONFIG chooses how everything is compiled. Each configuration has its own folder in build/obj/, so
# objects of different kinds never meet. The release programs stand in build/, those of the others
# in build/CONFIG/.

VERSION := 0.1.0
# What is built, for where git cannot tell: an image is built without the repository.
COMMIT  :=
CONFIG  := release

# Which test programs to run, as in TESTS="test_money test_stress"; none named is all of them.
TESTS :=
# Where make certs puts them.
CERTS := certs
# Percent of the full number of requests and rounds in the end-to-end tests.
E2E_SCALE := 100
# For each fuzz target.
FUZZ_SECONDS := 60
# The simulator: how many steps, and the seed of the run that is to be repeated.
STEPS ?=
SEED  ?=
# The benchmark: seconds a run, rounds, numbers of stored orders, parts (none named is all), and
# PLOT=1 for a drawing.
BENCH_SECONDS := 5
BENCH_ROUNDS  := 3
BENCH_ORDERS  := 100000 1000000
PARTS         :=
PLOT          :=

# ---- packages, by purpose; everything is in Debian 12 ----

PACKAGES_BUILD := gcc libc6-dev pkg-config libmicrohttpd-dev libcjson-dev libsqlite3-dev \
                  libgnutls28-dev libcurl4-gnutls-dev libsodium-dev libunistring-dev
PACKAGES_RUN   := curl
PACKAGES_CERTS := gnutls-bin
PACKAGES_TEST  := curl check python3 sslscan $(PACKAGES_CERTS)
PACKAGES_LINT  := clang-format clang-tidy clang-tools cppcheck shellcheck python3 checksec
PACKAGES_SBOM  := python3
PACKAGES_CLANG := clang libclang-rt-14-dev
PACKAGES_COVER := gcovr
PACKAGES_DOCKER := docker.io docker-compose debootstrap iptables iproute2 python3 $(PACKAGES_CERTS)
# Node only where there is none: its makers' own packages are common and replace Debian's.
PACKAGES_BENCH  = wrk python3 python3-flask gunicorn binutils $(if $(PLOT),gnuplot-nox) \
                  $(if $(shell command -v node),,nodejs)
PACKAGES_K8S    = podman runc netavark aardvark-dns catatonit iptables iproute2 procps \
                  ca-certificates yamllint python3 python3-yaml $(PACKAGES_CERTS) \
                  $(if $(shell command -v node),,nodejs npm)
PACKAGES_MONITORING := prometheus prometheus-alertmanager python3 python3-yaml

INSTALL := common/install.sh

# ---- compiling ----

OUT := build/obj/$(CONFIG)
BIN := $(if $(filter release,$(CONFIG)),build,build/$(CONFIG))
ifneq ($(filter clang fuzz,$(CONFIG)),)
CC := clang
endif

CFLAGS := -g $(if $(filter asan tsan cover fuzz,$(CONFIG)),-O1,-O2)
# Rows of tables leave out what is zero: no warning for that.
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wundef -Wconversion \
            -Wno-sign-conversion -Wcast-align -Wdouble-promotion -Wimplicit-fallthrough \
            -Wnull-dereference -Wold-style-definition -Wredundant-decls \
            -Wno-missing-field-initializers
HARDENING := -fPIE -fstack-protector-strong -fstack-clash-protection \
             $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine)),-fcf-protection)

# What only one configuration has. _FORTIFY_SOURCE would hide accesses from the sanitizers; and with
# instrumented code gcc guesses wrongly about values, so warnings are left to the plain builds (-w).
MODE_release := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3
MODE_clang   := $(MODE_release)
MODE_asan    := -w -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
MODE_tsan    := -w -fsanitize=thread
MODE_cover   := -w --coverage
MODE_fuzz    := -w -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
MODE         := $(or $(MODE_$(CONFIG)),$(error CONFIG=$(CONFIG) is none of: \
                release clang asan tsan cover fuzz))

COMPILE := $(CC) -std=c17 -D_GNU_SOURCE -Icommon -Itests -I. $(CPPFLAGS) $(CFLAGS) $(WARNINGS) \
           $(HARDENING) $(MODE) -pthread
LINK    := $(CC) $(CFLAGS) $(MODE) -pie -pthread -Wl,-z,relro,-z,now -Wl,--as-needed $(LDFLAGS)

# Asked for only where something is linked: before that the packages may not be installed.
LIBS      = $(shell pkg-config --libs libmicrohttpd libcjson sqlite3 gnutls libcurl libsodium) \
            -lunistring
TEST_LIBS = $(shell pkg-config --libs check)

# ---- what there is ----

objects = $(patsubst %.c,$(OUT)/%.o,$(1))
schema  = $(sort $(wildcard $(1)/schema/*.sql))

COMMON  := $(call objects,$(wildcard common/*/*.c) build/gen/storage.c)
PAYMENT := $(call objects,$(wildcard payment-service/*.c) build/gen/payment.c)
ORDER   := $(call objects,$(wildcard order-service/*.c) build/gen/order.c)

# main.c stays outside of the libraries, so that a test program can link a service's other files.
LIB_COMMON  := $(OUT)/libcommon.a
LIB_PAYMENT := $(OUT)/libpayment.a
LIB_ORDER   := $(OUT)/liborder.a
LIBRARIES   := $(LIB_PAYMENT) $(LIB_ORDER) $(LIB_COMMON)
PROGRAMS    := $(BIN)/payment-service $(BIN)/order-service

program     = $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/$(1)/$(2)_*.c))
helpers     = $(call objects,$(filter-out tests/$(1)/$(2)_%,$(wildcard tests/$(1)/*.c)))
UNIT_TESTS := $(call program,unit,test)
E2E_TESTS  := $(call program,e2e,test)
FUZZERS    := $(call program,fuzz,fuzz)
SIM        := $(OUT)/tests/sim/sim
PAIR       := $(OUT)/tests/sim/pair/pair
SIM_PARTS  := $(wildcard tests/sim/*.c) tests/unit/fault_vfs.c
PAIR_PARTS := $(wildcard tests/sim/pair/*.c) tests/unit/fault_vfs.c \
              $(patsubst %,tests/sim/%.c,bank launch node order_node payment_node world)
CANARIES   := 1 2 3
TOOLS      := $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/bench/*.c))
UNKNOWN    := $(filter-out $(notdir $(UNIT_TESTS) $(E2E_TESTS)),$(TESTS))
$(if $(UNKNOWN),$(error TESTS: there is no $(UNKNOWN)))
# Those that take longest begin first: none of them is waited for alone in the end.
SELECTED   := $(filter $(or $(addprefix %/,$(TESTS)),%),$(E2E_TESTS) $(UNIT_TESTS))

# ---- building ----

MAKEFLAGS += --no-builtin-rules --no-print-directory
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif
# Says what is made; V=1 shows the whole commands instead.
SAY := $(if $(V),@:,@echo)
DO  := $(if $(V),,@)
.DELETE_ON_ERROR:
.SECONDARY:

all: $(PROGRAMS) ## build/payment-service and build/order-service

$(BIN)/payment-service: $(OUT)/payment-service/main.o $(LIB_PAYMENT) $(LIB_COMMON)
$(BIN)/order-service: $(OUT)/order-service/main.o $(LIB_ORDER) $(LIB_COMMON)
$(PROGRAMS):
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(DO)$(LINK) -o $@ $^ $(LIBS)

$(LIB_COMMON): $(COMMON)
$(LIB_PAYMENT): $(filter-out %/main.o,$(PAYMENT))
$(LIB_ORDER): $(filter-out %/main.o,$(ORDER))
%.a:
	@rm -f $@
	@ar rcs $@ $^

$(OUT)/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(DO)$(COMPILE) $(DEFINES) -MMD -MP -c -o $@ $<

# Changes only when the compiler or its flags do, so that objects are then made anew.
$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(COMPILE)' | cmp -s - $@ || echo '$(COMPILE)' >$@

# The commit goes into one object, for GET /version.
$(OUT)/common/web/version.o: private DEFINES = -DFARTHING_VERSION='"$(VERSION)"' \
                                               -DFARTHING_COMMIT='"$(file <build/commit)"'
$(OUT)/common/web/version.o: build/commit
build/commit: FORCE
	@mkdir -p $(@D)
	@commit=$(or $(COMMIT),$$(git describe --always --dirty --abbrev=12 --exclude='*' \
	                          2>/dev/null)); \
	 commit=$${commit:-unknown}; \
	 echo "$$commit" | cmp -s - $@ || echo "$$commit" >$@

build/gen/storage.c: common/storage/embed.sh $(call schema,common/storage)
build/gen/payment.c: common/storage/embed.sh $(call schema,payment-service)
build/gen/order.c: common/storage/embed.sh $(call schema,order-service)
build/gen/%.c:
	@mkdir -p $(@D)
	$(DO)sh common/storage/embed.sh $* $(filter %.sql,$^) >$@

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

# ---- running ----

run: ## build, start both services on 127.0.0.1:5000 and 5001, stop them with Ctrl-C
	@$(INSTALL) $(PACKAGES_BUILD) $(PACKAGES_RUN)
	@$(MAKE) all
	@common/run.sh $(BIN)

certs: ## a development CA and certificates for mTLS, in CERTS=certs
	@$(INSTALL) $(PACKAGES_CERTS)
	@common/certs.sh $(CERTS)

# ---- testing ----

$(UNIT_TESTS): $(call helpers,unit,test)
$(E2E_TESTS): $(call helpers,e2e,test)
$(UNIT_TESTS) $(E2E_TESTS): $(OUT)/tests/%: $(OUT)/tests/%.o $(LIBRARIES)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(DO)$(LINK) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(TEST_LIBS) $(LIBS)

$(FUZZERS): $(OUT)/tests/%: $(OUT)/tests/%.o $(LIBRARIES)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(DO)$(LINK) -fsanitize=fuzzer -o $@ $^ $(LIBS)

$(SIM): $(call objects,$(SIM_PARTS)) $(LIBRARIES)
$(PAIR): $(call objects,$(PAIR_PARTS)) $(LIBRARIES)
$(SIM) $(PAIR):
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(DO)$(LINK) -o $@ $^ $(LIBS)

$(PAIR)-canary-%: $(PAIR_PARTS) $(wildcard tests/sim/*.h tests/sim/pair/*.h) $(LIBRARIES)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(DO)$(COMPILE) -DCANARY=$* -pie -o $@ $(filter %.c,$^) $(filter %.a,$^) $(LIBS)

$(TOOLS): $(OUT)/tests/%: $(OUT)/tests/%.o $(LIBRARIES)
	@mkdir -p $(@D)
	$(SAY) LINK $@
	$(DO)$(LINK) -o $@ $^ $(LIBS)

programs-and-tests: $(PROGRAMS) $(SELECTED)
programs-and-bench-tools: $(PROGRAMS) $(TOOLS)

test: ## all unit tests and end-to-end tests
	@$(INSTALL) $(PACKAGES_BUILD) $(PACKAGES_TEST)
	@$(MAKE) programs-and-tests
	@BUILD=$(BIN) E2E_SCALE=$(E2E_SCALE) tests/run.sh $(SELECTED)

clang: ## everything compiled by clang as well
	@$(INSTALL) $(PACKAGES_BUILD) $(PACKAGES_TEST) $(PACKAGES_CLANG)
	@$(MAKE) CONFIG=clang programs-and-tests

# Slower by the factor that each sanitizer costs, so with fewer requests.
asan: ## all tests with the sanitizers of addresses, leaks and undefined behaviour
	@$(MAKE) CONFIG=asan E2E_SCALE=20 test
tsan: ## all tests with the thread sanitizer
	@$(MAKE) CONFIG=tsan E2E_SCALE=10 test

cover: ## line and branch coverage of all tests, as build/cover/index.html
	@$(INSTALL) $(PACKAGES_COVER)
	@find build/obj/cover -name '*.gcda' -delete 2>/dev/null || true
	@$(MAKE) CONFIG=cover E2E_SCALE=10 test
	@gcovr --root . --filter common/ --filter '[a-z]*-service/' --print-summary \
	       --html-details build/cover/index.html build/obj/cover

fuzz: ## each fuzz target for FUZZ_SECONDS
	@$(INSTALL) $(PACKAGES_BUILD) $(PACKAGES_CLANG)
	@$(MAKE) CONFIG=fuzz fuzz-run
fuzz-run: $(FUZZERS)
	@tests/fuzz/run.sh $(FUZZ_SECONDS) $(FUZZERS)

# What the service logs about the faults is in sim.log; what is no log line tells of a sanitizer.
sim: ## a service and a processor under faults, checked by a model: SEED=n replays, STEPS=n
	@$(INSTALL) $(PACKAGES_BUILD)
	@$(MAKE) $(SIM)
	@$(SIM) '$(SEED)' '$(STEPS)' 2>$(OUT)/sim.log || \
	 { grep -v '^{' $(OUT)/sim.log; exit 1; }

sim-pair: ## both services and a network under faults, and one of them put back: SEED=n, STEPS=n
	@$(INSTALL) $(PACKAGES_BUILD)
	@$(MAKE) $(PAIR)
	@$(PAIR) '$(SEED)' '$(STEPS)' 2>$(OUT)/pair.log || \
	 { grep -v '^{' $(OUT)/pair.log; exit 1; }

# A simulator that finds nothing here proves nothing there. 1 is the status of a broken rule.
sim-canary: ## rules broken on purpose, which sim-pair must find
	@$(INSTALL) $(PACKAGES_BUILD)
	@$(MAKE) $(CANARIES:%=$(PAIR)-canary-%)
	@for n in $(CANARIES); do \
	   status=0; $(PAIR)-canary-$$n 1 6000 >$(OUT)/canary.log 2>&1 || status=$$?; \
	   [ $$status = 1 ] || { echo "canary $$n was not found: status $$status"; exit 1; }; \
	   echo "canary $$n: $$(grep ^FAILED $(OUT)/canary.log)"; \
	 done

test-docker: ## both images and docker/compose.yaml, on a Docker engine of the test's own; as root
	@$(INSTALL) $(PACKAGES_DOCKER)
	@tests/docker/run.py build/docker

test-k8s: ## the manifests in k8s/ by schema, and running with podman; as root
	@$(INSTALL) $(PACKAGES_BUILD) $(PACKAGES_K8S)
	@$(MAKE) all
	@tests/k8s/run.py build/k8s $(BIN)

test-monitoring: ## rules, alerts and dashboard, on a real Prometheus and Alertmanager
	@$(INSTALL) $(PACKAGES_BUILD) $(PACKAGES_MONITORING)
	@$(MAKE) all
	@tests/monitoring/run.py $(BIN)

nightly: ## the long runs: five times the requests and rounds, ten minutes for each fuzz target
	@$(MAKE) E2E_SCALE=500 test
	@for run in 1 2 3 4 5; do $(MAKE) STEPS=100000 sim || exit; done
	@for run in 1 2 3 4 5; do $(MAKE) STEPS=50000 sim-pair || exit; done
	@$(MAKE) CONFIG=asan E2E_SCALE=100 test
	@$(MAKE) CONFIG=tsan E2E_SCALE=100 test
	@$(MAKE) FUZZ_SECONDS=600 fuzz

bench: ## rates, growth and limits, as ratios to alternatives; see tests/bench/README.md
	@$(INSTALL) $(PACKAGES_BUILD) $(PACKAGES_BENCH)
	@$(MAKE) programs-and-bench-tools
	@BENCH_SECONDS='$(BENCH_SECONDS)' BENCH_ROUNDS='$(BENCH_ROUNDS)' PARTS='$(PARTS)' \
	 BENCH_ORDERS='$(BENCH_ORDERS)' PLOT='$(PLOT)' \
	 tests/bench/run.py $(BIN) $(OUT)/tests/bench build/bench

# ---- reading ----

# Made after what they list; cheap enough to be made anew each time, as packages change too.
sbom: ## what each program is linked with, from dpkg, as build/PROGRAM.sbom.json (CycloneDX)
	@$(INSTALL) $(PACKAGES_BUILD) $(PACKAGES_SBOM)
	@$(MAKE) $(PROGRAMS)
	@for program in $(PROGRAMS); do common/sbom.py $$program >$$program.sbom.json || exit; done

lint: ## formatting, lengths, layers, five readers of C, shellcheck, Python syntax, hardening
	@$(INSTALL) $(PACKAGES_BUILD) $(PACKAGES_TEST) $(PACKAGES_LINT)
	@$(MAKE) CONFIG=release all
	@tests/lint/lint.sh

format: ## lay out all C files as .clang-format says
	@$(INSTALL) $(PACKAGES_LINT)
	@tests/lint/sources.sh '*.[ch]' | xargs clang-format -i

# ---- the rest ----

deps: ## install every package that a target needs
	@$(INSTALL) $(sort $(foreach name,$(filter PACKAGES_%,$(.VARIABLES)),$($(name))))

deps-build: ## those of them that building needs
	@$(INSTALL) $(PACKAGES_BUILD)

clean: ## remove build/
	rm -rf build

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

FORCE:
# Every target that help lists, and parts of some.
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*\#\# .*/\1/p' Makefile) fuzz-run programs-and-tests \
        programs-and-bench-tools FORCE
