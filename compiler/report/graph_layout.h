/* graph_layout.h: a picture of a graph without pictures: which box stands where, and by which way an edge goes. Boxes
 * stand in ranks, each below all that it reads (Sugiyama, Tagawa & Toda 1981). The same graph gives the same places. */
#ifndef GRAPH_LAYOUT_H
#define GRAPH_LAYOUT_H

#include "compiler/base/base.h"

typedef struct LayoutBox {
    double width, height;       /* given; all boxes of a rank become as high as the highest */
    double x, y;                /* of its middle, and of its top: found */
} LayoutBox;

typedef struct LayoutPoint {
    double x, y;
} LayoutPoint;

typedef struct LayoutEdge {
    int from, to;               /* boxes; from < to */
    bool apart;                 /* edges of one box that differ in this never share a way */
    /* found: where it begins, at the bottom of a box; in pairs the top and bottom of the ranks that it goes through;
     * where it ends, at the top of a box */
    LayoutPoint *points; int point_count;
} LayoutEdge;

typedef struct Layout {
    LayoutBox *boxes; int box_count;
    LayoutEdge *edges; int edge_count;
    double box_gap, rank_gap;   /* between boxes side by side; between ranks */
    double width, height;       /* found: of everything, from 0 */
} Layout;

void graph_layout(Arena *arena, Layout *layout);

#endif
