/* xml.h: enough of XML to tell whether a text is well-formed, and to look at its elements one by one. */
#ifndef XML_H
#define XML_H

#include <stdbool.h>

/* NULL, or what is wrong and where. Elements nest and close, attributes are quoted and named once, every & begins an entity, bytes are UTF-8 without control
 * characters. A "<!doctype html>" or "<?xml ... ?>" in front is passed over. The answer is good until the next call. */
const char *xml_mistake(const char *text);

/* The next <name ...> behind `*at` whose class attribute is `class` (NULL: any); moves *at into it. False if there is none. */
bool xml_find(const char **at, const char *name, const char *class);
/* Attributes of the element that *at is in: a number (ends the test if there is none), or a text for `value`. */
double xml_number(const char *at, const char *attribute);
bool   xml_text(const char *at, const char *attribute, char *value, int size);
/* The text in the element, up to the next tag, entities as they are. */
void   xml_content(const char *at, char *value, int size);
int    xml_count(const char *text, const char *name, const char *class);

#endif
