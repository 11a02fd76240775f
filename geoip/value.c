#include "geoip/value.h"

#include <string.h>

static uint32_t big_endian(const uint8_t *octets, size_t count)
{
    uint32_t number = 0;
    for (size_t i = 0; i < count; i++)
        number = number << 8 | octets[i];
    return number;
}

static bool octets_left(struct section section, size_t at, size_t count)
{
    return at <= section.size && count <= section.size - at;
}

/* Pointers are of four widths, each beginning where the narrower one ends. */
static bool pointer_read(struct section section, size_t at, uint8_t control, struct value *out)
{
    static const uint32_t base[] = {0, 2048, 526336, 0};
    unsigned width = control >> 3 & 3;
    size_t count = width + 1;
    if (!octets_left(section, at, count))
        return false;
    uint32_t high = width == 3 ? 0 : (uint32_t)(control & 7) << (8 * count);
    out->size = (high | big_endian(section.octets + at, count)) + base[width];
    out->payload = at;
    out->next = at + count;
    return true;
}

/* Sizes 29 to 31 say that one to three more octets hold the size. */
static bool size_read(struct section section, size_t *at, uint8_t control, uint32_t *out_size)
{
    static const uint32_t base[] = {29, 285, 65821};
    uint32_t size = control & 31;
    if (size >= 29) {
        size_t count = size - 28;
        if (!octets_left(section, *at, count))
            return false;
        size = base[count - 1] + big_endian(section.octets + *at, count);
        *at += count;
    }
    *out_size = size;
    return true;
}

static bool size_fits_type(enum value_type type, uint32_t size)
{
    switch (type) {
    case VALUE_DOUBLE:
        return size == 8;
    case VALUE_FLOAT:
        return size == 4;
    case VALUE_UINT16:
        return size <= 2;
    case VALUE_UINT32:
    case VALUE_INT32:
        return size <= 4;
    case VALUE_UINT64:
        return size <= 8;
    case VALUE_UINT128:
        return size <= 16;
    case VALUE_BOOLEAN:
        return size <= 1;
    case VALUE_POINTER:
    case VALUE_STRING:
    case VALUE_BYTES:
    case VALUE_MAP:
    case VALUE_ARRAY:
        return true;
    case VALUE_NONE:
        break;
    }
    return false;
}

static bool has_payload(enum value_type type)
{
    return type != VALUE_MAP && type != VALUE_ARRAY && type != VALUE_BOOLEAN;
}

bool value_decode(struct section section, size_t at, struct value *out)
{
    if (!octets_left(section, at, 1))
        return false;
    uint8_t control = section.octets[at++];
    unsigned type = control >> 5;
    if (type == VALUE_POINTER) {
        out->type = VALUE_POINTER;
        return pointer_read(section, at, control, out);
    }
    if (type == 0) { /* extended: the octet behind holds the type less 7 */
        if (!octets_left(section, at, 1) || section.octets[at] == 0)
            return false;
        type = 7u + section.octets[at++];
    }
    uint32_t size;
    if (!size_read(section, &at, control, &size) || !size_fits_type((enum value_type)type, size))
        return false;
    out->type = (enum value_type)type;
    out->size = size;
    out->payload = at;
    out->next = has_payload(out->type) ? at + size : at;
    return out->next <= section.size;
}

bool value_decode_followed(struct section section, size_t at, struct value *out)
{
    if (!value_decode(section, at, out))
        return false;
    if (out->type != VALUE_POINTER)
        return true;
    return value_decode(section, out->size, out) && out->type != VALUE_POINTER;
}

uint64_t value_unsigned(struct section section, const struct value *value)
{
    uint64_t number = 0;
    for (uint32_t i = 0; i < value->size && i < sizeof number; i++)
        number = number << 8 | section.octets[value->payload + i];
    return number;
}

/* The offset behind all that is inside a value. The map it lies in was checked, so this cannot fail
 * or run away; it is careful all the same. */
static bool members_skip(struct section section, const struct value *value, unsigned depth,
                         size_t *out_next)
{
    uint64_t members = 0;
    if (value->type == VALUE_MAP)
        members = 2 * (uint64_t)value->size;
    else if (value->type == VALUE_ARRAY)
        members = value->size;
    size_t next = value->next;
    for (uint64_t i = 0; i < members; i++) {
        struct value member;
        if (depth > VALUE_DEPTH_MAX || !value_decode(section, next, &member) ||
            !members_skip(section, &member, depth + 1, &next))
            return false;
    }
    *out_next = next;
    return true;
}

/* The key at *at, which moves on to its value. */
static bool key_read(struct section section, size_t *at, struct value *out)
{
    if (!value_decode(section, *at, out))
        return false;
    *at = out->next; /* a key is text or a pointer to it: nothing lies inside */
    if (out->type == VALUE_POINTER && !value_decode(section, out->size, out))
        return false;
    return out->type == VALUE_STRING;
}

/* Gives the value to each of the keys that it belongs to and that has none. How many. */
static size_t value_give(struct section section, const struct value *key, const struct value *value,
                         const struct value_key *keys, size_t count, struct value *out)
{
    size_t given = 0;
    for (size_t i = 0; i < count; i++) {
        if (out[i].type != VALUE_NONE || key->size != keys[i].length ||
            memcmp(section.octets + key->payload, keys[i].text, keys[i].length) != 0)
            continue;
        out[i] = *value;
        given++;
    }
    return given;
}

void value_find_several(struct section section, const struct value *map,
                        const struct value_key *keys, size_t count, struct value *out)
{
    size_t missing = count;
    size_t at = map->next;
    for (size_t i = 0; i < count; i++)
        out[i] = (struct value){.type = VALUE_NONE};
    for (uint32_t pair = 0; pair < map->size && missing > 0; pair++) {
        struct value key, value;
        if (!key_read(section, &at, &key) || !value_decode(section, at, &value))
            break;
        size_t given = value_give(section, &key, &value, keys, count, out);
        if (given > 0 && value.type == VALUE_POINTER && value.size < section.size)
            __builtin_prefetch(section.octets + value.size);
        missing -= given;
        if (!members_skip(section, &value, 0, &at))
            break;
    }
    for (size_t i = 0; i < count; i++)
        if (out[i].type == VALUE_POINTER &&
            (!value_decode(section, out[i].size, &out[i]) || out[i].type == VALUE_POINTER))
            out[i].type = VALUE_NONE;
}

bool value_find(struct section section, const struct value *map, const char *key, struct value *out)
{
    const struct value_key one = {key, strlen(key)};
    value_find_several(section, map, &one, 1, out);
    return out->type != VALUE_NONE;
}

static bool check_failed(struct value_check *check, size_t at, const char *what)
{
    check->what = what;
    check->at = at;
    return false;
}

static bool check_pointer(struct value_check *check, size_t at, size_t target, unsigned depth)
{
    struct value value;
    if (!value_decode(check->section, target, &value) || value.type == VALUE_POINTER)
        return check_failed(check, at, "a pointer that points at no value");
    size_t ignored;
    if (!check->seen)
        return value_check_all(check, target, depth + 1, &ignored);
    uint8_t bit = (uint8_t)(1u << (target % 8));
    if (check->seen[target / 8] & bit)
        return true;
    check->seen[target / 8] |= bit;
    unsigned outer = check->values_in_extent;
    check->values_in_extent = 0;
    bool good = value_check_all(check, target, depth + 1, &ignored);
    check->values_in_extent = outer;
    return good;
}

static bool check_key(struct value_check *check, size_t at)
{
    struct value key;
    if (!value_decode_followed(check->section, at, &key) || key.type != VALUE_STRING)
        return check_failed(check, at, "a key that is not text");
    return true;
}

static bool check_members(struct value_check *check, const struct value *value, unsigned depth,
                          size_t *out_next)
{
    uint64_t each = value->type == VALUE_MAP ? 2 : 1;
    size_t at = value->next;
    for (uint64_t i = 0; i < each * value->size; i++) {
        if (each == 2 && i % 2 == 0 && !check_key(check, at))
            return false;
        if (!value_check_all(check, at, depth + 1, &at))
            return false;
    }
    *out_next = at;
    return true;
}

bool value_check_all(struct value_check *check, size_t at, unsigned depth, size_t *out_next)
{
    struct value value;
    if (depth > VALUE_DEPTH_MAX)
        return check_failed(check, at, "values nested too deep");
    if (check->values_left == 0 || ++check->values_in_extent > VALUE_EXTENT_MAX)
        return check_failed(check, at, "too many values");
    check->values_left--;
    if (!value_decode(check->section, at, &value))
        return check_failed(check, at, "a value that is cut off or of no known type or size");
    *out_next = value.next;
    if (value.type == VALUE_POINTER)
        return check_pointer(check, at, value.size, depth);
    if (value.type == VALUE_MAP || value.type == VALUE_ARRAY)
        return check_members(check, &value, depth, out_next);
    return true;
}
