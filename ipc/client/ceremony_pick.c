#include "ipc/client/ceremony_pick.h"

#include <stdio.h>
#include <string.h>

#define START_MIN 4

static bool is_meant(const struct json *ceremony, const char *typed)
{
    struct slice id = output_member(ceremony, "ceremony");
    size_t length = strlen(typed);
    bool begins = length >= START_MIN && length <= id.length && memcmp(id.data, typed, length) == 0;
    return uuid_is(id) && (begins || slice_is(output_member(ceremony, "name"), typed));
}

static enum client_exit refuse(const struct client *client, const char *typed, size_t found)
{
    struct fault fault;
    const char *shown = json_is_utf8(slice_of(typed)) ? typed : "of that name";
    if (found == 0) {
        (void)fault_set(&fault, ERR_NOT_FOUND, REASON_unknown_ceremony, NULL,
                        "You see no ceremony %.200s.", shown);
    } else {
        (void)fault_set(&fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                        "%zu ceremonies are called %.200s: give the id, as guardianctl ceremony "
                        "list shows it.",
                        found, shown);
    }
    return client_tell(client, &fault, 0, "");
}

/* How many of an answer of ceremony.list are meant; the id of the last. */
static size_t count_meant(const struct json *answer, const char *typed,
                          char out_id[UUID_TEXT_BYTES + 1])
{
    size_t found = 0;
    const struct json *list = client_list(answer, "ceremonies");
    for (const struct json *at = list == NULL ? NULL : list->child; at != NULL; at = at->next) {
        if (is_meant(at, typed)) {
            found++;
            memcpy(out_id, output_member(at, "ceremony").data, UUID_TEXT_BYTES);
            out_id[UUID_TEXT_BYTES] = '\0';
        }
    }
    return found;
}

enum client_exit ceremony_pick_known(struct client *client, const char *typed,
                                     char out_id[UUID_TEXT_BYTES + 1], enum err *out_why)
{
    const struct json *answer;
    struct fault fault;
    out_id[0] = '\0';
    *out_why = client_try(client, "ceremony.list", "", &answer, &fault);
    if (*out_why == ERR_CLOSED || *out_why == ERR_TIMEOUT) {
        return client_tell(client, &fault, 0, "");
    }
    size_t found = *out_why == OK ? count_meant(answer, typed, out_id) : 0;
    return found > 1 ? refuse(client, typed, found) : CLIENT_DONE;
}

enum client_exit ceremony_pick(struct client *client, const char *typed,
                               char out_id[UUID_TEXT_BYTES + 1])
{
    const struct json *answer;
    if (uuid_is(slice_of(typed))) {
        memmove(out_id, typed, UUID_TEXT_BYTES + 1); /* may be the same */
        return CLIENT_DONE;
    }
    enum client_exit code = client_call(client, "ceremony.list", "", &answer);
    if (code != CLIENT_DONE) {
        return code;
    }
    size_t found = count_meant(answer, typed, out_id);
    return found == 1 ? CLIENT_DONE : refuse(client, typed, found);
}

enum client_exit ceremony_pick_status(struct client *client, const char *typed,
                                      char out_id[UUID_TEXT_BYTES + 1], const struct json **out)
{
    char params[64];
    enum client_exit code = ceremony_pick(client, typed, out_id);
    if (code == CLIENT_DONE) {
        snprintf(params, sizeof params, "\"ceremony\":\"%s\"", out_id);
        code = client_call(client, "ceremony.status", params, out);
    }
    return code;
}
