/* mel.c: in: a range of frequencies.  out: overlapping triangles over it, narrow ones low and wide ones high, as the
 * ear has them. */
#include "sound.h"

#include <math.h>

static double mel_of(double hertz)
{
    return 2595 * log10(1 + hertz / 700);
}

double lstmc_mel_edge(int bands, double low, double high, int edge)
{
    double mel = mel_of(low) + (mel_of(high) - mel_of(low)) * edge / (bands + 1);
    return 700 * (pow(10, mel / 2595) - 1);
}

int lstmc_mel_bands(int bands, int size, int rate, double low, double high, float *weight)
{
    int bins = size / 2 + 1, empty = -1;
    for (int band = bands - 1; band >= 0; band--) {
        double left = lstmc_mel_edge(bands, low, high, band), middle = lstmc_mel_edge(bands, low, high, band + 1);
        double right = lstmc_mel_edge(bands, low, high, band + 2), sum = 0;
        for (int k = 0; k < bins; k++) {
            double f = (double)k * rate / size;
            double height = fmax(0, fmin((f - left) / (middle - left), (right - f) / (right - middle)));
            weight[band * bins + k] = (float)height;
            sum += height;
        }
        empty = sum > 0 ? empty : band;
    }
    return empty;
}
