#include "ceremony/deal.h"

#include "audit/base/clock.h"
#include "audit/base/secret.h"

static enum err split(const struct deal_order *order, const struct secret *key,
                      struct slip39_part parts[DEAL_PARTS_MAX], struct fault *fault)
{
    const struct slip39_plan plan = {
        .id = order->identifier,
        .exponent = SLIP39_EXPONENT_DEFAULT,
        .group_threshold = 1,
        .group_count = 1,
        .groups = {{.threshold = order->threshold, .count = order->count}}};
    return slip39_split(key, &plan, parts, fault); /* and proves them */
}

/* The check value must know the key again before anybody relies on it. */
static enum err make_check(const struct deal_order *order, const struct secret *key,
                           struct deal *out, struct fault *fault)
{
    enum err err = key_check_value(order->kind, key, order->ceremony, out->check);
    if (err != OK) {
        return err == ERR_NO_MEMORY ? fault_no_memory(fault)
                                    : fault_set(fault, ERR_INTERNAL, REASON_internal, NULL,
                                                "The check value of the key could not be made.");
    }
    return key_prove(key, slice_of(out->check), fault);
}

static enum err seal(const struct deal_order *order, const struct slip39_part *part, unsigned index,
                     struct secret *words, struct deal *deal, struct fault *fault)
{
    struct dealt_part *dealt = &deal->parts[index];
    const struct guardian_row *guardian = &order->guardians[index];
    uint8_t receiver[KEY_BYTES];
    char created[CLOCK_TEXT_BYTES];
    clock_format(order->created_us, created);
    slip39_header_pack(&part->header, dealt->header);
    struct slice value = {(const char *)part->value->data, part->value->length};
    enum err err = part_key_make(order->ceremony, dealt->header, value, dealt->public_part, NULL);
    if (err == OK) {
        err = slip39_encode(part, words);
    }
    if (err != OK) {
        return fault_no_memory(fault);
    }
    err = key_public_from_text(guardian->public_key, receiver, fault);
    if (err != OK) {
        return err;
    }
    const struct payload_part payload = {.ceremony = order->ceremony,
                                         .name = order->name,
                                         .guardian = guardian->login,
                                         .group = 1,
                                         .groups = 1,
                                         .group_threshold = 1,
                                         .index = index + 1,
                                         .count = order->count,
                                         .threshold = order->threshold,
                                         .kind = order->kind,
                                         .check = slice_of(deal->check),
                                         .created = slice_of(created),
                                         .mnemonic = {(const char *)words->data, words->length}};
    return payload_seal_part(&payload, receiver, dealt->sealed, fault);
}

static enum err seal_all(const struct deal_order *order, const struct slip39_part *parts,
                         struct deal *deal, struct fault *fault)
{
    struct secret *words = secret_new(SLIP39_TEXT_BYTES_MAX);
    if (words == NULL) {
        return fault_no_memory(fault);
    }
    enum err err = OK;
    for (unsigned i = 0; err == OK && i < order->count; i++) {
        secret_clear(words);
        err = seal(order, &parts[i], i, words, deal, fault);
    }
    secret_free(words);
    return err;
}

enum err deal_make(const struct deal_order *order, struct deal *out, struct fault *fault)
{
    struct slip39_part parts[DEAL_PARTS_MAX] = {{{0}, NULL}};
    struct secret *key = NULL;
    enum err err = key_make(order->kind, order->bits, &key, fault);
    if (err == OK) {
        err = split(order, key, parts, fault);
    }
    if (err == OK) {
        err = make_check(order, key, out, fault);
    }
    if (err == OK) {
        err = seal_all(order, parts, out, fault);
    }
    for (size_t i = 0; i < DEAL_PARTS_MAX; i++) {
        slip39_part_done(&parts[i]);
    }
    secret_free(key);
    return err;
}
