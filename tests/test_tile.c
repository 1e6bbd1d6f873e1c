/* test_tile.c: which statements run as one nest over vectors: all of a cell at once, nothing that recurs in plain loops, weights in the order in
 * which they are read. That tiles mean what their statements mean is seen in the oracles; here, that this would be seen if they did not. */
#include "compiler/ir/axes.h"
#include "compiler/compile.h"
#include "compiler/oracle/evaluate.h"
#include "compiler/passes/lanes.h"
#include "compiler/passes/passes.h"
#include "runtime/lstmc_random.h"
#include "ir_text.h"
#include "oracles.h"
#include "tile_order.h"

#include <criterion/criterion.h>
#include <math.h>

static const char mgu[] =
    "local MGU = recurrent 'MGU' {\n"
    "  arguments = { { 'units', 'size' } }, state = { 'h' },\n"
    "  weights = function(a, x)\n"
    "    return { kernel = weight({ x.features, 2 * a.units }, 'glorot_uniform'), recurrent_kernel = weight({ a.units, 2 * a.units }, 'orthogonal'),\n"
    "             bias = weight({ 2 * a.units }, 'ones') }\n"
    "  end,\n"
    "  step = function(a, w, x, s)\n"
    "    local p_f, p_h = gates(affine(x, w.kernel, w.bias), 2)\n"
    "    local U_f, U_h = gates(w.recurrent_kernel, 2)\n"
    "    local f = sigmoid(p_f + affine(s.h, U_f))\n"
    "    return { h = (1 - f) * s.h + f * tanh(p_h + affine(f * s.h, U_h)) }\n"
    "  end }\n"
    "return Sequential{ name = 'cell', batch_size = 5, shards = 1, Input{6, 7}, MGU{13}, Dense{9, activation = 'tanh'}, loss = 'mse' }";

static const char convolution[] =
    "local Conv = layer 'Conv' {\n"
    "  arguments = { { 'filters', 'size' } }, over = 'sample', input = 'sequence',\n"
    "  shape = function(a, x) return { x.timesteps - 2, a.filters } end,\n"
    "  weights = function(a, x) return { kernel = weight({ 3, x.features, a.filters }, 'glorot_uniform'), bias = weight({ a.filters }, 'ones') } end,\n"
    "  call = function(a, w, x)\n"
    "    local t, k, c, f = axes 't k c f'\n"
    "    local z = tensor{ x.timesteps - 2, a.filters }\n"
    "    z[{ t, f }] = w.kernel[{ k, c, f }] * x[{ t + k, c }] + w.bias[{ f }]\n"
    "    return tanh(z)\n"
    "  end }\n"
    "return Sequential{ name = 'cell', batch_size = 5, shards = 1, Input{14, 7}, Conv{10}, Dense{9, activation = 'tanh'}, loss = 'mse' }";

typedef struct Build {              /* one description through all passes */
    Arena *arena;
    Description *description;
    Compiled compiled;
} Build;

static Build compile_vector(const char *text, int lanes)
{
    Build all = { .arena = arena_create() };
    Diagnostics *diagnostics = diagnostics_create(all.arena);
    CompileOptions options = { .target = target_with_lanes(target_find("vector"), lanes) };
    all.description = oracle_read(all.arena, text);
    cr_assert(compile(all.arena, all.description, diagnostics, &options, &all.compiled), "%s", text);
    return all;
}

static void release(Build *all)
{
    compiled_free(&all->compiled);
    description_free(all->description);
    arena_free(all->arena);
}

static const Tensor *find(const Ir *ir, const char *layer, const char *name)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (!strcmp(ir->tensors[i]->layer, layer) && !strcmp(ir->tensors[i]->name, name) && ir->tensors[i]->role != ROLE_WEIGHT)
            return ir->tensors[i];
    cr_assert_fail("no %s.%s", layer, name);
    return NULL;
}

/* ---- structure ---- */

/* Tiles in the time loops of forward, all statements of which are in one. */
static int tiles_in_loops(const Ir *ir)
{
    const Tile *before = NULL;
    int count = 0;
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        if (!statement->loop || statement->section != SECTION_FORWARD)
            continue;
        cr_expect(statement->tile, "a plain nest: %s", statement_text(ir->arena, statement));
        count += statement->tile != before;
        before = statement->tile;
    }
    return count;
}

static int plain_nests(const Ir *ir)
{
    int count = 0;
    for (int i = 0; i < ir->statement_count; i++)
        count += !ir->statements[i]->tile && ir->statements[i]->section == SECTION_FORWARD && ir->statements[i]->time != TIME_PREPARE;
    return count;
}

static void expect_tiles(const char *text, int tiles)
{
    static const int lanes[] = { 4, 8, 16 };
    for (size_t i = 0; i < sizeof lanes / sizeof *lanes; i++) {
        Build all = compile_vector(text, lanes[i]);
        const Programs *programs = &all.compiled.programs;
        const Ir *const kinds[] = { programs->batch, programs->single, programs->step, programs->training };
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            if (!kinds[k])
                continue;
            int found = tiles_in_loops(kinds[k]);
            cr_expect(kinds[k] == programs->step ? found == 0 || found == tiles : found == tiles, "%s\n%d lanes, program %zu: %d tiles in its loops, not %d", text,
                      lanes[i], k, found, tiles);
            cr_expect(plain_nests(kinds[k]) == 0, "%s\n%d lanes, program %zu: %d plain nests", text, lanes[i], k, plain_nests(kinds[k]));
        }
        release(&all);
    }
}

Test(tile, a_cell_is_one_tile_from_bias_to_state)
{
    expect_tiles("Input{6, 7}, LSTM{13}, Dense{9, activation = 'tanh'}", 1);
    expect_tiles("Input{6, 7}, GRU{13}, Dense{9, activation = 'tanh'}", 1);
    expect_tiles("Input{6, 7}, SimpleRNN{10}, Dense{9, activation = 'tanh'}", 1);
}

/* What was written at all points is read at each: a tile has to end before. */
Test(tile, a_product_with_what_was_just_made_starts_another)
{
    expect_tiles(mgu, 2);
}

Test(tile, feed_forward_layers_leave_no_plain_nest)
{
    expect_tiles("Input{9}, Dense{11, activation = 'tanh'}, Dense{5}", 0);
    expect_tiles(convolution, 0);
}

Test(tile, gates_stay_in_registers)
{
    static const char *const names[] = { "z", "i", "f", "g", "o", "tanh_c" };
    Build all = compile_vector("Input{6, 7}, LSTM{13}, Dense{9, activation = 'tanh'}", 8);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_eq(find(all.compiled.programs.batch, "lstm", names[i])->home, HOME_REGISTER, "lstm.%s", names[i]);
    cr_expect_eq(find(all.compiled.programs.batch, "lstm", "h")->home, HOME_SCRATCH);
    cr_expect_eq(find(all.compiled.programs.training, "lstm", "i")->home, HOME_TAPE, "backward reads it");
    release(&all);
}

/* [units / lanes][summed][gate][lanes]: one stream. */
Test(tile, weights_lie_in_the_order_in_which_they_are_read)
{
    Build all = compile_vector("Input{6, 7}, LSTM{13}, Dense{9, activation = 'tanh'}", 8);
    const Tensor *kernel = find(all.compiled.programs.batch, "lstm", "kernel");
    const Tensor *recurrent = find(all.compiled.programs.batch, "lstm", "recurrent_kernel");
    const Tensor *const both[] = { kernel, recurrent };
    for (int i = 0; i < 2; i++) {
        const Tensor *tensor = both[i];
        cr_expect(tensor->home == HOME_PREPARED && tensor->layout == LAYOUT_BLOCKED && tensor->lanes == 8, "%s", tensor->name);
        cr_expect(tensor->rank == 3 && tensor->extent[0] == (i ? 13 : 7) && tensor->extent[1] == 4 && tensor->extent[2] == 13, "%s", tensor->name);
    }
    release(&all);
}

static const Tile *tile_of(const Ir *ir, const char *layer, const char *name)
{
    const Tensor *tensor = find(ir, layer, name);
    for (int i = 0; i < ir->statement_count; i++)
        if (ir->statements[i]->out.tensor == tensor && ir->statements[i]->tile)
            return ir->statements[i]->tile;
    cr_assert_fail("no tile of %s.%s", layer, name);
    return NULL;
}

/* One row after the other through weights of 17 KB a vector; several rows at once use each weight while it is there. */
Test(tile, weights_beyond_the_first_cache_are_taken_back_and_forth)
{
    Build all = compile_vector("Input{6, 7}, LSTM{133}, Dense{9}", 8), small = compile_vector("Input{6, 7}, LSTM{30}, Dense{9}", 8);
    cr_expect(tile_of(all.compiled.programs.single, "lstm", "z")->back_and_forth == false, "what does not recur is one product for all steps");
    cr_expect(tile_of(all.compiled.programs.single, "lstm", "i")->back_and_forth);
    cr_expect_not(tile_of(all.compiled.programs.batch, "lstm", "i")->back_and_forth, "rows share what is read");
    cr_expect_not(tile_of(small.compiled.programs.single, "lstm", "i")->back_and_forth, "a cache holds all of it");
    release(&all);
    release(&small);
}

/* Sums that wait for each other are no use, wherever the weights come from: 65 units are 9 vectors, 9 sums. */
Test(tile, one_row_has_enough_sums_side_by_side)
{
    Build all = compile_vector("Input{128}, Dense{65, activation = 'tanh'}", 8);
    const Tile *tile = tile_of(all.compiled.programs.single, "dense", "z");
    cr_expect(tile->blocks * tile->sets >= 6, "%d vectors, %d sums each", tile->blocks, tile->sets);
    release(&all);
}

static int turns_of(const Ir *ir, const char *layer, const char *member)
{
    int most = 0;
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *s = ir->statements[i];
        for (int a = 0; a < s->axis_count; a++)
            if (s->tile == tile_of(ir, layer, member) && axis_is_summed(s, s->axes[a]) && s->unroll[a] > most)
                most = s->unroll[a];
    }
    return most;
}

/* Firmware counts bytes: where many vectors are at work a turn, or sums are over before they wait, copies would bring nothing. */
Test(tile, code_is_no_longer_than_it_has_to_be)
{
    Build all = compile_vector("Input{6, 1}, LSTM{20, return_sequences = true}, Dense{1}", 8);
    cr_expect_eq(turns_of(all.compiled.programs.step, "lstm", "z"), 1, "4 gates of 3 vectors a turn are enough");
    for (int i = 0; i < all.compiled.programs.single->statement_count; i++) {
        const Statement *s = all.compiled.programs.single->statements[i];
        cr_expect(!s->tile || !s->tile->row || s->tile->rows * s->tile->blocks <= (s->tile->dot ? 1 : 2), "statement %d: %d rows of %d vectors for a short sum",
                  i, s->tile->rows, s->tile->blocks);
    }
    release(&all);
    all = compile_vector("Input{6, 12}, SimpleRNN{10}", 8);
    cr_expect_eq(turns_of(all.compiled.programs.step, "simple_rnn", "z"), 4, "one vector a turn waits for itself");
    release(&all);
}

/* ---- convolutions of a batch ---- */

static const char convolutions[] =
    "return Sequential{ name = 'pair', batch_size = 32, shards = 1, Input{40, 12}, Conv1D{64, 5, name = 'first'},\n"
    "  Conv1D{48, 5, name = 'second'}, GlobalAveragePooling1D{}, Dense{3}, loss = 'mse' }";

static const char recurrences[] =
    "return Sequential{ name = 'pair', batch_size = 32, shards = 1, Input{40, 12}, GRU{16, return_sequences = true},\n"
    "  Conv1D{24, 3, name = 'second'}, loss = 'mse' }";

static const Statement *sum_into(const Ir *ir, const char *layer, const char *name)
{
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        if (!strcmp(statement->out.tensor->layer, layer) && !strcmp(statement->out.tensor->name, name) && statement->tile &&
            statement->accumulate == ACCUMULATE_ADD)
            return statement;
    }
    cr_assert_fail("no sum into %s.%s", layer, name);
    return NULL;
}

/* What flows back is added up where windows overlap, in the order of the steps; but the rows of a batch are nothing to
 * each other, and share each vector of the kernel. */
Test(tile, a_scatter_takes_rows_of_the_batch_side_by_side)
{
    Build all = compile_vector(convolutions, 8);
    const Statement *sum = sum_into(all.compiled.programs.training, "first", "d_y");
    cr_assert_not_null(sum->tile->row, "no rows side by side");
    cr_assert_eq(sum->tile->row->kind, AXIS_BATCH, "rows along %s", sum->tile->row->name);
    cr_assert_gt(sum->tile->rows, 1);
    release(&all);
}

/* Values lie [step][row]: the sum over both walks through them as they lie. */
/* In the order of the memory of what it reads: step by step where a loop over time has written it, else row by row. */
static void expect_steps_outside(const char *text, const char *layer, bool outside)
{
    Build all = compile_vector(text, 8);
    const Statement *sum = sum_into(all.compiled.programs.training, layer, "d_kernel");
    int rows = -1, steps = -1;
    for (int a = 0; a < sum->axis_count; a++)
        if (sum->axes[a]->kind == AXIS_BATCH)
            rows = a;
        else if (axis_is_summed(sum, sum->axes[a]))
            steps = a;
    cr_assert(rows >= 0 && steps >= 0);
    cr_expect_eq(steps < rows, outside, "%s", text);
    release(&all);
}

Test(tile, a_gradient_is_summed_in_the_order_of_memory)
{
    expect_steps_outside(convolutions, "second", false);
    expect_steps_outside(recurrences, "second", true);
}

/* ---- the simulator of tiles sees what is wrong ---- */

enum { ROWS = 4 };

static void fill(Memory *memory, const Ir *ir)
{
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        size_t count = 1;
        for (int d = 0; d < tensor->rank; d++)
            count *= (size_t)tensor->extent[d];
        if (tensor->role == ROLE_WEIGHT || tensor->role == ROLE_INPUT)
            for (size_t k = 0; k < count; k++)
                memory_of(memory, tensor)[k] = lstmc_random_uniform(3, (uint64_t)i, 0, k) - 0.5;
    }
}

/* The largest difference of the output when forward runs in the order of its tiles. */
static double difference(Arena *arena, const Ir *ir)
{
    const Ir *const orders[] = { ir, tile_order(arena, ir, ROWS, 5) };
    Memory *memory[2];
    double worst = 0;
    for (int i = 0; i < 2; i++) {
        memory[i] = memory_create(orders[i], false);
        fill(memory[i], orders[i]);
        evaluate_section(memory[i], SECTION_RESET, ROWS);
        evaluate_section(memory[i], SECTION_FORWARD, ROWS);
    }
    for (int i = 0; i < ROWS * ir->output->extent[1]; i++) {
        double apart = fabs(memory_of(memory[0], ir->output)[i] - memory_of(memory[1], ir->output)[i]);
        worst = apart <= worst ? worst : apart;         /* NaN too */
    }
    memory_free(memory[0]);
    memory_free(memory[1]);
    return worst;
}

/* All statements of the loop in its first tile. */
static void join_tiles(const Ir *ir)
{
    Tile *first = NULL;
    for (int i = 0; i < ir->statement_count; i++) {
        Statement *statement = ir->statements[i];
        if (!statement->loop || statement->section != SECTION_FORWARD)
            continue;
        if (!first)
            first = statement->tile;
        statement_rename_axis(ir->arena, statement, statement->tile->lane, first->lane);
        statement->tile = first;
    }
}

Test(tile, tiles_that_must_not_be_joined_are_found_out)
{
    Build all = compile_vector(mgu, 4);
    const Ir *ir = all.compiled.programs.batch;
    double good = difference(all.arena, ir);
    cr_expect(good <= 1e-12, "difference %g", good);
    join_tiles(ir);
    double bad = difference(all.arena, ir);
    cr_expect(!(bad <= 1e-6), "two tiles in one: difference %g only", bad);
    release(&all);
}

/* ---- positions as numbers ---- */

static bool has_tile(Arena *arena, const char *text, const char *out)
{
    Ir *ir = ir_from_text(arena, text);
    stage(ir, target_find("vector"), false);
    tile(ir, target_find("vector"));
    for (int i = 0; i < ir->statement_count; i++)
        if (!strcmp(ir->statements[i]->out.tensor->name, out))
            return ir->statements[i]->tile != NULL;
    cr_assert_fail("nothing sets %s", out);
    return false;
}

/* A mask over positions runs over vectors, as far as floats have all whole numbers. */
Test(tile, positions_along_vectors)
{
    static const char masks[] = "batch b 2\naxis t 9\naxis s 24\naxis n 16000000\naxis m 17000000\ninput x b t\noutput y b\nvalue v.mask b t s\nvalue v.far b m\nvalue v.even b n\n"
                                "forward: v.mask[b,t,s] = greater(s,t) * x[b,t] over b t s\nforward: v.far[b,m] = x[b,0] * m over b m\n"
                                "forward: v.even[b,n] = x[b,0] * n over b n\n"
                                "forward: y[b] = v.mask[b,0,0] + v.far[b,0] + v.even[b,0] over b\n";
    Arena *arena = arena_create();
    cr_expect(has_tile(arena, masks, "mask"));
    cr_expect(has_tile(arena, masks, "even"));
    cr_expect(!has_tile(arena, masks, "far"), "17,000,000 is no position that a float counts to, one by one");
    arena_free(arena);
}

/* ---- what sums read across their outputs ---- */

static const Statement *sum_of(const Ir *ir, const char *out)
{
    for (int i = 0; i < ir->statement_count; i++)
        if (!strcmp(ir->statements[i]->out.tensor->name, out) && ir->statements[i]->accumulate == ACCUMULATE_ADD)
            return ir->statements[i];
    cr_assert_fail("nothing adds to %s", out);
    return NULL;
}

static Ir *scores(Arena *arena, int queries, int keys)
{
    Ir *ir = ir_from_text(arena, arena_format(arena, "batch b 2\naxis t %d\naxis s %d\naxis n 12\ninput x b t\noutput y b\nvalue v.q t b n\nvalue v.k s b n\n"
        "value v.score t b s\nforward: v.q[t,b,n] = x[b,t] * n over t b n\nforward: v.k[s,b,n] = x[b,0] * s over s b n\n"
        "forward: v.score[t,b,s] = 0 over t b s\nforward: v.score[t,b,s] += v.q[t,b,n] * v.k[s,b,n] over t b s n\n"
        "forward: y[b] = v.score[0,b,0] over b\n", queries, keys));
    stage(ir, target_find("vector"), false);
    transpose(ir, target_find("vector"));
    tile(ir, target_find("vector"));
    cr_assert_null(ir_check(ir), "%s", ir_check(ir));
    return ir;
}

/* Each key is read by every query: their vectors lie along the keys, from zero to the sum in one tile. Of one query, the lanes are added up. */
Test(tile, keys_are_transposed_where_many_queries_read_them)
{
    Arena *arena = arena_create();
    const Ir *many = scores(arena, 9, 24), *one = scores(arena, 2, 24), *few_keys = scores(arena, 9, 7);
    const Statement *sum = sum_of(many, "score"), *alone = sum_of(one, "score");
    cr_expect(sum->tile && !sum->tile->dot && !strcmp(sum->tile->lane->name, "s"));
    cr_expect_str_eq(find(many, "v", "k_transposed")->name, "k_transposed");
    for (int i = 1; i < many->statement_count; i++)
        if (many->statements[i] == sum)
            cr_expect(many->statements[i - 1]->tile == sum->tile, "the beginning of the sum is apart");
    cr_expect(alone->tile && alone->tile->dot, "a copy for two reads");
    cr_expect(sum_of(few_keys, "score")->tile->dot, "a copy that fills no vector");
    arena_free(arena);
}

/* Steps of which two may add to the same place stay one behind the other, though both read one kernel. */
Test(tile, a_scatter_of_one_sample_keeps_its_order)
{
    Arena *arena = arena_create();
    Ir *ir = ir_from_text(arena, "batch b 1\naxis t 9\naxis k 4\naxis c 64\naxis f 12\naxis u 12\ninput x b t\noutput y b\nweight kernel f k c\n"
        "value v.z t f\nvalue v.y u c\nforward: v.z[t,f] = x[0,t] * f over t f\nforward: v.y[u,c] = 0 over u c\n"
        "forward: v.y[t+k,c] += v.z[t,f] * kernel[f,k,c] over t k c f\nforward: y[b] = v.y[0,0] over b\n");
    stage(ir, target_find("vector"), false);
    tile(ir, target_find("vector"));
    const Statement *sum = sum_of(ir, "y");
    cr_assert_not_null(sum->tile);
    cr_assert(lanes_of(sum, target_find("vector")).ordered);
    cr_assert_null(sum->tile->row, "%s side by side", sum->tile->row->name);
    arena_free(arena);
}

/* ---- weights without a copy ---- */

static bool has_copy(const Ir *ir, const char *layer, const char *name)
{
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->home == HOME_PREPARED && !strcmp(ir->tensors[i]->layer, layer) && !strcmp(ir->tensors[i]->name, name))
            return true;
    return false;
}

static void expect_copy(const char *text, bool training, bool expected)
{
    Build all = compile_vector(text, 8);
    const Programs *p = &all.compiled.programs;
    cr_expect_eq(has_copy(training ? p->training : p->single, "lstm", "recurrent_kernel"), expected, "%s, training %d", text, training);
    release(&all);
}

/* 2 rows of 6 steps do not pay a copy of what each update changes; what predicts copies once. */
Test(tile, few_rows_read_weights_where_they_are)
{
    static const char few[] = "return Sequential{ name = 'few', batch_size = 2, shards = 1, Input{6, 3}, LSTM{8}, loss = 'mse' }";
    expect_copy(few, true, false);
    expect_copy(few, false, true);
    expect_copy("return Sequential{ name = 'many', batch_size = 8, shards = 1, Input{6, 3}, LSTM{8}, loss = 'mse' }", true, true);
    expect_copy("return Sequential{ name = 'parts', batch_size = 2, shards = 1, Input{6, 3}, LSTM{9}, loss = 'mse' }", true, true);
    expect_copy("return Sequential{ name = 'far', batch_size = 2, shards = 1, Input{6, 3}, LSTM{256}, loss = 'mse' }", true, true);
    expect_agreement_with(few, &(Oracles){ .seed = 1, .targets = ORACLE_VECTOR_8 });
    expect_agreement_with("return Sequential{ name = 'gates', batch_size = 4, shards = 2, Input{5, 3}, GRU{16, return_sequences = true}, GRU{8, reset_after = false}, Dense{8}, "
                          "loss = 'mse' }", &(Oracles){ .seed = 2, .targets = ORACLE_VECTOR_8 | ORACLE_VECTOR_16 });
}
