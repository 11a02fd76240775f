#include "ipc/daemon/config_setting.h"

#include <stdio.h>
#include <string.h>

#define KEY_BYTES 32  /* the longest key that is worth comparing */
#define NEAR_ENOUGH 2 /* letters wrong, missing or too many */

const char *setting_key(const struct setting *setting)
{
    const char *dot = strrchr(setting->path, '.');
    return dot == NULL ? setting->path : dot + 1;
}

bool setting_is_in(const struct setting *setting, const char *group)
{
    size_t before = (size_t)(setting_key(setting) - setting->path);
    size_t length = strlen(group);
    return length == 0 ? before == 0
                       : before == length + 1 && memcmp(setting->path, group, length) == 0;
}

bool setting_is_known(const char *group, struct slice key)
{
    for (size_t i = 0; i < config_setting_count; i++) {
        if (setting_is_in(&config_settings[i], group) &&
            slice_is(key, setting_key(&config_settings[i]))) {
            return true;
        }
    }
    return false;
}

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance, one row at a time. Both are shorter than KEY_BYTES. */
static size_t distance(struct slice from, const char *to)
{
    size_t row[KEY_BYTES];
    size_t length = strlen(to);
    for (size_t i = 0; i <= length; i++) {
        row[i] = i;
    }
    for (size_t i = 0; i < from.length; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            size_t changed = diagonal + (from.data[i] != to[j]);
            diagonal = row[j + 1];
            row[j + 1] = least_of(changed, row[j] + 1, diagonal + 1);
        }
    }
    return row[length];
}

static const char *nearest(const char *group, struct slice key)
{
    const char *best = NULL;
    size_t best_distance = NEAR_ENOUGH + 1;
    for (size_t i = 0; i < config_setting_count && key.length < KEY_BYTES; i++) {
        const char *known = setting_key(&config_settings[i]);
        if (!setting_is_in(&config_settings[i], group) || strlen(known) >= KEY_BYTES) {
            continue;
        }
        size_t far = distance(key, known);
        if (far < best_distance && far < strlen(known)) {
            best = known;
            best_distance = far;
        }
    }
    return best;
}

void setting_advise(const char *group, struct slice key, char *out, size_t size)
{
    const char *near = nearest(group, key);
    if (near != NULL) {
        snprintf(out, size, "did you mean '%s'?", near);
        return;
    }
    snprintf(out, size, "here may stand");
    const char *between = " ";
    for (size_t i = 0; i < config_setting_count; i++) {
        if (setting_is_in(&config_settings[i], group)) {
            size_t length = strlen(out);
            snprintf(out + length, size - length, "%s%s", between,
                     setting_key(&config_settings[i]));
            between = ", ";
        }
    }
}
