/* cached_compiler.h: compilers out of the cache (compilers/cached.c), which lie beside the test programs. */
#ifndef CACHED_COMPILER_H
#define CACHED_COMPILER_H

/* The folder of all of them, to stand first in a PATH. Valid until the program ends. */
const char *cached_compilers(void);
/* Makes the one of this name, "gcc", what lstmc compiles with. */
void use_cached_compiler(const char *name);

#endif
