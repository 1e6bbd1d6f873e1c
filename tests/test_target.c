/* test_target.c: how many lanes suit the units of a model. */
#include "build_model.h"
#include "compiler/passes/target.h"

#include <criterion/criterion.h>

static void expect_lanes(const char *text, int widest, int lanes)
{
    Model *model = build_model(text);
    const Target *target = target_for_units(target_with_lanes(target_find("vector"), widest), &model->descriptor);
    cr_expect_eq(target->lanes, lanes, "%s: %d of %d lanes, not %d", text, target->lanes, widest, lanes);
    build_model_free(model);
}

/* 8 units fill one vector of 8, or half of one of 16; 20 fill three of 8 or two of 16, a third more; four gates of 20 fill five of
 * 16. */
Test(target, lanes_suit_the_units)
{
    expect_lanes("float 5 3 | LSTM units=64", 16, 16);
    expect_lanes("float 5 3 | LSTM units=64", 8, 8);
    expect_lanes("float 5 3 | LSTM units=20", 16, 16);
    expect_lanes("float 5 3 | LSTM units=20", 8, 8);
    expect_lanes("float 5 3 | GRU units=33", 16, 16);
    expect_lanes("float 5 3 | LSTM units=100", 16, 16);
    expect_lanes("float 5 3 | SimpleRNN units=8", 16, 8);
    expect_lanes("float 5 3 | SimpleRNN units=20", 16, 8);
    expect_lanes("float 5 3 | SimpleRNN units=100", 16, 16);
    expect_lanes("float 5 3 | LSTM units=3", 16, 8);
    expect_lanes("float 5 3 | LSTM units=3", 8, 8);
    expect_lanes("float 5 3 | LSTM units=3", 4, 4);
}

/* The layer with most of the weights decides; a table whose rows are looked up does not. */
Test(target, large_layers_decide)
{
    expect_lanes("float 5 3 | LSTM units=128 | Dense units=1", 16, 16);
    expect_lanes("tokens 5 vocabulary=5000 | Embedding output_dim=64 | LSTM units=8", 16, 8);
    expect_lanes("float 200 | Dense units=22 | Dense units=16", 16, 8);
    expect_lanes("float 200 | Dense units=40 | Dense units=16", 16, 16);
}
