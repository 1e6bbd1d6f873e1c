/* sound.h: a recording as numbers, and its spectrum by frequency bands. sound.c needs libsndfile, spectrum.c needs
 * FFTW: where they were not found at build time there are no such functions, and lstmc_read_wav says so. mel.c needs
 * nothing. */
#ifndef LSTMC_SOUND_H
#define LSTMC_SOUND_H

#include "runtime/lstmc.h"

struct lstmc_sound {
    float *sample;                  /* -1 to 1, mean of the channels; the caller's to free() */
    size_t count;
    int rate;                       /* in Hz */
};

/* A file that libsndfile knows; there is at least one sample, and none is NaN or beyond a million. */
int lstmc_sound_read(const char *path, struct lstmc_sound *sound, struct lstmc_message *message);

/* LSTMC_BAD_FILE for a WAV file that ends before its data do, as its header has them; other files are none of its
 * business. (riff.c) */
int lstmc_riff_check(const char *path, struct lstmc_message *message);

/* Bands evenly spaced on HTK's mel scale, mel = 2595 log10(1 + f / 700), from `low` to `high` Hz: band b is a triangle
 * over frequencies that rises from 0 at edge b to 1 at edge b + 1 and falls to 0 at edge b + 2, where edges 0 to bands
 * + 1 are evenly spaced in mel. weight [bands, size / 2 + 1]: at the frequencies k * rate / size of a Fourier
 * transform. Returns the first band that holds none of them, or -1. */
int lstmc_mel_bands(int bands, int size, int rate, double low, double high, float *weight);
/* Edge `edge` of those, in Hz. */
double lstmc_mel_edge(int bands, double low, double high, int edge);

/* Added to a band's power before the logarithm, which silence has none of. */
#define LSTMC_POWER_FLOOR 1e-6f

struct lstmc_spectrum {
    int frame, step;                /* samples of a frame, and between the beginnings of two */
    int bands;
    float *weight;                  /* of lstmc_mel_bands; the caller's */
    float *window;                  /* Hann: 0.5 - 0.5 cos(2 pi n / frame) */
    void *transform;                /* FFTW's */
};

int  lstmc_spectrum_open(struct lstmc_spectrum *spectrum, struct lstmc_message *message);
void lstmc_spectrum_close(struct lstmc_spectrum *spectrum);

/* Whole frames of a recording; one that is shorter than a frame counts as one, with silence behind. */
size_t lstmc_spectrum_frames(const struct lstmc_spectrum *spectrum, size_t samples);
/* log(sum over k of weight[b,k] |X[k]|^2 + LSTMC_POWER_FLOOR) for each band, X the Fourier transform of the windowed
 * frame. */
void lstmc_spectrum_frame(struct lstmc_spectrum *spectrum, const struct lstmc_sound *sound, size_t frame, float *band);

#endif
