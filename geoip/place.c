#include "geoip/place.h"

#include <math.h>
#include <string.h>

#include "geoip/name.h"

static bool name_take(struct section data, const struct value *name, char out[GEOIP_NAME_BYTES])
{
    return name->type == VALUE_STRING &&
           name_copy((const char *)data.octets + name->payload, name->size, out);
}

/* The name of a country, state or city: in the language, else in English. */
static bool name_find(struct section data, const struct value *named, const char *language,
                      char out[GEOIP_NAME_BYTES])
{
    struct value names;
    if (named->type != VALUE_MAP || !value_find(data, named, "names", &names) ||
        names.type != VALUE_MAP)
        return false;
    const struct value_key languages[] = {{language, strlen(language)}, {"en", 2}};
    struct value name[2];
    value_find_several(data, &names, languages, 2, name);
    return name_take(data, &name[0], out) || name_take(data, &name[1], out);
}

/* The largest subdivision comes first. */
static bool state_find(struct section data, const struct value *subdivisions, const char *language,
                       char out[GEOIP_NAME_BYTES])
{
    struct value first;
    return subdivisions->type == VALUE_ARRAY && subdivisions->size > 0 &&
           value_decode_followed(data, subdivisions->next, &first) &&
           name_find(data, &first, language, out);
}

static double degrees_read(struct section data, const struct value *value)
{
    if (value->type != VALUE_DOUBLE && value->type != VALUE_FLOAT)
        return NAN;
    uint64_t bits = value_unsigned(data, value);
    uint32_t half = (uint32_t)bits;
    double degrees;
    float narrow;
    memcpy(&degrees, &bits, sizeof degrees);
    memcpy(&narrow, &half, sizeof narrow);
    return value->type == VALUE_DOUBLE ? degrees : (double)narrow;
}

static bool degrees_take(struct section data, const struct value *value, double limit,
                         double *out_deg)
{
    double degrees = degrees_read(data, value);
    if (!isfinite(degrees) || degrees < -limit || degrees > limit)
        return false;
    *out_deg = degrees;
    return true;
}

static bool position_find(struct section data, const struct value *location,
                          struct geoip_place *out)
{
    static const struct value_key keys[] = {{"latitude", 8}, {"longitude", 9}};
    struct value halves[2];
    double latitude, longitude;
    if (location->type != VALUE_MAP)
        return false;
    value_find_several(data, location, keys, 2, halves);
    if (!degrees_take(data, &halves[0], 90, &latitude) ||
        !degrees_take(data, &halves[1], 180, &longitude))
        return false;
    out->has_position = true;
    out->latitude_deg = latitude;
    out->longitude_deg = longitude;
    return true;
}

bool place_read(struct section data, size_t at, const char *language, struct geoip_place *out)
{
    enum part { COUNTRY, STATE, CITY, LOCATION, PARTS };
    static const struct value_key keys[] = {
        {"country", 7}, {"subdivisions", 12}, {"city", 4}, {"location", 8}};
    struct value record;
    struct value parts[PARTS];
    if (!value_decode_followed(data, at, &record) || record.type != VALUE_MAP)
        return false;
    value_find_several(data, &record, keys, PARTS, parts);
    bool known = name_find(data, &parts[COUNTRY], language, out->country);
    known = state_find(data, &parts[STATE], language, out->state) || known;
    known = name_find(data, &parts[CITY], language, out->city) || known;
    return position_find(data, &parts[LOCATION], out) || known;
}
