/* blas.c: loads OpenBLAS. It looks at the machine and at OPENBLAS_CORETYPE once, while it is loaded: other kernels are
 * in another copy of the library, of a file of its own, or dlopen would take it for the one that is there. Each finds
 * its own symbols first, and the bench sees those of neither but by a table. */
#define _GNU_SOURCE
#include "blas.h"
#include "bench.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#ifndef RTLD_DEEPBIND
#define RTLD_DEEPBIND 0
#endif

#if defined __x86_64__ || defined __i386__
#define AVX2_CORE (__builtin_cpu_is("amd") ? "Zen" : "Haswell")
#else
#define AVX2_CORE NULL
#endif

/* The widest kernels that code of the bench's own flags may be compared with. */
#ifdef __AVX512F__
#define WIDEST_CORE "SkylakeX"
#elif defined __AVX2__
#define WIDEST_CORE AVX2_CORE
#else
#define WIDEST_CORE NULL
#endif

static bool is_one_of(const char *core, const char *const *names)
{
    while (*names && strcmp(core, *names))
        names++;
    return *names;
}

/* An OpenBLAS that is older than the machine takes it for one of 2004, and is several times slower than it could be.
 * And a bench that was compiled for a lesser machine than this is about that one. */
static bool suits(const char *core)
{
    static const char *const old[] = { "Prescott", NULL };
    static const char *const wide[] = { "SkylakeX", "Cooperlake", "SapphireRapids", NULL };
    if (!WIDEST_CORE)
        return true;
#ifdef __AVX512F__
    (void)wide;
    return !is_one_of(core, old);
#else
    return !is_one_of(core, old) && !is_one_of(core, wide);
#endif
}

/* The functions of a loaded library. */
static bool take_functions(Blas *blas, void *library)
{
    char *(*core)(void);
    *(void **)&core = dlsym(library, "openblas_get_corename");
    *(void **)&blas->sgemm = dlsym(library, "cblas_sgemm");
    *(void **)&blas->sgemv = dlsym(library, "cblas_sgemv");
    *(void **)&blas->set_num_threads = dlsym(library, "openblas_set_num_threads");
    if (core)
        snprintf(blas->core, sizeof blas->core, "%s", core());
    return core && blas->sgemm && blas->sgemv && blas->set_num_threads;
}

static void *load(Blas *blas, const char *path, char *why)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
    if (library && take_functions(blas, library))
        return library;
    snprintf(why, WHY_MAX, "%s", library ? "not the OpenBLAS that the bench knows" : dlerror());
    return NULL;
}

/* A copy of the library that `of` is from, loaded where it believes to be on another machine. */
static bool load_copy(Blas *blas, void *of, const char *core, char *why)
{
    struct link_map *map;
    char copy[600], line[2400], log[600];
    if (dlinfo(of, RTLD_DI_LINKMAP, &map))
        return false;
    snprintf(copy, sizeof copy, "%s/openblas-%s.so", options.folder, core);
    snprintf(log, sizeof log, "%s/openblas.log", options.folder);
    snprintf(line, sizeof line, "rm -f %s && cp %s %s", copy, map->l_name, copy);
    if (run_words(line, log)) {
        snprintf(why, WHY_MAX, "no copy of it could be made, see %.200s", log);
        return false;
    }
    setenv("OPENBLAS_CORETYPE", core, 1);
    void *library = load(blas, copy, why);
    unsetenv("OPENBLAS_CORETYPE");
    if (!library || !strcmp(blas->core, core))
        return library;
    snprintf(why, WHY_MAX, "it has no kernels for %s", core);
    return false;
}

typedef struct Loaded {
    bool there;
    Blas blas;
    char why[WHY_MAX];          /* it is not */
} Loaded;

typedef struct Both {
    bool tried;
    Loaded picked, avx2;
} Both;

static void load_both(Both *both)
{
    Loaded *picked = &both->picked, *avx2 = &both->avx2;
    void *library = load(&picked->blas, "libopenblas.so.0", picked->why);
    picked->there = library;
    if (library && !suits(picked->blas.core))
        picked->there = load_copy(&picked->blas, library, WIDEST_CORE, picked->why);
    strcpy(avx2->why, library ? "its kernels are those already" : picked->why);
#ifdef __AVX512F__
    if (library && strcmp(picked->blas.core, AVX2_CORE))
        avx2->there = load_copy(&avx2->blas, library, AVX2_CORE, avx2->why);
#endif
}

/* Once in a run. */
static const Both *both_loaded(void)
{
    static Both both;
    if (!both.tried)
        load_both(&both);
    both.tried = true;
    return &both;
}

static const Blas *answer(const Loaded *loaded, char *why)
{
    memcpy(why, loaded->why, WHY_MAX);
    return loaded->there ? &loaded->blas : NULL;
}

const Blas *blas_picked(char *why)
{
    return answer(&both_loaded()->picked, why);
}

const Blas *blas_avx2(char *why)
{
    return answer(&both_loaded()->avx2, why);
}
