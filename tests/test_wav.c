/* test_wav.c: recordings: mel bands, spectra against sums written out, names, normalisation, mistakes, mutations. */
#include "runtime/lstmc.h"
#include "runtime/data/sound.h"
#include "command.h"
#include "mutate.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORDINGS "../shared/data/fsdd/recordings"
#define NAMES(...) (const char *const[]){ __VA_ARGS__ }
#define PI 3.14159265358979323846

/* ---- mel bands ---- */

/* 10 bands from 0 to 4000 Hz over a frame of 256 samples at 8000 Hz, worked out in Python from the formula. */
Test(wav, mel_bands)
{
    static const double edge[12] = { 0, 132.2999, 289.6045, 476.6396, 699.0243, 963.4396, 1277.8295, 1651.639, 2096.0984, 2624.5606, 3252.9021, 4000 };
    static const struct { int band, bin; double weight; } expected[] = {
        { 0, 0, 0 }, { 0, 2, 0.472412 }, { 0, 5, 0.847747 }, { 0, 10, 0 }, { 3, 20, 0.667134 }, { 5, 46, 0.572856 }, { 9, 83, 0 }, { 9, 100, 0.796445 },
        { 9, 127, 0.041829 }, { 9, 128, 0 },
    };
    float weight[10 * 129];
    for (int i = 0; i < 12; i++)
        cr_expect(fabs(lstmc_mel_edge(10, 0, 4000, i) - edge[i]) < 1e-3, "edge %d: %.4f Hz, expected %.4f", i, lstmc_mel_edge(10, 0, 4000, i), edge[i]);
    cr_assert_eq(lstmc_mel_bands(10, 256, 8000, 0, 4000, weight), -1);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        double w = (double)weight[expected[i].band * 129 + expected[i].bin];
        cr_expect(fabs(w - expected[i].weight) < 1e-5, "band %d, frequency %d: %.6f, expected %.6f", expected[i].band, expected[i].bin, w,
                  expected[i].weight);
    }
    for (int k = 5; k < 84; k++) {          /* between the middles of the first and the last band all triangles add up to 1 */
        double sum = 0;
        for (int b = 0; b < 10; b++)
            sum += (double)weight[b * 129 + k];
        cr_expect(fabs(sum - 1) < 1e-6, "frequency %d: the weights add up to %.7f", k, sum);
    }
    float narrow[60 * 17];
    cr_expect_eq(lstmc_mel_bands(60, 32, 8000, 0, 4000, narrow), 0, "a band without a frequency is not noticed");
}

#if defined HAVE_SNDFILE && defined HAVE_FFTW

/* ---- recordings of our own ---- */

struct wave { int rate, bits, channels; size_t count; const double *sample; };      /* sample [count], -1 to 1 */

static size_t wave_bytes(const struct wave *wave, unsigned char *to)
{
    uint32_t width = (uint32_t)(wave->bits / 8 * wave->channels), data = (uint32_t)wave->count * width, rate = (uint32_t)wave->rate;
    uint32_t head[11] = { 0x46464952, 36 + data, 0x45564157, 0x20746d66, 16, (wave->bits == 32 ? 3u : 1u) | (uint32_t)wave->channels << 16,
                          rate, rate * width, width | (uint32_t)wave->bits << 16, 0x61746164, data };
    memcpy(to, head, 44);                   /* "RIFF", size, "WAVE", "fmt ", ... "data", size */
    unsigned char *at = to + 44;
    for (size_t i = 0; i < wave->count; i++)
        for (int c = 0; c < wave->channels; c++) {
            double value = wave->channels == 1 ? wave->sample[i] : c == 0 ? 2 * wave->sample[i] : 0;    /* left alone: the mean is the same */
            if (wave->bits == 8) {
                *at++ = (unsigned char)(128 + (int)lrint(value * 127));
            } else if (wave->bits == 32) {
                memcpy(at, &(float){ (float)value }, 4);
                at += 4;
            } else {
                int16_t number = (int16_t)lrint(value * 32767);
                memcpy(at, &number, 2);
                at += 2;
            }
        }
    return 44 + data;
}

static void write_wave(const char *folder, const char *name, const struct wave *wave)
{
    unsigned char *bytes = malloc(44 + 8 * wave->count);
    size_t size = wave_bytes(wave, bytes);
    command_write(folder, name, bytes, (long)size);
    free(bytes);
}

/* A sine of so many Hz. */
static void write_sine(const char *folder, const char *name, double hertz, double height, size_t count)
{
    double *sample = malloc((count + 1) * sizeof *sample);
    for (size_t i = 0; i < count; i++)
        sample[i] = height * sin(2 * PI * hertz * (double)i / 8000);
    write_wave(folder, name, &(struct wave){ 8000, 16, 1, count, sample });
    free(sample);
}

static struct lstmc_model sound_model(int frames, int bands, int classes)
{
    return (struct lstmc_model){ .name = "sounds", .loss = "sparse_categorical_crossentropy", .input_rank = 2, .input_shape = { frames, bands },
                                 .input_count = (size_t)(frames * bands), .output_rank = 1, .output_shape = { classes }, .output_count = (size_t)classes,
                                 .target_is_class = 1, .target_rank = 1, .target_shape = { 1 }, .target_count = 1, .batch = 4, .shards = 1 };
}

struct result {
    int status;
    struct lstmc_dataset training, validation;
    struct lstmc_message message;
};

static struct result read_folder(const struct lstmc_model *model, const char *folder, struct lstmc_wav_options options)
{
    struct result result = { .status = 0 };
    options.folder = folder;
    result.status = lstmc_read_wav(model, &options, &result.training, &result.validation, &result.message);
    return result;
}

static void result_free(struct result *result)
{
    lstmc_dataset_free(&result->training);
    lstmc_dataset_free(&result->validation);
}

static const struct lstmc_wav_options plain = { .separator = '_', .label = 1, .split = 1, .seed = 1, .sample_rate = 8000, .frame = 256, .step = 128,
                                                .pads_front = 1 };

static double unit_value(const struct result *result, const struct lstmc_dataset *data, size_t index, int bands)
{
    const struct lstmc_scaling *scaling = &result->training.meaning.input;
    size_t b = index % (size_t)bands;
    return (double)((const float *)data->x)[index] * scaling->scale[b] + scaling->offset[b];
}

/* ---- spectra ---- */

/* The formula in sums written out, in double. */
static double log_mel(const double *sample, size_t count, int frame, int step, int bands, int t, int band)
{
    double power = 1e-6;
    for (int k = 0; k <= frame / 2; k++) {
        double re = 0, im = 0, f = k * 8000.0 / frame, edge[3];
        for (int n = 0; n < frame; n++) {
            size_t at = (size_t)(t * step + n);
            double value = at < count ? sample[at] * pow(sin(PI * n / frame), 2) : 0;
            re += value * cos(2 * PI * k * n / frame);
            im -= value * sin(2 * PI * k * n / frame);
        }
        for (int i = 0; i < 3; i++)
            edge[i] = lstmc_mel_edge(bands, 100, 3500, band + i);
        double height = fmin((f - edge[0]) / (edge[1] - edge[0]), (edge[2] - f) / (edge[2] - edge[1]));
        power += height > 0 ? height * (re * re + im * im) : 0;
    }
    return log(power);
}

Test(wav, frames_against_the_formula)
{
    enum { COUNT = 700, BANDS = 5, FRAME = 200, STEP = 90, FRAMES = 6 };    /* 1 + (700 - 200) / 90 = 6 */
    const struct lstmc_model model = sound_model(FRAMES, BANDS, 1);
    struct lstmc_wav_options options = plain;
    double sample[COUNT];
    uint32_t noise = 1;
    options.frame = FRAME, options.step = STEP, options.low = 100, options.high = 3500;
    for (int i = 0; i < COUNT; i++) {
        noise = noise * 1664525 + 1013904223;
        sample[i] = 0.4 * (double)(int32_t)noise / 2147483648.0 + 0.05 * sin(i * 0.3);
        sample[i] = (double)lrint(sample[i] * 32767) / 32768;               /* what 16 bits hold, as libsndfile scales it */
    }
    static const struct { int bits, channels; double tolerance; } forms[] = { { 16, 1, 2e-4 }, { 16, 2, 2e-4 }, { 32, 1, 2e-4 }, { 8, 1, 0.1 } };
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
        char *folder = command_folder();
        double scaled[COUNT];
        for (int i = 0; i < COUNT; i++)
            scaled[i] = sample[i] * (forms[form].bits == 32 ? 1 : forms[form].bits == 16 ? 32768.0 / 32767 : 128.0 / 127);
        write_wave(folder, "a.wav", &(struct wave){ 8000, forms[form].bits, forms[form].channels, COUNT, scaled });
        struct result result = read_folder(&model, folder, options);
        cr_assert_eq(result.status, 0, "%s", result.message.text);
        for (int t = 0; t < FRAMES; t++)
            for (int b = 0; b < BANDS; b++) {
                double expected = log_mel(sample, COUNT, FRAME, STEP, BANDS, t, b);
                double value = unit_value(&result, &result.training, (size_t)(t * BANDS + b), BANDS);
                cr_expect(fabs(value - expected) < forms[form].tolerance, "%d bits, frame %d, band %d: %.6f, expected %.6f", forms[form].bits, t, b,
                          value, expected);
            }
        result_free(&result);
        command_folder_remove(folder);
    }
}

Test(wav, a_sine_lands_in_its_band)
{
    enum { BANDS = 20 };
    const struct lstmc_model model = sound_model(2, BANDS, 1);
    char *folder = command_folder();
    for (int band = 0; band < BANDS; band += 3) {
        write_sine(folder, "a.wav", lstmc_mel_edge(BANDS, 0, 4000, band + 1), 0.5, 256 + 128);
        struct result result = read_folder(&model, folder, plain);
        cr_assert_eq(result.status, 0, "%s", result.message.text);
        int loudest = 0;
        for (int b = 1; b < BANDS; b++)
            if (unit_value(&result, &result.training, (size_t)b, BANDS) > unit_value(&result, &result.training, (size_t)loudest, BANDS))
                loudest = b;
        cr_expect_eq(loudest, band, "%.4g Hz are loudest in band %d, expected %d", lstmc_mel_edge(BANDS, 0, 4000, band + 1), loudest, band);
        result_free(&result);
    }
    command_folder_remove(folder);
}

/* ---- strings of recordings ---- */

enum { JOIN_FRAMES = 40, JOIN_BANDS = 4, JOIN_LABELS = 4 };

static struct lstmc_model string_model(int blank)
{
    struct lstmc_model model = sound_model(JOIN_FRAMES, JOIN_BANDS, 3);
    model.loss = "ctc", model.loss_of_sample = 1, model.ignores_class = LSTMC_BLANK_BEHIND_LABELS, model.ignored_class = blank;
    model.output_rank = 2, model.output_shape[0] = JOIN_FRAMES, model.output_shape[1] = 3, model.output_count = 3 * JOIN_FRAMES;
    model.target_shape[0] = JOIN_LABELS, model.target_count = JOIN_LABELS;
    return model;
}

enum { LOW_SAMPLES = 640, HIGH_SAMPLES = 896 };

/* What is low is called a, what is high b; those that train are loud, those that are held out are quiet. */
static char *string_folder(void)
{
    char *folder = command_folder();
    write_sine(folder, "a_1.wav", 700, 0.8, LOW_SAMPLES);
    write_sine(folder, "b_1.wav", 1900, 0.8, HIGH_SAMPLES);
    write_sine(folder, "a_0.wav", 700, 0.1, LOW_SAMPLES);
    write_sine(folder, "b_0.wav", 1900, 0.1, HIGH_SAMPLES);
    return folder;
}

static struct lstmc_wav_options string_options(void)
{
    struct lstmc_wav_options options = plain;
    options.test_field = 2, options.test_at_most = 0, options.pads_front = 0;
    options.join_least = 2, options.join_most = JOIN_LABELS, options.join_training = 30, options.join_held_out = 20;
    return options;
}

/* Every frame is that of the recordings that the labels name, one behind the other. */
static void expect_strings(const struct result *result, const struct lstmc_dataset *data, int blank, double height, int seen[JOIN_LABELS + 1])
{
    static double sample[JOIN_LABELS * HIGH_SAMPLES + 256];
    for (size_t s = 0; s < data->samples; s++) {
        const int32_t *labels = (const int32_t *)data->y + s * JOIN_LABELS;
        int count = lstmc_labels_count(labels, JOIN_LABELS, blank), a = blank == 0;
        size_t at = 0;
        seen[count]++;
        for (int i = count; i < JOIN_LABELS; i++)
            cr_assert_eq(labels[i], blank);
        for (int n = 0; n < count; n++) {
            size_t more = labels[n] == a ? LOW_SAMPLES : HIGH_SAMPLES;
            cr_assert(labels[n] == a || labels[n] == a + 1);
            for (size_t i = 0; i < more; i++)
                sample[at++] = (double)lrint(height * sin(2 * PI * (labels[n] == a ? 700 : 1900) * (double)i / 8000) * 32767) / 32768;
        }
        for (int t = 0; t < 1 + ((int)at - 256) / 128; t += 5) {
            double expected = 0, value = unit_value(result, data, s * JOIN_FRAMES * JOIN_BANDS + (size_t)(t * JOIN_BANDS + 1), JOIN_BANDS);
            double re, im, weight[JOIN_BANDS * 129];
            float bands[JOIN_BANDS * 129];
            lstmc_mel_bands(JOIN_BANDS, 256, 8000, 0, 4000, bands);
            for (int k = 0; k < JOIN_BANDS * 129; k++)
                weight[k] = (double)bands[k];
            for (int k = 0; k < 129; k++) {
                re = im = 0;
                for (int n = 0; weight[129 + k] > 0 && n < 256; n++) {
                    double v = sample[(size_t)(t * 128 + n)] * pow(sin(PI * n / 256), 2);
                    re += v * cos(2 * PI * k * n / 256), im -= v * sin(2 * PI * k * n / 256);
                }
                expected += weight[129 + k] * (re * re + im * im);
            }
            expected = log(expected + 1e-6);
            cr_expect(fabs(value - expected) < 2e-3, "string %zu, frame %d: %.6f, expected %.6f", s, t, value, expected);
        }
    }
}

Test(wav, strings_of_recordings)
{
    char *folder = string_folder();
    for (int last = 0; last < 2; last++) {
        const struct lstmc_model model = string_model(last ? 2 : 0);
        int seen[JOIN_LABELS + 1] = { 0 };
        struct result result = read_folder(&model, folder, string_options());
        cr_assert_eq(result.status, 0, "%s", result.message.text);
        cr_assert(result.training.samples == 30 && result.validation.samples == 20);
        expect_strings(&result, &result.training, model.ignored_class, 0.8, seen);
        expect_strings(&result, &result.validation, model.ignored_class, 0.1, seen);
        cr_expect(!seen[0] && !seen[1] && seen[2] > 5 && seen[3] > 5 && seen[4] > 5, "%d, %d, %d strings", seen[2], seen[3], seen[4]);
        cr_expect_str_eq(result.training.meaning.labels.text[last ? 0 : 1], "a");
        cr_expect_str_eq(result.training.meaning.labels.text[last ? 2 : 0], "");
        struct result again = read_folder(&model, folder, string_options());
        cr_expect(!memcmp(again.training.x, result.training.x, 30 * model.input_count * sizeof(float)), "another run draws others");
        result_free(&again);
        result_free(&result);
    }
    command_folder_remove(folder);
}

/* With silence between two they are longer; with lengths it is said how long. */
Test(wav, strings_with_gaps)
{
    char *folder = string_folder();
    struct lstmc_model model = string_model(0);
    struct lstmc_wav_options options = string_options();
    size_t steps[2] = { 0, 0 };
    model.has_lengths = 1;
    for (int gaps = 0; gaps < 2; gaps++) {
        options.gap = 0.05 * gaps;
        struct result result = read_folder(&model, folder, options);
        cr_assert_eq(result.status, 0, "%s", result.message.text);
        for (size_t s = 0; s < result.training.samples; s++)
            steps[gaps] += (size_t)result.training.lengths[s];
        result_free(&result);
    }
    cr_expect(steps[1] > steps[0] + 20 && steps[1] < steps[0] + 30 * 9, "%zu frames with gaps, %zu without", steps[1], steps[0]);
    command_folder_remove(folder);
}

/* One label each, where they are not joined. */
Test(wav, a_recording_is_a_label)
{
    char *folder = string_folder();
    const struct lstmc_model model = string_model(2);
    struct lstmc_wav_options options = string_options();
    options.join_most = 0;
    struct result result = read_folder(&model, folder, options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    for (int s = 0; s < 2; s++)
        for (int i = 1; i < JOIN_LABELS; i++)
            cr_expect(((int32_t *)result.training.y)[s * JOIN_LABELS] < 2 && ((int32_t *)result.training.y)[s * JOIN_LABELS + i] == 2);
    result_free(&result);
    command_folder_remove(folder);
}

static void expect_no_strings(const struct lstmc_model *model, const char *folder, struct lstmc_wav_options options, const char *says)
{
    struct result result = read_folder(model, folder, options);
    cr_expect_eq(result.status, LSTMC_MISMATCH);
    cr_expect(strstr(result.message.text, says), "\"%s\" does not say \"%s\"", result.message.text, says);
    result_free(&result);
}

Test(wav, strings_that_cannot_be)
{
    char *folder = string_folder();
    struct lstmc_model model = string_model(0);
    const struct lstmc_model short_one = sound_model(3, JOIN_BANDS, 3);
    struct lstmc_wav_options options = string_options();
    expect_no_strings(&short_one, folder, options, "loss = CTC{}");
    options.join_most = JOIN_LABELS + 1;
    expect_no_strings(&model, folder, options, "the loss takes 4 labels");
    options = string_options();
    model.input_shape[0] = 6, model.input_count = 6 * JOIN_BANDS;
    expect_no_strings(&model, folder, options, "of 100 strings of 2 to 4 recordings none fits into 6 frames");
    model = string_model(0);
    model.output_shape[1] = 4, model.output_count = 4 * JOIN_FRAMES;
    expect_no_strings(&model, folder, options, "has 2 labels, but the model's output has 3 classes and the blank: use 3 units");
    command_folder_remove(folder);
}

/* ---- names, padding, normalisation ---- */

Test(wav, held_out_by_name)
{
    const struct lstmc_model model = sound_model(3, 4, 2);
    char *folder = command_folder(), name[64];
    struct lstmc_wav_options options = plain;
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "%s_%s_%d.wav", i % 2 ? "no" : "yes", i % 3 ? "ann" : "bob", i);
        write_sine(folder, name, 500 + 100 * i, 0.3, 600);
    }
    options.test_field = 3;
    options.test_at_most = 4;
    struct result result = read_folder(&model, folder, options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_assert(result.training.samples == 7 && result.validation.samples == 5, "%zu and %zu", result.training.samples, result.validation.samples);
    int yes = 0;
    for (int i = 0; i < 5; i++)
        yes += ((int32_t *)result.validation.y)[i];
    cr_expect_eq(yes, 3, "of 0 to 4, \"yes\" are 0, 2, 4: class 1, not %d", yes);
    cr_expect(!strcmp(result.training.meaning.labels.text[0], "no") && !strcmp(result.training.meaning.labels.text[1], "yes"));
    result_free(&result);
    options.test_field = 2;
    options.test_names = NAMES("eve", "bob");
    options.test_count = 2;
    result = read_folder(&model, folder, options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_expect(result.training.samples == 8 && result.validation.samples == 4, "%zu and %zu", result.training.samples, result.validation.samples);
    result_free(&result);
    options.test_field = 0;
    options.split = 0.7;
    options.labels = NAMES("yes", "no");
    options.label_count = 2;
    result = read_folder(&model, folder, options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_expect(result.training.samples == 8 && result.validation.samples == 4, "%zu and %zu", result.training.samples, result.validation.samples);
    cr_expect_str_eq(result.training.meaning.labels.text[0], "yes");
    result_free(&result);
    command_folder_remove(folder);
}

/* A recording of one frame among three places, one of five frames; the deviation of each band is that of the frames that train. */
Test(wav, padding_and_normalisation)
{
    enum { BANDS = 4 };
    const struct lstmc_model model = sound_model(3, BANDS, 2);
    char *folder = command_folder();
    struct lstmc_wav_options options = plain;
    write_sine(folder, "a_1.wav", 700, 0.3, 100);
    write_sine(folder, "b_1.wav", 1700, 0.3, 256 + 4 * 128);
    write_sine(folder, "a_0.wav", 3000, 0.9, 900);
    options.test_field = 2;
    options.test_at_most = 0;
    for (options.pads_front = 0; options.pads_front < 2; options.pads_front++) {
        struct result result = read_folder(&model, folder, options);
        cr_assert_eq(result.status, 0, "%s", result.message.text);
        cr_assert(result.training.samples == 2 && result.validation.samples == 1);
        size_t a = ((int32_t *)result.training.y)[0] ? 1 : 0;
        const float *x = (float *)result.training.x + a * 3 * BANDS, *other = (float *)result.training.x + (1 - a) * 3 * BANDS;
        size_t place = options.pads_front ? 2 : 0;
        for (size_t i = 0; i < 3 * BANDS; i++)
            cr_expect((x[i] == 0) == (i / BANDS != place), "a short recording, padded %s: %g at %zu", options.pads_front ? "in front" : "behind",
                      (double)x[i], i);
        for (size_t b = 0; b < BANDS; b++) {
            double sum = (double)x[place * BANDS + b], squares = sum * sum;
            for (size_t t = 0; t < 3; t++) {
                sum += (double)other[t * BANDS + b];
                squares += (double)(other[t * BANDS + b] * other[t * BANDS + b]);
            }
            cr_expect(fabs(sum) < 1e-4 && fabs(squares / 4 - 1) < 1e-4, "band %zu: mean %g, variance %g", b, sum / 4, squares / 4);
        }
        cr_expect_eq(result.training.meaning.input.columns, BANDS);
        cr_expect_eq(result.training.meaning.pads_front, options.pads_front);
        result_free(&result);
    }
    command_folder_remove(folder);
}

/* Of a long recording that changes from one tone to another, padding in front keeps the end. */
Test(wav, cut)
{
    enum { BANDS = 6, COUNT = 2560 };
    const struct lstmc_model model = sound_model(2, BANDS, 1);
    char *folder = command_folder();
    double sample[COUNT];
    struct lstmc_wav_options options = plain;
    for (int i = 0; i < COUNT; i++)
        sample[i] = 0.5 * sin(2 * PI * (i < COUNT / 2 ? 200 : 3000) * i / 8000);
    write_wave(folder, "a.wav", &(struct wave){ 8000, 16, 1, COUNT, sample });
    for (options.pads_front = 0; options.pads_front < 2; options.pads_front++) {
        struct result result = read_folder(&model, folder, options);
        cr_assert_eq(result.status, 0, "%s", result.message.text);
        double low = unit_value(&result, &result.training, 0, BANDS), high = unit_value(&result, &result.training, BANDS - 1, BANDS);
        cr_expect((high > low) == options.pads_front, "pads_front %d: low band %g, high band %g", options.pads_front, low, high);
        result_free(&result);
    }
    command_folder_remove(folder);
}

/* ---- through the program ---- */

Test(wav, options_of_a_description)
{
    static const char description[] =
        "return Sequential{ Input{4, 3}, GRU{4}, Dense{2, activation = \"softmax\"}, loss = \"sparse_categorical_crossentropy\", epochs = 1,\n"
        "  data = wav{folder = \"d\", label = 2, separator = \"-\", labels = {\"yes\", \"no\"}, sample_rate = arg.rate or 8000, frame = 200, step = 100,\n"
        "  low = 100, high = arg.high or 3000, padding = \"post\", test = arg.theo and {field = 1, among = {\"theo\"}} or {field = 3, at_most = 0}} }\n";
    char *where = command_folder(), path[300];
    struct lstmc_meaning meaning;
    struct lstmc_message message;
    command_expect(where, 60, "mkdir d", 0, NULL, NULL);
    command_write(where, "m.lua", description, sizeof description - 1);
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "d/%s-%s-%d.wav", i == 2 ? "theo" : "ann", i % 2 ? "yes" : "no", i / 2);
        write_sine(where, path, 500 + 100 * i, 0.3, 600);
    }
    command_expect(where, 60, "$L train m.lua --interpreted", 0, "m: 4 samples, 2 held out", "epoch 1/1");
    snprintf(path, sizeof path, "%s/m.safetensors", where);
    cr_assert_eq(lstmc_meaning_load(&meaning, path, &message), 0, "%s", message.text);
    cr_expect(meaning.input.columns == 3 && meaning.labels.count == 2 && !strcmp(meaning.labels.text[0], "yes"));
    lstmc_meaning_free(&meaning);
    command_expect(where, 60, "$L train m.lua theo=1 --interpreted", 0, "m: 5 samples, 1 held out", "epoch 1/1");
    command_expect(where, 60, "$L train m.lua rate=16000 --interpreted", 1, NULL, "has 8000 samples a second, not 16000");
    command_expect(where, 60, "$L train m.lua high=5000 --interpreted", 1, NULL, "from 100 to 5000 Hz");
    command_expect(where, 60, "$L train m.lua --interpreted --data folder=.", 1, NULL, ".: has no files named *.wav");
    command_folder_remove(where);
}

/* ---- mistakes ---- */

static char *folder;

static void expect_mistake(struct lstmc_model model, struct lstmc_wav_options options, int status, const char *expected)
{
    struct result result = read_folder(&model, folder, options);
    cr_expect(result.status == status && strstr(result.message.text, expected), "%d \"%s\", expected %d \"%s\"", result.status, result.message.text,
              status, expected);
    cr_expect(!result.training.x && !result.validation.x && !result.training.meaning.labels.count);
    result_free(&result);
}

Test(wav, mistakes)
{
    const struct lstmc_model model = sound_model(3, 4, 1);
    struct lstmc_wav_options options = plain;
    folder = command_folder();
    expect_mistake(model, plain, LSTMC_BAD_FILE, "has no files named *.wav");
    write_sine(folder, "\xe9_x.wav", 700, 0.3, 500);
    expect_mistake(model, plain, LSTMC_MISMATCH, "the label \"\xe9\" is no UTF-8");
    command_folder_remove(folder);
    folder = command_folder();
    write_sine(folder, "a_x.wav", 700, 0.3, 500);
    options.sample_rate = 16000;
    expect_mistake(model, options, LSTMC_MISMATCH, "a_x.wav: has 8000 samples a second, not 16000");
    options = plain;
    options.label = 3;
    expect_mistake(model, options, LSTMC_BAD_FILE, "a_x.wav: the label is field 3 of the name, which has fewer");
    options = plain;
    options.test_field = 2;
    expect_mistake(model, options, LSTMC_BAD_FILE, "a_x.wav: field 2 of the name is \"x\": no number to compare with 0");
    options.test_names = NAMES("y");
    options.test_count = 1;
    expect_mistake(model, options, LSTMC_MISMATCH, "1 recordings train and 0 are held out");
    options.test_names = NAMES("x");
    expect_mistake(model, options, LSTMC_MISMATCH, "0 recordings train and 1 are held out");
    options = plain;
    options.labels = NAMES("b");
    options.label_count = 1;
    expect_mistake(model, options, LSTMC_BAD_FILE, "a_x.wav: the label \"a\" is not among those given");
    options = plain;
    options.high = 4001;
    expect_mistake(model, options, LSTMC_MISMATCH, "from 0 to 4001 Hz, which must lie in [0, 4000]");
    options = plain;
    options.frame = 32;
    expect_mistake(sound_model(3, 40, 1), options, LSTMC_MISMATCH,
                   "a frame of 32 samples has one frequency every 250 Hz, and none of them in band 1 of 40");
    expect_mistake(sound_model(3, 4, 2), plain, LSTMC_MISMATCH,
                   "has one label alone, \"a\", which is nothing to learn: at least two are needed");
    struct lstmc_model tokens = model;
    tokens.input_is_tokens = 1;
    expect_mistake(tokens, plain, LSTMC_MISMATCH, "Input{frames, bands}");
    command_write(folder, "_b.wav", "RIFF", 4);
    expect_mistake(model, plain, LSTMC_BAD_FILE, "_b.wav: the label is field 1 of the name, which is empty");
    options = plain;
    options.label = 2;
    expect_mistake(sound_model(3, 4, 2), options, LSTMC_BAD_FILE, "_b.wav: ");
    write_wave(folder, "_b.wav", &(struct wave){ 8000, 16, 1, 0, NULL });
    expect_mistake(sound_model(3, 4, 2), options, LSTMC_BAD_FILE, "_b.wav: has no samples");
    write_wave(folder, "_b.wav", &(struct wave){ 8000, 32, 1, 3, (double[]){ 1, 2, NAN } });
    expect_mistake(sound_model(3, 4, 2), options, LSTMC_BAD_FILE, "_b.wav: sample 2 (from 0) is nan: too large, or no number");
    write_wave(folder, "_b.wav", &(struct wave){ 8000, 32, 1, 3, (double[]){ 1, -1e30, 1 } });
    expect_mistake(sound_model(3, 4, 2), options, LSTMC_BAD_FILE, "_b.wav: sample 1 (from 0) is -1e+30: too large, or no number");
    command_folder_remove(folder);
}

/* A copy that was cut off; and lengths that whoever wrote into a pipe could not know. */
Test(wav, cut_off)
{
    double sample[300];
    unsigned char bytes[44 + 600];
    for (int i = 0; i < 300; i++)
        sample[i] = 0.5 * sin(i * 0.7);
    long size = (long)wave_bytes(&(struct wave){ 8000, 16, 1, 300, sample }, bytes);
    folder = command_folder();
    command_write(folder, "a_1.wav", bytes, size - 1);
    expect_mistake(sound_model(3, 4, 1), plain, LSTMC_BAD_FILE,
                   "a_1.wav: is cut off: its header promises 600 bytes of samples, and there are 599");
    command_write(folder, "a_1.wav", bytes, 44 + 300);
    expect_mistake(sound_model(3, 4, 1), plain, LSTMC_BAD_FILE,
                   "a_1.wav: is cut off: its header promises 600 bytes of samples, and there are 300");
    static const uint32_t unknown[] = { UINT32_MAX, 0x7ffff000, 600, 598 };
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        memcpy(bytes + 40, &unknown[i], 4);
        command_write(folder, "a_1.wav", bytes, size);
        const struct lstmc_model model = sound_model(3, 4, 1);
        struct result result = read_folder(&model, folder, plain);
        cr_expect_eq(result.status, 0, "%x: %s", unknown[i], result.message.text);
        result_free(&result);
    }
    command_folder_remove(folder);
}

/* ---- mutations ---- */

/* The folder holds a link to the file that changes. */
static int read_mutation(void *context, const char *path, struct lstmc_message *message)
{
    char link[200];
    const struct lstmc_model model = sound_model(4, 6, 1);
    snprintf(link, sizeof link, "%s/a_1.wav", (const char *)context);
    unlink(link);
    cr_assert(!symlink(path, link), "%s", link);
    struct result result = read_folder(&model, context, plain);
    cr_expect(result.status || result.training.samples == 1, "neither samples nor a message");
    for (size_t i = 0; i < result.training.samples * model.input_count; i++)
        cr_assert(isfinite(((float *)result.training.x)[i]));
    *message = result.message;
    result_free(&result);
    return result.status;
}

Test(wav, mutations)
{
    double sample[300];
    unsigned char bytes[44 + 600];
    char *where = command_folder();
    for (int i = 0; i < 300; i++)
        sample[i] = 0.5 * sin(i * 0.7);
    size_t size = wave_bytes(&(struct wave){ 8000, 16, 1, 300, sample }, bytes);
    struct mutations done = mutate(bytes, size, NULL, read_mutation, where);
    cr_expect(done.refused > done.files / 10 && done.refused < done.files, "samples too: %d of %d mutations were refused", done.refused, done.files);
    size = wave_bytes(&(struct wave){ 8000, 16, 1, 10, sample }, bytes);
    done = mutate(bytes, size, "\1\2\3\4\20\40\377", read_mutation, where);
    cr_expect(done.refused > done.files / 3 && done.refused < done.files, "headers: %d of %d mutations were refused", done.refused, done.files);
    command_folder_remove(where);
}

/* ---- real data ---- */

Test(wav, spoken_digits)
{
    struct stat status;
    if (stat(RECORDINGS, &status))
        cr_skip_test("%s is not here", RECORDINGS);
    const struct lstmc_model model = sound_model(48, 40, 10);
    struct lstmc_wav_options options = plain;
    options.test_field = 3;
    options.test_at_most = 4;
    options.low = 60;
    struct result result = read_folder(&model, RECORDINGS, options);
    cr_assert_eq(result.status, 0, "%s", result.message.text);
    cr_expect(result.training.samples == 600 && result.validation.samples == 300, "%zu and %zu", result.training.samples, result.validation.samples);
    int count[10] = { 0 };
    for (int i = 0; i < 300; i++)
        count[((int32_t *)result.validation.y)[i]]++;
    for (int digit = 0; digit < 10; digit++)
        cr_expect_eq(count[digit], 30, "%d of digit %d are held out, expected 30", count[digit], digit);
    result_free(&result);
}

#else

Test(wav, missing_packages)
{
    const struct lstmc_model model = { .name = "sounds" };
    const struct lstmc_wav_options options = { .folder = "recordings" };
    struct lstmc_dataset training, validation;
    struct lstmc_message message;
    cr_expect_eq(lstmc_read_wav(&model, &options, &training, &validation, &message), LSTMC_MISMATCH);
    cr_expect(strstr(message.text, "recordings: this lstmc was built without what wav{...} needs: install lib"), "%s", message.text);
}

#endif
