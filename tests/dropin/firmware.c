/* firmware.c: everything static, one sample at a time, no library but libm: how a device uses an --inference model. */
#include "small.h"

static struct small_weights weights;
static struct small_packed packed;
static struct small_state state;

int main(void)
{
    const float x[2] = { 0.5f, -0.25f };
    float y[1] = { 0 };
    small_prepare(&packed, &weights);
    small_reset(&packed, &state);
    for (int t = 0; t < 100; t++)
        small_step(&packed, &state, x, y);
    return y[0] >= 0 && y[0] <= 1 ? 0 : 1;
}
