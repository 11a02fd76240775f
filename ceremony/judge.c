#include "ceremony/judge.h"

#include <sodium.h>
#include <string.h>

#include "audit/base/buffer.h"
#include "audit/base/json.h"
#include "ceremony/key/statement.h"
#include "ceremony/slip39/entry.h"

#define HEADER_WORDS 4
#define TEXT_BYTES_MAX 32768

void judge_done(struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->count; i++) {
        slip39_part_done(&judgement->parts[i]);
    }
    judgement->count = 0;
}

/* ---- reading -----------------------------------------------------------------------------------
 */

/* If one wrong word alone, or one exchange, explains a wrong checksum, and it is among the first
 * four words, then these say nothing of whose part it is: somebody innocent would be named. */
static enum err slip_is_in_header(struct slice text, bool *out)
{
    struct entry *entry = entry_new();
    size_t number = 0;
    const char *at = text.data;
    const char *end = text.data + text.length;
    bool taken = entry != NULL;
    while (taken && at < end) {
        const char *from = at;
        while (at < end && *at != ' ' && *at != '\t') {
            at++;
        }
        if (at > from) {
            taken = entry_add(entry, (struct slice){from, (size_t)(at - from)});
        }
        at += at < end;
    }
    *out = taken && entry_find_slip(entry, &number) != ENTRY_MORE && number <= HEADER_WORDS;
    enum err err = entry == NULL ? ERR_NO_MEMORY : OK;
    entry_free(entry);
    return err;
}

static enum err read_one(struct slice text, struct slip39_part *part, struct verdict *verdict,
                         struct fault *fault)
{
    struct fault why;
    fault_clear(&why);
    enum err err = slip39_decode(text, part, &why);
    if (err == OK) {
        verdict->header = part->header;
        verdict->has_header = true;
        return OK;
    }
    if (err != ERR_PARTS) {
        *fault = why;
        return err;
    }
    verdict->reason = why.reason;
    verdict->word = why.reason == REASON_unknown_word ? why.index : 0;
    verdict->has_header = slip39_peek(text, &verdict->header);
    if (why.reason != REASON_checksum || !verdict->has_header) {
        return OK;
    }
    bool slipped = false;
    if (slip_is_in_header(text, &slipped) != OK) {
        return fault_no_memory(fault);
    }
    verdict->has_header = !slipped;
    return OK;
}

enum err judge_read(const struct recovery_order *order, struct judgement *out, struct fault *fault)
{
    enum err err = OK;
    *out = (struct judgement){.count = 0};
    for (size_t i = 0; err == OK && i < order->part_count; i++) {
        out->count = i + 1;
        err = read_one(order->parts[i], &out->parts[i], &out->verdicts[i], fault);
    }
    return err;
}

/* ---- which ceremony ----------------------------------------------------------------------------
 */

/* The headers of readable parts first: the four words of one that is wrong may be wrong, too. */
static enum err find_by_headers(struct act *act, struct judgement *judgement, bool readable,
                                struct fault *fault)
{
    enum err err = ERR_NOT_FOUND;
    for (size_t i = 0; err == ERR_NOT_FOUND && i < judgement->count; i++) {
        const struct verdict *verdict = &judgement->verdicts[i];
        if (verdict->has_header && (verdict->reason == REASON_none) == readable) {
            err = store_ceremony_of_identifier(act->ceremonies->store, act->arena,
                                               verdict->header.id, &judgement->ceremony, fault);
        }
    }
    return err;
}

enum err judge_find(struct act *act, const struct recovery_order *order,
                    struct judgement *judgement, struct fault *fault)
{
    enum err err;
    if (order->ceremony.length > 0) {
        err = ceremony_find_for_act(act, order->ceremony, &judgement->ceremony, fault);
    } else {
        err = find_by_headers(act, judgement, true, fault);
        err = err == ERR_NOT_FOUND ? find_by_headers(act, judgement, false, fault) : err;
        if (err == ERR_NOT_FOUND) {
            judgement->ceremony = (struct ceremony_row){.id = {NULL, 0}};
            return OK;
        }
    }
    return err != OK ? err
                     : store_parts(act->ceremonies->store, act->arena, judgement->ceremony.id,
                                   &judgement->dealt, fault);
}

/* ---- comparing ---------------------------------------------------------------------------------
 */

/* Foreign as far as the header tells: another identifier, form, exponent, or length. */
static bool is_foreign(const struct judgement *judgement, size_t index)
{
    const struct ceremony_row *row = &judgement->ceremony;
    const struct verdict *verdict = &judgement->verdicts[index];
    const struct secret *value = judgement->parts[index].value;
    return row->id.length == 0 || verdict->header.id != row->identifier ||
           !verdict->header.extendable || verdict->header.exponent != SLIP39_EXPONENT_DEFAULT ||
           (value != NULL && (int64_t)value->length * 8 != row->bits);
}

static const struct part_row *find_dealt(const struct judgement *judgement,
                                         const uint8_t header[SLIP39_HEADER_BYTES])
{
    for (size_t i = 0; i < judgement->dealt.count; i++) {
        struct slice dealt = judgement->dealt.rows[i].header;
        if (dealt.length == SLIP39_HEADER_BYTES &&
            memcmp(dealt.data, header, SLIP39_HEADER_BYTES) == 0) {
            return &judgement->dealt.rows[i];
        }
    }
    return NULL;
}

static enum err name_other(struct act *act, struct verdict *verdict, struct fault *fault)
{
    struct ceremony_row other;
    enum err err = store_ceremony_of_identifier(act->ceremonies->store, act->arena,
                                                verdict->header.id, &other, fault);
    if (err == OK) {
        verdict->other = other.name;
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

/* A right checksum under a known header, yet another value: no slip of the pen does that. */
static enum err check_altered(const struct judgement *judgement, size_t index,
                              struct verdict *verdict, const uint8_t header[SLIP39_HEADER_BYTES],
                              struct fault *fault)
{
    uint8_t public_part[STATEMENT_PUBLIC_BYTES];
    const struct secret *value = judgement->parts[index].value;
    enum err err =
        part_key_make(judgement->ceremony.id, header,
                      (struct slice){(const char *)value->data, value->length}, public_part, NULL);
    if (err != OK) {
        return fault_no_memory(fault);
    }
    if (verdict->dealt->public_part.length != sizeof public_part ||
        memcmp(verdict->dealt->public_part.data, public_part, sizeof public_part) != 0) {
        verdict->reason = REASON_altered;
    }
    return OK;
}

static bool stands_earlier(const struct judgement *judgement, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (judgement->verdicts[i].reason == REASON_none &&
            judgement->verdicts[i].dealt == judgement->verdicts[index].dealt) {
            return true;
        }
    }
    return false;
}

/* In the order of parts.md 8.3. What the reader alone could find comes first, but for a header that
 * cannot be: whether it is one of another set is asked before. */
static enum err compare_one(struct act *act, struct judgement *judgement, size_t index,
                            struct fault *fault)
{
    struct verdict *verdict = &judgement->verdicts[index];
    uint8_t header[SLIP39_HEADER_BYTES];
    bool whole = verdict->reason == REASON_none || verdict->reason == REASON_wrong_header;
    if (!verdict->has_header) {
        return OK;
    }
    slip39_header_pack(&verdict->header, header);
    bool foreign = is_foreign(judgement, index);
    verdict->dealt = foreign ? NULL : find_dealt(judgement, header);
    if (whole && foreign) {
        verdict->reason = REASON_foreign;
        return name_other(act, verdict, fault);
    }
    if (whole && verdict->dealt == NULL) {
        verdict->reason = REASON_wrong_header;
    }
    if (verdict->reason != REASON_none) {
        return OK;
    }
    enum err err = check_altered(judgement, index, verdict, header, fault);
    if (err == OK && verdict->reason == REASON_none && stands_earlier(judgement, index)) {
        verdict->reason = REASON_duplicate;
    }
    return err;
}

/* A part that cannot be read claims to be one of which the good one is here: then its first words
 * are wrong as well, and nobody is named for it. */
static void drop_false_claims(struct judgement *judgement)
{
    for (size_t i = 0; i < judgement->count; i++) {
        struct verdict *verdict = &judgement->verdicts[i];
        bool unread = judgement->parts[i].value == NULL;
        for (size_t j = 0; unread && j < judgement->count; j++) {
            if (judgement->verdicts[j].reason == REASON_none &&
                judgement->verdicts[j].dealt == verdict->dealt) {
                verdict->dealt = NULL;
            }
        }
    }
}

enum err judge_compare(struct act *act, struct judgement *judgement, struct fault *fault)
{
    enum err err = OK;
    judgement->bad = 0;
    for (size_t i = 0; err == OK && i < judgement->count; i++) {
        err = compare_one(act, judgement, i, fault);
        judgement->bad += judgement->verdicts[i].reason != REASON_none;
    }
    if (err == OK) {
        drop_false_claims(judgement);
    }
    return err;
}

/* ---- telling -----------------------------------------------------------------------------------
 */

static struct slice take_text(struct act *act, struct buffer *buffer)
{
    struct slice copy = buffer_result(buffer) == OK ? arena_copy(act->arena, buffer_slice(buffer))
                                                    : (struct slice){NULL, 0};
    buffer_done(buffer);
    return copy;
}

static void write_bad(struct act *act, struct buffer *out, const struct verdict *verdict,
                      size_t position)
{
    buffer_append_format(out, "{\"position\":%zu", position);
    if (verdict->dealt != NULL) {
        buffer_append_format(out,
                             ",\"index\":%lld,\"guardian\":", (long long)verdict->dealt->number);
        json_write_string(out, verdict->dealt->guardian);
    }
    buffer_append_text(out, ",\"submitted_by\":");
    json_write_string(out, slice_of(act->actor->suser));
    buffer_append_format(out, ",\"reason\":\"%s\"", reason_word(verdict->reason));
    if (verdict->word > 0) {
        buffer_append_format(out, ",\"word\":%lld", (long long)verdict->word);
    }
    if (verdict->other.length > 0) {
        buffer_append_text(out, ",\"other\":");
        json_write_string(out, verdict->other);
    }
    buffer_append_char(out, '}');
}

struct slice judge_bad_json(struct act *act, const struct judgement *judgement)
{
    struct buffer out;
    buffer_init(&out, TEXT_BYTES_MAX);
    buffer_append_text(&out, "\"bad\":[");
    bool first = true;
    for (size_t i = 0; i < judgement->count; i++) {
        if (judgement->verdicts[i].reason != REASON_none) {
            buffer_append_text(&out, first ? "" : ",");
            write_bad(act, &out, &judgement->verdicts[i], i);
            first = false;
        }
    }
    buffer_append_char(&out, ']');
    return take_text(act, &out);
}

struct slice judge_bad_text(struct act *act, const struct judgement *judgement)
{
    struct buffer out;
    buffer_init(&out, TEXT_BYTES_MAX);
    for (size_t i = 0; i < judgement->count; i++) {
        const struct verdict *verdict = &judgement->verdicts[i];
        if (verdict->reason == REASON_none) {
            continue;
        }
        buffer_append_text(&out, out.length == 0 ? "" : ", ");
        if (verdict->dealt != NULL) {
            buffer_append_format(&out, "%lld (%.*s)", (long long)verdict->dealt->number,
                                 (int)verdict->dealt->guardian.length,
                                 verdict->dealt->guardian.data);
        } else {
            buffer_append_format(&out, "position %zu", i + 1);
        }
    }
    return take_text(act, &out);
}

/* Why, in words; of a person who may be nervous. */
static const char *why(enum reason reason)
{
    switch (reason) {
    case REASON_unknown_word:
        return "has a word that is not on the list";
    case REASON_word_count:
        return "has a wrong number of words";
    case REASON_checksum:
        return "has a wrong word, or two words in the wrong order";
    case REASON_padding:
        return "is no part that anybody has dealt";
    case REASON_foreign:
        return "belongs to another ceremony";
    case REASON_wrong_header:
        return "was never dealt in this ceremony";
    case REASON_altered:
        return "was altered";
    case REASON_duplicate:
        return "stands in the list twice";
    default:
        return "is not valid";
    }
}

enum err judge_fault(const struct judgement *judgement, struct fault *fault)
{
    size_t i = 0;
    while (judgement->verdicts[i].reason == REASON_none) {
        i++;
    }
    const struct verdict *verdict = &judgement->verdicts[i];
    char word[32] = "";
    char claims[200] = "";
    if (verdict->word > 0) {
        snprintf(word, sizeof word, ": word %lld", (long long)verdict->word);
    }
    if (verdict->dealt != NULL) {
        snprintf(claims, sizeof claims, " (part %lld, said to be that of %.*s)",
                 (long long)verdict->dealt->number,
                 verdict->dealt->guardian.length > 128 ? 128 : (int)verdict->dealt->guardian.length,
                 verdict->dealt->guardian.data);
    }
    char field[32];
    snprintf(field, sizeof field, "/parts/%zu", i);
    fault_set(fault, ERR_PARTS, verdict->reason, field,
              "The part in place %zu of the list%s %s%s.%s", i + 1, claims, why(verdict->reason),
              word, judgement->bad > 1 ? " Others are wrong, too." : "");
    return ERR_PARTS;
}
