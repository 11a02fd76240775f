#include "audit/catalogue/gen_reader.h"

#include <stdarg.h>
#include <stdio.h>

enum err reader_refuse(struct reader *reader, const char *format, ...)
{
    char sentence[384];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return fault_set(reader->fault, ERR_CONFIGURATION, REASON_bad_configuration, NULL,
                     "%s %.*s: %s", reader->what, (int)reader->name.length, reader->name.data,
                     sentence);
}

void *reader_allocate(struct reader *reader, size_t count, size_t size)
{
    return arena_allocate_zeroed(reader->arena, (count == 0 ? 1 : count) * size);
}

void reader_begin(struct reader *reader, const char *what, struct slice name)
{
    reader->what = what;
    reader->name = name;
}

static struct member *member_find(struct member *members, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_is(name, members[i].name)) {
            return &members[i];
        }
    }
    return NULL;
}

enum err reader_members(struct reader *reader, const struct json *object, struct member *members,
                        size_t count)
{
    if (object->kind != JSON_OBJECT) {
        return reader_refuse(reader, "is no object");
    }
    for (const struct json *at = object->child; at != NULL; at = at->next) {
        struct member *member = member_find(members, count, at->name);
        if (member == NULL) {
            return reader_refuse(reader, "has the unknown member %.*s", (int)at->name.length,
                                 at->name.data);
        }
        if (at->kind == JSON_NULL) {
            continue;
        }
        if (member->kind != JSON_NULL && at->kind != member->kind) {
            return reader_refuse(reader, "the member %s is of the wrong kind", member->name);
        }
        member->value = at;
    }
    for (size_t i = 0; i < count; i++) {
        if (members[i].required && members[i].value == NULL) {
            return reader_refuse(reader, "lacks the member %s", members[i].name);
        }
    }
    return OK;
}

struct slice member_text(const struct member *member)
{
    return member->value == NULL ? (struct slice){"", 0} : member->value->text;
}

bool member_true(const struct member *member)
{
    return member->value != NULL && member->value->boolean;
}

bool name_is_clean(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        unsigned char octet = (unsigned char)text.data[i];
        if (octet < 0x20 || octet == 0x7f) {
            return false;
        }
    }
    return text.length > 0 && text.data[0] != ' ' && text.data[text.length - 1] != ' ';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool name_is_word(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        if (!is_letter(name.data[i]) && (i == 0 || !is_digit(name.data[i]))) {
            return false;
        }
    }
    return name.length > 0 && name.length <= 64;
}

bool name_is_type(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        if (!(c >= 'a' && c <= 'z') && (i == 0 || (!is_digit(c) && c != '_' && c != '.'))) {
            return false;
        }
    }
    return name.length > 0 && name.length <= 64;
}

enum err reader_texts(struct reader *reader, const struct json *array, struct slice **out,
                      size_t *out_count)
{
    struct slice *texts = reader_allocate(reader, array->count, sizeof *texts);
    if (texts == NULL) {
        return fault_no_memory(reader->fault);
    }
    size_t count = 0;
    for (const struct json *at = array->child; at != NULL; at = at->next) {
        if (at->kind != JSON_STRING || !name_is_clean(at->text)) {
            return reader_refuse(reader, "a list holds something else than clean text");
        }
        for (size_t i = 0; i < count; i++) {
            if (slice_equal(texts[i], at->text)) {
                return reader_refuse(reader, "%.*s stands twice in one list", (int)at->text.length,
                                     at->text.data);
            }
        }
        texts[count++] = at->text;
    }
    *out = texts;
    *out_count = count;
    return OK;
}
