/* ownership.c: in: the name of a file that is about to be replaced.  out: whether lstmc has written it. */
#include "ownership.h"
#include "out.h"

#include "runtime/files/file.h"
#include "runtime/base/message.h"
#include "runtime/files/replace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD 2048           /* bytes that tell */

/* A text without a line is nobody's. */
static bool is_text(const char *head)
{
    char line[200] = "";
    snprintf(line, sizeof line, "%.*s", (int)strcspn(head, "\n"), head);
    return !*head || strstr(line, ": written by lstmc ");
}

static bool is_weights(const char *head, size_t length)
{
    static const char begin[] = "{\"__metadata__\":{\"format\":\"lstmc\"";
    return length > 8 + sizeof begin && !memcmp(head + 8, begin, sizeof begin - 1);
}

/* The first line of Keras's CSVLogger, with the rate that lstmc always gives: epoch, then names, sorted. */
static bool is_log(const char *head)
{
    char line[HEAD] = "", separator[2] = "", *next, last[100] = "";
    bool rate = false, loss = false;
    snprintf(line, sizeof line, "%.*s", (int)strcspn(head, "\n"), head);
    if (strncmp(line, "epoch", 5))
        return false;
    separator[0] = line[5];
    for (char *name = strtok_r(line + 6, separator, &next); name; name = strtok_r(NULL, separator, &next)) {
        if (strcmp(last, name) >= 0)
            return false;
        snprintf(last, sizeof last, "%s", name);
        rate |= !strcmp(name, "learning_rate");
        loss |= !strcmp(name, "loss");
    }
    return rate && loss;
}

static bool begins_with(const char *head, const char *begin)
{
    return !strncmp(head, begin, strlen(begin));
}

static bool is_report(const char *head)
{
    return begins_with(head, "<!doctype html>\n<html lang=\"en\">\n") &&
           (strstr(head, ": training report</title>") || strstr(head, ": search report</title>"));
}

bool file_is_ours(const char *path, FileKind kind)
{
    char head[HEAD + 1];
    int descriptor = lstmc_file_open(path, NULL);
    if (descriptor < 0)
        return errno != EACCES;
    ssize_t length = read(descriptor, head, HEAD);
    close(descriptor);
    head[length > 0 ? length : 0] = 0;
    switch (kind) {
    case FILE_TEXT:
        return is_text(head);
    case FILE_WEIGHTS:
        return is_weights(head, length > 0 ? (size_t)length : 0);
    case FILE_LOG:
        return is_log(head);
    case FILE_FLOW:
        return begins_with(head, "epoch,layer,timestep,norm\n");
    case FILE_REPORT:
        return is_report(head);
    case FILE_TUNING:
        return begins_with(head, "-- What `lstmc tune` measured for ");
    case FILE_TRIALS:
        return begins_with(head, "trial,rung,epochs,");
    case FILE_SEARCH:
        return begins_with(head, "lstmc search: ");
    case FILE_ANY:
        break;
    }
    return kind == FILE_ANY;
}

/* Whether writing will be possible, as far as that can be told beforehand: 0 or an errno value. */
static int try_place(const char *path)
{
    struct stat status;
    if (!stat(path, &status)) {
        if (!S_ISREG(status.st_mode))
            return S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return access(path, W_OK) ? errno : 0;
    }
    char *folder = lstmc_folder_of(path);
    int error = !folder ? ENOMEM : stat(folder, &status) ? errno : !S_ISDIR(status.st_mode) ? ENOTDIR :
                access(folder, W_OK | X_OK) ? errno : 0;
    free(folder);
    return error;
}

int file_claim(const char *path, FileKind kind, bool is_named, struct lstmc_message *message)
{
    int error = make_folder_of(path);
    if (!error)
        error = try_place(path);
    if (error)
        return lstmc_fail(message, LSTMC_IO, "%.250s: cannot be written: %s", path, lstmc_write_reason(error));
    if (is_named || file_is_ours(path, kind))
        return LSTMC_OK;
    return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: is not lstmc's, and would be overwritten: move it, or choose "
                      "another name", path);
}
