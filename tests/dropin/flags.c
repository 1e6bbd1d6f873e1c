/* flags.c: models that differ in their target alone, with the same weights: prints the outputs of each, and whether a NaN stays one. */
#include "models.h"

#include <math.h>
#include <stdio.h>

static unsigned state = 1;

static float draw(void)
{
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / 16777216.0f - 0.5f;
}

static void print(const char *what, const float *values, size_t count)
{
    printf("%s:", what);
    for (size_t i = 0; i < count; i++)
        printf(" %.9g", (double)values[i]);
    putchar('\n');
}

#define RUN(M)                                                                                                \
    static void run_##M(void)                                                                                 \
    {                                                                                                         \
        static union { struct M##_weights named; float all[sizeof(struct M##_weights) / sizeof(float)]; } w;  \
        static struct M##_packed packed;                                                                      \
        static struct M##_scratch scratch;                                                                    \
        static float x[4][64], y[8];                                                                          \
        state = 1;                                                                                            \
        for (size_t i = 0; i < sizeof w.all / sizeof *w.all; i++)                                             \
            w.all[i] = draw();                                                                                \
        for (size_t i = 0; i < sizeof x / sizeof(float); i++)                                                 \
            ((float *)x)[i] = 4 * draw();                                                                     \
        M##_prepare(&packed, &w.named);                                                                       \
        for (int row = 0; row < 4; row++) {                                                                   \
            M##_predict(&packed, &scratch, x[row], y);                                                        \
            print("output", y, M##_model.output_count);                                                       \
        }                                                                                                     \
        x[0][3] = NAN;                                                                                        \
        M##_predict(&packed, &scratch, x[0], y);                                                              \
        printf("NaNs: %d\n", isnan(y[0]) && isnan(y[1]));                                                     \
    }
MODELS(RUN)

#define CALL(M) run_##M();

int main(void)
{
    MODELS(CALL)
    return 0;
}
