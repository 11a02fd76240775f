/* A key into parts, and the dealer's proof that they open it. */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "audit/base/declassify.h"
#include "audit/base/memory.h"
#include "ceremony/slip39/cipher.h"
#include "ceremony/slip39/shamir.h"
#include "ceremony/slip39/slip39.h"

static const struct slice no_passphrase = {NULL, 0};

/* ---- what cannot be
 * ------------------------------------------------------------------------------ */

static enum err wrong_plan(struct fault *fault, const char *sentence)
{
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL, "%s", sentence);
}

static enum err check_plan(const struct slip39_plan *plan, struct fault *fault)
{
    if (plan->id >= 1u << 15 || plan->exponent > SLIP39_EXPONENT_MAX) {
        return wrong_plan(fault, "An id has 15 bits and an exponent is 0 to 15.");
    }
    if (plan->group_count < 1 || plan->group_count > SLIP39_GROUPS_MAX ||
        plan->group_threshold < 1 || plan->group_threshold > plan->group_count) {
        return wrong_plan(fault,
                          "There are 1 to 16 groups, and no more are needed than there are.");
    }
    for (size_t i = 0; i < plan->group_count; i++) {
        const struct slip39_group *group = &plan->groups[i];
        if (group->threshold < 1 || group->threshold > group->count ||
            group->count > SLIP39_MEMBERS_MAX) {
            return wrong_plan(fault, "A group has 1 to 16 parts and needs no more than it has.");
        }
        if (group->threshold == 1 && group->count > 1) {
            return wrong_plan(fault,
                              "A group that one part opens has one part: others are copies.");
        }
        if (group->threshold == 1 && plan->group_threshold == 1) {
            return wrong_plan(fault, "One single part would open the set: at least two shall.");
        }
    }
    return OK;
}

static enum err check_key(const struct secret *key, struct fault *fault)
{
    if (key->length < SLIP39_VALUE_BYTES_MIN || key->length > SLIP39_VALUE_BYTES_MAX ||
        key->length % 2 != 0) {
        return wrong_plan(fault, "A key has 16 to 64 octets, an even number of them.");
    }
    return OK;
}

/* ---- making the parts
 * ---------------------------------------------------------------------------- */

/* Parts with their headers and room for their values. */
static enum err make_parts(const struct slip39_plan *plan, size_t value_length,
                           struct slip39_part *out_parts)
{
    struct slip39_part *part = out_parts;
    for (uint8_t group = 0; group < plan->group_count; group++) {
        for (uint8_t member = 0; member < plan->groups[group].count; member++, part++) {
            part->header = (struct slip39_header){
                .id = plan->id,
                .extendable = true,
                .exponent = plan->exponent,
                .group_index = group,
                .group_threshold = plan->group_threshold,
                .group_count = plan->group_count,
                .member_index = member,
                .member_threshold = plan->groups[group].threshold,
            };
            part->value = secret_new(value_length);
            if (part->value == NULL) {
                return ERR_NO_MEMORY;
            }
            part->value->length = value_length;
        }
    }
    return OK;
}

/* The encrypted key among the groups, and each group's share among its members. */
static void deal(const struct secret *key, const struct slip39_plan *plan,
                 struct slip39_part *parts)
{
    uint8_t encrypted[SLIP39_VALUE_BYTES_MAX];
    uint8_t shares[SLIP39_GROUPS_MAX][SLIP39_VALUE_BYTES_MAX];
    uint8_t *values[SHAMIR_POINTS_MAX];
    cipher_encrypt(&parts[0].header, no_passphrase, key->data, key->length, encrypted);
    for (size_t i = 0; i < plan->group_count; i++) {
        values[i] = shares[i];
    }
    shamir_split(encrypted, key->length, plan->group_threshold, plan->group_count, values);
    struct slip39_part *part = parts;
    for (size_t i = 0; i < plan->group_count; i++) {
        for (size_t j = 0; j < plan->groups[i].count; j++) {
            values[j] = part++->value->data;
        }
        shamir_split(shares[i], key->length, plan->groups[i].threshold, plan->groups[i].count,
                     values);
    }
    sodium_memzero(encrypted, sizeof encrypted);
    sodium_memzero(shares, sizeof shares);
}

enum err slip39_split(const struct secret *key, const struct slip39_plan *plan,
                      struct slip39_part *out_parts, struct fault *fault)
{
    enum err err = check_plan(plan, fault);
    if (err == OK) {
        err = check_key(key, fault);
    }
    if (err != OK) {
        return err;
    }
    size_t count = slip39_plan_parts(plan);
    memset(out_parts, 0, count * sizeof *out_parts);
    err = make_parts(plan, key->length, out_parts);
    if (err == OK) {
        deal(key, plan, out_parts);
        err = slip39_prove(out_parts, plan, key, fault);
    } else {
        err = fault_no_memory(fault);
    }
    for (size_t i = 0; i < count && err != OK; i++) {
        slip39_part_done(&out_parts[i]);
    }
    return err;
}

/* ---- the proof
 * ----------------------------------------------------------------------------------- */

static enum err proof_failed(struct fault *fault, size_t position, const char *what)
{
    return fault_set(
        fault, ERR_INTERNAL, REASON_internal, NULL,
        "The parts that were made are not right: %s (part %zu). Nothing of them may be "
        "used.",
        what, position + 1);
}

static bool is_as_planned(const struct slip39_header *header, const struct slip39_plan *plan,
                          uint8_t group, uint8_t member)
{
    const struct slip39_header planned = {
        .id = plan->id,
        .extendable = true,
        .exponent = plan->exponent,
        .group_index = group,
        .group_threshold = plan->group_threshold,
        .group_count = plan->group_count,
        .member_index = member,
        .member_threshold = plan->groups[group].threshold,
    };
    return slip39_same_header(header, &planned);
}

static bool same_octets(const struct secret *a, const struct secret *b)
{
    int differs = a->length != b->length || sodium_memcmp(a->data, b->data, a->length) != 0;
    secret_declassify(&differs, sizeof differs);
    return differs == 0;
}

/* Writes the part as words and reads them back. */
static enum err read_back(const struct slip39_part *part, struct secret *words,
                          struct slip39_part *out, struct fault *fault)
{
    secret_clear(words);
    enum err err = slip39_encode(part, words);
    return err != OK ? fault_no_memory(fault)
                     : slip39_decode((struct slice){(const char *)words->data, words->length}, out,
                                     fault);
}

/* Reads every part back; what was read to out_read. */
static enum err read_all_back(const struct slip39_part *parts, const struct slip39_plan *plan,
                              struct slip39_part *out_read, struct fault *fault)
{
    struct secret *words = secret_new(SLIP39_TEXT_BYTES_MAX);
    if (words == NULL) {
        return fault_no_memory(fault);
    }
    enum err err = OK;
    size_t i = 0;
    for (uint8_t group = 0; group < plan->group_count && err == OK; group++) {
        for (uint8_t member = 0; member < plan->groups[group].count && err == OK; member++, i++) {
            err = read_back(&parts[i], words, &out_read[i], fault);
            if (err == ERR_PARTS) {
                err = proof_failed(fault, i, "its words cannot be read back");
            } else if (err == OK && (!is_as_planned(&out_read[i].header, plan, group, member) ||
                                     !same_octets(out_read[i].value, parts[i].value))) {
                err = proof_failed(fault, i, "its words say something else");
            }
        }
    }
    secret_free(words);
    return err;
}

static enum err combine_all(const struct slip39_part *parts, size_t count, const struct secret *key,
                            struct fault *fault)
{
    struct slip39_report report;
    struct secret *combined = NULL;
    const struct slip39_way way = {.passphrase = no_passphrase};
    enum err err = slip39_combine(parts, count, &way, &combined, &report, fault);
    if (err == ERR_PARTS) {
        return proof_failed(fault, fault == NULL || fault->index < 0 ? 0 : (size_t)fault->index,
                            "they do not fit together");
    }
    if (err == OK && (!report.proven || !same_octets(combined, key))) {
        err = proof_failed(fault, 0, "they do not give the key");
    }
    secret_free(combined);
    return err;
}

enum err slip39_prove(const struct slip39_part *parts, const struct slip39_plan *plan,
                      const struct secret *key, struct fault *fault)
{
    size_t count = slip39_plan_parts(plan);
    struct slip39_part *read = memory_allocate_zeroed(count * sizeof *read);
    enum err err = read == NULL ? fault_no_memory(fault) : read_all_back(parts, plan, read, fault);
    if (err == OK) {
        err = combine_all(read, count, key, fault);
    }
    for (size_t i = 0; i < count && read != NULL; i++) {
        slip39_part_done(&read[i]);
    }
    memory_free(read);
    return err;
}
