/* emit_product.c: one product of matrices as a call of BLAS, in loops over what is no part of the matrices. The rows of
 * the steps of a whole batch follow each other as if they were one batch; with fewer rows than that, each step is a
 * call of its own. */
#include "emit.h"
#include "compiler/passes/product.h"

typedef struct Steps {          /* the axis that lies around the batch in one side of the product */
    const Side *side;           /* NULL: there is none */
    const Axis *axis;
    int batch;
} Steps;

static Steps steps_of(const Product *product)
{
    const Side *const sides[] = { &product->rows, &product->columns, &product->terms };
    for (int s = 0; s < 3; s++)
        for (int i = 0; i + 1 < sides[s]->count; i++)
            if (sides[s]->axes[i]->kind == AXIS_BATCH)
                return (Steps){ .side = sides[s], .axis = sides[s]->axes[i + 1], .batch = sides[s]->axes[i]->extent };
    return (Steps){ 0 };
}

/* "768", "rows", "4 * rows", "rows == 64 ? 1024 : rows" */
static const char *extent_text(Arena *arena, const Side *side, const Steps *steps)
{
    int inner = 1;
    bool batch = false;
    for (int i = 0; i < side->count && !batch; i++) {
        batch = side->axes[i]->kind == AXIS_BATCH;
        inner *= batch ? 1 : side->axes[i]->extent;
    }
    if (!batch)
        return arena_format(arena, "%d", side->extent);
    const char *some = inner == 1 ? "rows" : arena_format(arena, "%d * rows", inner);
    return side == steps->side ? arena_format(arena, "rows == %d ? %d : %s", steps->batch, side->extent, some) : some;
}

static void bind(Nest *nest, const Axis *axis, const char *name)
{
    nest->bindings[nest->binding_count++] = (Binding){ .axis = axis, .name = name };
}

static void bind_to_start(Nest *nest, const Side *side, const Steps *steps)
{
    for (int i = 0; i < side->count; i++)
        if (side->axes[i] != steps->axis)
            bind(nest, side->axes[i], NULL);
}

static void open_loop(Out *out, Nest *nest, const Axis *axis, const char *end, const char *step)
{
    const char *name = axis_name(nest->kernel->names, axis);
    put(out, "for (int %s = 0; %s < %s; %s%s) {", name, name, end, name, step);
    bind(nest, axis, name);
}

/* The loops that stay open are counted. */
static int open_loops(Out *out, Nest *nest, const Product *product, const Steps *steps)
{
    Arena *arena = nest->arena;
    int open = 0;
    for (int i = 0; i < product->loop_count; i++) {
        const Axis *axis = product->loops[i];
        if (axis->extent == 1) {
            bind(nest, axis, NULL);
            continue;
        }
        open_loop(out, nest, axis, kernel_extent(nest->kernel, axis), "++");
        open++;
    }
    if (steps->axis) {
        open_loop(out, nest, steps->axis, kernel_extent(nest->kernel, steps->axis),
                  arena_format(arena, " += rows == %d ? %d : 1", steps->batch, steps->axis->extent));
        open++;
    }
    return open;
}

static const char *matrix_text(Nest *nest, const Matrix *matrix)
{
    return arena_format(nest->arena, "&%s, %lld", access_text(nest, matrix->access), matrix->distance);
}

void emit_product(Out *out, const Kernel *kernel)
{
    Arena *arena = kernel->arena;
    Nest nest = nest_of(kernel);
    const Statement *statement = nest.statement;
    Product product;
    if (!product_of(statement, false, &product))
        die("what BLAS should multiply is no product: %s", statement_text(arena, statement));
    Steps steps = steps_of(&product);
    bind_to_start(&nest, &product.rows, &steps);
    bind_to_start(&nest, &product.columns, &steps);
    bind_to_start(&nest, &product.terms, &steps);
    emit_statement_comments(out, kernel);
    int open = open_loops(out, &nest, &product, &steps);
    static const char *const transposed[] = { [false] = "CblasNoTrans", [true] = "CblasTrans" };
    put(out, "cblas_sgemm(CblasRowMajor, %s, %s,", transposed[product.left.transposed],
        transposed[product.right.transposed]);
    out->depth++;
    emit_line(out, arena,
              arena_format(arena, "%s, %s, %s, 1.0f,", extent_text(arena, &product.rows, &steps),
                           extent_text(arena, &product.columns, &steps), extent_text(arena, &product.terms, &steps)));
    emit_line(out, arena,
              arena_format(arena, "%s, %s,", matrix_text(&nest, &product.left), matrix_text(&nest, &product.right)));
    emit_line(out, arena,
              arena_format(arena, "%s, %s);", kernel->count > 1 ? "0.0f" : "1.0f", matrix_text(&nest, &product.out)));
    out->depth--;
    for (; open > 0; open--)
        put(out, "}");
}
