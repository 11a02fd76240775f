#include "audit/base/json.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_AT_ONCE 16  /* values are taken from the arena by the dozen: it is cheaper */
#define NAMES_BY_PAIRS 32 /* up to so many, names are compared in pairs; more are sorted */
#define NUMBER_STACK_OCTETS 64
#define EXACT_DIGITS 15 /* so many decimal digits always fit the 53 bits of a double */
#define EXACT_POWER 22  /* 10^22 is the greatest power of ten a double holds exactly */

struct reader {
    const char *start;
    const char *end;
    struct arena *arena;
    const struct json_limits *limits;
    struct fault *fault;
    enum err err;
    struct json *spare; /* values taken from the arena, not used yet */
    size_t spare_count;
    struct json *current; /* the value being read, NULL between values: for the pointer */
    uint32_t depth;       /* open arrays and objects; the innermost is parents[depth - 1] */
    struct json *parents[JSON_DEPTH_MAX];
    struct json **links[JSON_DEPTH_MAX]; /* where the next element or member is hung in */
};

/* ---- faults: never hot ------------------------------------------------------------------------
 */

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

/* ---- octets -----------------------------------------------------------------------------------
 */

#define EACH(octet) (UINT64_C(0x0101010101010101) * (octet))

/* Eight octets, the first one lowest. */
static inline uint64_t load_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return le64toh(word);
}

/* Marks (bit 7) the octets of a word that cannot stand in a JSON string as they are: quote,
 * backslash and controls. Exact up to and including the first marked octet. */
static inline uint64_t special_octets(uint64_t word)
{
    uint64_t quote = word ^ EACH('"');
    uint64_t backslash = word ^ EACH('\\');
    return (((quote - EACH(1)) & ~quote) | ((backslash - EACH(1)) & ~backslash) |
            ((word - EACH(0x20)) & ~word)) &
           EACH(0x80);
}

static inline bool is_special(unsigned char octet)
{
    return octet < 0x20 || octet == '"' || octet == '\\';
}

/* The first octet from at that is special or not ASCII, or end. */
static inline const char *skip_plain(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t word = load_word(at);
        uint64_t marks = special_octets(word) | (word & EACH(0x80));
        if (marks != 0) {
            return at + __builtin_ctzll(marks) / 8;
        }
        at += 8;
    }
    while (at < end && (unsigned char)*at < 0x80 && !is_special((unsigned char)*at)) {
        at++;
    }
    return at;
}

static inline bool is_tail(char octet)
{
    return ((unsigned char)octet & 0xc0) == 0x80;
}

/* Length of the UTF-8 sequence (RFC 3629, table of section 4) of a non-ASCII character at `at`, or
 * 0 if it is none. */
static size_t utf8_sequence(const char *at, const char *end)
{
    size_t left = (size_t)(end - at);
    unsigned first = (unsigned char)at[0];
    unsigned second = left > 1 ? (unsigned char)at[1] : 0;
    if (first >= 0xc2 && first <= 0xdf) {
        return left >= 2 && is_tail(at[1]) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        unsigned low = first == 0xe0 ? 0xa0 : 0x80;  /* below: overlong */
        unsigned high = first == 0xed ? 0x9f : 0xbf; /* above: surrogates */
        return left >= 3 && second >= low && second <= high && is_tail(at[2]) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        unsigned low = first == 0xf0 ? 0x90 : 0x80;  /* below: overlong */
        unsigned high = first == 0xf4 ? 0x8f : 0xbf; /* above: beyond U+10FFFF */
        return left >= 4 && second >= low && second <= high && is_tail(at[2]) && is_tail(at[3]) ? 4
                                                                                                : 0;
    }
    return 0;
}

bool json_is_utf8(struct slice text)
{
    const char *at = text.data;
    const char *end = text.length == 0 ? at : at + text.length;
    while (at < end) {
        if (end - at >= 8 && (load_word(at) & EACH(0x80)) == 0) {
            at += 8;
        } else if ((unsigned char)*at < 0x80) {
            at++;
        } else {
            size_t length = utf8_sequence(at, end);
            if (length == 0) {
                return false;
            }
            at += length;
        }
    }
    return true;
}

static inline const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) {
        at++;
    }
    return at;
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

/* ---- strings ----------------------------------------------------------------------------------
 */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The 16 bits of \uXXXX at `at` (its backslash), or -1 if there is no such escape before close. */
static int32_t read_unit(const char *at, const char *close)
{
    if (close - at < 6 || at[0] != '\\' || at[1] != 'u') {
        return -1;
    }
    int32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0) {
            return -1;
        }
        unit = unit * 16 + digit;
    }
    return unit;
}

static char *put_utf8(char *out, uint32_t character)
{
    if (character < 0x80) {
        *out++ = (char)character;
    } else if (character < 0x800) {
        *out++ = (char)(0xc0 | character >> 6);
        *out++ = (char)(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        *out++ = (char)(0xe0 | character >> 12);
        *out++ = (char)(0x80 | (character >> 6 & 0x3f));
        *out++ = (char)(0x80 | (character & 0x3f));
    } else {
        *out++ = (char)(0xf0 | character >> 18);
        *out++ = (char)(0x80 | (character >> 12 & 0x3f));
        *out++ = (char)(0x80 | (character >> 6 & 0x3f));
        *out++ = (char)(0x80 | (character & 0x3f));
    }
    return out;
}

/* Takes one \uXXXX, or two that make one character, at `at`. Gives the octet behind. */
static const char *unescape_unit(struct reader *reader, const char *at, const char *close,
                                 char **out)
{
    int32_t unit = read_unit(at, close);
    if (unit < 0) {
        return refuse(reader, at, REASON_bad_json, "\\u needs four hexadecimal digits.");
    }
    if (unit < 0xd800 || unit > 0xdfff) {
        *out = put_utf8(*out, (uint32_t)unit);
        return at + 6;
    }
    int32_t low = unit < 0xdc00 ? read_unit(at + 6, close) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
        return refuse(reader, at, REASON_bad_json,
                      "half of a surrogate pair. \\ud800-\\udbff needs \\udc00-\\udfff behind it, "
                      "and that one needs the other before it.");
    }
    *out = put_utf8(*out, 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
    return at + 12;
}

/* The octets from open to close (the quotes' insides) without their escapes, in the arena. */
static bool unescape(struct reader *reader, const char *open, const char *close,
                     struct slice *out_text)
{
    static const char escapes[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char *text = arena_allocate(reader->arena, (size_t)(close - open));
    if (text == NULL) {
        refuse_no_memory(reader);
        return false;
    }
    char *out = text;
    const char *at = open;
    while (at < close) {
        if (*at != '\\') {
            *out++ = *at++;
            continue;
        }
        const char *escape = memchr(escapes, at[1], sizeof escapes - 1);
        if (escape != NULL) {
            *out++ = meanings[escape - escapes];
            at += 2;
        } else if (at[1] == 'u') {
            at = unescape_unit(reader, at, close, &out);
            if (at == NULL) {
                return false;
            }
        } else {
            refuse(reader, at, REASON_bad_json,
                   "no such escape. There are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX.");
            return false;
        }
    }
    *out_text = (struct slice){text, (size_t)(out - text)};
    return true;
}

/* The closing quote of the string whose inside begins at `at`; tells whether there are escapes. */
static inline const char *find_close(struct reader *reader, const char *at, bool *out_escaped)
{
    const char *end = reader->end;
    for (;;) {
        at = skip_plain(at, end);
        if (at == end) {
            return refuse(reader, at, REASON_bad_json,
                          "the text ends inside a string. A closing \" is missing.");
        }
        if (*at == '"') {
            return at;
        }
        if (*at == '\\') {
            *out_escaped = true;
            at++;
            if (at < end && (*at == '"' || *at == '\\')) {
                at++;
            }
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
}

/* Reads the string whose opening quote stands at `at`. */
static inline const char *read_string(struct reader *reader, const char *at, struct slice *out)
{
    bool escaped = false;
    const char *close = find_close(reader, at + 1, &escaped);
    if (close == NULL) {
        return NULL;
    }
    if (!escaped) {
        *out = (struct slice){at + 1, (size_t)(close - at - 1)};
    } else if (!unescape(reader, at + 1, close, out)) {
        return NULL;
    }
    return close + 1;
}

/* ---- numbers ----------------------------------------------------------------------------------
 */

static inline bool is_digit(const char *at, const char *end)
{
    return at < end && *at >= '0' && *at <= '9';
}

/* What the text of a real says, by the C library: it rounds correctly. Its point is the locale's,
 * so it is asked in the locale C whatever the program has. */
static bool real_by_library(struct reader *reader, struct slice text, double *out)
{
    char on_stack[NUMBER_STACK_OCTETS];
    const char *copy = on_stack;
    if (text.length < sizeof on_stack) {
        memcpy(on_stack, text.data, text.length);
        on_stack[text.length] = '\0';
    } else {
        copy = arena_copy(reader->arena, text).data;
    }
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (copy == NULL || c_locale == (locale_t)0) {
        refuse_no_memory(reader);
        return false;
    }
    double value = strtod_l(copy, NULL, c_locale);
    freelocale(c_locale);
    if (!isfinite(value)) {
        refuse(reader, text.data, REASON_bad_json,
               "a number beyond what a double holds. It must be within +-1.797693134862315e308.");
        return false;
    }
    *out = value;
    return true;
}

/* A real of few digits and a small power of ten is one exact division or multiplication of two
 * exact doubles, hence rounded correctly (W. Clinger, How to read floating point numbers
 * accurately, 1990). True if it was one. */
static bool real_by_hand(struct slice text, double *out)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    bool negative = text.data[0] == '-';
    int64_t digits = 0;
    int fraction = -1; /* digits behind the point, -1 before it */
    if (text.length > EXACT_DIGITS) {
        return false;
    }
    for (size_t i = negative ? 1 : 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '.') {
            fraction = 0;
        } else if (c >= '0' && c <= '9') {
            digits = digits * 10 + (c - '0');
            fraction += fraction >= 0 ? 1 : 0;
        } else {
            return false;
        }
    }
    static_assert(EXACT_DIGITS <= EXACT_POWER, "a fraction this long has an exact power");
    double value = (double)digits / powers[fraction < 0 ? 0 : fraction];
    *out = negative ? -value : value;
    return true;
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
    if (real_by_hand(value->text, &value->real)) {
        return at;
    }
    return real_by_library(reader, value->text, &value->real) ? at : NULL;
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

/* ---- names that stand twice -------------------------------------------------------------------
 */

/* Equal names have equal marks; unequal ones seldom. */
static inline uint32_t name_mark(struct slice name)
{
    if (name.length == 0) {
        return 0;
    }
    uint32_t first = (unsigned char)name.data[0];
    uint32_t middle = (unsigned char)name.data[name.length / 2];
    uint32_t last = (unsigned char)name.data[name.length - 1];
    return (first | middle << 8 | last << 16 | (uint32_t)name.length << 24) * 0x9e3779b1;
}

/* For few members. A word of 64 bits remembers which marks were seen, so that most names are
 * compared with none. */
static inline const struct json *find_double_by_pairs(const struct json *object)
{
    uint32_t marks[NAMES_BY_PAIRS];
    uint64_t seen = 0;
    uint32_t count = 0;
    for (const struct json *member = object->child; member != NULL; member = member->next) {
        uint32_t mark = name_mark(member->name);
        uint64_t bit = UINT64_C(1) << (mark >> 26);
        const struct json *other = (seen & bit) != 0 ? object->child : member;
        for (uint32_t i = 0; other != member; i++, other = other->next) {
            if (marks[i] == mark && slice_equal(other->name, member->name)) {
                return member;
            }
        }
        seen |= bit;
        marks[count++] = mark;
    }
    return NULL;
}

static int compare_names(const struct json *a, const struct json *b)
{
    if (a->name.length != b->name.length) {
        return a->name.length < b->name.length ? -1 : 1;
    }
    return a->name.length == 0 ? 0 : memcmp(a->name.data, b->name.data, a->name.length);
}

static void merge(const struct json **from, const struct json **to, uint32_t middle, uint32_t end)
{
    uint32_t left = 0;
    uint32_t right = middle;
    for (uint32_t i = 0; i < end; i++) {
        bool take_left =
            left < middle && (right >= end || compare_names(from[left], from[right]) <= 0);
        to[i] = take_left ? from[left++] : from[right++];
    }
}

/* For many members: sorts and looks at neighbours. A sort, not a hash table: no names can be
 * thought up that make it slow, and there is no key to keep. */
static bool find_double_by_sort(struct reader *reader, const struct json *object,
                                const struct json **out)
{
    uint32_t count = object->count;
    const struct json **names = arena_allocate(reader->arena, 2 * sizeof *names * count);
    if (names == NULL) {
        refuse_no_memory(reader);
        return false;
    }
    const struct json **spare = names + count;
    const struct json *member = object->child;
    for (uint32_t i = 0; i < count; i++, member = member->next) {
        names[i] = member;
    }
    for (uint64_t width = 1; width < count; width *= 2) {
        for (uint64_t at = 0; at < count; at += 2 * width) {
            uint64_t left = count - at;
            merge(names + at, spare + at, (uint32_t)(left < width ? left : width),
                  (uint32_t)(left < 2 * width ? left : 2 * width));
        }
        const struct json **sorted = spare;
        spare = names;
        names = sorted;
    }
    *out = NULL;
    for (uint32_t i = 1; i < count && *out == NULL; i++) {
        *out = compare_names(names[i - 1], names[i]) == 0 ? names[i] : NULL;
    }
    return true;
}

static inline const char *check_names(struct reader *reader, const char *at, struct json *object)
{
    const struct json *twice = NULL;
    if (object->count <= NAMES_BY_PAIRS) {
        twice = find_double_by_pairs(object);
    } else if (!find_double_by_sort(reader, object, &twice)) {
        return NULL;
    }
    if (twice != NULL) {
        struct json named = *twice;
        reader->current = &named;
        refuse(reader, object->text.data, REASON_duplicate,
               "this object has two members of one name. Each name may stand once.");
        reader->current = NULL;
        return NULL;
    }
    return at;
}

/* ---- the tree ---------------------------------------------------------------------------------
 */

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

/* Begins the next element or member of the innermost parent: *out_value is to be read at the octet
 * given back. */
static inline const char *begin_child(struct reader *reader, const char *at,
                                      struct json **out_value)
{
    struct json *parent = reader->parents[reader->depth - 1];
    struct slice name = {NULL, 0};
    if (parent->count >= reader->limits->members) {
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

/* ---- writing ----------------------------------------------------------------------------------
 */

/* The first special octet from at, or end. */
static const char *skip_unescaped(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t marks = special_octets(load_word(at));
        if (marks != 0) {
            return at + __builtin_ctzll(marks) / 8;
        }
        at += 8;
    }
    while (at < end && !is_special((unsigned char)*at)) {
        at++;
    }
    return at;
}

static void write_escape(struct buffer *buffer, char octet)
{
    static const char octets[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    static const char digits[] = "0123456789abcdef";
    const char *found = memchr(octets, octet, sizeof octets - 1);
    if (found != NULL) {
        const char escape[2] = {'\\', letters[found - octets]};
        buffer_append(buffer, escape, sizeof escape);
    } else {
        const char escape[6] = {'\\', 'u', '0', '0', digits[octet >> 4], digits[octet & 0xf]};
        buffer_append(buffer, escape, sizeof escape);
    }
}

void json_write_string(struct buffer *buffer, struct slice text)
{
    const char *at = text.data;
    const char *end = text.length == 0 ? at : at + text.length;
    buffer_append_char(buffer, '"');
    while (at < end) {
        const char *special = skip_unescaped(at, end);
        buffer_append(buffer, at, (size_t)(special - at));
        at = special;
        if (at < end) {
            write_escape(buffer, *at++);
        }
    }
    buffer_append_char(buffer, '"');
}
