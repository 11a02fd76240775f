#include "ipc/client/desk/part_open.h"

#include <string.h>

#include "audit/base/base64.h"
#include "audit/base/uuid.h"

#define WORDS_OF_CHECK_AGE "age1"
#define WORDS_OF_CHECK_RAW "mkcheck1"

/* ---- members of an answer ----------------------------------------------------------------------
 */

static struct slice text_of(const struct json *object, const char *name)
{
    const struct json *value = object->kind == JSON_OBJECT ? json_member(object, name) : NULL;
    return value != NULL && value->kind == JSON_STRING ? value->text : (struct slice){"", 0};
}

/* -1 when there is none. */
static int64_t integer_of(const struct json *object, const char *name)
{
    const struct json *value = object->kind == JSON_OBJECT ? json_member(object, name) : NULL;
    return value != NULL && value->kind == JSON_INTEGER ? value->integer : -1;
}

static enum err refuse(struct fault *fault, const char *what)
{
    return fault_set(fault, ERR_PARTS, REASON_part_mismatch, NULL,
                     "What was opened is not the part that was announced: %s. Use none of it, and "
                     "tell the other guardians and the operator by voice.",
                     what);
}

/* ---- comparing ---------------------------------------------------------------------------------
 */

static bool begins_with(struct slice text, const char *start)
{
    size_t length = strlen(start);
    return text.length >= length && memcmp(text.data, start, length) == 0;
}

/* What is different between the payload and what was told in the open; NULL if nothing is. */
static const char *compare_clear(const struct payload_part *payload, const struct json *answer,
                                 const struct part_expected *expected)
{
    const char *check_start = payload->kind == KEY_AGE ? WORDS_OF_CHECK_AGE : WORDS_OF_CHECK_RAW;
    if (!slice_equal(payload->ceremony, expected->ceremony) ||
        !slice_equal(payload->ceremony, text_of(answer, "ceremony"))) {
        return "it is of another ceremony";
    }
    if (expected->guardian.length > 0 && !slice_equal(payload->guardian, expected->guardian)) {
        return "it is for another guardian";
    }
    if (!slice_equal(payload->name, text_of(answer, "name"))) {
        return "the ceremony has another name";
    }
    if (payload->index != integer_of(answer, "index") ||
        payload->count != integer_of(answer, "count") ||
        payload->threshold != integer_of(answer, "threshold")) {
        return "it has another number, or is of another number of parts";
    }
    if (!slice_is(text_of(answer, "kind"), key_kind_word(payload->kind)) ||
        !slice_equal(payload->check, text_of(answer, "check")) ||
        !begins_with(payload->check, check_start)) {
        return "it is for another key: the check values differ";
    }
    return NULL;
}

/* The same between the payload, the header of its words, and the header that was told. */
static const char *compare_header(const struct part_opened *opened, const struct json *answer)
{
    const struct payload_part *payload = &opened->payload;
    const struct slip39_header *header = &opened->part.header;
    uint8_t told[SLIP39_HEADER_BYTES];
    size_t length = 0;
    if (!base64_read(text_of(answer, "header"), BASE64_PADDED, told, sizeof told, &length) ||
        length != sizeof told || memcmp(told, opened->header, sizeof told) != 0) {
        return "its words begin otherwise than was told";
    }
    if (payload->groups != 1 || payload->group != 1 || payload->group_threshold != 1 ||
        header->group_count != 1 || header->group_threshold != 1 || header->group_index != 0) {
        return "it belongs to groups, and this ceremony has none";
    }
    if (header->member_index + 1u != payload->index ||
        header->member_threshold != payload->threshold || payload->index > payload->count) {
        return "its words are those of another part";
    }
    if (payload->kind == KEY_AGE && opened->part.value->length != KEY_BYTES) {
        return "its words are too many or too few for such a key";
    }
    return NULL;
}

/* ---- opening -----------------------------------------------------------------------------------
 */

static enum err open_box(const struct json *answer, const struct secret *key,
                         struct part_opened *out, struct fault *fault)
{
    uint8_t sealed[PAYLOAD_PART_SEALED_BYTES];
    size_t length = 0;
    if (!base64_read(text_of(answer, "sealed"), BASE64_PADDED, sealed, sizeof sealed, &length)) {
        return refuse(fault, "the answer holds no sealed part");
    }
    out->room = secret_new(PAYLOAD_ROOM_BYTES);
    if (out->room == NULL) {
        return fault_no_memory(fault);
    }
    return payload_open_part((struct slice){(const char *)sealed, length}, key, out->room,
                             &out->payload, fault);
}

static enum err read_words(struct part_opened *out, struct fault *fault)
{
    struct fault why;
    fault_clear(&why);
    enum err err = slip39_decode(out->payload.mnemonic, &out->part, &why);
    if (err == ERR_PARTS) {
        return refuse(fault, "it holds words that are no part");
    }
    if (err != OK) {
        return fault_no_memory(fault);
    }
    slip39_header_pack(&out->part.header, out->header);
    return OK;
}

enum err part_open(const struct json *answer, const struct part_expected *expected,
                   const struct secret *key, struct part_opened *out, struct fault *fault)
{
    *out = (struct part_opened){.room = NULL};
    enum err err = open_box(answer, key, out, fault);
    const char *different = err == OK ? compare_clear(&out->payload, answer, expected) : NULL;
    if (err == OK && different == NULL) {
        err = read_words(out, fault);
        different = err == OK ? compare_header(out, answer) : NULL;
    }
    if (different != NULL) {
        err = refuse(fault, different);
    }
    if (err != OK) {
        part_opened_done(out);
    }
    return err;
}

void part_opened_done(struct part_opened *opened)
{
    slip39_part_done(&opened->part);
    secret_free(opened->room);
    *opened = (struct part_opened){.room = NULL};
}

/* ---- claims ------------------------------------------------------------------------------------
 */

/* What a part is of stands in its words as the number of its set alone. */
static enum err refuse_foreign(const struct slip39_header *header, const struct json *ceremony,
                               struct fault *fault)
{
    struct slice name = text_of(ceremony, "name");
    struct slice id = text_of(ceremony, "ceremony");
    struct slice started = text_of(ceremony, "started");
    const char *same = header->id == integer_of(ceremony, "identifier") ? ", in another form" : "";
    return fault_set(
        fault, ERR_PARTS, REASON_foreign, NULL,
        "These are words of another ceremony: of set %u%s, and yours is set %lld. Take "
        "the page on which stands %.*s, %.*s, %.*s.",
        header->id, same, (long long)integer_of(ceremony, "identifier"),
        (int)(name.length > 150 ? 0 : name.length), name.data,
        (int)(id.length > UUID_TEXT_BYTES ? 0 : id.length), id.data,
        (int)(started.length < 10 ? started.length : 10), started.data);
}

enum err part_claims(const struct slip39_part *part, const struct json *ceremony, int64_t index,
                     struct fault *fault)
{
    const struct slip39_header *header = &part->header;
    if (header->id != integer_of(ceremony, "identifier") || !header->extendable ||
        (int64_t)part->value->length * 8 != integer_of(ceremony, "bits")) {
        return refuse_foreign(header, ceremony, fault);
    }
    if (header->group_count != 1 || header->member_threshold != integer_of(ceremony, "threshold")) {
        return fault_set(fault, ERR_PARTS, REASON_wrong_header, NULL,
                         "The first words of this part say what was never dealt in this ceremony.");
    }
    if (header->member_index + 1 != index) {
        return fault_set(
            fault, ERR_PARTS, REASON_not_yours, NULL,
            "This is part %d; yours is part %lld. It is somebody else's paper: give it "
            "back, or tell the operator.",
            header->member_index + 1, (long long)index);
    }
    return OK;
}
