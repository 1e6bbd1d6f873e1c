/* blas.h: OpenBLAS for those peers that call it: loaded by the running bench, with the kernels that it picks for this
 * machine and with those for AVX2, which are the faster ones for some sizes on some machines with AVX-512. */
#ifndef BLAS_H
#define BLAS_H

/* Of the C interface of BLAS, whose header need not be there. */
enum { CblasRowMajor = 101, CblasNoTrans = 111, CblasTrans = 112 };

typedef struct Blas {
    char core[40];              /* whose kernels: "Haswell" */
    void (*sgemm)(int order, int turn_a, int turn_b, int rows, int columns, int depth, float alpha, const float *a,
                  int row_a, const float *b, int row_b, float beta, float *c, int row_c);
    void (*sgemv)(int order, int turn, int rows, int columns, float alpha, const float *a, int row_a, const float *x,
                  int step_x, float beta, float *y, int step_y);
    void (*set_num_threads)(int threads);
} Blas;

/* NULL with a line in `why`: it is not there. */
const Blas *blas_picked(char *why);
const Blas *blas_avx2(char *why);

#endif
