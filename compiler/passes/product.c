/* product.c: in: a statement.  out: whether it is a product of matrices, which axes are its rows, columns and terms,
 * and how the three lie. */
#include "product.h"

#include "compiler/ir/axes.h"

bool product_lies_batch_first(const Tensor *tensor)
{
    return tensor->role == ROLE_INPUT && tensor->batch_dimension == 0 && tensor->time_dimension == 1;
}

/* ---- distances in memory ---- */

static long long distance_of(const Access *access, const Axis *axis, bool steps_first)
{
    long long distance = 0, step = 1;
    bool swapped = steps_first && product_lies_batch_first(access->tensor);
    for (int i = access->tensor->rank - 1; i >= 0; i--) {
        int dimension = swapped && i < 2 ? 1 - i : i;
        distance += step * index_coefficient(&access->index[dimension], axis);
        step *= access->tensor->extent[dimension];
        if (access->tensor->layout == LAYOUT_SPACED && i == tensor_row_start(access->tensor))
            step += access->tensor->gap;
    }
    return distance;
}

/* How many rows there are is known late. Inside the batch everything has its place all the same; an axis around it
 * follows the rows of a whole batch only, so that there may be one, which the code for other numbers of rows loops
 * over. */
static bool has_room(const Side *side)
{
    return side->count < 2 || side->axes[side->count - 2]->kind != AXIS_BATCH;
}

static bool is_of(const Side *side, const Axis *axis)
{
    for (int s = 0; s < side->count; s++)
        if (side->axes[s] == axis)
            return true;
    return false;
}

/* The side that starts with axes[first], and all of the others that follow each other in both matrices. */
static Side side_from(Axis *const *axes, int count, int first, const Access *a, const Access *b, bool steps_first)
{
    Side side = { .count = 1, .axes = { axes[first] }, .extent = axes[first]->extent };
    long long of_a = distance_of(a, axes[first], steps_first), of_b = distance_of(b, axes[first], steps_first);
    for (int i = 0; i < count && has_room(&side); i++) {
        if (is_of(&side, axes[i]) || distance_of(a, axes[i], steps_first) != of_a * side.extent ||
            distance_of(b, axes[i], steps_first) != of_b * side.extent)
            continue;
        side.axes[side.count++] = axes[i];
        side.extent *= axes[i]->extent;
        i = -1;
    }
    return side;
}

static Side longest_side(Axis *const *axes, int count, const Access *a, const Access *b, bool steps_first)
{
    Side best = { 0 };
    for (int first = 0; first < count; first++) {
        Side side = side_from(axes, count, first, a, b, steps_first);
        bool upwards = distance_of(a, axes[first], steps_first) > 0 && distance_of(b, axes[first], steps_first) > 0;
        if (upwards && side.extent > best.extent)
            best = side;
    }
    return best;
}

/* Rows or columns are contiguous, and do not overlap. */
static bool matrix_of(const Access *access, const Side *rows, const Side *columns, bool steps_first, Matrix *matrix)
{
    long long of_rows = distance_of(access, rows->axes[0], steps_first),
              of_columns = distance_of(access, columns->axes[0], steps_first);
    *matrix = (Matrix){ .access = access,
                        .transposed = of_columns != 1,
                        .distance = of_columns == 1 ? of_rows : of_columns };
    return matrix->transposed ? of_rows == 1 && of_columns >= rows->extent : of_rows >= columns->extent;
}

/* ---- the form of the statement ---- */

static bool is_affine(const Access *access)
{
    for (int d = 0; d < access->tensor->rank; d++)
        if (access->index[d].gather)
            return false;
    return !access->tensor->integer;
}

static bool has_form(const Statement *statement)
{
    const Expr *value = statement->value;
    if (statement->accumulate != ACCUMULATE_ADD || value->op != OP_MULTIPLY || value->argument[0]->op != OP_LOAD ||
        value->argument[1]->op != OP_LOAD)
        return false;
    const Access *out = &statement->out, *left = &value->argument[0]->access, *right = &value->argument[1]->access;
    return is_affine(out) && is_affine(left) && is_affine(right) && left->tensor != out->tensor &&
           right->tensor != out->tensor;
}

typedef enum Part { PART_ROWS, PART_COLUMNS, PART_TERMS, PART_COUNT } Part;

typedef struct Parts {
    Axis *axes[PART_COUNT][STATEMENT_AXES_MAX];
    int count[PART_COUNT];
} Parts;

/* Rows are those of out and left, columns those of out and right, terms those of left and right. */
static bool divide_axes(const Statement *statement, const Access *left, const Access *right, Parts *parts,
                        Product *product)
{
    for (int a = 0; a < statement->axis_count; a++) {
        Axis *axis = statement->axes[a];
        bool in_out = access_uses(&statement->out, axis), in_left = access_uses(left, axis),
             in_right = access_uses(right, axis);
        if (in_out + in_left + in_right < 2 && axis->extent > 1)
            return false;
        if (in_out + in_left + in_right != 2 || axis->extent == 1) {
            product->loops[product->loop_count++] = axis;
            continue;
        }
        Part part = !in_out ? PART_TERMS : in_left ? PART_ROWS : PART_COLUMNS;
        parts->axes[part][parts->count[part]++] = axis;
    }
    return parts->count[PART_ROWS] && parts->count[PART_COLUMNS] && parts->count[PART_TERMS];
}

static void loop_over_rest(Product *product, const Parts *parts, Part part, const Side *side)
{
    for (int i = 0; i < parts->count[part]; i++) {
        if (is_of(side, parts->axes[part][i]))
            continue;
        product->loops[product->loop_count++] = parts->axes[part][i];
        product->sums_over_loops |= part == PART_TERMS;
    }
}

bool product_of(const Statement *statement, bool steps_first, Product *product)
{
    *product = (Product){ 0 };
    if (!has_form(statement))
        return false;
    Parts parts = { 0 };
    const Access *out = &statement->out, *left = &statement->value->argument[0]->access,
                 *right = &statement->value->argument[1]->access;
    if (!divide_axes(statement, left, right, &parts, product))
        return false;
    Side rows = longest_side(parts.axes[PART_ROWS], parts.count[PART_ROWS], out, left, steps_first);
    Side columns = longest_side(parts.axes[PART_COLUMNS], parts.count[PART_COLUMNS], out, right, steps_first);
    product->terms = longest_side(parts.axes[PART_TERMS], parts.count[PART_TERMS], left, right, steps_first);
    if (!rows.count || !columns.count || !product->terms.count)
        return false;
    loop_over_rest(product, &parts, PART_ROWS, &rows);
    loop_over_rest(product, &parts, PART_COLUMNS, &columns);
    loop_over_rest(product, &parts, PART_TERMS, &product->terms);
    /* the transpose is the product of the transposes */
    bool swapped = distance_of(out, columns.axes[0], steps_first) != 1;
    product->rows = swapped ? columns : rows;
    product->columns = swapped ? rows : columns;
    return matrix_of(out, &product->rows, &product->columns, steps_first, &product->out) && !product->out.transposed
        && matrix_of(swapped ? right : left, &product->rows, &product->terms, steps_first, &product->left)
        && matrix_of(swapped ? left : right, &product->terms, &product->columns, steps_first, &product->right);
}

static bool is_large(const Product *product, const Target *target)
{
    return product->rows.extent >= target->blas_side && product->columns.extent >= target->blas_side &&
           product->terms.extent >= target->blas_terms;
}

bool product_is_large(const Statement *statement, const Target *target, bool *steps_first)
{
    Product as_it_is, copied;
    bool large = product_of(statement, false, &as_it_is) && is_large(&as_it_is, target);
    /* else the result would go through memory once for each of its terms */
    *steps_first = !(large && !as_it_is.sums_over_loops) && product_of(statement, true, &copied) &&
                   is_large(&copied, target) && copied.loop_count < as_it_is.loop_count;
    return large || *steps_first;
}
