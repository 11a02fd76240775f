#include "ipc/daemon/request_id.h"

#define REQUEST_ID_MAX 64

enum err request_id_read(const struct call *call, struct slice *out, struct fault *fault)
{
    const struct json *id = call_parameter(call, "request_id");
    *out = (struct slice){NULL, 0};
    if (id == NULL) {
        return OK;
    }
    bool good = id->text.length >= 1 && id->text.length <= REQUEST_ID_MAX;
    for (size_t i = 0; good && i < id->text.length; i++) {
        good = id->text.data[i] >= 0x21 && id->text.data[i] <= 0x7e;
    }
    if (!good) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, "/request_id",
                         "request_id is 1 to %d printable ASCII characters without blanks.",
                         REQUEST_ID_MAX);
    }
    *out = id->text;
    return OK;
}
