/* mutate.c: in: a good file.  out: bad ones, and what a reader made of them. */
#include "mutate.h"
#include "temporary.h"

#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dice {
    uint64_t seed, thrown;
};

static size_t below(struct dice *dice, size_t limit)
{
    return limit ? (size_t)(lstmc_random_bits(dice->seed, 0x6d757461, dice->thrown++, 0) % limit) : 0;
}

/* One change; the text may become longer by as much as it is long. Returns its new size. */
static size_t damage(struct dice *dice, char *text, size_t size, const char *likely)
{
    size_t at = below(dice, size), length = 1 + below(dice, size - at < 16 ? size - at : 16), kind = below(dice, 8);
    if (!size)
        return 0;
    length = length > size - at ? size - at : length;
    if (kind == 0) {
        memmove(text + at, text + at + length, size - at - length);
        return size - length;
    }
    if (kind == 1) {
        memmove(text + at + length, text + at, size - at);
        return size + length;
    }
    text[at] = likely && kind < 5 ? likely[below(dice, strlen(likely))] : (char)below(dice, 256);
    return size;
}

static void write_over(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file && fwrite(text, 1, size, file) == size, "cannot write %s", path);
    fclose(file);
}

struct mutations mutate(const void *good, size_t size, const char *likely, mutation_reader *read, void *context)
{
    const char *wanted = getenv("FUZZ_FILES");
    struct mutations done = { .files = wanted ? atoi(wanted) : 200 };
    struct temporary_file file = temporary_write(good, size);
    char *text = malloc(size + 64);             /* at most four slices of 16 bytes are doubled */
    cr_assert(text && done.files > 0);
    for (int i = 0; i < done.files; i++) {
        struct dice dice = { .seed = (uint64_t)i + 1 };
        struct lstmc_message message = { "" };
        size_t length = size;
        memcpy(text, good, size);
        for (int change = 0; change <= i % 4; change++)
            length = damage(&dice, text, length, likely);
        if (i % 5 == 0)
            length = below(&dice, length);
        write_over(file.path, text, length);
        int status = read(context, file.path, &message);
        cr_expect((status != 0) == (message.text[0] != 0), "mutation %d: status %d but \"%s\"", i, status, message.text);
        done.refused += status != 0;
    }
    free(text);
    temporary_remove(&file);
    return done;
}
