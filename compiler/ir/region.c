/* region.c: boxes of a tensor's elements. Exact where indices are mixed-radix affine, an outer
 * bound everywhere else. */
#include "region.h"

#include <stdlib.h>

Turns turns_of(const Loop *loop)
{
    if (!loop)
        return (Turns){ 0 };
    return (Turns){ .axis = loop->axis, .first = 0, .last = loop->axis->extent - 1 };
}

Box box_whole(const Tensor *tensor)
{
    Box box = { .rank = tensor->rank };
    for (int i = 0; i < tensor->rank; i++)
        box.high[i] = tensor->extent[i] - 1;
    return box;
}

static void first_and_last(const Axis *axis, const Turns *turns, int *first, int *last)
{
    *first = axis == turns->axis ? turns->first : 0;
    *last = axis == turns->axis ? turns->last : axis->extent - 1;
}

/* One dimension: coefficients sorted by size must be the radices of a number: each is the count of values that the
 * smaller ones reach. */
static Touch touch_of_index(const Index *index, const Turns *turns)
{
    int coefficient[INDEX_TERMS_MAX], extent[INDEX_TERMS_MAX], count = 0;
    for (int i = 0; i < index->terms; i++) {
        int first, last;
        first_and_last(index->axis[i], turns, &first, &last);
        if (first == last || index->coefficient[i] == 0)
            continue;
        for (int other = 0; other < i; other++)
            if (index->axis[other] == index->axis[i])
                return TOUCH_SOME;
        int at = count++;
        for (; at > 0 && coefficient[at - 1] > abs(index->coefficient[i]); at--) {
            coefficient[at] = coefficient[at - 1];
            extent[at] = extent[at - 1];
        }
        coefficient[at] = abs(index->coefficient[i]);
        extent[at] = last - first + 1;
    }
    Touch touch = TOUCH_ONCE;
    long long reached = 1;
    for (int i = 0; i < count; i++) {
        if (coefficient[i] > reached)
            return TOUCH_SOME;
        if (coefficient[i] < reached)
            touch = TOUCH_ALL;
        reached += (long long)coefficient[i] * (extent[i] - 1);
    }
    return touch;
}

static bool shares_axis(const Index *a, const Index *b, const Turns *turns)
{
    for (int i = 0; i < a->terms; i++) {
        int first, last;
        first_and_last(a->axis[i], turns, &first, &last);
        if (first != last && a->coefficient[i] && index_uses(b, a->axis[i]))
            return true;
    }
    return false;
}

Box box_of_access(const Access *access, Turns turns, Touch *touch)
{
    Box box = box_whole(access->tensor);
    *touch = TOUCH_ONCE;
    for (int d = 0; d < box.rank; d++) {
        const Index *index = &access->index[d];
        if (index->gather) {
            *touch = TOUCH_SOME;
            continue;
        }
        box.low[d] = box.high[d] = index->constant;
        for (int i = 0; i < index->terms; i++) {
            int first, last, c = index->coefficient[i];
            first_and_last(index->axis[i], &turns, &first, &last);
            box.low[d] += c * (c > 0 ? first : last);
            box.high[d] += c * (c > 0 ? last : first);
        }
        Touch mine = touch_of_index(index, &turns);
        for (int other = 0; other < d; other++)
            if (shares_axis(index, &access->index[other], &turns))
                mine = TOUCH_SOME;
        *touch = mine < *touch ? mine : *touch;
    }
    return box;
}

bool box_overlaps(const Box *a, const Box *b)
{
    for (int d = 0; d < a->rank; d++)
        if (a->high[d] < b->low[d] || b->high[d] < a->low[d])
            return false;
    return true;
}

void boxes_add(Arena *arena, Boxes *to, Box box)
{
    arena_append(arena, to->box, to->count, to->capacity, box);
}

/* Cuts slices off `box` on both sides of `taken`, dimension by dimension; what is left in the end is inside `taken`. */
static void add_difference(Arena *arena, Boxes *to, Box box, const Box *taken)
{
    for (int d = 0; d < box.rank; d++) {
        Box slice = box;
        if (box.low[d] < taken->low[d]) {
            slice.high[d] = taken->low[d] - 1;
            boxes_add(arena, to, slice);
            box.low[d] = taken->low[d];
        }
        slice = box;
        if (box.high[d] > taken->high[d]) {
            slice.low[d] = taken->high[d] + 1;
            boxes_add(arena, to, slice);
            box.high[d] = taken->high[d];
        }
    }
}

void boxes_subtract(Arena *arena, Boxes *from, const Box *taken)
{
    if (!boxes_overlap(from, taken))
        return;
    Boxes left = { 0 };
    for (int i = 0; i < from->count; i++) {
        if (box_overlaps(&from->box[i], taken))
            add_difference(arena, &left, from->box[i], taken);
        else
            boxes_add(arena, &left, from->box[i]);
    }
    *from = left;
}

Boxes boxes_rest(Arena *arena, const Box *box, const Boxes *covered)
{
    Boxes rest = { 0 };
    boxes_add(arena, &rest, *box);
    for (int i = 0; i < covered->count && rest.count; i++)
        boxes_subtract(arena, &rest, &covered->box[i]);
    return rest;
}

bool boxes_overlap(const Boxes *boxes, const Box *box)
{
    for (int i = 0; i < boxes->count; i++)
        if (box_overlaps(&boxes->box[i], box))
            return true;
    return false;
}
