/* command.c: runs the lstmc program in a folder of its own. */
#define _GNU_SOURCE
#include "command.h"
#include "cached_compiler.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_MAX (1 << 20)

const char *command_program(void)
{
    static char path[PATH_MAX + 16];
    const char *given = getenv("LSTMC");
    if (given && *given)
        return realpath(given, path) ? path : given;
    snprintf(path, sizeof path, "%s", test_programs());
    strcpy(strrchr(path, '/'), "/lstmc");
    cr_assert(!access(path, X_OK), "%s is not there: build it first", path);
    return path;
}

static char *read_all(FILE *file)
{
    char *text = malloc(TEXT_MAX + 1);
    cr_assert(text != NULL);
    rewind(file);
    text[fread(text, 1, TEXT_MAX, file)] = 0;
    fclose(file);
    return text;
}

static void become(const char *program, const char *compilers, const char *folder, int seconds, const char *line,
                   FILE *output, FILE *errors)
{
    struct rlimit limit = { (rlim_t)seconds, (rlim_t)seconds + 1 };
    setrlimit(RLIMIT_CPU, &limit);
    dup2(fileno(output), STDOUT_FILENO);
    dup2(fileno(errors), STDERR_FILENO);
    char path[2 * PATH_MAX];
    setenv("L", program, 1);
    snprintf(path, sizeof path, "%s:%s", compilers, getenv("PATH"));
    setenv("PATH", path, 1);        /* whoever compiles what was compiled before gets it out of the cache */
    unsetenv("CC");
    unsetenv("CFLAGS");
    unsetenv("NO_COLOR");
    unsetenv("MAKEFLAGS");
    unsetenv("MAKELEVEL");
    signal(SIGINT, SIG_DFL);        /* ignored by what was started in the background, or by nohup */
    signal(SIGHUP, SIG_DFL);
    if (chdir(folder))
        _exit(125);
    execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(126);
}

Ran command_run(const char *folder, int seconds, const char *line)
{
    FILE *output = tmpfile(), *errors = tmpfile();
    cr_assert(output && errors);
    /* here, as in the child a failure would make the framework wait for ever */
    const char *program = command_program(), *compilers = cached_compilers();
    pid_t child = fork();
    cr_assert(child >= 0);
    if (child == 0)
        become(program, compilers, folder, seconds, line, output, errors);
    int status;
    struct rusage usage;
    cr_assert(wait4(child, &status, 0, &usage) == child);
    Ran ran = { .status = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .output = read_all(output), .errors = read_all(errors) };
    ran.seconds = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    ran.kilobytes = usage.ru_maxrss;
    return ran;
}

void command_expect(const char *folder, int seconds, const char *line, int status, const char *output, const char *errors)
{
    Ran ran = command_run(folder, seconds, line);
    cr_expect(ran.status == status, "%s\n  exit status %d instead of %d\n%s%s", line, ran.status, status, ran.output, ran.errors);
    cr_expect(output ? strstr(ran.output, output) != NULL : !*ran.output, "%s\n  standard output: \"%.400s\", not \"%s\"", line, ran.output, output ? output : "");
    cr_expect(errors ? strstr(ran.errors, errors) != NULL : !*ran.errors, "%s\n  standard error: \"%.400s\", not \"%s\"", line, ran.errors, errors ? errors : "");
    ran_free(&ran);
}

char *command_said(const char *folder, int seconds, const char *line)
{
    Ran ran = command_run(folder, seconds, line);
    cr_assert_eq(ran.status, 0, "%s: %s", line, ran.errors);
    char *output = ran.output;
    free(ran.errors);
    return output;
}

void ran_free(Ran *ran)
{
    free(ran->output);
    free(ran->errors);
}

char *command_folder(void)
{
    char *folder = strdup("/tmp/lstmc-command-XXXXXX");
    cr_assert(folder && mkdtemp(folder));
    return folder;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

void command_folder_remove(char *folder)
{
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

void command_write(const char *folder, const char *name, const void *bytes, long count)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL, "cannot write %s", path);
    cr_assert(fwrite(bytes, 1, (size_t)count, file) == (size_t)count);
    cr_assert(!fclose(file));
}

char *command_read_file(const char *folder, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    return file ? read_all(file) : NULL;
}

int command_count_files(const char *folder)
{
    DIR *all = opendir(folder);
    cr_assert(all != NULL, "no folder %s", folder);
    int count = 0;
    while (readdir(all))
        count++;
    closedir(all);
    return count - 2;
}
