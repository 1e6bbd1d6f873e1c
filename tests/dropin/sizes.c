/* sizes.c: C11 and C++17: the structs that this program sees are those that the models were compiled with, and prepare by name agrees with
 * predictions by the descriptor, one by one and as a batch: to the bit, or, where sums may be split over lanes (-DSPLIT_SUMS), up to 1e-6. */
#include "models.h"

#include <math.h>
#include <stdio.h>

static int wrong;

static void equal(const char *what, size_t here, size_t there)
{
    if (here != there) {
        printf("%s: %lu here, %lu in the model\n", what, (unsigned long)here, (unsigned long)there);
        wrong = 1;
    }
}

static void close_to(const char *what, const float *a, const float *b, size_t count)
{
#ifdef SPLIT_SUMS
    const float bound = 1e-6f;
#else
    const float bound = 0;
#endif
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(a[i] - b[i]) <= bound)) {
            printf("%s %lu: %.9g and %.9g\n", what, (unsigned long)i, (double)a[i], (double)b[i]);
            wrong = 1;
        }
}

#define TRY(name)                                                                                                                     \
    {                                                                                                                                 \
        static struct name##_weights weights;                                                                                         \
        static struct name##_packed packed;                                                                                           \
        static struct name##_scratch scratch;                                                                                         \
        static float y[64], again[64];                                                                                                \
        static int32_t x[64];       /* zeros, which are zeros as floats too */                                                        \
        equal(#name "_weights", sizeof weights, name##_model.weight_count * sizeof(float));                                           \
        equal(#name "_gradients", sizeof(struct name##_gradients), name##_model.gradient_count ? name##_model.gradient_count * sizeof(float) : 1); \
        equal(#name "_packed", sizeof packed, name##_model.packed_bytes);                                                             \
        equal(#name "_scratch", sizeof scratch, name##_model.scratch_bytes);                                                          \
        equal(#name "_batch_scratch", sizeof(struct name##_batch_scratch), name##_model.batch_scratch_bytes);                         \
        equal(#name "_training", sizeof(struct name##_training), name##_model.training_bytes);                                        \
        equal(#name "_tape", sizeof(struct name##_tape), name##_model.tape_bytes);                                                    \
        equal(#name "_tape.output", offsetof(struct name##_tape, output), name##_model.output_offset);                                \
        float *all = (float *)(void *)&weights;                                                                                       \
        for (size_t i = 0; i < name##_model.weight_count; i++)                                                                        \
            all[i] = (float)(i % 7) * 0.125f - 0.25f;                                                                                 \
        name##_prepare(&packed, &weights);                                                                                            \
        name##_model.predict(&packed, &scratch, x, y);                                                                                \
        name##_model.predict_batch(&packed, &batch, x, 1, again);                                                                     \
        close_to(#name " outputs", y, again, name##_model.output_count);                                                              \
    }

static union {
#define BATCH(name) struct name##_batch_scratch of_##name;
    MODELS(BATCH)
} batch;

int main(void)
{
    MODELS(TRY)
    return wrong;
}
