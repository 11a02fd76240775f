#include "audit/base/json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "audit/base/json_parts.h"
#include "audit/base/utf8.h"

#define NODES_AT_ONCE 16 /* values are taken from the arena by the dozen: it is cheaper */

struct reader {
    const char *start;
    const char *end;
    struct arena *arena;
    const struct json_limits *limits;
    struct fault *fault;
    enum err err;
    struct json *spare; /* values taken from the arena, not used yet */
    size_t spare_count;
    const struct json *current; /* the value being read, NULL between values: for the pointer */
    uint32_t depth;             /* open arrays and objects; the innermost is parents[depth - 1] */
    struct json *parents[JSON_DEPTH_MAX];
    struct json **links[JSON_DEPTH_MAX]; /* where the next element or member is hung in */
};

/* ---- faults: never hot ------------------------------------------------------------------- */

static void write_pointer(const struct reader *reader, char *field, int size)
{
    field[0] = '\0';
    for (uint32_t i = 0; i < reader->depth; i++) {
        const struct json *parent = reader->parents[i];
        const struct json *child = i + 1 < reader->depth ? reader->parents[i + 1] : reader->current;
        if (child == NULL) {
            return;
        }
        if (parent->kind == JSON_ARRAY) {
            char index[16];
            int length = snprintf(index, sizeof index, "%u", parent->count - 1);
            fault_pointer_append(field, size, index, length);
        } else {
            size_t length = child->name.length;
            int fits = length < (size_t)size ? (int)length : size;
            fault_pointer_append(field, size, child->name.data, fits);
        }
    }
}

/* Says what is wrong at an octet; gives NULL so that the callers can return it on. */
__attribute__((cold, noinline)) static const char *refuse(struct reader *reader, const char *at,
                                                          enum reason reason, const char *what)
{
    bool limit = reason == REASON_too_deep || reason == REASON_too_many_members;
    char field[sizeof reader->fault->field];
    write_pointer(reader, field, sizeof field);
    reader->err =
        fault_set(reader->fault, limit ? ERR_INVALID_PARAMS : ERR_PARSE, reason, field,
                  "At octet %zu (counted from 0): %s", (size_t)(at - reader->start), what);
    return NULL;
}

__attribute__((cold, noinline)) static const char *refuse_no_memory(struct reader *reader)
{
    reader->err = fault_no_memory(reader->fault);
    return NULL;
}

/* ---- octets ------------------------------------------------------------------------------ */

/* The first octet from at that is special in a string or not ASCII, or end. */
static inline const char *skip_plain(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t word = json_load(at);
        uint64_t marks = json_special(word) | (word & json_each(0x80));
        if (marks != 0) {
            return at + json_first_mark(marks);
        }
        at += 8;
    }
    while (at < end && (unsigned char)*at < 0x80 && !json_is_special(*at)) {
        at++;
    }
    return at;
}

static const char *skip_blanks_there(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) {
        at++;
    }
    return at;
}

/* Machines write few blanks: mostly one comparison. */
static inline const char *skip_blanks(const char *at, const char *end)
{
    return at < end && (unsigned char)*at > ' ' ? at : skip_blanks_there(at, end);
}

static const char bad_utf8[] = "these octets are not UTF-8. Text must be UTF-8 as RFC 3629 has it.";

/* Refuses an octet that cannot stand where it stands; `wanted` says what could. */
__attribute__((cold, noinline)) static const char *refuse_octet(struct reader *reader,
                                                                const char *at, const char *wanted)
{
    if (at < reader->end && (unsigned char)*at >= 0x80 && utf8_sequence(at, reader->end) == 0) {
        return refuse(reader, at, REASON_bad_utf8, bad_utf8);
    }
    return refuse(reader, at, REASON_bad_json, wanted);
}

/* ---- strings ----------------------------------------------------------------------------- */

/* The octets from open to close (the quotes' insides) without their escapes, in the arena. */
static bool unescape(struct reader *reader, const char *open, const char *close, struct slice *out)
{
    struct slice inside = {open, (size_t)(close - open)};
    char *text = arena_allocate(reader->arena, inside.length);
    if (text == NULL) {
        refuse_no_memory(reader);
        return false;
    }
    const char *what = NULL;
    size_t length = 0;
    const char *wrong = json_unescape(inside, text, &length, &what);
    if (wrong != NULL) {
        refuse(reader, wrong, REASON_bad_json, what);
        return false;
    }
    *out = (struct slice){text, length};
    return true;
}

/* The closing quote of the string, from any of its octets that is not plain; tells whether there
 * are escapes. */
__attribute__((noinline)) static const char *find_close(struct reader *reader, const char *at,
                                                        bool *out_escaped)
{
    const char *end = reader->end;
    for (; at < end && *at != '"'; at = skip_plain(at, end)) {
        if (*at == '\\') {
            *out_escaped = true;
            at++;
            at += at < end && (*at == '"' || *at == '\\') ? 1 : 0;
        } else if ((unsigned char)*at < 0x20) {
            return refuse(reader, at, REASON_bad_json,
                          "a control character in a string. It must be escaped, as in \\n or "
                          "\\u001f.");
        } else {
            size_t length = utf8_sequence(at, end);
            if (length == 0) {
                return refuse(reader, at, REASON_bad_utf8, bad_utf8);
            }
            at += length;
        }
    }
    if (at >= end) {
        return refuse(reader, end, REASON_bad_json,
                      "the text ends inside a string. A closing \" is missing.");
    }
    return at;
}

/* Reads the string whose opening quote stands at `at`. */
static inline const char *read_string(struct reader *reader, const char *at, struct slice *out)
{
    const char *open = at + 1;
    const char *close = skip_plain(open, reader->end);
    bool escaped = false;
    if (close == reader->end || *close != '"') {
        close = find_close(reader, close, &escaped);
        if (close == NULL) {
            return NULL;
        }
    }
    if (!escaped) {
        *out = (struct slice){open, (size_t)(close - open)};
    } else if (!unescape(reader, open, close, out)) {
        return NULL;
    }
    return close + 1;
}

/* ---- numbers ----------------------------------------------------------------------------- */

static inline bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

/* Goes on at the point or exponent of a number that began at start. */
static const char *read_real(struct reader *reader, const char *start, const char *at,
                             struct json *value)
{
    const char *end = reader->end;
    if (*at == '.') {
        at++;
        if (!is_digit(at, end)) {
            return refuse_octet(reader, at, "a digit must follow the point of a number.");
        }
        while (is_digit(at, end)) {
            at++;
        }
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-')) {
            at++;
        }
        if (!is_digit(at, end)) {
            return refuse_octet(reader, at, "a digit must follow the exponent's e.");
        }
        while (is_digit(at, end)) {
            at++;
        }
    }
    value->kind = JSON_REAL;
    value->text = (struct slice){start, (size_t)(at - start)};
    enum err err = json_read_real(reader->arena, value->text, &value->real);
    if (err == ERR_PARSE) {
        return refuse(reader, start, REASON_bad_json,
                      "a number beyond what a double holds. It must be within "
                      "+-1.7976931348623157e308.");
    }
    return err == OK ? at : refuse_no_memory(reader);
}

static const char *read_number(struct reader *reader, const char *start, struct json *value)
{
    const char *end = reader->end;
    bool negative = *start == '-';
    const char *at = start + (negative ? 1 : 0);
    if (!is_digit(at, end)) {
        return refuse_octet(reader, at, "a digit must follow the sign of a number.");
    }
    const char *first = at;
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX;
    uint64_t magnitude = 0;
    bool fits = true;
    for (; is_digit(at, end); at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        fits = fits && magnitude <= (limit - digit) / 10;
        magnitude = magnitude * 10 + digit;
    }
    if (*first == '0' && at - first > 1) {
        return refuse(reader, first, REASON_bad_json, "a number must not begin with a useless 0.");
    }
    if (at < end && (*at == '.' || *at == 'e' || *at == 'E')) {
        return read_real(reader, start, at, value);
    }
    if (!fits) {
        return refuse(reader, start, REASON_bad_json,
                      "an integer beyond 64 bits. It must be within -9223372036854775808 and "
                      "9223372036854775807.");
    }
    value->kind = JSON_INTEGER;
    value->text = (struct slice){start, (size_t)(at - start)};
    value->integer = (int64_t)(negative ? 0 - magnitude : magnitude);
    return at;
}

/* ---- the tree ---------------------------------------------------------------------------- */

static inline struct json *node_new(struct reader *reader)
{
    if (reader->spare_count == 0) {
        reader->spare = arena_allocate(reader->arena, NODES_AT_ONCE * sizeof *reader->spare);
        if (reader->spare == NULL) {
            refuse_no_memory(reader);
            return NULL;
        }
        reader->spare_count = NODES_AT_ONCE;
    }
    reader->spare_count--;
    struct json *node = reader->spare++;
    *node = (struct json){.kind = JSON_NULL};
    return node;
}

static const char *read_word(struct reader *reader, const char *at, struct json *value)
{
    static const struct {
        const char *word;
        size_t length;
        enum json_kind kind;
        bool boolean;
    } words[] = {
        {"true", 4, JSON_BOOLEAN, true},
        {"false", 5, JSON_BOOLEAN, false},
        {"null", 4, JSON_NULL, false},
    };
    size_t left = (size_t)(reader->end - at);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t length = words[i].length;
        if (left >= length && memcmp(at, words[i].word, length) == 0) {
            value->kind = words[i].kind;
            value->boolean = words[i].boolean;
            return at + length;
        }
    }
    return refuse_octet(reader, at,
                        "a value is wanted: an object, an array, a string, a number, true, false "
                        "or null.");
}

static inline const char *open_parent(struct reader *reader, const char *at, struct json *value)
{
    if (reader->depth >= reader->limits->depth) {
        return refuse(reader, at, REASON_too_deep,
                      "arrays and objects are nested deeper than allowed. Use fewer levels.");
    }
    value->kind = *at == '{' ? JSON_OBJECT : JSON_ARRAY;
    value->text.data = at;
    value->child = NULL;
    reader->parents[reader->depth] = value;
    reader->links[reader->depth] = &value->child;
    reader->depth++;
    return at + 1;
}

/* Reads a whole value, or the opening bracket of an array or object, which then is the innermost
 * parent. */
static inline const char *read_value(struct reader *reader, const char *at, struct json *value)
{
    if (at == reader->end) {
        return refuse(reader, at, REASON_bad_json, "the text ends where a value is wanted.");
    }
    switch (*at) {
    case '"':
        value->kind = JSON_STRING;
        return read_string(reader, at, &value->text);
    case '{':
    case '[':
        return open_parent(reader, at, value);
    case '-':
    case '0' ... '9':
        return read_number(reader, at, value);
    default:
        return read_word(reader, at, value);
    }
}

/* Where the name of a member stands. It may have been unescaped into the arena, so the object,
 * which is known to be well formed, is walked once more. */
__attribute__((cold, noinline)) static const char *name_place(const struct json *object,
                                                              const struct json *member)
{
    const char *at = object->text.data + 1;
    const struct json *child = object->child;
    int depth = 0;
    for (; child != member; at++) {
        if (*at == '"') {
            for (at++; *at != '"'; at++) {
                at += *at == '\\' ? 1 : 0;
            }
        } else if (*at == '{' || *at == '[') {
            depth++;
        } else if (*at == '}' || *at == ']') {
            depth--;
        } else if (*at == ',' && depth == 0) {
            child = child->next;
        }
    }
    while (*at != '"') {
        at++;
    }
    return at;
}

static const char *check_names(struct reader *reader, const char *at, const struct json *object)
{
    const struct json *twice = NULL;
    if (json_name_twice(reader->arena, object, &twice) != OK) {
        return refuse_no_memory(reader);
    }
    if (twice == NULL) {
        return at;
    }
    reader->current = twice;
    return refuse(reader, name_place(object, twice), REASON_duplicate,
                  "a member of this name stands in the object already. Each name may stand once.");
}

static inline const char *close_parent(struct reader *reader, const char *at)
{
    struct json *parent = reader->parents[reader->depth - 1];
    at++;
    parent->text.length = (size_t)(at - parent->text.data);
    if (parent->kind == JSON_OBJECT && parent->count > 1 &&
        check_names(reader, at, parent) == NULL) {
        return NULL;
    }
    reader->depth--;
    return at;
}

/* Reads `"name":` and the blanks around it. */
static inline const char *read_name(struct reader *reader, const char *at, struct slice *out_name)
{
    const char *end = reader->end;
    if (at == end || *at != '"') {
        return refuse_octet(reader, at, "a member is wanted, which begins with its name in \"\".");
    }
    const char *behind = read_string(reader, at, out_name);
    if (behind == NULL) {
        return NULL;
    }
    bool borrowed = out_name->data == at + 1;
    if (!borrowed && memchr(out_name->data, '\0', out_name->length) != NULL) {
        return refuse(reader, at, REASON_bad_json, "a member's name must not hold \\u0000.");
    }
    behind = skip_blanks(behind, end);
    if (behind == end || *behind != ':') {
        return refuse_octet(reader, behind, "a : must stand behind a member's name.");
    }
    return skip_blanks(behind + 1, end);
}

static inline uint32_t most_members(const struct reader *reader, const struct json *parent)
{
    bool outer = reader->depth == 1 && parent->kind == JSON_ARRAY && reader->limits->outer != 0;
    return outer ? reader->limits->outer : reader->limits->members;
}

/* Begins the next element or member of the innermost parent: *out_value is to be read at the octet
 * given back. */
static inline const char *begin_child(struct reader *reader, const char *at,
                                      struct json **out_value)
{
    struct json *parent = reader->parents[reader->depth - 1];
    struct slice name = {NULL, 0};
    if (parent->count >= most_members(reader, parent)) {
        return refuse(reader, at, REASON_too_many_members,
                      "this array or object has more members than allowed. Use fewer.");
    }
    if (parent->kind == JSON_OBJECT) {
        at = read_name(reader, at, &name);
        if (at == NULL) {
            return NULL;
        }
    }
    struct json *child = node_new(reader);
    if (child == NULL) {
        return NULL;
    }
    child->name = name;
    *reader->links[reader->depth - 1] = child;
    reader->links[reader->depth - 1] = &child->next;
    parent->count++;
    reader->current = child;
    *out_value = child;
    return at;
}

/* From the end of what read_value read to the beginning of the next value, which *value then is;
 * NULL when the outermost is complete. */
static inline const char *read_between(struct reader *reader, const char *at, struct json **value)
{
    bool opened = reader->depth != 0 && reader->parents[reader->depth - 1] == *value;
    reader->current = NULL;
    while (reader->depth != 0) {
        bool object = reader->parents[reader->depth - 1]->kind == JSON_OBJECT;
        at = skip_blanks(at, reader->end);
        if (at < reader->end && *at == (object ? '}' : ']')) {
            at = close_parent(reader, at);
            if (at == NULL) {
                return NULL;
            }
            opened = false;
            continue;
        }
        if (opened) {
            return begin_child(reader, at, value);
        }
        if (at == reader->end || *at != ',') {
            return refuse_octet(reader, at,
                                object ? "a , or the } of the object is wanted."
                                       : "a , or the ] of the array is wanted.");
        }
        return begin_child(reader, skip_blanks(at + 1, reader->end), value);
    }
    *value = NULL;
    return at;
}

static struct json *read_text(struct reader *reader)
{
    struct json *root = node_new(reader);
    if (root == NULL) {
        return NULL;
    }
    struct json *value = root;
    const char *at = skip_blanks(reader->start, reader->end);
    while (value != NULL) {
        at = read_value(reader, at, value);
        if (at == NULL) {
            return NULL;
        }
        at = read_between(reader, at, &value);
        if (at == NULL) {
            return NULL;
        }
    }
    at = skip_blanks(at, reader->end);
    if (at != reader->end) {
        refuse_octet(reader, at, "something stands behind the value. Nothing may.");
        return NULL;
    }
    return root;
}

enum err json_parse(struct arena *arena, struct slice text, const struct json_limits *limits,
                    struct json **out, struct fault *fault)
{
    assert(limits->depth <= JSON_DEPTH_MAX);
    struct reader reader;
    reader.start = text.length == 0 ? "" : text.data;
    reader.end = reader.start + text.length;
    reader.arena = arena;
    reader.limits = limits;
    reader.fault = fault;
    reader.err = OK;
    reader.spare_count = 0;
    reader.current = NULL;
    reader.depth = 0;
    struct json *root = read_text(&reader);
    if (root == NULL) {
        return reader.err;
    }
    *out = root;
    return OK;
}

const struct json *json_member(const struct json *object, const char *name)
{
    assert(object->kind == JSON_OBJECT);
    struct slice wanted = slice_of(name);
    const struct json *member = object->child;
    while (member != NULL && !slice_equal(member->name, wanted)) {
        member = member->next;
    }
    return member;
}
