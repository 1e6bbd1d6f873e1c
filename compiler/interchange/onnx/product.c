/* product.c: in: Gemm, or MatMul with a matrix that is known.  out: a Dense on the last axis. */
#include "flow.h"

#include <string.h>

/* A matrix [inputs][units] by rows, whatever it is in the file. */
typedef struct Matrix {
    const Array *array;
    bool turned;                /* [units][inputs] in the file */
    double factor;
    int64_t inputs, units;
} Matrix;

static double element(const Matrix *matrix, int64_t input, int64_t unit)
{
    return matrix->factor * array_at(matrix->array, (size_t)(matrix->turned ? unit * matrix->inputs + input
                                                                            : input * matrix->units + unit));
}

/* Number `at` of the atoms as they lie in memory, in the order in which the axis has them: what was flattened with its
 * channels first needs other rows of the kernel, and no Permute. */
static int64_t row_of(const Flow *flow, const Axis *axis, const int *sorted, int64_t at)
{
    int64_t index[ATOMS_MAX] = { 0 }, row = 0;
    for (int k = axis->count - 1; k >= 0; k--) {
        int64_t size = flow->atoms[sorted[k]].size;
        index[sorted[k]] = at % size;
        at /= size;
    }
    for (int k = 0; k < axis->count; k++)
        row = row * flow->atoms[axis->atoms[k]].size + index[axis->atoms[k]];
    return row;
}

static float *kernel_of(Importer *importer, const Matrix *matrix, Flow *flow)
{
    Axis axis = flow->axes[flow->rank - 1], sorted = axis;
    Flow before = *flow;
    for (int i = 1; i < sorted.count; i++)
        for (int k = i; k > 0 && sorted.atoms[k] < sorted.atoms[k - 1]; k--) {
            int kept = sorted.atoms[k];
            sorted.atoms[k] = sorted.atoms[k - 1];
            sorted.atoms[k - 1] = kept;
        }
    flow->axes[flow->rank - 1] = sorted;
    float *kernel = new_floats(importer, (size_t)(matrix->inputs * matrix->units));
    for (int64_t i = 0; i < matrix->inputs; i++) {
        int64_t row = row_of(&before, &axis, sorted.atoms, i);
        for (int64_t u = 0; u < matrix->units; u++)
            kernel[i * matrix->units + u] = (float)element(matrix, row, u);
    }
    return kernel;
}

static bool dense(Importer *importer, Flow *flow, const Matrix *matrix, const char *found)
{
    Extent shape[SAMPLE_RANK_MAX], width = axis_extent(importer, flow, flow->rank - 1);
    if (width.size != matrix->inputs || width.text)
        return cannot(importer, "its last axis has an extent of %s, and its matrix is for %lld",
                      extent_text(importer->arena, width), (long long)matrix->inputs);
    float *kernel = kernel_of(importer, matrix, flow);
    if (!flow_features_last(importer, flow, flow->rank - 1))
        return false;
    int rank = flow_shape(flow, shape);
    shape[rank - 1] = extent_of(matrix->units);
    Step *step = step_new(importer, "Dense", rank, shape);
    step_argument(importer, step, NULL, extent_text(importer->arena, shape[rank - 1]));
    step_weight(importer, step, found, 2, (size_t[]){ (size_t)matrix->inputs, (size_t)matrix->units }, kernel);
    step->takes_bias = step->takes_activation = true;
    flow_through(importer, flow, step);
    flow->atoms[flow->atom_count - 1] = shape[rank - 1];
    return true;
}

static bool gemm(Importer *importer, Flow *flow, const Array *matrix)
{
    const OnnxNode *node = importer->node;
    const Array *bias = input_array(importer, 2);
    bool turned = onnx_number(node, "transB", 0) != 0;
    double beta = onnx_number(node, "beta", 1);
    Matrix kernel = { matrix, turned, onnx_number(node, "alpha", 1), matrix->shape[turned], matrix->shape[!turned] };
    if (flow->rank != 2)
        return cannot(importer, "what it reads has %d axes, and not 2", flow->rank);
    if (onnx_number(node, "transA", 0) != 0 && !flow_transpose(importer, flow, (int[]){ 1, 0 }))
        return false;
    if (input_value(importer, 2) && !bias)
        return cannot(importer, "its C, %s, is not a constant", node->inputs[2]);
    if (bias && bias->count != 1 &&
        (bias->shape[bias->rank - 1] != kernel.units || (int64_t)bias->count != kernel.units))
        return cannot(importer, "its C has another number for each row of the batch");
    if (!dense(importer, flow, &kernel, node->inputs[1]))
        return false;
    if (!bias || beta == 0)
        return true;
    float *values = new_floats(importer, (size_t)kernel.units);
    for (int64_t u = 0; u < kernel.units; u++)
        values[u] = (float)(beta * array_at(bias, bias->count == 1 ? 0 : (size_t)u));
    step_weight(importer, flow->ref.step, node->inputs[2], 1, (size_t[]){ (size_t)kernel.units }, values);
    flow->ref.step->takes_bias = false;
    return true;
}

bool import_product(Importer *importer)
{
    const Array *matrix = input_array(importer, 1);
    if (!matrix || input_array(importer, 0))
        return cannot(importer, "a product whose second factor is not a constant, which no layer computes");
    if (matrix->rank != 2 || !matrix->count || matrix->open)
        return cannot(importer, "its constant factor is no matrix");
    const Flow *from = input_flow(importer, 0);
    if (!from)
        return false;
    Flow flow = *from;
    Matrix kernel = { matrix, false, 1, matrix->shape[0], matrix->shape[1] };
    bool done = flow.rank < 1 ? cannot(importer, "what it reads has no axes")
                : !strcmp(importer->node->operation, "Gemm") ? gemm(importer, &flow, matrix)
                : flow.rank < 2 ? cannot(importer, "what it reads has one axis alone")
                : dense(importer, &flow, &kernel, importer->node->inputs[1]);
    if (done)
        set_flow(importer, 0, flow);
    return done;
}
