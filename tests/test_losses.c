/* test_losses.c: the losses of Keras that measure something else than squares and cross-entropies, through the three oracles of oracles.h: several
 * outputs of one model, each with a loss of its own; and where their formulas have corners. */
#include "oracles.h"

#include <criterion/criterion.h>

Test(losses, of_numbers)
{
    expect_all((const char *const[]){
        "local x = Input{4, 3}\nlocal h = LSTM{5, return_sequences = true}(x)\n"
        "local last = GRU{4}(h)\n"
        "return Model{ inputs = x, name = 'numbers', batch_size = 4, outputs = {\n"
        "    Dense{3}(h), Dense{3, activation = 'softplus'}(h), Dense{2}(last), Dense{3}(h), Dense{2, activation = 'exponential'}(last),\n"
        "    Dense{3}(h), Dense{5}(last) },\n"
        "  loss = { 'mape', 'msle', 'msle', 'log_cosh', 'poisson', 'cosine_similarity', 'cosine_similarity' } }", NULL });
}

Test(losses, of_margins_and_probabilities)
{
    expect_all((const char *const[]){
        "local x = Input{4, 3}\nlocal h = LSTM{5, return_sequences = true}(x)\n"
        "local last = GRU{4}(h)\n"
        "return Model{ inputs = x, name = 'margins', batch_size = 4, outputs = {\n"
        "    Dense{3}(h), Dense{1}(last), Dense{2}(h), Dense{3}(h), Dense{4, activation = 'softmax'}(last), Dense{3}(h) },\n"
        "  loss = { 'hinge', 'hinge', SquaredHinge{}, 'categorical_hinge', 'kl_divergence', KLDivergence{} } }", NULL });
}

/* On logits, behind sigmoid and softmax, on other probabilities; whole powers and others. */
Test(losses, focal)
{
    expect_all((const char *const[]){
        "local x = Input{4, 3}\nlocal h = LSTM{5, return_sequences = true}(x)\n"
        "local last = GRU{4}(h)\n"
        "return Model{ inputs = x, name = 'focal', batch_size = 4, outputs = {\n"
        "    Dense{3, activation = 'sigmoid'}(h), Dense{1}(last), Dense{3, activation = 'hard_sigmoid'}(last),\n"
        "    Dense{3, activation = 'softmax'}(h), Dense{4}(last), Dense{3, activation = 'softplus'}(last) },\n"
        "  loss = { 'binary_focal_crossentropy',\n"
        "    BinaryFocalCrossentropy{apply_class_balancing = true, alpha = 0.3, gamma = 0.7, from_logits = true},\n"
        "    BinaryFocalCrossentropy{gamma = 1.5, label_smoothing = 0.2}, 'categorical_focal_crossentropy',\n"
        "    CategoricalFocalCrossentropy{alpha = 0.6, gamma = 3, from_logits = true, label_smoothing = 0.1},\n"
        "    CategoricalFocalCrossentropy{gamma = 0.7} } }", NULL });
}

/* Far out, where exponentials are small, probabilities are clipped and margins are kept. */
Test(losses, far_out)
{
    static const char *const models[] = {
        "Input{5}, Dense{3, activation = 'sigmoid'}, loss = 'binary_focal_crossentropy'",
        "Input{5}, Dense{3}, loss = BinaryFocalCrossentropy{from_logits = true, gamma = 0}",
        "Input{5}, Dense{3, activation = 'softmax'}, loss = 'categorical_focal_crossentropy'",
        "Input{4, 5}, Dense{3}, loss = 'log_cosh'",
        "Input{4, 5}, Dense{3}, loss = 'categorical_hinge'",
        "Input{4, 5}, Dense{3}, loss = 'squared_hinge'",
        "Input{4, 5}, Dense{3}, loss = 'cosine_similarity'",
        "Input{4, 5}, Dense{3, activation = 'relu'}, loss = 'msle'", NULL };
    for (int i = 0; models[i]; i++)
        for (int tens = 1; tens <= 4; tens++)
            expect_agreement_with(models[i], &(Oracles){ .seed = (uint64_t)tens, .weight_scale = 10.0 * tens, .no_differences = true, .no_generated = true });
}
