#include "ipc/daemon/methods.h"

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
