#include "ipc/wire/sp.h"

#define IPC_FIRST_OCTET 0x01 /* "a message as it is", the only kind the IPC mapping has */
#define LENGTH_BYTES 8
#define WORD_BYTES 4
#define LAST_WORD_BIT 0x80

const uint8_t sp_greeting[SP_GREETING_BYTES] = {0x00, 'S', 'P', 0x00, 0x00, 0x31, 0x00, 0x00};

bool sp_greeting_is_req(const uint8_t greeting[SP_GREETING_BYTES])
{
    static const uint8_t wanted[SP_GREETING_BYTES] = {0x00, 'S', 'P', 0x00, 0x00, 0x30, 0x00, 0x00};
    return memcmp(greeting, wanted, sizeof wanted) == 0;
}

size_t sp_head_bytes(enum sp_mapping mapping)
{
    return mapping == SP_IPC ? 1 + LENGTH_BYTES : LENGTH_BYTES;
}

bool sp_head_read(enum sp_mapping mapping, const uint8_t *head, uint64_t *out_length)
{
    if (mapping == SP_IPC && *head++ != IPC_FIRST_OCTET) {
        return false;
    }
    uint64_t length = 0;
    for (int i = 0; i < LENGTH_BYTES; i++) {
        length = length << 8 | head[i];
    }
    *out_length = length;
    return true;
}

void sp_head_write(enum sp_mapping mapping, uint64_t length, uint8_t *head)
{
    if (mapping == SP_IPC) {
        *head++ = IPC_FIRST_OCTET;
    }
    for (int i = LENGTH_BYTES - 1; i >= 0; i--) {
        head[i] = (uint8_t)length;
        length >>= 8;
    }
}

bool sp_split(struct slice body, struct slice *out_header, struct slice *out_payload)
{
    for (size_t end = WORD_BYTES; end <= body.length && end <= SP_HEADER_BYTES_MAX;
         end += WORD_BYTES) {
        if (((uint8_t)body.data[end - WORD_BYTES] & LAST_WORD_BIT) != 0) {
            *out_header = (struct slice){body.data, end};
            *out_payload = (struct slice){body.data + end, body.length - end};
            return true;
        }
    }
    return false;
}
