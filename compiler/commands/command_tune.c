/* command_tune.c: lstmc tune: measures which numbers of tiles run fastest on this machine and writes them as a table
 * for --tuning. Greedy: tile by tile, the one with the most work first, one number changed at a time against the best
 * so far. The functions of a model do not share tiles, so that each round compiles one file in which every function
 * tries a candidate of its own. */
#include "commands.h"
#include "compiler/oracle/comparison.h"
#include "compiler/session/load.h"
#include "compiler/base/ownership.h"
#include "compiler/base/streams.h"
#include "tuning_time.h"

#include "runtime/files/replace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS 60
#define LOOK_SECONDS 0.1        /* at one candidate */
#define WIN 0.98                /* of the time before, twice */
#define CANDIDATES_MAX 16
#define ROWS_MAX 6
#define SUMS_IN_REGISTERS 16
#define FEW_SUMS 8              /* more of several rows are not unrolled */
#define CHECKED_ROWS 7

typedef enum Phase { PHASE_SHAPE, PHASE_SETS, PHASE_UNROLL, PHASE_CHUNK, PHASE_COUNT } Phase;

typedef struct Search {             /* of one function */
    Timed what;
    const char *name, *prefix;      /* of the names of its tiles */
    NamedTile *tiles;
    TileNumbers *start;             /* what the passes chose */
    int count, capacity;
    int tile;                       /* at work; count: done */
    Phase phase;
    TileNumbers candidates[CANDIDATES_MAX];
    int candidate, candidate_count;
    const struct lstmc_model *best; /* compiled with the best numbers so far */
    Timing total;                   /* in the end, against the beginning */
} Search;

typedef struct Tune {
    Arena *arena;
    const Arguments *arguments;
    Diagnostics *diagnostics;
    Description *description;
    const char *path;               /* of the table */
    Stand *stand;
    Search search[TIMED_COUNT];
    Loaded *loaded;                 /* all that were compiled: the first has the passes' own numbers */
    int loaded_count, loaded_capacity;
    Programs programs;              /* of the last one */
    double end;
    int tried, kept;
} Tune;

/* ---- candidates ---- */

static void add_candidate(Search *s, TileNumbers numbers)
{
    const NamedTile *tile = &s->tiles[s->tile];
    bool there = !memcmp(&numbers, &tile->numbers, sizeof numbers) || s->candidate_count == CANDIDATES_MAX
              || numbers.rows * numbers.blocks * numbers.sets * tile->copies > TUNING_SUMS_MAX;
    for (int i = 0; i < s->candidate_count; i++)
        there = there || !memcmp(&numbers, &s->candidates[i], sizeof numbers);
    if (!there)
        s->candidates[s->candidate_count++] = numbers;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Rows by vectors that fill the registers, neither of which could be one more. */
static void add_shapes(Search *s, const Target *target)
{
    const NamedTile *tile = &s->tiles[s->tile];
    TileNumbers numbers = tile->numbers;
    int room = target->accumulators / tile->copies > 1 ? target->accumulators / tile->copies : 1;
    int rows = tile->rows ? least(tile->rows, ROWS_MAX) : 1;
    for (int r = 1; r <= (tile->dot ? 0 : rows); r++) {
        numbers.rows = r;
        numbers.blocks = least(room / r, tile->vectors);
        if (numbers.blocks > 0)
            add_candidate(s, numbers);
    }
    for (int v = 1; v <= (tile->dot ? 0 : least(room, tile->vectors)) && v <= 4; v++) {
        numbers.blocks = v;
        numbers.rows = least(room / v, rows);
        add_candidate(s, numbers);
    }
    for (int outputs = 1; tile->dot && outputs <= 8 && (outputs == 1 || outputs <= tile->rows); outputs *= 2) {
        numbers.rows = outputs;
        add_candidate(s, numbers);
    }
}

static void make_candidates(Search *s, const Target *target)
{
    const NamedTile *tile = &s->tiles[s->tile];
    TileNumbers numbers = tile->numbers;
    int sums = numbers.rows * numbers.blocks * tile->copies;
    s->candidate = s->candidate_count = 0;
    if (s->phase == PHASE_SHAPE)
        add_shapes(s, target);
    if (s->phase == PHASE_SETS && sums * 2 <= SUMS_IN_REGISTERS) {
        numbers.sets = 3 - numbers.sets;
        add_candidate(s, numbers);
    }
    for (int unroll = 1; s->phase == PHASE_UNROLL && numbers.unroll && unroll <= 4; unroll *= 2)
        if (numbers.rows == 1 || sums <= FEW_SUMS) {
            TileNumbers other = numbers;
            other.unroll = unroll;
            add_candidate(s, other);
        }
    static const int halves[] = { 1, 4, 8 };
    for (int i = 0; s->phase == PHASE_CHUNK && tile->steps && i < 3; i++) {
        TileNumbers other = numbers;
        other.chunk = numbers.chunk < 2 && i == 0 ? 1 : least(numbers.chunk * halves[i] / 2, tile->steps);
        add_candidate(s, other);
    }
}

/* The candidate at work, or the next one there is; NULL: all are tried. */
static const TileNumbers *candidate_of(Search *s, const Target *target)
{
    while (s->tile < s->count && s->candidate >= s->candidate_count) {
        s->phase++;
        if (s->phase == PHASE_COUNT) {
            s->phase = PHASE_SHAPE;
            s->tile++;
        }
        if (s->tile < s->count)
            make_candidates(s, target);
    }
    return s->tile < s->count ? &s->candidates[s->candidate] : NULL;
}

/* ---- compiling ---- */

/* The best numbers so far, or with the candidate of each function in the place of one. */
static Tuning choices_of(Tune *t, Arena *arena, bool with_candidates)
{
    Tuning tuning = { 0 };
    for (int w = 0; w < TIMED_COUNT; w++) {
        Search *s = &t->search[w];
        for (int i = 0; i < s->count; i++) {
            bool tries = with_candidates && i == s->tile && s->candidate < s->candidate_count;
            TileChoice choice = { .name = s->tiles[i].name,
                                  .numbers = tries ? s->candidates[s->candidate] : s->tiles[i].numbers };
            if (memcmp(&choice.numbers, &s->start[i], sizeof choice.numbers))
                arena_append(arena, tuning.choices, tuning.count, tuning.capacity, choice);
        }
    }
    return tuning;
}

/* The model with these choices, compiled and loaded; NULL with diagnostics printed. `tiles`: what there is to choose
 * from, or NULL. */
static const struct lstmc_model *build(Tune *t, Arena *arena, const Tuning *tuning, bool training, NamedTiles *tiles)
{
    Description *description = command_read(arena, t->diagnostics, t->arguments);
    CompileOptions options = t->arguments->compile;
    Compiled compiled = { 0 };
    Loaded loaded = { 0 };
    options.tuning = tuning;
    options.inference = !training;
    if (description && (!compile(arena, description, t->diagnostics, &options, &compiled)
                        || !load(arena, t->diagnostics, &compiled, LOAD_TO_CHECK, &loaded)))
        diagnostics_print(t->diagnostics, stderr);
    if (loaded.model)
        arena_append(t->arena, t->loaded, t->loaded_count, t->loaded_capacity, loaded);
    if (tiles) {
        *tiles = compiled.tiles;
        command_note(t->arguments, &compiled);
    }
    t->programs = compiled.programs;
    compiled_free(&compiled);
    description_free(description);
    return loaded.model;
}

/* ---- the search ---- */

static int compare_work(const void *a, const void *b)
{
    const NamedTile *x = a, *y = b;
    return x->work != y->work ? (x->work < y->work) - (x->work > y->work) : strcmp(x->name, y->name);
}

static void begin(Tune *t, const struct lstmc_model *first, const NamedTiles *tiles)
{
    static const struct { const char *name, *prefix;
    } functions[TIMED_COUNT] = {
        [TIMED_PREDICT] = { "predict", "single " },
        [TIMED_BATCH] = { "predict_batch", "batch " },
        [TIMED_STEP] = { "step", "step " },
        [TIMED_FORWARD] = { "forward", "training forward " },
        [TIMED_BACKWARD] = { "backward", "training backward " },
    };
    for (int w = 0; w < TIMED_COUNT; w++) {
        Search *s = &t->search[w];
        *s = (Search){ .what = (Timed)w, .name = functions[w].name, .prefix = functions[w].prefix, .best = first };
        for (int i = 0; i < tiles->count && stand_has(first, s->what); i++) {
            NamedTile tile = tiles->list[i];
            tile.name = arena_copy_text(t->arena, tile.name);
            if (!strncmp(tile.name, s->prefix, strlen(s->prefix)))
                arena_append(t->arena, s->tiles, s->count, s->capacity, tile);
        }
        s->start = arena_array(t->arena, TileNumbers, s->count + 1);
        if (s->count > 0) {
            qsort(s->tiles, (size_t)s->count, sizeof *s->tiles, compare_work);
            make_candidates(s, t->arguments->compile.target);
        }
        for (int i = 0; i < s->count; i++)
            s->start[i] = s->tiles[i].numbers;
    }
}

static const char *numbers_text(Arena *arena, const TileNumbers *n)
{
    const char *text = arena_format(arena, "rows = %d, blocks = %d, sets = %d", n->rows, n->blocks, n->sets);
    if (n->unroll)
        text = arena_format(arena, "%s, unroll = %d", text, n->unroll);
    return n->chunk ? arena_format(arena, "%s, chunk = %d", text, n->chunk) : text;
}

static const char *time_text(Arena *arena, double seconds)
{
    return seconds < 1e-6   ? arena_format(arena, "%.1f ns", 1e9 * seconds)
           : seconds < 1e-3 ? arena_format(arena, "%.2f us", 1e6 * seconds)
                            : arena_format(arena, "%.2f ms", 1e3 * seconds);
}

/* One candidate against the best so far: it has to win twice, the second time in the other's memory. */
static bool judge(Tune *t, Arena *arena, Search *s, const struct lstmc_model *tried)
{
    Timing first, second;
    bool again = false;
    if (!stand_compare(t->stand, s->best, tried, s->what, LOOK_SECONDS, false, &first))
        return false;
    if (first.ratio < WIN) {
        again = true;
        if (!stand_compare(t->stand, s->best, tried, s->what, 2 * LOOK_SECONDS, true, &second))
            return false;
    }
    bool wins = again && second.ratio < WIN;
    t->tried++;
    t->kept += wins;
    if (!t->arguments->quiet || wins)
        printf("  %-36s %-52s %10s %+6.1f %%%s\n", s->tiles[s->tile].name,
               numbers_text(arena, &s->candidates[s->candidate]), time_text(arena, first.seconds[1]),
               100 * (first.ratio - 1),
               wins    ? arena_format(arena, ", again %+.1f %%: kept", 100 * (second.ratio - 1))
               : again ? ", but not again"
                       : "");
    streams_flush();
    if (wins) {
        s->tiles[s->tile].numbers = s->candidates[s->candidate];
        s->best = tried;
    }
    s->candidate++;
    return true;
}

/* Every function tries its next candidate. *more: some had one. */
static bool round_of_all(Tune *t, bool *more)
{
    const Target *target = t->arguments->compile.target;
    bool training = false, good = true;
    *more = false;
    for (int w = 0; w < TIMED_COUNT; w++)
        if (candidate_of(&t->search[w], target)) {
            *more = true;
            training |= w >= TIMED_FORWARD;
        }
    if (!*more)
        return true;
    Arena *arena = arena_create();
    Tuning tuning = choices_of(t, arena, true);
    const struct lstmc_model *tried = build(t, arena, &tuning, training, NULL);
    for (int w = 0; w < TIMED_COUNT && tried && good; w++)
        if (candidate_of(&t->search[w], target))
            good = judge(t, arena, &t->search[w], tried);
    if (!good)
        fprintf(stderr, "%s: no memory to run it twice\n", t->arguments->model);
    arena_free(arena);
    return tried && good;
}

/* ---- the end ---- */

/* The numbers of a function go back to what they were if all together are no gain. *changed: some did. */
static bool measure_all(Tune *t, const struct lstmc_model *first, const struct lstmc_model *last, bool *changed)
{
    for (int w = 0; w < TIMED_COUNT; w++) {
        Search *s = &t->search[w];
        bool chosen = false;
        for (int i = 0; i < s->count; i++)
            chosen |= memcmp(&s->start[i], &s->tiles[i].numbers, sizeof *s->start) != 0;
        if (!chosen)
            continue;
        if (!stand_compare(t->stand, first, last, s->what, 3 * LOOK_SECONDS, false, &s->total))
            return false;
        if (s->total.ratio < 1)
            continue;
        for (int i = 0; i < s->count; i++)
            s->tiles[i].numbers = s->start[i];
        s->total = (Timing){ 0 };
        *changed = true;
    }
    return true;
}

static bool check(Tune *t, const struct lstmc_model *generated)
{
    const Model *model = description_model(t->description);
    Comparison comparison = { .lanes = t->arguments->compile.target->lanes,
                              .blas = t->arguments->compile.blas,
                              .programs = &t->programs };
    const char *why = compare_generated(t->arena, t->description, generated,
                                        least(model->descriptor.batch, CHECKED_ROWS), 1, &comparison);
    if (why)
        fprintf(stderr, "%s: %s\n", t->arguments->model, why);
    for (int i = 0; i < comparison.count; i++)
        if (!(comparison.list[i].value <= comparison.list[i].allowed))
            fprintf(stderr, "%s: %s deviates by %.2g, and %.2g is allowed: nothing is written\n", t->arguments->model,
                    comparison.list[i].name, comparison.list[i].value, comparison.list[i].allowed);
    return !why && comparison_is_good(&comparison);
}

/* Before the minute that it takes. */
static bool claim_table(Tune *t)
{
    const Arguments *a = t->arguments;
    struct lstmc_message message;
    bool is_named = strcmp(a->output, ".");
    t->path = is_named ? a->output
                       : arena_format(t->arena, "%s.tune.lua", description_model(t->description)->descriptor.name);
    if (!file_claim(t->path, FILE_TUNING, is_named, &message))
        return true;
    fprintf(stderr, "%s: %s\n", a->model, message.text);
    return false;
}

static int write_table(Tune *t)
{
    const Arguments *a = t->arguments;
    const char *file = strrchr(a->model, '/');
    Out out = { 0 };
    put(&out,
        "-- What `lstmc tune` measured for %s, target %s, %d lanes: lstmc %s --target=%s --tuning=FILE\n"
        "-- The lines that are comments are the compiler's own choice.\nreturn {\n",
        file ? file + 1 : a->model, a->compile.target->name, a->compile.target->lanes, file ? file + 1 : a->model,
        a->compile.target->name);
    for (int w = 0; w < TIMED_COUNT; w++)
        for (int i = 0; i < t->search[w].count; i++) {
            const NamedTile *tile = &t->search[w].tiles[i];
            bool same = !memcmp(&tile->numbers, &t->search[w].start[i], sizeof tile->numbers);
            put(&out, "%s[\"%s\"] = { %s },\n", same ? "-- " : "", tile->name, numbers_text(t->arena, &tile->numbers));
        }
    put(&out, "}\n");
    int error = write_file(t->path, out.text, out.length);
    if (error)
        fprintf(stderr, "%s: cannot be written: %s\n", t->path, lstmc_write_reason(error));
    else
        printf("%s\n", t->path);
    out_free(&out);
    return error ? 1 : 0;
}

static void print_totals(const Tune *t)
{
    printf("%d candidates tried, %d kept\n", t->tried, t->kept);
    for (int w = 0; w < TIMED_COUNT; w++) {
        const Search *s = &t->search[w];
        if (s->count && s->total.seconds[0] > 0)
            printf("  %-16s %12s -> %-12s %+.1f %%\n", s->name, time_text(t->arena, s->total.seconds[0]),
                   time_text(t->arena, s->total.seconds[1]), 100 * (s->total.ratio - 1));
        else if (s->count)
            printf("  %-16s as the compiler chose%s\n", s->name, s->tile < s->count ? ", as far as the time went" : "");
    }
}

static int tune(Tune *t)
{
    bool training = !t->arguments->compile.inference, more = true, changed = false;
    NamedTiles tiles;
    Tuning none = { 0 };
    const struct lstmc_model *first = build(t, t->arena, &none, training, &tiles), *last = first;
    if (!first)
        return 1;
    begin(t, first, &tiles);
    if (!t->arguments->quiet)
        printf("%s: target %s, %d lanes; a candidate stays if it takes %.0f %% less time, twice\n",
               description_model(t->description)->descriptor.name, t->arguments->compile.target->name,
               t->arguments->compile.target->lanes, 100 * (1 - WIN));
    while (more && stand_clock() < t->end)
        if (!round_of_all(t, &more))
            return 1;
    Tuning best = choices_of(t, t->arena, false);
    if (!(last = build(t, t->arena, &best, training, NULL)) || !measure_all(t, first, last, &changed))
        return 1;
    best = choices_of(t, t->arena, false);
    if (changed && !(last = build(t, t->arena, &best, training, NULL)))
        return 1;
    if (!check(t, last))
        return 1;
    print_totals(t);
    return write_table(t);
}

int command_tune(const Arguments *arguments)
{
    Tune t = { .arena = arena_create(), .arguments = arguments };
    int status = 1;
    t.end = stand_clock() + (arguments->seconds ? arguments->seconds : SECONDS);
    t.diagnostics = diagnostics_create(t.arena);
    t.description = command_read(t.arena, t.diagnostics, arguments);
    if (t.description && !compiler_exists())
        fprintf(stderr, "%s: tune needs a C compiler: set CC\n", arguments->model);
    else if (t.description && !(t.stand = stand_create(description_model(t.description))))
        fprintf(stderr, "%s: no memory to run it\n", arguments->model);
    else if (t.description && claim_table(&t))
        status = tune(&t);
    for (int i = 0; i < t.loaded_count; i++)
        loaded_free(&t.loaded[i]);
    stand_free(t.stand);
    description_free(t.description);
    arena_free(t.arena);
    return status;
}
