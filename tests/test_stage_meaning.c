/* test_stage_meaning.c: programs compute the same before and after stage, for targets with lanes and without: every section twice over,
 * in double, with NaN in everything that is not an argument. */
#include "compiler/oracle/evaluate.h"
#include "runtime/lstmc_random.h"
#include "custom_models.h"
#include "ir_text.h"
#include "oracles.h"
#include "random_model.h"

#include <criterion/criterion.h>
#include <math.h>

enum { CALLS = 2 };

static size_t count_of(const Tensor *tensor)
{
    size_t count = 1;
    for (int d = 0; d < tensor->rank; d++)
        count *= (size_t)tensor->extent[d];
    return count;
}

static void fill(Memory *memory, const Tensor *tensor, uint64_t seed, int vocabulary)
{
    double *values = memory_of(memory, tensor);
    for (size_t i = 0; i < count_of(tensor); i++) {
        int classes = tensor->role == ROLE_INPUT ? vocabulary : 2;
        uint64_t bits = lstmc_random_bits(seed, (uint64_t)tensor->number, 3, i);
        values[i] = tensor->integer ? (double)(bits % (uint64_t)classes)
                  : tensor->role == ROLE_SAMPLE_WEIGHT || tensor->role == ROLE_SCALE ? 1 : (double)(bits >> 11) / (double)(1ULL << 53) - 0.5;
    }
}

static bool is_argument(const Ir *ir, const Tensor *tensor)
{
    switch (tensor->role) {
    case ROLE_INPUT: case ROLE_TARGET: case ROLE_SAMPLE_WEIGHT: case ROLE_SCALE: case ROLE_WEIGHT:
        return true;
    default:
        return ir->output && !ir->loss && tensor == ir->output->adjoint;
    }
}

static Memory *begin(const Ir *ir)
{
    Memory *memory = memory_create(ir, false);
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        double *values = memory_of(memory, tensor);
        if (tensor->role == ROLE_WEIGHT)
            fill(memory, tensor, 1, 0);
        for (size_t k = 0; k < count_of(tensor) && tensor->role != ROLE_WEIGHT; k++)
            values[k] = tensor->role == ROLE_GRADIENT ? 0 : NAN;
    }
    evaluate_section(memory, SECTION_RESET, ir->batch);
    evaluate_noise(memory, 7, 3);
    return memory;
}

static void run(const Ir *ir, Memory *memory, int call, int vocabulary)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (is_argument(ir, ir->tensors[i]) && ir->tensors[i]->role != ROLE_WEIGHT)
            fill(memory, ir->tensors[i], (uint64_t)call + 2, vocabulary);
    if (call)
        evaluate_section(memory, SECTION_CARRY, ir->batch);
    evaluate_section(memory, SECTION_FORWARD, ir->batch);
    evaluate_section(memory, SECTION_LOSS, ir->batch);
    evaluate_section(memory, SECTION_BACKWARD, ir->batch);
}

static bool is_written(const Ir *ir, int number)
{
    for (int i = 0; i < ir->statement_count; i++)
        if (ir->statements[i]->out.tensor->number == number)
            return true;
    return false;
}

/* The first tensor that differs, with its worst relative deviation; NULL if none does. Of values that are gone nothing can be said. */
static const char *difference(Arena *arena, const Ir *before, Memory *a, const Ir *after, Memory *b)
{
    for (int i = 0; i < before->tensor_count; i++) {
        const Tensor *tensor = before->tensors[i];
        bool inner = tensor->role == ROLE_VALUE || tensor->role == ROLE_ADJOINT;
        if (inner && !is_written(after, i) && tensor != (before->output ? before->output->adjoint : NULL))
            continue;
        const double *x = memory_of(a, tensor), *y = memory_of(b, after->tensors[i]);
        double largest = 1e-6, worst = 0;
        for (size_t k = 0; k < count_of(tensor); k++) {
            if (isfinite(x[k]))
                largest = fmax(largest, fabs(x[k]));
            bool same = x[k] == y[k] || (isnan(x[k]) && isnan(y[k]));
            double deviation = same ? 0 : fabs(x[k] - y[k]);
            worst = deviation > worst ? deviation : isnan(deviation) ? INFINITY : worst;
        }
        if (!(worst / largest <= EVALUATOR_TOLERANCE))
            return arena_format(arena, "%s.%s deviates by %.3g", tensor->layer, tensor->name, worst / largest);
    }
    return NULL;
}

static const char *disagreement(Arena *arena, const Ir *before, const Ir *after, int vocabulary)
{
    const char *broken = ir_check(after);
    if (broken)
        return broken;
    const char *wrong = NULL;
    Memory *a = begin(before), *b = begin(after);
    for (int call = 0; call < CALLS && !wrong; call++) {
        run(before, a, call, vocabulary);
        run(after, b, call, vocabulary);
        wrong = difference(arena, before, a, after, b);
    }
    memory_free(a);
    memory_free(b);
    return wrong;
}

/* ---- models ---- */

static Ir *differentiated(Arena *arena, Description *description, const LowerOptions *options)
{
    Ir *ir = lower(arena, description, options);
    cr_assert_not_null(ir);
    if (options->training)
        grad(ir);
    return ir;
}

static void expect_same_meaning(const char *text)
{
    static const char *const targets[] = { "plain", "vector" };
    Arena *arena = arena_create();
    Description *description = oracle_read(arena, text);
    const LowerOptions programs[] = {
        { .training = true, .batch = 4, .input_gradient = true }, { .training = true, .batch = 1 }, { .batch = 4 }, { .batch = 1 },
        { .batch = 1, .streaming = true },
    };
    for (int p = 0; p < (lower_no_streaming(arena, description) ? 4 : 5); p++)
        for (int t = 0; t < 2; t++) {
            Ir *before = differentiated(arena, description, &programs[p]), *after = differentiated(arena, description, &programs[p]);
            stage(after, target_find(targets[t]), false);
            const char *wrong = disagreement(arena, before, after, description_model(description)->descriptor.vocabulary);
            cr_expect_null(wrong, "%s\nprogram %d after stage for %s: %s", text, p, targets[t], wrong);
        }
    description_free(description);
    arena_free(arena);
}

Test(stage_meaning, layers_and_stacks)
{
    static const char *const models[] = {
        "Input{5, 3}, LSTM{4}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, LSTM{4, return_sequences = true}, GRU{3, return_sequences = true}, SimpleRNN{2}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, GRU{4, reset_after = false, go_backwards = true, return_sequences = true}, LSTM{2, go_backwards = true}, loss = 'mse'",
        "Input{6}, Embedding{9, 3}, LSTM{4}, Dense{2}, loss = 'mse'",
        "Input{6}, Embedding{9, 3}, Dense{4, activation = 'tanh'}, GRU{2, return_sequences = true}, Dropout{0.3}, Dense{2}, loss = 'mse'",
        "Input{6}, Embedding{9, 3}, Dropout{0.3}, SimpleRNN{4, use_bias = false}, Dense{2}",
        "Input{6}, Embedding{9, 3}, GRU{4, reset_after = false, use_bias = false}, Dense{3, activation = 'softmax'}, loss = 'categorical_crossentropy'",
        "Input{5, 3}, LSTM{4, return_sequences = true, trainable = false}, GRU{3, activation = 'softmax'}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, Dense{4}, LSTM{3, trainable = false}, Dense{2, trainable = false}, loss = 'mae'",
        "Input{7, 3}, LSTM{4, return_sequences = true}, Flatten{}, Dense{2}, loss = 'mse'", NULL };
    for (int i = 0; models[i]; i++)
        expect_same_meaning(models[i]);
}

Test(stage_meaning, layers_of_descriptions)
{
    static const char *const models[] = {
        "Input{7, 3}, Convolution{4, 3}, LSTM{3}, Dense{2}, loss = 'mse'", "Input{7}, Embedding{9, 4}, Convolution{4, 3}, LSTM{3}, loss = 'mse'",
        "Input{5, 3}, Minimal{4, return_sequences = true}, Peephole{3}, loss = 'mse'", "Input{5}, Embedding{7, 3}, Minimal{4}, loss = 'mse'",
        "Input{5}, Embedding{7, 3}, Twin{4, return_sequences = true}, Frozen{3}, Dense{2}, loss = 'mse'",
        "Input{5, 3}, Scaled{}, Idle{3}, loss = 'mse'", "Input{5, 3}, LSTM{4, return_sequences = true}, Attention{}, Dense{2}, loss = 'mse'", NULL };
    for (int i = 0; models[i]; i++) {
        Arena *arena = arena_create();
        expect_same_meaning(custom_description(arena, models[i]));
        arena_free(arena);
    }
}

enum { RANDOM_MODELS = 60 };

Test(stage_meaning, random_models)
{
    for (int i = 0; i < RANDOM_MODELS; i++) {
        Arena *arena = arena_create();
        expect_same_meaning(random_model(arena, (uint64_t)i + 501));
        arena_free(arena);
    }
}

/* ---- random loops: whatever the checker accepts keeps its meaning ---- */

typedef struct Writer {
    Arena *arena;
    uint64_t seed, drawn;
    int turns;
    Out text;
} Writer;

#define say(writer_, ...) put_raw(&(writer_)->text, arena_format((writer_)->arena, __VA_ARGS__))

static int below(Writer *writer, int bound)
{
    return (int)(lstmc_random_bits(writer->seed, 78, 0, writer->drawn++) % (uint64_t)bound);
}

static const char *row(Writer *writer)
{
    static const char *const rows[] = { "t", "t", "t", "t+1", "0", "%d-t", "%d" };
    int which = below(writer, 8);
    return which < 5 ? rows[which] : arena_format(writer->arena, rows[which < 7 ? 5 : 6], which == 5 ? writer->turns - 1 : writer->turns);
}

/* Values a b c d over one row more than the loop has turns, of which some are set before it; sums p q. */
static void put_random_statement(Writer *writer, const char *section, bool reversed)
{
    static const char names[] = "abcdx";
    bool product = below(writer, 2) == 0, sum = below(writer, 3) == 0, add = product || sum || below(writer, 3) == 0;
    say(writer, "%s: ", section);
    if (sum)
        say(writer, "%c[n]", below(writer, 2) ? 'p' : 'q');
    else
        say(writer, "%c[%s,n]", names[below(writer, 4)], row(writer));
    say(writer, add ? " += " : " = ");
    if (!add && below(writer, 3) == 0)
        say(writer, "0 over n");
    else if (product)
        say(writer, "w[k,n]*%c[%s,k] over n k", names[below(writer, 5)], row(writer));
    else
        say(writer, "0.5*%c[%s,n]+0.25*%c[%s,n] over n", names[below(writer, 5)], row(writer), names[below(writer, 5)], row(writer));
    say(writer, " in t%s\n", reversed ? " reversed" : "");
}

static char *random_loop(Arena *arena, uint64_t seed)
{
    Writer writer = { .arena = arena, .seed = seed };
    const char *section = below(&writer, 2) ? "backward" : "forward";
    bool reversed = below(&writer, 2);
    writer.turns = below(&writer, 2) ? 2 : 5;
    say(&writer, "time t %d\naxis n 3\naxis k 3\naxis u %d\ninput x u n\noutput y n\nweight w 3 n\nvalue p n\nvalue q n\n"
                          "value a t+1 n\nvalue b t+1 n\nvalue c t+1 n\nvalue d t+1 n\n", writer.turns, writer.turns + 1);
    say(&writer, "%s: p[n] = 0 over n\n%s: q[n] = 0 over n\n", section, section);
    bool set[4];
    for (int i = 0; i < 4; i++)
        if ((set[i] = below(&writer, 3)))
            say(&writer, "%s: %c[u,n] = x[u,n] over u n\n", section, "abcd"[i]);
    for (int i = 0, count = 2 + below(&writer, 5); i < count; i++)
        put_random_statement(&writer, section, reversed);
    say(&writer, "%s: y[n] = p[n]+q[n] over n\n", section);
    for (int i = 0; i < 4; i++)
        if (set[i] || below(&writer, 2))
            say(&writer, "%s: y[n] += %c[%s\n", section, "abcd"[i], set[i] ? "u,n] over n u" : "t,n] over n t");
    char *copy = arena_copy_text(arena, writer.text.text);
    out_free(&writer.text);
    return copy;
}

static int count_in_loops(const Ir *ir)
{
    int count = 0;
    for (int i = 0; i < ir->statement_count; i++)
        count += ir->statements[i]->loop != NULL;
    return count;
}

enum { RANDOM_LOOPS = 20000 };

Test(stage_meaning, random_loops)
{
    int accepted = 0, moved = 0;
    for (int i = 0; i < RANDOM_LOOPS; i++) {
        Arena *arena = arena_create();
        const char *text = random_loop(arena, (uint64_t)i + 1);
        Ir *before = ir_from_text(arena, text), *after = ir_from_text(arena, text);
        if (!ir_check(before)) {
            stage(after, target_find("vector"), false);
            const char *wrong = disagreement(arena, before, after, 1);
            cr_expect_null(wrong, "%s%s", text, wrong);
            accepted++;
            moved += count_in_loops(after) < count_in_loops(before);
        }
        arena_free(arena);
    }
    cr_expect(accepted > 1000 && moved > 500, "%d of %d loops accepted, %d changed", accepted, RANDOM_LOOPS, moved);
}
