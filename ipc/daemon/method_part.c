/* part.*: a guardian's own part. */
#include "audit/base/base64.h"
#include "ceremony/part.h"
#include "ipc/daemon/methods.h"
#include "ipc/daemon/write.h"

static void write_taken(struct buffer *out, const struct part_taken *taken)
{
    const struct ceremony_row *row = &taken->ceremony;
    buffer_append_text(out, "{\"ceremony\":");
    json_write_string(out, row->id);
    write_text(out, "name", row->name);
    write_integer(out, "index", taken->part.number);
    write_integer(out, "count", row->count);
    write_integer(out, "threshold", row->threshold);
    if (!row->tracked) {
        write_text(out, "kind", row->kind);
        write_text(out, "check", row->check_value);
        write_base64(out, "header", taken->part.header.data, taken->part.header.length);
        write_base64(out, "sealed", taken->part.sealed.data, taken->part.sealed.length);
        write_base64(out, "challenge", taken->part.challenge.data, taken->part.challenge.length);
    }
    write_text(out, "state", slice_of(part_state(&taken->part)));
    write_text(out, "ceremony_state", row->state);
    buffer_append_char(out, '}');
}

static enum err take(struct call *call, bool download, struct buffer *result, struct fault *fault)
{
    struct part_taken taken;
    enum err err =
        part_take(call->act, call_parameter(call, "ceremony")->text, download, &taken, fault);
    if (err == OK) {
        write_taken(result, &taken);
    }
    return err;
}

enum err method_part_view(struct call *call, struct buffer *result, struct fault *fault)
{
    return take(call, false, result, fault);
}

enum err method_part_download(struct call *call, struct buffer *result, struct fault *fault)
{
    return take(call, true, result, fault);
}

enum err method_part_confirm(struct call *call, struct buffer *result, struct fault *fault)
{
    struct slice text = call_parameter(call, "signature")->text;
    const struct json *medium = call_parameter(call, "medium");
    uint8_t signature[STATEMENT_SIGNATURE_BYTES];
    size_t length = 0;
    if (!base64_read(text, BASE64_PADDED, signature, sizeof signature, &length) ||
        length != sizeof signature) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, "/signature",
                         "signature is 64 octets in base64.");
    }
    struct part_taken taken;
    enum err err = part_confirm(call->act, call_parameter(call, "ceremony")->text, signature,
                                medium == NULL ? slice_of("") : medium->text, &taken, fault);
    if (err == OK) {
        buffer_append_text(result, "{\"ceremony\":");
        json_write_string(result, taken.ceremony.id);
        write_integer(result, "index", taken.part.number);
        write_text(result, "state", slice_of(part_state(&taken.part)));
        write_text(result, "ceremony_state", taken.ceremony.state);
        buffer_append_char(result, '}');
    }
    return err;
}
