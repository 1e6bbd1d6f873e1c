/* fast_math.h: tanh and sigmoid that a compiler turns into vectors: the rational ones of speed.md, the same as in generated code. */
#ifndef FAST_MATH_H
#define FAST_MATH_H

static inline float fast_tanh(float x)
{
    x = x > 8.09810925f ? 8.09810925f : x < -8.09810925f ? -8.09810925f : x;
    float u = x * x;
    float p = 1 + u * (0x1.1213d6p-3f + u * (0x1.ca6b5ap-9f + u * (0x1.5a36p-16f + u * 0x1.cbe26p-27f)));
    float q = 1 + u * (0x1.de5f36p-2f + u * (0x1.a816f8p-6f + u * (0x1.58d378p-12f + u * 0x1.a23c4ap-21f)));
    return x * p / q;
}

static inline float fast_sigmoid(float x)
{
    return 0.5f + 0.5f * fast_tanh(0.5f * x);
}

#endif
