#include "audit/base/json_parts.h"

#define NAMES_BY_PAIRS 32 /* up to so many, names are compared in pairs; more are sorted */

/* Equal names have equal marks; unequal ones seldom. */
static inline uint32_t name_mark(struct slice name)
{
    if (name.length == 0) {
        return 0;
    }
    uint32_t first = (unsigned char)name.data[0];
    uint32_t middle = (unsigned char)name.data[name.length / 2];
    uint32_t last = (unsigned char)name.data[name.length - 1];
    return (first | middle << 8 | last << 16 | (uint32_t)name.length << 24) * 0x9e3779b1;
}

/* A word of 64 bits remembers which marks were seen, so that most names are compared with none. */
static const struct json *find_by_pairs(const struct json *object)
{
    uint32_t marks[NAMES_BY_PAIRS];
    uint64_t seen = 0;
    uint32_t count = 0;
    for (const struct json *member = object->child; member != NULL; member = member->next) {
        uint32_t mark = name_mark(member->name);
        uint64_t bit = UINT64_C(1) << (mark >> 26);
        const struct json *other = (seen & bit) != 0 ? object->child : member;
        for (uint32_t i = 0; other != member; i++, other = other->next) {
            if (marks[i] == mark && slice_equal(other->name, member->name)) {
                return member;
            }
        }
        seen |= bit;
        marks[count++] = mark;
    }
    return NULL;
}

static int compare(struct slice a, struct slice b)
{
    if (a.length != b.length) {
        return a.length < b.length ? -1 : 1;
    }
    return a.length == 0 ? 0 : memcmp(a.data, b.data, a.length);
}

/* Merges two sorted runs, from[0..middle) and from[middle..end). */
static void merge(const struct json **from, const struct json **to, size_t middle, size_t end)
{
    size_t left = 0;
    size_t right = middle;
    for (size_t i = 0; i < end; i++) {
        bool take_left =
            left < middle && (right >= end || compare(from[left]->name, from[right]->name) <= 0);
        to[i] = take_left ? from[left++] : from[right++];
    }
}

static const struct json **sort(const struct json **names, const struct json **spare, size_t count)
{
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t at = 0; at < count; at += 2 * width) {
            size_t left = count - at;
            merge(names + at, spare + at, left < width ? left : width,
                  left < 2 * width ? left : 2 * width);
        }
        const struct json **sorted = spare;
        spare = names;
        names = sorted;
    }
    return names;
}

/* Sorts and looks at neighbours. A sort and not a hash table: no names can be thought up that make
 * it slow, and there is no key to draw and keep. */
static enum err find_by_sort(struct arena *arena, const struct json *object,
                             const struct json **out)
{
    size_t count = object->count;
    const struct json **names = arena_allocate(arena, 2 * count * sizeof(const struct json *));
    if (names == NULL) {
        return ERR_NO_MEMORY;
    }
    size_t filled = 0;
    for (const struct json *member = object->child; member != NULL; member = member->next) {
        names[filled++] = member;
    }
    const struct json **sorted = sort(names, names + count, count);
    *out = NULL;
    for (size_t i = 1; i < count && *out == NULL; i++) {
        *out = slice_equal(sorted[i - 1]->name, sorted[i]->name) ? sorted[i] : NULL;
    }
    return OK;
}

enum err json_name_twice(struct arena *arena, const struct json *object, const struct json **out)
{
    if (object->count > NAMES_BY_PAIRS) {
        return find_by_sort(arena, object, out);
    }
    *out = find_by_pairs(object);
    return OK;
}
