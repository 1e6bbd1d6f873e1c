/* import_suite.h: what tests of importers begin with: a folder for each, in which the command runs.
 * TestSuite(name, .init = setup, .fini = teardown). */
#ifndef IMPORT_SUITE_H
#define IMPORT_SUITE_H

#include "command.h"

#include <string.h>

static char *folder;

static void setup(void)
{
    folder = command_folder();
}

static void teardown(void)
{
    command_folder_remove(folder);
}

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, 60, line, status, output, errors);
}

static inline void write_text(const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

#endif
