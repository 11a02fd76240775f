#include "ipc/client/part_fetch.h"

#include <stdio.h>
#include <string.h>

#include "audit/base/base64.h"
#include "ipc/client/keyfile.h"

enum client_exit part_own_login(struct client *client, char out[256])
{
    const struct json *entry;
    struct fault fault;
    snprintf(out, 256, "%s", client->as.login);
    if (out[0] != '\0') {
        return CLIENT_DONE;
    }
    enum err err = client_try(client, "guardian.show", "", &entry, &fault);
    if (err == ERR_CLOSED || err == ERR_TIMEOUT) {
        return client_tell(client, &fault, 0, "");
    }
    if (err == OK) {
        struct slice login = output_member(entry, "login");
        snprintf(out, 256, "%.*s", (int)(login.length > 255 ? 0 : login.length), login.data);
    }
    return CLIENT_DONE;
}

bool part_challenge(const struct json *answer, uint8_t out[STATEMENT_CHALLENGE_BYTES])
{
    size_t length = 0;
    return base64_read(output_member(answer, "challenge"), BASE64_PADDED, out,
                       STATEMENT_CHALLENGE_BYTES, &length) &&
           length == STATEMENT_CHALLENGE_BYTES;
}

static enum client_exit ask(struct client *client, const char *method,
                            const struct part_fetching *fetching, const struct json **out)
{
    char params[64];
    snprintf(params, sizeof params, "\"ceremony\":\"%s\"", fetching->id);
    return client_call(client, method, params, out);
}

static enum client_exit open_part(struct client *client, struct part_fetching *fetching,
                                  const struct secret *key, const struct json *answer)
{
    struct fault fault;
    const struct part_expected expected = {.ceremony = slice_of(fetching->id),
                                           .guardian = slice_of(fetching->guardian)};
    fault_clear(&fault);
    enum err err = part_open(answer, &expected, key, &fetching->opened, &fault);
    if (err == OK && !part_challenge(answer, fetching->challenge)) {
        err = fault_set(&fault, ERR_PARTS, REASON_part_mismatch, NULL,
                        "The answer has no challenge: what answers is no guardian.");
    }
    if (err == OK) {
        return CLIENT_DONE;
    }
    return fault.reason == REASON_part_mismatch ? client_alarm(client, &fault)
                                                : client_tell(client, &fault, 0, "");
}

/* May the login stand on a page, in a line of its own? */
static bool is_plain(struct slice login)
{
    bool plain = json_is_utf8(login) && login.length > 0 && login.length <= 128;
    for (size_t i = 0; i < login.length; i++) {
        plain &= (unsigned char)login.data[i] >= ' ' && login.data[i] != 0x7f;
    }
    return plain;
}

static void name_others(const struct json *status, const char *own, char *out, size_t size)
{
    size_t length = 0;
    const struct json *parts = client_list(status, "parts");
    out[0] = '\0';
    for (const struct json *at = parts == NULL ? NULL : parts->child; at != NULL; at = at->next) {
        struct slice login = output_member(at, "guardian");
        if (is_plain(login) && !slice_is(login, own) && length + login.length + 8 < size) {
            length += (size_t)snprintf(out + length, size - length, "%s%.*s",
                                       length == 0 ? "" : ", ", (int)login.length, login.data);
        } else if (!slice_is(login, own)) {
            snprintf(out + length, size - length, ", ...");
            return;
        }
    }
}

enum client_exit part_fetch(struct client *client, const char *method,
                            struct part_fetching *fetching, const struct json **out_answer)
{
    const struct json *status;
    struct secret *key = NULL;
    struct fault fault;
    enum client_exit code = part_own_login(client, fetching->guardian);
    if (code == CLIENT_DONE) {
        code = ceremony_pick_status(client, fetching->typed, fetching->id, &status);
    }
    if (code != CLIENT_DONE) {
        return code;
    }
    name_others(status, fetching->guardian, fetching->others, sizeof fetching->others);
    fetching->tracked = slice_is(output_member(status, "kind"), "tracked");
    if (fetching->tracked) {
        return ask(client, method, fetching, out_answer);
    }
    if (fetching->key_file == NULL) {
        return client_usage(client, fetching->verb->name, "--key FILE is wanted: your own key file",
                            NULL);
    }
    /* First the key: a wrong passphrase must not leave a view in the trail. */
    if (keyfile_open(fetching->key_file, fetching->passphrase_file, &key, &fault) != OK) {
        return client_tell(client, &fault, 0, "");
    }
    code = ask(client, method, fetching, out_answer);
    if (code == CLIENT_DONE) {
        code = open_part(client, fetching, key, *out_answer);
    }
    secret_free(key);
    return code;
}

void part_fetching_done(struct part_fetching *fetching)
{
    part_opened_done(&fetching->opened);
}
