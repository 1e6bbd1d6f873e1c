/* graph_layout.c: in: boxes with their sizes, and edges.  out: places. Ranks first; then the order within each, by
 * which few edges cross; then x, by which edges are as straight as that order allows. */
#include "graph_layout.h"

#include <math.h>
#include <string.h>

#define ORDER_SWEEPS 12
#define PLACE_SWEEPS 24
#define WAY_WIDTH    10         /* room of an edge that goes through a rank */
#define WAY_WEIGHT   8          /* how much straighter than boxes ways are kept */
#define PORT_GAP     16         /* between edges that begin, or end, at one box */

/* A box, or the place at which edges of one box go through a rank. */
typedef struct Item {
    int rank, order;
    int box;                    /* -1: a way */
    int *up, *down; int up_count, down_count, up_room, down_room;   /* what it is joined to in the ranks beside it */
    double x, width;
} Item;

typedef struct Plan {
    Arena *arena;
    Layout *layout;
    Item *items; int count, capacity;
    int **ranks, *rank_count, rank_total;   /* the items of each rank in their order */
    int *rank_of;                           /* of each box */
} Plan;

/* ---- ranks ---- */

/* Below all that it reads; then as far down as that makes edges shorter, or no longer. */
static void find_ranks(Plan *p)
{
    const Layout *l = p->layout;
    for (int b = 0; b < l->box_count; b++)
        for (int e = 0; e < l->edge_count; e++)
            if (l->edges[e].to == b && p->rank_of[b] <= p->rank_of[l->edges[e].from])
                p->rank_of[b] = p->rank_of[l->edges[e].from] + 1;
    for (int b = l->box_count - 1; b >= 0; b--) {
        int in = 0, out = 0, lowest = 0;
        for (int e = 0; e < l->edge_count; e++) {
            in += l->edges[e].to == b;
            if (l->edges[e].from == b && (!out++ || p->rank_of[l->edges[e].to] - 1 < lowest))
                lowest = p->rank_of[l->edges[e].to] - 1;
        }
        if (out && out >= in)
            p->rank_of[b] = lowest;
    }
    for (int b = 0; b < l->box_count; b++)
        p->rank_total = p->rank_of[b] >= p->rank_total ? p->rank_of[b] + 1 : p->rank_total;
}

static int add_item(Plan *p, int rank, int box, double width)
{
    arena_append(p->arena, p->items, p->count, p->capacity, ((Item){ .rank = rank, .box = box, .width = width }));
    return p->count - 1;
}

static void join(Plan *p, int above, int below)
{
    Item *a = &p->items[above], *b = &p->items[below];
    for (int i = 0; i < a->down_count; i++)
        if (a->down[i] == below)
            return;
    arena_append(p->arena, a->down, a->down_count, a->down_room, below);
    arena_append(p->arena, b->up, b->up_count, b->up_room, above);
}

/* The items of every edge, from box to box; those of one box share their ways. Item b is box b. */
static int **find_ways(Plan *p)
{
    Layout *l = p->layout;
    int **ways = arena_array(p->arena, int *, l->edge_count + 1);
    int *shared = arena_array(p->arena, int, 2 * l->box_count * p->rank_total + 1);
    for (int b = 0; b < l->box_count; b++)
        add_item(p, p->rank_of[b], b, l->boxes[b].width);
    for (int e = 0; e < l->edge_count; e++) {
        int from = l->edges[e].from, to = l->edges[e].to, first = p->rank_of[from], last = p->rank_of[to];
        ways[e] = arena_array(p->arena, int, last - first + 1);
        ways[e][0] = from;
        for (int rank = first + 1; rank < last; rank++) {
            int *way = &shared[(2 * from + l->edges[e].apart) * p->rank_total + rank];
            if (!*way)
                *way = add_item(p, rank, -1, WAY_WIDTH);
            ways[e][rank - first] = *way;
        }
        ways[e][last - first] = to;
        for (int i = 0; i < last - first; i++)
            join(p, ways[e][i], ways[e][i + 1]);
    }
    return ways;
}

/* ---- order ---- */

static long crossings_below(const Plan *p, int rank)
{
    long count = 0;
    for (int i = 0; i < p->rank_count[rank]; i++)
        for (int k = 0; k < i; k++) {
            const Item *right = &p->items[p->ranks[rank][i]], *left = &p->items[p->ranks[rank][k]];
            for (int r = 0; r < right->down_count; r++)
                for (int s = 0; s < left->down_count; s++)
                    count += p->items[left->down[s]].order > p->items[right->down[r]].order;
        }
    return count;
}

static long crossings(const Plan *p)
{
    long count = 0;
    for (int rank = 0; rank + 1 < p->rank_total; rank++)
        count += crossings_below(p, rank);
    return count;
}

/* The mean place of what it is joined to on one side; without that its own. */
static double barycentre(const Plan *p, const Item *item, bool of_upper)
{
    const int *beside = of_upper ? item->up : item->down;
    int count = of_upper ? item->up_count : item->down_count;
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += p->items[beside[i]].order;
    return count ? sum / count : item->order;
}

/* A stable sort: what is alike stays as it was. */
static void sort_rank(Plan *p, int rank, bool of_upper)
{
    int count = p->rank_count[rank], *list = p->ranks[rank];
    double *key = arena_array(p->arena, double, count + 1);
    for (int i = 0; i < count; i++) {
        int item = list[i], at = i;
        double mine = barycentre(p, &p->items[item], of_upper);
        for (; at > 0 && key[at - 1] > mine; at--) {
            key[at] = key[at - 1];
            list[at] = list[at - 1];
        }
        key[at] = mine;
        list[at] = item;
    }
    for (int i = 0; i < count; i++)
        p->items[list[i]].order = i;
}

static void keep_order(Plan *p, const int *kept)
{
    for (int i = 0; i < p->count; i++) {
        p->items[i].order = kept[i];
        p->ranks[p->items[i].rank][kept[i]] = i;
    }
}

static void find_order(Plan *p)
{
    p->ranks = arena_array(p->arena, int *, p->rank_total + 1);
    p->rank_count = arena_array(p->arena, int, p->rank_total + 1);
    int *kept = arena_array(p->arena, int, p->count + 1);
    for (int rank = 0; rank < p->rank_total; rank++)
        p->ranks[rank] = arena_array(p->arena, int, p->count + 1);
    for (int i = 0; i < p->count; i++) {
        int rank = p->items[i].rank;
        kept[i] = p->items[i].order = p->rank_count[rank]++;
        p->ranks[rank][kept[i]] = i;
    }
    long best = crossings(p);
    for (int sweep = 0; sweep < ORDER_SWEEPS && best; sweep++) {
        for (int i = 1; i < p->rank_total; i++)
            sort_rank(p, sweep % 2 ? p->rank_total - 1 - i : i, sweep % 2 == 0);
        long now = crossings(p);
        for (int i = 0; i < p->count && now < best; i++)
            kept[i] = p->items[i].order;
        best = now < best ? now : best;
    }
    keep_order(p, kept);
}

/* ---- x ---- */

typedef struct Block {          /* items that touch each other */
    double weight, sum;         /* sum: of weights times where they would stand with the first of all at 0 */
    int count;
} Block;

/* How far the middle of an item is from that of the item to its left, at least. */
static double distance(const Plan *p, int rank, int order)
{
    const Item *left = &p->items[p->ranks[rank][order - 1]], *right = &p->items[p->ranks[rank][order]];
    return (left->width + right->width) / 2 + p->layout->box_gap;
}

/* The places in their order, far enough apart, that are nearest to what is wished: least squares by pooling adjacent
 * violators. */
static void place_rank(Plan *p, int rank, const double *wish, const double *weight)
{
    int count = p->rank_count[rank], blocks = 0;
    Block *block = arena_array(p->arena, Block, count + 1);
    double *offset = arena_array(p->arena, double, count + 1);
    for (int i = 0; i < count; i++) {
        offset[i] = i ? offset[i - 1] + distance(p, rank, i) : 0;
        block[blocks++] = (Block){ .weight = weight[i], .sum = weight[i] * (wish[i] - offset[i]), .count = 1 };
        while (blocks > 1 && block[blocks - 2].sum / block[blocks - 2].weight >
                                 block[blocks - 1].sum / block[blocks - 1].weight) {
            block[blocks - 2].weight += block[blocks - 1].weight;
            block[blocks - 2].sum += block[blocks - 1].sum;
            block[blocks - 2].count += block[blocks - 1].count;
            blocks--;
        }
    }
    for (int b = 0, i = 0; b < blocks; b++)
        for (int k = 0; k < block[b].count; k++, i++)
            p->items[p->ranks[rank][i]].x = block[b].sum / block[b].weight + offset[i];
}

/* Each wishes to stand below, or above, the middle of what it is joined to; without that, where it is. */
static void sweep_rank(Plan *p, int rank, bool of_upper)
{
    int count = p->rank_count[rank];
    double *wish = arena_array(p->arena, double, count + 1), *weight = arena_array(p->arena, double, count + 1);
    for (int i = 0; i < count; i++) {
        const Item *item = &p->items[p->ranks[rank][i]];
        const int *beside = of_upper ? item->up : item->down;
        int joined = of_upper ? item->up_count : item->down_count;
        for (int k = 0; k < joined; k++)
            wish[i] += p->items[beside[k]].x / joined;
        if (!joined)
            wish[i] = item->x;
        weight[i] = item->box < 0 ? WAY_WEIGHT : joined ? 1 : 0.1;
    }
    place_rank(p, rank, wish, weight);
}

static void find_places(Plan *p)
{
    for (int rank = 0; rank < p->rank_total; rank++)
        for (int i = 1; i < p->rank_count[rank]; i++)
            p->items[p->ranks[rank][i]].x = p->items[p->ranks[rank][i - 1]].x + distance(p, rank, i);
    for (int sweep = 0; sweep < PLACE_SWEEPS; sweep++)
        for (int i = 1; i < p->rank_total; i++)
            sweep_rank(p, sweep % 2 ? p->rank_total - 1 - i : i, sweep % 2 == 0);
    double left = INFINITY, right = -INFINITY;
    for (int i = 0; i < p->count; i++) {
        left = fmin(left, p->items[i].x - p->items[i].width / 2);
        right = fmax(right, p->items[i].x + p->items[i].width / 2);
    }
    for (int i = 0; i < p->count; i++)
        p->items[i].x -= left;
    p->layout->width = p->count ? right - left : 0;
}

/* ---- y, and edges ---- */

/* Where, from the middle of an item, its edge to another one lies among those of that side, from left to right. */
static double port(const Plan *p, int item, int other, bool below)
{
    const Item *from = &p->items[item];
    const int *beside = below ? from->down : from->up;
    int count = below ? from->down_count : from->up_count, before = 0;
    for (int i = 0; i < count; i++)
        before += p->items[beside[i]].order < p->items[other].order;
    double gap = fmin(PORT_GAP, (from->width - PORT_GAP) / count);
    return from->box < 0 ? 0 : (before - (count - 1) / 2.0) * gap;
}

static void find_points(Plan *p, int *const *ways, const double *top, const double *height)
{
    for (int e = 0; e < p->layout->edge_count; e++) {
        LayoutEdge *edge = &p->layout->edges[e];
        int last = p->rank_of[edge->to] - p->rank_of[edge->from];
        const LayoutBox *from = &p->layout->boxes[edge->from], *to = &p->layout->boxes[edge->to];
        edge->points = arena_array(p->arena, LayoutPoint, 2 * last);
        edge->points[edge->point_count++] = (LayoutPoint){ from->x + port(p, edge->from, ways[e][1], true),
                                                           from->y + from->height };
        for (int i = 1; i < last; i++) {
            const Item *way = &p->items[ways[e][i]];
            edge->points[edge->point_count++] = (LayoutPoint){ way->x, top[way->rank] };
            edge->points[edge->point_count++] = (LayoutPoint){ way->x, top[way->rank] + height[way->rank] };
        }
        edge->points[edge->point_count++] = (LayoutPoint){ to->x + port(p, edge->to, ways[e][last - 1], false), to->y };
    }
}

void graph_layout(Arena *arena, Layout *layout)
{
    Plan p = { .arena = arena, .layout = layout, .rank_of = arena_array(arena, int, layout->box_count + 1) };
    find_ranks(&p);
    int **ways = find_ways(&p);
    find_order(&p);
    find_places(&p);
    double *top = arena_array(arena, double, p.rank_total + 1), *height = arena_array(arena, double, p.rank_total + 1);
    for (int b = 0; b < layout->box_count; b++)
        height[p.rank_of[b]] = fmax(height[p.rank_of[b]], layout->boxes[b].height);
    for (int rank = 1; rank < p.rank_total; rank++)
        top[rank] = top[rank - 1] + height[rank - 1] + layout->rank_gap;
    for (int b = 0; b < layout->box_count; b++) {
        layout->boxes[b].x = p.items[b].x;
        layout->boxes[b].y = top[p.rank_of[b]];
        layout->boxes[b].height = height[p.rank_of[b]];
    }
    layout->height = p.rank_total ? top[p.rank_total - 1] + height[p.rank_total - 1] : 0;
    find_points(&p, ways, top, height);
}
