#include "ipc/daemon/caller.h"

#include <stdio.h>
#include <string.h>

#include "audit/event/value.h"

#define SEEN_EVERY_US INT64_C(60000000)

struct slice caller_via(struct arena *arena, const struct peer *peer)
{
    char text[ACCESS_TEXT_BYTES + 16];
    snprintf(text, sizeof text, "%s/%s", role_foremost(peer->roles), peer->login);
    return arena_copy(arena, slice_of(text));
}

/* ---- the actor ---------------------------------------------------------------------------------
 */

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

/* A member of params.actor, checked. */
static enum err actor_member(struct call *call, const struct json *member, struct fault *fault)
{
    const struct {
        const char *name;
        const char **place;
    } members[] = {
        {"suid", &call->actor.suid},          {"suser", &call->actor.suser},
        {"sname", &call->actor.sname},        {"spriv", &call->actor.spriv},
        {"originIP", &call->actor.origin_ip},
    };
    const char **place = NULL;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (slice_is(member->name, members[i].name)) {
            place = members[i].place;
        }
    }
    enum err err = OK;
    if (place == NULL) {
        err = call_parameter_fault(fault, REASON_unknown_field, member->name,
                                   "is no member of actor: suid suser sname spriv originIP are.");
    } else if (member->kind != JSON_STRING || member->text.length > 255 ||
               (member->text.length > 0 &&
                memchr(member->text.data, '\0', member->text.length) != NULL)) {
        err = call_parameter_fault(fault, REASON_bad_value, member->name,
                                   "must be a string of at most 255 octets without NUL.");
    } else {
        struct slice copy = arena_copy(call->arena, member->text);
        *place = copy.data;
        err = copy.data == NULL ? fault_no_memory(fault) : OK;
    }
    if (err == ERR_INVALID_PARAMS) {
        fault_prefix(fault, "/actor");
    }
    return err;
}

/* Whom a workflow names in params.actor. */
static enum err read_named(struct call *call, const struct json *actor, struct fault *fault)
{
    for (const struct json *member = actor->child; member != NULL; member = member->next) {
        enum err err = actor_member(call, member, fault);
        if (err != OK) {
            return err;
        }
    }
    if (is_empty(call->actor.suser)) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_missing_field, "/actor/suser",
                         "actor must name the user's login in suser.");
    }
    if (call->actor.origin_ip != NULL && !value_is_address(slice_of(call->actor.origin_ip))) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, "/actor/originIP",
                         "originIP must be an IPv4 or IPv6 address.");
    }
    return OK;
}

/* The caller, or whom a workflow names. */
static enum err read_actor(struct call *call, struct fault *fault)
{
    const struct peer *peer = call->peer;
    const struct json *actor = call_parameter(call, "actor");
    bool workflow = (peer->roles & ROLE_WORKFLOW) != 0;
    if (actor == NULL && workflow && (call->method->flags & METHOD_PERSON) != 0) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_missing_parameter, "/actor",
                         "A workflow acts for somebody: say for whom in actor (guardianctl --as "
                         "LOGIN).");
    }
    if (actor != NULL && !workflow) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_actor_not_allowed, "/actor",
                         "Only a workflow may act for somebody else: leave actor out.");
    }
    if (actor != NULL) {
        return read_named(call, actor, fault);
    }
    call->actor.suid = peer->id;
    call->actor.suser = peer->login;
    call->actor.sname = peer->name;
    call->actor.spriv = peer->privilege;
    call->actor.origin_ip = peer->address;
    return OK;
}

/* ---- guardians ---------------------------------------------------------------------------------
 */

/* What nobody has said: neither the workflow nor the access entry. */
static unsigned unsaid(const struct call *call)
{
    const struct actor *actor = &call->actor;
    if (call_parameter(call, "actor") == NULL) {
        return call->peer->defaults;
    }
    return (is_empty(actor->suid) ? ACCESS_ID_DEFAULT : 0) |
           (is_empty(actor->sname) ? ACCESS_NAME_DEFAULT : 0) |
           (is_empty(actor->spriv) ? ACCESS_PRIVILEGE_DEFAULT : 0);
}

static void take(const char **place, bool wanted, struct slice text)
{
    if (wanted && text.length > 0) {
        *place = text.data; /* rows are ended by NUL: copies in an arena */
    }
}

static void note_seen(struct call *call, const struct guardian_row *row)
{
    int64_t since_us = call->now_us - row->last_login_us;
    struct fault ignored;
    if (since_us >= SEEN_EVERY_US || since_us < 0) {
        /* Nothing depends on it; a database that fails is seen by the next act. */
        enum err err = store_guardian_seen(call->daemon->ceremonies->store, row->login,
                                           call->now_us, &ignored);
        (void)err;
    }
}

static void meet_guardian(struct call *call)
{
    struct ceremonies *ceremonies = call->daemon->ceremonies;
    struct guardian_row row;
    struct fault ignored;
    unsigned wanted = unsaid(call);
    ceremonies_lock(ceremonies);
    if (store_guardian(ceremonies->store, call->arena, slice_of(call->actor.suser), &row,
                       &ignored) == OK) {
        take(&call->actor.suid, (wanted & ACCESS_ID_DEFAULT) != 0, row.id);
        take(&call->actor.sname, (wanted & ACCESS_NAME_DEFAULT) != 0, row.name);
        take(&call->actor.spriv, (wanted & ACCESS_PRIVILEGE_DEFAULT) != 0, row.privilege);
        note_seen(call, &row);
    }
    ceremonies_unlock(ceremonies);
}

enum err caller_read(struct call *call, struct fault *fault)
{
    struct slice via = caller_via(call->arena, call->peer);
    if (via.data == NULL) {
        return fault_no_memory(fault);
    }
    call->actor = (struct actor){.via = via.data};
    enum err err = read_actor(call, fault);
    if (err == OK && (call->method->flags & METHOD_PERSON) != 0) {
        meet_guardian(call);
    }
    return err;
}
