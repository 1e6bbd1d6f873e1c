/* readme.c: README.md and the manual to blocks; expected and real output line by line; links. */
#include "readme.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- blocks -------------------------------------------------------------------------------------------------------------- */

char *readme_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(size + 1);
    text[fread(text, 1, size, file)] = 0;
    fclose(file);
    return text;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

/* "lua lamp.lua", "c from lamp.h", "sh", "text" */
static void read_header(ReadmeBlock *block, const char *header)
{
    char language[16] = "", first[128] = "", second[128] = "";
    sscanf(header, "%15[^ \n]%*1[ ]%127[^ \n]%*1[ ]%127[^ \n]", language, first, second);
    block->kind = README_UNKNOWN;
    if (!strcmp(language, "sh"))
        block->kind = README_COMMANDS;
    else if (!strcmp(language, "text"))
        block->kind = README_OUTPUT;
    else if (!strcmp(language, "console"))
        block->kind = README_CONSOLE;
    else if (!strcmp(first, "from"))
        block->kind = README_EXCERPT;
    else if (*first)
        block->kind = README_FILE;
    strcpy(block->file, block->kind == README_EXCERPT ? second : first);
}

void readme_read(const char *path, Readme *readme)
{
    memset(readme, 0, sizeof *readme);
    char *text = readme_file(path);
    cr_assert(text, "%s cannot be read", path);
    ReadmeBlock *open = NULL;
    const char *begin = NULL;
    bool follows = false;
    int number = 1;
    for (const char *line = text; *line; line = next_line(line), number++) {
        bool fence = !strncmp(line, "```", 3);
        if (fence && !open) {
            cr_assert(readme->count < README_BLOCKS_MAX, "%s:%d: more than %d blocks", path, number, README_BLOCKS_MAX);
            open = &readme->block[readme->count++];
            read_header(open, line + 3);
            cr_assert(open->kind != README_UNKNOWN, "%s:%d: nobody runs or compares this block", path, number);
            begin = next_line(line);
            open->line = number + 1;
            open->follows = follows;
        } else if (fence) {
            open->text = strndup(begin, (size_t)(line - begin));
            open = NULL;
            follows = true;
        } else if (*line != '\n') {
            follows = false;
        }
    }
    cr_assert(!open, "%s:%d: a block is never closed", path, open ? open->line : 0);
    free(text);
}

void readme_free(Readme *readme)
{
    for (int i = 0; i < readme->count; i++)
        free(readme->block[i].text);
}

/* ---- comparing ------------------------------------------------------------------------------------------------------------- */

static size_t length_of_line(const char *line)
{
    return strcspn(line, "\n");
}

static bool close_numbers(double a, double b)
{
    return fabs(a - b) <= 0.1 * fmax(fabs(a), fabs(b)) || (fabs(a) < 1e-5 && fabs(b) < 1e-5);
}

/* Where a number of digits, a point and an exponent ends; `real`: it is not whole. */
static const char *end_of_number(const char *s, const char *end, bool *real)
{
    while (s < end && isdigit((unsigned char)*s))
        s++;
    if (s + 1 < end && *s == '.' && isdigit((unsigned char)s[1]))
        for (*real = true, s++; s < end && isdigit((unsigned char)*s);)
            s++;
    const char *power = s + 1 < end && *s == 'e' && (s[1] == '-' || s[1] == '+') ? s + 2 : s;
    if (power > s && power < end && isdigit((unsigned char)*power))
        for (*real = true, s = power; s < end && isdigit((unsigned char)*s);)
            s++;
    return s;
}

static const char *skip_space(const char *s, const char *end)
{
    while (s < end && isspace((unsigned char)*s))
        s++;
    return s;
}

static bool lines_match(const char *expected, const char *actual)
{
    const char *e = expected, *a = actual, *e_end = e + length_of_line(e), *a_end = a + length_of_line(a);
    while (e < e_end || a < a_end) {
        bool e_space = e < e_end && isspace((unsigned char)*e), a_space = a < a_end && isspace((unsigned char)*a);
        if (e_space || a_space) {
            e = skip_space(e, e_end);
            a = skip_space(a, a_end);
            if ((!e_space && e < e_end) || (!a_space && a < a_end))
                return false;
            continue;
        }
        if (e == e_end || a == a_end)
            return false;
        if (isdigit((unsigned char)*e) && isdigit((unsigned char)*a)) {
            bool real = false;
            double wanted = strtod(e, NULL), given = strtod(a, NULL);
            e = end_of_number(e, e_end, &real);
            a = end_of_number(a, a_end, &real);
            if (real ? !close_numbers(wanted, given) : wanted != given)
                return false;
            continue;
        }
        if (*e++ != *a++)
            return false;
    }
    return true;
}

static bool is_dots(const char *line)
{
    return length_of_line(line) == 3 && !strncmp(line, "...", 3);
}

static bool match(const char *expected, const char *actual, bool open_end)
{
    if (!*expected)
        return open_end || !*actual;
    if (is_dots(expected)) {
        for (const char *from = actual;; from = next_line(from)) {
            if (match(next_line(expected), from, open_end))
                return true;
            if (!*from)
                return false;
        }
    }
    return *actual && lines_match(expected, actual) && match(next_line(expected), next_line(actual), open_end);
}

bool readme_matches(const char *expected, const char *actual)
{
    return match(expected, actual, false);
}

bool readme_contains(const char *expected, const char *actual)
{
    for (const char *from = actual;; from = next_line(from)) {
        if (match(expected, from, true))
            return true;
        if (!*from)
            return false;
    }
}

/* ---- pages and links ------------------------------------------------------------------------------------------------------- */

int readme_pages(char pages[README_PAGES_MAX][64])
{
    static const char rooms[] = "compiler/manual/", mark[] = "](compiler/manual/";
    char *text = readme_file("README.md");
    cr_assert(text, "README.md cannot be read");
    int count = 1;
    strcpy(pages[0], "README.md");
    for (const char *at = text; (at = strstr(at, mark)) != NULL; at++) {
        char page[64];
        snprintf(page, sizeof page, "%.*s", (int)strcspn(at + 2, ")#"), at + 2);
        int known = 0;
        while (known < count && strcmp(pages[known], page))
            known++;
        cr_assert(known < README_PAGES_MAX, "more than %d pages", README_PAGES_MAX);
        if (known == count)
            strcpy(pages[count++], page);
    }
    free(text);
    DIR *folder = opendir(rooms);
    cr_assert(folder, "%s cannot be read", rooms);
    int found = 0;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        found += strstr(entry->d_name, ".md") != NULL;
    closedir(folder);
    cr_assert(found == count - 1, "%s has %d pages, and README.md links %d of them", rooms, found, count - 1);
    return count;
}

/* "## Your own layer, or cell" as GitHub names it: your-own-layer-or-cell. */
static void slug_of(const char *heading, size_t length, char slug[128])
{
    size_t n = 0;
    for (size_t i = 0; i < length && n < 127; i++) {
        unsigned char c = (unsigned char)heading[i];
        if (isalnum(c) || c == '-' || c == '_' || c >= 0x80)
            slug[n++] = (char)tolower(c);
        else if (c == ' ')
            slug[n++] = '-';
    }
    slug[n] = 0;
}

static bool has_heading(const char *text, const char *anchor)
{
    bool fenced = false;
    for (const char *line = text; *line; line = next_line(line)) {
        fenced ^= !strncmp(line, "```", 3);
        size_t marks = strspn(line, "#");
        char slug[128];
        if (fenced || !marks || line[marks] != ' ')
            continue;
        slug_of(line + marks + 1, length_of_line(line) - marks - 1, slug);
        if (!strcmp(slug, anchor))
            return true;
    }
    return false;
}

/* What is wrong with a link of the page whose text is given; NULL: nothing. */
static const char *wrong_link(const char *root, const char *page, const char *text, const char *link)
{
    static char why[400];
    char path[PATH_MAX];
    const char *anchor = strchr(link, '#'), *slash = strrchr(page, '/');
    int folder = slash ? (int)(slash + 1 - page) : 0, file = (int)strcspn(link, "#");
    snprintf(path, sizeof path, "%s/%.*s%.*s", root, folder, page, file, link);
    if (file && access(path, R_OK) != 0)
        return snprintf(why, sizeof why, "there is no %.300s", path), why;
    if (!anchor)
        return NULL;
    char *other = file ? readme_file(path) : strdup(text);
    bool found = other && has_heading(other, anchor + 1);
    free(other);
    return found ? NULL : (snprintf(why, sizeof why, "there is no heading %.300s", link), why);
}

int readme_wrong_links(const char *root, const char *page, int *links, char **report)
{
    char path[PATH_MAX];
    size_t size;
    FILE *out = open_memstream(report, &size);
    snprintf(path, sizeof path, "%s/%s", root, page);
    char *text = readme_file(path);
    cr_assert(out && text, "%s cannot be read", path);
    int number = 1, wrong = 0;
    bool fenced = false;
    *links = 0;
    for (const char *line = text; *line; line = next_line(line), number++) {
        fenced ^= !strncmp(line, "```", 3);
        const char *end = line + length_of_line(line);
        for (const char *at = line; !fenced && (at = strstr(at, "](")) != NULL && at < end; at++) {
            char link[256];
            snprintf(link, sizeof link, "%.*s", (int)strcspn(at + 2, ")\n"), at + 2);
            if (strstr(link, "://"))
                continue;
            const char *why = wrong_link(root, page, text, link);
            ++*links;
            wrong += why != NULL;
            if (why)
                fprintf(out, "%s:%d: %s\n", page, number, why);
        }
    }
    fclose(out);
    free(text);
    return wrong;
}
