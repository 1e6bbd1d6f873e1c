/* test_multi_hot.c: sequences of sets as JSON; steps that are drawn by a model of them; and the MIDI file that these become. */
#include "runtime/lstmc.h"
#include "command.h"

#include "compiler/commands/midi.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder;

static void setup(void)
{
    folder = command_folder();
}

static void teardown(void)
{
    command_folder_remove(folder);
}

TestSuite(multi_hot, .init = setup, .fini = teardown);

static void write_text(const char *name, const char *text)
{
    command_write(folder, name, text, (long)strlen(text));
}

static void expect(const char *line, int status, const char *output, const char *errors)
{
    command_expect(folder, 120, line, status, output, errors);
}

static char *said(const char *line)
{
    return command_said(folder, 120, line);
}

/* ---- the reader ---- */

static const struct lstmc_model sets = { .name = "net", .input_rank = 2, .input_shape = { 3, 4 }, .input_count = 12, .has_lengths = 1,
                                         .output_rank = 2, .output_shape = { 3, 4 }, .output_count = 12, .target_rank = 2, .target_shape = { 3, 4 },
                                         .target_count = 12, .loss = "binary_crossentropy", .batch = 4, .shards = 1 };

static int read_text(const struct lstmc_model *model, const char *text, const char *held_out, struct lstmc_dataset *training, struct lstmc_dataset *validation,
                     struct lstmc_message *message)
{
    char path[300];
    write_text("sets.json", text);
    snprintf(path, sizeof path, "%s/sets.json", folder);
    struct lstmc_multi_hot_options options = { .file = path, .training = "a", .validation = held_out, .first = 10 };
    int status = lstmc_read_multi_hot(model, &options, training, validation, message);
    cr_assert(status || (!lstmc_dataset_make(model, training) && !lstmc_dataset_make(model, validation)));
    return status;
}

static void expect_floats(const char *what, const float *got, const float *expected, int count)
{
    for (int i = 0; i < count; i++)
        cr_expect(got[i] == expected[i], "%s, element %d: %g", what, i, (double)got[i]);
}

Test(multi_hot, steps_and_those_before_them)
{
    struct lstmc_dataset training, held_out;
    struct lstmc_message message = { "" };
    int status = read_text(&sets, "{\"a\": [[[10, 13], [11, 11]], [[12], [], [10], [13]]], \"b\": [[[13]]], \"c\": 7}", "b", &training, &held_out, &message);
    cr_assert_eq(status, 0, "%s", message.text);
    cr_assert(training.samples == 2 && held_out.samples == 1);
    const float x[2][12] = { { 0, 0, 0, 0, 1, 0, 0, 1 }, { 0, 0, 0, 0, 0, 0, 1, 0 } };
    const float y[2][12] = { { 1, 0, 0, 1, 0, 1, 0, 0 }, { 0, 0, 1, 0, 0, 0, 0, 0, 1 } };
    const float z[12] = { 0, 0, 0, 1 };
    expect_floats("x", training.x, x[0], 24);
    expect_floats("y", training.y, y[0], 24);
    expect_floats("held-out y", held_out.y, z, 12);
    cr_expect(training.lengths[0] == 2 && training.lengths[1] == 3 && held_out.lengths[0] == 1);
    cr_expect(strstr(training.notes.text, "\"a\": 1 of 2 sequences are longer than the model's 3 steps and lose their end; the longest has 4"), "%s",
              training.notes.text);
    cr_expect(training.meaning.columns.count == 4 && !strcmp(training.meaning.columns.text[0], "10") && !strcmp(training.meaning.targets.text[3], "13"));
    lstmc_dataset_free(&training);
    lstmc_dataset_free(&held_out);
    cr_assert_eq(read_text(&sets, "{\"a\": [[[10]]]}", NULL, &training, &held_out, &message), 0);
    cr_expect(training.samples == 1 && !held_out.samples);
    lstmc_dataset_free(&training);
}

Test(multi_hot, mistakes)
{
    static const char *const mistakes[][2] = {
        { "{\"a\": [[[10, 13], [11 12]]]}", "sets.json:1:24: is no JSON" },
        { "[[[10]]]", "is no object of lists of sequences, like" },
        { "{\"A\": [], \"x\": [[[10]]]}", "has no \"a\"; it has \"A\", \"x\"" },
        { "{}", "has no \"a\"; it has nothing" },
        { "{\"a\": []}", "\"a\" is no list of sequences, or an empty one" },
        { "{\"a\": [[[10]]], \"a\": [[[11]]]}", "duplicate object key" },
        { "{\"a\": [[[10]], []]}", "\"a\": sequence 2 is no list of steps, or an empty one" },
        { "{\"a\": [[[10], 11]]}", "\"a\": sequence 1, step 2: is no list of numbers, like [60, 64, 67] or []" },
        { "{\"a\": [[[10], [11, \"x\"]]]}", "sequence 1, step 2: number 2 of the set is none: sets hold whole numbers" },
        { "{\"a\": [[[10], [11.0]]]}", "sequence 1, step 2: number 1 of the set is none: sets hold whole numbers" },
        { "{\"a\": [[[10, 9]]]}", "sequence 1, step 1: 9 is not in [10, 14): first = 10, and the model reads 4 features" },
        { "{\"a\": [[[10], [], [], [14]]]}", "sequence 1, step 4: 14 is not in [10, 14)" },
        { "{\"a\": [[[-9223372036854775808]]]}", "is not in [10, 14)" },
        { "{\"a\": [[[9223372036854775807]]]}", "is not in [10, 14)" },
    };
    struct lstmc_dataset training, held_out;
    struct lstmc_message message;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        cr_expect(read_text(&sets, mistakes[i][0], NULL, &training, &held_out, &message) != 0, "%s", mistakes[i][0]);
        cr_expect(strstr(message.text, mistakes[i][1]) != NULL, "%s: %s", mistakes[i][0], message.text);
    }
    struct lstmc_model full = sets, narrow = sets;
    full.has_lengths = 0;
    narrow.target_count = narrow.output_count = 9;
    cr_expect(read_text(&full, "{\"a\": [[[10], [11]]]}", NULL, &training, &held_out, &message) != 0);
    cr_expect(strstr(message.text, "has 2 steps and the model reads 3: say Input{3, 4, lengths = true}") != NULL, "%s", message.text);
    cr_expect(read_text(&narrow, "{\"a\": [[[10], [11]]]}", NULL, &training, &held_out, &message) != 0);
    cr_expect(strstr(message.text, "the model needs one Input{steps, numbers} and as many outputs for each step") != NULL, "%s", message.text);
}

/* ---- samples ---- */

/* Each thing is followed by the next one of four, in twos: 60 61, 61 62, 62 63, 63 60, and so on. */
static const char round_lua[] =
    "return Sequential{ name = 'round', Input{9, 4, lengths = true}, GRU{12, return_sequences = true}, Dense{4, activation = arg.act or 'sigmoid'},\n"
    "  loss = arg.act and BinaryCrossentropy{from_logits = true} or 'binary_crossentropy', optimizer = Adam{0.03}, batch_size = 4, epochs = 120,\n"
    "  data = multi_hot{'round.json', training = 'all', validation = 'all', first = 60} }\n";

static void train_round(void)
{
    write_text("round.json", "{\"all\": [[[60, 61], [61, 62], [62, 63], [63, 60], [60, 61], [61, 62]], [[60, 61], [61, 62], [62, 63], [63, 60]],\n"
                             " [[60, 61], [61, 62], [62, 63], [63, 60], [60, 61], [61, 62], [62, 63], [63, 60], [60, 61]], [[60, 61]]]}\n");
    write_text("round.lua", round_lua);
    expect("$L train round.lua --quiet --interpreted", 0, "loss", NULL);
}

Test(multi_hot, steps_are_drawn)
{
    train_round();
    expect("$L sample round.lua --temperature 0 --length 5", 0, "60 61\n61 62\n62 63\n60 63\n60 61\n", NULL);
    expect("$L sample round.lua --temperature 0 --length 2 --prompt '61 60, 62 61'", 0, "60 61\n61 62\n62 63\n60 63\n", NULL);
    expect("$L sample round.lua --temperature 0 --length 2 --prompt '61 60, 62 61' --out s.txt && cat s.txt", 0, "60 61\n61 62\n62 63\n60 63\n", NULL);
    expect("$L sample round.lua --temperature 0 | wc -l", 0, "9\n", NULL);
    expect("$L sample round.lua --temperature 0 --length 1 --prompt '60 61,'", 0, "60 61\n\n", NULL);
    char *one = said("$L sample round.lua --length 40 --temperature 9 --seed 5"), *again = said("$L sample round.lua --length 40 --temperature 9 --seed 5"),
         *other = said("$L sample round.lua --length 40 --temperature 9 --seed 6"), *cold = said("$L sample round.lua --length 40 --temperature 0.01 --seed 6");
    cr_expect_str_eq(one, again);
    cr_expect_str_neq(one, other);
    cr_expect(!strncmp(cold, "60 61\n61 62\n62 63\n60 63\n60 61\n", 30), "%s", cold);
    free(one);
    free(again);
    free(other);
    free(cold);
}

/* The same model without its step, and as logits: the same sets. */
Test(multi_hot, by_a_window_and_by_logits)
{
    train_round();
    expect("sed 's/GRU{12, return_sequences = true}/Bidirectional{GRU{6, return_sequences = true}}/' round.lua > both.lua && "
           "$L train both.lua --quiet --interpreted > /dev/null && $L sample both.lua --temperature 0 --length 12 | head -n 4", 0, "60 61\n61 62\n62 63\n60 63\n", NULL);
    expect("$L train round.lua act=linear --quiet --interpreted --out l.safetensors > /dev/null && "
           "$L sample round.lua act=linear --weights l.safetensors --temperature 0 --length 4", 0, "60 61\n61 62\n62 63\n60 63\n", NULL);
}

Test(multi_hot, what_sample_refuses)
{
    train_round();
    expect("$L sample round.lua --prompt '60, 61 64'", 1, NULL, "--prompt: set 2: \"64\" is none of the numbers 60 to 63 that the model knows");
    expect("$L sample round.lua --prompt '60 x'", 1, NULL, "--prompt: set 1: \"x\" is none of the numbers");
    expect("$L sample round.lua --tempo 100", 1, NULL, "--tempo is that of a MIDI file: --out FILE.mid");
    expect("$L sample round.lua --tempo 3 --out a.mid", 2, NULL, "--tempo takes a number of steps a minute from 4 to 1000");
    expect("$L sample round.lua --out no/such/folder.mid", 1, NULL, "no/such/folder.mid: cannot be written");
    expect("sed \"s/first = 60/first = 120/; s/Dense{4, /Dense{9, /; s/{9, 4, l/{9, 9, l/; s/'all'/'high'/g; s/round.json/high.json/; s/epochs = 120/epochs = 1/\" "
           "round.lua > high.lua && echo '{\"high\": [[[120], [128]]]}' > high.json && $L train high.lua --quiet --interpreted > /dev/null && "
           "$L sample high.lua --out h.mid", 1, NULL, "h.mid: MIDI has the notes 0 to 127, and the sets are of 120 to 128");
    expect("sed \"s/loss = .*optimizer/loss = 'mse', optimizer/; s/epochs = 120/epochs = 1/\" round.lua > mse.lua && $L train mse.lua --quiet --interpreted > /dev/null && "
           "$L sample mse.lua", 1, NULL, "and loss = \"binary_crossentropy\"");
}

/* ---- MIDI ---- */

typedef struct Note {
    int note;
    long on, off;               /* ticks from the beginning */
} Note;

typedef struct Midi {
    const unsigned char *bytes;
    size_t at, length;
    int ticks;                  /* of a quarter */
    long tempo, end;            /* microseconds of a quarter; ticks */
    Note note[4000];
    int notes;
} Midi;

static size_t number(Midi *m, int size)
{
    size_t value = 0;
    cr_assert(m->at + (size_t)size <= m->length, "the file is cut off");
    while (size--)
        value = value << 8 | m->bytes[m->at++];
    return value;
}

static size_t ticks(Midi *m)
{
    size_t value = 0, byte;
    do
        value = value << 7 | ((byte = number(m, 1)) & 0x7f);
    while (byte & 0x80);
    return value;
}

/* The note that sounds since then; -1: it is silent. */
static int sounding(const Midi *m, int note)
{
    for (int i = 0; i < m->notes; i++)
        if (m->note[i].note == note && m->note[i].off < 0)
            return i;
    return -1;
}

/* Every event of the one track: a tempo at the beginning, notes that begin and end once, and an end of the track behind all of that. */
static void parse(Midi *m, const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    static unsigned char bytes[200000];
    cr_assert(file != NULL);
    *m = (Midi){ .bytes = bytes, .length = fread(bytes, 1, sizeof bytes, file) };
    fclose(file);
    cr_assert(m->length > 22 && !memcmp(bytes, "MThd\0\0\0\6\0\0\0\1", 12) && !memcmp(bytes + 14, "MTrk", 4));
    m->at = 12;
    m->ticks = (int)number(m, 2);
    m->at = 18;
    cr_assert_eq(number(m, 4), m->length - 22, "the track's length");
    long now = 0;
    bool ended = false;
    while (!ended) {
        now += (long)ticks(m);
        int event = (int)number(m, 1), kind = event == 0xff ? (int)number(m, 1) : 0, note = event == 0xff ? 0 : (int)number(m, 1);
        if (event == 0xff) {
            size_t size = number(m, 1), value = number(m, (int)size);
            cr_assert((kind == 0x51 && size == 3 && now == 0 && !m->notes) || (kind == 0x2f && size == 0), "meta event %02x", kind);
            ended = kind == 0x2f;
            m->tempo = kind == 0x51 ? (long)value : m->tempo;
            continue;
        }
        int velocity = (int)number(m, 1), index = sounding(m, note);
        cr_assert((event == 0x90 && velocity > 0 && velocity < 128) || event == 0x80, "event %02x", event);
        cr_assert(note < 128 && (event == 0x90) == (index < 0), "note %d", note);
        if (event == 0x80)
            m->note[index].off = now;
        else
            m->note[m->notes++] = (Note){ note, now, -1 };
    }
    m->end = now;
    cr_assert_eq(m->at, m->length, "something stands behind the end");
    for (int i = 0; i < m->notes; i++)
        cr_expect(m->note[i].off > m->note[i].on && m->note[i].off <= m->end, "note %d has no end", i);
}

Test(multi_hot, midi_that_can_be_read_back)
{
    static bool steps[300][MIDI_NOTES];
    steps[0][60] = steps[0][64] = steps[1][64] = steps[2][60] = steps[4][127] = steps[299][0] = true;
    char path[300];
    snprintf(path, sizeof path, "%s/a.mid", folder);
    cr_assert_eq(midi_write(path, (const bool(*)[MIDI_NOTES])steps, 300, 60), 0);
    Midi m;
    parse(&m, "a.mid");
    const Note expected[] = { { 60, 0, 1 }, { 64, 0, 2 }, { 60, 2, 3 }, { 127, 4, 5 }, { 0, 299, 300 } };
    cr_assert(m.ticks == 480 && m.tempo == 1000000 && m.end == 300 * 480 && m.notes == 5, "%d notes, %ld ticks, tempo %ld", m.notes, m.end, m.tempo);
    for (int i = 0; i < 5; i++)
        cr_expect(m.note[i].note == expected[i].note && m.note[i].on == 480 * expected[i].on && m.note[i].off == 480 * expected[i].off, "note %d", i);
    cr_assert_eq(midi_write(path, (const bool(*)[MIDI_NOTES])steps + 5, 7, 1000), 0);
    parse(&m, "a.mid");
    cr_expect(m.notes == 0 && m.end == 7 * 480 && m.tempo == 60000, "silence of 7 steps");
    cr_assert_eq(midi_write(path, (const bool(*)[MIDI_NOTES])steps, 0, 4), 0);
    parse(&m, "a.mid");
    cr_expect(m.notes == 0 && m.end == 0 && m.tempo == 15000000);
}

/* What sample prints is what it writes. */
Test(multi_hot, midi_of_a_sample)
{
    train_round();
    char *lines = said("$L sample round.lua --length 50 --temperature 3 --seed 2 --prompt '60 63, '");
    expect("$L sample round.lua --length 50 --temperature 3 --seed 2 --prompt '60 63, ' --out r.mid --tempo 120", 0, NULL, NULL);
    Midi m;
    parse(&m, "r.mid");
    cr_expect(m.tempo == 500000 && m.end == 52 * m.ticks);
    int step = 0;
    for (const char *line = lines; *line; line = strchr(line, '\n') + 1, step++)
        for (int note = 58; note < 66; note++) {
            char word[8], text[40];
            snprintf(word, sizeof word, " %d ", note);
            snprintf(text, sizeof text, " %.*s ", (int)strcspn(line, "\n"), line);
            bool sounds = false;
            for (int i = 0; i < m.notes; i++)
                sounds |= m.note[i].note == note && m.note[i].on <= step * m.ticks && m.note[i].off > step * m.ticks;
            cr_expect_eq(sounds, strstr(text, word) != NULL, "step %d, note %d", step, note);
        }
    cr_expect_eq(step, 52);
    free(lines);
}

/* What a description may get wrong, and other files by --data. */
Test(multi_hot, description_mistakes)
{
    write_text("m.lua", "return Sequential{ Input{4, 3, lengths = true}, LSTM{4, return_sequences = true}, Dense{3, activation = 'sigmoid'},\n"
                        "  loss = 'binary_crossentropy', data = multi_hot{'none.json', training = 'train', frist = 3} }\n");
    expect("$L train m.lua", 1, NULL, "m.lua:2: multi_hot: unknown argument \"frist\" (did you mean \"first\"?)");
    expect("sed -i 's/, frist = 3//' m.lua; $L train m.lua", 1, NULL, "none.json: No such file");
    expect("echo '{\"train\": [[[0, 1], [2]]], \"test\": [[[0]]]}' > other.json; $L train m.lua --data other.json --quiet --interpreted --epochs 1", 0, "val_loss", NULL);
    expect("sed -i 's/.none.json.,//' m.lua; $L train m.lua", 1, NULL, "multi_hot: missing argument \"file\"");
}
