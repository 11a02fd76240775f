/* The daemon's main: options, start, signals, stop. Runs in the foreground, speaks on stderr.
 * Exit codes: 0 stopped cleanly; 1 configuration; 3 log or state damaged, nothing changed; 4 the
 * log failed while running. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit/base/diag.h"
#include "audit/base/secret.h"
#include "ipc/daemon/config.h"
#include "ipc/daemon/daemon.h"

enum exit_code { EXIT_CLEAN = 0, EXIT_CONFIGURATION = 1, EXIT_DAMAGED = 3, EXIT_LOG_FAILED = 4 };

struct options {
    const char *file; /* NULL: embedded defaults */
    bool check;
    bool new_database;
    int exit_code; /* >= 0: nothing more to do */
};

static const char help[] =
    "usage: master_key_guardian [-c FILE] [--check]\n"
    "\n"
    "Records what is done to a master key: takes events over nng (JSON-RPC 2.0), makes them\n"
    "durable in a log and writes them as CEF, RFC 5424 or Sensage lines for a SIEM.\n"
    "Stays in the foreground; messages go to stderr.\n"
    "\n"
    "  -c, --config FILE  read this YAML file; without it, embedded defaults in a private folder\n"
    "                     (GUARDIAN_HOME, else /var/lib/master_key_guardian for root, else\n"
    "                     ~/.local/state/master_key_guardian)\n"
    "      --check        read and check the configuration and what it points to, print every\n"
    "                     problem and warning, change nothing, exit 0 or 1\n"
    "      --new-database start with an empty guardian.db beside a log that has entries: after "
    "the\n"
    "                     database was lost. Guardians are entered anew; parts that are out stay\n"
    "                     good and open the key with guardian-combine\n"
    "      --version      print the version\n"
    "      --help         print this\n"
    "\n"
    "signals: SIGHUP reads configuration, GeoIP database and sink files anew; SIGTERM and SIGINT\n"
    "stop cleanly.\n"
    "exit codes: 0 stopped cleanly, 1 configuration, 3 log or state damaged (nothing was "
    "changed),\n"
    "4 the log failed while running.\n"
    "\n"
    "First steps: start it, then in another terminal: guardianctl status\n";

static struct options read_options(int argc, char **argv)
{
    static const struct option table[] = {
        {"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
        {"new-database", no_argument, NULL, 'n'}, {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    struct options options = {.exit_code = -1};
    int letter;
    while ((letter = getopt_long(argc, argv, "c:h", table, NULL)) != -1) {
        switch (letter) {
        case 'c':
            options.file = optarg;
            break;
        case 'k':
            options.check = true;
            break;
        case 'n':
            options.new_database = true;
            break;
        case 'v':
            printf("master_key_guardian %s\n", GUARDIAN_VERSION);
            options.exit_code = EXIT_CLEAN;
            return options;
        case 'h':
            fputs(help, stdout);
            options.exit_code = EXIT_CLEAN;
            return options;
        default:
            fputs("Try master_key_guardian --help.\n", stderr);
            options.exit_code = EXIT_CONFIGURATION;
            return options;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "master_key_guardian takes no argument '%s'. Try --help.\n", argv[optind]);
        options.exit_code = EXIT_CONFIGURATION;
    }
    return options;
}

/* Secrets must not reach a core file, another process of the same user, or swap. False: the
 * configuration demands what the system does not give. */
static bool guard_secrets(const struct config *config)
{
    if (!secret_protect_process()) {
        diag_say(DIAG_WARNING, "core dumps could not be switched off", "why", strerror(errno),
                 NULL);
    }
    if (secret_memory_locks()) {
        return true;
    }
    diag_say(config->limits.require_memlock ? DIAG_ERROR : DIAG_WARNING,
             "memory cannot be locked: keys that are held for a moment may reach swap; raise "
             "RLIMIT_MEMLOCK (LimitMEMLOCK= of a systemd unit, ulimit -l)",
             NULL);
    return !config->limits.require_memlock;
}

static void block_signals(sigset_t *out)
{
    sigemptyset(out);
    sigaddset(out, SIGHUP);
    sigaddset(out, SIGTERM);
    sigaddset(out, SIGINT);
    sigprocmask(SIG_BLOCK, out, NULL); /* before any thread starts: all of them inherit it */
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of a write, not an end */
}

static enum err get_config(const struct options *options, struct config **out)
{
    struct buffer problems;
    buffer_init(&problems, 1024 * 1024);
    enum err err = options->check          ? config_examine(options->file, out, &problems)
                   : options->file == NULL ? config_defaults(out, &problems)
                                           : config_load(options->file, out, &problems);
    if (problems.length > 0) {
        (void)fwrite(problems.data, 1, problems.length, stderr);
    } else if (err != OK) {
        fprintf(stderr, "The configuration could not be read: %s.\n", err_text(err));
    }
    buffer_done(&problems);
    return err;
}

/* Until told to stop. The word is the reason in daemon.stopped. */
static const char *run(struct daemon *daemon, const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};
    for (;;) {
        int number = sigtimedwait(signals, NULL, &second);
        if (number == SIGTERM || number == SIGINT) {
            return number == SIGTERM ? "SIGTERM" : "SIGINT";
        }
        if (number == SIGHUP) {
            daemon_reload(daemon);
        }
        if (log_failed(daemon->log)) {
            return "log failed";
        }
        if (ceremonies_failed(daemon->ceremonies)) {
            return "database failed";
        }
        daemon_tick(daemon);
    }
}

static int exit_code_of(enum err err)
{
    return err == ERR_DAMAGED ? EXIT_DAMAGED : EXIT_CONFIGURATION;
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    if (options.exit_code >= 0) {
        return options.exit_code;
    }
    struct config *config;
    if (get_config(&options, &config) != OK) {
        return EXIT_CONFIGURATION;
    }
    if (options.check) {
        printf("%s: the configuration is valid.\n",
               options.file == NULL ? "embedded defaults" : options.file);
        config_release(config);
        return EXIT_CLEAN;
    }
    if (sodium_init() < 0) {
        diag_say(DIAG_ERROR, "libsodium could not be started", NULL);
        return EXIT_CONFIGURATION;
    }
    if (!guard_secrets(config)) {
        config_release(config);
        return EXIT_CONFIGURATION;
    }
    sigset_t signals;
    block_signals(&signals);

    static struct daemon daemon;
    struct fault fault;
    fault_clear(&fault);
    enum err err = daemon_start(&daemon, config, options.new_database, &fault);
    if (err != OK) {
        diag_say(DIAG_ERROR, fault.sentence[0] == '\0' ? err_text(err) : fault.sentence, NULL);
        return exit_code_of(err);
    }
    diag_say(DIAG_NOTICE, "ready", "listening on", daemon.config->listen[0].url, "state",
             daemon.config->state_directory, NULL);
    const char *reason = run(&daemon, &signals);
    if (daemon_stop(&daemon, reason)) {
        diag_say(DIAG_ERROR,
                 "the log failed: the daemon stopped. Mend what the messages above say, then start "
                 "it again: it finds what was acknowledged, or says that it is missing.",
                 NULL);
        return EXIT_LOG_FAILED;
    }
    diag_say(DIAG_NOTICE, "stopped", "reason", reason, NULL);
    return EXIT_CLEAN;
}
