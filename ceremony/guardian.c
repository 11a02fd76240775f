#include "ceremony/guardian.h"

#include <stdio.h>
#include <string.h>

#include "audit/base/json.h"
#include "audit/base/utf8.h"
#include "ceremony/ceremony.h"

/* ---- what a person may be called ---------------------------------------------------------------
 */

static bool has_control(struct slice text)
{
    const char *at = text.data;
    const char *end = text.data + text.length;
    while (at < end) {
        size_t length = utf8_sequence(at, end);
        if (length == 0 || utf8_is_control(at, length)) {
            return true;
        }
        at += length;
    }
    return false;
}

enum err check_person_text(const char *name, struct slice text, size_t least, size_t most,
                           struct fault *fault)
{
    char field[64];
    snprintf(field, sizeof field, "/%s", name);
    if (text.length > most) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_long, field,
                         "%s has %zu octets; it may have %zu.", name, text.length, most);
    }
    if (text.length < least) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, field,
                         "%s must not be empty.", name);
    }
    if (text.length > 0 && has_control(text)) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, field,
                         "%s must be UTF-8 without control characters.", name);
    }
    return OK;
}

/* A login stands in file names of scripts, in tables and in every line: it is one word. */
static enum err check_login(struct slice login, struct fault *fault)
{
    enum err err = check_person_text("login", login, 1, GUARDIAN_LOGIN_BYTES, fault);
    if (err == OK && (memchr(login.data, ' ', login.length) != NULL)) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, "/login",
                        "login is one word: it has no blanks.");
    }
    return err;
}

static enum err check_texts(const struct guardian_row *row, struct fault *fault)
{
    const struct {
        const char *name;
        struct slice text;
        size_t least;
    } texts[] = {{"name", row->name, 1},
                 {"id", row->id, 1},
                 {"email", row->email, 0},
                 {"phone", row->phone, 0},
                 {"privilege", row->privilege, 1}};
    enum err err = check_login(row->login, fault);
    for (size_t i = 0; err == OK && i < sizeof texts / sizeof texts[0]; i++) {
        err = check_person_text(texts[i].name, texts[i].text, texts[i].least, GUARDIAN_TEXT_BYTES,
                                fault);
    }
    return err;
}

/* ---- keys --------------------------------------------------------------------------------------
 */

/* A key is one person's: with two of the same, one of them could collect both parts. */
static enum err check_key(struct act *act, const struct guardian_row *row, struct fault *fault)
{
    uint8_t public_key[KEY_BYTES];
    struct guardian_row other;
    if (row->public_key.data == NULL) {
        return OK; /* enough for tracked ceremonies */
    }
    enum err err = key_public_from_text(row->public_key, public_key, fault);
    if (err != OK) {
        if (err == ERR_INVALID_PARAMS && fault != NULL) {
            snprintf(fault->field, sizeof fault->field, "/public_key");
        }
        return err;
    }
    err = store_guardian_of_key(act->ceremonies->store, act->arena, row->public_key, &other, fault);
    if (err == ERR_NOT_FOUND || (err == OK && slice_equal(other.login, row->login))) {
        return OK;
    }
    if (err == OK) {
        err = fault_set(fault, ERR_WRONG_STATE, REASON_public_key_taken, "/public_key",
                        "Guardian %.*s has this key already: everybody has a key of their own "
                        "(guardianctl key new).",
                        (int)other.login.length, other.login.data);
        guardian_add_state(&other, fault);
    }
    return err;
}

void guardian_add_state(const struct guardian_row *row, struct fault *fault)
{
    if (fault != NULL) {
        fault->data = slice_of(row->active ? "\"state\":\"active\",\"possible\":"
                                             "[\"guardian.update\",\"guardian.deactivate\"]"
                                           : "\"state\":\"inactive\",\"possible\":"
                                             "[\"guardian.update\",\"guardian.activate\"]");
    }
}

void guardian_fingerprint(const struct guardian_row *row, char out[KEY_FINGERPRINT_TEXT + 1])
{
    uint8_t public_key[KEY_BYTES];
    struct fault ignored;
    out[0] = '\0';
    if (key_public_from_text(row->public_key, public_key, &ignored) == OK) {
        key_fingerprint(public_key, out);
    }
}

/* ---- look-up -----------------------------------------------------------------------------------
 */

enum err guardian_find(struct store *store, struct arena *arena, struct slice login,
                       struct guardian_row *out, struct fault *fault)
{
    enum err err = store_guardian(store, arena, login, out, fault);
    if (err == ERR_NOT_FOUND) {
        int length = login.length > GUARDIAN_LOGIN_BYTES ? GUARDIAN_LOGIN_BYTES : (int)login.length;
        fault_set(fault, ERR_NOT_FOUND, REASON_unknown_guardian, "/login",
                  "There is no guardian %.*s: guardianctl guardian list shows all.", length,
                  login.data);
    }
    return err;
}

/* ---- acts --------------------------------------------------------------------------------------
 */

/* The event of an act on a guardian, with who that is. */
static struct event *guardian_event(struct act *act, enum event_id id,
                                    const struct guardian_row *row)
{
    struct event *event = act_event(act, id);
    if (event != NULL) {
        event_set_text(event, FIELD_DUSER, row->login);
        event_set_text(event, FIELD_GUARDIAN_NAME, row->name);
        event_set_text(event, FIELD_DUID, row->id);
        event_set_text(event, FIELD_DPRIV, row->privilege);
    }
    return event;
}

static void tell_key(struct act *act, struct event *event, const struct guardian_row *row)
{
    char fingerprint[KEY_FINGERPRINT_TEXT + 1];
    guardian_fingerprint(row, fingerprint);
    act_event_text(event, FIELD_PUBLIC_KEY, row->public_key);
    act_event_copy(act, event, FIELD_KEY_FINGERPRINT, fingerprint);
}

enum err guardian_add(struct act *act, const struct guardian_row *wanted, struct guardian_row *out,
                      struct fault *fault)
{
    struct guardian_row row = *wanted;
    struct guardian_row other;
    row.active = true;
    row.added_us = act->now_us;
    if (row.privilege.length == 0) {
        row.privilege = slice_of("User");
    }
    enum err err = check_texts(&row, fault);
    if (err == OK) {
        err = store_guardian(act->ceremonies->store, act->arena, row.login, &other, fault);
        if (err == OK) {
            fault_set(fault, ERR_WRONG_STATE, REASON_login_taken, "/login",
                      "There is a guardian %.*s already: update it, or choose another login.",
                      (int)row.login.length, row.login.data);
            guardian_add_state(&other, fault);
            return ERR_WRONG_STATE;
        }
        err = err == ERR_NOT_FOUND ? check_key(act, &row, fault) : err;
    }
    if (err != OK) {
        return err;
    }
    tell_key(act, guardian_event(act, EVENT_GUARDIAN_ADDED, &row), &row);
    change_step(&act->change, CHANGE_GUARDIAN_ADD);
    change_text(&act->change, row.login);
    change_text(&act->change, row.id);
    change_text(&act->change, row.name);
    change_text(&act->change, row.email);
    change_text(&act->change, row.phone);
    change_text(&act->change, row.privilege);
    change_text(&act->change, row.public_key);
    change_integer(&act->change, 1);
    change_integer(&act->change, row.added_us);
    *out = row;
    return OK;
}

/* Puts what is given over what is there; the names of what changed, for the event. */
static void take_changes(const struct guardian_update *update, struct guardian_row *row,
                         char *changed, size_t size)
{
    const struct {
        const char *name;
        const struct slice *from;
        struct slice *to;
    } members[] = {{"id", &update->id, &row->id},
                   {"name", &update->name, &row->name},
                   {"email", &update->email, &row->email},
                   {"phone", &update->phone, &row->phone},
                   {"privilege", &update->privilege, &row->privilege},
                   {"public_key", &update->public_key, &row->public_key}};
    size_t used = 0;
    changed[0] = '\0';
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i].from->data != NULL && !slice_equal(*members[i].from, *members[i].to)) {
            *members[i].to = *members[i].from;
            used += (size_t)snprintf(changed + used, size - used, "%s%s", used == 0 ? "" : ", ",
                                     members[i].name);
        }
    }
}

enum err guardian_update(struct act *act, const struct guardian_update *update,
                         struct guardian_row *out, struct fault *fault)
{
    struct guardian_row row;
    char changed[96];
    enum err err = guardian_find(act->ceremonies->store, act->arena, update->login, &row, fault);
    if (err == OK) {
        err = check_person_text("reason", update->reason, 0, GUARDIAN_TEXT_BYTES, fault);
    }
    if (err != OK) {
        return err;
    }
    struct slice former_key = row.public_key;
    take_changes(update, &row, changed, sizeof changed);
    if (changed[0] == '\0') {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_nothing_to_change, NULL,
                         "Guardian %.*s is so already: give what shall be different.",
                         (int)row.login.length, row.login.data);
    }
    bool new_key = !slice_equal(former_key, row.public_key);
    err = check_texts(&row, fault);
    if (err == OK && new_key) {
        err = check_key(act, &row, fault);
    }
    if (err != OK) {
        return err;
    }
    struct event *event = guardian_event(act, EVENT_GUARDIAN_UPDATED, &row);
    act_event_copy(act, event, FIELD_CHANGED, changed);
    act_event_text(event, FIELD_REASON, update->reason);
    if (new_key) {
        tell_key(act, event, &row);
    }
    change_step(&act->change, CHANGE_GUARDIAN_UPDATE);
    change_text(&act->change, row.id);
    change_text(&act->change, row.name);
    change_text(&act->change, row.email);
    change_text(&act->change, row.phone);
    change_text(&act->change, row.privilege);
    change_text(&act->change, row.public_key);
    change_text(&act->change, row.login);
    *out = row;
    return OK;
}

/* ---- activity ----------------------------------------------------------------------------------
 */

/* One event a live ceremony that counts on this guardian. */
static enum err tell_inactive(struct act *act, const struct guardian_row *row, struct slice reason,
                              struct fault *fault)
{
    struct ceremony_rows held;
    enum err err =
        store_ceremonies_of_guardian(act->ceremonies->store, act->arena, row->login, &held, fault);
    for (size_t i = 0; err == OK && i < held.count; i++) {
        if (!ceremony_is_live(&held.rows[i])) {
            continue;
        }
        struct event *event = act_event(act, EVENT_MASTER_KEY_GUARDIAN_INACTIVE);
        if (event != NULL) {
            /* The incident is about the guardian, not about whoever deactivated him. */
            event_set_text(event, FIELD_SUID, row->id);
            event_set_text(event, FIELD_SUSER, row->login);
            event_set_text(event, FIELD_SNAME, row->name);
            event_set_text(event, FIELD_SPRIV, row->privilege);
            event_set_text(event, FIELD_CEREMONY, held.rows[i].id);
            act_event_text(event, FIELD_REASON, reason);
        }
    }
    return err;
}

enum err guardian_set_active(struct act *act, struct slice login, bool active, struct slice reason,
                             struct guardian_row *out, struct fault *fault)
{
    struct guardian_row row;
    enum err err = guardian_find(act->ceremonies->store, act->arena, login, &row, fault);
    if (err == OK) {
        err = check_person_text("reason", reason, 0, GUARDIAN_TEXT_BYTES, fault);
    }
    if (err == OK && row.active == active) {
        err = fault_set(fault, ERR_WRONG_STATE,
                        active ? REASON_guardian_active : REASON_guardian_inactive, "/login",
                        "Guardian %.*s is %s already.", (int)row.login.length, row.login.data,
                        active ? "active" : "inactive");
        guardian_add_state(&row, fault);
    }
    if (err != OK) {
        return err;
    }
    row.active = active;
    struct event *event =
        guardian_event(act, active ? EVENT_GUARDIAN_ACTIVATED : EVENT_GUARDIAN_DEACTIVATED, &row);
    act_event_text(event, FIELD_REASON, reason);
    change_step(&act->change, CHANGE_GUARDIAN_SET_ACTIVE);
    change_integer(&act->change, active ? 1 : 0);
    change_text(&act->change, row.login);
    *out = row;
    return active ? OK : tell_inactive(act, &row, reason, fault);
}
