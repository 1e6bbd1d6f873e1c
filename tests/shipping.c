/* shipping.c: see shipping.h. */
#include "shipping.h"
#include "command.h"

#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *path_of(struct workshop *shop, const char *name, const char *suffix)
{
    return arena_format(shop->arena, "%s/%s.%s", shop->folder, name, suffix);
}

Description *shipping_read(struct workshop *shop, const char *name)
{
    Diagnostics *diagnostics = diagnostics_create(shop->arena);
    Description *description = description_read(shop->arena, diagnostics, path_of(shop, name, "lua"), &(ReadOptions){ 0 });
    diagnostics_print(diagnostics, stderr);
    cr_assert(description, "%s.lua was refused (see standard error)", name);
    return description;
}

float *shipping_weights(struct workshop *shop, const struct lstmc_model *model)
{
    float *weights = arena_array(shop->arena, float, model->weight_count + 1);
    for (size_t i = 0; i < model->weight_count; i++)
        weights[i] = lstmc_random_uniform(3, 0, 0, i) - 0.5f;
    return weights;
}

void shipping_write(struct workshop *shop, const char *name, const char *text, const struct lstmc_meaning *meaning)
{
    text = arena_format(shop->arena, "return Sequential{ name = '%s', batch_size = 4, shards = 1, %s }\n", name, text);
    cr_assert(!write_file(path_of(shop, name, "lua"), text, strlen(text)));
    Description *description = shipping_read(shop, name);
    const struct lstmc_model *model = &description_model(description)->descriptor;
    struct lstmc_meaning none = { .unit = LSTMC_NO_TEXT };
    struct lstmc_message message = { "" };
    float *weights = shipping_weights(shop, model);
    char **pairs = lstmc_meaning_metadata(meaning ? meaning : &none, NULL);
    cr_assert(pairs && !lstmc_weights_save(model, weights, path_of(shop, name, "safetensors"), (const char *const *)pairs, &message), "%s", message.text);
    cr_assert(!write_file(path_of(shop, name, "floats"), (const char *)weights, model->weight_count * sizeof *weights));
    lstmc_metadata_free(pairs);
    description_free(description);
}

const char *shipping_lstmc(struct workshop *shop, const char *arguments)
{
    return workshop_run(shop, "'%s' %s", command_program(), arguments);
}

void shipping_refuses(struct workshop *shop, const char *arguments, int status, const char *words)
{
    int files = command_count_files(shop->folder);
    command_expect(shop->folder, 60, arena_format(shop->arena, "$L %s", arguments), status, NULL, words);
    cr_expect_eq(command_count_files(shop->folder), files, "lstmc %s left files", arguments);
}

void shipping_names(struct lstmc_names *names, const char *const *text)
{
    int count = 0;
    while (text[count])
        count++;
    cr_assert(lstmc_names_alloc(names, count));
    for (int i = 0; i < count; i++)
        cr_assert(lstmc_names_set(names, i, text[i], strlen(text[i])));
}
