/* The build tool that turns catalogue.json into constant tables, or into the event reference.
 *     catalogue_gen catalogue.json out.h out.c
 *     catalogue_gen --markdown catalogue.json
 * Exit: 0 done; 1 the catalogue is damaged or a file cannot be read or written; 2 wrong usage. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audit/catalogue/gen_model.h"

#define FILE_MAX_BYTES ((size_t)8 << 20)
#define ARENA_MAX_BYTES ((size_t)64 << 20)

static enum err file_failed(struct fault *fault, const char *path)
{
    return fault_set(fault, ERR_IO, REASON_io, NULL, "%s: %s", path, strerror(errno));
}

static enum err file_read(const char *path, struct buffer *buffer, struct fault *fault)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return file_failed(fault, path);
    }
    enum err err = OK;
    size_t got = 1;
    while (got > 0 && buffer_reserve(buffer, 65536)) {
        got = fread(buffer->data + buffer->length, 1, 65536, file);
        buffer->length += got;
    }
    if (ferror(file)) {
        err = file_failed(fault, path);
    } else if (buffer_result(buffer) != OK) {
        err = fault_set(fault, ERR_IO, REASON_io, NULL, "%s: too long, or no memory", path);
    }
    fclose(file);
    return err;
}

static enum err file_write(const char *path, const struct buffer *buffer, struct fault *fault)
{
    if (buffer_result(buffer) != OK) {
        return fault_no_memory(fault);
    }
    FILE *file = fopen(path, "wb");
    if (file == NULL) {
        return file_failed(fault, path);
    }
    bool written = fwrite(buffer->data, 1, buffer->length, file) == buffer->length;
    if (fclose(file) != 0 || !written) {
        return file_failed(fault, path);
    }
    return OK;
}

static enum err write_tables(const struct model *model, const char *header, const char *source,
                             struct fault *fault)
{
    struct buffer buffer;
    buffer_init(&buffer, FILE_MAX_BYTES);
    model_write_header(&buffer, model);
    enum err err = file_write(header, &buffer, fault);
    buffer_reset(&buffer);
    if (err == OK) {
        err = model_write_tables(&buffer, model, fault);
    }
    if (err == OK) {
        err = file_write(source, &buffer, fault);
    }
    buffer_done(&buffer);
    return err;
}

static enum err write_markdown(const struct model *model, struct fault *fault)
{
    struct buffer buffer;
    buffer_init(&buffer, FILE_MAX_BYTES);
    model_write_markdown(&buffer, model);
    enum err err = file_write("/dev/stdout", &buffer, fault);
    buffer_done(&buffer);
    return err;
}

int main(int count, char **arguments)
{
    bool markdown = count == 3 && strcmp(arguments[1], "--markdown") == 0;
    if (!markdown && count != 4) {
        fputs("usage: catalogue_gen catalogue.json out.h out.c\n"
              "       catalogue_gen --markdown catalogue.json\n",
              stderr);
        return 2;
    }
    const char *path = markdown ? arguments[2] : arguments[1];
    struct arena arena;
    arena_init(&arena, ARENA_MAX_BYTES);
    struct buffer text;
    buffer_init(&text, FILE_MAX_BYTES);
    struct model model;
    struct fault fault;
    fault_clear(&fault);
    enum err err = file_read(path, &text, &fault);
    if (err == OK) {
        err = model_read(&arena, buffer_slice(&text), &model, &fault);
    }
    if (err == OK && markdown) {
        err = write_markdown(&model, &fault);
    } else if (err == OK) {
        err = write_tables(&model, arguments[2], arguments[3], &fault);
    }
    if (err != OK) {
        fprintf(stderr, "catalogue_gen: %s: %s%s%s\n", path, fault.sentence,
                fault.field[0] == '\0' ? "" : " at ", fault.field);
    }
    buffer_done(&text);
    arena_done(&arena);
    return err == OK ? 0 : 1;
}
