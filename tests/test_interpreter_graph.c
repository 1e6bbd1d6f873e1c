/* test_interpreter_graph.c: models that are no chain: layers that read several others, values that several read, several
 * inputs and outputs. */
#include "runtime/interpreter/differences.h"
#include "build_model.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void expect_agreement(const char *text)
{
    Model *model = build_model(text);
    struct differences result;
    struct lstmc_message message = { "" };
    cr_assert_eq(differences_check(model, NULL, 3, &result, &message), LSTMC_OK, "%s: %s", text, message.text);
    for (int i = 0; i < result.count; i++)
        cr_expect(result.list[i].deviation <= result.list[i].allowed && result.list[i].probes > result.list[i].skipped,
                  "%s: %s deviates by %g (%g against %g)", text, result.list[i].tensor, result.list[i].deviation,
                  result.list[i].derivative, result.list[i].finite_difference);
    differences_free(&result);
    build_model_free(model);
}

Test(interpreter_graph, gradients_add_where_several_read)
{
    static const char *const models[] = {
        "float 5 3 | LSTM units=4 return_sequences=1 | Dense units=4 from=lstm | Add from=lstm,dense | Dense units=2 | loss=mse",
        "float 5 3 | GRU units=3 return_sequences=1 | Add from=gru,input | SimpleRNN units=2 | loss=mse",
        "float 4 | Dense units=5 activation=tanh | Multiply from=dense,dense | Dense units=3 | loss=mse",
        "float 3 | Dense units=4 activation=softmax | Dense units=2 from=dense | outputs=dense_1,dense | "
        "loss=categorical_crossentropy",
        "float 3 | Dense units=4 activation=tanh | Dense units=2 from=dense | outputs=dense_1,dense",
        "float 4 3 | LSTM units=2 return_sequences=1 trainable=0 | Dense units=3 from=input trainable=0 | "
        "Concatenate from=lstm,dense | GRU units=2 | loss=mse",
    };
    for (size_t i = 0; i < sizeof models / sizeof *models; i++)
        expect_agreement(models[i]);
}

Test(interpreter_graph, several_inputs)
{
    expect_agreement("float 5 3 | float 2 | LSTM units=4 from=input | Concatenate from=lstm,input_1 | Dense units=3 "
                     "activation=tanh | Dense units=2 | loss=mse");
    expect_agreement("tokens 5 vocabulary=7 | float 5 2 | Embedding output_dim=3 from=input | Concatenate from=embedding,input_1 "
                     "| GRU units=3 | Dense units=2 | loss=mse");
    expect_agreement("tokens 4 vocabulary=7 | float 3 | tokens 4 vocabulary=7 | Embedding output_dim=3 from=input_2 | "
                     "Embedding output_dim=3 from=input | Subtract from=embedding,embedding_1 | SimpleRNN units=3 | "
                     "Multiply from=simplernn,input_1 | outputs=multiply,subtract");
}

Test(interpreter_graph, merges)
{
    static const char *const kinds[] = { "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate",
                                         "Concatenate axis=1" };
    char text[200];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        snprintf(text, sizeof text, "float 3 5 | Dense units=4 from=input | Dense units=4 from=input | %s "
                 "from=dense,dense_1 | Dense units=2 | loss=mse", kinds[i]);
        expect_agreement(text);
        if (i < 6) {            /* an extent of 1 counts for all, on either side */
            snprintf(text, sizeof text, "float 3 5 | float 1 4 | Dense units=1 from=input | %s from=dense,input_1 | "
                     "Dense units=2 | loss=mse", kinds[i]);
            expect_agreement(text);
        }
        if (i != 1) {
            snprintf(text, sizeof text, "float 3 4 | float 3 4 | float 3 4 | %s from=input,input_1,input_2 | Dense units=2",
                     kinds[i]);
            expect_agreement(text);
        }
    }
}

Test(interpreter_graph, merges_have_the_known_values)
{
    static const struct { const char *kind; double y[4]; } known[] = {
        { "Add", { 11, -1, 33, 8 } }, { "Subtract", { -9, 5, -27, 0 } }, { "Multiply", { 10, -6, 90, 16 } },
        { "Average", { 5.5, -0.5, 16.5, 4 } }, { "Maximum", { 10, 2, 30, 4 } }, { "Minimum", { 1, -3, 3, 4 } },
    };
    const double a[] = { 1, 2, 3, 4 }, b[] = { 10, -3, 30, 4 }, one[] = { 1, 1, 1, 1 };
    const void *x[] = { a, b };
    char text[80];
    double d_a[4], d_b[4], *d_x[] = { d_a, d_b };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        snprintf(text, sizeof text, "float 2 | float 2 | %s from=input,input_1", known[i].kind);
        Model *model = build_model(text);
        Interpreter_double *it = interpreter_create_double(model, 2, NULL, NULL);
        interpreter_forward_all_double(it, NULL, x, 2, 0, 0);
        for (int k = 0; k < 4; k++)
            cr_expect_eq(interpreter_output_double(it)[k], known[i].y[k], "%s[%d]: %g", known[i].kind, k,
                         interpreter_output_double(it)[k]);
        interpreter_set_d_output_double(it, one);
        interpreter_backward_all_double(it, NULL, d_x);
        /* of equal ones the first has the gradient */
        if (!strcmp(known[i].kind, "Maximum") || !strcmp(known[i].kind, "Minimum"))
            cr_expect(d_a[3] == 1 && d_b[3] == 0, "%s: %g %g", known[i].kind, d_a[3], d_b[3]);
        interpreter_free_double(it);
        build_model_free(model);
    }
}

/* A value that is an output and is read as well: what comes from outside is added each time anew. */
Test(interpreter_graph, backward_again_adds_the_same)
{
    Model *model = build_model("float 3 | Dense units=4 activation=tanh | Dense units=2 from=dense | outputs=dense_1,dense");
    Interpreter_double *it = interpreter_create_double(model, 2, NULL, NULL);
    double weights[32], x[6], first[2][8], once[32] = { 0 }, twice[32] = { 0 };
    size_t count = model->descriptor.gradient_count;
    for (int i = 0; i < 32; i++)
        weights[i] = 0.4 * (i % 5) - 0.7;
    for (int i = 0; i < 6; i++)
        x[i] = 0.3 * i - 1;
    for (int i = 0; i < 8; i++)
        first[0][i] = first[1][i] = 0.1 * i - 0.2;
    const double *d_outputs[] = { first[0], first[1] };
    interpreter_forward_double(it, weights, x, 2, 0, 0);
    interpreter_set_d_outputs_double(it, d_outputs);
    interpreter_backward_double(it, once, NULL);
    interpreter_backward_double(it, twice, NULL);
    interpreter_backward_double(it, twice, x);
    for (size_t i = 0; i < count; i++)
        cr_expect(once[i] != 0 && fabs(twice[i] - 2 * once[i]) < 1e-12, "%zu: %g, twice %g", i, once[i], twice[i]);
    interpreter_free_double(it);
    build_model_free(model);
}

Test(interpreter_graph, what_cannot_be_run_is_refused)
{
    static const char *const refused[][2] = {
        { "float 3 | float 3 | float 3 | Subtract from=input,input_1,input_2", "a difference is of two values" },
        { "float 3 | float 4 | Add from=input,input_1", "the same shape" },
        { "float 3 2 | float 4 3 | Concatenate from=input,input_1", "but for the axis" },
        { "float 3 | float 3 | Concatenate axis=0 from=input,input_1", "axis 0 is the batch" },
        { "float 3 | float 3 | Dense units=2 from=input,input_1", "reads one layer" },
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        Model *model = build_model(refused[i][0]);
        struct lstmc_message message = { "" };
        cr_expect_null(interpreter_create_double(model, 2, NULL, &message), "%s", refused[i][0]);
        cr_expect(strstr(message.text, refused[i][1]), "%s: %s", refused[i][0], message.text);
        build_model_free(model);
    }
    Model *model = build_model("float 3 | Dense units=3 | Add from=dense,input");
    model->layers[2].from[1] = 2;
    struct lstmc_message message = { "" };
    cr_expect_null(interpreter_create_float(model, 2, NULL, &message));
    cr_expect(strstr(message.text, "does not come before"), "%s", message.text);
    build_model_free(model);
}
