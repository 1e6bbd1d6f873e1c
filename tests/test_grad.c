/* test_grad.c: derived gradients against central differences, what is pruned, and how adjoints begin. */
#include <criterion/criterion.h>

#include "compiler/oracle/evaluate.h"
#include "compiler/passes/passes.h"
#include "runtime/lstmc_random.h"
#include "ir_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP 1e-5           /* of the central differences */
#define TOLERANCE 1e-6

static size_t element_count(const Tensor *tensor)
{
    size_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        count *= (size_t)tensor->extent[i];
    return count;
}

/* Inputs of a run: everything that belongs to the caller, by the number of the tensor. */
static void fill_inputs(const Ir *ir, Memory *memory, bool ties)
{
    for (int i = 0; i < ir->tensor_count; i++) {
        const Tensor *tensor = ir->tensors[i];
        double *data = memory_of(memory, tensor);
        for (size_t e = 0; e < element_count(tensor); e++) {
            double random = (double)lstmc_random_uniform(1, (uint64_t)i, 0, e);
            if (tensor->integer)
                data[e] = floor(3 * random);
            else if (tensor->role == ROLE_INPUT)
                data[e] = ties ? floor(2 * random) : 2 * random - 1;
            else if (tensor->role == ROLE_WEIGHT)
                data[e] = 1.4 * random - 0.7;
            else if (tensor->role == ROLE_TARGET || tensor->role == ROLE_SAMPLE_WEIGHT)
                data[e] = random;
            else if (tensor->role == ROLE_SCALE)
                data[e] = 0.7;
        }
    }
    evaluate_noise(memory, 5, 0);
}

static double factor_of_output(size_t e)
{
    return sin((double)e + 1);
}

/* The loss of the model, or (own) one that a caller computes from the output: the sum of factor * y. */
static double run_loss(const Ir *ir, Memory *memory, bool own, int rows)
{
    evaluate_section(memory, SECTION_RESET, rows);
    evaluate_section(memory, SECTION_FORWARD, rows);
    if (!own) {
        evaluate_section(memory, SECTION_LOSS, rows);
        return memory_of(memory, ir->loss)[0];
    }
    size_t count = element_count(ir->output) / (size_t)ir->batch * (size_t)rows;
    double sum = 0;
    for (size_t e = 0; e < count; e++)
        sum += factor_of_output(e) * memory_of(memory, ir->output)[e];
    return sum;
}

static void run_gradients(const Ir *ir, Memory *memory, bool own, int rows)
{
    run_loss(ir, memory, own, rows);
    if (own)
        for (size_t e = 0; e < element_count(ir->output) / (size_t)ir->batch * (size_t)rows; e++)
            memory_of(memory, ir->output->adjoint)[e] = factor_of_output(e);
    else
        evaluate_section(memory, SECTION_LOSS, rows);       /* a second call changes nothing */
    evaluate_section(memory, SECTION_BACKWARD, rows);
}

static void compare_tensor(const Ir *ir, Memory *memory, const Tensor *tensor, bool own, int rows)
{
    double *data = memory_of(memory, tensor), *derived = memory_of(memory, tensor->adjoint);
    double worst = 0, largest = 1e-6, got = 0, expected = 0;
    size_t at = 0;
    for (size_t e = 0; e < element_count(tensor); e++) {
        double before = data[e];
        data[e] = before + STEP;
        double above = run_loss(ir, memory, own, rows);
        data[e] = before - STEP;
        double below = run_loss(ir, memory, own, rows);
        data[e] = before;
        double difference = (above - below) / (2 * STEP), deviation = fabs(difference - derived[e]);
        largest = fmax(largest, fabs(difference));
        if (!(deviation <= worst)) {
            worst = deviation;
            at = e;
            got = derived[e];
            expected = difference;
        }
    }
    cr_assert(worst / largest <= TOLERANCE, "%s.%s[%zu]: derived %.12g difference %.12g (deviation %g of %g, own loss %d)", tensor->layer,
              tensor->name, at, got, expected, worst / largest, TOLERANCE, own);
}

static void compare_all(const Ir *ir, bool own, int rows)
{
    Memory *memory = memory_create(ir, false);
    fill_inputs(ir, memory, false);
    run_gradients(ir, memory, own, rows);
    int compared = 0;
    for (int i = 0; i < ir->tensor_count; i++)
        if (ir->tensors[i]->adjoint && ir->tensors[i]->adjoint->role == ROLE_GRADIENT) {
            compare_tensor(ir, memory, ir->tensors[i], own, rows);
            compared++;
        }
    cr_assert(compared > 0, "no gradient at all");
    memory_free(memory);
}

static void show(const Ir *ir)
{
    Out out = { 0 };
    ir_print(&out, ir);
    fputs(out.text, stderr);
    out_free(&out);
}

static Ir *differentiated(Arena *arena, const char *text)
{
    Ir *ir = ir_from_text(arena, text);
    const char *wrong = ir_check(ir);
    cr_assert_null(wrong, "before grad: %s", wrong);
    grad(ir);
    if (getenv("SHOW"))
        show(ir);
    wrong = ir_check(ir);
    cr_assert_null(wrong, "after grad: %s", wrong);
    return ir;
}

static void check_gradients(const char *text)
{
    Arena *arena = arena_create();
    Ir *ir = differentiated(arena, text);
    for (int rows = ir->batch - 1; rows <= ir->batch; rows++) {
        if (ir->loss)
            compare_all(ir, false, rows);
        compare_all(ir, true, rows);
    }
    arena_free(arena);
}

static char *all_statements(Arena *arena, const Ir *ir)
{
    char *text = arena_copy_text(arena, "");
    for (int i = 0; i < ir->statement_count; i++)
        text = arena_format(arena, "%s%s     %s\n", text, statement_text(arena, ir->statements[i]), statement_axes_text(arena, ir->statements[i]));
    return text;
}

static void assert_says(Arena *arena, const Ir *ir, const char *line, bool expected)
{
    const char *text = all_statements(arena, ir);
    bool found = strstr(text, line) != NULL;
    cr_assert_eq(found, expected, "%s \"%s\" in\n%s", expected ? "no" : "unwanted", line, text);
}

#define SQUARED_ERROR                                                                         \
    "target target b n\nsample_weight sample_weight b\nscale scale\nloss loss\nvalue error b n\n" \
    "loss: loss[] = 0\n"                                                                      \
    "loss: error[b,n] = output[b,n] - target[b,n] over b n\n"                                 \
    "loss: loss[] += scale[] * sample_weight[b] * error[b,n] * error[b,n] over b n\n"

#define DENSE                                                                     \
    "batch b 3\naxis j 2\naxis n 4\ninput x b j\nweight dense.kernel j n\nweight dense.bias n\n" \
    "value dense.z b n\noutput output b n\n"                                      \
    "forward: dense.z[b,n] = dense.bias[n] over b n\n"                            \
    "forward: dense.z[b,n] += x[b,j] * dense.kernel[j,n] over b n j\n"            \
    "forward: output[b,n] = tanh(dense.z[b,n]) over b n\n"

Test(grad, dense)
{
    check_gradients(DENSE SQUARED_ERROR);
    check_gradients(DENSE SQUARED_ERROR "want input\n");
    check_gradients(DENSE "want input\n");
}

Test(grad, dense_text)
{
    Arena *arena = arena_create();
    Ir *ir = differentiated(arena, DENSE SQUARED_ERROR);
    assert_says(arena, ir, "d_error[b,n] = error[b,n] * (scale[] * sample_weight[b]) + scale[] * sample_weight[b] * error[b,n]     over b n\n", true);
    assert_says(arena, ir, "d_output[b,n] = d_error[b,n]     over b n\n", true);
    assert_says(arena, ir, "dense.d_z[b,n] = d_output[b,n] * tanh_slope(dense.z[b,n])     over b n\n", true);
    assert_says(arena, ir, "dense.d_kernel[j,n] += dense.d_z[b,n] * x[b,j]     over b j n\n", true);
    assert_says(arena, ir, "dense.d_bias[n] += dense.d_z[b,n]     over b n\n", true);
    assert_says(arena, ir, "d_input", false);
    cr_assert_eq(ir_find(ir, "dense.kernel")->adjoint->role, ROLE_GRADIENT);
    cr_assert_eq(ir_find(ir, "dense.z")->adjoint->role, ROLE_ADJOINT);
    arena_free(arena);
}

/* h[t+1] = tanh(kernel x[t] + recurrent h[t]); only the last row leaves the loop */
#define SIMPLE_RNN                                                                                     \
    "batch b 3\ntime t 4\naxis j 2\naxis k 3\naxis n 3\ninput x b t j\nweight rnn.kernel j n\nweight rnn.recurrent_kernel k n\n" \
    "weight rnn.bias n\nvalue rnn.z t b n\nstate rnn.h t+1 b n\n"                                      \
    "reset: rnn.h[0,b,n] = 0 over b n\ncarry: rnn.h[0,b,n] = rnn.h[4,b,n] over b n\n"                  \
    "forward: rnn.z[t,b,n] = rnn.bias[n] over b n in t\n"                                              \
    "forward: rnn.z[t,b,n] += x[b,t,j] * rnn.kernel[j,n] over b n j in t\n"                            \
    "forward: rnn.z[t,b,n] += rnn.h[t,b,k] * rnn.recurrent_kernel[k,n] over b n k in t\n"              \
    "forward: rnn.h[t+1,b,n] = tanh(rnn.z[t,b,n]) over b n in t\n"

#define LAST "output output b n\nforward: output[b,n] = rnn.h[4,b,n] over b n\n"
#define SEQUENCE "output output b t n\nforward: output[b,t,n] = rnn.h[t+1,b,n] over b t n\n"

Test(grad, simple_rnn)
{
    check_gradients(SIMPLE_RNN LAST SQUARED_ERROR "want input\n");
    check_gradients(SIMPLE_RNN LAST);
    check_gradients(SIMPLE_RNN SEQUENCE "want input\n");
    /* the last row and another one; a loop that also reads the row it has written; the output written in the loop */
    check_gradients(SIMPLE_RNN "output output b n\nforward: output[b,n] = rnn.h[4,b,n] * rnn.h[2,b,n] over b n\n");
    check_gradients(SIMPLE_RNN "output output b t n\nvalue y t b n\nforward: y[t,b,n] = rnn.h[t+1,b,n] * rnn.h[t,b,n] over b n in t\n"
                    "forward: output[b,t,n] = y[t,b,n] over b t n\n");
    check_gradients(SIMPLE_RNN "output output b t n\nforward: output[b,t,n] = rnn.h[t+1,b,n] * x[b,t,0] over b n in t\n");
}

/* With the last row alone coming from outside, each turn begins its own row: two rows of d_h are enough. */
Test(grad, simple_rnn_rows)
{
    Arena *arena = arena_create();
    Ir *ir = differentiated(arena, SIMPLE_RNN LAST);
    assert_says(arena, ir, "rnn.d_h[4,b,n] = d_output[b,n]     over b n\n", true);
    assert_says(arena, ir, "rnn.d_z[t,b,n] = rnn.d_h[t+1,b,n] * (1 - rnn.h[t+1,b,n] * rnn.h[t+1,b,n])     over b n     in loop t reversed\n", true);
    assert_says(arena, ir, "rnn.d_h[t,b,n] = 0     over b n     in loop t reversed\n"
                "rnn.d_h[t,b,k] += rnn.d_z[t,b,n] * rnn.recurrent_kernel[k,n]     over b k n     in loop t reversed\n", true);
    ir = differentiated(arena, SIMPLE_RNN SEQUENCE);
    assert_says(arena, ir, "rnn.d_h[t+1,b,n] = d_output[b,t,n]     over b t n\n", true);
    assert_says(arena, ir, "rnn.d_h[0,b,n] = 0     over b n\n", true);
    assert_says(arena, ir, "rnn.d_h[t,b,n] = 0", false);
    arena_free(arena);
}

#define LSTM                                                                                                        \
    "batch b 3\ntime t 4\naxis j 2\naxis k 3\naxis g 4\naxis n 3\ninput x b t j\n"                                  \
    "weight lstm.kernel j 12\nweight lstm.recurrent_kernel k 12\nweight lstm.bias 12\n"                             \
    "value lstm.z t b 12\nvalue lstm.i t b n\nvalue lstm.f t b n\nvalue lstm.g t b n\nvalue lstm.o t b n\nvalue lstm.tc t b n\n" \
    "state lstm.h t+1 b n\nstate lstm.c t+1 b n\n"                                                                  \
    "reset: lstm.h[0,b,n] = 0 over b n\nreset: lstm.c[0,b,n] = 0 over b n\n"                                        \
    "forward: lstm.z[t,b,3*g+n] = lstm.bias[3*g+n] over b g n in t\n"                                               \
    "forward: lstm.z[t,b,3*g+n] += lstm.kernel[j,3*g+n] * x[b,t,j] over b g n j in t\n"                             \
    "forward: lstm.z[t,b,3*g+n] += lstm.recurrent_kernel[k,3*g+n] * lstm.h[t,b,k] over b g n k in t\n"              \
    "forward: lstm.i[t,b,n] = sigmoid(lstm.z[t,b,n]) over b n in t\n"                                               \
    "forward: lstm.f[t,b,n] = sigmoid(lstm.z[t,b,n+3]) over b n in t\n"                                             \
    "forward: lstm.g[t,b,n] = tanh(lstm.z[t,b,n+6]) over b n in t\n"                                                \
    "forward: lstm.o[t,b,n] = sigmoid(lstm.z[t,b,n+9]) over b n in t\n"                                             \
    "forward: lstm.c[t+1,b,n] = lstm.f[t,b,n] * lstm.c[t,b,n] + lstm.i[t,b,n] * lstm.g[t,b,n] over b n in t\n"      \
    "forward: lstm.tc[t,b,n] = tanh(lstm.c[t+1,b,n]) over b n in t\n"                                               \
    "forward: lstm.h[t+1,b,n] = lstm.o[t,b,n] * lstm.tc[t,b,n] over b n in t\n"

Test(grad, lstm)
{
    check_gradients(LSTM "output output b n\nforward: output[b,n] = lstm.h[4,b,n] over b n\n" SQUARED_ERROR "want input\n");
    check_gradients(LSTM "output output b t n\nforward: output[b,t,n] = lstm.h[t+1,b,n] over b t n\n");
}

Test(grad, lstm_rows)
{
    Arena *arena = arena_create();
    Ir *ir = differentiated(arena, LSTM "output output b n\nforward: output[b,n] = lstm.h[4,b,n] over b n\n");
    assert_says(arena, ir, "lstm.d_c[4,b,n] = 0     over b n\n", true);
    assert_says(arena, ir, "lstm.d_z[t,b,n+9] = lstm.d_o[t,b,n] * (lstm.o[t,b,n] * (1 - lstm.o[t,b,n]))     over b n     in loop t reversed\n", true);
    assert_says(arena, ir, "lstm.d_c[t,b,n] = lstm.d_c[t+1,b,n] * lstm.f[t,b,n]     over b n     in loop t reversed\n", true);
    assert_says(arena, ir, "lstm.d_kernel[j,3*g+n] += lstm.d_z[t,b,3*g+n] * x[b,t,j]     over b j g n     in loop t reversed\n", true);
    arena_free(arena);
}

/* Two loops, the second one reads the first one backwards in time (go_backwards), a reversed loop, dropout between. */
Test(grad, stacked)
{
    check_gradients(SIMPLE_RNN
        "noise noise t b n\nvalue y t b n\naxis m 2\naxis m2 2\nstate up.h t+1 b m\nvalue up.z t b m\nweight up.kernel n m\nweight up.recurrent_kernel m2 m\n"
        "output output b m\nreset: up.h[0,b,m] = 0 over b m\n"
        "forward: y[t,b,n] = rnn.h[t+1,b,n] * noise[t,b,n] over t b n\n"
        "forward: up.z[t,b,m] = 0 over b m in new t\n"
        "forward: up.z[t,b,m] += y[3-t,b,n] * up.kernel[n,m] over b m n in t\n"
        "forward: up.z[t,b,m] += up.h[t,b,m2] * up.recurrent_kernel[m2,m] over b m m2 in t\n"
        "forward: up.h[t+1,b,m] = sigmoid(up.z[t,b,m]) over b m in t\n"
        "forward: output[b,m] = up.h[4,b,m] over b m\n");
    check_gradients(
        "batch b 2\ntime t 4\naxis k 3\naxis n 3\ninput x b t n\nweight w k n\nstate h t+1 b n\nvalue z t b n\noutput output b n\n"
        "reset: h[4,b,n] = 0 over b n\n"
        "forward: z[t,b,n] = x[b,t,n] over b n in t reversed\n"
        "forward: z[t,b,n] += h[t+1,b,k] * w[k,n] over b n k in t reversed\n"
        "forward: h[t,b,n] = tanh(z[t,b,n]) over b n in t reversed\n"
        "forward: output[b,n] = h[0,b,n] over b n\nwant input\n");
}

#define EMBEDDING                                                                                             \
    "batch b 3\ntime t 4\naxis j 2\naxis n 4\naxis m 4\nids x b t\nweight embedding.embeddings 3 j\nvalue e t b j\nweight dense.kernel t j n\nvalue z b n\n" \
    "forward: e[t,b,j] = embedding.embeddings[x[b,t],j] over t b j\n"                                         \
    "forward: z[b,n] = 0 over b n\n"                                                                          \
    "forward: z[b,n] += e[t,b,j] * dense.kernel[t,j,n] over b n t j\n"

Test(grad, embedding)
{
    check_gradients(EMBEDDING "output output b n\nforward: output[b,n] = z[b,n] over b n\n" SQUARED_ERROR);
    Arena *arena = arena_create();
    Ir *ir = differentiated(arena, EMBEDDING "output output b n\nforward: output[b,n] = z[b,n] over b n\n");
    assert_says(arena, ir, "embedding.d_embeddings[x[b,t],j] += d_e[t,b,j]     over t b j\n", true);
    arena_free(arena);
}

/* Softmax with its maximum held constant; the loss on the logits: log-sum-exp - z[class] */
#define SOFTMAX                                                                                               \
    "value m b\nvalue p b n\nvalue s b\noutput output b n\n"                                                  \
    "forward: m[b] = -inf over b\nforward: m[b] max= stop(z[b,n]) over b n\n"                                 \
    "forward: p[b,n] = exp(z[b,n] - m[b]) over b n\n"                                                         \
    "forward: s[b] = 0 over b\nforward: s[b] += p[b,n] over b n\n"                                            \
    "forward: output[b,n] = p[b,n] / s[b] over b n\n"

Test(grad, softmax_cross_entropy)
{
    check_gradients(EMBEDDING SOFTMAX
        "classes classes b\nscale scale\nsample_weight sample_weight b\nloss loss\nvalue l b\n"
        "loss: l[b] = log(s[b]) + m[b] over b\n"
        "loss: loss[] = 0\n"
        "loss: loss[] += scale[] * sample_weight[b] * (l[b] - z[b,classes[b]]) over b\n");
    check_gradients(EMBEDDING SOFTMAX SQUARED_ERROR);
}

/* The loss reads the logits: d_z is set by it, d_output is zero; and a caller with a loss of his own writes d_output alone. */
#define FUSED                                                                                                 \
    DENSE_LOGITS "target target b n\nscale scale\nsample_weight sample_weight b\nloss loss\nloss: loss[] = 0\n"      \
    "loss: loss[] += scale[] * sample_weight[b] * (softplus(z[b,n]) - z[b,n] * target[b,n]) over b n\n"
#define DENSE_LOGITS                                                                                          \
    "batch b 3\naxis j 2\naxis n 4\ninput x b j\nweight kernel j n\nvalue z b n\noutput output b n\n"         \
    "forward: z[b,n] = 0 over b n\nforward: z[b,n] += x[b,j] * kernel[j,n] over b n j\n"                      \
    "forward: output[b,n] = sigmoid(z[b,n]) over b n\n"

Test(grad, fused_logits)
{
    check_gradients(FUSED);
    Arena *arena = arena_create();
    Ir *ir = differentiated(arena, FUSED);
    int zero_output = 0, zero_forward = 0;
    for (int i = 0; i < ir->statement_count; i++) {
        const char *text = statement_text(arena, ir->statements[i]);
        zero_output += ir->statements[i]->section == SECTION_LOSS && !strcmp(text, "d_output[b,n] = 0");
        zero_forward += ir->statements[i]->section == SECTION_FORWARD && !strcmp(text, "d_z[b,n] = 0");
    }
    cr_assert_eq(zero_output, 1);
    cr_assert_eq(zero_forward, 1);
    assert_says(arena, ir, "d_z[b,n] += d_output[b,n] * sigmoid_slope(z[b,n])     over b n\n", true);
    assert_says(arena, ir, "d_z[b,n] = scale[] * sample_weight[b] * sigmoid(z[b,n]) - scale[] * sample_weight[b] * target[b,n]     over b n\n", true);
    arena_free(arena);
}

/* Padding, convolution, pooling; a maximum of computed terms; maximum over time inside the loop. */
#define CONVOLUTION                                                                                           \
    "batch b 2\ntime t 6\naxis c 2\naxis k 3\naxis f 3\ntime u 3\ntime p 2\naxis q 8\ninput x b t c\nwant input\n" \
    "weight kernel k c f\nvalue pad 8 b c\nvalue y t b f\nvalue m u b f\noutput output b u f\n"               \
    "forward: pad[0,b,c] = 0 over b c\nforward: pad[t+1,b,c] = x[b,t,c] over t b c\nforward: pad[7,b,c] = 0 over b c\n" \
    "forward: y[t,b,f] = 0 over t b f\n"                                                                      \
    "forward: y[t,b,f] += pad[t+k,b,c] * kernel[k,c,f] over t b f k c\n"                                      \
    "forward: m[u,b,f] = -inf over u b f\n"

Test(grad, convolution_and_pooling)
{
    check_gradients(CONVOLUTION "forward: m[u,b,f] max= y[2*u+p,b,f] over u b f p\nforward: output[b,u,f] = m[u,b,f] over b u f\n");
    check_gradients(CONVOLUTION "forward: m[u,b,f] max= abs(y[2*u+p,b,f]) over u b f p\nforward: output[b,u,f] = m[u,b,f] over b u f\n");
    check_gradients(CONVOLUTION "forward: m[u,b,f] max= y[u+p,b,f] over u b f p\nforward: output[b,u,f] = m[u,b,f] over b u f\n");
    check_gradients(SIMPLE_RNN "value m b n\noutput output b n\nforward: m[b,n] = -inf over b n\n"
                    "forward: m[b,n] max= rnn.h[t+1,b,n] over b n in new t\nforward: output[b,n] = m[b,n] over b n\n");
}

/* Strided reads leave elements that nobody reads: their adjoint is zero, not garbage. */
Test(grad, holes)
{
    check_gradients("batch b 2\ntime t 6\ntime u 2\naxis c 3\ninput x b t c\nweight w c\nvalue y t b c\noutput output b u c\n"
                    "forward: y[t,b,c] = x[b,t,c] * w[c] over t b c\n"
                    "forward: output[b,u,c] = y[2*u+1,b,c] over b u c\nwant input\n");
    check_gradients("batch b 2\ntime t 6\naxis c 3\naxis k 2\ninput x b t c\nweight w c\nvalue y t b c\noutput output b c\n"
                    "forward: y[t,b,c] = x[b,t,c] * w[c] over t b c\n"
                    "forward: output[b,c] = y[4,b,c] * y[2,b,c] + y[4,b,c] over b c\nwant input\n");
}

/* Cases where the beginning of an adjoint is delicate. */
Test(grad, beginnings)
{
#define SMALL "batch b 2\ntime t 4\naxis n 3\naxis k 3\ninput x b t n\nwant input\nweight w n\nweight u k n\n"
    /* the output of tanh is not what is stored */
    check_gradients(SMALL "output output b n\nforward: output[b,n] = tanh(x[b,0,n] * w[n]) over b n\nforward: output[b,n] += x[b,1,n] * w[n] over b n\n");
    /* a loop against time that reads the row it writes and the one before */
    check_gradients(SMALL "state h t+1 b n\nvalue y t b n\noutput output b t n\nreset: h[4,b,n] = 0 over b n\n"
        "forward: h[t,b,n] = tanh(h[t+1,b,n] * w[n] + x[b,t,n]) over b n in t reversed\n"
        "forward: y[t,b,n] = h[t,b,n] * h[t+1,b,n] over b n in t reversed\nforward: output[b,t,n] = y[t,b,n] over b t n\n");
    /* a state written against the loop's own direction */
    check_gradients(SMALL "state h t+1 b n\nvalue y t b n\noutput output b t n\nreset: h[4,b,n] = 0 over b n\n"
        "forward: h[3-t,b,n] = tanh(h[4-t,b,n] * w[n] + x[b,t,n]) over b n in t\n"
        "forward: y[t,b,n] = h[3-t,b,n] * h[4-t,b,n] over b n in t\nforward: output[b,t,n] = y[t,b,n] over b t n\n");
    /* the first touch of a row is of one element, later ones of all */
    check_gradients(SMALL "state h t+1 b n\noutput output b t n\nreset: h[0,b,n] = 0 over b n\n"
        "forward: h[t+1,b,n] = tanh(h[t,b,0] * w[n] + x[b,t,n]) over b n in t\n"
        "forward: output[b,t,n] = h[t+1,b,n] * w[n] over b n in t\n");
    /* zeros of a row and zeros in front of the loop at the same place */
    check_gradients(SMALL "value z t b n\nstate c t+1 b n\nvalue y t b n\noutput output b n\nreset: c[0,b,n] = 0 over b n\n"
        "forward: z[t,b,n] = tanh(c[t,b,n] + x[b,t,n] * w[n]) over b n in t\n"
        "forward: c[t+1,b,n] = z[t,b,n] * w[n] over b n in t\n"
        "forward: y[t,b,n] = 0 over b n in t\nforward: y[t,b,n] += z[t,b,k] * u[k,n] over b n k in t\n"
        "forward: output[b,n] = y[3,b,n] + y[1,b,n] over b n\n");
}

/* Seeded programs: chains of plain statements and recurrences that read each other in all directions of time. */
static const char *random_load(Arena *arena, uint64_t *state, int level)
{
    static const char *const rows[] = { "t", "3-t", "t", "2", "0", "3" };
    static const char *const units[] = { "n", "n", "2-n", "1" };
    int from = (int)((*state = lstmc_mix(*state)) % (uint64_t)level);
    const char *row = rows[(*state >> 20) % 6], *unit = units[(*state >> 40) % 4];
    if (from == 0)
        return arena_format(arena, "x[b,%s,%s]", row, unit);
    return arena_format(arena, "h%d[%s%s,b,%s]", from, row, (*state >> 30) % 2 ? "+1" : "", unit);
}

static char *random_program(Arena *arena, uint64_t state)
{
    char *text = arena_copy_text(arena, "batch b 2\ntime t 4\naxis n 3\naxis k 3\ninput x b t n\nwant input\noutput output b t n\n");
    int levels = 1 + (int)((state = lstmc_mix(state)) % 3);
    for (int level = 1; level <= levels; level++) {
        state = lstmc_mix(state);
        bool loop = state % 3 != 0, reads_new = state >> 10 & 1, sum = state >> 11 & 1, gates = state >> 12 & 1;
        const char *in = loop ? "in new t" : "", *again = loop ? "in t" : "";
        text = arena_format(arena, "%sweight w%d n\nweight u%d k n\nvalue z%d t b n\nstate h%d t+1 b n\nvalue y%d t b n\nreset: h%d[0,b,n] = 0.1 over b n\n", text, level,
                            level, level, level, level, level);
        const char *over = loop ? "over b n" : "over t b n";
        text = arena_format(arena, "%sforward: z%d[t,b,n] = %s * w%d[n] + %s %s %s\n", text, level, random_load(arena, &state, level), level,
                            random_load(arena, &state, level), over, in);
        if (loop && sum)
            text = arena_format(arena, "%sforward: z%d[t,b,n] += h%d[t,b,k] * u%d[k,n] over b n k in t\n", text, level, level, level);
        if (gates)
            text = arena_format(arena, "%sforward: h%d[t+1,b,n] = tanh(z%d[t,b,n]) * sigmoid(z%d[t,b,0])%s %s %s\n", text, level, level, level,
                                loop ? arena_format(arena, " + h%d[t,b,n] * 0.5", level) : "", over, again);
        else
            text = arena_format(arena, "%sforward: h%d[t+1,b,n] = tanh(z%d[t,b,n]) %s %s\n", text, level, level, over, again);
        if (loop && reads_new)
            text = arena_format(arena, "%sforward: y%d[t,b,n] = h%d[t+1,b,n] * h%d[t,b,1] over b n in t\n", text, level, level, level);
        else
            text = arena_format(arena, "%sforward: y%d[t,b,n] = %s over t b n\n", text, level, random_load(arena, &state, level + 1));
    }
    return arena_format(arena, "%sforward: output[b,t,n] = y%d[t,b,n] + %s over b t n\n", text, levels, random_load(arena, &state, levels + 1));
}

Test(grad, random_programs)
{
    for (uint64_t seed = 1; seed <= 100; seed++) {
        Arena *arena = arena_create();
        Ir *ir = ir_from_text(arena, random_program(arena, seed));
        grad(ir);
        const char *wrong = ir_check(ir);
        cr_assert_null(wrong, "seed %d: %s\n%s", (int)seed, wrong, random_program(arena, seed));
        compare_all(ir, true, 2);
        arena_free(arena);
    }
}

/* A NaN and infinities where the mask is 0, in x, in what is computed from it and in what it is multiplied by: every gradient is what it is
 * with zeros there. */
Test(grad, what_is_not_kept_says_nothing)
{
    enum { B = 3, N = 4 };
    Arena *arena = arena_create();
    Ir *ir = differentiated(arena, "batch b 3\naxis n 4\ninput x b n\nwant input\nweight w n\nweight m b\nvalue v b n\noutput output b n\n"
                            "forward: v[b,n] = exp(w[n] * keep(m[b], x[b,n])) + keep(m[b], x[b,n] * tanh(x[b,n] * w[n])) over b n\n"
                            "forward: output[b,n] = keep(m[b], v[b,n] * x[b,n] * w[n]) over b n\n");
    double results[2][2 * B * N + N];
    for (int run = 0; run < 2; run++) {
        Memory *memory = memory_create(ir, false);
        for (int i = 0; i < B * N; i++)
            memory_of(memory, ir->inputs[0])[i] = i / N != 1 ? 0.3 * i - 1 : run == 0 ? 0 : (const double[N]){ NAN, INFINITY, -INFINITY, NAN }[i % N];
        for (int n = 0; n < N; n++)
            memory_of(memory, ir_find(ir, "w"))[n] = 0.5 - 0.2 * n;
        memcpy(memory_of(memory, ir_find(ir, "m")), (const double[B]){ 1, 0, -2 }, B * sizeof(double));
        evaluate_section(memory, SECTION_FORWARD, B);
        for (int i = 0; i < B * N; i++)
            memory_of(memory, ir->output->adjoint)[i] = run && i / N == 1 ? NAN : 1 + i;
        evaluate_section(memory, SECTION_BACKWARD, B);
        memcpy(results[run], memory_of(memory, ir->output), B * N * sizeof(double));
        memcpy(results[run] + B * N, memory_of(memory, ir->inputs[0]->adjoint), B * N * sizeof(double));
        memcpy(results[run] + 2 * B * N, memory_of(memory, ir_find(ir, "w")->adjoint), N * sizeof(double));
        memory_free(memory);
    }
    for (int i = 0; i < 2 * B * N + N; i++)
        cr_expect(results[1][i] == results[0][i], "number %d is %g, and %g with zeros in what is masked", i, results[1][i], results[0][i]);
    cr_expect_null(ir_find(ir, "m")->adjoint, "a mask has no gradient");
    arena_free(arena);
}

/* A tie gives the gradient to the first maximum in index order, and only to it. */
Test(grad, ties)
{
    Arena *arena = arena_create();
    Ir *ir = differentiated(arena, "batch b 2\naxis i 3\naxis k 2\ninput x b i k\nwant input\nvalue m b\noutput output b\n"
                            "forward: m[b] = -inf over b\nforward: m[b] max= x[b,i,k] over b i k\nforward: output[b] = m[b] over b\n");
    Memory *memory = memory_create(ir, false);
    const double x[] = { 1, 5, 5, 2, 5, 5,   0, -1, 0, 0, -3, 0 }, expected[] = { 0, 7, 0, 0, 0, 0,   9, 0, 0, 0, 0, 0 };
    memcpy(memory_of(memory, ir->inputs[0]), x, sizeof x);
    evaluate_section(memory, SECTION_FORWARD, 2);
    memory_of(memory, ir->output->adjoint)[0] = 7;
    memory_of(memory, ir->output->adjoint)[1] = 9;
    evaluate_section(memory, SECTION_BACKWARD, 2);
    for (int i = 0; i < 12; i++)
        cr_expect_eq(memory_of(memory, ir->inputs[0]->adjoint)[i], expected[i], "d_input[%d] = %g, not %g", i, memory_of(memory, ir->inputs[0]->adjoint)[i], expected[i]);
    memory_free(memory);
    arena_free(arena);
}

/* Every operation, alone and inside others; as what is stored, and as what is added to something. */
Test(grad, operations)
{
    static const char *const values[] = {
        "exp(x[b,n] * w[n])", "log(x[b,n] * x[b,n] + 2) * w[n]", "sqrt(w[n] * w[n] + x[b,n] * x[b,n])", "tanh(w[n])", "sigmoid(w[n] * x[b,n])",
        "softplus(w[n] + x[b,n])", "erf(w[n] * x[b,n])", "abs(w[n] - x[b,n])", "max(w[n], x[b,n])", "min(w[n], x[b,n])", "max(min(w[n], 0.3), -0.2)",
        "max(x[b,n] * w[n], 0)", "greater(x[b,n], w[n]) * w[n]", "equal(n, 1) * w[n]", "x[b,n] / (2 + w[n])", "(w[n] - 1) / (x[b,n] + 3)", "-w[n] * x[b,n]",
        "w[n] * w[n] * w[n] * x[b,n]", "x[b,n] - w[n] * n", "tanh(exp(w[n]) - sigmoid(x[b,n])) * w[n]", "expm1(w[n] - x[b,n])",
        "log1p(w[n] * w[n])", "erfc(w[n] + x[b,n])", "1 / (w[n] + 2)", "w[n] * stop(x[b,n])",
        "keep(greater(x[b,n], 0), w[n] * x[b,n])", "x[b,n] * keep(equal(n, 1), exp(w[n]))", "keep(x[b,n], keep(n, w[n]) * w[n]) * w[n]",
    };
    for (size_t i = 0; i < 2 * sizeof values / sizeof *values; i++) {
        const char *value = values[i / 2];
        char text[600];
        snprintf(text, sizeof text, "batch b 3\naxis n 4\ninput x b n\nweight w n\noutput output b n\n%s%s over b n\n%s%s",
                 i % 2 ? "forward: output[b,n] = w[n] over b n\nforward: output[b,n] += " : "forward: output[b,n] = ", value, SQUARED_ERROR,
                 strstr(value, "stop") || !strstr(value, "x[") ? "" : "want input\n");
        check_gradients(text);
    }
}

Test(grad, kinks)
{
    static const struct { const char *value; double x, expected; } rows[] = {
        { "max(x[b], 0)", 0, 0 }, { "max(0, x[b])", 0, 0 }, { "max(x[b], 0)", 1, 1 }, { "max(x[b], 0)", -1, 0 }, { "abs(x[b])", 0, 0 }, { "abs(x[b])", -2, -1 },
        { "max(min(x[b], 1), -1)", 1, 0 }, { "max(min(x[b], 1), -1)", -1, 0 }, { "max(min(x[b], 1), -1)", 0.5, 1 }, { "max(min(x[b], 1), -1)", 3, 0 },
        { "min(max(x[b], -1), 1)", -3, 0 }, { "max(x[b], x[b])", 2, 1 }, { "stop(x[b]) * 3", 2, 0 }, { "x[b] + stop(x[b])", 2, 1 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Arena *arena = arena_create();
        char text[300];
        snprintf(text, sizeof text, "batch b 1\ninput x b\nwant input\noutput output b\nforward: output[b] = %s over b\n", rows[i].value);
        Ir *ir = differentiated(arena, text);
        if (ir->inputs[0]->adjoint) {
            Memory *memory = memory_create(ir, false);
            memory_of(memory, ir->inputs[0])[0] = rows[i].x;
            evaluate_section(memory, SECTION_FORWARD, 1);
            memory_of(memory, ir->output->adjoint)[0] = 1;
            evaluate_section(memory, SECTION_BACKWARD, 1);
            cr_expect_eq(memory_of(memory, ir->inputs[0]->adjoint)[0], rows[i].expected, "d %s / dx at %g is %g, not %g", rows[i].value, rows[i].x,
                         memory_of(memory, ir->inputs[0]->adjoint)[0], rows[i].expected);
            memory_free(memory);
        } else {
            cr_expect_eq(rows[i].expected, 0, "%s: no gradient", rows[i].value);
        }
        arena_free(arena);
    }
}

/* Frozen weights have no gradient, and what lies in front of them no adjoint. */
Test(grad, frozen)
{
    Arena *arena = arena_create();
    const char *head = "axis m 2\nweight head.kernel n m\nvalue head.z b m\noutput output b m\n"
                       "forward: head.z[b,m] = 0 over b m\nforward: head.z[b,m] += rnn.h[4,b,n] * head.kernel[n,m] over b m n\n"
                       "forward: output[b,m] = tanh(head.z[b,m]) over b m\n";
    char text[3000], *at;
    snprintf(text, sizeof text, "%s%s", SIMPLE_RNN, head);
    while ((at = strstr(text, "weight rnn")))
        memcpy(at, "frozen", 6);
    Ir *ir = differentiated(arena, text);
    assert_says(arena, ir, "head.d_kernel[n,m] +=", true);
    assert_says(arena, ir, "rnn.d_", false);
    assert_says(arena, ir, "reversed", false);
    compare_all(ir, true, 3);

    snprintf(text, sizeof text, "%s%s", SIMPLE_RNN, head);
    memcpy(strstr(text, "weight rnn.kernel"), "frozen", 6);
    memcpy(strstr(text, "weight head"), "frozen", 6);
    ir = differentiated(arena, text);
    assert_says(arena, ir, "head.d_kernel", false);
    assert_says(arena, ir, "rnn.d_kernel", false);
    assert_says(arena, ir, "rnn.d_recurrent_kernel[k,n] +=", true);
    assert_says(arena, ir, "d_input", false);
    compare_all(ir, true, 3);
    arena_free(arena);
}

/* The side of a maximum is read from its output, so that its argument need not be kept. */
Test(grad, maximum_by_output)
{
    Arena *arena = arena_create();
    Ir *ir = differentiated(arena, "batch b 2\ninput x b\nwant input\noutput output b\nforward: output[b] = max(x[b], 0) over b\n");
    assert_says(arena, ir, "d_input[b] += d_output[b] * greater(output[b], 0)     over b\n", true);
    arena_free(arena);
}

/* A tensor that nothing trainable reaches, and one that reaches neither output nor loss. */
Test(grad, pruned)
{
    Arena *arena = arena_create();
    Ir *ir = differentiated(arena, DENSE "value scaled b j\nvalue unused b n\nforward: scaled[b,j] = x[b,j] * 2 over b j\n"
                            "forward: unused[b,n] = dense.z[b,n] * scaled[b,0] over b n\n");
    assert_says(arena, ir, "d_scaled", false);
    assert_says(arena, ir, "d_unused", false);
    arena_free(arena);
}

Test(grad, stages)
{
    Arena *arena = arena_create();
    Ir *ir = differentiated(arena,
                            SIMPLE_RNN "value twice j n\nvalue four j n\noutput output b n\n"
                            "value turns n\nforward: turns[n] = 0 over n\nforward: turns[n] += rnn.bias[n] over n in new t\n"
                            "forward: twice[j,n] = rnn.kernel[j,n] * 2 over j n\nforward: four[j,n] = twice[j,n] * 2 over j n\n"
                            "forward: output[b,n] = rnn.h[4,b,n] * four[0,n] over b n\n");
    stage(ir, target_find("plain"), false);
    for (int i = 0; i < ir->statement_count; i++) {
        const Statement *statement = ir->statements[i];
        const char *name = statement->out.tensor->name;
        BindingTime expected = !strcmp(name, "twice") || !strcmp(name, "four") ? TIME_PREPARE : statement->loop ? TIME_STEP : TIME_CALL;
        cr_expect_eq(statement->time, expected, "%s: time %d, not %d", statement_text(arena, statement), statement->time, expected);
    }
    compare_all(ir, true, 3);
    arena_free(arena);
}
