#include "ipc/client/keyfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/base/buffer.h"
#include "audit/base/clock.h"
#include "audit/base/file.h"
#include "ceremony/key/agefile.h"
#include "ceremony/key/bech32.h"
#include "ceremony/key/key.h"
#include "ipc/client/prompt.h"

#define PATH_SHOWN_MAX 200 /* of a file, in a question */
#define TRIES 3
#define DRAWN_GROUPS 6 /* six times four characters of 5 bits: 120 bits */
#define DRAWN_PER_GROUP 4

/* ---- files ---- */

/* Reads up to size octets, of a file or a pipe. The number, or -1. */
static ssize_t read_up_to(const char *path, void *out, size_t size)
{
    size_t length = 0;
    ssize_t got = 1;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    while (length < size && got != 0) {
        got = read(fd, (char *)out + length, size - length);
        if (got < 0 && errno != EINTR) {
            break;
        }
        length += got > 0 ? (size_t)got : 0;
        got = got < 0 ? 1 : got;
    }
    int why = errno;
    close(fd);
    errno = why;
    return got < 0 ? -1 : (ssize_t)length;
}

static enum err read_passphrase_file(const char *path, struct secret **out_passphrase,
                                     struct fault *fault)
{
    /* and CRLF, and one octet that is too much */
    struct secret *passphrase = secret_new(KEYFILE_PASSPHRASE_BYTES_MAX + 3);
    if (passphrase == NULL) {
        return fault_no_memory(fault);
    }
    ssize_t length = read_up_to(path, passphrase->data, passphrase->capacity);
    enum err err = length < 0 ? file_failed(fault, "read the passphrase file", path, NULL) : OK;
    passphrase->length = length < 0 ? 0 : (size_t)length;
    if (passphrase->length > 0 && passphrase->data[passphrase->length - 1] == '\n') {
        passphrase->length--;
        bool crlf = passphrase->length > 0 && passphrase->data[passphrase->length - 1] == '\r';
        passphrase->length -= crlf ? 1 : 0;
    }
    if (err == OK &&
        (passphrase->length == 0 || passphrase->length > KEYFILE_PASSPHRASE_BYTES_MAX)) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                        "The passphrase file holds nothing, or more than %d octets. Its whole "
                        "content but for a line's end is the passphrase.",
                        KEYFILE_PASSPHRASE_BYTES_MAX);
    }
    if (err != OK) {
        secret_free(passphrase);
        return err;
    }
    *out_passphrase = passphrase;
    return OK;
}

/* ---- a new passphrase ---- */

static bool is_long_enough(const struct secret *passphrase)
{
    assert(passphrase != NULL);
    size_t characters = 0;
    for (size_t i = 0; i < passphrase->length; i++) {
        characters += (passphrase->data[i] & 0xc0) != 0x80 ? 1 : 0; /* of UTF-8 */
    }
    return characters >= KEYFILE_PASSPHRASE_CHARACTERS_MIN;
}

/* Draws one of characters that cannot be taken for each other (as in age1…) and shows it. */
static enum err draw_passphrase(struct secret *passphrase, struct fault *fault)
{
    uint8_t groups[DRAWN_GROUPS * DRAWN_PER_GROUP];
    secret_clear(passphrase);
    randombytes_buf(groups, sizeof groups);
    for (size_t i = 0; i < sizeof groups; i++) {
        if (i > 0 && i % DRAWN_PER_GROUP == 0) {
            passphrase->data[passphrase->length++] = '-';
        }
        passphrase->data[passphrase->length++] = (uint8_t)bech32_character(groups[i] & 31);
    }
    sodium_memzero(groups, sizeof groups);
    return prompt_show("\nThis passphrase was made for you:\n\n    ", passphrase,
                       "\n\nWrite it down now and keep it apart from the key file. Without it "
                       "nobody can open\nthe file, nor can you. Then clear the screen.\n\n",
                       fault);
}

/* before, the file's name as far as a terminal may show it, behind: several may be asked for. */
static const char *name_file(char *out, size_t size, const char *before, const char *path,
                             const char *behind)
{
    bool plain = strlen(path) <= PATH_SHOWN_MAX;
    for (const char *at = path; *at != '\0'; at++) {
        plain &= *at >= ' ' && *at <= '~';
    }
    snprintf(out, size, "%s%s%s", before, plain ? path : "the key file", behind);
    return out;
}

/* Asks for one, and for the same again. *out_question is what to ask next when it was none. */
static enum err ask_new(const char **question, struct secret **out_passphrase, struct fault *fault)
{
    struct secret *first = NULL;
    struct secret *second = NULL;
    enum err err = prompt_secret(*question, KEYFILE_PASSPHRASE_BYTES_MAX, &first, fault);
    if (err == OK && first->length == 0) {
        err = draw_passphrase(first, fault);
    } else if (err == OK && !is_long_enough(first)) {
        *question = "That is too short: at least 12 characters, please: ";
        secret_free(first);
        return OK;
    } else if (err == OK) {
        err = prompt_secret("The same passphrase again: ", KEYFILE_PASSPHRASE_BYTES_MAX, &second,
                            fault);
        if (err == OK && !secret_equal(first, second)) {
            *question = "They differ. The passphrase, please: ";
            secret_clear(first);
        }
    }
    secret_free(second);
    if (err != OK || first->length == 0) {
        secret_free(first);
        return err;
    }
    *out_passphrase = first;
    return OK;
}

static enum err choose_passphrase(const char *path, struct secret **out_passphrase,
                                  struct fault *fault)
{
    char text[PATH_SHOWN_MAX + 128];
    const char *question = name_file(text, sizeof text, "New passphrase for ", path,
                                     " (12 characters or more; only Enter: one is made for you): ");
    struct secret *passphrase = NULL;
    enum err err = OK;
    for (int i = 0; i < TRIES && err == OK && passphrase == NULL; i++) {
        err = ask_new(&question, &passphrase, fault);
    }
    if (err == OK && passphrase == NULL) {
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                        "No passphrase in three tries. Think of one of 12 characters or more, and "
                        "begin anew.");
    }
    if (err == OK) {
        *out_passphrase = passphrase;
    }
    return err;
}

static enum err new_passphrase(const char *path, const char *passphrase_file,
                               struct secret **out_passphrase, struct fault *fault)
{
    if (passphrase_file == NULL) {
        return choose_passphrase(path, out_passphrase, fault);
    }
    enum err err = read_passphrase_file(passphrase_file, out_passphrase, fault);
    if (err == OK && !is_long_enough(*out_passphrase)) {
        secret_free(*out_passphrase);
        *out_passphrase = NULL;
        err = fault_set(fault, ERR_INVALID_PARAMS, REASON_bad_value, NULL,
                        "The passphrase in the file is too short. It must have at least %d "
                        "characters.",
                        KEYFILE_PASSPHRASE_CHARACTERS_MIN);
    }
    return err;
}

/* ---- make, open ---- */

static enum err write_keyfile(const char *path, const struct secret *key,
                              const struct secret *passphrase, struct fault *fault)
{
    struct secret *text = NULL;
    struct buffer file;
    buffer_init(&file, AGEFILE_BYTES_MAX);
    enum err err = key_to_file(key, clock_now_us(), &text);
    if (err != OK) {
        err = fault_no_memory(fault);
    } else {
        err = agefile_write(text, passphrase, AGEFILE_WORK_FACTOR, &file, fault);
    }
    if (err == OK) {
        err = file_create(path, buffer_slice(&file), 0600, fault);
    }
    buffer_done(&file);
    secret_free(text);
    return err;
}

enum err keyfile_make(const char *path, const char *passphrase_file, struct secret **out_key,
                      struct fault *fault)
{
    struct stat there;
    struct secret *passphrase = NULL;
    struct secret *key = NULL;
    if (lstat(path, &there) == 0) { /* said before a passphrase is thought of */
        return fault_set(fault, ERR_IO, REASON_io, NULL,
                         "There is a file %s already, and it is left as it is. Name another one.",
                         path);
    }
    enum err err = new_passphrase(path, passphrase_file, &passphrase, fault);
    if (err == OK) {
        err = key_make(KEY_AGE, 256, &key, fault);
    }
    if (err == OK) {
        err = write_keyfile(path, key, passphrase, fault);
    }
    secret_free(passphrase);
    if (err != OK) {
        secret_free(key);
        return err;
    }
    *out_key = key;
    return OK;
}

static enum err ask_passphrase(const char *path, const char *passphrase_file,
                               struct secret **out_passphrase, struct fault *fault)
{
    char question[PATH_SHOWN_MAX + 128];
    (void)name_file(question, sizeof question, "Passphrase of ", path, ": ");
    return passphrase_file != NULL
               ? read_passphrase_file(passphrase_file, out_passphrase, fault)
               : prompt_secret(question, KEYFILE_PASSPHRASE_BYTES_MAX, out_passphrase, fault);
}

/* Fills the buffer with the file, and sees that it is one for a passphrase. */
static enum err load(const char *path, struct buffer *file, struct fault *fault)
{
    struct agefile parsed;
    struct buffer unarmored;
    if (!buffer_reserve(file, AGEFILE_BYTES_MAX + 1)) {
        return fault_no_memory(fault);
    }
    ssize_t length = read_up_to(path, file->data, AGEFILE_BYTES_MAX + 1);
    if (length < 0) {
        return file_failed(fault, "read the key file", path, NULL);
    }
    file->length = (size_t)length;
    buffer_init(&unarmored, AGEFILE_BYTES_MAX);
    enum err err = agefile_parse(buffer_slice(file), &unarmored, &parsed, fault);
    buffer_done(&unarmored);
    return err;
}

enum err keyfile_open(const char *path, const char *passphrase_file, struct secret **out_key,
                      struct fault *fault)
{
    struct secret *passphrase = NULL;
    struct secret *text = NULL;
    struct buffer file;
    buffer_init(&file, AGEFILE_BYTES_MAX + 1);
    enum err err = load(path, &file, fault);
    if (err == OK) {
        err = ask_passphrase(path, passphrase_file, &passphrase, fault);
    }
    if (err == OK) {
        err = agefile_read(buffer_slice(&file), passphrase, &text, fault);
    }
    if (err == OK) {
        err = key_from_file((struct slice){(const char *)text->data, text->length}, out_key, fault);
    }
    secret_free(text);
    secret_free(passphrase);
    buffer_done(&file);
    return err;
}
