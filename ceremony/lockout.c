#include "ceremony/lockout.h"

#include <stdio.h>

#include "audit/base/clock.h"

/* No window is longer (the setting's most), so that what is older counts no more. */
#define BAD_SUBMISSION_KEPT_US (INT64_C(24) * 3600 * 1000000)

static int64_t window_us_of(const struct act *act)
{
    return act->ceremonies->settings.lock_window_s * 1000000;
}

enum err lockout_check(struct act *act, struct slice login, struct fault *fault)
{
    int64_t until_us = 0;
    enum err err = store_locked_until(act->ceremonies->store, login,
                                      act->now_us + window_us_of(act), &until_us, fault);
    if (err != OK || until_us <= act->now_us) {
        return err;
    }
    char until[CLOCK_TEXT_BYTES];
    char data[64];
    clock_format(until_us, until);
    fault_set(fault, ERR_LOCKED, REASON_locked, NULL,
              "Too many wrong submissions by %.*s: locked until %s.",
              login.length > 128 ? 128 : (int)login.length, login.data, until);
    snprintf(data, sizeof data, "\"until\":\"%s\"", until);
    struct slice copy = arena_copy(act->arena, slice_of(data));
    if (fault != NULL && copy.data != NULL) {
        fault->data = copy;
    }
    return ERR_LOCKED;
}

enum err lockout_note(struct act *act, struct slice login, struct slice ceremony,
                      struct fault *fault)
{
    const struct ceremony_settings *settings = &act->ceremonies->settings;
    int64_t window_us = window_us_of(act);
    int64_t before = 0;
    enum err err = store_bad_submissions(act->ceremonies->store, login, act->now_us - window_us,
                                         act->now_us, &before, fault);
    if (err != OK) {
        return err;
    }
    change_step(&act->change, CHANGE_BAD_SUBMISSIONS_FORGET);
    change_integer(&act->change, act->now_us - BAD_SUBMISSION_KEPT_US);
    change_step(&act->change, CHANGE_BAD_SUBMISSION_ADD);
    change_text(&act->change, login);
    change_integer(&act->change, act->now_us);
    if (before + 1 < settings->lock_attempts) {
        return OK;
    }
    change_step(&act->change, CHANGE_LOCK_SET);
    change_text(&act->change, login);
    change_integer(&act->change, act->now_us + window_us);
    struct event *event = act_event(act, EVENT_MASTER_KEY_RECOVERY_LOCKED);
    if (event != NULL) {
        act_event_text(event, FIELD_CEREMONY, ceremony);
        event_set_integer(event, FIELD_LOCKED_UNTIL, act->now_us + window_us);
    }
    return OK;
}
