/* recovery.*: the key comes back, or somebody is told why not. */
#include <stdio.h>

#include "ceremony/recovery.h"
#include "ipc/daemon/methods.h"
#include "ipc/daemon/write.h"

static enum err read_parts(struct call *call, struct recovery_order *order, struct fault *fault)
{
    const struct json *list = call_parameter(call, "parts");
    if (list == NULL) {
        return OK;
    }
    struct slice *parts = arena_allocate(call->arena, (list->count + 1) * sizeof *parts);
    size_t count = 0;
    if (parts == NULL) {
        return fault_no_memory(fault);
    }
    for (const struct json *part = list->child; part != NULL; part = part->next) {
        if (part->kind != JSON_STRING) {
            char field[40];
            snprintf(field, sizeof field, "/parts/%zu", count);
            return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_type, field,
                             "parts is a list of texts, the words of one part each.");
        }
        parts[count++] = part->text;
    }
    order->parts = parts;
    order->part_count = count;
    return OK;
}

enum err method_recovery_attempt(struct call *call, struct buffer *result, struct fault *fault)
{
    struct recovery_order order = {.ceremony = call_text(call, "ceremony"),
                                   .key = call_text(call, "key"),
                                   .deliver_to = call_text(call, "deliver_to"),
                                   .reason = call_text(call, "reason"),
                                   .origin_ip = slice_of(call->config->dvc)};
    struct recovery_outcome outcome;
    enum err err = read_parts(call, &order, fault);
    if (err == OK) {
        err = recovery_attempt(call->act, &order, &outcome, fault);
    }
    if (err != OK) {
        return err;
    }
    buffer_append_text(result, "{\"attempt\":");
    json_write_string(result, outcome.attempt);
    write_text(result, "ceremony", outcome.ceremony.id);
    write_text(result, "name", outcome.ceremony.name);
    write_text(result, "kind", outcome.ceremony.kind);
    write_text(result, "check", outcome.ceremony.check_value);
    write_integer(result, "parts_needed", outcome.ceremony.threshold);
    write_integer(result, "parts_sent", outcome.parts_sent);
    write_base64(result, "sealed_key", outcome.sealed_key, sizeof outcome.sealed_key);
    buffer_append_char(result, '}');
    return OK;
}

static enum err read_count(const struct call *call, const char *name, int64_t *out,
                           struct fault *fault)
{
    char field[32];
    *out = call_parameter(call, name)->integer;
    snprintf(field, sizeof field, "/%s", name);
    return *out >= 0 && *out <= 256 ? OK
                                    : fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, field,
                                                "%s is a number of parts, 0 to 256.", name);
}

enum err method_recovery_record(struct call *call, struct buffer *result, struct fault *fault)
{
    struct slice outcome = call_parameter(call, "outcome")->text;
    struct recovery_report report = {.ceremony = call_text(call, "ceremony"),
                                     .succeeded = slice_is(outcome, "succeeded"),
                                     .reason = call_text(call, "reason"),
                                     .origin_ip = slice_of(call->config->dvc)};
    if (!report.succeeded && !slice_is(outcome, "failed")) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, "/outcome",
                         "outcome is succeeded or failed.");
    }
    enum err err = read_count(call, "partsNeeded", &report.parts_needed, fault);
    if (err == OK) {
        err = read_count(call, "partsSent", &report.parts_sent, fault);
    }
    if (err == OK) {
        err = recovery_record(call->act, &report, fault);
    }
    if (err == OK) {
        buffer_append_text(result, "{\"recorded\":true}");
    }
    return err;
}
