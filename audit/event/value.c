#include "audit/event/value.h"

#include <arpa/inet.h>
#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "audit/base/clock.h"
#include "audit/event/text.h"

#define PORT_MAX 65535
#define NUMERAL_MAX 32 /* characters of a number as a string */
#define HASH_MIN 8     /* digits of a CRC-32 */
#define HASH_MAX 128   /* digits of a SHA-512 */
#define SHA256_DIGITS 64
#define ZONE_MAX 32
#define YEAR_2100_US (INT64_C(4102444800) * 1000 * 1000) /* 2100-01-01T00:00:00Z */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- addresses --------------------------------------------------------------------------------*/

/* The dotted quad, as inet_pton has it: four numbers to 255 without leading zeros. Written out
 * because every event has two or three and inet_pton costs ten times as much. */
static bool is_dotted_quad(struct slice text)
{
    size_t at = 0;
    for (int part = 0; part < 4; part++) {
        unsigned value = 0;
        size_t start = at;
        while (at < text.length && at < start + 3 && is_digit(text.data[at])) {
            value = value * 10 + (unsigned)(text.data[at++] - '0');
        }
        bool leading_zero = at - start > 1 && text.data[start] == '0';
        if (at == start || leading_zero || value > 255) {
            return false;
        }
        if (part < 3 && (at == text.length || text.data[at++] != '.')) {
            return false;
        }
    }
    return at == text.length;
}

static bool is_zone(struct slice zone)
{
    static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "._~-";
    for (size_t i = 0; i < zone.length; i++) {
        if (memchr(allowed, zone.data[i], sizeof allowed - 1) == NULL) {
            return false;
        }
    }
    return zone.length > 0 && zone.length <= ZONE_MAX;
}

static bool is_ipv6(struct slice text)
{
    const char *percent = memchr(text.data, '%', text.length);
    struct slice address = text;
    if (percent != NULL) {
        address.length = (size_t)(percent - text.data);
        if (!is_zone((struct slice){percent + 1, text.length - address.length - 1})) {
            return false;
        }
    }
    char ended[INET6_ADDRSTRLEN];
    unsigned char octets[16];
    if (address.length >= sizeof ended || memchr(text.data, '\0', address.length) != NULL) {
        return false;
    }
    memcpy(ended, address.data, address.length);
    ended[address.length] = '\0';
    return inet_pton(AF_INET6, ended, octets) == 1;
}

bool value_is_address(struct slice text)
{
    return text.length > 0 && (is_dotted_quad(text) || is_ipv6(text));
}

/* ---- times ------------------------------------------------------------------------------------*/

enum reason value_read_stamp(struct slice text, bool before_2100, int64_t *out_us)
{
    int64_t us;
    if (!clock_parse(text_trim(text), &us) || (before_2100 && us >= YEAR_2100_US)) {
        return REASON_bad_value;
    }
    *out_us = us;
    return REASON_none;
}

/* Cleaning makes a TAB a space, and the printed form has one inside. */
static bool read_printed(struct slice text, int64_t *out_us)
{
    char cleaned[32];
    if (text.length > sizeof cleaned) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        cleaned[i] = text.data[i] == '\t' ? ' ' : text.data[i];
    }
    return clock_parse_printed((struct slice){cleaned, text.length}, out_us);
}

static bool read_time(struct slice text, int64_t *out_us)
{
    return clock_parse(text, out_us) || read_printed(text, out_us);
}

/* ---- numbers ----------------------------------------------------------------------------------*/

/* 0 or [1-9][0-9]*, up to 2^63-1. */
static bool read_numeral(struct slice text, int64_t *out)
{
    if (text.length == 0 || text.length > 19 || (text.data[0] == '0' && text.length > 1)) {
        return false;
    }
    uint64_t value = 0; /* 19 digits always fit */
    for (size_t i = 0; i < text.length; i++) {
        if (!is_digit(text.data[i])) {
            return false;
        }
        value = value * 10 + (uint64_t)(text.data[i] - '0');
    }
    if (value > INT64_MAX) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}

static size_t skip_digits(struct slice text, size_t at)
{
    while (at < text.length && is_digit(text.data[at])) {
        at++;
    }
    return at;
}

/* -?(0|[1-9][0-9]*)(.[0-9]+)? of at most 32 characters */
static bool is_real_numeral(struct slice text)
{
    size_t start = text.length > 0 && text.data[0] == '-' ? 1 : 0;
    size_t at = skip_digits(text, start);
    if (text.length > NUMERAL_MAX || at == start || (text.data[start] == '0' && at - start > 1)) {
        return false;
    }
    if (at < text.length && text.data[at] == '.') {
        size_t fraction = at + 1;
        at = skip_digits(text, fraction);
        return at == text.length && at > fraction;
    }
    return at == text.length;
}

static enum reason check_real(const struct catalogue_field *field, double real,
                              struct event_value *out)
{
    if (!isfinite(real) || real < field->min || real > field->max) {
        return REASON_bad_value;
    }
    *out = (struct event_value){.present = true, .real = real};
    return REASON_none;
}

static enum reason read_real_text(const struct catalogue_field *field, struct slice text,
                                  struct event_value *out)
{
    char ended[NUMERAL_MAX + 1];
    if (!is_real_numeral(text)) {
        return REASON_bad_value;
    }
    memcpy(ended, text.data, text.length);
    ended[text.length] = '\0';
    /* strtod takes the point of the program's locale; glibc gives the locale C without allocating
     */
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    assert(c_locale != (locale_t)0);
    double real = strtod_l(ended, NULL, c_locale);
    freelocale(c_locale);
    return check_real(field, real, out);
}

static enum reason check_integer(const struct catalogue_field *field, int64_t integer,
                                 struct event_value *out)
{
    if (integer < 0 || (field->kind == VALUE_PORT && integer > PORT_MAX)) {
        return REASON_bad_value;
    }
    *out = (struct event_value){.present = true, .integer = integer};
    return REASON_none;
}

/* A numeral in a JSON string. */
static enum reason read_number_text(const struct catalogue_field *field, struct slice text,
                                    struct event_value *out)
{
    struct slice numeral = text_trim(text);
    if (numeral.length == 0) {
        return REASON_none;
    }
    int64_t integer = 0;
    enum reason reason = REASON_bad_value;
    if (field->kind == VALUE_NUMBER) {
        reason = read_real_text(field, numeral, out);
    } else if (read_numeral(numeral, &integer)) {
        reason = check_integer(field, integer, out);
    }
    return reason;
}

/* ---- text -------------------------------------------------------------------------------------*/

static bool is_hash(struct slice text, bool sha256)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool capital = c >= 'A' && c <= 'F';
        if (!is_digit(c) && !(c >= 'a' && c <= 'f') && (sha256 || !capital)) {
            return false;
        }
    }
    if (sha256) {
        return text.length == SHA256_DIGITS;
    }
    return text.length >= HASH_MIN && text.length <= HASH_MAX && text.length % 2 == 0;
}

static bool is_one_of(const struct catalogue_field *field, struct slice text)
{
    for (size_t i = 0; i < field->value_count; i++) {
        if (slice_equal(field->values[i], text)) {
            return true;
        }
    }
    return false;
}

static bool text_fits(const struct catalogue_field *field, struct slice text)
{
    switch (field->kind) {
    case VALUE_IP:
        return value_is_address(text);
    case VALUE_HASH:
        return is_hash(text, false);
    case VALUE_SHA256:
        return is_hash(text, true);
    default:
        return is_one_of(field, text);
    }
}

enum reason value_read_text(const struct catalogue_field *field, struct slice text,
                            struct event_value *out)
{
    if (field->kind == VALUE_STRING) {
        *out = (struct event_value){.present = true, .is_text = true, .text = text};
        return REASON_none;
    }
    struct slice trimmed = text_trim(text);
    if (trimmed.length == 0) {
        return REASON_none;
    }
    if (field->kind == VALUE_TIME) {
        int64_t us;
        if (!read_time(trimmed, &us)) {
            return REASON_bad_value;
        }
        *out = (struct event_value){.present = true, .is_text = true, .text = text, .integer = us};
        return REASON_none;
    }
    if (!text_fits(field, trimmed)) {
        return REASON_bad_value;
    }
    struct slice plain = field->kind == VALUE_IP ? text_address(trimmed) : trimmed;
    *out = (struct event_value){.present = true, .is_text = true, .text = text, .plain = plain};
    return REASON_none;
}

/* ---- of JSON ----------------------------------------------------------------------------------*/

static enum reason read_string(const struct catalogue_field *field, const struct json *json,
                               struct event_value *out)
{
    struct slice text = json->text;
    if (json->kind == JSON_INTEGER) {
        text = json->integer == 0 ? slice_of("0") : text; /* -0 is 0 */
    } else if (json->kind != JSON_STRING) {
        return REASON_bad_type;
    }
    return value_read_text(field, text, out);
}

static enum reason read_number(const struct catalogue_field *field, const struct json *json,
                               struct event_value *out)
{
    switch (json->kind) {
    case JSON_STRING:
        return read_number_text(field, json->text, out);
    case JSON_INTEGER:
        return field->kind == VALUE_NUMBER ? check_real(field, (double)json->integer, out)
                                           : check_integer(field, json->integer, out);
    case JSON_REAL:
        return field->kind == VALUE_NUMBER ? check_real(field, json->real, out) : REASON_bad_type;
    default:
        return REASON_bad_type;
    }
}

enum reason value_read(const struct catalogue_field *field, const struct json *json,
                       struct event_value *out)
{
    switch (field->kind) {
    case VALUE_STRING:
        return read_string(field, json, out);
    case VALUE_INTEGER:
    case VALUE_PORT:
    case VALUE_NUMBER:
        return read_number(field, json, out);
    case VALUE_BOOLEAN:
        if (json->kind != JSON_BOOLEAN) {
            return REASON_bad_type;
        }
        *out = (struct event_value){.present = true, .boolean = json->boolean};
        return REASON_none;
    default:
        return json->kind == JSON_STRING ? value_read_text(field, json->text, out)
                                         : REASON_bad_type;
    }
}

const char *value_wanted(const struct catalogue_field *field)
{
    static const char *const wanted[] = {
        [VALUE_STRING] = "a string or an integer",
        [VALUE_INTEGER] = "an integer from 0 to 9223372036854775807",
        [VALUE_PORT] = "an integer from 0 to 65535",
        [VALUE_NUMBER] = "a number within the field's bounds",
        [VALUE_BOOLEAN] = "true or false",
        [VALUE_IP] = "an IPv4 or IPv6 address without brackets",
        [VALUE_TIME] = "a time as in 2026-11-24T17:49:41Z or 2026-11-24 17:49:41",
        [VALUE_HASH] = "8 to 128 hexadecimal digits, an even count",
        [VALUE_SHA256] = "64 hexadecimal digits in small letters",
        [VALUE_ENUM] = "one of the words the catalogue lists",
    };
    return wanted[field->kind];
}
