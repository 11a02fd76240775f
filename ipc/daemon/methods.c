#include "ipc/daemon/methods.h"

#define NAME_BYTES_MAX 64
#define READERS (ROLE_OPERATOR | ROLE_AUDITOR | ROLE_WORKFLOW | ROLE_GUARDIAN)
#define OPERATORS (ROLE_OPERATOR | ROLE_WORKFLOW)
#define GUARDIANS (ROLE_GUARDIAN | ROLE_WORKFLOW)
#define ACT (METHOD_ACT | METHOD_CHANGES | METHOD_PERSON)
#define ANY (ROLE_OPERATOR | ROLE_GUARDIAN | ROLE_WORKFLOW | ROLE_PRODUCER | ROLE_AUDITOR)

static const struct method methods[] = {
    {"system.ping", ANY, 0, method_system_ping, {{0}}},
    {"system.status", ANY, 0, method_system_status, {{0}}},
    {"catalogue.list", ANY, 0, method_catalogue_list, {{0}}},
    {"event.emit",
     ROLE_PRODUCER | ROLE_WORKFLOW,
     METHOD_CHANGES,
     method_event_emit,
     {{"events", PARAMETER_ARRAY, true}, {"partial", PARAMETER_BOOLEAN, false}}},
    {"audit.entry",
     ROLE_OPERATOR | ROLE_AUDITOR | ROLE_WORKFLOW,
     0,
     method_audit_entry,
     {{"index", PARAMETER_INTEGER, true}}},
    {"audit.query",
     ROLE_OPERATOR | ROLE_AUDITOR | ROLE_WORKFLOW,
     0,
     method_audit_query,
     {{"from", PARAMETER_STRING, false},
      {"to", PARAMETER_STRING, false},
      {"type", PARAMETER_STRING, false},
      {"suser", PARAMETER_STRING, false},
      {"ceremony", PARAMETER_STRING, false},
      {"severity_min", PARAMETER_INTEGER, false},
      {"text", PARAMETER_STRING, false},
      {"after", PARAMETER_INTEGER, false},
      {"limit", PARAMETER_INTEGER, false}}},
    {"guardian.add",
     OPERATORS,
     ACT,
     method_guardian_add,
     {{"login", PARAMETER_STRING, true},
      {"name", PARAMETER_STRING, true},
      {"id", PARAMETER_STRING, true},
      {"email", PARAMETER_STRING, false},
      {"phone", PARAMETER_STRING, false},
      {"privilege", PARAMETER_STRING, false},
      {"public_key", PARAMETER_STRING, false}}},
    {"guardian.update",
     OPERATORS,
     ACT,
     method_guardian_update,
     {{"login", PARAMETER_STRING, true},
      {"name", PARAMETER_STRING, false},
      {"id", PARAMETER_STRING, false},
      {"email", PARAMETER_STRING, false},
      {"phone", PARAMETER_STRING, false},
      {"privilege", PARAMETER_STRING, false},
      {"public_key", PARAMETER_STRING, false},
      {"reason", PARAMETER_STRING, false}}},
    {"guardian.activate",
     OPERATORS,
     ACT,
     method_guardian_activate,
     {{"login", PARAMETER_STRING, true}, {"reason", PARAMETER_STRING, false}}},
    {"guardian.deactivate",
     OPERATORS,
     ACT,
     method_guardian_deactivate,
     {{"login", PARAMETER_STRING, true}, {"reason", PARAMETER_STRING, false}}},
    {"guardian.list",
     READERS,
     METHOD_PERSON,
     method_guardian_list,
     {{"login", PARAMETER_STRING, false}}},
    {"guardian.show",
     READERS,
     METHOD_PERSON,
     method_guardian_show,
     {{"login", PARAMETER_STRING, false}}},
    {"ceremony.start",
     OPERATORS,
     ACT,
     method_ceremony_start,
     {{"name", PARAMETER_STRING, true},
      {"threshold", PARAMETER_INTEGER, true},
      {"guardians", PARAMETER_ARRAY, true},
      {"kind", PARAMETER_STRING, true},
      {"bits", PARAMETER_INTEGER, false},
      {"confirm", PARAMETER_BOOLEAN, false},
      {"expires_in", PARAMETER_INTEGER, false},
      {"allow_all_required", PARAMETER_BOOLEAN, false},
      {"rehearsal", PARAMETER_BOOLEAN, false}}},
    {"ceremony.track",
     ROLE_WORKFLOW,
     ACT,
     method_ceremony_track,
     {{"name", PARAMETER_STRING, true},
      {"threshold", PARAMETER_INTEGER, true},
      {"guardians", PARAMETER_ARRAY, true},
      {"expires_in", PARAMETER_INTEGER, false},
      {"allow_all_required", PARAMETER_BOOLEAN, false},
      {"rehearsal", PARAMETER_BOOLEAN, false}}},
    {"ceremony.status",
     READERS,
     METHOD_PERSON,
     method_ceremony_status,
     {{"ceremony", PARAMETER_STRING, true}}},
    {"ceremony.list", READERS, METHOD_PERSON, method_ceremony_list, {{0}}},
    {"ceremony.cancel",
     OPERATORS,
     ACT,
     method_ceremony_cancel,
     {{"ceremony", PARAMETER_STRING, true}, {"reason", PARAMETER_STRING, true}}},
    /* A repeated view is a new view, and told anew: these two take no request_id. */
    {"part.view",
     GUARDIANS,
     METHOD_ACT | METHOD_PERSON,
     method_part_view,
     {{"ceremony", PARAMETER_STRING, true}}},
    {"part.download",
     GUARDIANS,
     METHOD_ACT | METHOD_PERSON,
     method_part_download,
     {{"ceremony", PARAMETER_STRING, true}}},
    {"part.confirm",
     GUARDIANS,
     ACT,
     method_part_confirm,
     {{"ceremony", PARAMETER_STRING, true},
      {"signature", PARAMETER_STRING, true},
      {"medium", PARAMETER_STRING, false}}},
    {"recovery.attempt",
     OPERATORS,
     ACT | METHOD_SECRET,
     method_recovery_attempt,
     {{"ceremony", PARAMETER_STRING, false},
      {"parts", PARAMETER_SECRETS, false},
      {"key", PARAMETER_SECRET, false},
      {"deliver_to", PARAMETER_STRING, true},
      {"reason", PARAMETER_STRING, false}}},
    {"recovery.record",
     ROLE_WORKFLOW,
     ACT,
     method_recovery_record,
     {{"ceremony", PARAMETER_STRING, false},
      {"outcome", PARAMETER_STRING, true},
      {"partsNeeded", PARAMETER_INTEGER, true},
      {"partsSent", PARAMETER_INTEGER, true},
      {"reason", PARAMETER_STRING, false}}},
};

const struct method *method_find(struct slice name)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (slice_is(name, methods[i].name)) {
            return &methods[i];
        }
    }
    return NULL;
}

const struct json *call_parameter(const struct call *call, const char *name)
{
    const struct json *value = call->params == NULL ? NULL : json_member(call->params, name);
    return value != NULL && value->kind == JSON_NULL ? NULL : value;
}

struct slice call_text(const struct call *call, const char *name)
{
    const struct json *value = call_parameter(call, name);
    return value == NULL ? (struct slice){NULL, 0} : value->text;
}

int64_t call_integer(const struct call *call, const char *name, int64_t otherwise)
{
    const struct json *value = call_parameter(call, name);
    return value == NULL ? otherwise : value->integer;
}

bool call_boolean(const struct call *call, const char *name, bool otherwise)
{
    const struct json *value = call_parameter(call, name);
    return value == NULL ? otherwise : value->boolean;
}

bool name_may_be_told(struct slice name)
{
    bool good = name.length >= 1 && name.length <= NAME_BYTES_MAX;
    for (size_t i = 0; good && i < name.length; i++) {
        good = (unsigned char)name.data[i] > ' ';
    }
    return good;
}

enum err call_parameter_fault(struct fault *fault, enum reason reason, struct slice name,
                              const char *sentence)
{
    char field[256] = "";
    if (!name_may_be_told(name)) {
        return fault_set(fault, ERR_INVALID_PARAMS, reason, "", "A parameter of that name %s",
                         sentence);
    }
    fault_pointer_append(field, sizeof field, name.data, (int)name.length);
    return fault_set(fault, ERR_INVALID_PARAMS, reason, field, "%s %s", field + 1, sentence);
}

bool call_sees_all(const struct call *call)
{
    return (call->peer->roles & (ROLE_OPERATOR | ROLE_AUDITOR | ROLE_WORKFLOW)) != 0;
}
