/* The one list of errors. Fallible functions return enum err; 0 is OK. */
#ifndef AUDIT_BASE_ERROR_H
#define AUDIT_BASE_ERROR_H

#define MUST_CHECK __attribute__((warn_unused_result))

#define ERROR(name, code, text) name,
enum err {
#include "audit/base/error.def"
};
#undef ERROR

/* The JSON-RPC error code of an error (0 for OK). */
int err_code(enum err err);

/* The general text of an error, English, without full stop. */
const char *err_text(enum err err);

#endif
