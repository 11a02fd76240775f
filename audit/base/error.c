#include "audit/base/error.h"

static const struct {
    int code;
    const char *text;
} errors[] = {
#define ERROR(name, code, text) [name] = {code, text},
#include "audit/base/error.def"
#undef ERROR
};

int err_code(enum err err)
{
    return errors[err].code;
}

const char *err_text(enum err err)
{
    return errors[err].text;
}
