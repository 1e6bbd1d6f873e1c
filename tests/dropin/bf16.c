/* bf16.c: the functions of lstmc_bf16.h over floats of all kinds: every STEPth one, beside lower halves of all kinds, and as vectors of the width
 * that LANES and the compiler's flags give. Prints what is broken; exit status 1 then.
 *     bf16 STEP */
#include "lstmc_vec.h"
#include "lstmc_bf16.h"

#include <stdio.h>
#include <stdlib.h>

static int broken;

static void expect(int kept, const char *what, uint32_t bits, uint32_t lower, uint32_t word)
{
    if (!kept && broken++ < 20)
        printf("%s: %08lx beside %04lx: %08lx\n", what, (unsigned long)bits, (unsigned long)lower, (unsigned long)word);
}

static int is_nan(uint32_t bits)
{
    return (bits & 0x7fffffffu) > 0x7f800000u;
}

/* Round half to even, by the addition that carries; but finite numbers stay finite. */
static uint32_t nearest(uint32_t bits)
{
    uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1)) & 0xffff0000u;
    return (rounded & 0x7fffffffu) == 0x7f800000u && (bits & 0x7fffffffu) < 0x7f800000u ? rounded - 0x10000u : rounded;
}

static void check_lower(uint32_t bits)
{
    uint32_t word = bf16_word(bf16_float(bits), 0);
    expect(!(word & 0xffffu), "a lower half of its own", bits, 0, word);
    expect(is_nan(bits) ? is_nan(word) : word == nearest(bits), "not the nearest", bits, 0, word);
}

/* Beside a lower half: no neighbour is nearer, and the error is half of the last bit. */
static void check_upper(uint32_t bits, uint32_t lower)
{
    const double least = 0x1p-100;
    uint32_t word = bf16_word(bf16_float(bits), lower);
    double x = (double)bf16_float(bits), size = fabs(x), got = (double)bf16_float(word), error = fabs(got - x);
    expect((word & 0xffffu) == lower, "another lower half", bits, lower, word);
    if (is_nan(bits) || isinf(x)) {
        expect(is_nan(word), "no NaN", bits, lower, word);
        return;
    }
    expect(isfinite(got) != 0, "not finite", bits, lower, word);
    expect(!signbit(got) == !signbit(x), "another sign", bits, lower, word);
    expect(fabs(got) >= least && (size >= least || fabs(got) <= least * (1 + 0x1p-7)), "a tiny number", bits, lower, word);
    expect(bf16_word(bf16_float(word), lower) == word, "not the same once more", bits, lower, word);
    if (size < 2 * least)
        return;
    expect(error <= 0x1p-8 * size || (bits & 0x7fffffffu) > 0x7f7f0000u, "too far away", bits, lower, word);
    for (int i = -2; i <= 2; i++) {
        double other = (double)bf16_float(word + 0x10000u * (uint32_t)i);
        expect(!isfinite(other) || fabs(other - x) >= error, "a neighbour is nearer", bits, lower, word);
    }
}

static void check_put(uint32_t bits, uint32_t upper)
{
    uint32_t word = 0xdeadbeefu, lower = bf16_word(bf16_float(bits), 0) >> 16;
    bf16_put(&word, 0, bf16_float(bits));
    expect(word == lower, "another word of its lower half", bits, 0, word);
    bf16_put(&word, 1, bf16_float(upper));
    expect(word == bf16_word(bf16_float(upper), lower), "another word of both", upper, lower, word);
}

static void check_floats(uint32_t step)
{
    static const uint32_t lowers[] = { 0x0001, 0x3f80, 0x7f7f, 0x7fff, 0x8000, 0x8001, 0xbdcc, 0xffff };
    static const uint32_t ends[] = { 0, 1, 0x7fffff, 0x800000, 0x800001, 0x0d800000, 0x0d7fffff, 0x0d800001, 0x3f800000, 0x3f808000, 0x3f818000,
                                     0x3f7fffff, 0x7f7fffff, 0x7f7f8000, 0x7f7f7fff, 0x7f800000, 0x7f800001, 0x7fc00000, 0x7fffffff };
    const uint64_t last = 0xffffffffu, count = sizeof ends / sizeof *ends;
    for (uint64_t i = 0; i <= last / step + 2 * count; i++) {
        uint64_t end = i - last / step - 1;
        uint32_t bits = i <= last / step ? (uint32_t)i * step : end < count ? ends[end] : ends[(end - count) % count] | 0x80000000u;
        check_lower(bits);
        for (size_t l = 0; l < sizeof lowers / sizeof *lowers; l++)
            check_upper(bits, lowers[l]);
        check_put(bits, bits * 2654435761u);
    }
}

/* Lane by lane, at every distance from a boundary of a vector. */
static void check_vectors(void)
{
    uint32_t words[3 * VEC];
    for (uint32_t turn = 0; turn < 1000; turn++) {
        for (uint32_t i = 0; i < 3 * VEC; i++)
            words[i] = (turn * 3 * VEC + i + 1) * 2654435761u;
        for (int start = 0; start <= 2 * VEC; start++) {
            float lower[VEC], upper[VEC];
            vec_store(lower, vec_lower(words + start));
            vec_store(upper, vec_upper(words + start));
            for (int i = 0; i < VEC; i++) {
                uint32_t word = words[start + i], low, high;
                memcpy(&low, &lower[i], sizeof low);
                memcpy(&high, &upper[i], sizeof high);
                expect(low == word << 16, "another lower half in a vector", low, word & 0xffffu, word);
                expect(high == word, "another upper half in a vector", high, word & 0xffffu, word);
            }
        }
    }
}

int main(int count, char **arguments)
{
    if (count != 2 || strtoul(arguments[1], NULL, 10) == 0)
        return 2;
    check_floats((uint32_t)strtoul(arguments[1], NULL, 10));
    check_vectors();
    printf("%d lanes in vectors of %d: %d broken\n", LANES, VEC, broken);
    return broken > 0;
}
