/* lstmc_float.h: floats as C defines them, whatever the flags of the compiler say. -ffast-math and its parts
 * (-funsafe-math-optimizations, -fassociative-math, -ffinite-math-only and others) would take sums apart that are
 * rounded on purpose, and NaNs for impossible. The compiler copies this text into every generated source, before all
 * that computes.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_FLOAT_H
#define LSTMC_FLOAT_H

#include <float.h>

/* a * b + c is rounded twice, everywhere alike; lstmc_vec.h thinks otherwise. */
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wignored-pragmas"    /* float_control is not for every machine */
#pragma float_control(push)
#pragma float_control(precise, on)
#pragma clang diagnostic pop
#pragma clang fp reassociate(off)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("no-fast-math", "no-unsafe-math-optimizations", "no-associative-math", "no-reciprocal-math")
#pragma GCC optimize("no-finite-math-only", "signed-zeros", "fp-contract=off")
/* gcc 12 writes an address as 0 + everything, takes that for a null pointer, whatever follows for impossible, and
 * leaves out the call of a function that writes there. */
#pragma GCC optimize("no-delete-null-pointer-checks")
#if FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2    /* floats computed as doubles: beside vectors an error */
#pragma GCC optimize("excess-precision=fast")
#endif
#endif

#endif
