/* lstmc_math.h: exp, log, tanh, sigmoid, softplus, erf over vectors (lstmc_vec.h). A NaN stays one. tests/test_math.c asserts the bounds given here.
 * LSTMC_PRECISE, defined before: tanh and sigmoid by exp, relative to the last digits everywhere; else by rational functions, faster by a third.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_MATH_H
#define LSTMC_MATH_H

#if VEC > 1

/* 1 ulp. Reduction in two steps after Cody & Waite 1980; the polynomial and those of log and erf below are those of Moshier's Cephes library. */
VEC_FUNCTION vec vec_exp(vec x)
{
    const float shift = 12582912.0f;        /* 1.5 * 2^23: adding it leaves the nearest integer in the low bits */
    vec bounded = vec_select(x > vec_splat(89.0f), vec_splat(89.0f), x);
    bounded = vec_select(bounded < vec_splat(-104.0f), vec_splat(-104.0f), bounded);
    vec shifted = bounded * 1.44269504f + shift, n = shifted - shift;
    vec r = bounded - n * 0.693359375f - n * -2.12194440e-4f;
    vec p = 1.3981999507e-3f + r * 1.9875691500e-4f;
    p = 8.3334519073e-3f + r * p;
    p = 4.1665795894e-2f + r * p;
    p = 1.6666665459e-1f + r * p;
    p = 5.0000001201e-1f + r * p;
    p = 1.0f + (r + r * r * p);
    vec_mask power = (vec_mask)shifted - 0x4b400000, half = power >> 1;        /* in two steps, so that tiny results are right and large ones inf */
    return p * (vec)((half + 127) << 23) * (vec)((power - half + 127) << 23);
}

/* 1 ulp; log(0) = -inf, of what is less a NaN. */
VEC_FUNCTION vec vec_log(vec x)
{
    vec_mask small = x < vec_splat(FLT_MIN);
    vec scaled = vec_select(small, x * 8388608.0f, x);
    vec_mask bits = (vec_mask)scaled, power = (bits - 0x3f3504f3) >> 23;        /* the mantissa between sqrt(1/2) and sqrt(2) */
    vec f = (vec)(bits - (power << 23)) - 1.0f;
    power -= small & 23;
    vec n = (vec)(power + 0x4b400000) - 12582912.0f, square = f * f;
    vec p = -1.1514610310e-1f + f * 7.0376836292e-2f;
    p = 1.1676998740e-1f + f * p;
    p = -1.2420140846e-1f + f * p;
    p = 1.4249322787e-1f + f * p;
    p = -1.6668057665e-1f + f * p;
    p = 2.0000714765e-1f + f * p;
    p = -2.4999993993e-1f + f * p;
    p = 3.3333331174e-1f + f * p;
    vec y = f * square * p + n * -2.12194440e-4f - 0.5f * square;
    y = f + y + n * 0.693359375f;
    y = vec_select(x == vec_splat(0.0f), vec_splat(-INFINITY), y);
    y = vec_select(x < vec_splat(0.0f), vec_splat(NAN), y);
    return vec_select((x == vec_splat(INFINITY)) | (x != x), x, y);
}

/* Close to zero 3 ulp, everywhere 3e-7 relative. */
VEC_FUNCTION vec vec_tanh_precise(vec x)
{
    vec size = vec_absolute(x), e = vec_exp(-2.0f * size), u = x * x;
    vec p = 2.06390887954e-2f + u * -5.70498872745e-3f;
    p = -5.37397155531e-2f + u * p;
    p = 1.33314422036e-1f + u * p;
    p = -3.33332819422e-1f + u * p;
    vec large = (1.0f - e) / (1.0f + e);
    large = (vec)((vec_mask)large | ((vec_mask)x & ~0x7fffffff));
    return vec_select(size < vec_splat(0.625f), x + x * u * p, large);
}

/* Relative down to exp's smallest result. */
VEC_FUNCTION vec vec_sigmoid_precise(vec x)
{
    vec e = vec_exp(-vec_absolute(x));
    return vec_select(x < vec_splat(0.0f), e, vec_splat(1.0f)) / (1.0f + e);
}

/* log(1 + exp(x)): max(x, 0) + log1p(exp(-|x|)), the rounding of 1 + e made good to first order. */
VEC_FUNCTION vec vec_softplus(vec x)
{
    vec e = vec_exp(-vec_absolute(x)), sum = 1.0f + e;
    return vec_select(x < vec_splat(0.0f), vec_splat(0.0f), x) + (vec_log(sum) + (e - (sum - 1.0f)) / sum);
}

VEC_FUNCTION vec vec_erf(vec x)
{
    vec u = x * x, size = vec_absolute(x), inverse = 1.0f / size, v = inverse * inverse;
    vec p = -8.010193625184903e-4f + u * 7.853861353153693e-5f;
    p = 5.188327685732524e-3f + u * p;
    p = -2.685381193529856e-2f + u * p;
    p = 1.128358514861418e-1f + u * p;
    p = -3.761262582423300e-1f + u * p;
    p = 1.128379165726710f + u * p;
    vec near = -1.387039388740657e-1f + v * 2.326819970068386e-2f;              /* 1 <= |x| < 2 */
    near = 3.687424674597105e-1f + v * near;
    near = -5.824733027278666e-1f + v * near;
    near = 6.210004621745983e-1f + v * near;
    near = -4.944515323274145e-1f + v * near;
    near = 3.404879937665872e-1f + v * near;
    near = -2.741127028184656e-1f + v * near;
    near = 5.638259427386472e-1f + v * near;
    vec far = 1.297719955372516e+1f + v * -1.047766399936249e+1f;
    far = -7.495518717768503f + v * far;
    far = 2.921019019210786f + v * far;
    far = -1.015265279202700f + v * far;
    far = 4.218463358204948e-1f + v * far;
    far = -2.820767439740514e-1f + v * far;
    far = 5.641895067754075e-1f + v * far;
    vec large = 1.0f - vec_exp(-u) * inverse * vec_select(size < vec_splat(2.0f), near, far);
    large = vec_select(size > vec_splat(4.0f), vec_splat(1.0f), large);
    large = (vec)((vec_mask)large | ((vec_mask)x & ~0x7fffffff));
    return vec_select((size < vec_splat(1.0f)) | (x != x), x * p, large);
}

#else

VEC_FUNCTION vec vec_exp(vec x) { return expf(x); }
VEC_FUNCTION vec vec_log(vec x) { return logf(x); }
VEC_FUNCTION vec vec_tanh_precise(vec x) { return tanhf(x); }
VEC_FUNCTION vec vec_sigmoid_precise(vec x) { return x < 0.0f ? expf(x) / (1.0f + expf(x)) : 1.0f / (1.0f + expf(-x)); }
VEC_FUNCTION vec vec_softplus(vec x) { return (x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x))); }
VEC_FUNCTION vec vec_erf(vec x) { return erff(x); }

#endif

/* x * P(x^2) / Q(x^2), fitted to floats: 5.1 ulp and 3e-7 at most, never beyond 1. */
VEC_FUNCTION vec vec_tanh(vec x)
{
#ifdef LSTMC_PRECISE
    return vec_tanh_precise(x);
#else
    vec bounded = vec_clamp(x, 8.09810925f), u = bounded * bounded;
    vec p = 1.0f + u * (0x1.1213d6p-3f + u * (0x1.ca6b5ap-9f + u * (0x1.5a36p-16f + u * 0x1.cbe26p-27f)));
    vec q = 1.0f + u * (0x1.de5f36p-2f + u * (0x1.a816f8p-6f + u * (0x1.58d378p-12f + u * 0x1.a23c4ap-21f)));
    return bounded * p / q;
#endif
}

/* 1/2 + x * P(x^2) / Q(x^2), the same function at half the argument: 1.8e-7 absolute, in the negative tail too. */
VEC_FUNCTION vec vec_sigmoid(vec x)
{
#ifdef LSTMC_PRECISE
    return vec_sigmoid_precise(x);
#else
    vec bounded = vec_clamp(x, 16.1962185f), u = bounded * bounded;
    vec p = 0.25f + u * (0x1.1213d6p-7f + u * (0x1.ca6b5ap-15f + u * (0x1.5a36p-24f + u * 0x1.cbe26p-37f)));
    vec q = 1.0f + u * (0x1.de5f36p-4f + u * (0x1.a816f8p-10f + u * (0x1.58d378p-18f + u * 0x1.a23c4ap-29f)));
    return 0.5f + bounded * p / q;
#endif
}

#endif
