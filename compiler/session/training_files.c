/* training_files.c: in: names by options, the description and its callbacks.  out: files that may be written. */
#define _GNU_SOURCE             /* strchrnul */
#include "training_files.h"
#include "compiler/base/lock.h"
#include "compiler/base/out.h"
#include "compiler/base/ownership.h"

#include "runtime/base/message.h"
#include "runtime/files/model_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- where callbacks may write: in the working folder, and nothing that is hidden there ---- */

/* A name that begins with a dot, ".." too; "." alone is where we are. */
static bool has_hidden_part(const char *path)
{
    for (const char *part = path; *part; part += strcspn(part, "/"), part += *part == '/')
        if (part[0] == '.' && part[1] && part[1] != '/')
            return true;
    return false;
}

/* What `path` is called where it leaves the working folder: links lead to other disks, but not to what is hidden. */
static const char *behind_common(const char *path, const char *folder)
{
    while (*folder) {
        size_t length = (size_t)(strchrnul(folder + 1, '/') - folder);
        if (strncmp(path, folder, length) || (path[length] && path[length] != '/'))
            break;
        path += length;
        folder += length;
    }
    return path;
}

/* The part of a path that is there already, without links. */
static bool real_part(const char *path, char real[PATH_MAX])
{
    char part[PATH_MAX];
    if ((size_t)snprintf(part, sizeof part, "%s", path) >= sizeof part)
        return false;
    while (!realpath(part, real)) {
        char *slash = strrchr(part, '/');
        if (!slash)
            return realpath(".", real) != NULL;
        *slash = 0;
    }
    return true;
}

static bool lies_in_folder(const char *path)
{
    char real[PATH_MAX], folder[PATH_MAX];
    return *path && *path != '/' && path[strlen(path) - 1] != '/' && !has_hidden_part(path) && realpath(".", folder) &&
           real_part(path, real) && !has_hidden_part(behind_common(real, folder));
}

/* ---- names for the same file ---- */

static bool is_same(const char *one, const char *other)
{
    char folder[2][PATH_MAX], part[PATH_MAX];
    const char *paths[] = { one, other }, *base[2];
    for (int i = 0; i < 2; i++) {
        const char *slash = strrchr(paths[i], '/');
        base[i] = slash ? slash + 1 : paths[i];
        snprintf(part, sizeof part, "%.*s", slash ? (int)(slash - paths[i]) + 1 : 1, slash ? paths[i] : ".");
        if (!realpath(part, folder[i]))
            return false;
    }
    return !strcmp(base[0], base[1]) && !strcmp(folder[0], folder[1]);
}

/* What of the training's own stands in the way; NULL: nothing. The log may be written twice, and the last weights over
 * those of the last epoch, but not over the best. */
static const char *taken_by(const TrainingFiles *files, const struct lstmc_callback *callback, const char *path)
{
    bool logs = callback->kind == LSTMC_CSV_LOGGER;
    if (is_same(path, files->checkpoint))
        return "the checkpoint of the training";
    if (is_same(path, files->page) || (files->flow && is_same(path, files->flow)) ||
        (!logs && is_same(path, files->log)))
        return "a file of the training's own";
    bool overwrites = (logs || callback->save_best_only) && is_same(path, files->weights);
    return overwrites ? "where the last weights go (--out)" : NULL;
}

static int check_place(const char *path, struct lstmc_message *message)
{
    if (lies_in_folder(path))
        return LSTMC_OK;
    return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: a callback writes in the working folder, and nothing that is "
                      "hidden there", path);
}

int training_files_allow(const TrainingFiles *files, const struct lstmc_callback *callback, const char *path,
                         struct lstmc_message *message)
{
    bool logs = callback->kind == LSTMC_CSV_LOGGER;
    int status = check_place(path, message);
    if (!status)
        status = file_claim(path, logs ? FILE_LOG : FILE_WEIGHTS, false, message);
    if (status)
        return status;
    const char *taken = taken_by(files, callback, path);
    return taken ? lstmc_fail(message, LSTMC_MISMATCH, "%.250s: is %s: choose another name", path, taken) : LSTMC_OK;
}

/* ---- all of them ---- */

/* Where there are fields in a name, what it becomes is known later, but where it leads. */
static int check_callbacks(Session *s, const TrainingFiles *files)
{
    const Model *model = description_model(s->description);
    for (int i = 0; i < model->callback_count; i++) {
        const struct lstmc_callback *callback = &model->callbacks[i];
        bool has_fields = callback->path && callback->kind == LSTMC_MODEL_CHECKPOINT && strpbrk(callback->path, "{}");
        int status = !callback->path ? LSTMC_OK : has_fields ? check_place(callback->path, &s->message) :
                     training_files_allow(files, callback, callback->path, &s->message);
        if (status)
            return status;
    }
    return LSTMC_OK;
}

static int take_lock(Session *s, const char *path)
{
    long owner;
    if (lock_take(path, &owner))
        return LSTMC_OK;
    const char *who = owner > 0 ? arena_format(s->arena, " (process %ld)", owner) : "";
    return lstmc_fail(&s->message, LSTMC_MISMATCH,
                      "%.250s: another training%s is writing it: choose other names by --out%s", path, who,
                      s->arguments.checkpoint ? " and --checkpoint" : "");
}

/* All but whether they can be had. */
static TrainingFiles name_files(const Session *s)
{
    const Arguments *a = &s->arguments;
    return (TrainingFiles){
        .weights = session_file(s, a->weights, ".safetensors"),
        .checkpoint = session_file(s, a->checkpoint, ".checkpoint"),
        .log = session_file(s, a->log, ".log.csv"),
        .page = session_file(s, NULL, ".report.html"),
        .flow = a->gradient_flow ? session_file(s, NULL, ".gradient_flow.csv") : NULL,
    };
}

int training_files_open(Session *s, TrainingFiles *files)
{
    const Arguments *a = &s->arguments;
    *files = name_files(s);
    if (s->ranks && s->ranks->transport.rank)
        return LSTMC_OK;
    const struct { const char *path; FileKind kind; bool is_named; } all[] = {
        { files->weights, FILE_WEIGHTS, a->weights }, { files->checkpoint, FILE_WEIGHTS, a->checkpoint },
        { files->log, FILE_LOG, a->log }, { files->page, FILE_REPORT, false }, { files->flow, FILE_FLOW, false },
    };
    int status = LSTMC_OK;
    for (size_t i = 0; i < sizeof all / sizeof *all && !status; i++)
        status = all[i].path ? file_claim(all[i].path, all[i].kind, all[i].is_named, &s->message) : LSTMC_OK;
    if (!status && is_same(files->checkpoint, files->weights))
        status = lstmc_fail(&s->message, LSTMC_MISMATCH, "%.250s: weights and checkpoint cannot be the same file",
                            files->weights);
    if (!status)
        status = check_callbacks(s, files);
    if (!status)
        status = take_lock(s, files->checkpoint);
    return status ? status : take_lock(s, files->weights);
}

/* ---- what was there before ---- */

static bool metadata_number(const struct lstmc_tensor_file *file, const char *name, long *number)
{
    const char *text = lstmc_tensor_file_value(file, name);
    *number = text ? atol(text) : 0;
    return text != NULL;
}

/* A name that nothing has: FILE.old, FILE.old.2, ... */
static const char *free_name(Session *s, const char *path)
{
    const char *name = arena_format(s->arena, "%s.old", path);
    for (int i = 2; !access(name, F_OK); i++)
        name = arena_format(s->arena, "%s.old.%d", path, i);
    return name;
}

/* What is in a file that the first checkpoint would replace; NULL: nothing that could be missed. */
static const char *worth_keeping(Session *s, const char *path, int epochs, bool *goes_on)
{
    struct lstmc_tensor_file file;
    long epoch, all, stopped, diverged;
    *goes_on = false;
    if (lstmc_tensor_file_open(path, &file, NULL))
        return "which cannot be read";
    bool is_checkpoint = metadata_number(&file, LSTMC_TRAINING_PREFIX "epoch", &epoch);
    if (!metadata_number(&file, LSTMC_TRAINING_PREFIX "epochs", &all))
        all = epochs;
    metadata_number(&file, LSTMC_TRAINING_PREFIX "stopped", &stopped);
    metadata_number(&file, LSTMC_TRAINING_PREFIX "diverged", &diverged);
    lstmc_tensor_file_free(&file);
    if (!is_checkpoint)
        return "which is no checkpoint";
    if (diverged)
        return "with the best weights of a training that has ended at a NaN";
    *goes_on = !stopped && epoch <= all;
    return *goes_on ? arena_format(s->arena, "of an unfinished training (epoch %ld of %ld)", epoch, all) : NULL;
}

int training_files_put_aside(Session *s, const TrainingFiles *files, int epochs)
{
    bool goes_on;
    const char *path = files->checkpoint, *what = access(path, F_OK) ? NULL : worth_keeping(s, path, epochs, &goes_on);
    if (!what)
        return LSTMC_OK;
    const char *aside = free_name(s, path);
    if (rename(path, aside))
        return lstmc_fail(&s->message, LSTMC_IO, "%.200s: cannot be renamed to %.200s: %s", path, aside,
                          strerror(errno));
    fprintf(stderr, "note: %s%s %s%s is now %s%s\n", path, goes_on ? "" : ",", what, goes_on ? "" : ",", aside,
            goes_on ? arena_format(s->arena, "; --resume --checkpoint %s goes on with it", aside) : "");
    return LSTMC_OK;
}
