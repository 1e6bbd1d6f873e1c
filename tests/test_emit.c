/* test_emit.c: generated C against the slow evaluator: every function, both compilers, all ways of unrolling. */
#include <criterion/criterion.h>

#include "compiler/oracle/evaluate.h"
#include "compiler/passes/passes.h"
#include "runtime/lstmc_random.h"
#include "emitted.h"
#include "ir_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE 1e-5
#define SEED 7

/* Embedding -> LSTM -> Dropout -> Dense -> softmax cross-entropy; y is the softmax. */
static const char classifier[] =
    "batch b 3\ntime t T\naxis j 19\naxis g 4\naxis n 5\naxis k 5\naxis o 3\n"
    "ids x b t\nweight embedding.embeddings 7 j\nvalue embedding.y t b j\n"
    "weight lstm.kernel j 20\nweight lstm.recurrent_kernel k 20\nweight lstm.bias 20\n"
    "value lstm.z t b g n\nvalue lstm.i t b n\nvalue lstm.f t b n\nvalue lstm.g t b n\nvalue lstm.o t b n\nvalue lstm.a t b n\n"
    "state lstm.h t+1 b n\nstate lstm.c t+1 b n\n"
    "train: noise dropout.noise b n\nvalue dropout.y b n\n"
    "weight dense.kernel n o\nweight dense.bias o\nvalue dense.z b o\nvalue softmax.m b\nvalue softmax.e b o\nvalue softmax.s b\noutput output b o\n"
    "train: classes target b\ntrain: sample_weight w b\ntrain: scale scale\ntrain: loss loss\ntrain: value lse b\n"
    "reset: lstm.h[0,b,n] = 0 over b n\nreset: lstm.c[0,b,n] = 0 over b n\n"
    "forward: embedding.y[t,b,j] = embedding.embeddings[x[b,t],j] over t b j\n"
    "forward: lstm.z[t,b,g,n] = lstm.bias[5*g+n] over b g n in t\n"
    "forward: lstm.z[t,b,g,n] += lstm.kernel[j,5*g+n]*embedding.y[t,b,j] over b g n j in t\n"
    "forward: lstm.z[t,b,g,n] += lstm.recurrent_kernel[k,5*g+n]*lstm.h[t,b,k] over b g n k in t\n"
    "forward: lstm.i[t,b,n] = sigmoid(lstm.z[t,b,0,n]) over b n in t\n"
    "forward: lstm.f[t,b,n] = sigmoid(lstm.z[t,b,1,n]) over b n in t\n"
    "forward: lstm.g[t,b,n] = tanh(lstm.z[t,b,2,n]) over b n in t\n"
    "forward: lstm.o[t,b,n] = sigmoid(lstm.z[t,b,3,n]) over b n in t\n"
    "forward: lstm.c[t+1,b,n] = lstm.f[t,b,n]*lstm.c[t,b,n]+lstm.i[t,b,n]*lstm.g[t,b,n] over b n in t\n"
    "forward: lstm.a[t,b,n] = tanh(lstm.c[t+1,b,n]) over b n in t\n"
    "forward: lstm.h[t+1,b,n] = lstm.o[t,b,n]*lstm.a[t,b,n] over b n in t\n"
    "train: forward: dropout.y[b,n] = lstm.h[T,b,n]*dropout.noise[b,n] over b n\n"
    "infer: forward: dropout.y[b,n] = lstm.h[T,b,n] over b n\n"
    "forward: dense.z[b,o] = dense.bias[o] over b o\n"
    "forward: dense.z[b,o] += dense.kernel[n,o]*dropout.y[b,n] over b o n\n"
    "forward: softmax.m[b] = -inf over b\nforward: softmax.m[b] max= dense.z[b,o] over b o\n"
    "forward: softmax.e[b,o] = exp(dense.z[b,o]-stop(softmax.m[b])) over b o\n"
    "forward: softmax.s[b] = 0 over b\nforward: softmax.s[b] += softmax.e[b,o] over b o\n"
    "forward: output[b,o] = softmax.e[b,o]/softmax.s[b] over b o\n"
    "carry: lstm.h[0,b,n] = lstm.h[T,b,n] over b n\ncarry: lstm.c[0,b,n] = lstm.c[T,b,n] over b n\n"
    "train: loss: loss[] = 0\n"
    "train: loss: lse[b] = log(softmax.s[b]) over b\n"
    "train: loss: loss[] += scale[]*w[b]*(lse[b]+stop(softmax.m[b])) over b\n"
    "train: loss: loss[] += -(scale[]*w[b]*dense.z[b,o]*equal(o,target[b])) over b o\n";

/* A recurrence read backwards in time with an output at each step, mse, and names that C and C++ have taken. */
static const char hostile[] =
    "batch rows 2\ntime int T\naxis class 3\naxis sum 4\naxis tape 4\n"
    "input x rows int class\nwant input\nweight double.for class sum\nfrozen double.factor class\nfrozen output.new tape sum\nweight output.this sum\n"
    "value double.while int rows sum\nstate output.h int+1 rows sum\nvalue output.NULL int rows sum\noutput output rows int sum\n"
    "train: target y rows int sum\ntrain: scale scale\ntrain: loss loss\n"
    "reset: output.h[0,rows,sum] = 0 over rows sum\n"
    "forward: double.while[int,rows,sum] = 0 over rows int sum\n"
    "forward: double.while[int,rows,sum] += double.for[class,sum]*x[rows,int,class]*double.factor[class] over rows sum class int\n"
    "forward: output.NULL[int,rows,sum] = output.this[sum]+max(double.while[int,rows,sum],-0.5) over rows sum in int\n"
    "forward: output.NULL[int,rows,sum] += output.new[tape,sum]*output.h[int,rows,tape] over rows sum tape in int\n"
    "forward: output.h[int+1,rows,sum] = softplus(output.NULL[int,rows,sum]) over rows sum in int\n"
    "forward: output[rows,int,sum] = output.h[int+1,rows,sum]/3 over rows int sum\n"
    "carry: output.h[0,rows,sum] = output.h[T,rows,sum] over rows sum\n"
    "train: loss: loss[] = 0\n"
    "train: loss: loss[] += scale[]*(output[rows,int,sum]-y[rows,int,sum])*(output[rows,int,sum]-y[rows,int,sum]) over rows int sum\n";

/* ---- numbers ---- */

static size_t element_count(const Tensor *tensor)
{
    size_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        count *= (size_t)tensor->extent[i];
    return count;
}

static float random_float(int stream, size_t element)
{
    return 1.6f * lstmc_random_uniform(SEED, (uint64_t)stream, 0, element) - 0.8f;
}

/* Every byte of it is poison: what is read before it is written shows. */
static void *poisoned(size_t bytes)
{
    void *memory = malloc(bytes);
    cr_assert(memory);
    memset(memory, 0xff, bytes);
    return memory;
}

struct run {                /* one call after another, all results; the same from evaluator and generated code */
    int32_t ids[64], classes[64];
    float x[64], target[64], sample_weight[8], weights[1024];
    float y_single[8][64], y_batch[128], y_steps[64], loss, y_train[128], gradients[1024], d_input[64];
    const struct lstmc_model *model;
};

static void fill_inputs(struct run *run, const struct lstmc_model *model)
{
    memset(run, 0, sizeof *run);
    run->model = model;
    for (size_t i = 0; i < 64; i++) {
        run->ids[i] = (int32_t)(lstmc_random_bits(SEED, 1, 0, i) % 7);
        run->classes[i] = (int32_t)(lstmc_random_bits(SEED, 2, 0, i) % 3);
        run->x[i] = random_float(3, i);
        run->target[i] = random_float(4, i);
    }
    for (size_t i = 0; i < 8; i++)
        run->sample_weight[i] = 0.5f + 0.25f * (float)i;
    cr_assert(model->weight_count <= 1024);
    for (size_t i = 0; i < model->weight_count; i++)
        run->weights[i] = random_float(5, i);
}

static const void *input_of(const struct run *run, size_t element)
{
    return run->model->input_is_tokens ? (const void *)(run->ids + element) : (const void *)(run->x + element);
}

#define RUN_SCALE 0.25f

/* ---- the generated code ---- */

static void run_prediction(struct run *run, int rows)
{
    const struct lstmc_model *model = run->model;
    void *packed = poisoned(model->packed_bytes), *scratch = poisoned(model->scratch_bytes), *batch = poisoned(model->batch_scratch_bytes);
    model->prepare(packed, run->weights);
    for (int b = 0; b < rows; b++)
        model->predict(packed, scratch, input_of(run, (size_t)b * model->input_count), run->y_single[b]);
    model->predict_batch(packed, batch, input_of(run, 0), rows, run->y_batch);
    if (model->step) {
        void *state = poisoned(model->state_bytes);
        const int steps = model->input_shape[0];
        const size_t inputs = model->input_count / (size_t)steps, outputs = model->output_rank > 1 ? model->output_count / (size_t)steps : 0;
        model->reset(packed, state);
        for (int t = 0; t < steps; t++)
            cr_expect(model->step(packed, state, input_of(run, (size_t)t * inputs), run->y_steps + (size_t)t * outputs) == 1);
        free(state);
    }
    free(packed);
    free(scratch);
    free(batch);
}

static const struct lstmc_tensor *tape_tensor(const struct lstmc_model *model, const char *name)
{
    for (int i = 0; i < model->tape_tensor_count; i++)
        if (!strcmp(model->tape_tensors[i].name, name))
            return &model->tape_tensors[i];
    return NULL;
}

static void run_training(struct run *run, int rows, int first_row)
{
    const struct lstmc_model *model = run->model;
    void *training = poisoned(model->training_bytes), *tape = poisoned(model->tape_bytes);
    model->prepare_training(training, run->weights);
    model->reset_tape(training, tape);
    memcpy((char *)tape + model->first_row_offset, &first_row, sizeof first_row);
    model->forward(training, tape, input_of(run, 0), rows, SEED);
    memcpy(run->y_train, (char *)tape + model->output_offset, (size_t)rows * model->output_count * sizeof(float));
    const void *target = model->target_is_class ? (const void *)run->classes : (const void *)run->target;
    run->loss = model->loss_function(tape, target, run->sample_weight, RUN_SCALE);
    model->backward(training, tape, run->gradients);
    const struct lstmc_tensor *d_input = tape_tensor(model, "d_input");
    if (d_input)
        memcpy(run->d_input, (float *)tape + d_input->offset, d_input->count * sizeof(float));
    free(training);
    free(tape);
}

/* ---- the evaluator ---- */

static void load_memory(const struct run *run, const Ir *ir, Memory *memory, size_t first_input)
{
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        double *data = memory_of(memory, tensor);
        for (size_t e = 0; e < element_count(tensor); e++)
            if (tensor->role == ROLE_INPUT)
                data[e] = tensor->integer ? run->ids[first_input + e] : (double)run->x[first_input + e];
            else if (tensor->role == ROLE_WEIGHT)
                data[e] = (double)run->weights[tensor->weight->offset + e];
            else if (tensor->role == ROLE_TARGET)
                data[e] = tensor->integer ? run->classes[e] : (double)run->target[e];
            else if (tensor->role == ROLE_SAMPLE_WEIGHT)
                data[e] = (double)run->sample_weight[e];
            else if (tensor->role == ROLE_SCALE)
                data[e] = (double)RUN_SCALE;
    }
}

static double deviation(const float *generated, const double *expected, size_t count)
{
    double worst = 0, largest = 1e-6;
    for (size_t i = 0; i < count; i++) {
        double difference = fabs((double)generated[i] - expected[i]);
        worst = difference > worst || isnan(difference) ? difference : worst;
        largest = fmax(largest, fabs(expected[i]));
    }
    return worst / largest;
}

static void expect_close(const char *what, const char *name, const float *generated, const double *expected, size_t count)
{
    double worst = deviation(generated, expected, count);
    cr_expect(worst <= TOLERANCE, "%s %s: deviation %g (tolerance %g), first %g expected %g", what, name, worst, TOLERANCE, (double)generated[0], expected[0]);
}

static void check_prediction(const struct run *run, const Ir *ir, int rows, const char *what)
{
    for (int b = 0; b < rows; b++) {
        Memory *memory = memory_create(ir, false);
        load_memory(run, ir, memory, (size_t)b * run->model->input_count);
        evaluate_section(memory, SECTION_RESET, 1);
        evaluate_section(memory, SECTION_FORWARD, 1);
        const double *y = memory_of(memory, ir->output);
        expect_close(what, "predict", run->y_single[b], y, run->model->output_count);
        expect_close(what, "predict_batch", run->y_batch + (size_t)b * run->model->output_count, y, run->model->output_count);
        if (b == 0 && run->model->step)
            expect_close(what, "step", run->y_steps, y, run->model->output_count);
        memory_free(memory);
    }
}

static void check_training(const struct run *run, const Ir *ir, int rows, int first_row, const char *what)
{
    Memory *memory = memory_create(ir, false);
    load_memory(run, ir, memory, 0);
    evaluate_noise(memory, SEED, first_row);
    static const Section order[] = { SECTION_RESET, SECTION_FORWARD, SECTION_LOSS, SECTION_BACKWARD };
    for (int s = 0; s < 4; s++)
        evaluate_section(memory, order[s], rows);
    expect_close(what, "tape output", run->y_train, memory_of(memory, ir->output), (size_t)rows * run->model->output_count);
    expect_close(what, "loss", &run->loss, memory_of(memory, ir->loss), 1);
    int gradients = 0;
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        if (tensor->role != ROLE_GRADIENT)
            continue;
        gradients++;
        const float *generated = tensor->weight ? run->gradients + tensor->weight->offset : run->d_input;
        size_t count = tensor->weight ? tensor->weight->count : (size_t)rows * run->model->input_count;
        expect_close(what, tensor->weight ? tensor->weight->name : "d_input", generated, memory_of(memory, tensor), count);
    }
    cr_expect(gradients > 0, "%s: no gradients", what);
    memory_free(memory);
}

/* ---- tests ---- */

static void check_compiled(const struct emitted *emitted, const char *what, struct run *run)
{
    for (int rows = 1; rows <= emitted->model.descriptor.batch; rows++) {
        fill_inputs(run, emitted->generated);
        run_prediction(run, rows);
        run_training(run, rows, rows);
        check_prediction(run, emitted->programs.single, rows, what);
        check_training(run, emitted->programs.training, rows, rows, what);
    }
    run->model = NULL;
}

/* Every way of unrolling gives the same bits. */
static void check_model(const char *name, const char *text, int steps)
{
    static const struct { const char *name; int mode; } unrollings[] = {
        { "auto", UNROLL_AUTO }, { "none", UNROLL_NONE }, { "full", UNROLL_FULL }, { "2", 2 },
    };
    struct run first, run;
    for (size_t u = 0; u < sizeof unrollings / sizeof *unrollings; u++) {
        struct emitted emitted;
        char what[128];
        emitted_create(&emitted, name, text, steps, unrollings[u].mode, false);
        snprintf(what, sizeof what, "%s, unroll %s, gcc:", name, unrollings[u].name);
        emitted_load(&emitted, "gcc -std=c11 -O1");
        check_compiled(&emitted, what, &run);
        if (u == 0)
            first = run;
        cr_expect(!memcmp(&first, &run, sizeof run), "%s differs from %s", what, unrollings[0].name);
        if (u == 0) {
            snprintf(what, sizeof what, "%s, clang:", name);
            emitted_load(&emitted, "clang -std=gnu11 -O1");
            check_compiled(&emitted, what, &run);
        }
        emitted_free(&emitted);
    }
}

Test(emit, classifier_agrees_with_the_evaluator)
{
    check_model("classifier", classifier, 4);
}

Test(emit, sequence_with_taken_names_agrees_with_the_evaluator)
{
    check_model("hostile", hostile, 5);
}

/* Sizes that lstmc reports are those that the compilers find. */
Test(emit, sizes_are_what_sizeof_says)
{
    const struct { const char *name, *text; int steps; } models[] = { { "classifier", classifier, 4 }, { "hostile", hostile, 5 } };
    for (size_t m = 0; m < 2; m++) {
        struct emitted emitted;
        emitted_create(&emitted, models[m].name, models[m].text, models[m].steps, UNROLL_AUTO, false);
        emitted_load(&emitted, "gcc -O0");
        Sizes sizes = emit_sizes(&emitted.programs);
        const struct lstmc_model *model = emitted.generated;
        const struct { const char *name; size_t computed, real; } rows[] = {
            { "weights", sizes.weights, model->weight_count * sizeof(float) }, { "gradients", sizes.gradients, model->gradient_count * sizeof(float) },
            { "packed", sizes.packed, model->packed_bytes }, { "training", sizes.training, model->training_bytes },
            { "scratch", sizes.scratch, model->scratch_bytes }, { "batch_scratch", sizes.batch_scratch, model->batch_scratch_bytes },
            { "state", sizes.state, model->state_bytes }, { "tape", sizes.tape, model->tape_bytes },
        };
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            cr_expect(rows[i].computed == rows[i].real, "%s_%s: computed %zu, sizeof %zu", models[m].name, rows[i].name, rows[i].computed, rows[i].real);
        cr_expect(!emit_too_large(emitted.arena, &emitted.programs));
        emitted_free(&emitted);
    }
}

/* A main that calls everything with ids and classes from anywhere, in memory of exactly the sizes promised, and prints what came out. */
static const char driver[] =
    "#include \"classifier.h\"\n#include \"hostile.h\"\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
    "static void drive(const struct lstmc_model *m)\n{\n"
    "    float *w = malloc(m->weight_count * sizeof(float)), *g = calloc(m->gradient_count, sizeof(float));\n"
    "    size_t n = (size_t)m->batch * m->input_count, k = (size_t)m->batch * m->target_count;\n"
    "    void *x = malloc(n * 4), *y = malloc(k * 4), *out = malloc((size_t)m->batch * m->output_count * sizeof(float));\n"
    "    void *packed = malloc(m->packed_bytes), *scratch = malloc(m->scratch_bytes), *many = malloc(m->batch_scratch_bytes);\n"
    "    void *training = malloc(m->training_bytes), *tape = malloc(m->tape_bytes), *state = malloc(m->state_bytes);\n"
    "    for (size_t i = 0; i < m->weight_count; i++)\n        w[i] = 0.1f * (float)((int)(i % 7) - 3);\n"
    "    for (size_t i = 0; i < n; i++)\n"
    "        if (m->input_is_tokens)\n            ((int32_t *)x)[i] = i % 3 == 0 ? INT32_MIN : i % 3 == 1 ? INT32_MAX : (int32_t)i;\n"
    "        else\n            ((float *)x)[i] = 0.25f * (float)(i % 5);\n"
    "    for (size_t i = 0; i < k; i++)\n"
    "        if (m->target_is_class)\n            ((int32_t *)y)[i] = (int32_t)i - 1;\n        else\n            ((float *)y)[i] = 0.5f;\n"
    "    m->prepare(packed, w);\n    m->predict(packed, scratch, x, out);\n    m->predict_batch(packed, many, x, m->batch, out);\n"
    "    m->reset(packed, state);\n    m->step(packed, state, x, out);\n    m->prepare_training(training, w);\n    m->reset_tape(training, tape);\n"
    "    for (int turn = 0; turn < 2; turn++) {\n        m->forward(training, tape, x, m->batch, 3);\n"
    "        printf(\"%s loss %.4f\\n\", m->name, (double)m->loss_function(tape, y, NULL, 1.0f));\n"
    "        m->backward(training, tape, g);\n        m->carry(tape);\n    }\n"
    "    free(w); free(g); free(x); free(y); free(out); free(packed); free(scratch); free(many); free(training); free(tape); free(state);\n}\n"
    "int main(void)\n{\n    drive(&classifier_model);\n    drive(&hostile_model);\n    return 0;\n}\n";

Test(emit, two_models_in_one_program_are_clean_and_export_their_names_alone)
{
    struct emitted first, second;
    emitted_create(&first, "classifier", classifier, 4, UNROLL_AUTO, false);
    emitted_create(&second, "hostile", hostile, 5, UNROLL_AUTO, false);
    emitted_write(&first);
    strcpy(second.folder, first.folder);
    cr_assert(!write_file(arena_format(first.arena, "%s/hostile.h", first.folder), second.header.text, second.header.length));
    cr_assert(!write_file(arena_format(first.arena, "%s/hostile.c", first.folder), second.source.text, second.source.length));
    cr_assert(!write_file(arena_format(first.arena, "%s/main.c", first.folder), driver, strlen(driver)));
    free(emitted_run(&first, "for n in classifier hostile; do for c in gcc clang; do echo \"#include \\\"$n.h\\\"\" > user.c && cp user.c user.cc"
                             " && $c -std=c11 %s -fsyntax-only user.c && $c -std=c++17 %s -x c++ -fsyntax-only user.cc || exit 1; done; done",
                     GENERATED_WARNINGS, GENERATED_WARNINGS));
    free(emitted_run(&first, "for n in classifier hostile; do gcc -std=gnu11 -O1 %s -c $n.c && nm -g --defined-only $n.o > $n.names"
                             " && ! grep -v \" ${n}_\" $n.names || exit 1; done", GENERATED_WARNINGS));
    const char *sanitize = "-g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all";
    char *gcc = emitted_run(&first, "gcc %s %s main.c classifier.c hostile.c -o program -lm && ./program", GENERATED_WARNINGS, sanitize);
    char *clang = emitted_run(&first, "clang %s main.c classifier.c hostile.c -o program -lm && ./program", GENERATED_WARNINGS);
    cr_expect(!strcmp(gcc, clang), "gcc: %s clang: %s", gcc, clang);
    cr_expect(strstr(gcc, "classifier loss") && strstr(gcc, "hostile loss") && !strstr(gcc, "nan"), "%s", gcc);
    free(gcc);
    free(clang);
    *second.folder = '\0';
    emitted_free(&first);
    emitted_free(&second);
}

Test(emit, text_is_the_same_each_time)
{
    struct emitted a, b;
    emitted_create(&a, "classifier", classifier, 4, UNROLL_AUTO, false);
    free(malloc(12345));
    emitted_create(&b, "classifier", classifier, 4, UNROLL_AUTO, false);
    cr_expect(!strcmp(a.header.text, b.header.text) && !strcmp(a.source.text, b.source.text));
    emitted_free(&a);
    emitted_free(&b);
}

Test(emit, inference_alone_has_no_training_and_says_why_there_is_no_step)
{
    struct emitted emitted;
    emitted_create(&emitted, "classifier", classifier, 0, UNROLL_AUTO, true);
    emitted_load(&emitted, "gcc -O1 -std=c11");
    const struct lstmc_model *model = emitted.generated;
    cr_expect(model->predict && model->predict_batch && model->prepare);
    cr_expect(!model->step && !model->reset && !model->forward && !model->backward && !model->loss_function && !model->carry
              && !model->prepare_training && !model->reset_tape && model->tape_bytes == 0 && model->state_bytes == 0);
    cr_expect(strstr(emitted.header.text, "this test has none"), "the header does not say why there is no step");
    cr_expect(!strstr(emitted.header.text, "struct classifier_tape") && !strstr(emitted.source.text, "gradients->"));
    emitted_free(&emitted);
}

/* The interface is text that people read: a line of the mathematics stands over its loops. */
Test(emit, statements_stand_over_their_nests)
{
    struct emitted emitted;
    emitted_create(&emitted, "classifier", classifier, 4, UNROLL_NONE, false);
    const char *expected =
        "        /* lstm.z[t,b,g,n] += lstm.kernel[j,5*g+n] * embedding.y[t,b,j] */\n"
        "        for (int b = 0; b < rows; b++) {\n"
        "            for (int j = 0; j < 19; j++) {\n"
        "                for (int g = 0; g < 4; g++) {\n"
        "                    const float embedding_y = tape->embedding.y[t][b][j];\n"
        "                    for (int n = 0; n < 5; n++) {\n"
        "                        tape->local.lstm.z[b][g][n] += weights->lstm.kernel[j][5 * g + n] * embedding_y;\n";
    cr_expect(strstr(emitted.source.text, expected), "not found:\n%s", expected);
    for (const char *line = emitted.source.text; *line; line += strcspn(line, "\n") + 1)
        cr_expect(strcspn(line, "\n") <= 130, "%.*s", (int)strcspn(line, "\n"), line);
    emitted_free(&emitted);
}

Test(emit, numbers_read_back_as_the_same_float)
{
    Arena *arena = arena_create();
    const struct { double value; const char *text; } numbers[] = {
        { 0, "0.0f" }, { 1, "1.0f" }, { -3, "-3.0f" }, { 0.1, "0.1f" }, { 1e-7, "1e-07f" }, { 1.0 / 3, "0.33333333f" }, { 1e10, "1e+10f" },
        { (double)INFINITY, "INFINITY" }, { -(double)INFINITY, "-INFINITY" }, { 1e300, "INFINITY" }, { 16777217, "16777217.0f" },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *text = float_text(arena, numbers[i].value);
        cr_expect(!strcmp(text, numbers[i].text), "%g: %s, expected %s", numbers[i].value, text, numbers[i].text);
    }
    for (uint64_t i = 0; i < 1000; i++) {
        float value = ldexpf(lstmc_random_uniform(1, 2, 3, i) - 0.5f, (int)(i % 60) - 30);
        float back = strtof(float_text(arena, (double)value), NULL);
        cr_expect(back == value, "%.9g came back as %.9g", (double)value, (double)back);
    }
    arena_free(arena);
}

/* Parentheses keep the order of the operations, and only where C would read another one. */
Test(emit, expressions_keep_their_order)
{
    static const char text[] = "input a\nvalue v.b\nvalue v.c\noutput y\nforward: y[] = ";
    const struct { const char *expression, *expected; } rows[] = {
        { "a[]+v.b[]+v.c[]", "y[0] = x[0] + scratch->v.b + scratch->v.c;" },     { "a[]+(v.b[]+v.c[])", "y[0] = x[0] + (scratch->v.b + scratch->v.c);" },
        { "a[]-(v.b[]-v.c[])", "y[0] = x[0] - (scratch->v.b - scratch->v.c);" }, { "(a[]-v.b[])-v.c[]", "y[0] = x[0] - scratch->v.b - scratch->v.c;" },
        { "a[]/(v.b[]*v.c[])", "y[0] = x[0] / (scratch->v.b * scratch->v.c);" }, { "a[]*v.b[]/v.c[]", "y[0] = x[0] * scratch->v.b / scratch->v.c;" },
        { "(a[]+v.b[])*v.c[]", "y[0] = (x[0] + scratch->v.b) * scratch->v.c;" }, { "-(a[]*v.b[])-v.c[]", "y[0] = -(x[0] * scratch->v.b) - scratch->v.c;" },
        { "max(a[]-1,v.b[])", "y[0] = maximum(x[0] - 1.0f, scratch->v.b);" },    { "a[]*-3", "y[0] = x[0] * -3.0f;" },
        { "greater(a[]+1,v.b[])*v.c[]", "y[0] = (x[0] + 1.0f > scratch->v.b ? 1.0f : 0.0f) * scratch->v.c;" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Arena *arena = arena_create();
        Ir *ir = ir_from_text(arena, arena_format(arena, "%s%s\n", text, rows[i].expression));
        ir->inputs[0]->home = ir->output->home = HOME_ARGUMENT;
        ir_find(ir, "v.b")->home = ir_find(ir, "v.c")->home = HOME_SCRATCH;
        Out out = { 0 };
        emit_statements(&out, arena, ir, NULL, (const Statement *const *)ir->statements, 1);
        const char *line = strchr(out.text, '\n') + 1;
        cr_expect(!strncmp(line, rows[i].expected, strlen(rows[i].expected)) && line[strlen(rows[i].expected)] == '\n', "%s: %s, expected %s",
                  rows[i].expression, line, rows[i].expected);
        out_free(&out);
        arena_free(arena);
    }
}
