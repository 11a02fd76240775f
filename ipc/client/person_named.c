#include "ipc/client/person_named.h"

#include <stdio.h>
#include <string.h>

enum { LOGIN, ID, NAME, PRIVILEGE, PIECES };

#define PIECE_BYTES 255 /* what the daemon takes */

/* The piece of the option between colons; the last one takes the rest. Empty if it is left out. */
static struct slice piece_of(const char *option, int which)
{
    const char *at = option;
    for (int i = 0; i < which && at != NULL; i++) {
        at = strchr(at, ':');
        at = at == NULL ? NULL : at + 1;
    }
    if (at == NULL) {
        return (struct slice){"", 0};
    }
    const char *end = which < PRIVILEGE ? strchr(at, ':') : NULL;
    return (struct slice){at, end == NULL ? strlen(at) : (size_t)(end - at)};
}

const char *person_named_read(struct person_named *person)
{
    if (person->option == NULL) {
        return NULL;
    }
    if (!json_is_utf8(slice_of(person->option)) ||
        (person->from != NULL && !json_is_utf8(slice_of(person->from)))) {
        return "--as and --from take UTF-8, not";
    }
    for (int i = 0; i < PIECES; i++) {
        if (piece_of(person->option, i).length > PIECE_BYTES) {
            return "--as takes at most 255 octets between colons, not";
        }
    }
    if (person->from != NULL && strlen(person->from) > PIECE_BYTES) {
        return "--from takes an address for";
    }
    struct slice login = piece_of(person->option, LOGIN);
    if (login.length == 0) {
        return "--as takes LOGIN[:ID:NAME:PRIVILEGE], not";
    }
    snprintf(person->login, sizeof person->login, "%.*s", (int)login.length, login.data);
    return NULL;
}

/* Writes the member; false if it does not fit (255 octets of controls, each written as six). */
static bool write_member(struct person_named *person, const struct slice pieces[PIECES])
{
    static const char *const names[PIECES] = {"suser", "suid", "sname", "spriv"};
    struct buffer text;
    buffer_init(&text, sizeof person->member - 1);
    buffer_append_text(&text, "\"actor\":{");
    for (int i = 0; i < PIECES; i++) {
        if (pieces[i].length > 0) {
            buffer_append_format(&text, "%s\"%s\":", i == 0 ? "" : ",", names[i]);
            json_write_string(&text, pieces[i]);
        }
    }
    if (person->from != NULL) {
        buffer_append_text(&text, ",\"originIP\":");
        json_write_string(&text, slice_of(person->from));
    }
    buffer_append_char(&text, '}');
    bool fits = buffer_result(&text) == OK;
    if (fits) {
        memcpy(person->member, text.data, text.length);
        person->member[text.length] = '\0';
    }
    buffer_done(&text);
    return fits;
}

/* The text of a member of the guardian's entry, if it is one that can stand here. */
static struct slice entry_text(const struct json *guardian, const char *name, struct slice other)
{
    const struct json *value = guardian == NULL ? NULL : json_member(guardian, name);
    bool good = value != NULL && value->kind == JSON_STRING && value->text.length > 0 &&
                value->text.length <= PIECE_BYTES;
    return good ? value->text : other;
}

/* Asks for the guardian's entry, in the person's own name. *out is NULL where there is none, or
 * none that may be seen: what was asked for in the first place says why. */
static enum err ask_entry(const struct person_named *person, struct session *session,
                          struct arena *arena, const struct json **out, struct fault *fault)
{
    const struct slice params[] = {
        slice_of("{\"login\":"), {NULL, 0}, slice_of(","), slice_of(person->member), slice_of("}")};
    struct slice request[5];
    struct buffer login;
    struct fault why;
    buffer_init(&login, PERSON_NAMED_BYTES);
    json_write_string(&login, slice_of(person->login));
    memcpy(request, params, sizeof request);
    request[1] = buffer_slice(&login);
    const struct session_request call = {.method = "guardian.show", .params = request, .count = 5};
    fault_clear(&why);
    *out = NULL;
    enum err err = session_call(session, arena, &call, out, &why);
    buffer_done(&login);
    if (err == ERR_CLOSED || err == ERR_TIMEOUT) {
        *fault = why;
        return err;
    }
    if (err != OK || (*out)->kind != JSON_OBJECT) {
        *out = NULL;
    }
    return OK;
}

static enum err refuse_length(struct fault *fault)
{
    return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_long, NULL,
                     "What --as says is too long: name the user in fewer characters.");
}

enum err person_named_learn(struct person_named *person, struct session *session,
                            struct arena *arena, struct fault *fault)
{
    if (person->option == NULL || person->member[0] != '\0') {
        return OK;
    }
    const struct json *guardian = NULL;
    struct slice pieces[PIECES];
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = piece_of(person->option, i);
    }
    if (!write_member(person, pieces)) {
        return refuse_length(fault);
    }
    if (pieces[ID].length > 0 && pieces[NAME].length > 0 && pieces[PRIVILEGE].length > 0) {
        return OK;
    }
    arena_reset(arena);
    enum err err = ask_entry(person, session, arena, &guardian, fault);
    if (err != OK) {
        person->member[0] = '\0';
        return err;
    }
    const struct slice defaults[PIECES] = {pieces[LOGIN], entry_text(guardian, "id", pieces[LOGIN]),
                                           entry_text(guardian, "name", pieces[LOGIN]),
                                           entry_text(guardian, "privilege", slice_of("User"))};
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = pieces[i].length > 0 ? pieces[i] : defaults[i];
    }
    if (!write_member(person, pieces)) {
        person->member[0] = '\0';
        return refuse_length(fault);
    }
    return OK;
}
