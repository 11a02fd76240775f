#include "ipc/daemon/access.h"

#include <stdio.h>
#include <string.h>

#include "ipc/daemon/config.h"

static const struct {
    enum role role;
    const char *word;
} roles[] = {
    /* in the order of role_foremost: who may most speaks first */
    {ROLE_WORKFLOW, "workflow"}, {ROLE_OPERATOR, "operator"}, {ROLE_PRODUCER, "producer"},
    {ROLE_AUDITOR, "auditor"},   {ROLE_GUARDIAN, "guardian"},
};

#define ROLE_COUNT (sizeof roles / sizeof roles[0])

static void be_nobody(uint32_t uid, struct peer *out)
{
    *out = (struct peer){.uid = uid};
    if (uid == UINT32_MAX) {
        snprintf(out->login, sizeof out->login, "unknown");
    } else {
        snprintf(out->login, sizeof out->login, "uid %u", uid);
        snprintf(out->id, sizeof out->id, "%u", uid);
    }
    snprintf(out->name, sizeof out->name, "%s", out->login);
    snprintf(out->privilege, sizeof out->privilege, "User");
}

void access_identify(const struct config *config, uint32_t uid, struct peer *out)
{
    be_nobody(uid, out);
    for (size_t i = 0; i < config->access_count; i++) {
        const struct access_entry *entry = &config->access[i];
        if (entry->by_listener || entry->uid != uid || uid == UINT32_MAX) {
            continue;
        }
        out->roles = entry->roles;
        out->entry = entry;
        out->defaults = entry->defaults;
        memcpy(out->login, entry->login, sizeof out->login);
        memcpy(out->id, entry->id, sizeof out->id);
        memcpy(out->name, entry->name, sizeof out->name);
        memcpy(out->privilege, entry->privilege, sizeof out->privilege);
        return;
    }
}

const char *role_word(enum role role)
{
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (roles[i].role == role) {
            return roles[i].word;
        }
    }
    return "nobody";
}

unsigned role_from_word(const char *word)
{
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (strcmp(roles[i].word, word) == 0) {
            return roles[i].role;
        }
    }
    return 0;
}

const char *role_foremost(unsigned set)
{
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if ((set & roles[i].role) != 0) {
            return roles[i].word;
        }
    }
    return "nobody";
}
