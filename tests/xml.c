/* xml.c: in: a text.  out: whether it is well-formed XML; its elements. */
#include "xml.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64
#define ATTRIBUTES_MAX 32

typedef struct Check {
    const char *text, *at;
    char open[DEPTH_MAX][32];
    int depth;
    char mistake[200];
} Check;

static bool wrong(Check *c, const char *what)
{
    snprintf(c->mistake, sizeof c->mistake, "%s at byte %ld: \"%.60s\"", what, (long)(c->at - c->text), c->at);
    return false;
}

static bool check_name(Check *c, char name[32])
{
    int length = 0;
    while (isalnum((unsigned char)*c->at) || strchr("-:_", *c->at) ? *c->at != 0 : false) {
        if (length < 31)
            name[length++] = *c->at;
        c->at++;
    }
    name[length] = 0;
    return length ? true : wrong(c, "no name");
}

/* One character, or one entity. */
static bool check_character(Check *c)
{
    const unsigned char *s = (const unsigned char *)c->at;
    if (*s == '&') {
        static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            if (!strncmp(c->at, known[i], strlen(known[i])))
                return c->at += strlen(known[i]), true;
        return wrong(c, "an & that is no entity");
    }
    if (*s < 0x80) {
        if (*s < 0x20 && *s != '\n' && *s != '\t' && *s != '\r')
            return wrong(c, "a control character");
        return c->at++, true;
    }
    int length = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : 2;
    if (*s < 0xc2 || *s > 0xf4)
        return wrong(c, "no UTF-8");
    for (int i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80)
            return wrong(c, "no UTF-8");
    c->at += length;
    return true;
}

static bool check_attributes(Check *c)
{
    char seen[ATTRIBUTES_MAX][32];
    for (int count = 0; *c->at == ' '; count++) {
        c->at++;
        if (count == ATTRIBUTES_MAX || !check_name(c, seen[count]))
            return false;
        for (int i = 0; i < count; i++)
            if (!strcmp(seen[i], seen[count]))
                return wrong(c, "an attribute twice");
        if (strncmp(c->at, "=\"", 2))
            return wrong(c, "no quoted value");
        for (c->at += 2; *c->at != '"';)
            if (!*c->at || *c->at == '<' || !check_character(c))
                return *c->mistake ? false : wrong(c, "< or the end in a value");
        c->at++;
    }
    return true;
}

static bool check_tag(Check *c)
{
    char name[32];
    bool closes = c->at[1] == '/';
    c->at += closes ? 2 : 1;
    if (!check_name(c, name))
        return false;
    if (closes) {
        if (*c->at != '>' || !c->depth || strcmp(c->open[--c->depth], name))
            return wrong(c, "this closes what is not open");
        return c->at++, true;
    }
    if (c->depth == DEPTH_MAX || !check_attributes(c))
        return *c->mistake ? false : wrong(c, "too deep");
    if (!strncmp(c->at, "/>", 2))
        return c->at += 2, true;
    if (*c->at != '>')
        return wrong(c, "a tag without an end");
    strcpy(c->open[c->depth++], name);
    c->at++;
    return true;
}

const char *xml_mistake(const char *text)
{
    static Check c;
    c = (Check){ .text = text, .at = text };
    if (!strncmp(text, "<!", 2) || !strncmp(text, "<?", 2))
        c.at = strchr(text, '>') + 1;
    int roots = 0;
    while (*c.at) {
        roots += !c.depth && *c.at == '<';
        if (!(*c.at == '<' ? check_tag(&c) : !c.depth && !isspace((unsigned char)*c.at) ? wrong(&c, "text outside") : check_character(&c)))
            return c.mistake;
    }
    if (c.depth || roots != 1)
        wrong(&c, c.depth ? "the end before everything is closed" : "not one root");
    return *c.mistake ? c.mistake : NULL;
}

bool xml_text(const char *at, const char *attribute, char *value, int size)
{
    char key[64];
    snprintf(key, sizeof key, " %s=\"", attribute);
    const char *found = strstr(at, key), *end = strchr(at, '>');
    if (!found || !end || found > end)
        return false;
    found += strlen(key);
    snprintf(value, (size_t)size, "%.*s", (int)strcspn(found, "\""), found);
    return true;
}

bool xml_find(const char **at, const char *name, const char *class)
{
    char tag[64], found[64];
    snprintf(tag, sizeof tag, "<%s ", name);
    for (const char *next = strstr(*at, tag); next; next = strstr(next + 1, tag)) {
        if (class && (!xml_text(next, "class", found, sizeof found) || strcmp(found, class)))
            continue;
        *at = next + strlen(tag) - 1;
        return true;
    }
    return false;
}

double xml_number(const char *at, const char *attribute)
{
    char value[64], *end;
    cr_assert(xml_text(at, attribute, value, sizeof value), "no %s in \"%.80s\"", attribute, at);
    double number = strtod(value, &end);
    cr_assert(!*end && end > value, "%s=\"%s\" is no number", attribute, value);
    return number;
}

void xml_content(const char *at, char *value, int size)
{
    const char *text = strchr(at, '>') + 1;
    snprintf(value, (size_t)size, "%.*s", (int)strcspn(text, "<"), text);
}

int xml_count(const char *text, const char *name, const char *class)
{
    int count = 0;
    while (xml_find(&text, name, class))
        count++;
    return count;
}
