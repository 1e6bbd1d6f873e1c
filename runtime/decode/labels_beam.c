/* labels_beam.c: in: scores of classes at each step.  out: the most probable labels, by a prefix beam search.
 *
 * Beginnings of labels are nodes of a tree: a node is its parent's labels and one more. `width` of them are in the
 * beam, each with the logarithms of two sums: of its paths that end in a blank, and of those that end in its last
 * label. A node that has left the beam stays in the tree: what grew out of it may still be there, and it may come
 * back. */
#include "runtime/lstmc.h"

#include <math.h>

typedef struct Node {
    int32_t parent, label;          /* the root has neither: -1 */
    int32_t child, sibling;         /* the first child; the next one of the parent; -1: none */
    int32_t place;                  /* in the beam; -1: it is not there */
} Node;

typedef struct Beginning {
    int32_t node;                   /* -1: not in the tree yet: */
    int32_t parent, label;
    double blank, last, total;      /* logarithms: paths that end in a blank, in the last label, both */
} Beginning;

typedef struct Search {
    const struct lstmc_paths *paths;
    int width;
    Node *nodes;                    /* [1 + steps * width] */
    int node_count;
    Beginning *beam, *next;         /* [width]; next: a heap, the least probable one in front */
    int beam_count, next_count;
    int32_t *labels;                /* [width, steps] */
    const float *score;             /* of the step */
    double shift;                   /* what its logarithms are less */
} Search;

static const double NEVER = -(double)INFINITY;

/* log(exp a + exp b) */
static double log_add(double a, double b)
{
    double most = a > b ? a : b, least = a > b ? b : a;
    return most == NEVER ? most : most + log1p(exp(least - most));
}

size_t lstmc_labels_beam_bytes(int steps, int width)
{
    if (steps < 0 || width < 1)
        return 0;
    double nodes = 1 + (double)steps * width;
    if (nodes >= INT32_MAX)
        return 0;
    size_t bytes = 2 * (size_t)width * sizeof(Beginning) + (size_t)nodes * sizeof(Node);
    return bytes + (size_t)width * (size_t)steps * sizeof(int32_t);
}

static Search new_search(const struct lstmc_paths *paths, int width, void *memory)
{
    Search s = { .paths = paths, .width = width, .beam = memory, .next = (Beginning *)memory + width, .node_count = 1,
                 .beam_count = 1 };
    s.nodes = (Node *)(s.next + width);
    s.labels = (int32_t *)(s.nodes + 1 + (size_t)paths->steps * (size_t)width);
    s.nodes[0] = (Node){ -1, -1, -1, -1, 0 };
    s.beam[0] = (Beginning){ .node = 0, .parent = -1, .label = -1, .blank = 0, .last = NEVER, .total = 0 };
    return s;
}

/* ---- the step ---- */

static double log_of(const Search *s, int class)
{
    double score = (double)s->score[class];
    return (s->paths->from_logits ? score : log(score)) - s->shift;
}

/* 0: no numbers. */
static int set_shift(Search *s)
{
    double most = (double)s->score[0], sum = 0;
    int good = 1;
    for (int k = 0; k < s->paths->classes; k++) {
        double score = (double)s->score[k];
        good &= s->paths->from_logits ? isfinite(score) != 0 : score >= 0 && isfinite(score);
        most = score > most ? score : most;
    }
    for (int k = 0; k < s->paths->classes; k++)
        sum += s->paths->from_logits ? exp((double)s->score[k] - most) : (double)s->score[k];
    s->shift = s->paths->from_logits ? most + log(sum) : log(sum);
    return good && sum > 0;
}

static int32_t find_child(const Search *s, int32_t node, int32_t label)
{
    int32_t child = s->nodes[node].child;
    while (child >= 0 && s->nodes[child].label != label)
        child = s->nodes[child].sibling;
    return child;
}

/* Of the paths that a label can follow: behind itself only those that end in a blank. */
static double before_label(const Beginning *b, int32_t label)
{
    return label == b->label ? b->blank : b->total;
}

/* ---- the heap ---- */

static void sink(Search *s, int at)
{
    for (int child; (child = 2 * at + 1) < s->next_count; at = child) {
        if (child + 1 < s->next_count && s->next[child + 1].total < s->next[child].total)
            child++;
        if (s->next[at].total <= s->next[child].total)
            return;
        Beginning moved = s->next[at];
        s->next[at] = s->next[child];
        s->next[child] = moved;
    }
}

static void rise(Search *s, int at)
{
    for (int parent; at > 0 && s->next[at].total < s->next[parent = (at - 1) / 2].total; at = parent) {
        Beginning moved = s->next[at];
        s->next[at] = s->next[parent];
        s->next[parent] = moved;
    }
}

static int is_wanted(const Search *s, double total)
{
    return total > NEVER && (s->next_count < s->width || total > s->next[0].total);
}

static void offer(Search *s, Beginning b)
{
    if (!is_wanted(s, b.total))
        return;
    if (s->next_count < s->width) {
        s->next[s->next_count++] = b;
        rise(s, s->next_count - 1);
    } else {
        s->next[0] = b;
        sink(s, 0);
    }
}

/* Beginnings that stay as they are; what grows into one of them from its parent is a part of it. */
static void offer_stays(Search *s)
{
    double of_blank = log_of(s, s->paths->blank);
    for (int i = 0; i < s->beam_count; i++) {
        Beginning b = s->beam[i];
        b.blank = s->beam[i].total + of_blank;
        if (b.label >= 0) {
            int32_t place = s->nodes[b.parent].place;
            b.last += log_of(s, b.label);
            if (place >= 0)
                b.last = log_add(b.last, before_label(&s->beam[place], b.label) + log_of(s, b.label));
        }
        b.total = log_add(b.blank, b.last);
        offer(s, b);
    }
}

static void offer_longer(Search *s)
{
    for (int k = 0; k < s->paths->classes; k++) {
        double of_label = log_of(s, k);
        for (int i = 0; i < s->beam_count && k != s->paths->blank; i++) {
            const Beginning *b = &s->beam[i];
            double total = before_label(b, k) + of_label;
            if (!is_wanted(s, total))
                continue;
            int32_t child = find_child(s, b->node, k);
            if (child < 0 || s->nodes[child].place < 0)
                offer(s, (Beginning){ child, b->node, k, NEVER, total, total });
        }
    }
}

/* What was kept is the beam of the next step; what is new among it becomes a node. */
static void take_next(Search *s)
{
    for (int i = 0; i < s->beam_count; i++)
        s->nodes[s->beam[i].node].place = -1;
    for (int i = 0; i < s->next_count; i++) {
        Beginning *b = &s->next[i];
        if (b->node < 0) {
            Node *parent = &s->nodes[b->parent];
            b->node = s->node_count++;
            s->nodes[b->node] = (Node){ b->parent, b->label, -1, parent->child, -1 };
            parent->child = b->node;
        }
        s->nodes[b->node].place = i;
    }
    Beginning *before = s->beam;
    s->beam = s->next;
    s->next = before;
    s->beam_count = s->next_count;
    s->next_count = 0;
}

/* ---- the search ---- */

/* The best one first. */
static void sort_beam(Search *s)
{
    for (int i = 1; i < s->beam_count; i++) {
        Beginning b = s->beam[i];
        int at = i;
        for (; at > 0 && s->beam[at - 1].total < b.total; at--)
            s->beam[at] = s->beam[at - 1];
        s->beam[at] = b;
    }
}

static void read_labels(Search *s, int place, struct lstmc_labels_found *found)
{
    int32_t *labels = s->labels + (size_t)place * (size_t)s->paths->steps;
    int count = 0;
    for (int32_t node = s->beam[place].node; s->nodes[node].parent >= 0; node = s->nodes[node].parent)
        labels[count++] = s->nodes[node].label;
    for (int i = 0; i < count / 2; i++) {
        int32_t moved = labels[i];
        labels[i] = labels[count - 1 - i];
        labels[count - 1 - i] = moved;
    }
    *found = (struct lstmc_labels_found){ labels, count, s->beam[place].total };
}

int lstmc_labels_beam(const struct lstmc_paths *p, const float *output, int width, void *memory,
                      struct lstmc_labels_found *found)
{
    if (p->classes < 2 || p->blank < 0 || p->blank >= p->classes || !lstmc_labels_beam_bytes(p->steps, width))
        return LSTMC_MISMATCH;
    Search s = new_search(p, width, memory);
    for (int t = 0; t < p->steps; t++) {
        if (p->mask && p->mask[t] == 0)
            continue;
        s.score = output + (size_t)t * (size_t)p->classes;
        if (!set_shift(&s))
            return LSTMC_NOT_FINITE;
        offer_stays(&s);
        offer_longer(&s);
        take_next(&s);
    }
    sort_beam(&s);
    for (int i = 0; i < s.beam_count; i++)
        read_labels(&s, i, &found[i]);
    return s.beam_count;
}
