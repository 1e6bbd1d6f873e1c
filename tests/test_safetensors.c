/* test_safetensors.c: the reader of any safetensors file: what it refuses, what it takes, and a published file. */
#include "small_model.h"
#include "temporary.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file of this header, and of `data` zeros. */
static struct temporary_file write_header(const char *header, size_t data)
{
    size_t length = strlen(header), size = 8 + length + data;
    unsigned char *bytes = calloc(1, size);
    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)length >> 8 * i);
    memcpy(bytes + 8, header, length);
    struct temporary_file written = temporary_write(bytes, size);
    free(bytes);
    return written;
}

/* Opens it, and removes it. */
static int open_and_remove(struct temporary_file written, struct lstmc_tensor_file *file, struct lstmc_message *message)
{
    int status = lstmc_tensor_file_open(written.path, file, message);
    temporary_remove(&written);
    return status;
}

#define F32(shape, begin, end) "{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" #begin "," #end "]}"

static const struct {
    const char *header;
    size_t data;
    const char *words;              /* in the message */
} bad[] = {
    { "", 8, "does not begin with {" },
    { " {}", 0, "does not begin with {" },
    { "[]", 0, "does not begin with {" },
    { "{", 0, "header, byte" },
    { "{} x", 0, "header, byte" },
    { "{\"a\":" F32("[1]", 0, 4) ",\"a\":" F32("[1]", 4, 8) "}", 8, "duplicate" },
    { "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "duplicate" },
    { "{\"__metadata__\":{\"a\":\"b\",\"a\":\"c\"}}", 0, "duplicate" },
    { "{\"__metadata__\":[]}", 0, "__metadata__ is no object" },
    { "{\"__metadata__\":null}", 0, "__metadata__ is no object" },
    { "{\"__metadata__\":{\"epoch\":3}}", 0, "not a text" },
    { "{\"__metadata__\":{\"a\":{\"b\":\"c\"}}}", 0, "not a text" },
    { "{\"caf\xe9\":" F32("[1]", 0, 4) "}", 4, "unable to decode byte" },
    { "{\"\xc0\xaf\":" F32("[1]", 0, 4) "}", 4, "unable to decode byte" },
    { "{\"\xed\xa0\x80\":" F32("[1]", 0, 4) "}", 4, "unable to decode byte" },
    { "{\"a\\u0000b\":" F32("[1]", 0, 4) "}", 4, "header, byte" },
    { "{\"a\":3}", 0, "tensor \"a\": its entry is no object" },
    { "{\"a\":{}}", 0, "dtype is missing" },
    { "{\"a\":{\"dtype\":1,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "dtype is missing, or no text" },
    { "{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown dtype" },
    { "{\"a\":{\"dtype\":\"f32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown dtype" },
    { "{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "shape is missing" },
    { "{\"a\":" F32("4", 0, 4) "}", 4, "shape is missing, or no array" },
    { "{\"a\":" F32("[-1]", 0, 4) "}", 4, "not a size" },
    { "{\"a\":" F32("[1.0]", 0, 4) "}", 4, "not a size" },
    { "{\"a\":" F32("[\"1\"]", 0, 4) "}", 4, "not a size" },
    { "{\"a\":" F32("[true]", 0, 4) "}", 4, "not a size" },
    { "{\"a\":" F32("[1,1,1,1,1,1,1,1,1]", 0, 4) "}", 4, "more than 8 axes" },
    { "{\"a\":" F32("[99999999999999999999]", 0, 4) "}", 4, "header, byte" },
    { "{\"a\":" F32("[4294967296,4294967296]", 0, 4) "}", 4, "too many elements" },
    { "{\"a\":" F32("[4294967297,4294967297]", 0, 4) "}", 4, "too many elements" },
    { "{\"a\":" F32("[9223372036854775807,2]", 0, 4) "}", 4, "do not agree" },
    { "{\"a\":" F32("[4611686018427387905]", 0, 4) "}", 4, "do not agree" },         /* * 4 is 4 in 64 bits */
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "data_offsets is missing" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4, "not two sizes" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,4]}}", 4, "not two sizes" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":{\"0\":0,\"1\":4}}}", 4, "not two sizes" },
    { "{\"a\":" F32("[1]", -4, 0) "}", 4, "not two sizes" },
    { "{\"a\":" F32("[1]", 4, 0) "}", 4, "before they begin" },
    { "{\"a\":" F32("[1]", 0, 5) "}", 4, "behind the file" },
    { "{\"a\":" F32("[1]", 1, 9223372036854775807) "}", 4, "behind the file" },
    { "{\"a\":" F32("[2]", 0, 4) "}", 4, "do not agree" },
    { "{\"a\":" F32("[1]", 0, 5) "}", 5, "do not agree" },
    { "{\"a\":" F32("[]", 0, 0) "}", 0, "do not agree" },
    { "{\"a\":" F32("[1]", 4, 8) "}", 8, "tensor \"a\": a hole" },
    { "{\"a\":" F32("[1]", 0, 4) ",\"b\":" F32("[1]", 8, 12) "}", 12, "tensor \"b\": a hole" },
    { "{\"a\":" F32("[2]", 0, 8) ",\"b\":" F32("[1]", 4, 8) "}", 8, "tensor \"b\": its data overlap" },
    { "{\"a\":" F32("[1]", 0, 4) ",\"b\":" F32("[1]", 0, 4) "}", 4, "overlap" },
    { "{\"a\":" F32("[1]", 0, 4) "}", 5, "bytes behind the last tensor" },
    { "{}", 1, "bytes behind the last tensor" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4, "a field that is not" },
    { "{\"a\\u001b[31m\":3}", 0, "tensor \"a?[31m\"" },          /* nothing that moves a terminal */
};

Test(safetensors, malformed_headers)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct lstmc_tensor_file file;
        struct lstmc_message message = { "" };
        int status = open_and_remove(write_header(bad[i].header, bad[i].data), &file, &message);
        cr_expect(status == LSTMC_BAD_FILE && strstr(message.text, bad[i].words) && !strncmp(message.text, "/tmp/lstmc_test_", 16),
                  "%s: status %d, message \"%s\", expected \"%s\"", bad[i].header, status, message.text, bad[i].words);
        cr_expect(file.count == 0 && !file.tensors && !file.bytes && !file.header, "%s: something is left", bad[i].header);
    }
}

Test(safetensors, legal_headers)
{
    static const struct { const char *header; size_t data; int count; } good[] = {
        { "{}", 0, 0 },
        { "{\"__metadata__\":{}}       ", 0, 0 },
        { "{\"a\":" F32("[]", 0, 4) "}", 4, 1 },
        { "{\"a\":" F32("[0,3]", 4, 4) ",\"b\":" F32("[1]", 0, 4) "}", 4, 2 },
        { "{\"b\":" F32("[1]", 4, 8) ",\"a\":" F32("[1]", 0, 4) ",\"empty\":" F32("[0]", 4, 4) "}", 8, 3 },
        { "{\"a\":{\"data_offsets\":[0,3],\"shape\":[3],\"dtype\":\"U8\"},\"b\":{\"dtype\":\"F64\",\"shape\":[1,1],\"data_offsets\":[3,11]}}", 11, 2 },
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct lstmc_tensor_file file;
        struct lstmc_message message = { "" };
        int status = open_and_remove(write_header(good[i].header, good[i].data), &file, &message);
        cr_expect(status == LSTMC_OK && file.count == good[i].count, "%s: status %d, %d tensors: %s", good[i].header, status, file.count, message.text);
        for (int k = 1; k < file.count; k++)
            cr_expect(file.tensors[k - 1].data <= file.tensors[k].data, "%s: tensor %d is out of order", good[i].header, k);
        lstmc_tensor_file_free(&file);
    }
}

Test(safetensors, deep_nesting)
{
    static char header[200001];
    memset(header, '[', sizeof header - 1);
    memcpy(header, "{\"a\":", 5);
    struct lstmc_tensor_file file;
    struct lstmc_message message = { "" };
    cr_expect(open_and_remove(write_header(header, 0), &file, &message) == LSTMC_BAD_FILE && strstr(message.text, "depth"), "%s", message.text);
    for (size_t i = 0; i + 5 < sizeof header; i += 5)
        memcpy(header + i, "{\"a\":", 5);
    cr_expect(open_and_remove(write_header(header, 0), &file, &message) == LSTMC_BAD_FILE && strstr(message.text, "depth"), "%s", message.text);
}

Test(safetensors, header_lengths)
{
    static const uint64_t lengths[] = { 3, 4, 100000001, UINT64_MAX, UINT64_MAX - 7, UINT64_C(1) << 63 };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        unsigned char bytes[10] = { 0, 0, 0, 0, 0, 0, 0, 0, '{', '}' };
        struct lstmc_tensor_file file;
        struct lstmc_message message = { "" };
        for (int k = 0; k < 8; k++)
            bytes[k] = (unsigned char)(lengths[i] >> 8 * k);
        int status = open_and_remove(temporary_write(bytes, sizeof bytes), &file, &message);
        cr_expect(status == LSTMC_BAD_FILE && strstr(message.text, "length"), "%llu: status %d, %s", (unsigned long long)lengths[i], status, message.text);
    }
}

/* A header over 100 MB that the file has room for. */
Test(safetensors, header_too_long)
{
    static const unsigned char bytes[10] = { 0x01, 0xe1, 0xf5, 0x05, 0, 0, 0, 0, '{', '}' };       /* 100 000 001 */
    struct lstmc_tensor_file file;
    struct lstmc_message message = { "" };
    struct temporary_file written = temporary_write(bytes, sizeof bytes);
    cr_assert(truncate(written.path, 100000020) == 0, "%s", strerror(errno));
    cr_expect(open_and_remove(written, &file, &message) == LSTMC_BAD_FILE && strstr(message.text, "100 MB"), "%s", message.text);
}

Test(safetensors, other_dtype)
{
    static const int shape[1] = { 2 };
    float w[2];
    struct small_model small;
    struct lstmc_message message = { "" };
    one_weight_model(&small, 1, shape, (struct lstmc_initializer){ .kind = LSTMC_CONSTANT });
    struct temporary_file half = write_header("{\"layer/kernel\":{\"dtype\":\"F16\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4);
    struct temporary_file single = write_header("{\"layer/kernel\":" F32("[2]", 0, 8) "}", 8);
    int status = lstmc_weights_load(&small.model, w, half.path, &message);
    cr_expect(status == LSTMC_MISMATCH && strstr(message.text, ": layer/kernel: dtype F16, but only F32 is read"), "status %d: %s", status, message.text);
    cr_expect(lstmc_weights_load(&small.model, w, single.path, &message) == LSTMC_OK, "%s", message.text);
    temporary_remove(&half);
    temporary_remove(&single);
}

Test(safetensors, unreadable)
{
    struct lstmc_tensor_file file;
    struct lstmc_message message = { "" };
    cr_expect(lstmc_tensor_file_open("none/at-all", &file, &message) == LSTMC_IO && strstr(message.text, "none/at-all: "), "%s", message.text);
    cr_expect(lstmc_tensor_file_open(".", &file, &message) == LSTMC_IO, "a folder: %s", message.text);
    cr_expect(lstmc_tensor_file_open("/dev/zero", &file, &message) == LSTMC_IO, "a device: %s", message.text);
}

Test(safetensors, turbofan)
{
    static const char path[] = "../shared/data/turbofan/converted/binary_model.safetensors";
    if (access(path, R_OK))
        cr_skip_test("%s is not here", path);
    struct lstmc_tensor_file file;
    struct lstmc_message message = { "" };
    cr_assert(lstmc_tensor_file_open(path, &file, &message) == LSTMC_OK, "%s", message.text);
    cr_expect(file.count == 8 && !strcmp(file.metadata[0], "keras_version") && !strcmp(file.metadata[1], "2.0.5"), "%d tensors", file.count);
    const struct lstmc_file_tensor *bias = lstmc_tensor_file_find(&file, "lstm_1/lstm_1/bias:0");
    cr_assert(bias && bias->rank == 1 && bias->shape[0] == 400 && !strcmp(bias->dtype, "F32"), "the first LSTM's bias");
    float values[400];
    lstmc_file_tensor_floats(bias, values);
    double forget = 0;
    for (int i = 100; i < 200; i++)
        forget += values[i] / 100;
    cr_expect(forget > 0.7 && forget < 1.3, "mean forget bias %g, expected about 1 (unit_forget_bias, then trained)", forget);
    lstmc_tensor_file_free(&file);
}
