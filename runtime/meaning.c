/* meaning.c: the memory of what the numbers of a data set mean. */
#include "lstmc.h"

#include <string.h>

int lstmc_scaling_alloc(struct lstmc_scaling *scaling, int columns)
{
    size_t bytes = (size_t)columns * sizeof(double);
    scaling->offset = lstmc_alloc(bytes);
    scaling->scale = lstmc_alloc(bytes);
    scaling->columns = columns;
    for (int i = 0; scaling->scale && i < columns; i++)
        scaling->scale[i] = 1;
    return scaling->offset && scaling->scale;
}

int lstmc_names_alloc(struct lstmc_names *names, int count)
{
    names->text = lstmc_alloc((size_t)count * sizeof *names->text);
    names->count = names->text ? count : 0;
    for (int i = 0; i < names->count; i++)
        if (!lstmc_names_set(names, i, "", 0))
            return 0;
    return names->text != NULL;
}

int lstmc_names_set(struct lstmc_names *names, int index, const char *text, size_t length)
{
    char *copy = lstmc_alloc(length + 1);
    if (!copy)
        return 0;
    memcpy(copy, text, length);
    lstmc_free(names->text[index]);
    names->text[index] = copy;
    return 1;
}

static void free_scaling(struct lstmc_scaling *scaling)
{
    lstmc_free(scaling->offset);
    lstmc_free(scaling->scale);
}

static void free_names(struct lstmc_names *names)
{
    for (int i = 0; i < names->count; i++)
        lstmc_free(names->text[i]);
    lstmc_free(names->text);
}

void lstmc_meaning_free(struct lstmc_meaning *meaning)
{
    free_scaling(&meaning->input);
    free_scaling(&meaning->target);
    free_names(&meaning->columns);
    free_names(&meaning->targets);
    free_names(&meaning->labels);
    free_names(&meaning->vocabulary);
    memset(meaning, 0, sizeof *meaning);
}
