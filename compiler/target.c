/* target.c: the table of targets. Numbers only: whoever adds a machine adds a row. */
#include "target.h"

#include <stddef.h>
#include <string.h>

static const Target targets[] = {
    /* plain: ISO C11, one statement one nest; the oracle of every other target. A loop of four turns is as long as its text. */
    { .name = "plain", .lanes = 1, .full_unroll_budget = 512, .small_nest = 4, .unroll_factor = 1, .sums = 8,
      .function_budget = 256 },
};

const Target *target_find(const char *name)
{
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
        if (!strcmp(targets[i].name, name))
            return &targets[i];
    return NULL;
}

const char *target_names(void)
{
    return "plain";
}
