# bench.mk: builds and runs the bench; `make bench` and `make sweep` of the main Makefile come here with BUILD and CC,
# and `make scaling` with the goal `scale`.
# oneDNN is a peer if its header is there, OpenBLAS if its library is when the bench runs; PyTorch if a python3 knows it
# (torch_peer.py says no itself). BENCH_ARCH=haswell: all code, ours and that around the libraries, and the measured
# limits are those of that machine, which this one must be able to imitate; oneDNN and OpenBLAS then keep to its
# instructions too.
BENCH      = tests/bench
BENCH_ARCH = native
PROGRAM    = $(BUILD)/bench-program$(if $(filter-out native,$(BENCH_ARCH)),-$(BENCH_ARCH))
WARNINGS   = -Wall -Wextra -Wpedantic -Wshadow
FAST       = -O3 -march=$(BENCH_ARCH) -ffast-math
ONEDNN    := $(shell $(CC) -include dnnl.h -E -x c /dev/null >/dev/null 2>&1 && echo yes)
FAST_OF    = network layers attention recurrent_openblas lstm_openblas gru_openblas products_openblas \
             reduction_loops
SOURCES    = $(filter-out $(if $(ONEDNN),%/absent.c,%onednn.c),$(wildcard $(BENCH)/*.c))
OBJECTS    = $(patsubst $(BENCH)/%.c,$(PROGRAM)/%.o,$(SOURCES))

# OpenBLAS finds out by itself what suits the machine: a setting for another one would make it slow.
FOLDER = $(BUILD)/$(if $(filter --sweep,$(BENCH_OPTIONS)),sweep,bench)
run: $(PROGRAM)/bench
	@mkdir -p $(FOLDER)
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $< $(BENCH_OPTIONS) $(BUILD)/lstmc $(FOLDER) $(BENCH)

# Linked without -ffast-math: with it the whole program would treat small numbers otherwise.
$(PROGRAM)/bench: $(OBJECTS) $(BUILD)/liblstmc.a
	@$(CC) -o $@ $(OBJECTS) $(BUILD)/liblstmc.a $(if $(ONEDNN),-ldnnl -lgomp) $(JANSSON_LIBS) -ldl -lpthread -lm

# A program of its own, of what the bench knows of workloads and of what draws the charts of lstmc plot.
SCALING       = $(patsubst $(BENCH)/%.c,$(PROGRAM)/%.o,$(wildcard $(BENCH)/scaling/*.c)) \
                $(patsubst %,$(PROGRAM)/%.o,clock data describe generated workloads work) \
                $(patsubst %,$(BUILD)/compiler/%.o,report/plot_frame report/scale report/svg base/out base/base)
scale: $(PROGRAM)/scaling/scaling
	@mkdir -p $(BUILD)/scaling
	@$< $(BENCH_OPTIONS) $(BUILD)/lstmc $(BUILD)/scaling $(BENCH)

$(PROGRAM)/scaling/scaling: $(SCALING) $(BUILD)/liblstmc.a
	@$(CC) -o $@ $(SCALING) $(BUILD)/liblstmc.a $(JANSSON_LIBS) -ldl -lpthread -lm

$(filter $(PROGRAM)/scaling/%,$(SCALING)): $(wildcard $(BENCH)/scaling/*.h)
$(PROGRAM)/%.o: $(BENCH)/%.c $(wildcard $(BENCH)/*.h) $(BENCH)/bench.mk
	@mkdir -p $(@D)
	@$(CC) $(if $(filter $*,$(FAST_OF)),$(FAST),-O2 -march=$(BENCH_ARCH)) -DBENCH_ARCH='"$(BENCH_ARCH)"' -std=gnu11 \
	  $(WARNINGS) -I. -c -o $@ $<

.PHONY: run scale
