/* beside.h: programs and modules that belong to this one. */
#ifndef BESIDE_H
#define BESIDE_H

#include "base.h"

/* The path of a file that can be run, beside the running program or where a program that was installed has its helpers;
 * NULL: it is in neither. */
const char *beside_program(Arena *arena, const char *name);

#endif
