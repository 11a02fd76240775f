#include "ipc/client/offline/part_list.h"

#include <stdio.h>
#include <string.h>

#include "ceremony/slip39/entry.h"
#include "ipc/client/offline/part_text.h"

#define NAMED_MAX 8 /* places in one sentence */

void part_list_done(struct part_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        slip39_part_done(&list->parts[i]);
    }
    list->count = 0;
}

static bool is_passed_over(struct slice line)
{
    for (size_t i = 0; i < line.length; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t') {
            return i == 0 && line.data[0] == '#';
        }
    }
    return true;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

/* The words of a part whose number of words is right and which are all on the list; else NULL. */
static struct entry *read_entry(struct slice words)
{
    struct entry *entry = entry_new();
    bool known = entry != NULL;
    size_t at = 0;
    while (known && at < words.length) {
        size_t end = at;
        while (end < words.length && words.data[end] != ' ' && words.data[end] != '\t') {
            end++;
        }
        known = end == at || entry_add(entry, (struct slice){words.data + at, end - at});
        at = end + 1;
    }
    if (known) {
        return entry;
    }
    entry_free(entry);
    return NULL;
}

/* Where the slip may be, as the terminal says it. "" if nothing can be said. */
static const char *find_slip(struct slice words, char *out, size_t size)
{
    size_t number = 0;
    struct entry *entry = read_entry(words);
    enum entry_slip slip = entry == NULL ? ENTRY_MORE : entry_find_slip(entry, &number);
    if (entry == NULL) {
        return "";
    }
    if (slip == ENTRY_SWAP) {
        snprintf(out, size, " Words %zu and %zu may be in the wrong order.", number, number + 1);
    } else if (slip == ENTRY_ONE) {
        snprintf(out, size, " If only one word is wrong, it is number %zu.", number);
    } else {
        snprintf(out, size, " At least two words are wrong: compare all with the page.");
    }
    entry_free(entry);
    return out;
}

enum err part_list_decode(struct slice words, struct slip39_part *out, struct fault *fault)
{
    struct fault found;
    char slip[128];
    fault_clear(&found);
    enum err err = slip39_decode(words, out, &found);
    if (err != OK && found.reason == REASON_checksum) {
        (void)fault_set(fault, err, found.reason, NULL, "%s%s", found.sentence,
                        find_slip(words, slip, sizeof slip));
    } else if (err != OK) {
        *fault = found;
    }
    return err;
}

static enum err read_line(struct slice line, unsigned long number, struct part_list *list,
                          struct fault *fault)
{
    if (list->count == SLIP39_LIST_MAX) {
        return fault_set(fault, ERR_INVALID_PARAMS, REASON_too_large, NULL,
                         "Line %lu: there are more than %d parts.", number, SLIP39_LIST_MAX);
    }
    struct fault found;
    fault_clear(&found);
    enum err err = part_list_decode(line, &list->parts[list->count], &found);
    if (err == OK) {
        list->places[list->count++] = number;
        return OK;
    }
    (void)fault_set(fault, err, found.reason, NULL, "Line %lu: %s", number, found.sentence);
    fault->index = found.index;
    return err;
}

static enum err read_pages(struct slice text, struct part_list *list, struct fault *fault)
{
    struct part_texts texts = {.count = 0};
    enum err err = part_texts_take(&texts, "Standard input", text, fault);
    for (size_t i = 0; err == OK && i < texts.count; i++) {
        err = read_line(part_texts_words(&texts, i), texts.list[i].line, list, fault);
    }
    part_texts_done(&texts);
    return err;
}

enum err part_list_read(struct slice text, struct part_list *list, struct fault *fault)
{
    static const char mark[] = "\xef\xbb\xbf";
    enum err err = part_text_refuse_key("Standard input", text, fault);
    unsigned long number = 0;
    list->unit = "line";
    if (err == OK && part_text_has_page(text)) {
        return read_pages(text, list, fault);
    }
    size_t at = text.length >= 3 && memcmp(text.data, mark, 3) == 0 ? 3 : 0;
    while (at < text.length && err == OK) {
        const char *begin = text.data + at;
        const char *end = memchr(begin, '\n', text.length - at);
        size_t length = end == NULL ? text.length - at : (size_t)(end - begin);
        at += length + 1;
        length -= length > 0 && begin[length - 1] == '\r' ? 1 : 0;
        number++;
        if (!is_passed_over((struct slice){begin, length})) {
            err = read_line((struct slice){begin, length}, number, list, fault);
        }
    }
    return err;
}

/* ---- naming ---------------------------------------------------------------------------------- */

void part_list_name(const struct part_list *list, const struct slip39_report *report,
                    enum slip39_fate fate, char *out, size_t size)
{
    size_t total = 0;
    for (size_t i = 0; i < list->count; i++) {
        total += report->fates[i] == fate ? 1 : 0;
    }
    size_t shown = total > NAMED_MAX ? NAMED_MAX : total;
    size_t named = 0;
    size_t length = (size_t)snprintf(out, size, "%s%s", list->unit, total == 1 ? "" : "s");
    for (size_t i = 0; i < list->count && named < shown && length < size; i++) {
        if (report->fates[i] == fate) {
            named++;
            const char *before = named == 1 ? " " : named == total ? " and " : ", ";
            length +=
                (size_t)snprintf(out + length, size - length, "%s%lu", before, list->places[i]);
        }
    }
    if (total > shown && length < size) {
        snprintf(out + length, size - length, " and %zu more", total - shown);
    }
}

/* The first part that is of this set, to compare with. */
static unsigned long model_place(const struct part_list *list, const struct slip39_report *report)
{
    for (size_t i = 0; i < list->count; i++) {
        if (report->fates[i] != SLIP39_FOREIGN) {
            return list->places[i];
        }
    }
    return 0;
}

static void upper_first(char *text)
{
    if (text[0] >= 'a' && text[0] <= 'z') {
        text[0] = (char)(text[0] - 'a' + 'A');
    }
}

void part_list_explain(const struct part_list *list, const struct slip39_report *report,
                       struct fault *fault)
{
    char places[256];
    if (fault->err != ERR_PARTS || fault->index < 0) {
        return; /* of the whole set: names no part */
    }
    enum slip39_fate fate = report->fates[fault->index];
    size_t named = 0;
    for (size_t i = 0; i < list->count; i++) {
        named += report->fates[i] == fate ? 1 : 0;
    }
    part_list_name(list, report, fate, places, sizeof places);
    upper_first(places);
    if (fate == SLIP39_FOREIGN) {
        (void)fault_set(fault, ERR_PARTS, fault->reason, NULL,
                        "%s belong%s to another set than %s %lu: take %s out.", places,
                        named == 1 ? "s" : "", list->unit, model_place(list, report),
                        named == 1 ? "it" : "them");
    } else if (fate == SLIP39_DOUBLED) {
        (void)fault_set(fault, ERR_PARTS, fault->reason, NULL,
                        "%s have one index, yet they differ: at most one is right.", places);
    } else if (fate == SLIP39_MISFIT) {
        (void)fault_set(fault, ERR_PARTS, fault->reason, NULL,
                        "%s do%s not fit the others, which fit each other: take %s out, or go on "
                        "with --drop-bad.",
                        places, named == 1 ? "es" : "", named == 1 ? "it" : "them");
    }
}
