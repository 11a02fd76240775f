#include "ipc/client/recover_tell.h"

#include <stdio.h>
#include <string.h>

#include "ceremony/slip39/entry.h"

#define SHOWN_BYTES 512

/* A refused part, as the daemon's answer has it. */
struct bad_part {
    const struct part_text *place; /* NULL: not among those that were sent */
    struct slice words;
    int64_t word; /* number of the word at fault, 0: not known */
    struct slice index, guardian, other;
    enum reason reason;
};

static int64_t integer_member(const struct json *object, const char *name)
{
    const struct json *value = object->kind == JSON_OBJECT ? json_member(object, name) : NULL;
    return value != NULL && value->kind == JSON_INTEGER ? value->integer : -1;
}

static void read_bad(const struct json *object, const struct part_texts *texts,
                     struct bad_part *out)
{
    char word[64];
    int64_t position = integer_member(object, "position");
    struct slice reason = output_member(object, "reason");
    snprintf(word, sizeof word, "%.*s", (int)(reason.length > 63 ? 0 : reason.length), reason.data);
    *out = (struct bad_part){.word = integer_member(object, "word"),
                             .index = output_member(object, "index"),
                             .guardian = output_member(object, "guardian"),
                             .other = output_member(object, "other"),
                             .reason = reason_from_word(word)};
    if (position >= 0 && (uint64_t)position < texts->count) {
        out->place = &texts->list[position];
        out->words = part_texts_words(texts, (size_t)position);
    }
}

/* ---- one part ----------------------------------------------------------------------------------
 */

static void tell_place(const struct bad_part *bad)
{
    fputs("  ", stderr);
    if (bad->place == NULL) {
        fputs("One part", stderr);
    } else if (bad->place->file == NULL) {
        fprintf(stderr, "The part typed as number %lu", bad->place->line);
    } else {
        output_error_text(slice_of(bad->place->file));
        fprintf(stderr, ", line %lu", bad->place->line);
    }
    if (bad->index.length > 0) {
        fputs(" - part ", stderr);
        output_error_text(bad->index);
        fputs(", said to be that of ", stderr);
        output_error_text(bad->guardian);
    } else if (bad->reason != REASON_foreign) {
        fputs(" - its first words do not tell which part it is", stderr);
    }
    fputs(":\n    ", stderr);
}

/* The words as far as they are on the list: only then can a slip be looked for. */
static struct entry *read_entry(struct slice words)
{
    struct entry *entry = entry_new();
    bool known = entry != NULL;
    while (known && words.length > 0) {
        const char *blank = memchr(words.data, ' ', words.length);
        size_t length = blank == NULL ? words.length : (size_t)(blank - words.data);
        known = entry_add(entry, (struct slice){words.data, length});
        size_t taken = blank == NULL ? length : length + 1;
        words = (struct slice){words.data + taken, words.length - taken};
    }
    if (known) {
        return entry;
    }
    entry_free(entry);
    return NULL;
}

static void tell_slip(const struct bad_part *bad)
{
    size_t number = 0;
    struct entry *entry = read_entry(bad->words);
    enum entry_slip slip = entry == NULL ? ENTRY_MORE : entry_find_slip(entry, &number);
    fputs("the checksum is wrong. ", stderr);
    if (entry != NULL && slip == ENTRY_SWAP) {
        fprintf(stderr, "Words %zu and %zu may be in the wrong order: look at the paper.\n", number,
                number + 1);
    } else if (entry != NULL && slip == ENTRY_ACROSS) {
        fputs("The words may have been read across: they go down the first column of the paper, "
              "then\n    down the next one.\n",
              stderr);
    } else if (entry != NULL && slip == ENTRY_ONE) {
        fprintf(stderr, "If only one word is wrong, it is number %zu: look at the paper.\n",
                number);
    } else {
        fputs("At least two words are wrong: compare all with the paper.\n", stderr);
    }
    entry_free(entry);
}

static void tell_count(const struct bad_part *bad)
{
    size_t count = bad->words.length == 0 ? 0 : 1;
    for (size_t i = 0; i < bad->words.length; i++) {
        count += bad->words.data[i] == ' ' ? 1 : 0;
    }
    fprintf(stderr, "it has %zu words, a part has 20 or 33. ", count);
    size_t number = 0;
    struct entry *entry = read_entry(bad->words);
    enum entry_slip slip =
        entry == NULL ? ENTRY_MORE : entry_find_count_slip(entry, count < 27 ? 20 : 33, &number);
    entry_free(entry);
    if (number == 0) {
        fputs("Look for one that was left out or typed twice.\n", stderr);
    } else if (slip == ENTRY_MISSING) {
        fprintf(stderr, "It may be word %zu that was left out: look at the paper.\n", number);
    } else {
        fprintf(stderr, "It may be number %zu of them that is too many: look at the paper.\n",
                number);
    }
}

/* The ceremonies that the caller may see; names alone do not tell two of them apart. */
struct known_sets {
    const struct json *list; /* NULL: not known */
    const char *ceremony;    /* the one to recover, "": not named */
};

static void learn_sets(struct client *client, bool wanted, const char *ceremony,
                       struct known_sets *out)
{
    struct fault fault;
    const struct json *answer;
    *out = (struct known_sets){.ceremony = ceremony};
    if (wanted && client_try(client, "ceremony.list", "", &answer, &fault) == OK) {
        out->list = client_list(answer, "ceremonies");
    }
}

/* The ceremony of the set a part says to be of; NULL if it is not seen. */
static const struct json *ceremony_of(const struct bad_part *bad, const struct known_sets *sets)
{
    struct slip39_header header;
    const struct json *at = sets->list == NULL ? NULL : sets->list->child;
    if (!slip39_peek(bad->words, &header)) {
        return NULL;
    }
    while (at != NULL && integer_member(at, "identifier") != header.id) {
        at = at->next;
    }
    return at;
}

static const struct json *ceremony_named(const struct known_sets *sets)
{
    const struct json *at = sets->list == NULL ? NULL : sets->list->child;
    while (at != NULL && !slice_is(output_member(at, "ceremony"), sets->ceremony)) {
        at = at->next;
    }
    return at;
}

static void tell_foreign(const struct bad_part *bad, const struct known_sets *sets)
{
    char shown[SHOWN_BYTES];
    const struct json *other = ceremony_of(bad, sets);
    const struct json *named = ceremony_named(sets);
    if (other != NULL) {
        output_ceremony(other, shown, sizeof shown);
        fprintf(stderr, "it belongs to another ceremony: %s", shown);
    } else if (bad->other.length > 0 && named != NULL &&
               slice_equal(bad->other, output_member(named, "name"))) {
        fputs("it belongs to another set of the same name, ", stderr);
        output_error_text(bad->other);
    } else {
        fputs("it belongs to another ceremony", stderr);
        fputs(bad->other.length > 0 ? ": " : "", stderr);
        output_error_text(bad->other);
    }
    if (named != NULL) {
        output_ceremony(named, shown, sizeof shown);
        fprintf(stderr, ".\n    Bring the page of %s.\n", shown);
    } else {
        fputs(".\n    Bring the page of the one to recover: see its id and date.\n", stderr);
    }
}

static void tell_why(const struct bad_part *bad, const struct known_sets *sets)
{
    switch (bad->reason) {
    case REASON_unknown_word:
        fprintf(stderr, "word %lld is not on the list of words. Read it on the paper again.\n",
                (long long)bad->word);
        break;
    case REASON_word_count:
        tell_count(bad);
        break;
    case REASON_checksum:
        tell_slip(bad);
        break;
    case REASON_foreign:
        tell_foreign(bad, sets);
        break;
    case REASON_duplicate:
        fputs("it stands in the list already. Take it out, and bring another one.\n", stderr);
        break;
    case REASON_altered:
        fputs("it was altered, which no slip of the pen does. Put it aside and ask who brought "
              "it.\n",
              stderr);
        break;
    case REASON_padding:
    case REASON_wrong_header:
        fputs("nobody dealt it, though its checksum is right. Put it aside and ask who brought "
              "it.\n",
              stderr);
        break;
    default:
        fprintf(stderr, "it is not valid (%s).\n", reason_word(bad->reason));
    }
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static void tell_missing(const struct json *data, const struct fault *fault, uint32_t bad_count)
{
    int64_t needed = integer_member(data, "parts_needed");
    int64_t sent = integer_member(data, "parts_sent");
    int64_t good = sent - (int64_t)bad_count;
    if (needed > 0 && good >= 0 && good < needed && sent > 0) {
        fprintf(stderr, "  %lld parts are needed, %lld good %s given: %s %lld more.\n",
                (long long)needed, (long long)good, good == 1 ? "one was" : "ones were",
                bad_count > 0 ? "mend what is wrong, or bring" : "bring",
                (long long)(needed - good));
    } else if (fault->reason == REASON_digest || fault->reason == REASON_check_mismatch) {
        fputs("  Each part is right for itself. Leave one out at a time, or bring others.\n",
              stderr);
    } else if (fault->reason == REASON_wrong_key) {
        fputs("  Is it the key of this ceremony? Name the ceremony if the key is of kind raw.\n",
              stderr);
    } else if (bad_count > 0) {
        fputs("  The others are enough: take what is wrong out, and try again.\n", stderr);
    }
}

enum client_exit recover_tell(struct client *client, const struct fault *fault,
                              const struct part_texts *texts, const char *ceremony)
{
    const struct json *data = session_error_data(client->session);
    if (client->json || fault->err != ERR_PARTS || data == NULL) {
        return client_tell(client, fault, 0, "");
    }
    const struct json *list = client_list(data, "bad");
    const struct json *at = list == NULL ? NULL : list->child;
    struct known_sets sets;
    struct arena kept = client->arena; /* data lives in it */
    bool foreign = false;
    for (const struct json *part = at; part != NULL; part = part->next) {
        foreign |= slice_is(output_member(part, "reason"), "foreign");
    }
    arena_init(&client->arena, kept.maximum);
    learn_sets(client, foreign, ceremony, &sets);
    fputs("guardianctl: refused: The key was not recovered, and nothing was given out", stderr);
    fprintf(stderr, " (%s).\n", reason_word(fault->reason));
    if (at == NULL && fault->reason != REASON_too_few) { /* told below */
        fputs("  ", stderr);
        output_error_text(slice_of(fault->sentence));
        fputs("\n", stderr);
    }
    for (; at != NULL; at = at->next) {
        struct bad_part bad;
        read_bad(at, texts, &bad);
        tell_place(&bad);
        tell_why(&bad, &sets);
    }
    tell_missing(data, fault, list == NULL ? 0 : list->count);
    arena_done(&client->arena);
    client->arena = kept;
    return CLIENT_REFUSED;
}
