/* channels.c: gradients of a separable convolution as lstmc once wrote them. gcc 12 with -O2 takes add_channels for a function
 * that writes nothing, where null pointers are impossible: an address is written as 0 + everything there. Says the sums. */
#include "lstmc_float.h"

#include <stdio.h>

struct weights { float kernel[1][6], bias[6], depthwise_kernel[1][6][4]; };

struct tape {
    float y[3][2][8], d_y[3][2][8], depthwise[3][2][24], d_depthwise[3][2][24];
    int rows;
};

static void add_channels(const struct weights *restrict weights, struct tape *restrict tape, int rows)
{
    for (int b = 0; b < rows; b++) {
        for (int t = 0; t < 3; t++) {
            float sum = tape->d_y[t][b][0];
            for (int d = 0; d < 4; d++)
                sum += tape->d_depthwise[t][b][d] * weights->depthwise_kernel[0][0][d];
            tape->d_y[t][b][0] = sum;
        }
        for (int t = 0; t < 3; t++) {
            float sum = tape->d_y[t][b][1];
            for (int d = 0; d < 4; d++)
                sum += tape->d_depthwise[t][b][d + 4] * weights->depthwise_kernel[0][1][d];
            tape->d_y[t][b][1] = sum;
        }
        for (int t = 0; t < 3; t++) {
            float sum = tape->d_y[t][b][2];
            for (int d = 0; d < 4; d++)
                sum += tape->d_depthwise[t][b][d + 8] * weights->depthwise_kernel[0][2][d];
            tape->d_y[t][b][2] = sum;
        }
        for (int t = 0; t < 3; t++) {
            float sum = tape->d_y[t][b][3];
            for (int d = 0; d < 4; d++)
                sum += tape->d_depthwise[t][b][d + 12] * weights->depthwise_kernel[0][3][d];
            tape->d_y[t][b][3] = sum;
        }
        for (int t = 0; t < 3; t++) {
            float sum = tape->d_y[t][b][4];
            for (int d = 0; d < 4; d++)
                sum += tape->d_depthwise[t][b][d + 16] * weights->depthwise_kernel[0][4][d];
            tape->d_y[t][b][4] = sum;
        }
        for (int t = 0; t < 3; t++) {
            float sum = tape->d_y[t][b][5];
            for (int d = 0; d < 4; d++)
                sum += tape->d_depthwise[t][b][d + 20] * weights->depthwise_kernel[0][5][d];
            tape->d_y[t][b][5] = sum;
        }
    }
}

void backward(const struct weights *restrict weights, struct tape *restrict tape, float *sums);

void backward(const struct weights *restrict weights, struct tape *restrict tape, float *sums)
{
    const int rows = tape->rows;
    for (int b = 0; b < rows; b++)
        for (int n = 0; n < 8; n++)
            tape->d_y[0][b][n] = tape->d_y[1][b][n] = tape->d_y[2][b][n] = 0;
    add_channels(weights, tape, rows);
    for (int b = 0; b < rows; b++)
        for (int n = 0; n < 6; n++)
            sums[n] += tape->d_y[0][b][n] + tape->d_y[1][b][n] + tape->d_y[2][b][n];
}

int main(void)
{
    static struct tape tape = { .rows = 2 };
    static struct weights weights;
    float sums[6] = { 0 };
    for (int i = 0; i < 24; i++)
        weights.depthwise_kernel[0][i / 4][i % 4] = 1;
    for (int i = 0; i < 3 * 2 * 24; i++)
        tape.d_depthwise[i / 48][i / 24 % 2][i % 24] = 1;
    backward(&weights, &tape, sums);
    for (int n = 0; n < 6; n++)
        printf("%g\n", sums[n]);
}
