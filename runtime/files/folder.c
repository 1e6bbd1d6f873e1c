/* folder.c: in: a folder.  out: paths of files, sorted. */
#include "folder.h"
#include "runtime/base/array.h"
#include "runtime/base/message.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

const char *lstmc_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

size_t lstmc_file_stem(const char *name)
{
    const char *point = strrchr(name, '.');
    return point && point > name ? (size_t)(point - name) : strlen(name);
}

static int is_wanted(const char *name, const char *ending, const char *const *except, int except_count)
{
    size_t length = strlen(name), tail = strlen(ending);
    if (name[0] == '.' || length <= tail || strcasecmp(name + length - tail, ending))
        return 0;
    for (int i = 0; i < except_count; i++)
        if (!strcmp(name, except[i]))
            return 0;
    return 1;
}

static int add_path(struct lstmc_names *paths, size_t *capacity, const char *folder, const char *name)
{
    size_t size = strlen(folder) + strlen(name) + 2;
    char *path = paths->count < INT_MAX ? malloc(size) : NULL;
    if (!path || !lstmc_array_grow((void **)&paths->text, (size_t)paths->count, capacity, sizeof *paths->text)) {
        free(path);
        return 0;
    }
    snprintf(path, size, "%s/%s", folder, name);
    paths->text[paths->count++] = path;
    return 1;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A misspelt exception would let in what it should keep out. */
static int check_exceptions(const char *folder, const char *const *except, int except_count,
                            struct lstmc_message *message)
{
    char path[PATH_MAX];
    for (int i = 0; i < except_count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, except[i]);
        if (access(path, R_OK))
            return lstmc_fail(message, LSTMC_MISMATCH, "%.250s: the exception \"%.60s\" is no file of it", folder,
                              except[i]);
    }
    return LSTMC_OK;
}

int lstmc_folder_list(const char *folder, const char *ending, const char *const *except, int except_count,
                      struct lstmc_names *paths, struct lstmc_message *message)
{
    size_t capacity = 0;
    int good = 1;
    memset(paths, 0, sizeof *paths);
    DIR *directory = opendir(folder);
    if (!directory)
        return lstmc_fail(message, LSTMC_IO, "%.250s: %s", folder, strerror(errno));
    for (const struct dirent *entry; good && (entry = readdir(directory));)
        if (is_wanted(entry->d_name, ending, except, except_count))
            good = add_path(paths, &capacity, folder, entry->d_name);
    closedir(directory);
    int status = good ? check_exceptions(folder, except, except_count, message) : lstmc_fail_memory(message, folder);
    if (!status && !paths->count)
        status = lstmc_fail(message, LSTMC_BAD_FILE, "%.250s: has no files named *%s", folder, ending);
    if (status)
        lstmc_folder_free(paths);
    else
        qsort(paths->text, (size_t)paths->count, sizeof *paths->text, by_name);
    return status;
}

void lstmc_folder_free(struct lstmc_names *paths)
{
    for (int i = 0; i < paths->count; i++)
        free(paths->text[i]);
    free(paths->text);
    memset(paths, 0, sizeof *paths);
}
