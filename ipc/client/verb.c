#include "ipc/client/verb.h"

#include <assert.h>
#include <getopt.h>
#include <string.h>

#define OPTIONS_MAX 24
#define FIRST_VALUE 256 /* above every letter */

static bool takes_value(const struct verb_option *option)
{
    return option->flag == NULL;
}

/* getopt's tables of this verb; val is FIRST_VALUE and the number of the option. */
static size_t fill_tables(const struct verb *verb, struct option *table, char *letters)
{
    size_t count = 0;
    size_t length = 0;
    letters[length++] = ':';
    letters[length++] = 'h';
    for (; verb->options[count].name != NULL; count++) {
        const struct verb_option *option = &verb->options[count];
        assert(count + 2 < OPTIONS_MAX);
        table[count] =
            (struct option){option->name, takes_value(option) ? required_argument : no_argument,
                            NULL, FIRST_VALUE + (int)count};
        if (option->letter != 0) {
            letters[length++] = option->letter;
            if (takes_value(option)) {
                letters[length++] = ':';
            }
        }
    }
    table[count] = (struct option){"help", no_argument, NULL, 'h'};
    table[count + 1] = (struct option){NULL, 0, NULL, 0};
    letters[length] = '\0';
    return count;
}

static const struct verb_option *find_option(const struct verb *verb, size_t count, int value)
{
    for (size_t i = 0; i < count; i++) {
        const struct verb_option *option = &verb->options[i];
        if (value == FIRST_VALUE + (int)i || (option->letter != 0 && value == option->letter)) {
            return option;
        }
    }
    return NULL;
}

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 16 && text[digits] == '\0' && (text[0] != '0' || digits == 1);
}

static int refuse_value(const struct client *client, const struct verb *verb,
                        const struct verb_option *option, const char *what, const char *value)
{
    char wrong[128];
    snprintf(wrong, sizeof wrong, "--%s %s", option->name, what);
    return (int)client_usage(client, verb->name, wrong, value);
}

static int take_value(const struct client *client, const struct verb *verb,
                      const struct verb_option *option, const char *value)
{
    if (option->flag != NULL) {
        *option->flag = true;
        return -1;
    }
    if (option->number != NULL) {
        if (!is_number(value)) {
            return refuse_value(client, verb, option, "takes a number, not", value);
        }
        *option->number = value;
        return -1;
    }
    if (option->text != NULL) {
        if (!json_is_utf8(slice_of(value))) {
            return refuse_value(client, verb, option, "takes UTF-8, not", value);
        }
        *option->text = value;
        return -1;
    }
    if (option->file != NULL) {
        *option->file = value;
        return -1;
    }
    if (option->files->count == VERB_LIST_MAX) {
        return refuse_value(client, verb, option, "stands too often", NULL);
    }
    option->files->items[option->files->count++] = value;
    return -1;
}

static int take_arguments(const struct client *client, const struct verb *verb, int count,
                          char **words)
{
    const struct verb_argument *argument = verb->arguments;
    char wrong[64];
    for (int i = 0; i < count; i++, argument++) {
        if (argument->name == NULL) {
            return (int)client_usage(client, verb->name, "unknown argument", words[i]);
        }
        if (!json_is_utf8(slice_of(words[i]))) {
            return (int)client_usage(client, verb->name, "this is not UTF-8:", words[i]);
        }
        *argument->text = words[i];
    }
    if (argument->name != NULL && !argument->optional) {
        snprintf(wrong, sizeof wrong, "which %s?", argument->name);
        return (int)client_usage(client, verb->name, wrong, NULL);
    }
    return -1;
}

static bool is_given(const struct verb_option *option)
{
    return (option->text != NULL && *option->text != NULL) ||
           (option->file != NULL && *option->file != NULL) ||
           (option->number != NULL && *option->number != NULL) ||
           (option->files != NULL && option->files->count > 0);
}

static int check_required(const struct client *client, const struct verb *verb)
{
    for (const struct verb_option *option = verb->options; option->name != NULL; option++) {
        if (option->required && !is_given(option)) {
            char wrong[64];
            snprintf(wrong, sizeof wrong, "--%s is wanted", option->name);
            return (int)client_usage(client, verb->name, wrong, NULL);
        }
    }
    return -1;
}

int verb_read(const struct client *client, const struct verb *verb, int argc, char **argv)
{
    struct option table[OPTIONS_MAX];
    char letters[2 * OPTIONS_MAX + 3];
    size_t count = fill_tables(verb, table, letters);
    int letter;
    int done = -1;
    optind = 0; /* anew, options and arguments in any order */
    opterr = 0;
    while (done < 0 && (letter = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        const struct verb_option *option = find_option(verb, count, letter);
        if (letter == 'h') {
            fputs(verb->help, stdout);
            return (int)client_finish(client, CLIENT_DONE);
        }
        done = option == NULL ? (int)client_wrong_option(client, verb->name, letter, argv)
                              : take_value(client, verb, option, optarg);
    }
    if (done < 0) {
        done = take_arguments(client, verb, argc - optind, argv + optind);
    }
    return done < 0 ? check_required(client, verb) : done;
}

/* ---- params ------------------------------------------------------------------------------------
 */

static void params_name(struct buffer *params, const char *name)
{
    buffer_append_format(params, "%s\"%s\":", params->length == 0 ? "" : ",", name);
}

void params_slice(struct buffer *params, const char *name, struct slice text)
{
    params_name(params, name);
    json_write_string(params, text);
}

void params_text(struct buffer *params, const char *name, const char *text)
{
    if (text != NULL) {
        params_slice(params, name, slice_of(text));
    }
}

void params_number(struct buffer *params, const char *name, const char *digits)
{
    if (digits != NULL) {
        params_name(params, name);
        buffer_append_text(params, digits);
    }
}

void params_true(struct buffer *params, const char *name, bool value)
{
    if (value) {
        params_name(params, name);
        buffer_append_text(params, "true");
    }
}

/* People write a blank behind a comma. */
static struct slice without_blanks(struct slice text)
{
    while (text.length > 0 && text.data[0] == ' ') {
        text = (struct slice){text.data + 1, text.length - 1};
    }
    while (text.length > 0 && text.data[text.length - 1] == ' ') {
        text.length--;
    }
    return text;
}

void params_list(struct buffer *params, const char *name, const char *list)
{
    params_name(params, name);
    buffer_append_char(params, '[');
    for (const char *at = list; at != NULL;) {
        const char *comma = strchr(at, ',');
        struct slice one = {at, comma == NULL ? strlen(at) : (size_t)(comma - at)};
        buffer_append_text(params, at == list ? "" : ",");
        json_write_string(params, without_blanks(one));
        at = comma == NULL ? NULL : comma + 1;
    }
    buffer_append_char(params, ']');
}
