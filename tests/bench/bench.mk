# bench.mk: builds and runs the bench; `make bench` of the main Makefile comes here with BUILD, CC and the flags of the
# libraries. oneDNN is a peer if its header is there; PyTorch if a python3 knows it (torch_peer.py says no itself).
BENCH    = tests/bench
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow
FAST     = -O3 -march=native -ffast-math
ONEDNN  := $(shell $(CC) -include dnnl.h -E -x c /dev/null >/dev/null 2>&1 && echo yes)
FAST_OF  = network layers attention recurrent_openblas products_openblas
SOURCES  = $(filter-out $(if $(ONEDNN),%/absent.c,%onednn.c),$(wildcard $(BENCH)/*.c))
OBJECTS  = $(patsubst $(BENCH)/%.c,$(BUILD)/bench-program/%.o,$(SOURCES))

# OpenBLAS finds out by itself what suits the machine: a setting for another one would make it slow.
run: $(BUILD)/bench-program/bench
	@mkdir -p $(BUILD)/bench
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $< $(BENCH_OPTIONS) $(BUILD)/lstmc $(BUILD)/bench $(BENCH)

# Linked without -ffast-math: with it the whole program would treat small numbers otherwise.
$(BUILD)/bench-program/bench: $(OBJECTS) $(BUILD)/liblstmc.a
	@$(CC) -o $@ $(OBJECTS) $(BUILD)/liblstmc.a $(BLAS_LIBS) $(if $(ONEDNN),-ldnnl -lgomp) $(JANSSON_LIBS) \
	  -ldl -lpthread -lm

$(BUILD)/bench-program/%.o: $(BENCH)/%.c $(wildcard $(BENCH)/*.h) $(BENCH)/bench.mk
	@mkdir -p $(@D)
	@$(CC) $(if $(filter $*,$(FAST_OF)),$(FAST),-O2 -march=native) -std=gnu11 $(WARNINGS) -I. $(BLAS_CFLAGS) -c -o $@ $<

.PHONY: run
