/* What the commands of guardianctl share: the session, exit codes, output for people. */
#ifndef IPC_CLIENT_CLIENT_H
#define IPC_CLIENT_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "audit/base/arena.h"
#include "audit/base/buffer.h"
#include "audit/base/fault.h"
#include "audit/base/json.h"
#include "ipc/client/output.h"
#include "ipc/client/person_named.h"
#include "ipc/client/session.h"

enum client_exit {
    CLIENT_DONE = 0,
    CLIENT_REFUSED = 1,
    CLIENT_USAGE = 2,
    CLIENT_UNREACHABLE = 3,
    CLIENT_FAULT_FOUND = 4,
};

/* The command line's general part. Strings borrowed from argv or the environment. */
struct client {
    struct session_place place;
    bool json;
    struct person_named as;  /* whom a workflow acts for */
    struct session *session; /* dialled with the first call */
    struct arena arena;
};

/* Calls the daemon; params is JSON text of an object without braces ("\"index\":3"). Tells the
 * refusal. Returns an exit code; *out_result lives until the next client_call. */
enum client_exit client_call(struct client *client, const char *method, const char *params,
                             const struct json **out_result);

/* The same with params in a buffer. */
enum client_exit client_call_params(struct client *client, const char *method,
                                    const struct buffer *params, const struct json **out_result);

/* The array of that name in an answer, NULL if there is none. */
const struct json *client_list(const struct json *answer, const char *name);

/* client_call without telling: the fault is the caller's to tell. */
enum err client_try(struct client *client, const char *method, const char *params,
                    const struct json **out_result, struct fault *fault);

/* The same for params with a secret among them: pieces of JSON text of an object without braces. */
enum err client_try_pieces(struct client *client, const char *method, const struct slice *pieces,
                           size_t count, const struct json **out_result, struct fault *fault);

/* Calls a method that changes something, with a request_id of its own behind params (which is not
 * empty), so that nothing is done twice if the connection breaks. Tells the refusal, and when it is
 * not known whether the act was done, what to look at. */
enum client_exit client_act(struct client *client, const char *method, const struct buffer *params,
                            const struct json **out_result);

/* Tells a fault on standard error: a sentence and, where there is one, what to do next; or with
 * --json one line {"error":{"code","reason","field"?,"index"?,"line"?,"message",…}}, with what else
 * the daemon said in error.data. line is that of the input (0: none); members is JSON text of more
 * members, each with a comma in front ("": none). Returns the exit code that belongs to it. */
enum client_exit client_tell(const struct client *client, const struct fault *fault,
                             unsigned long line, const char *members);

/* The client found that something is not what it claims to be: as client_tell, loud, and returns
 * CLIENT_FAULT_FOUND. */
enum client_exit client_alarm(const struct client *client, const struct fault *fault);

/* The same as client_tell for what went wrong on this side: reason io, a sentence. Returns
 * CLIENT_REFUSED. */
enum client_exit client_failed(const struct client *client, const char *sentence);

/* Prints JSON text and a newline. */
void client_print_json(const struct json *value);

/* Wrong usage: says what is wrong (detail: the words at fault, or NULL) and where to read on.
 * command is "" for guardianctl itself. Returns CLIENT_USAGE. */
enum client_exit client_usage(const struct client *client, const char *command, const char *wrong,
                              const char *detail);

/* Names the option that getopt_long gave '?' or ':' for. Its messages must be off (opterr) and its
 * list of letters begin with ':'. Returns CLIENT_USAGE. */
enum client_exit client_wrong_option(const struct client *client, const char *command, int letter,
                                     char *const *argv);

/* Was all of standard output written? Says so if not and returns CLIENT_REFUSED. */
enum client_exit client_finish(const struct client *client, enum client_exit code);

/* Commands. argv[0] is the command's own name. */
enum client_exit command_status(struct client *client, int argc, char **argv);
enum client_exit command_catalogue_list(struct client *client, int argc, char **argv);
enum client_exit command_catalogue_show(struct client *client, int argc, char **argv);
enum client_exit command_emit(struct client *client, int argc, char **argv);
enum client_exit command_audit_query(struct client *client, int argc, char **argv);
enum client_exit command_audit_show(struct client *client, int argc, char **argv);
enum client_exit command_audit_tail(struct client *client, int argc, char **argv);
enum client_exit command_guardian_add(struct client *client, int argc, char **argv);
enum client_exit command_guardian_update(struct client *client, int argc, char **argv);
enum client_exit command_guardian_activate(struct client *client, int argc, char **argv);
enum client_exit command_guardian_deactivate(struct client *client, int argc, char **argv);
enum client_exit command_guardian_list(struct client *client, int argc, char **argv);
enum client_exit command_guardian_show(struct client *client, int argc, char **argv);
enum client_exit command_ceremony_start(struct client *client, int argc, char **argv);
enum client_exit command_ceremony_track(struct client *client, int argc, char **argv);
enum client_exit command_ceremony_cancel(struct client *client, int argc, char **argv);
enum client_exit command_ceremony_status(struct client *client, int argc, char **argv);
enum client_exit command_ceremony_list(struct client *client, int argc, char **argv);
enum client_exit command_ceremony_watch(struct client *client, int argc, char **argv);
enum client_exit command_part_view(struct client *client, int argc, char **argv);
enum client_exit command_part_download(struct client *client, int argc, char **argv);
enum client_exit command_part_confirm(struct client *client, int argc, char **argv);
enum client_exit command_recover(struct client *client, int argc, char **argv);

#endif
