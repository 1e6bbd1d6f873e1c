/* load.c: writes the generated files to a temporary folder, compiles them as a shared object, loads it, removes the
 * folder. */
#include "load.h"
#include "compiler/base/run.h"

#include "runtime/files/file.h"
#include "runtime/files/replace.h"
#include "runtime/lstmc_random.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORDS_MAX 64

/* gcc -O3 would write out every short loop, which costs ten times the compile time and gains nothing; clang ignores the
 * parameter. */
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

bool compiler_exists(void)
{
    char compiler[256], *words[WORDS_MAX];
    snprintf(compiler, sizeof compiler, "%s", setting("CC", "cc"));
    int count = split(compiler, words, 0);
    words[count++] = "--version";
    words[count] = NULL;
    run_begin();
    int status = run(words, "/dev/null", NULL);
    run_end();
    return status == 0;
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

/* What is built, and with what: files in the temporary folder. */
typedef struct Build {
    const char *folder, *header, *source, *object, *log, *libraries;
    const char *kept;           /* where the object is to stay, on the same disk; NULL: nowhere */
    LoadFor use;
} Build;

static int build(Arena *arena, const Build *b, bool native)
{
    char *compiler = arena_copy_text(arena, setting("CC", "cc"));
    const char *usual = arena_format(arena, "%s%s", flags_for[b->use], native ? NATIVE_FLAGS : "");
    char *flags = arena_copy_text(arena, setting("CFLAGS", usual));
    char *words[WORDS_MAX];
    int count = split(compiler, words, 0);
    count = split(flags, words, count);
    words[count++] = "-shared";
    words[count++] = "-fPIC";
    words[count++] = "-o";
    words[count++] = (char *)b->object;
    words[count++] = (char *)b->source;
    count = split(arena_copy_text(arena, b->libraries), words, count);
    words[count++] = "-lm";
    words[count] = NULL;
    return run(words, b->log, b->folder);
}

static const char *failure(Arena *arena, const char *log, bool blas)
{
    const char *lines = run_said(arena, log, 600);
    if (blas && (strstr(lines, "cblas.h") || strstr(lines, "-lopenblas")))
        return "cblas.h or libopenblas is missing: install OpenBLAS (Debian: libopenblas-dev), or leave out --blas";
    return arena_format(arena, "%s failed on the generated code:\n%s", setting("CC", "cc"), lines);
}

/* Shards are what the threads are for: each of them calls BLAS, and BLAS is not to start threads of its own unless
 * $OPENBLAS_NUM_THREADS says so. */
static void keep_to_one_thread(void *library)
{
    void (*set_threads)(int);
    *(void **)&set_threads = dlsym(library, "openblas_set_num_threads");
    if (set_threads && !*setting("OPENBLAS_NUM_THREADS", ""))
        set_threads(1);
}

static bool open_object(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, const char *object,
                        const char *libraries, Loaded *loaded)
{
    const char *name = compiled->programs.model->descriptor.name;
    if (!(loaded->library = dlopen(object, RTLD_NOW | RTLD_LOCAL))) {
        diagnostics_add(diagnostics, compiled->programs.model->file, 0, "the compiled model cannot be loaded: %s",
                        dlerror());
        return false;
    }
    loaded->model = dlsym(loaded->library, arena_format(arena, "%s_model", name));
    if (!loaded->model)
        die("%s_model is missing in the generated code", name);
    if (compiled->programs.decode)
        loaded->decoder = dlsym(loaded->library, arena_format(arena, "%s_decoder", name));
    if (*libraries)
        keep_to_one_thread(loaded->library);
    return true;
}

static bool keep_object(Diagnostics *diagnostics, const Build *b, const char *file)
{
    if (!rename(b->object, b->kept))
        return true;
    diagnostics_add(diagnostics, file, 0, "%s: cannot be written: %s", b->kept, lstmc_write_reason(errno));
    return false;
}

static bool build_object(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, const Build *b)
{
    const char *file = compiled->programs.model->file;
    int error = write_file(b->header, compiled->header.text, compiled->header.length);
    if (!error)
        error = write_file(b->source, compiled->source.text, compiled->source.length);
    bool native = !emit_dispatches(&compiled->programs);        /* what chooses for itself is to do so */
    if (error) {
        diagnostics_add(diagnostics, file, 0, "%s cannot be written: %s", b->folder, lstmc_write_reason(error));
        return false;
    }
    if ((!native || build(arena, b, true)) && build(arena, b, false)) {
        diagnostics_add(diagnostics, file, 0, "%s", failure(arena, b->log, *b->libraries));
        return false;
    }
    return !b->kept || keep_object(diagnostics, b, file);
}

/* What a kept object is called: by all that it is made of, 128 bits of it. */
static const char *kept_name(Arena *arena, const Compiled *compiled, const char *folder)
{
    const char *parts[] = { setting("CC", "cc"), setting("CFLAGS", ""), compiled->header.text, compiled->source.text };
    uint64_t key[2] = { 1, 2 };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (const char *c = parts[i]; c == parts[i] || c[-1]; c++)
            for (int k = 0; k < 2; k++)
                key[k] = lstmc_mix(key[k] ^ (unsigned char)*c);
    return arena_format(arena, "%s/%016llx%016llx.so", folder, (unsigned long long)key[0], (unsigned long long)key[1]);
}

/* The object file as it is on rank 0, which alone has built it. */
static bool share_object(Diagnostics *diagnostics, const Compiled *compiled, const Build *b, Ranks *ranks, bool built)
{
    struct { size_t size; bool built; } object = { 0, built };
    unsigned char *bytes = NULL;
    if (!ranks->transport.rank && built)
        object.built = !lstmc_file_read(b->object, &bytes, &object.size, NULL);
    ranks_spread(ranks, &object, sizeof object);
    if (ranks->transport.rank && object.built)
        bytes = malloc(object.size);
    if (ranks_agree(ranks, object.built && !bytes)) {
        free(bytes);
        return false;
    }
    if (!object.built)
        return false;
    ranks_spread(ranks, bytes, object.size);
    int error = ranks->transport.rank ? write_file(b->object, (const char *)bytes, object.size) : 0;
    free(bytes);
    if (error)
        diagnostics_add(diagnostics, compiled->programs.model->file, 0, "%s cannot be written: %s", b->folder,
                        lstmc_write_reason(error));
    return !error;
}

/* `wanted`: what for, with what, and where the object is to stay, if anywhere. */
static bool build_and_open(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, const Build *wanted,
                           Ranks *ranks, Loaded *loaded)
{
    const char *name = compiled->programs.model->descriptor.name;
    run_begin();
    const char *folder = run_folder(arena);
    if (!folder)
        diagnostics_add(diagnostics, compiled->programs.model->file, 0, "no temporary folder: %s", strerror(errno));
    bool done = false;
    if (!(ranks ? ranks_agree(ranks, !folder) : !folder)) {
        Build b = *wanted;
        b.folder = folder;
        b.log = arena_format(arena, "%s/log", folder);
        b.header = arena_format(arena, "%s/%s.h", folder, name);
        b.source = arena_format(arena, "%s/%s.c", folder, name);
        b.object = arena_format(arena, "%s/%s.so", folder, name);
        done = (!ranks || !ranks->transport.rank) && build_object(arena, diagnostics, compiled, &b);
        if (ranks && ranks->transport.ranks > 1)
            done = share_object(diagnostics, compiled, &b, ranks, done);
        done = done && open_object(arena, diagnostics, compiled, b.kept ? b.kept : b.object, b.libraries, loaded);
    }
    if (folder)
        run_folder_remove(folder);
    run_end();
    return done;
}

bool load_kept(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, LoadFor use, const char *folder,
               Loaded *loaded)
{
    const char *kept = folder ? kept_name(arena, compiled, folder) : NULL;
    const char *libraries = emit_calls_blas(&compiled->programs) ? blas_flags(arena) : "";
    *loaded = (Loaded){ 0 };
    if (kept && !access(kept, R_OK))
        return open_object(arena, diagnostics, compiled, kept, libraries, loaded);
    const Build wanted = { .use = use, .kept = kept, .libraries = libraries };
    return build_and_open(arena, diagnostics, compiled, &wanted, NULL, loaded);
}

bool load(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, LoadFor use, Loaded *loaded)
{
    return load_kept(arena, diagnostics, compiled, use, NULL, loaded);
}

bool load_together(Arena *arena, Diagnostics *diagnostics, const Compiled *compiled, LoadFor use, Ranks *ranks,
                   Loaded *loaded)
{
    const char *libraries = emit_calls_blas(&compiled->programs) ? blas_flags(arena) : "";
    *loaded = (Loaded){ 0 };
    const Build wanted = { .use = use, .libraries = libraries };
    return build_and_open(arena, diagnostics, compiled, &wanted, ranks, loaded);
}

void loaded_free(Loaded *loaded)
{
    if (loaded->library)
        dlclose(loaded->library);
    *loaded = (Loaded){ 0 };
}
