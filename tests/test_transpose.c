/* test_transpose.c: copies across the vectors of what they read: the function that turns squares over, and what generated
 * code prepares with it, beside the plain loops of the target without vectors. */
#include "compiled_model.h"
#include "toolchain.h"

#include "runtime/lstmc.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(transpose, squares_at_every_width)
{
    static const char *const compilers[] = { "gcc", "clang" };
    static const char *const flags[] = { "-std=c11 -O2 -DLANES=4", "-O0 -DLANES=8 -march=native", "-O2 -DLANES=8 -march=native",
                                         "-O3 -DLANES=4 -march=native", "-O2 -DLANES=8 -DLSTMC_NO_VECTORS",
                                         "-O1 -g -DLANES=8 -fsanitize=address,undefined" };
    struct workshop shop;
    workshop_open(&shop);
    for (size_t c = 0; c < sizeof compilers / sizeof *compilers; c++) {
        for (size_t f = 0; f < sizeof flags / sizeof *flags; f++)
            workshop_run(&shop, "%s " GENERATED_WARNINGS_AS_ERRORS " %s -I\"$dropin/../../runtime\" \"$dropin/transpose.c\" -o square -lm && ./square",
                         compilers[c], flags[f]);
        workshop_run(&shop, "%s -O2 -mavx512f -DLANES=16 -I\"$dropin/../../runtime\" \"$dropin/transpose.c\" -o square -lm && "
                            "{ ! grep -q avx512f /proc/cpuinfo || ./square; }", compilers[c]);
    }
    workshop_close(&shop);
}

/* ---- what prepare leaves in memory that was full ---- */

#define ROWS 3
#define FLOATS 4000     /* more than a tape's output, the inputs and the weights of one of these models */
#define GAPS 32         /* words of a struct, at most, that belong to no member: beside a pointer, and at its end */

typedef struct Results {
    float output[FLOATS], predicted[FLOATS], gradients[FLOATS], loss;
    int untouched;      /* words that are still what they were before prepare */
} Results;

static void *filled(size_t bytes, int byte)
{
    void *memory = lstmc_alloc(bytes);
    cr_assert(memory);
    return memset(memory, byte, bytes);
}

static int count_full(const void *memory, size_t bytes)
{
    int count = 0;
    for (size_t i = 0; i + sizeof(uint32_t) <= bytes; i += sizeof(uint32_t))
        count += *(const uint32_t *)((const char *)memory + i) == UINT32_MAX;
    return count;
}

static void run(const struct lstmc_model *model, const float *weights, const float *x, int byte, Results *results)
{
    void *training = filled(model->training_bytes, byte), *packed = filled(model->packed_bytes, byte);
    void *tape = filled(model->tape_bytes, 0), *scratch = filled(model->scratch_bytes, 0);
    *results = (Results){ .loss = 0 };
    model->prepare_training(training, weights);
    model->reset_tape(training, tape);
    model->forward(training, tape, x, ROWS, 0);
    memcpy(results->output, (const char *)tape + model->output_offset, ROWS * model->output_count * sizeof(float));
    results->loss = model->loss_function(tape, x, NULL, 1);
    model->backward(training, tape, results->gradients);
    model->prepare(packed, weights);
    results->untouched = count_full(training, model->training_bytes) + count_full(packed, model->packed_bytes);
    model->predict(packed, scratch, x, results->predicted);
    void *memory[] = { training, packed, tape, scratch };
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        lstmc_free(memory[i]);
}

static void expect_same_from_full_memory(const char *text, CompileOptions options)
{
    static Results clean, full;
    struct compiled_model subject;
    float weights[FLOATS], x[FLOATS];
    for (int i = 0; i < FLOATS; i++) {
        weights[i] = 0.3f * sinf(1 + 7 * (float)i);
        x[i] = cosf((float)i);
    }
    compiled_model_create_with(&subject, text, "-O2 -march=native", &options);
    const struct lstmc_model *model = subject.model;
    cr_assert(model->gradient_count <= FLOATS && model->input_count * ROWS <= FLOATS);
    run(model, weights, x, 0, &clean);
    run(model, weights, x, 0xff, &full);             /* NaN everywhere */
    cr_expect(full.untouched <= 2 * GAPS, "%d lanes, %s: %d words are not set", options.target->lanes, text, full.untouched);
    full.untouched = clean.untouched;
    cr_expect(!memcmp(&clean, &full, sizeof clean), "%d lanes, %s", options.target->lanes, text);
    cr_expect(clean.loss > 0 && clean.predicted[0] != 0 && clean.gradients[0] != 0);
    compiled_model_free(&subject);
}

Test(transpose, memory_need_not_be_zero)
{
    static const char *const models[] = {
        "return Sequential{ Input{4, 5}, LSTM{20}, Dense{3}, loss = \"mse\", batch_size = 3, shards = 1 }\n",
        "return Sequential{ Input{4, 5}, GRU{11, return_sequences = true}, GRU{9, reset_after = false}, loss = \"mse\", batch_size = 3, shards = 1 }\n",
        "return Sequential{ Input{6, 3}, Conv1D{9, 2, padding = \"same\"}, Bidirectional{SimpleRNN{7}}, Dense{17}, loss = \"mae\", batch_size = 3, "
        "shards = 1 }\n",
    };
    for (size_t m = 0; m < sizeof models / sizeof *models; m++)
        for (int lanes = 4; lanes <= 16; lanes *= 2)
            for (int bf16 = 0; bf16 <= 1; bf16++)
                expect_same_from_full_memory(models[m], (CompileOptions){ .target = target_with_lanes(target_find("vector"), lanes), .bf16 = bf16 });
}
