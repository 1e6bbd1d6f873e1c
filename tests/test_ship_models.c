/* test_ship_models.c: random descriptions, and layers that descriptions define themselves, as constants: beside M_prepare, and by their self-tests. */
#include "custom_models.h"
#include "oracles.h"
#include "random_model.h"
#include "shipping.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MODELS = 24, MANY_MODELS = 200, PARTS = 4 };    /* many with LONG_TESTS in the environment */

static const char *const options[] = { "", "--target=plain", "--lanes=4", "--weights-dtype=bf16", "--lanes=16", "--unroll=full" };

/* The outside of a description into a file "net.lua" with a name of its own, drawn weights of Keras's size beside it. */
static void write_model(struct workshop *shop, const char *text, uint64_t seed)
{
    cr_assert(!write_file(arena_format(shop->arena, "%s/net.lua", shop->folder), text, strlen(text)));
    Description *description = shipping_read(shop, "net");
    const struct lstmc_model *model = &description_model(description)->descriptor;
    struct lstmc_message message = { "" };
    float *weights = arena_array(shop->arena, float, model->weight_count + 1);
    lstmc_init(model, weights, seed);
    for (size_t i = 0; i < model->weight_count; i++)
        weights[i] = 0.5f * weights[i] + (float)(i % 7) * 0.02f - 0.06f;
    cr_assert(!lstmc_weights_save(model, weights, arena_format(shop->arena, "%s/net.safetensors", shop->folder), NULL, &message), "%s", message.text);
    cr_assert(!write_file(arena_format(shop->arena, "%s/net.floats", shop->folder), (const char *)weights, model->weight_count * sizeof *weights));
    workshop_run(shop, "echo %s > name", model->name);
    description_free(description);
}

static void check(const char *text, int number)
{
    struct workshop shop;
    workshop_open(&shop);
    write_model(&shop, text, (uint64_t)number + 1);
    const char *line = options[number / PARTS % (int)(sizeof options / sizeof *options)];
    shipping_lstmc(&shop, arena_format(shop.arena, "net.lua --weights net.safetensors --self-test --example --inference --quiet %s", line));
    bool computes = strstr(strstr(text, "return Sequential"), "Squashed");
    workshop_run(&shop, "n=$(cat name); for f in $n ${n}_weights ${n}_self_test ${n}_main; do %s " SHIPPED_WARNINGS " -O1 -c $f.c || exit 1; done; "
                        "gcc -O1 -I. -DMODEL=$n %s %s \"$dropin/shipped.c\" $n.o ${n}_weights.o -o shipped -lm && ./shipped net.floats || { echo '%s'; cat net.lua; exit 1; }; "
                        "gcc ${n}*.o -o example -lm && ./example --self-test || { echo '%s'; cat net.lua; exit 1; }",
                 number % 2 ? "clang" : "gcc", strcmp(line, "--target=plain") || computes ? "-DROUNDED" : "", computes ? "-DCOMPUTED" : "", line, line);
    workshop_close(&shop);
}

static void check_part(int part)
{
    for (int i = part; i < (getenv("LONG_TESTS") ? MANY_MODELS : MODELS); i += PARTS) {
        Arena *arena = arena_create();
        check(random_model(arena, (uint64_t)i + 1), i);
        arena_free(arena);
    }
}

Test(ship_models, first_quarter) { check_part(0); }
Test(ship_models, second_quarter) { check_part(1); }
Test(ship_models, third_quarter) { check_part(2); }
Test(ship_models, last_quarter) { check_part(3); }

Test(ship_models, layers_of_the_description)
{
    static const char *const insides[] = {
        "Input{9, 3}, Convolution{4, 3}, Peephole{5, return_sequences = true}, Dense{2}, loss = 'mse'",
        "Input{6, 4}, Minimal{5, return_sequences = true}, Twin{3}, Dense{3, activation = 'softmax'}, loss = 'categorical_crossentropy'",
    };
    Arena *arena = arena_create();
    for (int i = 0; i < 6; i++)
        check(oracle_description(arena, custom_description(arena, insides[i % 2])), PARTS * i);
    arena_free(arena);
}
