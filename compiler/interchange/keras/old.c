/* old.c: in: classes and configurations of Keras 1 and 2.  out: what Keras 3 would have called the same. */
#include "keras.h"

#include <string.h>

static const struct { const char *old, *modern; } kinds[] = {
    { "CuDNNLSTM", "LSTM" }, { "CuDNNGRU", "GRU" }, { "TimeDistributedDense", "Dense" },
    { "Convolution1D", "Conv1D" }, { "Convolution2D", "Conv2D" }, { "AtrousConvolution1D", "Conv1D" },
    { "AtrousConvolution2D", "Conv2D" }, { "SeparableConvolution1D", "SeparableConv1D" },
    { "Convolution1DTranspose", "Conv1DTranspose" },
    { "MaxPool1D", "MaxPooling1D" }, { "MaxPool2D", "MaxPooling2D" }, { "AvgPool1D", "AveragePooling1D" },
    { "AvgPool2D", "AveragePooling2D" }, { "GlobalMaxPool1D", "GlobalMaxPooling1D" },
    { "GlobalMaxPool2D", "GlobalMaxPooling2D" }, { "GlobalAvgPool1D", "GlobalAveragePooling1D" },
    { "GlobalAvgPool2D", "GlobalAveragePooling2D" }, { "BatchNormalizationV1", "BatchNormalization" },
    { "LSTMV1", "LSTM" }, { "GRUV1", "GRU" },
};

/* Of any class: what one of them means, none of the others has. */
static const struct { const char *old, *modern; } names[] = {
    { "inner_activation", "recurrent_activation" }, { "init", "kernel_initializer" },
    { "inner_init", "recurrent_initializer" }, { "bias", "use_bias" },
    { "W_regularizer", "kernel_regularizer" }, { "U_regularizer", "recurrent_regularizer" },
    { "b_regularizer", "bias_regularizer" }, { "W_constraint", "kernel_constraint" },
    { "b_constraint", "bias_constraint" }, { "dropout_W", "dropout" }, { "dropout_U", "recurrent_dropout" },
    { "p", "rate" }, { "sigma", "stddev" }, { "nb_filter", "filters" }, { "filter_length", "kernel_size" },
    { "subsample_length", "strides" }, { "subsample", "strides" }, { "border_mode", "padding" },
    { "pool_length", "pool_size" }, { "stride", "strides" }, { "length", "size" }, { "atrous_rate", "dilation_rate" },
    { "dim_ordering", "data_format" },
};

const char *keras_modern_kind(const char *kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!strcmp(kinds[i].old, kind))
            return kinds[i].modern;
    return kind;
}

static void rename_key(json_t *config, const char *old, const char *modern)
{
    json_t *value = json_object_get(config, old);
    if (!value || json_object_get(config, modern))
        return;
    json_object_set(config, modern, value);
    json_object_del(config, old);
}

static void rename_sizes(json_t *config, const char *kind)
{
    if (!strcmp(kind, "Embedding")) {
        rename_key(config, "init", "embeddings_initializer");
        rename_key(config, "W_regularizer", "embeddings_regularizer");
        rename_key(config, "W_constraint", "embeddings_constraint");
        return;
    }
    if (json_object_get(config, "nb_row")) {
        json_object_set_new(config, "kernel_size", json_pack("[O, O]", json_object_get(config, "nb_row"),
                                                             json_object_get(config, "nb_col")));
        json_object_del(config, "nb_row");
        json_object_del(config, "nb_col");
    }
    rename_key(config, "output_dim", "units");
    if (!strcmp(kind, "BatchNormalization")) {
        json_object_del(config, "mode");
        rename_key(config, "gamma_init", "gamma_initializer");
        rename_key(config, "beta_init", "beta_initializer");
    }
}

static void modernize_values(json_t *config)
{
    const char *format = json_text(config, "data_format"), *forget = json_text(config, "forget_bias_init");
    if (format && !strcmp(format, "tf"))
        json_object_set_new(config, "data_format", json_string("channels_last"));
    if (format && !strcmp(format, "th"))
        json_object_set_new(config, "data_format", json_string("channels_first"));
    if (forget)
        json_object_set_new(config, "unit_forget_bias", json_boolean(!strcmp(forget, "one")));
    json_object_del(config, "forget_bias_init");
}

json_t *keras_modern(Keras *keras, const char *kind, json_t *config)
{
    const char *modern = keras_modern_kind(kind);
    json_t *copy = json_deep_copy(config);
    bool is_gpu = !strncmp(kind, "CuDNN", 5);
    if (!json_is_object(copy))
        return json_object();
    rename_sizes(copy, modern);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        rename_key(copy, names[i].old, names[i].modern);
    modernize_values(copy);
    if (!strcmp(modern, "GRU") || !strcmp(modern, "GRUCell"))
        if (!json_object_get(copy, "reset_after"))
            json_object_set_new(copy, "reset_after", json_boolean(is_gpu));
    if (keras->major == 1 && !json_object_get(copy, "unit_forget_bias") && !strcmp(modern, "LSTM"))
        json_object_set_new(copy, "unit_forget_bias", json_true());
    return copy;
}
