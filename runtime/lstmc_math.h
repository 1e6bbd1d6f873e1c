/* lstmc_math.h: exp, log, tanh, sigmoid, softplus, erf and others over vectors (lstmc_vec.h). A NaN stays one.
 * tests/test_math.c asserts the bounds given here. tanh and sigmoid are there twice: by exp, relative to the last
 * digits everywhere, and by rational functions, faster by a third, for what recurs. LSTMC_PRECISE, defined before: by
 * exp there too.
 * SPDX-License-Identifier: 0BSD */
#ifndef LSTMC_MATH_H
#define LSTMC_MATH_H

#if VEC > 1

/* x is power log(2) + r: returns exp(r) - 1. Reduction in two steps after Cody & Waite 1980; the polynomial and those
 * of log and erf below are those of Moshier's Cephes library. */
VEC_FUNCTION vec vec_reduced_expm1(vec x, vec_mask *power)
{
    const float shift = 12582912.0f;        /* 1.5 * 2^23: adding it leaves the nearest integer in the low bits */
    vec bounded = vec_between(x, -104.0f, 89.0f);
    vec shifted = bounded * 1.44269504f + shift, n = shifted - shift;
    vec r = bounded - n * 0.693359375f - n * -2.12194440e-4f;
    vec p = 1.3981999507e-3f + r * 1.9875691500e-4f;
    p = 8.3334519073e-3f + r * p;
    p = 4.1665795894e-2f + r * p;
    p = 1.6666665459e-1f + r * p;
    p = 5.0000001201e-1f + r * p;
    *power = (vec_mask)shifted - 0x4b400000;
    return r + r * r * p;
}

VEC_FUNCTION vec vec_power_of_two(vec_mask power) { return (vec)((power + 127) << 23); }

/* 1 ulp. */
VEC_FUNCTION vec vec_exp(vec x)
{
    vec_mask power;
    vec p = 1.0f + vec_reduced_expm1(x, &power);
    vec_mask half = power >> 1;             /* in two steps, so that tiny results are right and large ones inf */
    return p * vec_power_of_two(half) * vec_power_of_two(power - half);
}

/* exp(x) - 1 within 2 ulp, close to zero too. */
VEC_FUNCTION vec vec_expm1(vec x)
{
    vec_mask power;
    vec p = vec_reduced_expm1(x, &power);
    vec_mask half = power >> 1, rest = power - half;
    vec scale = vec_power_of_two(half);
    return (p * scale + (scale - vec_power_of_two(-rest))) * vec_power_of_two(rest);
}

/* 1 ulp; log(0) = -inf, of what is less a NaN. */
VEC_FUNCTION vec vec_log(vec x)
{
    vec_mask small = x < vec_splat(FLT_MIN);
    vec scaled = vec_select(small, x * 8388608.0f, x);
    /* the mantissa between sqrt(1/2) and sqrt(2) */
    vec_mask bits = (vec_mask)scaled, power = (bits - 0x3f3504f3) >> 23;
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

/* y * (1 - y) without the cancellation. */
VEC_FUNCTION vec vec_sigmoid_slope(vec x)
{
    vec e = vec_exp(-vec_absolute(x)), sum = 1.0f + e;
    return e / (sum * sum);
}

/* 1 - y * y without the cancellation. */
VEC_FUNCTION vec vec_tanh_slope(vec x) { return 4.0f * vec_sigmoid_slope(x + x); }

/* log(1 + x), the rounding of 1 + x made good to first order. */
VEC_FUNCTION vec vec_log1p(vec x)
{
    vec sum = 1.0f + x;
    return vec_select(sum == vec_splat(INFINITY), sum, vec_log(sum) + (x - (sum - 1.0f)) / sum);
}

/* log(1 + exp(x)) */
VEC_FUNCTION vec vec_softplus(vec x)
{
    return vec_select(x < vec_splat(0.0f), vec_splat(0.0f), x) + vec_log1p(vec_exp(-vec_absolute(x)));
}

/* erf(x) / x for |x| < 1, as a polynomial of u = x * x. */
VEC_FUNCTION vec vec_erf_near(vec u)
{
    vec p = -8.010193625184903e-4f + u * 7.853861353153693e-5f;
    p = 5.188327685732524e-3f + u * p;
    p = -2.685381193529856e-2f + u * p;
    p = 1.128358514861418e-1f + u * p;
    p = -3.761262582423300e-1f + u * p;
    return 1.128379165726710f + u * p;
}

/* 1 - erf(size) for size >= 1. */
VEC_FUNCTION vec vec_erfc_far(vec size)
{
    vec inverse = 1.0f / size, v = inverse * inverse;
    vec near = -1.387039388740657e-1f + v * 2.326819970068386e-2f;              /* size < 2 */
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
    vec tail = vec_exp(-(size * size)) * inverse * vec_select(size < vec_splat(2.0f), near, far);
    return vec_select(size > vec_splat(11.0f), vec_splat(0.0f), tail);
}

VEC_FUNCTION vec vec_erf(vec x)
{
    vec size = vec_absolute(x), large = 1.0f - vec_erfc_far(size);
    large = (vec)((vec_mask)large | ((vec_mask)x & ~0x7fffffff));
    return vec_select((size < vec_splat(1.0f)) | (x != x), x * vec_erf_near(x * x), large);
}

/* 1 - erf(x): relative in the tail of positive x, as far as x * x is: 1e-5 at 9. */
VEC_FUNCTION vec vec_erfc(vec x)
{
    vec size = vec_absolute(x), tail = vec_erfc_far(size);
    tail = vec_select(x < vec_splat(0.0f), 2.0f - tail, tail);
    return vec_select((size < vec_splat(1.0f)) | (x != x), 1.0f - x * vec_erf_near(x * x), tail);
}

#else

VEC_FUNCTION vec vec_exp(vec x) { return expf(x); }
VEC_FUNCTION vec vec_expm1(vec x) { return expm1f(x); }
VEC_FUNCTION vec vec_log(vec x) { return logf(x); }
VEC_FUNCTION vec vec_log1p(vec x) { return log1pf(x); }
VEC_FUNCTION vec vec_tanh_precise(vec x) { return tanhf(x); }
VEC_FUNCTION vec vec_sigmoid_precise(vec x) { return x < 0.0f ? expf(x) / (1.0f + expf(x)) : 1.0f / (1.0f + expf(-x)); }
VEC_FUNCTION vec vec_sigmoid_slope(vec x)
{
    float e = expf(-fabsf(x)), sum = 1.0f + e;
    return e / (sum * sum);
}
VEC_FUNCTION vec vec_tanh_slope(vec x) { return 4.0f * vec_sigmoid_slope(x + x); }
VEC_FUNCTION vec vec_softplus(vec x) { return (x > 0.0f ? x : 0.0f) + log1pf(expf(-fabsf(x))); }
VEC_FUNCTION vec vec_erf(vec x) { return erff(x); }
VEC_FUNCTION vec vec_erfc(vec x) { return erfcf(x); }

#endif

/* Where multiplication and addition are rounded apart, a quotient that should come close to the bound may end just
 * beyond it. */
VEC_FUNCTION vec vec_within(vec v, float bound)
{
#if defined(__OPTIMIZE__) && \
    (defined(__FP_FAST_FMAF) || defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(LSTMC_VEC))
    (void)bound;
    return v;
#else
    return vec_clamp(v, bound);
#endif
}

/* x * P(x^2) / Q(x^2), fitted to floats: 5.1 ulp and 3e-7 at most (3.8e-7 without fused multiply-adds),
 * never beyond 1. */
VEC_FUNCTION vec vec_tanh(vec x)
{
#ifdef LSTMC_PRECISE
    return vec_tanh_precise(x);
#else
    vec bounded = vec_clamp(x, 8.09810925f), u = bounded * bounded;
    vec p = 1.0f + u * (0x1.1213d6p-3f + u * (0x1.ca6b5ap-9f + u * (0x1.5a36p-16f + u * 0x1.cbe26p-27f)));
    vec q = 1.0f + u * (0x1.de5f36p-2f + u * (0x1.a816f8p-6f + u * (0x1.58d378p-12f + u * 0x1.a23c4ap-21f)));
    return vec_within(bounded * p / q, 1.0f);
#endif
}

/* 1/2 + x * P(x^2) / Q(x^2), the same function at half the argument: 1.8e-7 (2e-7) absolute, in the negative tail too,
 * never outside of 0..1. */
VEC_FUNCTION vec vec_sigmoid(vec x)
{
#ifdef LSTMC_PRECISE
    return vec_sigmoid_precise(x);
#else
    vec bounded = vec_clamp(x, 16.1962185f), u = bounded * bounded;
    vec p = 0.25f + u * (0x1.1213d6p-7f + u * (0x1.ca6b5ap-15f + u * (0x1.5a36p-24f + u * 0x1.cbe26p-37f)));
    vec q = 1.0f + u * (0x1.de5f36p-4f + u * (0x1.a816f8p-10f + u * (0x1.58d378p-18f + u * 0x1.a23c4ap-29f)));
    return 0.5f + vec_within(bounded * p / q, 0.5f);
#endif
}

#endif
