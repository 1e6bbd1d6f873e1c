/* wav.c: in: a folder of recordings whose names say what they are.  out: log-mel frames and classes in the model's
 * shapes. */
#include "runtime/base/message.h"

#include <string.h>

#if defined HAVE_SNDFILE && defined HAVE_FFTW
#include "dataset.h"
#include "runtime/files/folder.h"
#include "labels.h"
#include "runtime/lstmc_random.h"
#include "sound.h"

#include <math.h>
#include <stdlib.h>

#define SPLIT_STREAM 0x776176       /* keeps the shuffle apart from every other use of the seed */
#define JOIN_STREAM  0x6a6f696e     /* and what is drawn of strings: this and the next one */
#define ATTEMPTS     100            /* at a string that fits */

struct recording {
    const char *path;
    int label;                      /* number in labels.tokens */
    int is_held_out;
    uint64_t key;                   /* of the shuffle */
};

struct reader {
    const struct lstmc_model *model;
    const struct lstmc_wav_options *options;
    struct lstmc_message *message;
    struct lstmc_names paths;
    struct recording *recording;
    int count, training, held_out;
    struct lstmc_labels labels;
    struct lstmc_spectrum spectrum;
    struct lstmc_sound *sounds;     /* of all recordings, where these are joined */
    float *joined; size_t joined_most;
};

/* ---- what the names say ---- */

/* Field `wanted` of a file's name without its extension, from 1. */
static int find_field(const struct reader *r, const char *path, const char *what, int wanted, struct lstmc_token *field)
{
    const char *at = lstmc_file_name(path), *end = at + lstmc_file_stem(at);
    for (int number = 1;; number++) {
        const char *to = memchr(at, r->options->separator, (size_t)(end - at));
        *field = (struct lstmc_token){ at, (size_t)((to ? to : end) - at) };
        if (number == wanted && field->length)
            return LSTMC_OK;
        if (number == wanted || !to)
            return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.250s: the %s is field %d of the name, which %s", path,
                              what, wanted, number == wanted ? "is empty" : "has fewer");
        at = to + 1;
    }
}

static int read_label(struct reader *r, struct recording *recording)
{
    struct lstmc_token field;
    int status = find_field(r, recording->path, "label", r->options->label, &field);
    if (status)
        return status;
    recording->label = lstmc_tokens_number(&r->labels.tokens, field);
    if (recording->label < 0)
        return lstmc_fail_memory(r->message, recording->path);
    if (r->options->label_count && recording->label >= r->options->label_count)
        return lstmc_fail(r->message, LSTMC_BAD_FILE, "%.250s: the label \"%.*s\" is not among those given",
                          recording->path, field.length > 60 ? 60 : (int)field.length, field.text);
    return LSTMC_OK;
}

static int read_test_field(struct reader *r, struct recording *recording)
{
    const struct lstmc_wav_options *options = r->options;
    struct lstmc_token field;
    int status = find_field(r, recording->path, "field of test", options->test_field, &field);
    if (status)
        return status;
    for (int i = 0; i < options->test_count; i++)
        recording->is_held_out |= strlen(options->test_names[i]) == field.length &&
                                  !memcmp(options->test_names[i], field.text, field.length);
    if (options->test_count)
        return LSTMC_OK;
    if (field.length > 9 || strspn(field.text, "0123456789") < field.length)
        return lstmc_fail(r->message, LSTMC_BAD_FILE,
                          "%.250s: field %d of the name is \"%.*s\": no number to compare with %d", recording->path,
                          options->test_field, field.length > 60 ? 60 : (int)field.length, field.text,
                          options->test_at_most);
    recording->is_held_out = atoi(field.text) <= options->test_at_most;
    return LSTMC_OK;
}

static int by_key(const void *left, const void *right)
{
    const struct recording *a = left, *b = right;
    return a->key != b->key ? (a->key > b->key) - (a->key < b->key) : strcmp(a->path, b->path);
}

/* All recordings in shuffled order: those that train, and those that are held out. */
static int read_names(struct reader *r)
{
    const struct lstmc_wav_options *options = r->options;
    r->recording = calloc((size_t)r->paths.count, sizeof *r->recording);
    int status = r->recording ? lstmc_labels_give(&r->labels, options->labels, options->label_count, r->message)
                              : lstmc_fail_memory(r->message, options->folder);
    for (r->count = 0; !status && r->count < r->paths.count; r->count++) {
        struct recording *recording = &r->recording[r->count];
        *recording = (struct recording){ .path = r->paths.text[r->count],
                                         .key = lstmc_random_bits(options->seed, SPLIT_STREAM, (uint64_t)r->count, 0) };
        status = read_label(r, recording);
        if (!status && options->test_field)
            status = read_test_field(r, recording);
    }
    if (status)
        return status;
    qsort(r->recording, (size_t)r->count, sizeof *r->recording, by_key);
    int kept = (int)floor(r->count * options->split + 1e-9);
    for (int i = 0; i < r->count; i++) {
        r->recording[i].is_held_out |= !options->test_field && i >= kept;
        r->held_out += r->recording[i].is_held_out;
    }
    r->training = r->count - r->held_out;
    if (!r->training || (!r->held_out && (options->test_field || options->split < 1)))
        return lstmc_fail(r->message, LSTMC_MISMATCH, "%.250s: %d recordings train and %d are held out",
                          options->folder, r->training, r->held_out);
    return lstmc_labels_close(r->model, &r->labels, !options->label_count, options->folder, r->message);
}

/* ---- frames ---- */

static int open_spectrum(struct reader *r)
{
    const struct lstmc_wav_options *o = r->options;
    int bands = r->model->input_shape[1];
    r->spectrum = (struct lstmc_spectrum){ .frame = o->frame, .step = o->step, .bands = bands };
    r->spectrum.weight = calloc((size_t)bands * ((size_t)o->frame / 2 + 1), sizeof *r->spectrum.weight);
    if (!r->spectrum.weight)
        return lstmc_fail_memory(r->message, "the mel bands");
    int empty = lstmc_mel_bands(bands, o->frame, o->sample_rate, o->low, o->high, r->spectrum.weight);
    if (empty >= 0)
        return lstmc_fail(r->message, LSTMC_MISMATCH,
                          "%.250s: a frame of %d samples has one frequency every %.4g Hz, and none of them in band %d "
                          "of %d "
                          "(%.4g to %.4g Hz): use a longer frame, fewer bands or a higher \"low\"",
                          o->folder, o->frame, (double)o->sample_rate / o->frame, empty + 1, bands,
                          lstmc_mel_edge(bands, o->low, o->high, empty),
                          lstmc_mel_edge(bands, o->low, o->high, empty + 2));
    return lstmc_spectrum_open(&r->spectrum, r->message);
}

struct span { int first, kept; };       /* of the frames of a sample: the others are padding */

static int read_sound(const struct reader *r, const struct recording *recording, struct lstmc_sound *sound)
{
    int status = lstmc_sound_read(recording->path, sound, r->message);
    if (!status && sound->rate != r->options->sample_rate)
        status = lstmc_fail(r->message, LSTMC_MISMATCH,
                            "%.250s: has %d samples a second, not %d as the description says", recording->path,
                            sound->rate, r->options->sample_rate);
    return status;
}

/* Into `x` [steps, bands], zeroed; the span says which of the steps are frames. */
static void store_frames(struct reader *r, const struct lstmc_sound *sound, float *x, struct span *span)
{
    size_t steps = (size_t)r->model->input_shape[0], frames = lstmc_spectrum_frames(&r->spectrum, sound->count);
    size_t some = frames < steps ? frames : steps, cut = r->options->pads_front ? frames - some : 0,
           place = r->options->pads_front ? steps - some : 0;
    for (size_t i = 0; i < some; i++)
        lstmc_spectrum_frame(&r->spectrum, sound, cut + i, x + (place + i) * (size_t)r->spectrum.bands);
    *span = (struct span){ (int)place, (int)some };
}

/* ---- recordings that are joined ---- */

/* Samples that the frames of the input take. */
static size_t most_samples(const struct reader *r)
{
    return ((size_t)r->model->input_shape[0] - 1) * (size_t)r->options->step + (size_t)r->options->frame;
}

static int open_sounds(struct reader *r)
{
    if (!r->options->join_most)
        return LSTMC_OK;
    r->joined_most = most_samples(r);
    r->joined = calloc(r->joined_most, sizeof *r->joined);
    r->sounds = calloc((size_t)r->count, sizeof *r->sounds);
    if (!r->joined || !r->sounds)
        return lstmc_fail_memory(r->message, r->options->folder);
    for (int i = 0; i < r->count; i++) {
        int status = read_sound(r, &r->recording[i], &r->sounds[i]);
        if (status)
            return status;
    }
    return LSTMC_OK;
}

static void close_sounds(struct reader *r)
{
    for (int i = 0; r->sounds && i < r->count; i++)
        free(r->sounds[i].sample);
    free(r->sounds);
    free(r->joined);
}

/* Where the recordings of a part are: drawn from these alone. */
static int draw_recording(const struct reader *r, int is_held_out, uint64_t stream, uint64_t string, uint64_t draw)
{
    uint64_t count = (uint64_t)(is_held_out ? r->held_out : r->training);
    uint64_t number = lstmc_random_bits(r->options->seed, stream, string, draw) % count;
    for (int i = 0;; i++)
        if (r->recording[i].is_held_out == is_held_out && number-- == 0)
            return i;
}

/* String `string` of a part, drawn for the attempt-th time. Returns its samples, more than there is room for if it is
 * too long. */
static size_t draw_string(struct reader *r, int is_held_out, uint64_t string, int attempt, int32_t *labels, int *count)
{
    const struct lstmc_wav_options *o = r->options;
    uint64_t stream = JOIN_STREAM + (uint64_t)is_held_out, seed = o->seed, draw = (uint64_t)attempt << 32;
    size_t at = 0;
    *count = o->join_least + (int)(lstmc_random_bits(seed, stream, string, draw++) %
                                   (uint64_t)(o->join_most - o->join_least + 1));
    memset(r->joined, 0, r->joined_most * sizeof *r->joined);
    for (int n = 0; n < *count; n++) {
        double gap = (double)lstmc_random_uniform(seed, stream, string, draw++) * o->gap * o->sample_rate;
        int i = draw_recording(r, is_held_out, stream, string, draw++);
        at += n ? (size_t)gap : 0;
        if (at + r->sounds[i].count > r->joined_most)
            return r->joined_most + 1;
        memcpy(r->joined + at, r->sounds[i].sample, r->sounds[i].count * sizeof *r->joined);
        at += r->sounds[i].count;
        labels[n] = r->labels.class_of[r->recording[i].label];
    }
    return at;
}

/* A string that is longer than the input is drawn anew. */
static int store_string(struct reader *r, int is_held_out, size_t sample, struct lstmc_dataset *data, struct span *span)
{
    int32_t labels[LSTMC_JOIN_MOST];
    int count = 0;
    size_t samples = r->joined_most + 1;
    for (int attempt = 0; attempt < ATTEMPTS && samples > r->joined_most; attempt++)
        samples = draw_string(r, is_held_out, sample, attempt, labels, &count);
    if (samples > r->joined_most)
        return lstmc_fail(r->message, LSTMC_MISMATCH,
                          "%.250s: of %d strings of %d to %d recordings none fits into %d frames: more frames, or "
                          "fewer recordings",
                          r->options->folder, ATTEMPTS, r->options->join_least, r->options->join_most,
                          r->model->input_shape[0]);
    const struct lstmc_sound joined = { .sample = r->joined, .count = samples, .rate = r->options->sample_rate };
    store_frames(r, &joined, (float *)data->x + sample * r->model->input_count, span);
    lstmc_store_labels(r->model, data, sample, labels, count);
    return LSTMC_OK;
}

/* ---- scaling ---- */

/* Mean and deviation of each band over the frames of the training part. */
static int fit_scaling(const struct reader *r, const struct lstmc_dataset *data, const struct span *spans,
                       struct lstmc_scaling *scaling)
{
    int bands = r->spectrum.bands;
    if (!lstmc_scaling_alloc(scaling, bands))
        return 0;
    for (int b = 0; b < bands; b++) {
        double sum = 0, squares = 0, count = 0;
        for (size_t s = 0; s < data->samples; s++)
            for (int i = spans[s].first; i < spans[s].first + spans[s].kept; i++) {
                double value = ((const float *)data->x)[s * r->model->input_count + (size_t)(i * bands + b)];
                sum += value;
                squares += value * value;
                count++;
            }
        double variance = squares / count - sum / count * (sum / count);
        scaling->offset[b] = sum / count;
        scaling->scale[b] = variance > 1e-12 ? sqrt(variance) : 1;
    }
    return 1;
}

static void normalise(const struct reader *r, struct lstmc_dataset *data, const struct span *spans,
                      const struct lstmc_scaling *scaling)
{
    int bands = r->spectrum.bands;
    for (size_t s = 0; s < data->samples; s++)
        for (int i = spans[s].first * bands; i < (spans[s].first + spans[s].kept) * bands; i++) {
            float *value = (float *)data->x + s * r->model->input_count + i;
            *value = (float)((*value - scaling->offset[i % bands]) / scaling->scale[i % bands]);
        }
}

static int store_recording(struct reader *r, const struct recording *recording, size_t sample,
                           struct lstmc_dataset *data, struct span *span)
{
    struct lstmc_sound sound = { .sample = NULL };
    int status = read_sound(r, recording, &sound);
    if (!status)
        store_frames(r, &sound, (float *)data->x + sample * r->model->input_count, span);
    free(sound.sample);
    if (!status)
        lstmc_store_label(r->model, data, sample, r->labels.class_of[recording->label]);
    return status;
}

static size_t samples_of_part(const struct reader *r, int is_held_out)
{
    if (!(is_held_out ? r->held_out : r->training))
        return 0;
    if (r->options->join_most)
        return (size_t)(is_held_out ? r->options->join_held_out : r->options->join_training);
    return (size_t)(is_held_out ? r->held_out : r->training);
}

static int read_samples(struct reader *r, int is_held_out, struct lstmc_dataset *data, struct span *spans)
{
    int status = LSTMC_OK;
    size_t sample = 0;
    for (; r->options->join_most && !status && sample < data->samples; sample++)
        status = store_string(r, is_held_out, sample, data, &spans[sample]);
    for (int i = 0; !r->options->join_most && !status && i < r->count; i++)
        if (r->recording[i].is_held_out == is_held_out) {
            status = store_recording(r, &r->recording[i], sample, data, &spans[sample]);
            sample++;
        }
    for (size_t s = 0; data->lengths && !status && s < data->samples; s++)
        data->lengths[s] = spans[s].kept;
    return status;
}

/* Reads one part; what it has in `meaning` already stays. The scaling is fitted if it is not there yet. */
static int read_part(struct reader *r, int is_held_out, struct lstmc_scaling *scaling, struct lstmc_dataset *data)
{
    int status = lstmc_dataset_alloc_described(r->model, samples_of_part(r, is_held_out), data);
    struct span *spans = calloc(data->samples + 1, sizeof *spans);
    if (status || !spans)
        status = lstmc_fail_memory(r->message, r->options->folder);
    if (!status)
        status = read_samples(r, is_held_out, data, spans);
    if (!status && !scaling->columns && !fit_scaling(r, data, spans, scaling))
        status = lstmc_fail_memory(r->message, r->options->folder);
    if (!status)
        normalise(r, data, spans, scaling);
    free(spans);
    return status;
}

/* ---- the reader ---- */

static int check_options(const struct lstmc_model *model, const struct lstmc_wav_options *o,
                         struct lstmc_message *message)
{
    if (model->input_is_tokens || model->input_rank != 2)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: recordings are frames of mel bands: the model needs Input{frames, bands}",
                          o->folder);
    if (o->sample_rate < 1 || o->frame < 2 || o->step < 1 || o->label < 1 || !(o->split > 0 && o->split <= 1))
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: sample_rate, frame, step and label must be positive and split lie in (0, 1]",
                          o->folder);
    if (!(o->low >= 0 && o->low < o->high && o->high <= o->sample_rate / 2.0))
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: the bands go from %.6g to %.6g Hz, which must lie in [0, %.6g]: half the sample "
                          "rate",
                          o->folder, o->low, o->high, o->sample_rate / 2.0);
    if (o->join_most && lstmc_blank(model) < 0)
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: recordings that are joined have several labels: the model needs an output at each "
                          "step and loss = CTC{}",
                          o->folder);
    if (o->join_most && (o->join_least < 1 || o->join_most < o->join_least || o->join_most > LSTMC_JOIN_MOST ||
                         (size_t)o->join_most > model->target_count || o->join_training < 1 || !(o->gap >= 0)))
        return lstmc_fail(message, LSTMC_MISMATCH,
                          "%.250s: strings are joined of 1 to %d recordings, the fewest first; the loss takes %zu "
                          "labels",
                          o->folder, LSTMC_JOIN_MOST, model->target_count);
    return LSTMC_OK;
}

int lstmc_read_wav(const struct lstmc_model *model, const struct lstmc_wav_options *options,
                   struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message)
{
    struct lstmc_wav_options filled = *options;
    struct reader r = { .model = model, .options = &filled, .message = message };
    memset(training, 0, sizeof *training);
    memset(validation, 0, sizeof *validation);
    filled.high = options->high > 0 ? options->high : options->sample_rate / 2.0;
    int status = check_options(model, &filled, message);
    if (!status)
        status = lstmc_folder_list(options->folder, ".wav", NULL, 0, &r.paths, message);
    if (!status)
        status = read_names(&r);
    if (!status)
        status = open_spectrum(&r);
    if (!status && !lstmc_labels_name(&r.labels, &training->meaning.labels))
        status = lstmc_fail_memory(message, options->folder);
    training->meaning.pads_front = options->pads_front;
    if (!status)
        status = open_sounds(&r);
    if (!status)
        status = read_part(&r, 0, &training->meaning.input, training);
    if (!status)
        status = read_part(&r, 1, &training->meaning.input, validation);
    close_sounds(&r);
    lstmc_spectrum_close(&r.spectrum);
    free(r.spectrum.weight);
    free(r.recording);
    lstmc_folder_free(&r.paths);
    lstmc_labels_free(&r.labels);
    if (status) {
        lstmc_dataset_free(training);
        lstmc_dataset_free(validation);
    }
    return status;
}

#else

int lstmc_read_wav(const struct lstmc_model *model, const struct lstmc_wav_options *options,
                   struct lstmc_dataset *training, struct lstmc_dataset *validation, struct lstmc_message *message)
{
    static const char missing[] = ""
#ifndef HAVE_SNDFILE
        " libsndfile1-dev"
#endif
#ifndef HAVE_FFTW
        " libfftw3-dev"
#endif
        ;
    (void)model;
    memset(training, 0, sizeof *training);
    memset(validation, 0, sizeof *validation);
    return lstmc_fail(message, LSTMC_MISMATCH,
                      "%.250s: this lstmc was built without what wav{...} needs: install%s and build again",
                      options->folder, missing);
}

#endif
