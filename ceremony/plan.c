#include "ceremony/plan.h"

#include <stdio.h>

#include "ceremony/guardian.h"

static enum err check_threshold(const struct act *act, const struct ceremony_plan *plan,
                                struct fault *fault)
{
    const struct ceremony_settings *settings = &act->ceremonies->settings;
    size_t count = plan->guardian_count;
    if (count < 2) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_few_guardians, "/guardians",
                         "A key is shared among at least two guardians.");
    }
    if (count > CEREMONY_PARTS_MAX) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_many_parts, "/guardians",
                         "%zu guardians are named; a ceremony has at most %d.", count,
                         CEREMONY_PARTS_MAX);
    }
    if (plan->threshold < settings->threshold_min) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_threshold_too_small, "/threshold",
                         "The threshold is %lld; it must be at least %lld.",
                         (long long)plan->threshold, (long long)settings->threshold_min);
    }
    if (plan->threshold > (int64_t)count) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_threshold_above_count, "/threshold",
                         "%lld parts are to open the key, but there are only %zu guardians.",
                         (long long)plan->threshold, count);
    }
    if (plan->threshold > settings->threshold_max) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_threshold_too_large, "/threshold",
                         "The threshold is %lld; it must be at most %lld.",
                         (long long)plan->threshold, (long long)settings->threshold_max);
    }
    if (plan->threshold == (int64_t)count && !plan->all_required) {
        return fault_set(
            fault, ERR_INVALID_PARAMS, REASON_threshold_equals_count, "/threshold",
            "All %zu parts would be needed: one lost part loses the key for ever. Take "
            "a smaller threshold, or say allow_all_required.",
            count);
    }
    return OK;
}

static enum err check_plan(const struct act *act, const struct ceremony_plan *plan,
                           struct fault *fault)
{
    enum err err = check_person_text("name", plan->name, 1, CEREMONY_NAME_BYTES, fault);
    if (err == OK) {
        err = check_threshold(act, plan, fault);
    }
    if (err == OK && (plan->expires_in_s < 0 || plan->expires_in_s > CEREMONY_EXPIRES_MAX_S)) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, "/expires_in",
                        "expires_in must be from 1 s to 366 days.");
    }
    return err;
}

static enum err read_guardian(struct act *act, const struct ceremony_plan *plan, size_t index,
                              bool keys, struct guardian_row *out, struct fault *fault)
{
    char field[32];
    struct slice login = plan->guardians[index];
    snprintf(field, sizeof field, "/guardians/%zu", index);
    for (size_t i = 0; i < index; i++) {
        if (slice_equal(plan->guardians[i], login)) {
            return fault_set(fault, ERR_INVALID_PARAMS, REASON_guardian_twice, field,
                             "Guardian %.*s is named twice: everybody holds one part.",
                             (int)login.length, login.data);
        }
    }
    enum err err = guardian_find(act->ceremonies->store, act->arena, login, out, fault);
    if (err == ERR_NOT_FOUND && fault != NULL) {
        snprintf(fault->field, sizeof fault->field, "%s", field);
    }
    if (err == OK && !out->active) {
        err = fault_set(fault, ERR_WRONG_STATE, REASON_guardian_inactive, field,
                        "Guardian %.*s is inactive: activate the account first.", (int)login.length,
                        login.data);
        guardian_add_state(out, fault);
    }
    if (err == OK && keys && out->public_key.length == 0) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_guardian_without_key, field,
                        "Guardian %.*s has no public key: let them make one (guardianctl key new) "
                        "and enter it (guardianctl guardian update).",
                        (int)login.length, login.data);
    }
    return err;
}

enum err plan_check(struct act *act, const struct ceremony_plan *plan, bool keys,
                    struct guardian_row *out, struct fault *fault)
{
    enum err err = check_plan(act, plan, fault);
    for (size_t i = 0; err == OK && i < plan->guardian_count; i++) {
        err = read_guardian(act, plan, i, keys, &out[i], fault);
    }
    return err;
}

enum err plan_check_bits(const struct ceremony_plan *plan, struct fault *fault)
{
    bool fits =
        plan->bits == 0 || plan->bits == 256 || (plan->bits == 128 && plan->kind == KEY_RAW);
    return fits ? OK
                : fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_bits, "/bits",
                            "A key of kind %s has %s bits.", key_kind_word(plan->kind),
                            plan->kind == KEY_AGE ? "256" : "128 or 256");
}
