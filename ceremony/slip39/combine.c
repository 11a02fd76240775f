/* Parts to the key: which belong together, which agree, what they open. */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "audit/base/declassify.h"
#include "ceremony/slip39/cipher.h"
#include "ceremony/slip39/shamir.h"
#include "ceremony/slip39/slip39.h"

/* The parts of one group, and what they open. */
struct group {
    struct shamir_point points[SHAMIR_POINTS_MAX];
    size_t positions[SHAMIR_POINTS_MAX]; /* of the points, in the list */
    size_t count;
    uint8_t threshold; /* 0 until a part of the group is seen */
    enum shamir_outcome outcome;
    uint8_t value[SLIP39_VALUE_BYTES_MAX]; /* with SHAMIR_ONE */
};

/* What the steps below share. */
struct work {
    const struct slip39_part *parts;
    size_t count;
    enum slip39_fate *fates;
    struct slip39_header header; /* of the set */
    size_t length;               /* octets of a value */
    struct group groups[SLIP39_GROUPS_MAX];
    uint8_t encrypted[SLIP39_VALUE_BYTES_MAX];
};

/* ---- which belong together
 * ----------------------------------------------------------------------- */

static bool same_family(const struct slip39_part *a, const struct slip39_part *b)
{
    return slip39_same_set(&a->header, &b->header) && a->value->length == b->value->length;
}

/* Parts of one group with different thresholds cannot be of one set. */
static bool same_group(const struct slip39_part *a, const struct slip39_part *b)
{
    return same_family(a, b) && a->header.group_index == b->header.group_index &&
           a->header.member_threshold == b->header.member_threshold;
}

/* The position of the first of the parts that most agree with; only parts in this group (-1: any).
 */
static size_t find_most(const struct work *work, int group,
                        bool (*same)(const struct slip39_part *, const struct slip39_part *))
{
    size_t best = 0;
    size_t most = 0;
    for (size_t i = 0; i < work->count; i++) {
        size_t agree = 0;
        for (size_t j = 0; j < work->count; j++) {
            agree += same(&work->parts[i], &work->parts[j]) ? 1 : 0;
        }
        bool asked = group < 0 || work->parts[i].header.group_index == group;
        if (asked && work->fates[i] != SLIP39_FOREIGN && agree > most) {
            best = i;
            most = agree;
        }
    }
    return best;
}

static enum err foreign_part(size_t position, size_t most, struct fault *fault)
{
    enum err err =
        fault_set(fault, ERR_PARTS, REASON_foreign, NULL,
                  "Part %zu belongs to another set than part %zu.", position + 1, most + 1);
    if (fault != NULL) {
        fault->index = (int64_t)position;
    }
    return err;
}

/* Marks all, names the first. */
static enum err find_foreign(struct work *work, struct fault *fault)
{
    size_t most = find_most(work, -1, same_family);
    work->header = work->parts[most].header;
    work->length = work->parts[most].value->length;
    for (size_t i = 0; i < work->count; i++) {
        if (!same_family(&work->parts[i], &work->parts[most])) {
            work->fates[i] = SLIP39_FOREIGN;
        }
    }
    enum err err = OK;
    for (size_t i = 0; i < work->count; i++) {
        size_t model = most;
        if (work->fates[i] != SLIP39_FOREIGN) {
            model = find_most(work, work->parts[i].header.group_index, same_group);
            if (same_group(&work->parts[i], &work->parts[model])) {
                continue;
            }
            work->fates[i] = SLIP39_FOREIGN;
        }
        err = err == OK ? foreign_part(i, model, fault) : err;
    }
    return err;
}

static bool same_value(const struct slip39_part *a, const struct slip39_part *b)
{
    int differs = sodium_memcmp(a->value->data, b->value->data, a->value->length);
    secret_declassify(&differs, sizeof differs);
    return differs == 0;
}

static enum err find_doubled(struct work *work, struct fault *fault)
{
    for (size_t i = 1; i < work->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (!slip39_same_header(&work->parts[i].header, &work->parts[j].header)) {
                continue;
            }
            if (same_value(&work->parts[i], &work->parts[j])) {
                work->fates[i] = SLIP39_REPEATED;
                continue;
            }
            work->fates[i] = SLIP39_DOUBLED;
            work->fates[j] = SLIP39_DOUBLED;
            enum err err =
                fault_set(fault, ERR_PARTS, REASON_duplicate, NULL,
                          "Parts %zu and %zu have one index, yet they differ.", j + 1, i + 1);
            if (fault != NULL) {
                fault->index = (int64_t)i;
            }
            return err;
        }
    }
    return OK;
}

/* ---- which agree
 * --------------------------------------------------------------------------------- */

static void gather_groups(struct work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        if (work->fates[i] == SLIP39_REPEATED) {
            continue;
        }
        const struct slip39_header *header = &work->parts[i].header;
        struct group *group = &work->groups[header->group_index];
        group->threshold = header->member_threshold;
        group->positions[group->count] = i;
        group->points[group->count++] =
            (struct shamir_point){header->member_index, work->parts[i].value->data};
    }
}

static bool is_complete(const struct group *group)
{
    return group->threshold > 0 && group->count >= group->threshold;
}

static void set_fates(struct work *work, const struct group *group, uint32_t fitting,
                      enum slip39_fate otherwise)
{
    for (size_t i = 0; i < group->count; i++) {
        if ((fitting >> i & 1) == 0) {
            work->fates[group->positions[i]] = otherwise;
        }
    }
}

static enum err several_choices(struct fault *fault)
{
    return fault_set(fault, ERR_PARTS, REASON_digest, NULL,
                     "The parts do not fit together, and more than one choice of them does: which "
                     "are the right ones cannot be told.");
}

/* Finds the share of every group that has enough parts. */
static enum err solve_groups(struct work *work, struct fault *fault)
{
    for (size_t i = 0; i < SLIP39_GROUPS_MAX; i++) {
        struct group *group = &work->groups[i];
        group->outcome = SHAMIR_NONE;
        if (!is_complete(group)) {
            set_fates(work, group, 0, SLIP39_UNCHECKED);
            continue;
        }
        uint32_t fitting = 0;
        group->outcome = shamir_solve(group->points, group->count, group->threshold, group->value,
                                      work->length, &fitting);
        if (group->outcome == SHAMIR_SEVERAL) {
            return several_choices(fault);
        }
        set_fates(work, group, fitting, SLIP39_MISFIT);
    }
    return OK;
}

static enum err nothing_fits(size_t given, size_t needed, const char *what, struct fault *fault)
{
    if (given > needed) {
        return fault_set(fault, ERR_PARTS, REASON_digest, NULL,
                         "The %s do not fit together: no %zu of the %zu do. More than one is wrong "
                         "or altered.",
                         what, needed, given);
    }
    return fault_set(fault, ERR_PARTS, REASON_digest, NULL,
                     "The %s do not fit together: at least one is wrong or altered. "
                     "One more would tell which.",
                     what);
}

/* Not enough groups have their share: because parts are wrong, or because they are missing? */
static enum err groups_missing(struct work *work, size_t solved, struct fault *fault)
{
    const struct group *nearest = NULL; /* incomplete, with the fewest parts missing */
    size_t nearest_index = 0;
    size_t complete = 0;
    for (size_t i = 0; i < SLIP39_GROUPS_MAX; i++) {
        const struct group *group = &work->groups[i];
        complete += is_complete(group) ? 1 : 0;
        if (group->count > 0 && !is_complete(group) &&
            (nearest == NULL ||
             group->threshold - group->count < nearest->threshold - nearest->count)) {
            nearest = group;
            nearest_index = i;
        }
    }
    bool grouped = work->header.group_count > 1;
    for (size_t i = 0; i < SLIP39_GROUPS_MAX && solved < complete; i++) {
        struct group *group = &work->groups[i];
        if (is_complete(group) && group->outcome == SHAMIR_NONE) {
            set_fates(work, group, 0, SLIP39_FITS); /* nobody can tell */
            return nothing_fits(group->count, group->threshold,
                                grouped ? "parts of one group" : "parts", fault);
        }
    }
    if (!grouped && nearest != NULL) {
        return fault_set(fault, ERR_PARTS, REASON_too_few, NULL, "%zu of %u parts given.",
                         nearest->count, nearest->threshold);
    }
    if (nearest == NULL) {
        return fault_set(fault, ERR_PARTS, REASON_too_few, NULL, "%zu of %u groups given.",
                         complete, work->header.group_threshold);
    }
    return fault_set(fault, ERR_PARTS, REASON_too_few, NULL,
                     "%zu of %u groups complete; of group %zu, %zu of %u parts given.", complete,
                     work->header.group_threshold, nearest_index + 1, nearest->count,
                     nearest->threshold);
}

/* The groups' shares to the encrypted key. */
static enum err solve_set(struct work *work, struct fault *fault)
{
    struct shamir_point points[SHAMIR_POINTS_MAX];
    size_t indexes[SHAMIR_POINTS_MAX];
    size_t solved = 0;
    for (size_t i = 0; i < SLIP39_GROUPS_MAX; i++) {
        if (work->groups[i].outcome == SHAMIR_ONE) {
            indexes[solved] = i;
            points[solved++] = (struct shamir_point){(uint8_t)i, work->groups[i].value};
        }
    }
    if (solved < work->header.group_threshold) {
        return groups_missing(work, solved, fault);
    }
    uint32_t fitting = 0;
    enum shamir_outcome outcome = shamir_solve(points, solved, work->header.group_threshold,
                                               work->encrypted, work->length, &fitting);
    if (outcome == SHAMIR_SEVERAL) {
        return several_choices(fault);
    }
    if (outcome == SHAMIR_NONE) {
        return nothing_fits(solved, work->header.group_threshold, "groups", fault);
    }
    for (size_t i = 0; i < solved; i++) {
        if ((fitting >> i & 1) == 0) {
            set_fates(work, &work->groups[indexes[i]], 0, SLIP39_MISFIT);
        }
    }
    return OK;
}

static enum err find_misfits(const struct work *work, bool drop_bad, struct fault *fault)
{
    size_t first = 0;
    while (first < work->count && work->fates[first] != SLIP39_MISFIT) {
        first++;
    }
    if (first == work->count || drop_bad) {
        return OK;
    }
    enum err err = fault_set(fault, ERR_PARTS, REASON_digest, NULL,
                             "Part %zu does not fit the others, which fit each other.", first + 1);
    if (fault != NULL) {
        fault->index = (int64_t)first;
    }
    return err;
}

/* Was a digest checked on the way to the key? */
static bool is_proven(const struct work *work)
{
    bool proven = work->header.group_threshold > 1;
    for (size_t i = 0; i < work->count; i++) {
        proven |= work->fates[i] == SLIP39_FITS && work->parts[i].header.member_threshold > 1;
    }
    return proven;
}

/* ---- what they open
 * ------------------------------------------------------------------------------ */

static enum err open_key(const struct work *work, struct slice passphrase, struct secret **out_key,
                         struct fault *fault)
{
    struct secret *key = secret_new(work->length);
    if (key == NULL) {
        return fault_no_memory(fault);
    }
    cipher_decrypt(&work->header, passphrase, work->encrypted, work->length, key->data);
    key->length = work->length;
    *out_key = key;
    return OK;
}

enum err slip39_combine(const struct slip39_part *parts, size_t count, const struct slip39_way *way,
                        struct secret **out_key, struct slip39_report *out_report,
                        struct fault *fault)
{
    assert(count <= SLIP39_LIST_MAX);
    memset(out_report, 0, sizeof *out_report);
    if (count == 0) {
        return fault_set(fault, ERR_PARTS, REASON_too_few, NULL, "No part given.");
    }
    struct work work = {.parts = parts, .count = count, .fates = out_report->fates};
    enum err err = find_foreign(&work, fault);
    if (err == OK) {
        err = find_doubled(&work, fault);
    }
    if (err == OK) {
        gather_groups(&work);
        err = solve_groups(&work, fault);
    }
    if (err == OK) {
        err = solve_set(&work, fault);
    }
    if (err == OK) {
        err = find_misfits(&work, way->drop_bad, fault);
    }
    if (err == OK) {
        out_report->proven = is_proven(&work);
        err = open_key(&work, way->passphrase, out_key, fault);
    }
    sodium_memzero(&work, sizeof work);
    return err;
}
