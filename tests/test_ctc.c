/* test_ctc.c: connectionist temporal classification: against the sum over all paths, against what PyTorch has computed, and all roads of the product
 * against each other. */
#include "ctc_roads.h"
#include "label_paths.h"

#include "runtime/lstmc_random.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- all paths ---- */

static int length_of(const int32_t *labels, int most, int blank)
{
    int count = 0;
    while (count < most && labels[count] != blank)
        count++;
    return count;
}

enum { STEPS_MAX = 6, CLASSES_MAX = 4 };

/* exp of the log-softmax of the steps that count. */
static void probabilities(const CtcProblem *p, int sample, double y[STEPS_MAX][CLASSES_MAX])
{
    for (int t = 0; t < p->lengths[sample]; t++) {
        const float *z = p->logits + (sample * p->steps + t) * p->classes;
        double sum = 0;
        for (int k = 0; k < p->classes; k++)
            sum += exp((double)z[k]);
        for (int k = 0; k < p->classes; k++)
            y[t][k] = exp((double)z[k]) / sum;
    }
}

/* By each of classes^steps paths: the probability of the labels, and how much of it lies on each class at each step. */
static void enumerate(CtcProblem *p, int sample)
{
    double y[STEPS_MAX][CLASSES_MAX], through[STEPS_MAX][CLASSES_MAX] = { { 0 } }, total = 0;
    const int32_t *labels = p->labels + sample * p->most_labels;
    int path[STEPS_MAX] = { 0 }, steps = p->lengths[sample], count = length_of(labels, p->most_labels, ctc_blank(p));
    int paths = 1;
    probabilities(p, sample, y);
    for (int t = 0; t < steps; t++)
        paths *= p->classes;
    for (int number = 0; number < paths; number++) {
        int32_t read[STEPS_MAX];
        double probability = 1;
        for (int t = 0, rest = number; t < steps; t++, rest /= p->classes) {
            path[t] = rest % p->classes;
            probability *= y[t][path[t]];
        }
        if (collapse(path, steps, ctc_blank(p), read) != count || memcmp(read, labels, (size_t)count * sizeof *read) != 0)
            continue;
        total += probability;
        for (int t = 0; t < steps; t++)
            through[t][path[t]] += probability;
    }
    p->losses[sample] = total > 0 ? -log(total) : 0;
    for (int t = 0; t < steps && total > 0; t++)
        for (int k = 0; k < p->classes; k++)
            p->d_logits[(sample * p->steps + t) * p->classes + k] = y[t][k] - through[t][k] / total;
}

/* Labels as the digits of a number: all of up to three, those that repeat and those that do not fit among them. */
static void set_labels(CtcProblem *p, int sample, int number)
{
    int others = p->classes - 1, length = 0, of_length = 1;
    while (number >= of_length && length < p->most_labels) {
        number -= of_length;
        of_length *= others;
        length++;
    }
    for (int n = 0; n < length; n++, number /= others)
        p->labels[sample * p->most_labels + n] = number % others + (p->blank_is_last ? 0 : 1);
}

static void expect_enumeration(int steps, bool blank_is_last, bool shorter, unsigned targets)
{
    enum { SAMPLES = 1 + 2 + 4 + 8 };           /* of no label to three, of two classes */
    CtcProblem p = ctc_problem("all paths", SAMPLES, steps, 3, 3, blank_is_last);
    for (int i = 0; i < SAMPLES * steps * 3; i++)
        p.logits[i] = 6 * lstmc_random_uniform(5, (uint64_t)steps, blank_is_last, (uint64_t)i) - 3;
    for (int sample = 0; sample < SAMPLES; sample++) {
        set_labels(&p, sample, sample);
        if (shorter)
            p.lengths[sample] = (int32_t)(lstmc_random_bits(6, (uint64_t)steps, 0, (uint64_t)sample) % (uint64_t)(steps + 1));
        enumerate(&p, sample);
    }
    expect_ctc(&p, targets);
    ctc_problem_free(&p);
}

Test(ctc, all_paths)
{
    for (int steps = 1; steps <= STEPS_MAX; steps++)
        expect_enumeration(steps, steps % 2 == 0, false, steps == 5 ? ORACLE_PLAIN | ORACLE_VECTORS : steps % 2 ? ORACLE_PLAIN : ORACLE_VECTOR_8);
}

/* Where fewer steps count: of none there is a path for no labels alone. */
Test(ctc, all_paths_of_shorter_samples)
{
    expect_enumeration(4, false, true, ORACLE_VECTOR_8);
    expect_enumeration(6, true, true, ORACLE_PLAIN);
}

/* Masked steps anywhere are left out, whatever stands in them. */
Test(ctc, masked_steps_are_not_there)
{
    expect_all((const char *const[]){
        "Input{7, 3}, Masking{}, GRU{4, return_sequences = true}, Dense{5}, loss = CTC{labels = 3}",
        "Input{6, 3, lengths = true}, Bidirectional{LSTM{3, return_sequences = true}}, Dense{4, activation = 'softmax'}, loss = CTC{labels = 2, blank = 'last'}",
        "Input{8, lengths = true}, Embedding{6, 3, mask_zero = true}, SimpleRNN{4, return_sequences = true}, Dense{4}, loss = CTC{labels = 3, from_logits = true}",
        NULL });
}

Test(ctc, all_roads_agree)
{
    expect_all((const char *const[]){
        "Input{5, 3}, SimpleRNN{4, return_sequences = true}, Dense{3}, loss = 'ctc'",
        "Input{9, 4}, Conv1D{5, 3, padding = 'same', activation = 'relu'}, Dense{6, activation = 'softmax'}, loss = CTC{4}",
        "Input{12, 4}, LSTM{3, return_sequences = true}, MaxPooling1D{2}, Dense{4, activation = 'softmax'}, loss = CTC{labels = 1, from_logits = true}",
        "Input{3, 4}, GRU{3, return_sequences = true}, Activation{'softmax'}, loss = CTC{labels = 2, blank = 'last'}",
        "Input{1, 4}, Dense{3}, loss = CTC{labels = 1}",
        "Input{6, 4}, GRU{3, return_sequences = true}, TimeDistributed{Dense{4, activation = 'softmax'}}, loss = CTC{labels = 3}",
        "Input{6, 4}, Dense{4}, Softmax(), loss = CTC{labels = 3, blank = 'last'}",
        "Input{6, 4}, Dense{4, activation = 'softmax'}, loss = CTC{labels = 3, from_logits = true}",
        "Input{11, 3}, LSTM{4, return_sequences = true}, Dense{5, activation = 'tanh'}, loss = CTC{labels = 9}", NULL });
    expect_agreement_with("Input{21, 4}, GRU{5, return_sequences = true}, Dense{7}, loss = CTC{labels = 17}",
                          &(Oracles){ .seed = 3, .targets = ORACLE_VECTOR_16 | ORACLE_VECTOR_4, .no_differences = true });
}

/* One of several losses, weighted. */
Test(ctc, beside_another_loss)
{
    expect_agreement("local x = Input{7, 3}\nlocal h = LSTM{5, return_sequences = true}(x)\n"
                     "return Model{ inputs = x, name = 'both', batch_size = 4, outputs = { Dense{4, activation = 'softmax', name = 'letters'}(h), "
                     "Dense{2, name = 'other'}(h) },\n"
                     "  loss = { letters = CTC{labels = 3}, other = 'mse' }, loss_weights = { letters = 0.5, other = 2 } }");
}

/* ---- what PyTorch has computed ---- */

typedef struct CaseName {       /* no pointers: Criterion hands it to another process */
    char text[80];
} CaseName;

ParameterizedTestParameters(ctc, published)
{
    static CaseName names[40];
    size_t count = 0;
    DIR *directory = opendir(PUBLISHED_DATA "/graph-vectors");
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (!strncmp(entry->d_name, "ctc_", 4) && count < 40)
            snprintf(names[count++].text, sizeof names->text, "%.79s", entry->d_name);
    if (directory)
        closedir(directory);
    return cr_make_param_array(CaseName, names, count ? count : 1);
}

ParameterizedTest(CaseName *name, ctc, published)
{
    static char why[PUBLISHED_WHY];
    CtcProblem problem;
    if (!*name->text)
        cr_skip_test("no " PUBLISHED_DATA "/graph-vectors");
    cr_assert(!ctc_published(name->text, &problem, why), "%s", why);
    expect_ctc(&problem, ORACLE_PLAIN | ORACLE_VECTORS);
    ctc_problem_free(&problem);
}
