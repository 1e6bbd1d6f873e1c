/* test_weights.c: weight files of a model: round trips, damage of every byte, other models, failing writes. */
#include "small_model.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define WEIGHT_BYTES (SMALL_WEIGHT_COUNT * sizeof(float))

/* Each test has a folder of its own and works in it; Criterion runs each in its own process. */
static char folder[] = "/tmp/lstmc_weights_XXXXXX";
static char home[4096];

static void enter_folder(void)
{
    cr_assert(getcwd(home, sizeof home) && mkdtemp(folder) && !chdir(folder), "no folder: %s", strerror(errno));
}

static int for_each_file(void (*use)(const char *name))
{
    DIR *directory = opendir(folder);
    int count = 0;
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) {
            count++;
            if (use)
                use(entry->d_name);
        }
    if (directory)
        closedir(directory);
    return count;
}

static void remove_file(const char *name)
{
    unlink(name);
}

static void leave_folder(void)
{
    for_each_file(remove_file);
    cr_expect(chdir(home) == 0 && rmdir(folder) == 0, "%s could not be removed", folder);
}

TestSuite(weights, .init = enter_folder, .fini = leave_folder);

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    cr_assert(file, "%s: %s", path, strerror(errno));
    cr_assert(fwrite(bytes, 1, size, file) == size && fclose(file) == 0, "%s: %s", path, strerror(errno));
}

static unsigned char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    cr_assert(file, "%s: %s", path, strerror(errno));
    unsigned char *bytes = malloc(1 << 16);
    *size = fread(bytes, 1, 1 << 16, file);
    fclose(file);
    return bytes;
}

/* Bit patterns that only an exact copy keeps: NaNs with a payload, infinities, -0, the smallest numbers. */
static void fill(float *w)
{
    static const uint32_t bits[] = { 0x7fc12345, 0xff800000, 0x80000000, 0x00000001, 0x7f7fffff, 0x3f800000, 0xffc00001, 0x12345678 };
    for (int i = 0; i < SMALL_WEIGHT_COUNT; i++) {
        uint32_t pattern = bits[i % 8] + (i % 8 == 7 ? (uint32_t)i : 0);
        memcpy(&w[i], &pattern, sizeof pattern);
    }
}

static void save(const char *path, const float *w, const char *const *metadata)
{
    struct small_model small;
    struct lstmc_message message = { "" };
    small_model_init(&small);
    int status = lstmc_weights_save(&small.model, w, path, metadata, &message);
    cr_assert(status == LSTMC_OK, "%s: status %d: %s", path, status, message.text);
}

Test(weights, round_trip)
{
    struct small_model small;
    struct lstmc_message message = { "" };
    float w[SMALL_WEIGHT_COUNT], back[SMALL_WEIGHT_COUNT] = { 0 };
    small_model_init(&small);
    fill(w);
    save("a.safetensors", w, NULL);
    int status = lstmc_weights_load(&small.model, back, "a.safetensors", &message);
    cr_expect(status == LSTMC_OK, "status %d: %s", status, message.text);
    for (int i = 0; i < SMALL_WEIGHT_COUNT; i++)
        cr_expect(!memcmp(&w[i], &back[i], sizeof(float)), "weight %d: %a became %a", i, w[i], back[i]);
    cr_expect(for_each_file(NULL) == 1, "%d files instead of 1", for_each_file(NULL));
}

/* A tensor larger than the writer's chunk, and structs with room between the weights, which the file must not have. */
Test(weights, large_and_padded)
{
    static const int shape[2] = { 101, 97 };
    static float w[2 * 101 * 97 + 8], back[2 * 101 * 97 + 8];
    struct small_model small;
    struct lstmc_message message = { "" };
    one_weight_model(&small, 2, shape, (struct lstmc_initializer){ .kind = LSTMC_CONSTANT });
    small.weights[1] = small.weights[0];
    small.weights[1].name = "layer_1/kernel";
    small.weights[1].offset = small.weights[0].count + 8;
    small.model.weight_tensors = 2;
    for (size_t i = 0; i < sizeof w / sizeof *w; i++)
        w[i] = (float)i;
    memset(w + small.weights[0].count, 0, 8 * sizeof *w);
    cr_assert(lstmc_weights_save(&small.model, w, "b", NULL, &message) == LSTMC_OK, "%s", message.text);
    cr_assert(lstmc_weights_load(&small.model, back, "b", &message) == LSTMC_OK, "%s", message.text);
    cr_expect(!memcmp(w, back, sizeof w), "other weights came back");
    struct stat status;
    cr_assert(stat("b", &status) == 0);
    cr_expect((size_t)status.st_size < 2 * small.weights[0].count * sizeof *w + 400, "%ld bytes", (long)status.st_size);
}

Test(weights, what_is_in_the_file)
{
    static const char *const metadata[] = { "epoch", "12", "note", "\xc3\xa9t\xc3\xa9 \"quoted\"\n", NULL };
    float w[SMALL_WEIGHT_COUNT];
    fill(w);
    save("a.safetensors", w, metadata);
    size_t size;
    unsigned char *bytes = read_file("a.safetensors", &size);
    static const char expected[] =
        "{\"__metadata__\":{\"format\":\"lstmc\",\"model\":\"small\",\"fingerprint\":\"0123456789abcdef\",\"epoch\":\"12\","
        "\"note\":\"\xc3\xa9t\xc3\xa9 \\\"quoted\\\"\\n\"},"
        "\"lstm/kernel\":{\"dtype\":\"F32\",\"shape\":[3,8],\"data_offsets\":[0,96]},"
        "\"lstm/recurrent_kernel\":{\"dtype\":\"F32\",\"shape\":[2,8],\"data_offsets\":[96,160]},"
        "\"lstm/bias\":{\"dtype\":\"F32\",\"shape\":[8],\"data_offsets\":[160,192]},"
        "\"dense/kernel\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[192,200]},"
        "\"dense/bias\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[200,204]},"
        "\"normalization/moving_mean\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[204,212]}}";
    size_t length = bytes[0] + 256u * bytes[1];
    cr_expect(size == 8 + length + WEIGHT_BYTES && length % 8 == 0, "%zu bytes, header %zu", size, length);
    cr_expect(!memcmp(bytes + 8, expected, sizeof expected - 1), "header: %.*s", (int)length, (char *)bytes + 8);
    for (size_t i = sizeof expected - 1; i < length; i++)
        cr_expect(bytes[8 + i] == ' ', "padding byte %zu is %d", i, bytes[8 + i]);
    cr_expect(!memcmp(bytes + 8 + length, w, WEIGHT_BYTES), "the data are not the weights (little-endian machines)");
    free(bytes);

    struct lstmc_tensor_file file;
    struct lstmc_message message = { "" };
    cr_assert(lstmc_tensor_file_open("a.safetensors", &file, &message) == LSTMC_OK, "%s", message.text);
    cr_expect(file.count == 6 && !strcmp(file.tensors[2].name, "lstm/bias") && file.tensors[2].rank == 1 && file.tensors[2].shape[0] == 8);
    cr_expect(!strcmp(file.metadata[6], "epoch") && !strcmp(file.metadata[9], metadata[3]) && !file.metadata[10]);
    cr_expect(lstmc_tensor_file_find(&file, "dense/bias") == &file.tensors[4] && !lstmc_tensor_file_find(&file, "dense"));
    lstmc_tensor_file_free(&file);
}

/* Loads a file that may be damaged: either a message that names it and untouched weights, or the right weights. Returns the status. */
static int load_damaged(const char *path, const float *w, const char *what, int where)
{
    struct small_model small;
    struct lstmc_message message = { "" };
    float back[SMALL_WEIGHT_COUNT], before[SMALL_WEIGHT_COUNT];
    small_model_init(&small);
    memset(back, 0x5a, sizeof back);
    memcpy(before, back, sizeof back);
    int status = lstmc_weights_load(&small.model, back, path, &message);
    if (status == LSTMC_OK)
        cr_assert(!memcmp(back, w, sizeof back), "%s %d: loaded other weights", what, where);
    else {
        cr_assert(status == LSTMC_BAD_FILE || status == LSTMC_MISMATCH, "%s %d: status %d", what, where, status);
        cr_assert(strstr(message.text, path) && strlen(message.text) > strlen(path) + 5, "%s %d: message \"%s\"", what, where, message.text);
        cr_assert(!memcmp(back, before, sizeof back), "%s %d: refused, but the weights changed", what, where);
    }
    return status;
}

Test(weights, every_header_byte_flipped)
{
    static const unsigned char patterns[] = { 0xff, 0x01, 0x02, 0x20, 0x80 };
    float w[SMALL_WEIGHT_COUNT];
    fill(w);
    save("a", w, NULL);
    size_t size;
    unsigned char *bytes = read_file("a", &size);
    size_t header = 8 + bytes[0] + 256u * bytes[1], accepted = 0, metadata_end = (size_t)(strchr((char *)bytes + 8, '}') - (char *)bytes);
    for (size_t i = 0; i < header; i++)
        for (size_t p = 0; p < sizeof patterns; p++) {
            bytes[i] ^= patterns[p];
            write_file("damaged", bytes, size);
            int status = load_damaged("damaged", w, "flipped byte", (int)i);
            accepted += status == LSTMC_OK;
            /* Only a word of the metadata, or a name like them, may differ unseen. */
            cr_assert(status != LSTMC_OK || i < metadata_end, "byte %zu ^ %02x was not seen", i, patterns[p]);
            bytes[i] ^= patterns[p];
        }
    cr_expect(accepted < 5 * metadata_end / 2, "%zu damaged headers were accepted", accepted);
    free(bytes);
}

Test(weights, every_truncation)
{
    float w[SMALL_WEIGHT_COUNT];
    fill(w);
    save("a", w, NULL);
    size_t size;
    unsigned char *bytes = read_file("a", &size);
    for (size_t length = 0; length < size; length++) {
        write_file("damaged", bytes, length);
        cr_assert(load_damaged("damaged", w, "truncated to", (int)length) == LSTMC_BAD_FILE, "%zu of %zu bytes were accepted", length, size);
    }
    free(bytes);
}

/* Well-formed files for another model; what the message must say. */
Test(weights, other_models)
{
    static const struct { int tensor, rank, shape[2]; const char *name, *words; } table[] = {
        { 2, 1, { 9, 0 }, NULL, "a: lstm/bias: shape (9), but the model's is (8)" },
        { 0, 2, { 8, 3 }, NULL, "a: lstm/kernel: shape (8, 3), but the model's is (3, 8)" },
        { 3, 1, { 2, 0 }, NULL, "a: dense/kernel: shape (2), but the model's is (2, 1)" },
        { 4, 2, { 1, 1 }, NULL, "a: dense/bias: shape (1, 1), but the model's is (1)" },
        { 1, 2, { 2, 8 }, "lstm/recurrent", "a: lstm/recurrent_kernel of model \"small\" is missing (6 tensors, the first is \"lstm/kernel\")" },
    };
    float w[SMALL_WEIGHT_COUNT + 8] = { 0 }, back[SMALL_WEIGHT_COUNT] = { 0 };
    struct small_model small, other;
    small_model_init(&small);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct lstmc_message message = { "" };
        small_model_init(&other);
        struct lstmc_tensor *tensor = &other.weights[table[i].tensor];
        tensor->rank = table[i].rank;
        memcpy(tensor->shape, table[i].shape, sizeof table[i].shape);
        tensor->count = (size_t)table[i].shape[0] * (size_t)(table[i].rank == 2 ? table[i].shape[1] : 1);
        if (table[i].name)
            tensor->name = table[i].name;
        cr_assert(lstmc_weights_save(&other.model, w, "a", NULL, &message) == LSTMC_OK, "%s", message.text);
        int status = lstmc_weights_load(&small.model, back, "a", &message);
        cr_expect(status == LSTMC_MISMATCH && !strcmp(message.text, table[i].words), "status %d, \"%s\", expected \"%s\"", status, message.text, table[i].words);
    }
}

Test(weights, extra_tensor_and_other_fingerprint)
{
    float w[SMALL_WEIGHT_COUNT] = { 0 }, back[SMALL_WEIGHT_COUNT] = { 0 };
    struct small_model small;
    struct lstmc_message message = { "" };
    small_model_init(&small);
    save("a", w, NULL);
    small.model.fingerprint++;
    cr_expect(lstmc_weights_load(&small.model, back, "a", &message) == LSTMC_OK, "another fingerprint alone: %s", message.text);
    small.model.weight_tensors--;
    int status = lstmc_weights_load(&small.model, back, "a", &message);
    cr_expect(status == LSTMC_MISMATCH && !strcmp(message.text, "a: tensor \"normalization/moving_mean\" is no weight of model \"small\""),
              "status %d: %s", status, message.text);
    cr_expect(lstmc_weights_load(&small.model, back, "a", NULL) == LSTMC_MISMATCH, "without a message");
}

static void expect_failed_save(const float *w, const char *path, const char *words)
{
    struct small_model small;
    struct lstmc_message message = { "" };
    small_model_init(&small);
    int status = lstmc_weights_save(&small.model, w, path, NULL, &message);
    cr_expect(status == LSTMC_IO && strstr(message.text, words), "%s: status %d, message \"%s\", expected \"%s\"", path, status, message.text, words);
}

/* The disk is full at each possible size of the file: the old file stays, nothing else does. */
Test(weights, full_disk)
{
    float old[SMALL_WEIGHT_COUNT] = { 1, 2, 3 }, w[SMALL_WEIGHT_COUNT];
    fill(w);
    save("a", old, NULL);
    struct stat status;
    cr_assert(stat("a", &status) == 0);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit kept;
    cr_assert(getrlimit(RLIMIT_FSIZE, &kept) == 0);
    for (rlim_t limit = 0; limit < (rlim_t)status.st_size; limit += 13) {
        struct rlimit small_limit = { limit, kept.rlim_max };
        cr_assert(setrlimit(RLIMIT_FSIZE, &small_limit) == 0, "%s", strerror(errno));
        expect_failed_save(w, "a", strerror(EFBIG));
        expect_failed_save(w, "new", strerror(EFBIG));
        cr_assert(setrlimit(RLIMIT_FSIZE, &kept) == 0, "%s", strerror(errno));
        cr_assert(load_damaged("a", old, "after a full disk at", (int)limit) == LSTMC_OK, "the old file is gone");
        cr_assert(for_each_file(NULL) == 1, "limit %ld: %d files instead of 1", (long)limit, for_each_file(NULL));
    }
}

Test(weights, unwritable_places)
{
    float w[SMALL_WEIGHT_COUNT] = { 0 };
    expect_failed_save(w, "none/a", strerror(ENOENT));
    expect_failed_save(w, ".", strerror(EISDIR));
    expect_failed_save(w, "", strerror(ENOENT));
    /* A pipe of our own stands for /dev/null and its like, which a broken writer run by root would replace. */
    struct stat status;
    cr_assert(mkfifo("pipe", 0600) == 0, "%s", strerror(errno));
    expect_failed_save(w, "pipe", strerror(EINVAL));
    cr_expect(stat("pipe", &status) == 0 && S_ISFIFO(status.st_mode), "the pipe was replaced by a file");
    unlink("pipe");
    cr_expect(for_each_file(NULL) == 0, "%d files are left", for_each_file(NULL));
}

Test(weights, link_and_mode_stay)
{
    float w[SMALL_WEIGHT_COUNT] = { 1 };
    struct stat status;
    save("a", w, NULL);
    cr_assert(chmod("a", 0640) == 0 && symlink("a", "link") == 0);
    w[0] = 2;
    save("link", w, NULL);
    cr_expect(lstat("link", &status) == 0 && S_ISLNK(status.st_mode), "the link became a file");
    cr_expect(stat("a", &status) == 0 && (status.st_mode & 0777) == 0640, "mode %o, expected 640", status.st_mode & 0777);
    cr_expect(load_damaged("a", w, "through a link", 0) == LSTMC_OK);
}

Test(weights, bad_metadata)
{
    static const char *const table[][5] = { { "model", "mine", NULL }, { "a", "b", "a", "c", NULL }, { "a", "\xff", NULL }, { "\xff", "a", NULL } };
    float w[SMALL_WEIGHT_COUNT] = { 0 };
    struct small_model small;
    small_model_init(&small);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct lstmc_message message = { "" };
        int status = lstmc_weights_save(&small.model, w, "a", table[i], &message);
        cr_expect(status == LSTMC_MISMATCH && strstr(message.text, "metadata"), "%zu: status %d: %s", i, status, message.text);
    }
    cr_expect(for_each_file(NULL) == 0, "a file was written");
}

static void *save_often(void *value)
{
    float w[SMALL_WEIGHT_COUNT];
    for (int i = 0; i < SMALL_WEIGHT_COUNT; i++)
        w[i] = *(float *)value;
    for (int i = 0; i < 5; i++)
        save("shared", w, NULL);
    return NULL;
}

/* Threads that write the same file: one of them wins, whole. */
Test(weights, writers_at_once)
{
    pthread_t threads[4];
    float values[4] = { 1, 2, 3, 4 }, back[SMALL_WEIGHT_COUNT];
    struct small_model small;
    struct lstmc_message message = { "" };
    for (int i = 0; i < 4; i++)
        cr_assert(pthread_create(&threads[i], NULL, save_often, &values[i]) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    small_model_init(&small);
    cr_assert(lstmc_weights_load(&small.model, back, "shared", &message) == LSTMC_OK, "%s", message.text);
    for (int i = 1; i < SMALL_WEIGHT_COUNT; i++)
        cr_expect(back[i] == back[0], "weight %d is %g, weight 0 %g", i, back[i], back[0]);
    cr_expect(for_each_file(NULL) == 1, "%d files instead of 1", for_each_file(NULL));
}
