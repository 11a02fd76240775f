/* `guardianctl render`: JSON lines on standard input become lines of a SIEM format on standard
 * output, without a daemon (formats.md 9). For scripts, tests and rules under development. */
#ifndef IPC_CLIENT_COMMAND_RENDER_H
#define IPC_CLIENT_COMMAND_RENDER_H

#define COMMAND_RENDER_LINE_MAX (4 * 1024 * 1024) /* octets of an input line, without its LF */

/* argv[0] is "render". Blocks until the end of the input. Ignores SIGPIPE for the process, so that
 * a reader that leaves is an error like any other. Returns the exit status: 0; 1 if a record was
 * refused or input or output failed; 2 for a wrong command line. */
int command_render(int argc, char **argv);

#endif
