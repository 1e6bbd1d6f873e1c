/* svg.c: in: shapes with a class and coordinates.  out: SVG text, the same for the same shapes, that needs nothing from
 * elsewhere. */
#include "svg.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DECIMALS 2      /* of coordinates: a hundredth of a pixel */
#define CORNER   5      /* of a box: its radius */

/* Okabe and Ito's hues, darker on white and lighter on black. Colours stand here as they are, not as custom properties,
 * so that programs which know no var() (editors, converters to PDF) draw them too. */
const char svg_style[] =
    "svg{font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif}\n"
    ".middle{text-anchor:middle}.end{text-anchor:end}.title{font-weight:600}\n"
    ".line,.ring{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\n"
    ".fine{stroke-width:1.2}.thin{stroke-width:1;stroke-opacity:.45}\n"
    ".dashed{stroke-width:1.8;stroke-dasharray:7 5}.dotted{stroke-width:1.8;stroke-dasharray:1 4.5}\n"
    ".dot,.cloud{fill:currentColor}.cloud{fill-opacity:.5}\n"
    ".frame,.cell,.edge{fill:none}.reference,.handed{stroke-dasharray:5 4}.edge{stroke-width:1.4}\n"
    ".paper{fill:#ffffff}.ink{fill:#1f2328}.dim{fill:#59636e}.number{fill:#000000}.inverse{fill:#ffffff}\n"
    ".grid{stroke:#e4e7ea}.axis,.frame{stroke:#8c959f}.reference{stroke:#59636e}.shade{fill:#14427a}.cell{stroke:#"
    "d5dae0}\n"
    ".box{fill:#f3f5f7;stroke:#8c959f}.input{fill:#dcebf7}.output{fill:#d9f0e7}.state{fill:#ffffff}\n"
    ".edge{stroke:#59636e}.arrow{fill:#59636e}\n"
    ".c0{color:#0072b2}.c1{color:#d55e00}.c2{color:#00805c}.c3{color:#b0518f}.c4{color:#8a6a00}.c5{color:#59636e}\n"
    "@media(prefers-color-scheme:dark){\n"
    ".paper{fill:#14181d}.ink{fill:#e6edf3}.dim{fill:#9aa5b1}.number{fill:#ffffff}.inverse{fill:#000000}\n"
    ".grid{stroke:#2b323a}.axis,.frame{stroke:#6b7683}.reference{stroke:#9aa5b1}.shade{fill:#6aa0d5}.cell{stroke:#"
    "353d47}\n"
    ".box{fill:#1d232a;stroke:#6b7683}.input{fill:#13324a}.output{fill:#0f3a2c}.state{fill:#14181d}\n"
    ".edge{stroke:#9aa5b1}.arrow{fill:#9aa5b1}\n"
    ".c0{color:#56b4e9}.c1{color:#ff8f45}.c2{color:#2ec79b}.c3{color:#e29ac6}.c4{color:#e3c04b}.c5{color:#9aa5b1}\n"
    "}\n";

void svg_put(Out *out, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof text)
        die("more than %zu characters for %s", sizeof text, format);
    put_raw(out, text);
}

/* The length of the character of UTF-8 at `s` if XML allows it, else 0. Overlong forms, surrogates and control
 * characters are none. */
static int character_length(const unsigned char *s)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 || s[0] == '\t' || s[0] == '\n' || s[0] == '\r';
    int length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    unsigned long code = s[0] & (0xffu >> (length + 1));
    static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    for (int i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (s[i] & 0x3fu);
    }
    bool allowed = code >= least[length] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff) &&
                   (code & 0xfffe) != 0xfffe;
    return allowed && code > 0x9f ? length : 0;
}

void svg_escape(Out *out, const char *text)
{
    for (const unsigned char *s = (const unsigned char *)text; *s;) {
        int length = character_length(s);
        switch (*s) {
        case '&': put_raw(out, "&amp;"); break;
        case '<': put_raw(out, "&lt;"); break;
        case '>': put_raw(out, "&gt;"); break;
        case '"': put_raw(out, "&quot;"); break;
        case '\'': put_raw(out, "&#39;"); break;
        default:
            if (length)
                svg_put(out, "%.*s", length, (const char *)s);
            else
                put_raw(out, "\xef\xbf\xbd");
        }
        s += length ? length : 1;
    }
}

double svg_text_width(const char *text, double size)
{
    double units = 0;
    for (const unsigned char *s = (const unsigned char *)text; *s; s++)
        if ((*s & 0xc0) != 0x80)
            units += *s >= 0xe2 ? 1.0 : strchr("MWmw@%", *s) ? 0.9 : strchr("iljtfr.,:;'|! ()[]", *s) ? 0.36 : 0.6;
    return units * size;
}

/* " name=\"1.5\"", without zeros at the end and without -0. */
static void attribute(Out *out, const char *name, double value)
{
    char text[64];
    snprintf(text, sizeof text, "%.*f", DECIMALS, value);
    char *end = text + strlen(text);
    while (end[-1] == '0')
        *--end = 0;
    if (end[-1] == '.')
        *--end = 0;
    svg_put(out, name[0] ? " %s=\"%s\"" : "%s%s", name, strcmp(text, "-0") ? text : "0");
}

static void begin(Out *out, const char *element, const char *class)
{
    svg_put(out, "<%s class=\"%s\"", element, class);
}

static void end_with_tip(Out *out, const char *element, const char *tip)
{
    if (!tip) {
        put_raw(out, "/>\n");
        return;
    }
    put_raw(out, "><title>");
    svg_escape(out, tip);
    svg_put(out, "</title></%s>\n", element);
}

void svg_open(Out *out, double width, double height, const char *title)
{
    svg_put(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f "
            "%.0f\">\n<title>",
            width, height, width, height);
    svg_escape(out, title);
    put_raw(out, "</title>\n");
    svg_rectangle(out, "paper", 0, 0, width, height);
}

void svg_close(Out *out)
{
    put_raw(out, "</svg>\n");
}

void svg_document(Out *file, const char *picture)
{
    const char *inside = strchr(picture, '>');
    put_raw(file, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    for (const char *s = picture; s <= inside; s++)
        svg_put(file, "%c", *s);
    put_raw(file, "\n<style>\n");
    put_raw(file, svg_style);
    put_raw(file, "</style>");
    put_raw(file, inside + 1);
}

void svg_line(Out *out, const char *class, double x1, double y1, double x2, double y2)
{
    begin(out, "line", class);
    attribute(out, "x1", x1);
    attribute(out, "y1", y1);
    attribute(out, "x2", x2);
    attribute(out, "y2", y2);
    end_with_tip(out, "line", NULL);
}

static void rectangle(Out *out, double x, double y, double width, double height)
{
    attribute(out, "x", x);
    attribute(out, "y", y);
    attribute(out, "width", width);
    attribute(out, "height", height);
}

void svg_rectangle(Out *out, const char *class, double x, double y, double width, double height)
{
    begin(out, "rect", class);
    rectangle(out, x, y, width, height);
    end_with_tip(out, "rect", NULL);
}

void svg_box(Out *out, const char *class, double x, double y, double width, double height)
{
    begin(out, "rect", class);
    rectangle(out, x, y, width, height);
    attribute(out, "rx", CORNER);
    end_with_tip(out, "rect", NULL);
}

void svg_circle(Out *out, const char *class, double x, double y, double radius, const char *tip)
{
    begin(out, "circle", class);
    attribute(out, "cx", x);
    attribute(out, "cy", y);
    attribute(out, "r", radius);
    end_with_tip(out, "circle", tip);
}

void svg_shade(Out *out, double x, double y, double side, double fraction, const char *tip)
{
    begin(out, "rect", "shade");
    rectangle(out, x, y, side, side);
    attribute(out, "fill-opacity", fraction);
    end_with_tip(out, "rect", tip);
}

void svg_text(Out *out, const char *class, double x, double y, double size, double turned, const char *text)
{
    begin(out, "text", class);
    attribute(out, "x", x);
    attribute(out, "y", y);
    attribute(out, "font-size", size);
    if (turned != 0)
        svg_put(out, " transform=\"rotate(%.0f %.2f %.2f)\"", turned, x, y);
    put_raw(out, ">");
    svg_escape(out, text);
    put_raw(out, "</text>\n");
}

void svg_path_begin(Out *out, const char *class)
{
    begin(out, "path", class);
    put_raw(out, " d=\"");
}

void svg_path_point(Out *out, bool move, double x, double y)
{
    put_raw(out, move ? "M" : "L");
    attribute(out, "", x);
    put_raw(out, " ");
    attribute(out, "", y);
}

/* The bend leaves the one point straight down and reaches the other from straight above. */
void svg_path_bend(Out *out, double x1, double y1, double x2, double y2)
{
    double between = (y1 + y2) / 2;
    const double point[3][2] = { { x1, between }, { x2, between }, { x2, y2 } };
    for (int i = 0; i < 3; i++) {
        put_raw(out, i ? " " : "C");
        attribute(out, "", point[i][0]);
        put_raw(out, " ");
        attribute(out, "", point[i][1]);
    }
}

void svg_path_end(Out *out)
{
    put_raw(out, "\"/>\n");
}
