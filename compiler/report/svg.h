/* svg.h: pictures as SVG text. What a shape looks like is said by its class, so that one style sheet serves light and
 * dark. */
#ifndef SVG_H
#define SVG_H

#include "compiler/base/out.h"

/* classes c0 to c5: told apart by colour-blind people too, and each at least 3 : 1 against the paper, light and dark */
#define SVG_COLOURS    6
/* a cell of class "shade" filled so far or further has its number in class "inverse", else in "number" */
#define SVG_SHADE_DARK 0.72

/* The rules for every class, light and dark: for the head of a page. */
extern const char svg_style[];

/* A picture of its own inside a page; `title` is what it is called for those who cannot see it. */
void svg_open(Out *out, double width, double height, const char *title);
void svg_close(Out *out);
/* The same picture as a file of its own, with the rules inside. */
void svg_document(Out *file, const char *picture);

/* Shapes, one a line. `tip`: what is said when the mouse rests on it; NULL: nothing. */
void svg_line(Out *out, const char *class, double x1, double y1, double x2, double y2);
void svg_rectangle(Out *out, const char *class, double x, double y, double width, double height);
/* The same with round corners. */
void svg_box(Out *out, const char *class, double x, double y, double width, double height);
void svg_circle(Out *out, const char *class, double x, double y, double radius, const char *tip);
/* The square of a matrix, filled by a fraction of its colour. */
void svg_shade(Out *out, double x, double y, double side, double fraction, const char *tip);
/* `x`, `y`: the foot of the text, at its start, or its middle or end if the class says so; `turned` by so many degrees;
 * `size` of the letters. */
void svg_text(Out *out, const char *class, double x, double y, double size, double turned, const char *text);

/* A line through points: begin, a point each (`move`: it starts again there), end. */
void svg_path_begin(Out *out, const char *class);
void svg_path_point(Out *out, bool move, double x, double y);
/* From where the line is, x1, y1: down, and across, to x2, y2. */
void svg_path_bend(Out *out, double x1, double y1, double x2, double y2);
void svg_path_end(Out *out);

/* Text for XML and HTML: the five characters that mean something are written out; what is no UTF-8, or no character of
 * XML, becomes U+FFFD. */
void svg_escape(Out *out, const char *text);
/* About how wide the text is, rather too wide: browsers choose the typeface. */
double svg_text_width(const char *text, double size);
/* Appends formatted text as it is, without an end of line. Not for texts of the user: those are escaped. */
void svg_put(Out *out, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
