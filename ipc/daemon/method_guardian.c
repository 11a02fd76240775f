/* guardian.*: the register. */
#include "ceremony/ceremony.h"
#include "ceremony/guardian.h"
#include "ipc/daemon/methods.h"
#include "ipc/daemon/write.h"

/* The state of the part that was dealt last, for the dashboard. */
static enum err write_last_part(struct call *call, struct buffer *out,
                                const struct guardian_row *row, struct fault *fault)
{
    struct store *store = call->daemon->ceremonies->store;
    struct ceremony_row ceremony;
    struct part_row part;
    enum err err = store_last_part_of_guardian(store, call->arena, row->login, &part, fault);
    if (err == OK) {
        err = store_ceremony(store, call->arena, part.ceremony, &ceremony, fault);
    }
    if (err == OK) {
        write_text(out, "ceremony", ceremony.id);
        write_text(out, "ceremony_status", ceremony.state);
        write_text(out, "part_status", slice_of(part_state(&part)));
    }
    return err == ERR_NOT_FOUND ? OK : err; /* who never held any has none */
}

static enum err write_guardian(struct call *call, struct buffer *out,
                               const struct guardian_row *row, struct fault *fault)
{
    char fingerprint[KEY_FINGERPRINT_TEXT + 1];
    guardian_fingerprint(row, fingerprint);
    buffer_append_text(out, "{\"login\":");
    json_write_string(out, row->login);
    write_text(out, "id", row->id);
    write_text(out, "name", row->name);
    write_text(out, "email", row->email);
    write_text(out, "phone", row->phone);
    write_text(out, "privilege", row->privilege);
    write_text(out, "public_key", row->public_key);
    write_text(out, "fingerprint", slice_of(fingerprint));
    write_text(out, "user_status", slice_of(row->active ? "active" : "inactive"));
    write_time(out, "added", row->added_us);
    write_time(out, "last_login", row->last_login_us);
    write_time(out, "last_viewed", row->last_viewed_us);
    write_time(out, "last_download", row->last_downloaded_us);
    write_time(out, "last_proof", row->last_proof_us);
    enum err err = write_last_part(call, out, row, fault);
    buffer_append_char(out, '}');
    return err;
}

enum err method_guardian_add(struct call *call, struct buffer *result, struct fault *fault)
{
    const struct guardian_row wanted = {.login = call_text(call, "login"),
                                        .id = call_text(call, "id"),
                                        .name = call_text(call, "name"),
                                        .email = call_text(call, "email"),
                                        .phone = call_text(call, "phone"),
                                        .privilege = call_text(call, "privilege"),
                                        .public_key = call_text(call, "public_key")};
    struct guardian_row row;
    enum err err = guardian_add(call->act, &wanted, &row, fault);
    return err == OK ? write_guardian(call, result, &row, fault) : err;
}

enum err method_guardian_update(struct call *call, struct buffer *result, struct fault *fault)
{
    const struct guardian_update update = {.login = call_text(call, "login"),
                                           .id = call_text(call, "id"),
                                           .name = call_text(call, "name"),
                                           .email = call_text(call, "email"),
                                           .phone = call_text(call, "phone"),
                                           .privilege = call_text(call, "privilege"),
                                           .public_key = call_text(call, "public_key"),
                                           .reason = call_text(call, "reason")};
    struct guardian_row row;
    enum err err = guardian_update(call->act, &update, &row, fault);
    return err == OK ? write_guardian(call, result, &row, fault) : err;
}

static enum err set_active(struct call *call, bool active, struct buffer *result,
                           struct fault *fault)
{
    struct guardian_row row;
    enum err err = guardian_set_active(call->act, call_text(call, "login"), active,
                                       call_text(call, "reason"), &row, fault);
    return err == OK ? write_guardian(call, result, &row, fault) : err;
}

enum err method_guardian_activate(struct call *call, struct buffer *result, struct fault *fault)
{
    return set_active(call, true, result, fault);
}

enum err method_guardian_deactivate(struct call *call, struct buffer *result, struct fault *fault)
{
    return set_active(call, false, result, fault);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static enum err show(struct call *call, struct slice login, struct buffer *result,
                     struct fault *fault)
{
    struct guardian_row row;
    if (!call_sees_all(call) && !slice_is(login, call->actor.suser)) {
        return fault_set(fault, ERR_NOT_PERMITTED, REASON_not_yours, "/login",
                         "A guardian sees the own entry only.");
    }
    enum err err = guardian_find(call->daemon->ceremonies->store, call->arena, login, &row, fault);
    return err == OK ? write_guardian(call, result, &row, fault) : err;
}

enum err method_guardian_show(struct call *call, struct buffer *result, struct fault *fault)
{
    struct slice login = call_text(call, "login");
    ceremonies_lock(call->daemon->ceremonies);
    enum err err =
        show(call, login.data == NULL ? slice_of(call->actor.suser) : login, result, fault);
    ceremonies_unlock(call->daemon->ceremonies);
    return err;
}

static enum err list(struct call *call, struct buffer *result, struct fault *fault)
{
    struct guardian_rows all;
    struct slice login = call_text(call, "login");
    bool first = true;
    enum err err = store_guardians(call->daemon->ceremonies->store, call->arena, &all, fault);
    buffer_append_text(result, "{\"guardians\":[");
    for (size_t i = 0; err == OK && i < all.count; i++) {
        const struct guardian_row *row = &all.rows[i];
        bool wanted = login.data == NULL || slice_equal(login, row->login);
        if (wanted && (call_sees_all(call) || slice_is(row->login, call->actor.suser))) {
            buffer_append_text(result, first ? "" : ",");
            first = false;
            err = write_guardian(call, result, row, fault);
        }
    }
    buffer_append_text(result, "]}");
    return err;
}

enum err method_guardian_list(struct call *call, struct buffer *result, struct fault *fault)
{
    ceremonies_lock(call->daemon->ceremonies);
    enum err err = list(call, result, fault);
    ceremonies_unlock(call->daemon->ceremonies);
    return err;
}
