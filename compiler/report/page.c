/* page.c: in: names.  out: the beginning and the end of a page that needs nothing but itself. */
#include "page.h"
#include "svg.h"

static const char page_style[] =
    ":root{color-scheme:light dark;--page:#f3f5f7;--paper:#ffffff;--ink:#1f2328;--dim:#59636e;--rule:#d9dee3}\n"
    "@media(prefers-color-scheme:dark){:root{--page:#0c0f13;--paper:#14181d;--ink:#e6edf3;--dim:#9aa5b1;--rule:#2b323a}"
    "}\n"
    "body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe "
    "UI',Roboto,Helvetica,Arial,sans-serif}\n"
    "main{max-width:722px;margin:0 auto;padding:28px 16px 40px}\n"
    "h1{font-size:26px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:18px;margin:30px 0 10px}\n"
    "p{margin:0 0 12px;color:var(--dim)}\n"
    "figure,.table{margin:0 0 14px;background:var(--paper);border:1px solid "
    "var(--rule);border-radius:8px;overflow-x:auto}\n"
    "figure svg{display:block;max-width:100%;height:auto;margin:0 auto}\n"
    "table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:6px 10px;text-align:right;border-top:1px solid var(--rule);white-space:nowrap}\n"
    "thead th{border-top:0;color:var(--dim);font-weight:500;font-size:13px}th:first-child,.text{text-align:left}\n"
    "tbody th{font-weight:500;}th:first-child{padding-left:16px}th:last-child,td:last-child{padding-right:16px}td "
    "small{color:var(--dim)}\n";

void page_element(Out *page, const char *open, const char *text, const char *close)
{
    put_raw(page, open);
    svg_escape(page, text);
    put_raw(page, close);
}

void page_begin(Out *page, const char *name, const char *kind)
{
    put_raw(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n");
    page_element(page, "<title>", name, "");
    page_element(page, "", kind, "</title>\n<style>\n");
    put_raw(page, page_style);
    put_raw(page, svg_style);
    page_element(page, "</style>\n</head>\n<body>\n<main>\n<h1>", name, "</h1>\n");
}

void page_end(Out *page)
{
    put_raw(page, "</main>\n</body>\n</html>\n");
}
