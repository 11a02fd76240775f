/* Private to the build tool catalogue_gen: how a JSON object of the catalogue is read strictly, and
 * how a message names what is wrong. */
#ifndef AUDIT_CATALOGUE_GEN_READER_H
#define AUDIT_CATALOGUE_GEN_READER_H

#include "audit/catalogue/gen_model.h"

/* What is being read: `what name` stands in front of every message. */
struct reader {
    struct arena *arena;
    struct model *model;
    struct fault *fault;
    const char *what;
    struct slice name;
};

/* A member an object may have. kind JSON_NULL: any kind. */
struct member {
    const char *name;
    enum json_kind kind;
    bool required;
    const struct json *value; /* filled by reader_members; NULL if absent or null */
};

/* From here on messages are about this object. */
void reader_begin(struct reader *reader, const char *what, struct slice name);

/* Fills the fault; always ERR_CONFIGURATION. */
enum err reader_refuse(struct reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Zeroed room for count things (one if count is 0), or NULL. */
void *reader_allocate(struct reader *reader, size_t count, size_t size);

/* Finds the members and refuses others, wrong kinds and missing ones. */
MUST_CHECK enum err reader_members(struct reader *reader, const struct json *object,
                                   struct member *members, size_t count);

/* A list of clean strings, none twice. */
MUST_CHECK enum err reader_texts(struct reader *reader, const struct json *array,
                                 struct slice **out, size_t *out_count);

struct slice member_text(const struct member *member); /* "" if absent */
bool member_true(const struct member *member);         /* false if absent */

/* Is it one line of visible text, with no blank at its ends? Literals, names and templates must be,
 * so that cleaning (formats.md 1.5) changes nothing in them. */
bool name_is_clean(struct slice text);
bool name_is_word(struct slice name); /* letters and digits, a letter first: a field or a key */
bool name_is_type(struct slice name); /* small letters, digits, _ and . */

/* Reads one entry of `types` into the type; layouts are added to the model. */
MUST_CHECK enum err reader_type(struct reader *reader, const struct json *object,
                                struct model_type *type);
/* Reads fields and key lists. */
MUST_CHECK enum err reader_layout(struct reader *reader, const struct json *fields,
                                  const struct json *const lists[MODEL_PROFILES],
                                  struct model_layout *layout);
/* Reads the types' list `object` whole. */
MUST_CHECK enum err reader_types(struct reader *reader, const struct json *array);

#endif
