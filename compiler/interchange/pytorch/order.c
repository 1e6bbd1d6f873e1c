/* order.c: in: steps in the order of their names, as safetensors has them.  out: an order in which each reads as many
 * features as the one before it puts out. */
#include "module.h"

#include <string.h>

#define TRIES_MAX 200000

typedef struct Search {
    const Steps *steps;
    int *order, *best;
    bool *used;
    int best_score, best_count;         /* how many orders are as good */
    int tries;
} Search;

static bool is_kind(const Step *step, const char *kind)
{
    return !strcmp(step->kind, kind);
}

static bool is_normalization(const Step *step)
{
    return strstr(step->kind, "Normalization") != NULL;
}

static bool fits(const Step *before, const Step *step)
{
    return !is_kind(step, "Embedding") && before->out == step->in;
}

/* The fewer the better: a Linear before what reads sequences, a normalisation at either end. */
static int score_of(const Search *search)
{
    int count = search->steps->count, dense = 0, score = 0;
    for (int i = 0; i < count; i++) {
        const Step *step = &search->steps->list[search->order[i]];
        dense += is_kind(step, "Dense");
        score += is_kind(step, "Dense") ? 0 : is_normalization(step) ? i == 0 || i == count - 1 : dense;
    }
    return score;
}

static void judge(Search *search)
{
    int score = score_of(search);
    if (search->best_count && score > search->best_score)
        return;
    search->best_count = score < search->best_score || !search->best_count ? 1 : search->best_count + 1;
    if (search->best_count == 1)
        memcpy(search->best, search->order, (size_t)search->steps->count * sizeof *search->best);
    search->best_score = score;
}

static void extend(Search *search, int length)
{
    if (length == search->steps->count) {
        judge(search);
        return;
    }
    for (int i = 0; i < search->steps->count && search->tries < TRIES_MAX; i++) {
        const Step *list = search->steps->list;
        search->tries++;
        if (search->used[i] || (length && !fits(&list[search->order[length - 1]], &list[i])))
            continue;
        search->used[i] = true;
        search->order[length] = i;
        extend(search, length + 1);
        search->used[i] = false;
    }
}

static bool search_order(Arena *arena, Steps *steps, bool is_sorted, bool *guessed)
{
    steps->order = arena_array(arena, int, steps->count + 1);
    for (int i = 0; i < steps->count; i++)
        steps->order[i] = i;
    *guessed = false;
    if (!is_sorted)
        return true;
    Search search = { .steps = steps, .order = arena_array(arena, int, steps->count + 1), .best = steps->order,
                      .used = arena_array(arena, bool, steps->count + 1) };
    extend(&search, 0);
    *guessed = search.best_count > 1;
    return search.best_count > 0;
}

/* An nn.Linear without a bias becomes an nn.Embedding, or the other way round. */
static void swap_kinds(Step *step)
{
    const char *kind = step->kind;
    StepArrays weights = step->weights;
    size_t in = step->in;
    step->kind = step->other_kind;
    step->other_kind = kind;
    step->weights = step->other;
    step->other = weights;
    step->in = step->out;
    step->out = in;
    step->torch = is_kind(step, "Embedding") ? "nn.Embedding" : "nn.Linear";
    step->doubtful = true;
}

/* In the order of the file: what comes first reads ids, and what does not reads features. */
static void settle_matrices(Steps *steps)
{
    for (int i = 0; i < steps->count; i++) {
        Step *step = &steps->list[i], *before = i ? step - 1 : NULL, *next = i + 1 < steps->count ? step + 1 : NULL;
        if (!step->other_kind)
            continue;
        bool first = !before && is_kind(step, "Dense") && next && !fits(step, next) && step->in == next->in;
        bool later = before && is_kind(step, "Embedding") && before->out == step->out &&
                     (!next || next->in == step->in);
        if (first || later)
            swap_kinds(step);
    }
}

bool steps_order(Arena *arena, Steps *steps, bool is_sorted, bool *guessed)
{
    if (!is_sorted)
        settle_matrices(steps);
    if (search_order(arena, steps, is_sorted, guessed))
        return true;
    for (int i = 0; i < steps->count; i++)
        if (steps->list[i].other_kind) {
            swap_kinds(&steps->list[i]);
            if (search_order(arena, steps, is_sorted, guessed))
                return true;
            swap_kinds(&steps->list[i]);
        }
    return false;
}
