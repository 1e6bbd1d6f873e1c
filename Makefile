# lstmc: `make` builds build/lstmc and build/liblstmc.a; `make demo` and `make test` do all the set-up on a fresh
# machine.
CC      ?= cc
CFLAGS  ?= -O2 -g
WARN     = -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes
PKG      = pkg-config
PACKAGES = liblua5.4-dev libopenblas-dev libcriterion-dev libjansson-dev libsndfile1-dev libfftw3-dev pkg-config \
           cmake gcc g++ clang libclang-rt-dev binutils zlib1g-dev libhdf5-dev libzip-dev libprotobuf-c-dev \
           protobuf-c-compiler libopenmpi-dev openmpi-bin

LUA_CFLAGS      = $(shell $(PKG) --cflags lua5.4)
LUA_LIBS        = $(shell $(PKG) --libs lua5.4)
BLAS_CFLAGS     = $(shell $(PKG) --cflags openblas)
JANSSON_CFLAGS  = $(shell $(PKG) --cflags jansson)
JANSSON_LIBS    = $(shell $(PKG) --libs jansson)
# Without zlib everything is built, and gzip files are refused.
ZLIB_CFLAGS     = $(shell $(PKG) --exists zlib && echo -DLSTMC_ZLIB && $(PKG) --cflags zlib)
ZLIB_LIBS       = $(shell $(PKG) --libs zlib 2>/dev/null)
# Optional, for wav{...}: without them it says what is missing.
SNDFILE        := $(shell $(PKG) --exists sndfile && echo yes)
FFTW           := $(shell $(PKG) --exists fftw3f && echo yes)
SOUND_CFLAGS    = $(if $(SNDFILE),-DHAVE_SNDFILE $(shell $(PKG) --cflags sndfile)) \
                  $(if $(FFTW),-DHAVE_FFTW $(shell $(PKG) --cflags fftw3f))
SOUND_LIBS      = $(if $(SNDFILE),$(shell $(PKG) --libs sndfile)) $(if $(FFTW),$(shell $(PKG) --libs fftw3f))
# Optional, for files of other frameworks: without them lstmc-container says what is missing.
HDF5           := $(shell $(PKG) --exists hdf5 && echo yes)
LIBZIP         := $(shell $(PKG) --exists libzip && echo yes)
CONTAINER_CFLAGS = $(JANSSON_CFLAGS) $(if $(HDF5),-DHAVE_HDF5 $(shell $(PKG) --cflags hdf5)) \
                   $(if $(LIBZIP),-DHAVE_ZIP $(shell $(PKG) --cflags libzip))
CONTAINER_LIBS  = $(if $(HDF5),$(shell $(PKG) --libs hdf5)) $(if $(LIBZIP),$(shell $(PKG) --libs libzip))
# Optional, for ONNX: without it lstmc import says what is missing.
PROTOBUF_C     := $(shell $(PKG) --exists libprotobuf-c && command -v protoc-c >/dev/null && echo yes)
PROTOBUF_CFLAGS = $(if $(PROTOBUF_C),-DHAVE_PROTOBUF_C -I$(BUILD)/protobuf $(shell $(PKG) --cflags libprotobuf-c))
PROTOBUF_LIBS   = $(if $(PROTOBUF_C),$(shell $(PKG) --libs libprotobuf-c))
# Optional, for mpirun lstmc train: without it that says what is missing.
MPI            := $(shell $(PKG) --exists ompi-c && echo yes)
CRITERION_CFLAGS = $(shell $(PKG) --cflags criterion)
CRITERION_LIBS  = $(shell $(PKG) --libs criterion)

BUILD    = build
Q        = $(if $(V),,@)
say      = @$(if $(V),:,echo '  $(1) $@')
STD      = -std=gnu11
# Whatever CFLAGS say: NaNs and infinities are looked for, and sums are rounded as they are written.
EXACT    = -fno-fast-math -fno-unsafe-math-optimizations -fno-associative-math -fno-finite-math-only
FLAGS    = -I. $(STD) $(WARN) $(CFLAGS) $(EXACT) $(SANITIZE) -MMD -MP

LUA_TEXT  = $(sort $(wildcard compiler/*/*/*.lua))
EMBED     = $(LUA_TEXT) compiler/commands/help.txt $(sort $(wildcard compiler/ship/example/*.c)) \
            $(patsubst %,runtime/lstmc_%.h,model decoder search random normal float vec apart transpose math bf16 text)
UNPACKER  = $(wildcard compiler/interchange/container/*.c)
COMPILER  = $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(UNPACKER),$(wildcard compiler/*.c compiler/*/*.c \
              compiler/interchange/*/*.c))) $(BUILD)/embedded.o $(if $(PROTOBUF_C),$(BUILD)/protobuf/onnx.pb-c.o)
RUNTIME   = $(patsubst %.c,$(BUILD)/%.o,$(filter-out runtime/interpreter/% runtime/mpi/%,$(wildcard runtime/*/*.c)))
INTERPRET = $(patsubst %.c,$(BUILD)/%_float.o,$(wildcard runtime/interpreter/*.c)) \
            $(patsubst %.c,$(BUILD)/%_double.o,$(wildcard runtime/interpreter/*.c))
CONTAINER = $(patsubst %.c,$(BUILD)/%.o,$(UNPACKER))
LIBS      = $(LUA_LIBS) $(JANSSON_LIBS) $(ZLIB_LIBS) $(SOUND_LIBS) $(PROTOBUF_LIBS) -ldl -lm
TESTS     = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
SUPPORT   = $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/test_%,$(wildcard tests/*.c)))

all: $(BUILD)/lstmc $(BUILD)/lstmc-container $(BUILD)/liblstmc.a $(if $(MPI),$(BUILD)/lstmc-mpi.so)

include compiler/install/install.mk

$(BUILD)/lstmc: $(COMPILER) $(INTERPRET) $(BUILD)/liblstmc.a
	$(call say,link)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) -rdynamic -o $@ $(COMPILER) $(INTERPRET) $(BUILD)/liblstmc.a $(LIBS)

# What reads HDF5 files and zip archives, in a process of its own.
$(BUILD)/lstmc-container: $(CONTAINER) $(BUILD)/liblstmc.a
	$(call say,link)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) -o $@ $^ $(CONTAINER_LIBS) $(JANSSON_LIBS) -lm

# What talks to MPI, loaded where mpirun or srun has started lstmc.
$(BUILD)/lstmc-mpi.so: runtime/mpi/transport.c runtime/lstmc_transport.h
	@mkdir -p $(@D)
	$(call say,cc  )
	$(Q)$(CC) -I. $(STD) $(WARN) $(CFLAGS) -shared -fPIC $(shell $(PKG) --cflags ompi-c) -o $@ $< \
	  $(shell $(PKG) --libs ompi-c)

$(CONTAINER): FLAGS += $(CONTAINER_CFLAGS)
$(CONTAINER): $(BUILD)/container_flags
$(BUILD)/container_flags: always
	@mkdir -p $(@D)
	@echo '$(CONTAINER_CFLAGS)' | cmp -s - $@ || echo '$(CONTAINER_CFLAGS)' >$@

# Its test writes files that no program of ours would.
$(BUILD)/tests/test_container.o: FLAGS += $(CONTAINER_CFLAGS)
$(BUILD)/tests/test_container: LIBS += $(CONTAINER_LIBS)

# What reads and checks the messages of ONNX, from our description of them.
ONNX_MESSAGES = compiler/interchange/onnx/onnx.proto
$(BUILD)/protobuf/onnx.pb-c.c: $(ONNX_MESSAGES)
	@mkdir -p $(@D)
	$(call say,make)
	$(Q)protoc-c --c_out=$(@D) --proto_path=$(dir $<) $(notdir $<)

$(BUILD)/protobuf/onnx.pb-c.h: $(BUILD)/protobuf/onnx.pb-c.c ;

$(BUILD)/protobuf/onnx.pb-c.o: $(BUILD)/protobuf/onnx.pb-c.c
	$(call say,cc  )
	$(Q)$(CC) $(STD) $(CFLAGS) $(SANITIZE) $(PROTOBUF_CFLAGS) -c -o $@ $<

ONNX_PACKED = $(patsubst %,$(BUILD)/compiler/interchange/onnx/%.o,read export_write) $(BUILD)/tests/onnx.o
$(ONNX_PACKED): FLAGS += $(PROTOBUF_CFLAGS)
$(ONNX_PACKED): $(if $(PROTOBUF_C),$(BUILD)/protobuf/onnx.pb-c.h) $(BUILD)/protobuf_flags
$(BUILD)/protobuf_flags: always
	@mkdir -p $(@D)
	@echo '$(PROTOBUF_CFLAGS)' | cmp -s - $@ || echo '$(PROTOBUF_CFLAGS)' >$@

$(BUILD)/liblstmc.a: $(RUNTIME)
	$(call say,ar  )
	$(Q)rm -f $@ && ar rcs $@ $(RUNTIME)

# Everything but main, for the tests to link.
$(BUILD)/libcompiler.a: $(COMPILER) $(INTERPRET)
	$(call say,ar  )
	$(Q)rm -f $@ && ar rcs $@ $(filter-out $(BUILD)/compiler/commands/main.o,$(COMPILER)) $(INTERPRET)

$(BUILD)/compiler/%.o: compiler/%.c
	@mkdir -p $(@D)
	$(call say,cc  )
	$(Q)$(CC) $(FLAGS) $(LUA_CFLAGS) $(JANSSON_CFLAGS) -c -o $@ $<

$(BUILD)/runtime/interpreter/%_float.o: runtime/interpreter/%.c
	@mkdir -p $(@D)
	$(call say,cc  )
	$(Q)$(CC) $(FLAGS) $(BLAS_CFLAGS) -DREAL=float -DREAL_IS_FLOAT=1 -c -o $@ $<

$(BUILD)/runtime/interpreter/%_double.o: runtime/interpreter/%.c
	@mkdir -p $(@D)
	$(call say,cc  )
	$(Q)$(CC) $(FLAGS) $(BLAS_CFLAGS) -DREAL=double -DREAL_IS_FLOAT=0 -c -o $@ $<

$(BUILD)/runtime/%.o: runtime/%.c
	@mkdir -p $(@D)
	$(call say,cc  )
	$(Q)$(CC) $(FLAGS) $(JANSSON_CFLAGS) $(SOUND_CFLAGS) -c -o $@ $<

# What was found last time: when that changes, these are compiled again.
$(patsubst %,$(BUILD)/runtime/data/%.o,sound spectrum wav) $(BUILD)/tests/test_wav.o: $(BUILD)/sound_flags
$(BUILD)/sound_flags: always
	@mkdir -p $(@D)
	@echo '$(SOUND_CFLAGS)' | cmp -s - $@ || echo '$(SOUND_CFLAGS)' >$@

$(BUILD)/runtime/files/gzip.o: runtime/files/gzip.c
	@mkdir -p $(@D)
	$(call say,cc  )
	$(Q)$(CC) $(FLAGS) $(ZLIB_CFLAGS) -c -o $@ $<

$(BUILD)/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(call say,cc  )
	$(Q)$(CC) $(FLAGS) $(CRITERION_CFLAGS) $(LUA_CFLAGS) $(JANSSON_CFLAGS) $(SOUND_CFLAGS) -c -o $@ $<

# The files that live inside the binary, as C strings.
$(BUILD)/embedded.c: $(EMBED) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "compiler/base/embedded.h"'; echo 'const Embedded embedded_files[] = {'; \
	   for f in $(EMBED); do folder=$${f%/*}; echo "{ \"$${folder##*/}/$${f##*/}\","; \
	     sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$$/\\n"/' $$f; echo '},'; done; \
	   echo '{ 0, 0 } };'; } > $@

$(BUILD)/embedded.o: $(BUILD)/embedded.c
	$(call say,cc  )
	$(Q)$(CC) $(STD) $(CFLAGS) $(SANITIZE) -Wno-overlength-strings -I. -c -o $@ $<

# Compilers that remember what they have made, for the tests.
COMPILERS = $(addprefix $(BUILD)/tests/compilers/,cc gcc g++ clang clang++)
$(BUILD)/tests/compilers/cached: tests/compilers/cached.c
	@mkdir -p $(@D)
	$(call say,cc  )
	$(Q)$(CC) $(STD) $(WARN) $(CFLAGS) -o $@ $<
$(COMPILERS): $(BUILD)/tests/compilers/cached
	@ln -sf cached $@

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(SUPPORT) $(BUILD)/libcompiler.a $(BUILD)/liblstmc.a | $(COMPILERS)
	$(call say,link)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) -rdynamic -o $@ $< $(SUPPORT) $(BUILD)/libcompiler.a $(BUILD)/liblstmc.a \
	  $(CRITERION_LIBS) $(LIBS) -lz

tests: $(TESTS)

# The bench is built, not run: so that it can be.
test: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all tests
	@$(BENCH_MAKE) $(BUILD)/bench-program/bench $(BUILD)/bench-program/scaling/scaling
	@BUILD=$(BUILD) tests/run.sh $(TESTS)

# The same with everything under the sanitizers, 10,000 damaged files for each reader and 10,000 hostile descriptions:
# for people, not for every commit.
test-sanitized: deps
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitized -j$$(nproc) all tests \
	  SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=all"
	@BUILD=$(BUILD)/sanitized TEST_TIMEOUT=3600 FUZZ_FILES=$${FUZZ_FILES:-10000} \
	  FUZZ_DESCRIPTIONS=$${FUZZ_DESCRIPTIONS:-10000} \
	  tests/run.sh $(patsubst $(BUILD)/%,$(BUILD)/sanitized/%,$(TESTS))

# Seven models on other machines, in emulators, and what one costs on a microcontroller.
TARGET_PACKAGES = qemu-user qemu-system-arm gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf \
                  libc6-dev-armhf-cross gcc-s390x-linux-gnu libc6-dev-s390x-cross gcc-arm-none-eabi \
                  libnewlib-arm-none-eabi clang lld wasi-libc libclang-rt-dev-wasm32 nodejs
test-targets: deps
	@$(MAKE) --no-print-directory deps PACKAGES="$(TARGET_PACKAGES)"
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/targets.sh $(BUILD)/lstmc

# What lstmc exports, opened by those whose formats these are, and what they save, imported. Who is absent is said.
test-clients: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/clients.sh $(BUILD)/lstmc

# Trainings under mpirun, killed 50 times, each time resumed by another number of ranks: the bits of one program? KILLS:
# so many; SEED: of ranks, victims and moments.
test-kills: all
	@tests/kills.sh $(BUILD)/lstmc $(or $(KILLS),50) $(SEED)

# Faults planted one by one, each caught by the test that it names; goes on where it was stopped. MUTANTS: names of
# some.
mutants: deps
	@tests/mutants.sh $(MUTANTS)

# Compiles, trains and uses models/reber.lua; exit status 1 if it has not learned it.
demo: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@tests/demo.sh $(BUILD)

# Ours beside oneDNN, OpenBLAS, PyTorch and the hardware's limits, interleaved in one run: a table on standard output
# and in build/bench.md, a chart in build/bench.svg. BENCH_OPTIONS: --only=W1 --seconds=N. The sweep is some hundred
# shapes of one recurrent layer, and some other layers, tables in build/sweep.md. BENCH_OPTIONS: --only=GRU
# --lstmc=WORDS --flags=WORDS
BENCH_MAKE = $(MAKE) --no-print-directory -f tests/bench/bench.mk BUILD="$(BUILD)" CC="$(CC)" \
             JANSSON_LIBS="$(JANSSON_LIBS)"
bench bench-quick sweep sweep-quick: $(BUILD)/lstmc $(BUILD)/liblstmc.a
	@$(BENCH_MAKE) BENCH_OPTIONS='$(if $(filter sweep%,$@),--sweep) $(if $(filter %-quick,$@),--quick) $(BENCH_OPTIONS)'

# What ranks cost, on this machine measured, and up to 1024 by a model of that: tables on standard output and in
# build/scaling.md, a chart in build/scaling.svg. BENCH_OPTIONS: --rounds=N --latency=US --bandwidth=GB
scaling scaling-quick: all
	@$(BENCH_MAKE) scale BENCH_OPTIONS='$(if $(filter %-quick,$@),--quick) $(BENCH_OPTIONS)'

# What is committed of the compiler's output; tests/test_generated.c compares.
generated: $(BUILD)/lstmc
	for m in reber mgu sentiment; do $(BUILD)/lstmc models/$$m.lua -o generated --quiet || exit 1; done

# The printed form of a small model after each pass; tests/test_golden.c compares.
golden: $(BUILD)/tests/test_golden
	GOLDEN=update $(BUILD)/tests/test_golden >/dev/null

# compiler/manual/catalogue.md from the definitions of layers, losses and the rest; tests/test_catalogue.c compares.
catalogue: $(BUILD)/tests/test_catalogue
	CATALOGUE=update $(BUILD)/tests/test_catalogue >/dev/null

# Installs what is missing (Debian packages), and nothing if all is there.
deps:
	@missing=; for p in $(PACKAGES); do \
	  dpkg-query -W -f '$${db:Status-Status}\n' $$p 2>/dev/null | grep -qx installed || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then echo "packages: nothing is missing"; \
	elif [ "$$(id -u)" -ne 0 ]; then \
	  echo "packages missing, to be installed by root: apt-get install$$missing" >&2; exit 1; \
	else echo "packages: installing$$missing"; \
	  apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi

clean:
	rm -rf $(BUILD)

.PHONY: always all generated golden catalogue tests test test-sanitized test-targets test-clients test-kills \
        mutants demo bench bench-quick sweep sweep-quick scaling scaling-quick deps clean
.SECONDARY:
.DELETE_ON_ERROR:
-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d)
