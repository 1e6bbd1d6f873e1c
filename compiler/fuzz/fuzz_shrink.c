/* fuzz_shrink.c: in: a model with which something is wrong.  out: the smallest one found that is still wrong: layers
 * are taken out, options left away, sizes made smaller, as long as anything can be. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

typedef struct Shrink {
    Arena *arena;
    const FuzzBuild *build;
    uint64_t seed;
    FuzzModel model;            /* the smallest so far */
    const char *wrong;
} Shrink;

/* Takes the candidate if it is legal and wrong. */
static bool take(Shrink *s, const FuzzModel *candidate)
{
    if (!candidate->node_count || !fuzz_is_legal(candidate))
        return false;
    const char *wrong = fuzz_judge(s->arena, candidate, s->build, s->seed);
    if (!wrong)
        return false;
    s->model = *candidate;
    s->wrong = wrong;
    return true;
}

static bool reads_second(const FuzzModel *model)
{
    for (int i = 0; i < model->node_count; i++)
        for (int k = 0; k < model->nodes[i].from_count; k++)
            if (model->nodes[i].from[k] == FUZZ_SECOND)
                return true;
    return false;
}

/* Who reads node `out` reads what that reads; what is for nobody then goes too. */
static bool without_node(Shrink *s, int out)
{
    FuzzModel m = s->model;
    int instead = m.nodes[out].from[0];
    m.other_output = m.other_output == out + 1 ? 0 : m.other_output - (m.other_output > out + 1);
    for (int i = out + 1; i < m.node_count; i++) {
        int *links[] = { &m.nodes[i].again, &m.nodes[i].begins };
        for (int k = 0; k < 2; k++)
            *links[k] = *links[k] == out + 1 ? 0 : *links[k] - (*links[k] > out + 1);
        for (int k = 0; k < m.nodes[i].from_count; k++) {
            int *from = &m.nodes[i].from[k];
            *from = *from == out ? instead : *from - (*from > out);
        }
    }
    memmove(&m.nodes[out], &m.nodes[out + 1], sizeof m.nodes[0] * (size_t)(m.node_count - 1 - out));
    m.node_count--;
    if (m.other_output == m.node_count)
        m.other_output = 0;
    if (!reads_second(&m))
        m.second.rank = 0;
    return take(s, &m);
}

static bool without_argument(Shrink *s, FuzzNode *node, const FuzzModel *whole, int out)
{
    memmove(&node->arguments[out], &node->arguments[out + 1],
            sizeof node->arguments[0] * (size_t)(node->argument_count - 1 - out));
    node->argument_count--;
    return take(s, whole);
}

static bool smaller_argument(Shrink *s, FuzzNode *node, const FuzzModel *whole, int which)
{
    char *end;
    long value = strtol(node->arguments[which].text, &end, 10);
    if (*end || value <= 1)
        return false;
    node->arguments[which].text = arena_format(s->arena, "%ld", value > 4 ? value / 2 : value - 1);
    return take(s, whole);
}

/* Where what begins here ends: at the comma or brace behind it. */
static const char *end_of_item(const char *item)
{
    int depth = 0;
    bool quoted = false;
    for (; *item && (quoted || depth > 0 || !strchr(",}", *item)); item++) {
        quoted ^= *item == '"';
        depth += !quoted && *item == '{';
        depth -= !quoted && *item == '}';
    }
    return item;
}

/* A layer in an argument, "{LSTMCell{units = 3, dropout = 0.5}}", without one of what stands between its braces. */
static bool smaller_layer(Shrink *s, FuzzNode *node, const FuzzModel *whole, int which)
{
    const char *text = node->arguments[which].text;
    for (const char *at = text; *at; at++) {
        if (*at != '{' && *at != ',')
            continue;
        const char *end = end_of_item(at + 1), *begin = *at == ',' ? at : at + 1;
        end += *at == '{' && *end == ',';
        node->arguments[which].text = arena_format(s->arena, "%.*s%s", (int)(begin - text), text, end);
        if (end > begin && take(s, whole))
            return true;
    }
    node->arguments[which].text = text;
    return false;
}

static bool smaller_call(Shrink *s, int at)     /* a node; the loss behind them */
{
    const FuzzNode *now = at < s->model.node_count ? &s->model.nodes[at] : &s->model.loss;
    for (int i = now->argument_count - 1; i >= 0; i--) {
        FuzzModel m = s->model;
        FuzzNode *node = at < m.node_count ? &m.nodes[at] : &m.loss;
        if (!node->arguments[i].required && without_argument(s, node, &m, i))
            return true;
        m = s->model;
        if (smaller_argument(s, node, &m, i) || smaller_layer(s, node, &m, i))
            return true;
    }
    return false;
}

/* A layer of its own in place of a further call, states that it begins with by itself. */
static bool without_links(Shrink *s, int at)
{
    FuzzModel m = s->model;
    if (!m.nodes[at].again && !m.nodes[at].begins)
        return false;
    m.nodes[at].again = m.nodes[at].begins = 0;
    return take(s, &m);
}

static bool smaller_reads(Shrink *s, int at)
{
    FuzzModel m = s->model;
    if (m.nodes[at].from_count < 2)
        return false;
    m.nodes[at].from_count--;
    return take(s, &m);
}

static bool smaller_number(Shrink *s, int *number, int low, const FuzzModel *whole)
{
    if (*number <= low)
        return false;
    *number = *number > 4 ? *number / 2 : *number - 1;
    return take(s, whole);
}

static bool smaller_frame(Shrink *s)
{
    FuzzModel m = s->model;
    m.loss = (FuzzNode){ 0 };
    if (s->model.loss.layer && take(s, &m))
        return true;
    m = s->model;
    m.lengths = false;
    if (s->model.lengths && take(s, &m))
        return true;
    m = s->model;
    if (smaller_number(s, &m.shards, 1, &m))
        return true;
    m = s->model;
    if (smaller_number(s, &m.batch, 1, &m))
        return true;
    m = s->model;
    m.other_output = 0;
    if (s->model.other_output && take(s, &m))
        return true;
    m = s->model;
    m.decoder = 0;
    if (s->model.decoder && take(s, &m))
        return true;
    m = s->model;
    m.second.rank = 0;
    m.decoder = 0;
    if (s->model.second.rank && take(s, &m))
        return true;
    for (int d = 0; d < s->model.first.rank + s->model.second.rank; d++) {
        m = s->model;
        bool of_first = d < m.first.rank;
        if (smaller_number(s, of_first ? &m.first.shape[d] : &m.second.shape[d - m.first.rank], 1, &m))
            return true;
    }
    return false;
}

static bool smaller(Shrink *s)
{
    for (int i = s->model.node_count - 1; i >= 0; i--)
        if (without_node(s, i) || smaller_reads(s, i) || without_links(s, i))
            return true;
    if (smaller_frame(s))
        return true;
    for (int i = 0; i <= s->model.node_count; i++)
        if (smaller_call(s, i))
            return true;
    return false;
}

FuzzModel fuzz_shrink(Arena *arena, const FuzzModel *model, const FuzzBuild *build, uint64_t seed, const char **wrong)
{
    Shrink s = { .arena = arena, .build = build, .seed = seed, .model = *model, .wrong = *wrong };
    while (smaller(&s))
        continue;
    *wrong = s.wrong;
    return s.model;
}
