/* load.c: writes the generated files to a temporary folder, compiles them as a shared object, loads it, removes the folder. */
#include "load.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX 64

/* gcc -O3 would write out every short loop, which costs ten times the compile time and gains nothing; clang ignores the parameter. */
#define NATIVE_FLAGS " -march=native"
static const char *const flags_for[] = {
    [LOAD_TO_CHECK] = "-O2", [LOAD_TO_TRAIN] = "-O3 --param max-completely-peel-times=4",
};

static const char *setting(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value && *value ? value : otherwise;
}

/* Splits at spaces: $CC and $CFLAGS may hold several words. */
static int split(char *text, char **words, int count)
{
    for (char *word = strtok(text, " \t"); word && count < WORDS_MAX - 8; word = strtok(NULL, " \t"))
        words[count++] = word;
    return count;
}

/* Runs the words, standard output and error to `log`. Returns the exit status, 127 if there is no such program. */
static int run(char **words, const char *log)
{
    pid_t child = fork();
    if (child < 0)
        return 127;
    if (child == 0) {
        int file = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        if (file >= 0) {
            dup2(file, STDOUT_FILENO);
            dup2(file, STDERR_FILENO);
        }
        execvp(words[0], words);
        _exit(127);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

bool compiler_exists(void)
{
    char compiler[256], *words[WORDS_MAX];
    snprintf(compiler, sizeof compiler, "%s", setting("CC", "cc"));
    int count = split(compiler, words, 0);
    words[count++] = "--version";
    words[count] = NULL;
    return run(words, "/dev/null") == 0;
}

/* "-I... -L... -lopenblas" as pkg-config knows it, or as it is where the C compiler finds everything by itself. */
static char *blas_flags(Arena *arena)
{
    char *text = arena_alloc(arena, 1001);
    FILE *output = popen("pkg-config --cflags --libs openblas 2>/dev/null", "r");
    text[output ? fread(text, 1, 1000, output) : 0] = 0;
    bool found = output && pclose(output) == 0;
    text[strcspn(text, "\n")] = 0;
    return found ? text : arena_copy_text(arena, "-lopenblas");
}

static int build(Arena *arena, const char *source, const char *object, const char *log, LoadFor use, bool native, const char *libraries)
{
    char *compiler = arena_copy_text(arena, setting("CC", "cc"));
    char *flags = arena_copy_text(arena, setting("CFLAGS", arena_format(arena, "%s%s", flags_for[use], native ? NATIVE_FLAGS : "")));
    char *words[WORDS_MAX];
    int count = split(compiler, words, 0);
    count = split(flags, words, count);
    words[count++] = "-shared";
    words[count++] = "-fPIC";
    words[count++] = "-o";
    words[count++] = (char *)object;
    words[count++] = (char *)source;
    count = split(arena_copy_text(arena, libraries), words, count);
    words[count++] = "-lm";
    words[count] = NULL;
    return run(words, log);
}

static char *first_lines(Arena *arena, const char *path)
{
    char *text = arena_alloc(arena, 601);
    FILE *file = fopen(path, "r");
    if (file) {
        text[fread(text, 1, 600, file)] = 0;
        fclose(file);
    }
    return text;
}

static const char *failure(Arena *arena, const char *log, bool blas)
{
    const char *lines = first_lines(arena, log);
    if (blas && (strstr(lines, "cblas.h") || strstr(lines, "-lopenblas")))
        return "cblas.h or libopenblas is missing: install OpenBLAS (Debian: libopenblas-dev), or leave out --blas";
    return arena_format(arena, "%s failed on the generated code:\n%s", setting("CC", "cc"), lines);
}

/* Shards are what the threads are for: each of them calls BLAS, and BLAS is not to start threads of its own unless $OPENBLAS_NUM_THREADS says so. */
static void keep_to_one_thread(void *library)
{
    void (*set_threads)(int);
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    if (set_threads && !*setting("OPENBLAS_NUM_THREADS", ""))
        set_threads(1);
}

static bool load_from(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, LoadFor use, Loaded *loaded, const char *folder)
{
    const struct lstmc_model *m = &compiled->programs.model->descriptor;
    const char *file = compiled->programs.model->file;
    char *header = arena_format(arena, "%s/%s.h", folder, m->name), *source = arena_format(arena, "%s/%s.c", folder, m->name);
    char *object = arena_format(arena, "%s/%s.so", folder, m->name), *log = arena_format(arena, "%s/log", folder);
    int error = write_file(header, compiled->header.text, compiled->header.length);
    if (!error)
        error = write_file(source, compiled->source.text, compiled->source.length);
    bool done = false, blas = emit_calls_blas(&compiled->programs);
    bool native = !emit_dispatches(&compiled->programs);        /* what chooses for itself is to do so */
    const char *libraries = blas ? blas_flags(arena) : "";
    if (error) {
        diagnostics_add(diagnostics, file, 0, "%s cannot be written: %s", folder, strerror(error));
    } else if ((!native || build(arena, source, object, log, use, true, libraries)) &&
               build(arena, source, object, log, use, false, libraries)) {
        diagnostics_add(diagnostics, file, 0, "%s", failure(arena, log, blas));
    } else if (!(loaded->library = dlopen(object, RTLD_NOW | RTLD_LOCAL))) {
        diagnostics_add(diagnostics, file, 0, "the compiled model cannot be loaded: %s", dlerror());
    } else {
        loaded->model = dlsym(loaded->library, arena_format(arena, "%s_model", m->name));
        if (!loaded->model)
            die("%s_model is missing in the generated code", m->name);
        if (blas)
            keep_to_one_thread(loaded->library);
        done = true;
    }
    unlink(header);
    unlink(source);
    unlink(object);
    unlink(log);
    return done;
}

bool load(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, LoadFor use, Loaded *loaded)
{
    *loaded = (Loaded){ 0 };
    char *folder = arena_format(arena, "%s/lstmc-XXXXXX", setting("TMPDIR", "/tmp"));
    if (!mkdtemp(folder)) {
        diagnostics_add(diagnostics, compiled->programs.model->file, 0, "no temporary folder: %s", strerror(errno));
        return false;
    }
    bool done = load_from(arena, diagnostics, compiled, use, loaded, folder);
    rmdir(folder);
    return done;
}

void loaded_free(Loaded *loaded)
{
    if (loaded->library)
        dlclose(loaded->library);
    *loaded = (Loaded){ 0 };
}
