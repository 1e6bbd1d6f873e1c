// both.cpp: prints how many weights each model has, and whether the runtime has drawn those of one.
#include "lstmc.h"
#include "lstmc_random.h"
#include "pump.h"
#include "second_model.h"

#include <cstdio>

static pump_weights weights;

int main()
{
    lstmc_init(&pump_model, reinterpret_cast<float *>(&weights), 1);
    std::printf("second_model %d, pump %d, %s\n", SECOND_MODEL_WEIGHTS, PUMP_WEIGHTS, weights.gru.kernel[0][0] != 0 ? "drawn" : "zero");
}
