#include "ipc/daemon/config_value.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "audit/render/render.h"
#include "ipc/daemon/config_user.h"

#define WORD_BYTES 128

struct unit {
    const char *word;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}, {NULL, 0}};
static const struct unit time_units[] = {
    {"ms", 1}, {"s", 1000}, {"min", 60 * 1000}, {"h", 60 * 60 * 1000}, {NULL, 0}};
static const char *const severities[] = {"emerg",   "alert",  "crit", "err",
                                         "warning", "notice", "info", "debug"};

static const char out_of_bounds[] = "is out of bounds";

/* ---- numbers -------------------------------------------------------------------------------- */

static void put_unsigned(const struct setting *setting, uint64_t value, void *place)
{
    if (setting->size == sizeof(uint32_t)) {
        uint32_t narrow = (uint32_t)value;
        assert(narrow == value); /* the table's bounds keep it so */
        memcpy(place, &narrow, sizeof narrow);
    } else {
        assert(setting->size == sizeof value);
        memcpy(place, &value, sizeof value);
    }
}

static bool in_bounds(const struct setting *setting, uint64_t value)
{
    return value >= setting->min && value <= setting->max;
}

/* Takes the digits at the beginning off the text; more than fit saturate. False if there are none
 * or one of several is a leading 0 (which YAML 1.1 would read as octal, and people as decimal). */
static bool take_digits(struct slice *text, uint64_t *out)
{
    uint64_t value = 0;
    size_t digits = 0;
    while (digits < text->length && text->data[digits] >= '0' && text->data[digits] <= '9') {
        unsigned digit = (unsigned)(text->data[digits] - '0');
        value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX : value * 10 + digit;
        digits++;
    }
    if (digits == 0 || (digits > 1 && text->data[0] == '0')) {
        return false;
    }
    text->data += digits;
    text->length -= digits;
    *out = value;
    return true;
}

static const char *read_number(const struct setting *setting, struct slice text, void *place)
{
    uint64_t value;
    if (!take_digits(&text, &value) || text.length != 0) {
        return "is no whole number";
    }
    if (!in_bounds(setting, value)) {
        return out_of_bounds;
    }
    put_unsigned(setting, value, place);
    return NULL;
}

/* A number and, after it, one of the units; bare numbers are taken if bare is not 0 (its factor).
 */
static const char *read_with_unit(const struct setting *setting, struct slice text,
                                  const struct unit *units, uint64_t bare, void *place)
{
    uint64_t value;
    if (!take_digits(&text, &value)) {
        return "does not begin with a whole number";
    }
    while (text.length > 0 && text.data[0] == ' ') {
        text.data++;
        text.length--;
    }
    while (units->word != NULL && !slice_is(text, units->word)) {
        units++;
    }
    uint64_t factor = text.length == 0 ? bare : units->factor;
    if (factor == 0) {
        return text.length == 0 ? "has no unit" : "has an unknown unit";
    }
    if (value > UINT64_MAX / factor || !in_bounds(setting, value * factor)) {
        return out_of_bounds;
    }
    put_unsigned(setting, value * factor, place);
    return NULL;
}

static const char *read_limit(const struct setting *setting, struct slice text, void *place)
{
    if (slice_is(text, "none") || slice_is(text, "0")) {
        put_unsigned(setting, 0, place);
        return NULL;
    }
    return read_with_unit(setting, text, size_units, 1, place);
}

static const char *read_mode(const struct setting *setting, struct slice text, void *place)
{
    uint64_t mode = 0;
    if (text.length < 2 || text.data[0] != '0') {
        return "is no octal mode with a leading 0";
    }
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '7') {
            return "is no octal mode";
        }
        mode = mode > UINT32_MAX ? mode : mode * 8 + (unsigned)(text.data[i] - '0');
    }
    if (!in_bounds(setting, mode)) {
        return out_of_bounds;
    }
    put_unsigned(setting, mode, place);
    return NULL;
}

/* ---- text ----------------------------------------------------------------------------------- */

const char *value_put_text(struct slice text, char *place, size_t size)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char here = (unsigned char)text.data[i];
        unsigned char next = i + 1 < text.length ? (unsigned char)text.data[i + 1] : 0;
        if (here < 0x20 || here == 0x7f || (here == 0xc2 && next >= 0x80 && next <= 0x9f)) {
            return "has a control character in it";
        }
    }
    if (text.length >= size) {
        return "is too long";
    }
    if (text.length != 0) {
        memcpy(place, text.data, text.length);
    }
    place[text.length] = '\0';
    return NULL;
}

static bool is_letter_or_digit(char character)
{
    return (character >= '0' && character <= '9') || (character >= 'A' && character <= 'Z') ||
           (character >= 'a' && character <= 'z');
}

/* Letters, digits and what else is listed. */
static const char *read_letters(const struct setting *setting, struct slice text, const char *also,
                                void *place)
{
    for (size_t i = 0; i < text.length; i++) {
        if (!is_letter_or_digit(text.data[i]) &&
            (text.data[i] == '\0' || strchr(also, text.data[i]) == NULL)) {
            return "has a character in it that is not allowed";
        }
    }
    return value_put_text(text, place, setting->size);
}

static const char *read_hostname(const struct setting *setting, struct slice text, void *place)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~') {
            return "is not printable ASCII without spaces";
        }
    }
    return value_put_text(text, place, setting->size);
}

static const char *read_address(const struct setting *setting, struct slice text, void *place)
{
    char address[INET6_ADDRSTRLEN];
    unsigned char bytes[sizeof(struct in6_addr)];
    bool known =
        value_put_text(text, address, sizeof address) == NULL &&
        (inet_pton(AF_INET, address, bytes) == 1 || inet_pton(AF_INET6, address, bytes) == 1);
    return known || text.length == 0 ? value_put_text(text, place, setting->size)
                                     : "is no IP address";
}

static const char *check_path(struct slice path)
{
    if (path.length == 0 || path.data[0] != '/') {
        return "is not absolute";
    }
    return path.data[path.length - 1] == '/' ? "ends in a slash" : NULL;
}

static const char *read_path(const struct setting *setting, struct slice text, void *place)
{
    const char *wrong = text.length == 0 ? NULL : check_path(text);
    return wrong != NULL ? wrong : value_put_text(text, place, setting->size);
}

/* scheme:// and an absolute path of at most longest octets. */
static const char *read_url(const struct setting *setting, struct slice text, const char *scheme,
                            size_t longest, void *place)
{
    const char *colon = memmem(text.data, text.length, "://", 3);
    if (colon == NULL) {
        return "is no URL";
    }
    size_t scheme_length = (size_t)(colon - text.data);
    if (!slice_is((struct slice){text.data, scheme_length}, scheme)) {
        return "has a scheme that is not supported by this version";
    }
    size_t before = scheme_length + 3;
    struct slice path = {text.data + before, text.length - before};
    if (path.length > longest) {
        return "is too long";
    }
    const char *wrong = check_path(path);
    return wrong != NULL ? wrong : value_put_text(text, place, setting->size);
}

/* ---- words ---------------------------------------------------------------------------------- */

/* The text as a NUL-ended string; "" (which no list of words holds) if it cannot be one. */
static const char *word_of(struct slice text, char word[WORD_BYTES])
{
    if (memchr(text.data, '\0', text.length) != NULL ||
        value_put_text(text, word, WORD_BYTES) != NULL) {
        word[0] = '\0';
    }
    return word;
}

static const char *read_format(struct slice text, void *place)
{
    char word[WORD_BYTES];
    return format_from_word(word_of(text, word), place) ? NULL : "is no format";
}

static const char *read_profile(struct slice text, void *place)
{
    char word[WORD_BYTES];
    return profile_from_word(word_of(text, word), place) ? NULL : "is no profile";
}

static const char *read_envelope(struct slice text, void *place)
{
    enum envelope *envelope = place;
    if (slice_is(text, "none")) {
        *envelope = ENVELOPE_NONE;
    } else if (slice_is(text, "syslog")) {
        *envelope = ENVELOPE_SYSLOG;
    } else {
        return "is no envelope";
    }
    return NULL;
}

static const char *read_severity(const struct setting *setting, struct slice text, void *place)
{
    for (unsigned i = 0; i < sizeof severities / sizeof severities[0]; i++) {
        if (slice_is(text, severities[i])) {
            put_unsigned(setting, i, place);
            return NULL;
        }
    }
    return read_number(setting, text, place) == NULL ? NULL : "is no severity";
}

/* ---- users ---------------------------------------------------------------------------------- */

static const char *read_user(const struct setting *setting, struct slice text, void *place)
{
    uint64_t number;
    struct slice rest = text;
    char name[WORD_BYTES];
    uint32_t uid;
    if (take_digits(&rest, &number) && rest.length == 0) {
        if (number >= UINT32_MAX) { /* (uid_t)-1 means nobody at all */
            return out_of_bounds;
        }
        uid = (uint32_t)number;
    } else if (!user_find(word_of(text, name), &uid)) {
        return "is no user of this machine";
    }
    put_unsigned(setting, uid, place);
    return NULL;
}

static bool is_number(struct slice text)
{
    uint64_t number;
    return take_digits(&text, &number) && text.length == 0 && number < UINT32_MAX;
}

static const char *read_owner(const struct setting *setting, struct slice text, void *place)
{
    char name[WORD_BYTES];
    uint32_t id;
    const char *colon = memchr(text.data, ':', text.length);
    struct slice user = {text.data, colon == NULL ? text.length : (size_t)(colon - text.data)};
    if (text.length != 0 && !is_number(user) && !user_find(word_of(user, name), &id)) {
        return "names no user of this machine";
    }
    if (colon != NULL) {
        struct slice group = {colon + 1, text.length - user.length - 1};
        if (!is_number(group) && !group_find(word_of(group, name), &id)) {
            return "names no group of this machine";
        }
    }
    return value_put_text(text, place, setting->size);
}

static const char *read_switch(struct slice text, bool *place)
{
    bool on = slice_is(text, "yes") || slice_is(text, "true");
    if (!on && !slice_is(text, "no") && !slice_is(text, "false")) {
        return "is neither yes nor no";
    }
    *place = on;
    return NULL;
}

/* ---- the door ------------------------------------------------------------------------------- */

static const char *read_kind(const struct setting *setting, struct slice text, void *place)
{
    switch (setting->kind) {
    case SETTING_TEXT:
        return value_put_text(text, place, setting->size);
    case SETTING_PATH:
        return read_path(setting, text, place);
    case SETTING_ADDRESS:
        return read_address(setting, text, place);
    case SETTING_HOSTNAME:
        return read_hostname(setting, text, place);
    case SETTING_LETTERS:
        return read_letters(setting, text, "", place);
    case SETTING_NAME:
        return read_letters(setting, text, "-_", place);
    case SETTING_LANGUAGE:
        return read_letters(setting, text, "-", place);
    case SETTING_NUMBER:
        return read_number(setting, text, place);
    case SETTING_SIZE:
        return read_with_unit(setting, text, size_units, 1, place);
    case SETTING_DURATION:
        return read_with_unit(setting, text, time_units, 0, place);
    case SETTING_SWITCH:
        return read_switch(text, place);
    case SETTING_LIMIT:
        return read_limit(setting, text, place);
    case SETTING_MODE:
        return read_mode(setting, text, place);
    case SETTING_USER:
        return read_user(setting, text, place);
    case SETTING_OWNER:
        return read_owner(setting, text, place);
    case SETTING_LISTEN_URL:
        return read_url(setting, text, "ipc", CONFIG_SOCKET_PATH_MAX, place);
    case SETTING_SINK_URL:
        return read_url(setting, text, "file", setting->size, place);
    case SETTING_FORMAT:
        return read_format(text, place);
    case SETTING_PROFILE:
        return read_profile(text, place);
    case SETTING_ENVELOPE:
        return read_envelope(text, place);
    case SETTING_SEVERITY:
        return read_severity(setting, text, place);
    default:
        assert(false); /* the table sends only single values here */
        return "is no single value";
    }
}

const char *setting_read(const struct setting *setting, struct slice text, void *place)
{
    bool may_be_empty = setting->standard != NULL && setting->standard[0] == '\0';
    if (text.length == 0) {
        if (!may_be_empty) {
            return "is empty";
        }
        text.data = ""; /* so that nobody below meets a NULL */
    }
    return read_kind(setting, text, place);
}

/* ---- what would be right -------------------------------------------------------------------- */

/* With the largest unit that divides it. */
static void with_unit(uint64_t value, const struct unit *units, const char *bare, char out[32])
{
    const struct unit *best = NULL;
    for (; units->word != NULL; units++) {
        if (value != 0 && value % units->factor == 0) {
            best = units;
        }
    }
    if (best == NULL) {
        snprintf(out, 32, "%ju%s", (uintmax_t)value, bare);
    } else {
        snprintf(out, 32, "%ju%s", (uintmax_t)(value / best->factor), best->word);
    }
}

static void bounds_with_units(const struct setting *setting, char *out, size_t size)
{
    bool time = setting->kind == SETTING_DURATION;
    const struct unit *units = time ? time_units : size_units;
    const char *bare = time ? "s" : "";
    char least[32];
    char most[32];
    with_unit(setting->min, units, bare, least);
    with_unit(setting->max, units, bare, most);
    if (time) {
        snprintf(out, size, "a time from %s to %s with its unit (ms, s, min, h), as in 5s", least,
                 most);
    } else {
        snprintf(out, size, "%sa size from %s to %s in octets or with KiB, MiB, GiB",
                 setting->kind == SETTING_LIMIT ? "none or " : "", least, most);
    }
}

/* Kinds whose sentence is always the same; NULL for the others. */
static const char *fixed_sentence(enum setting_kind kind)
{
    switch (kind) {
    case SETTING_ADDRESS:
        return "an IPv4 or IPv6 address, as in 192.0.2.17";
    case SETTING_SWITCH:
        return "yes or no";
    case SETTING_MODE:
        return "permission bits in octal from 0000 to 0777, as in 0640";
    case SETTING_USER:
        return "the number (at most 4294967294) or the name of a user";
    case SETTING_OWNER:
        return "user or user:group, as in root:adm";
    case SETTING_LISTEN_URL:
        return "ipc:// and an absolute path of at most 107 octets, as in "
               "ipc:///run/guardian/guardian.sock";
    case SETTING_SINK_URL:
        return "file:// and an absolute path, as in file:///var/log/guardian/siem.log";
    case SETTING_FORMAT:
        return "cef, rfc5424 or sensage";
    case SETTING_PROFILE:
        return "senhasegura or standard";
    case SETTING_ENVELOPE:
        return "none or syslog";
    case SETTING_SEVERITY:
        return "emerg, alert, crit, err, warning, notice, info, debug or a number from 0 to 7";
    default:
        return NULL;
    }
}

void value_expects(const struct setting *setting, char *out, size_t size)
{
    const char *least = setting->standard != NULL && setting->standard[0] == '\0' ? "0" : "1";
    const char *fixed = fixed_sentence(setting->kind);
    const char *what = "printable characters,";
    if (fixed != NULL) {
        snprintf(out, size, "%s", fixed);
        return;
    }
    switch (setting->kind) {
    case SETTING_NUMBER:
        snprintf(out, size, "a whole number from %ju to %ju", (uintmax_t)setting->min,
                 (uintmax_t)setting->max);
        return;
    case SETTING_SIZE:
    case SETTING_DURATION:
    case SETTING_LIMIT:
        bounds_with_units(setting, out, size);
        return;
    case SETTING_PATH:
        what = "an absolute path, as in /var/lib/guardian,";
        break;
    case SETTING_HOSTNAME:
        what = "printable ASCII without spaces,";
        break;
    case SETTING_LETTERS:
        what = "letters and digits,";
        break;
    case SETTING_NAME:
        what = "letters, digits, - and _,";
        break;
    case SETTING_LANGUAGE:
        what = "a language as in en or pt-BR,";
        break;
    default:
        break;
    }
    snprintf(out, size, "%s %s to %zu octets", what, least, setting->size - 1);
}
