#include "ipc/client/desk/key_receive.h"

#include "audit/base/clock.h"

void key_received_done(struct key_received *received)
{
    secret_free(received->key);
    secret_free(received->room);
    *received = (struct key_received){.room = NULL};
}

static enum err prove(const struct key_received *received, struct slice ceremony,
                      struct slice check, struct fault *fault)
{
    const struct payload_key *payload = &received->payload;
    if (ceremony.length > 0 && !slice_equal(payload->ceremony, ceremony)) {
        return fault_set(fault, ERR_PARTS, REASON_part_mismatch, NULL,
                         "What was delivered is the key of another ceremony: do not use it.");
    }
    enum err err = key_prove(received->key, payload->check, fault);
    if (err == OK && check.data != NULL && !slice_equal(check, payload->check)) {
        err = key_prove(received->key, check, fault);
    }
    return err;
}

enum err key_receive(struct slice sealed, const struct secret *receiver, struct slice ceremony,
                     struct slice check, struct key_received *out, struct fault *fault)
{
    *out = (struct key_received){.room = secret_new(PAYLOAD_ROOM_BYTES)};
    enum err err = out->room == NULL
                       ? fault_no_memory(fault)
                       : payload_open_key(sealed, receiver, out->room, &out->payload, fault);
    if (err == OK) {
        err = key_from_hex(out->payload.secret, &out->key, fault);
    }
    if (err == OK) {
        err = prove(out, ceremony, check, fault);
    }
    if (err != OK) {
        key_received_done(out);
    }
    return err;
}

enum err key_received_text(const struct key_received *received, struct secret **out)
{
    if (received->payload.kind == KEY_AGE) {
        return key_to_file(received->key, clock_now_us(), out);
    }
    struct secret *digits = NULL;
    struct secret *line = NULL;
    enum err err = key_to_hex(received->key, &digits);
    if (err == OK) {
        line = secret_new(digits->length + 1);
        err = line == NULL ? ERR_NO_MEMORY : secret_append(line, digits->data, digits->length);
    }
    if (err == OK) {
        err = secret_append(line, "\n", 1);
    }
    secret_free(digits);
    if (err != OK) {
        secret_free(line);
        return err;
    }
    *out = line;
    return OK;
}
