/* page.h: what every page has: its head with the rules for all that is on it, and its end. */
#ifndef PAGE_H
#define PAGE_H

#include "compiler/base/out.h"

/* The title of the page is `name` with `kind` behind it, its heading `name` alone. */
void page_begin(Out *page, const char *name, const char *kind);
void page_end(Out *page);

/* Escaped text between two pieces of HTML. */
void page_element(Out *page, const char *open, const char *text, const char *close);

#endif
