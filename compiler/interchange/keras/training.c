/* training.c: in: what compile was told.  out: loss, optimizer and metrics of the draft; what this version has not
 * is left out, and a comment says so. */
#include "keras.h"

#include <string.h>

static const CatalogueEntry *find(const CatalogueEntry *list, int count, const char *name)
{
    const char *bare = strrchr(name, '>') ? strrchr(name, '>') + 1 : name;
    for (int i = 0; i < count; i++)
        if (!strcasecmp(list[i].name, bare) || (list[i].text && !strcmp(list[i].text, bare)))
            return &list[i];
    return NULL;
}

/* Names that Keras has for the same. */
static const char *usual(const char *name)
{
    static const struct { const char *other, *ours; } names[] = {
        { "mean_squared_error", "mse" }, { "mean_absolute_error", "mae" }, { "MSE", "mse" }, { "MAE", "mae" },
        { "mean_absolute_percentage_error", "mape" }, { "mean_squared_logarithmic_error", "msle" },
        { "acc", "accuracy" },
        { "logcosh", "log_cosh" }, { "kullback_leibler_divergence", "kl_divergence" },
        { "root_mean_squared_error", "rmse" },
    };
    for (size_t i = 0; name && i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i].other, name))
            return names[i].ours;
    return name;
}

/* Its name, and what it was set to: "mse", {"class_name": "Huber", "config": {"delta": 2}}, or a function in a
 * wrapper. */
static const char *name_of(const json_t *json, const json_t **config)
{
    static const char *const wrappers[] = { "LossFunctionWrapper", "MeanMetricWrapper", "CompileLoss", "function" };
    const char *class = json_text(json, "class_name");
    *config = NULL;
    if (json_is_string(json))
        return usual(json_string_value(json));
    const json_t *inside = json_object_get(json, "config");
    for (size_t i = 0; class && i < sizeof wrappers / sizeof *wrappers; i++)
        if (!strcmp(class, wrappers[i])) {
            const char *function = json_is_string(inside) ? json_string_value(inside) : json_text(inside, "fn");
            return usual(function ? function : json_text(inside, "name"));
        }
    *config = inside;
    return class;
}

static void add_loss(Keras *keras, const json_t *loss)
{
    Draft *draft = keras->draft;
    const json_t *config;
    const char *why = NULL;
    if (json_is_array(loss) && json_array_size(loss) == 1)
        loss = json_array_get(loss, 0);
    if (!loss || json_is_null(loss))
        return;
    const char *name = name_of(loss, &config);
    const CatalogueEntry *entry = name ? find(draft->catalogue->losses, draft->catalogue->loss_count, name) : NULL;
    const char *text = entry ? keras_object(keras, entry, config, &why) : NULL;
    if (text && !why)
        draft_training(draft, "loss", text);
    else
        draft_note(draft, "Its loss was %s, which is not said here.", name ? name : json_shown(draft->arena, loss));
}

static void add_optimizer(Keras *keras, const json_t *optimizer)
{
    Draft *draft = keras->draft;
    const json_t *config;
    const char *why = NULL;
    if (!optimizer || json_is_null(optimizer))
        return;
    const char *name = name_of(optimizer, &config);
    const CatalogueEntry *entry = name ? find(draft->catalogue->optimizers, draft->catalogue->optimizer_count, name)
                                       : NULL;
    const char *text = entry ? keras_object(keras, entry, config, &why) : NULL;
    if (!text)
        draft_note(draft, "Its optimizer was %s, which lstmc has not.",
                   name ? name : json_shown(draft->arena, optimizer));
    else if (strcmp(text, "\"adam\""))
        draft_training(draft, "optimizer", text);
    if (why)
        draft_note(draft, "Of its optimizer, %s, one thing is not said here: %s.", name, why);
}

/* A list, a list for each output, or one by itself. */
static void add_metrics(Keras *keras, const json_t *metrics, const char **list)
{
    Draft *draft = keras->draft;
    const json_t *config;
    const char *why = NULL;
    if (json_is_array(metrics)) {
        for (size_t i = 0; i < json_array_size(metrics); i++)
            add_metrics(keras, json_array_get(metrics, i), list);
        return;
    }
    if (!metrics || json_is_null(metrics))
        return;
    const char *name = name_of(metrics, &config);
    const CatalogueEntry *entry = name ? find(draft->catalogue->metrics, draft->catalogue->metric_count, name) : NULL;
    const char *text = entry ? keras_object(keras, entry, config, &why) : NULL;
    if (text && !why && !strstr(*list, text))
        *list = arena_format(draft->arena, "%s%s%s", *list, **list ? ", " : "", text);
    else if (!text || why)
        draft_note(draft, "Among its metrics was %s, which is not said here.",
                   name ? name : json_shown(draft->arena, metrics));
}

void keras_training(Keras *keras)
{
    const char *metrics = "";
    const json_t *optimizer = json_object_get(keras->training, "optimizer");
    add_loss(keras, json_object_get(keras->training, "loss"));
    if (!keras->draft->training_count)
        return;                                 /* nothing else has a meaning without a loss */
    add_optimizer(keras, optimizer ? optimizer : json_object_get(keras->training, "optimizer_config"));
    add_metrics(keras, json_object_get(keras->training, "metrics"), &metrics);
    if (*metrics)
        draft_training(keras->draft, "metrics", arena_format(keras->draft->arena, "{%s}", metrics));
}
