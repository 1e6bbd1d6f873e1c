/* cached_compiler.h: compilers out of the cache (compilers/cached.c), which lie beside the test programs. */
#ifndef CACHED_COMPILER_H
#define CACHED_COMPILER_H

/* The folder of the test programs. Valid until the program ends. */
const char *test_programs(void);
/* That of all the compilers, to stand first in a PATH. Valid as long. */
const char *cached_compilers(void);
/* Makes the one of this name, "gcc", what lstmc compiles with. */
void use_cached_compiler(const char *name);

#endif
