/* place.c: in: the name of a model.  out: files that a search may write, and whether it may go on with those that are
 * there. */
#define _GNU_SOURCE             /* strchrnul */
#include "place.h"
#include "compiler/base/lock.h"
#include "compiler/base/out.h"
#include "compiler/base/ownership.h"

#include "runtime/base/message.h"
#include "runtime/files/file.h"
#include "runtime/files/folder.h"
#include "runtime/files/replace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNFINISHED "lstmc search: unfinished\n"
#define FINISHED   "lstmc search: finished\n"

const char *place_checkpoint(Arena *arena, const Place *place, int trial)
{
    return arena_format(arena, "%s/trial-%d.checkpoint", place->folder, trial + 1);
}

static int take_lock(const Place *place, struct lstmc_message *message)
{
    long owner;
    if (lock_take(place->table, &owner))
        return LSTMC_OK;
    const char *who = owner > 0 ? arena_format(place->arena, " (process %ld)", owner) : "";
    return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: another search%s is writing it: wait for it, or search in "
                      "another folder", place->table, who);
}

/* A folder of somebody else has none of our files in it. */
static int claim_folder(const Place *place, struct lstmc_message *message)
{
    if (!access(place->folder, F_OK) && access(place->about, F_OK))
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: is not lstmc's, and a search writes there: move it",
                          place->folder);
    if (!file_is_ours(place->about, FILE_SEARCH))
        return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: is not lstmc's, and would be overwritten: move it",
                          place->about);
    return LSTMC_OK;
}

Place place_name(Arena *arena, const char *model, const char *words)
{
    const char *folder = arena_format(arena, "%s.search", model);
    return (Place){ .arena = arena, .table = arena_format(arena, "%s.search.csv", model),
                    .page = arena_format(arena, "%s.search.html", model), .folder = folder,
                    .about = arena_format(arena, "%s/about", folder), .words = words };
}

int place_open(const Place *place, struct lstmc_message *message)
{
    int status = file_claim(place->table, FILE_TRIALS, false, message);
    if (!status)
        status = file_claim(place->page, FILE_REPORT, false, message);
    if (!status)
        status = claim_folder(place, message);
    return status ? status : take_lock(place, message);
}

/* ---- what is there ---- */

/* The text of the file `about`; NULL: there is none. */
static const char *read_about(const Place *place)
{
    unsigned char *bytes;
    size_t size;
    if (lstmc_file_read(place->about, &bytes, &size, NULL))
        return NULL;
    const char *text = arena_copy_text(place->arena, (const char *)bytes);
    free(bytes);
    return text;
}

static int write_about(const Place *place, const char *state, struct lstmc_message *message)
{
    const char *text = arena_format(place->arena, "%s%s", state, place->words);
    int error = write_file(place->about, text, strlen(text));
    return error ? lstmc_fail(message, LSTMC_IO, "%.250s: cannot be written: %s", place->about,
                              lstmc_write_reason(error)) : LSTMC_OK;
}

static void remove_checkpoints(const Place *place)
{
    struct lstmc_names paths;
    if (lstmc_folder_list(place->folder, ".checkpoint", NULL, 0, &paths, NULL))
        return;
    for (int i = 0; i < paths.count; i++)
        unlink(paths.text[i]);
    lstmc_folder_free(&paths);
}

/* ---- beginning, going on, end ---- */

/* FILE.old, FILE.old.2, ...: the first number that none of the two has. */
static int put_aside(const Place *place, struct lstmc_message *message)
{
    const char *moved[] = { place->table, place->folder }, *aside[2], *number = "";
    for (int i = 2;; i++) {
        for (int k = 0; k < 2; k++)
            aside[k] = arena_format(place->arena, "%s.old%s", moved[k], number);
        if (access(aside[0], F_OK) && access(aside[1], F_OK))
            break;
        number = arena_format(place->arena, ".%d", i);
    }
    for (int k = 0; k < 2; k++)
        if (rename(moved[k], aside[k]) && errno != ENOENT)
            return lstmc_fail(message, LSTMC_IO, "%.200s: cannot be renamed to %.200s: %s", moved[k], aside[k],
                              strerror(errno));
    fprintf(stderr, "note: %s and %s of an unfinished search are now %s and %s; under their old names --resume goes on "
            "with them\n", moved[0], moved[1], aside[0], aside[1]);
    return LSTMC_OK;
}

int place_begin(const Place *place, struct lstmc_message *message)
{
    const char *about = read_about(place);
    int status = about && !strncmp(about, UNFINISHED, strlen(UNFINISHED)) ? put_aside(place, message) : LSTMC_OK;
    if (status)
        return status;
    remove_checkpoints(place);
    if (unlink(place->table) && errno != ENOENT)
        return lstmc_fail(message, LSTMC_IO, "%.250s: cannot be removed: %s", place->table, strerror(errno));
    int error = make_folder(place->folder);
    if (error)
        return lstmc_fail(message, LSTMC_IO, "%.250s: cannot be made: %s", place->folder, strerror(error));
    return write_about(place, UNFINISHED, message);
}

int place_resume(const Place *place, struct lstmc_message *message)
{
    const char *about = read_about(place);
    if (!about)
        return lstmc_fail(message, LSTMC_IO, "%.250s: there is no search to go on with: without --resume one begins",
                          place->about);
    const char *then = strchrnul(about, '\n'), *now = place->words;
    then += *then == '\n';
    while (*then && *now) {
        int then_length = (int)strcspn(then, "\n"), now_length = (int)strcspn(now, "\n");
        if (then_length != now_length || strncmp(then, now, (size_t)now_length))
            return lstmc_fail(message, LSTMC_MISMATCH, "%.150s: this search was begun with \"%.*s\", and now it is "
                              "\"%.*s\": --resume needs the same, and without it a new one begins", place->folder,
                              then_length < 150 ? then_length : 150, then, now_length < 150 ? now_length : 150, now);
        then += then_length + (then[then_length] == '\n');
        now += now_length + (now[now_length] == '\n');
    }
    return *then || *now ? lstmc_fail(message, LSTMC_MISMATCH, "%.200s: this search was begun with more or fewer "
                                      "arguments: --resume needs the same ones", place->folder)
                         : LSTMC_OK;
}

int place_finish(const Place *place, struct lstmc_message *message)
{
    int status = write_about(place, FINISHED, message);
    if (!status)
        remove_checkpoints(place);
    return status;
}
