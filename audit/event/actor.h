/* Who did it, and from where. Borrowed strings (NUL-ended; NULL or "" when not known). */
#ifndef AUDIT_EVENT_ACTOR_H
#define AUDIT_EVENT_ACTOR_H

struct actor {
    const char *suid;      /* ID of the user */
    const char *suser;     /* login */
    const char *sname;     /* full name */
    const char *spriv;     /* privilege */
    const char *origin_ip; /* address of the person or program */
    const char *via;       /* "daemon", or role/login of the connection that asked */
};

#endif
