/* affine.c: matrix products by OpenBLAS, and z = x W + b with its gradients. */
#include "internal.h"

void matrix_product(const Interpreter *it, enum Transpose a_transposed, enum Transpose b_transposed,
                    size_t m, size_t n, size_t k, const REAL *a, size_t a_stride, const REAL *b, size_t b_stride,
                    REAL keep, REAL *c, size_t c_stride)
{
    it->gemm(CblasRowMajor, a_transposed ? CblasTrans : CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans,
             (int)m, (int)n, (int)k, 1, a, (int)a_stride, b, (int)b_stride, keep, c, (int)c_stride);
}

void affine_forward(const Interpreter *it, size_t rows, size_t inputs, size_t outputs,
                    const REAL *x, const REAL *kernel, const REAL *bias, REAL *z)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < outputs; i++)
            z[row * outputs + i] = bias ? bias[i] : 0;
    matrix_product(it, AS_IS, AS_IS, rows, outputs, inputs, x, inputs, kernel, outputs, 1, z, outputs);
}

void affine_backward(const Interpreter *it, size_t rows, size_t inputs, size_t outputs,
                     const REAL *x, const REAL *kernel, const REAL *d_z, REAL *d_kernel, REAL *d_bias, REAL *d_x)
{
    if (d_kernel)
        matrix_product(it, TRANSPOSED, AS_IS, inputs, outputs, rows, x, inputs, d_z, outputs, 1, d_kernel, outputs);
    if (d_bias)
        add_column_sums((Rows){ (REAL *)d_z, outputs }, rows, outputs, d_bias);
    if (d_x)
        matrix_product(it, AS_IS, TRANSPOSED, rows, inputs, outputs, d_z, outputs, kernel, outputs, 1, d_x, inputs);
}

void add_column_sums(Rows d_z, size_t rows, size_t width, REAL *sums)
{
    for (size_t row = 0; row < rows; row++)
        for (size_t i = 0; i < width; i++)
            sums[i] += d_z.at[row * d_z.stride + i];
}
