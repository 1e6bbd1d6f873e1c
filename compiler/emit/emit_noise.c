/* emit_noise.c: in: the noise of a dropout, or normal noise.  out: the loops that draw it. */
#include "emit.h"

static const char *noise_index(Arena *arena, const Tensor *noise, int dimension)
{
    return dimension == noise->batch_dimension ? "b"
         : dimension == noise->time_dimension  ? "t"
         : dimension == noise->rank - 1        ? "n" : arena_format(arena, "i%d", dimension);
}

/* "dropout.noise[t,b,n] = 0 with probability 0.2, else 1.25" */
static void put_about_noise(Out *out, Arena *arena, const Tensor *noise)
{
    const char *text = arena_format(arena, "%s.%s", noise->layer, noise->name);
    for (int d = 0; d < noise->rank; d++)
        text = arena_format(arena, "%s%s%s", text, d ? "," : "[", noise_index(arena, noise, d));
    if (noise->normal)
        put(out, "/* %s] = normal, of mean 0 and deviation %.9g */", text, noise->rate);
    else
        put(out, "/* %s] = 0 with probability %.9g, else %.9g */", text, noise->rate, 1 / (1 - (double)noise->rate));
}

/* Noise is a function of (seed, place, sample in the whole batch, element in the sample). */
void emit_noise(Out *out, Arena *arena, const Ir *ir, const Tensor *noise)
{
    const char *place = arena_format(arena, "tape->%s", tensor_member(arena, ir, noise)), *element = "",
               *sample = "";
    int loops = 0;
    put_about_noise(out, arena, noise);
    for (int d = 0; d < noise->rank; d++) {
        const char *name = noise_index(arena, noise, d);
        if (d == noise->batch_dimension) {
            sample = " + b";
            put(out, "for (int b = 0; b < rows; b++) {");
        } else {
            element = *element ? arena_format(arena, loops > 1 ? "(%s) * %d + %s" : "%s * %d + %s", element,
                                              noise->extent[d], name)
                               : name;
            loops++;
            put(out, "for (int %s = 0; %s < %d; %s++) {", name, name, noise->extent[d], name);
        }
        place = arena_format(arena, "%s[%s]", place, name);
    }
    emit_line(out, arena,
              arena_format(arena,
                           "%s = lstmc_%s_noise(%s, seed, %d, (uint64_t)(tape->first_row%s), (uint64_t)(%s));",
                           place, noise->normal ? "normal" : "dropout", float_text(arena, noise->rate), noise->place,
                           sample, *element ? element : "0"));
    for (int d = 0; d < noise->rank; d++)
        put(out, "}");
}
