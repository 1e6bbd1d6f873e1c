/* test_blas.c: --blas: which statements are products of matrices, which of them BLAS gets, and that models with such calls compute the same. Thresholds
 * are rows of the target, so that tests with small ones see every kind of call in small models. */
#include "command.h"
#include "ir_text.h"
#include "oracles.h"
#include "toolchain.h"

#include "compiler/oracle/comparison.h"
#include "compiler/session/load.h"
#include "compiler/passes/product.h"
#include "cached_compiler.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 120

/* ---- what a statement is ---- */

static const char *matrix_text(Arena *arena, const Matrix *matrix)
{
    return arena_format(arena, "%s%s/%lld", matrix->access->tensor->name, matrix->transposed ? "'" : "", matrix->distance);
}

/* "6 5 4: c/5 = a/4 b'/4 over g": rows, columns, terms; matrices with the distance of their rows, or ' columns; loops. */
static const char *product_text(Arena *arena, const Statement *statement, bool steps_first)
{
    Product p;
    if (!product_of(statement, steps_first, &p))
        return "none";
    const char *text = arena_format(arena, "%d %d %d: %s = %s %s%s", p.rows.extent, p.columns.extent, p.terms.extent, matrix_text(arena, &p.out),
                                    matrix_text(arena, &p.left), matrix_text(arena, &p.right), p.loop_count ? " over" : "");
    for (int i = 0; i < p.loop_count; i++)
        text = arena_format(arena, "%s %s", text, p.loops[i]->name);
    return p.sums_over_loops ? arena_format(arena, "%s, sums", text) : text;
}

static void expect_product(const char *text, bool steps_first, const char *expected)
{
    Arena *arena = arena_create();
    const Ir *ir = ir_from_text(arena, arena_format(arena, "batch b 3\ntime t 4\naxis i 6\naxis j 5\naxis k 7\naxis g 2\naxis n 9\n%s", text));
    const char *found = product_text(arena, ir->statements[ir->statement_count - 1], steps_first);
    cr_expect(!strcmp(found, expected), "%s\n  is %s\n  not %s", text, found, expected);
    arena_free(arena);
}

Test(blas, products_are_told_by_their_indices)
{
    static const struct { const char *text, *expected; } cases[] = {
        { "weight w i k\nweight v k j\nvalue y i j\nforward: y[i,j] += w[i,k] * v[k,j] over i j k", "6 5 7: y/5 = w/7 v/5" },
        { "weight w i k\nweight v k j\nvalue y i j\nforward: y[i,j] += v[k,j] * w[i,k] over k j i", "6 5 7: y/5 = w/7 v/5" },
        { "weight w k i\nweight v k j\nvalue y i j\nforward: y[i,j] += w[k,i] * v[k,j] over i j k", "6 5 7: y/5 = w'/6 v/5" },
        { "weight w i k\nweight v j k\nvalue y i j\nforward: y[i,j] += w[i,k] * v[j,k] over i j k", "6 5 7: y/5 = w/7 v'/7" },
        { "weight w i k\nweight v k j\nvalue y j i\nforward: y[j,i] += w[i,k] * v[k,j] over i j k", "5 6 7: y/6 = v'/5 w'/7" },
        /* gates lie side by side; a gate of several is a view */
        { "weight w k 18\nweight x i k\nvalue y i g n\nforward: y[i,g,n] += w[k,9*g+n] * x[i,k] over i g n k", "6 18 7: y/18 = x/7 w/18" },
        { "weight w k 18\nweight x i k\nvalue y i n\nforward: y[i,n] += w[k,n+9] * x[i,k] over i n k", "6 9 7: y/9 = x/7 w/18" },
        { "weight w k 18\nweight x i k\nvalue y i 2 n\nforward: y[i,1,n] += w[k,n] * x[i,k] over i n k", "6 9 7: y/18 = x/7 w/18" },
        /* rows of all steps are one matrix where both lie in the same order */
        { "weight w k n\nvalue h t+1 b k\nvalue y t b n\nforward: y[t,b,n] += w[k,n] * h[t+1,b,k] over t b n k", "12 9 7: y/9 = h/7 w/9" },
        { "weight w k n\ninput x b t k\nvalue y t b n\nforward: y[t,b,n] += w[k,n] * x[b,t,k] over t b n k", "4 9 7: y/27 = x/7 w/9 over b" },
        { "weight w k n\ninput x b t k\nvalue y t b n\nforward: y[t,b,n] += w[k,n] * x[b,3-t,k] over t b n k", "3 9 7: y/9 = x/28 w/9 over t" },
        { "value d t b n\nvalue h t b k\nvalue y k n\nforward: y[k,n] += d[t,b,n] * h[t,b,k] over t b k n", "7 9 12: y/9 = h'/7 d/9" },
        { "value d t b n\ninput x b t k\nvalue y k n\nforward: y[k,n] += d[t,b,n] * x[b,t,k] over t b k n", "7 9 4: y/9 = x'/7 d/27 over b, sums" },
        { "weight w k n\nvalue h t k\nvalue y t n\nforward: y[t,n] += w[k,n] * h[3-t,k] over t n k", "none" },
        /* a product for each g */
        { "weight w g i k\nweight v g k j\nvalue y g i j\nforward: y[g,i,j] += w[g,i,k] * v[g,k,j] over g i j k", "6 5 7: y/5 = w/7 v/5 over g" },
        /* none: another form, no contiguous side, rows that overlap or run backwards, a repetition, a vector, itself */
        { "weight w i k\nweight v k j\nvalue y i j\nforward: y[i,j] += w[i,k] * v[k,j] * 2 over i j k", "none" },
        { "weight w i k\nweight v k j\nvalue y i j\nforward: y[i,j] += w[i,k] + v[k,j] over i j k", "none" },
        { "weight w i k\nweight v k j\nvalue y i j\nforward: y[i,j] max= w[i,k] * v[k,j] over i j k", "none" },
        { "weight w i k 2\nweight v k j\nvalue y i j\nforward: y[i,j] += w[i,k,1] * v[k,j] over i j k", "none" },
        { "weight w i k\nweight v k j\nvalue y i j 2\nforward: y[i,j,1] += w[i,k] * v[k,j] over i j k", "none" },
        { "weight w 12 k\nweight v g k j\nvalue y i j\nforward: y[i,j] += w[i+g,k] * v[g,k,j] over i g k j", "none" },
        { "weight w i k\nweight v k j\nvalue y i j\nforward: y[i,j] += w[5-i,k] * v[k,j] over i j k", "none" },
        { "weight w i k\nweight v k j\nvalue y i j\nforward: y[i,j] += w[i,k] * v[k,j] over i j k n", "none" },
        { "weight w k\nweight v k j\nvalue y j\nforward: y[j] += w[k] * v[k,j] over j k", "none" },
        { "weight v k k\nvalue y 2 i k\nforward: y[0,i,j] += y[1,i,k] * v[k,j] over i j k", "none" },
        { "ids x b t\nweight w 9 k\nweight v k j\nvalue y t b j\nforward: y[t,b,j] += w[x[b,t],k] * v[k,j] over t b j k", "none" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_product(cases[i].text, false, cases[i].expected);
    expect_product("weight w k n\ninput x b t k\nvalue y t b n\nforward: y[t,b,n] += w[k,n] * x[b,t,k] over t b n k", true, "12 9 7: y/9 = x/7 w/9");
    expect_product("value d t b n\ninput x b t k\nvalue y k n\nforward: y[k,n] += d[t,b,n] * x[b,t,k] over t b k n", true, "7 9 12: y/9 = x'/7 d/9");
}

/* ---- which models call what ---- */

typedef struct Made {
    Arena *arena;
    Description *description;
    Compiled compiled;
} Made;

/* `from`: of rows, columns and terms; 0: the target's own. */
static Made make(const char *text, const char *target_name, int lanes, int from)
{
    Made made = { .arena = arena_create() };
    Diagnostics *diagnostics = diagnostics_create(made.arena);
    Target *target = arena_new(made.arena, Target);
    *target = *target_with_lanes(target_find(target_name), lanes);
    if (from)
        target->blas_side = target->blas_terms = from;
    CompileOptions options = { .target = target, .blas = true };
    made.description = oracle_read(made.arena, text);
    bool good = compile(made.arena, made.description, diagnostics, &options, &made.compiled);
    if (!good)
        diagnostics_print(diagnostics, stderr);
    cr_assert(good, "%s: does not compile", text);
    return made;
}

static void unmake(Made *made)
{
    compiled_free(&made->compiled);
    description_free(made->description);
    arena_free(made->arena);
}

static int count(const char *text, const char *part)
{
    int found = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        found++;
    return found;
}

typedef struct Calls {
    int all, transposed_left, transposed_right, zeroed, batches, copies;
} Calls;

static Calls calls_of(const char *text, const char *target, int lanes, int from)
{
    Made made = make(text, target, lanes, from);
    const char *source = made.compiled.source.text;
    Calls calls = { .all = count(source, "cblas_sgemm("), .transposed_left = count(source, "CblasRowMajor, CblasTrans"),
                    .transposed_right = count(source, "Trans, CblasTrans"), .zeroed = count(source, "    0.0f, &"), .batches = count(source, "+= rows =="),
                    .copies = count(source, "x_by_step[t,b,n] = ") };
    cr_expect((calls.all > 0) == (count(source, "#include <cblas.h>") == 1) && (calls.all > 0) == (count(made.compiled.header.text, "-lopenblas") == 1),
              "%s: %d calls, but what is said in the files is something else", text, calls.all);
    unmake(&made);
    return calls;
}

/* The fewest calls to be seen on any target, with a threshold of 3 and of 5. */
static const struct { const char *text; int all[2]; } models[] = {
    { "Input{6, 5}, LSTM{7, return_sequences = true}, LSTM{8}, Dense{9, activation = \"tanh\"}, Dense{2}, loss = \"mse\"", { 15, 10 } },
    { "Input{6, 5}, LSTM{8, return_sequences = true}, GRU{9, return_sequences = true}, SimpleRNN{4, return_sequences = true}, Dense{7}, loss = \"mse\"",
      { 20, 11 } },
    { "Input{6, 4}, GRU{5, reset_after = false, go_backwards = true, return_sequences = true}, Dense{6, activation = \"relu\"}, Dense{5}, loss = \"mae\"",
      { 15, 6 } },
    { "Input{6}, Embedding{9, 5}, LSTM{6, return_sequences = true}, Dropout{0.3}, Dense{8, activation = \"softmax\"}, "
      "loss = \"sparse_categorical_crossentropy\"", { 8, 6 } },
    { "Input{9}, Dense{10, activation = \"tanh\"}, Dense{11, trainable = false}, Dense{12}, loss = \"mse\"", { 8, 0 } },
    { "Input{7, 5}, SimpleRNN{6, trainable = false}, RepeatVector{4}, GRU{5, return_sequences = true}, Dense{3}, loss = \"mse\", batch_size = 6, shards = 1",
      { 10, 8 } },
    { "Input{8, 4}, LSTM{4, return_sequences = true}, Dense{4}, Flatten{}, Dense{3}, loss = \"mse\", batch_size = 1", { 5, 0 } },
    /* the input has to be copied: it has few steps, and few rows */
    { "Input{3, 7}, LSTM{8, return_sequences = true}, LSTM{8}, Dense{32, activation = \"tanh\"}, Dense{64}, loss = \"mse\", batch_size = 4, shards = 1",
      { 15, 6 } },
    { "Input{2, 6}, GRU{32}, Dense{32}, loss = \"mse\", batch_size = 4, shards = 1", { 6, 2 } },
    /* rows of a multiple of 32 floats have gaps */
    { "Input{4, 32}, Dense{8}, Dropout{0.25}, Dense{32, activation = \"tanh\"}, SimpleRNN{8, return_sequences = true}, loss = \"mse\", batch_size = 3, shards = 1",
      { 8, 6 } },
};
#define MODELS (sizeof models / sizeof *models)

static const int thresholds[] = { 3, 5 };

Test(blas, models_call_it)
{
    Calls seen = { 0 };
    for (size_t i = 0; i < MODELS; i++)
        for (int threshold = 0; threshold < 2; threshold++)
            for (int lanes = 1; lanes <= 16; lanes *= 4) {
                Calls calls = calls_of(models[i].text, lanes == 1 ? "plain" : "vector", lanes, thresholds[threshold]);
                cr_expect(calls.all >= models[i].all[threshold], "%s, %d lanes, from %d: %d calls of BLAS, not %d", models[i].text, lanes, thresholds[threshold],
                          calls.all, models[i].all[threshold]);
                seen.transposed_left += calls.transposed_left;
                seen.transposed_right += calls.transposed_right;
                seen.zeroed += calls.zeroed;
                seen.batches += calls.batches;
                seen.copies += calls.copies;
            }
    cr_expect(seen.transposed_left > 20 && seen.transposed_right > 20 && seen.zeroed > 20 && seen.batches > 20 && seen.copies > 5,
              "%d and %d transposed, %d from zero, %d over whole batches, %d copies of the input", seen.transposed_left, seen.transposed_right, seen.zeroed,
              seen.batches, seen.copies);
}

/* A copy would not help: the steps are read from the last to the first. */
Test(blas, no_copy_in_vain)
{
    cr_expect(calls_of(models[2].text, "vector", 8, 3).copies == 0);
    cr_expect(calls_of(models[7].text, "vector", 8, 5).copies == 2);
}

Test(blas, small_models_agree)
{
    for (size_t i = 0; i < MODELS; i++)
        for (int threshold = 0; threshold < 2; threshold++) {
            const Oracles oracles = { .no_differences = true, .targets = ORACLE_PLAIN | ORACLE_VECTOR_4 | ORACLE_VECTOR_8, .blas_from = thresholds[threshold] };
            expect_agreement_with(models[i].text, &oracles);
        }
}

/* The statements after the pass, by their marks: "*" BLAS, "0" a zero that goes with it, "." anything else. */
static void expect_marks(const char *text, bool left, const char *expected)
{
    static Loop loop;
    Arena *arena = arena_create();
    Ir *ir = ir_from_text(arena, arena_format(arena, "batch b 3\ntime t 4\naxis i 6\naxis j 5\naxis k 7\naxis g 2\n%s", text));
    Target target = *target_find("vector");
    char marks[16] = { 0 };
    target.blas_side = target.blas_terms = 3;
    ir->output = ir->tensors[0];
    for (int i = 0; i < ir->statement_count; i++)
        ir->statements[i]->left = left ? &loop : NULL;
    blas(ir, &target);
    for (int i = 0; i < ir->statement_count; i++)
        marks[i] = !ir->statements[i]->blas ? '.' : ir->statements[i]->accumulate == ACCUMULATE_SET ? '0' : '*';
    cr_expect(!strcmp(marks, expected), "%s\n  is %s, not %s", text, marks, expected);
    arena_free(arena);
}

#define SQUARE "weight w i k\nweight v k j\nvalue y i j\nvalue s i\nvalue u i j\n"
#define PRODUCT "forward: y[i,j] += w[i,k] * v[k,j] over i j k\n"

Test(blas, zeros_that_go_with_a_sum)
{
    expect_marks(SQUARE "forward: y[i,j] = 0 over i j\n" PRODUCT, false, "0*");
    expect_marks(SQUARE "forward: y[i,j] = 1 over i j\n" PRODUCT, false, ".*");
    expect_marks(SQUARE "forward: y[i,j] = 0 over i j\nforward: s[i] = 0 over i\n" PRODUCT, false, "..*");
    expect_marks("weight w i k\nweight v k j\nvalue y 8 j\nforward: y[j+1,i] = 0 over i j\nforward: y[i,j] += w[i,k] * v[k,j] over i j k", false, ".*");
    expect_marks("weight w i k\nweight v k j\nvalue y 7 j\nforward: y[i+1,j] = 0 over i j\nforward: y[i,j] += w[i,k] * v[k,j] over i j k", false, ".*");
    /* a sum over several calls starts from what the one before has left */
    expect_marks("value d t b j\nvalue x b t k\nvalue y k j\nforward: y[k,j] = 0 over k j\nforward: y[k,j] += d[t,b,j] * x[b,t,k] over t b k j", false, ".*");
}

Test(blas, calls_step_behind_what_does_not_need_them)
{
    expect_marks(SQUARE PRODUCT "forward: s[i] += w[i,k] over i k", true, ".*");
    expect_marks(SQUARE "forward: y[i,j] = 0 over i j\n" PRODUCT "forward: s[i] += w[i,k] over i k", true, ".0*");
    expect_marks(SQUARE PRODUCT "forward: s[i] += w[i,k] over i k", false, "*.");
    expect_marks(SQUARE PRODUCT "forward: s[i] += y[i,j] over i j", true, "*.");
    expect_marks(SQUARE PRODUCT "forward: y[i,j] += 1 over i j", true, "*.");
    expect_marks("weight v k j\nvalue w i k\nvalue y i j\n" PRODUCT "forward: w[i,k] = 0 over i k", true, "*.");
}

/* What leaves a loop of the plain target is a call, or what it starts from. */
Test(blas, plain_loops_keep_everything_else)
{
    int left = 0;
    for (size_t m = 0; m < MODELS; m++) {
        Made made = make(models[m].text, "plain", 1, 5);
        const Ir *ir = made.compiled.programs.training;
        for (int i = 0; i < ir->statement_count; i++) {
            const Statement *statement = ir->statements[i];
            bool called = false;
            for (int j = 0; j < ir->statement_count; j++)
                called |= ir->statements[j]->blas && ir->statements[j]->left && ir->statements[j]->out.tensor == statement->out.tensor;
            cr_expect(!statement->left || called, "%s: %s has left its loop", models[m].text, statement_text(made.arena, statement));
            left += statement->left != NULL;
        }
        unmake(&made);
    }
    cr_expect(left > 10, "%d statements left a loop", left);
}

/* Sums that are no calls are cut in pieces as they are without BLAS. */
Test(blas, tiles_follow_the_pieces_of_their_loop)
{
    Made made = make("Input{70, 3}, LSTM{8}, Dense{2}, loss = \"mse\"", "vector", 8, 8);
    const Ir *ir = made.compiled.programs.training;
    int followers = 0, calls = 0;
    for (int i = 0; i < ir->statement_count; i++) {
        followers += ir->statements[i]->tile && ir->statements[i]->tile->follows;
        calls += ir->statements[i]->blas && ir->statements[i]->section == SECTION_BACKWARD;
    }
    cr_expect(followers >= 2 && calls >= 1, "%d statements follow, %d calls backward", followers, calls);
    unmake(&made);
}

/* ---- at the true threshold ---- */

#define AT(m, k, n) "Input{" #k "}, Dense{" #n ", activation = \"tanh\"}, Dense{3}, loss = \"mse\", batch_size = " #m ", shards = 1"
#define RECURRENT "Input{2, 256}, GRU{256, return_sequences = true}, Dense{768}, Dense{2}, loss = \"mse\", batch_size = 768, shards = 1"

Test(blas, the_threshold_is_that_of_the_target)
{
    static const struct { const char *text; int calls; } cases[] = {
        { AT(768, 256, 768), 2 }, { AT(767, 256, 768), 0 }, { AT(768, 255, 768), 0 }, { AT(768, 256, 767), 0 },    /* forward and predict_batch */
        { AT(768, 768, 768), 3 }, { AT(256, 768, 768), 1 }, { AT(255, 768, 768), 0 },                              /* the gradient of the kernel */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int lanes = 1; lanes <= 8; lanes *= 8) {
            Calls calls = calls_of(cases[i].text, lanes == 1 ? "plain" : "vector", lanes, 0);
            cr_expect(calls.all == cases[i].calls, "%s, %d lanes: %d calls, not %d", cases[i].text, lanes, calls.all, cases[i].calls);
        }
}

static void compare_with(const Made *made, const char *compiler, const char *flags, int lanes, int rows)
{
    Diagnostics *diagnostics = diagnostics_create(made->arena);
    Comparison comparison = { .lanes = lanes, .blas = true };
    Loaded loaded;
    use_cached_compiler(compiler);
    setenv("CFLAGS", arena_format(made->arena, "%s " GENERATED_WARNINGS_AS_ERRORS, flags), 1);
    bool good = load(made->arena, diagnostics, &made->compiled, LOAD_TO_CHECK, &loaded);
    if (!good)
        diagnostics_print(diagnostics, stderr);
    cr_assert(good, "%s failed, %d lanes", compiler, lanes);
    const char *why = compare_generated(made->arena, made->description, loaded.model, rows, 3, &comparison);
    cr_expect(!why && comparison.count >= 8, "%s: %d numbers compared", why ? why : "too little", comparison.count);
    for (int i = 0; i < comparison.count; i++)
        cr_expect(comparison.list[i].value <= comparison.list[i].allowed, "%s, %d lanes, %d rows: %s deviates by %g",
                  compiler, lanes, rows,
                  comparison.list[i].name, comparison.list[i].value);
    loaded_free(&loaded);
}

static void compare(const Made *made, const char *compiler, int lanes, int rows)
{
    compare_with(made, compiler, "-O1 -march=native", lanes, rows);
}

Test(blas, large_models_agree)
{
    static const char *const compilers[] = { "gcc", "clang" };
    for (int c = 0; c < 2; c++)
        for (int lanes = 1; lanes <= 8; lanes *= 8) {
            Made made = make(c ? AT(768, 768, 768) : RECURRENT, lanes == 1 ? "plain" : "vector", lanes, 0);
            cr_expect(count(made.compiled.source.text, "cblas_sgemm(") >= 3);
            compare(&made, compilers[c], lanes, 768);
            compare(&made, compilers[c], lanes, 5);
            unmake(&made);
        }
}

/* What chooses a body at run time calls BLAS in each of them, and the header names no flag that would take the choice away. */
Test(blas, with_dispatch)
{
    for (int c = 0; c < 2; c++) {
        Made made = { .arena = arena_create() };
        Target target = *target_with_lanes(target_find("vector"), 16);
        target.blas_side = target.blas_terms = 3;
        CompileOptions options = { .target = &target, .blas = true, .dispatch = true };
        made.description = oracle_read(made.arena, models[0].text);
        cr_assert(compile(made.arena, made.description, diagnostics_create(made.arena), &options, &made.compiled));
        cr_expect(count(made.compiled.source.text, "#include <cblas.h>") == 1 && count(made.compiled.source.text, "cblas_sgemm(") >= 10);
        cr_expect(count(made.compiled.header.text, "-lopenblas") == 1 && !strstr(made.compiled.header.text, "-march=native"));
        for (int widest = 4; widest <= 16; widest *= 2)
            compare_with(&made, c ? "clang" : "gcc", arena_format(made.arena, "-O1 -DBATTERY_VEC_MAX=%d", widest), 16, 4);
        unmake(&made);
    }
}

/* In this process, where shards are for threads; unless somebody has said otherwise. */
Test(blas, a_loaded_model_keeps_it_to_one_thread)
{
    void (*set)(int);
    int (*get)(void);
    void *library = dlopen("libopenblas.so.0", RTLD_NOW);
    cr_assert_not_null(library);
    *(void **)&set = dlsym(library, "openblas_set_num_threads");
    *(void **)&get = dlsym(library, "openblas_get_num_threads");
    cr_assert(set && get);
    for (int said = 0; said < 2; said++) {
        Made made = make(models[4].text, "plain", 1, 3);
        Loaded loaded;
        unsetenv("OPENBLAS_NUM_THREADS");
        if (said)
            setenv("OPENBLAS_NUM_THREADS", "2", 1);
        set(2);
        cr_assert(load(made.arena, diagnostics_create(made.arena), &made.compiled, LOAD_TO_CHECK, &loaded));
        cr_expect(get() == 1 + said, "%d threads", get());
        loaded_free(&loaded);
        unmake(&made);
    }
}

/* ---- the generated files ---- */

Test(blas, files_are_clean_for_both_compilers_and_the_header_for_cpp)
{
    struct workshop shop;
    workshop_open(&shop);
    for (int lanes = 1; lanes <= 8; lanes *= 8) {
        Target target = *target_with_lanes(target_find(lanes == 1 ? "plain" : "vector"), lanes);
        target.blas_side = target.blas_terms = 3;
        workshop_model(&shop, "m", models[0].text, &(CompileOptions){ .target = &target, .blas = true });
        for (int c = 0; c < 2; c++)
            workshop_run(&shop, "%s -std=%s -O1 -c m.c -o m.o $(pkg-config --cflags openblas) " GENERATED_WARNINGS_AS_ERRORS, c ? "clang" : "gcc",
                         lanes == 1 ? "c11" : "gnu11");
        workshop_run(&shop, "echo '#include \"m.h\"' > m.cpp; for c in g++ 'clang -x c++'; do "
                            "$c -std=c++17 -fsyntax-only m.cpp " GENERATED_WARNINGS_AS_ERRORS " || exit 1; done");
        workshop_run(&shop, "printf '#include \"m.h\"\\nint main(void) { return m_model.batch != 4; }\\n' > main.c; "
                            "cc main.c m.o $(pkg-config --libs openblas) -lm -o main && ./main");
    }
    workshop_close(&shop);
}

/* ---- the command ---- */

#define LARGE \
    "local function draw(random)\n  local x = {}\n  for i = 1, 256 do x[i] = random() end\n  return x, { x[1] }\nend\n" \
    "return Sequential{ Input{256}, Dense{arg.units or 768, activation = \"tanh\"}, Dense{1}, loss = \"mse\",\n" \
    "  data = samples{draw, samples = 1536}, batch_size = 1536, shards = 2, epochs = 2 }\n"

static char *folder;

static void set_up(void)
{
    folder = command_folder();
    command_write(folder, "m.lua", LARGE, (long)strlen(LARGE));
}

static void tear_down(void)
{
    command_folder_remove(folder);
}

/* `output` and `errors`: parts of what is printed; NULL: nothing is. */
static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, SECONDS, line, status, output, errors);
}

Test(blas, words, .init = set_up, .fini = tear_down)
{
    expect("$L m.lua --blas=yes", 2, NULL, "--blas takes no value");
    expect("$L train m.lua --blas --interpreted", 2, NULL, "--blas does not go with --interpreted");
    expect("$L m.lua --blas", 0, "1 product by BLAS", NULL);
    expect("$L m.lua --blas --dump=blas", 0, "by BLAS", NULL);
    static const char note[] = "m.lua: --blas changes nothing: no product of matrices has 768 rows, 768 columns and sums of 256 terms, with 768 rows a tape\n";
    expect("$L m.lua units=767", 0, "m.c", NULL);
    expect("mkdir with && $L m.lua units=767 --blas -o with", 0, "m.c", note);
    expect("cmp m.c with/m.c && cmp m.h with/m.h", 0, NULL, NULL);
    expect("$L summary m.lua units=767 --blas", 0, "memory", note);
    expect("$L check m.lua units=767 --blas --quiet", 0, "all within tolerance", note);
    expect("$L train m.lua units=767 --blas --quiet --epochs=1", 0, "weights", note);
    expect("$L tune m.lua --batch=8 --blas --quiet --seconds=1", 0, "m.tune.lua", "with 8 rows a tape");
    expect("$L check m.lua --blas", 0, "768 of 768 rows", NULL);
    expect("$L check m.lua --blas --target=vector --quiet", 0, "all within tolerance", NULL);
}

Test(blas, threads_leave_the_bits_alone, .init = set_up, .fini = tear_down)
{
    expect("for n in 1 2; do OPENBLAS_NUM_THREADS= $L train m.lua --blas --target=vector --threads=$n --quiet --out $n.safetensors || exit 1; done", 0, "loss", NULL);
    expect("cmp 1.safetensors 2.safetensors", 0, NULL, NULL);
}

/* Compilers and pkg-config of the test's own say what is missing, and what they were asked. */
Test(blas, a_missing_library_is_a_clear_message, .init = set_up, .fini = tear_down)
{
    static const char compiler[] = "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho \"$@\" >asked\n"
                                   "echo 'm.c:7:10: fatal error: cblas.h: No such file or directory' >&2\nexit 1\n";
    static const char pkg_config[] = "#!/bin/sh\n[ \"$*\" = '--cflags --libs openblas' ] && echo -I/somewhere -lopenblas_of_this_test\n";
    static const char message[] = "m.lua: cblas.h or libopenblas is missing: install OpenBLAS (Debian: libopenblas-dev), or leave out --blas";
    command_write(folder, "compiler", compiler, (long)strlen(compiler));
    command_write(folder, "pkg-config", pkg_config, (long)strlen(pkg_config));
    expect("chmod +x compiler pkg-config", 0, NULL, NULL);
    expect("CC=./compiler PATH=$PWD:$PATH $L check m.lua --blas", 1, NULL, message);
    expect("grep -c -e '-I/somewhere -lopenblas_of_this_test -lm' asked", 0, "1", NULL);
    expect("PATH=$PWD:$PATH $L train m.lua --blas", 1, NULL, message);
    expect("echo 'exit 1' > pkg-config; CC=./compiler PATH=$PWD:$PATH $L check m.lua --blas; grep -c -e ' -lopenblas -lm' asked", 0, "1", message);
    expect("CC=./compiler $L check m.lua units=5 --blas", 1, NULL, "failed on the generated code");
}
