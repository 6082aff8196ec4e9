/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nbdkit with the plugin, in the current folder: IPU_PLUGIN, and IPU_PRELOAD for it, in the environment. */
#ifndef IPU_TEST_SERVER_H
#define IPU_TEST_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include <libnbd.h>

#define SERVER_ARGS	8

/* Start it with these parameters, the last of which is NULL. -1: it cannot be started. */
pid_t server_start(const char *const *args);

/* A connection that checks nothing by itself, or NULL: the server ended. */
struct nbd_handle *server_connect(pid_t pid);

/* End it; true: it ended as it should. */
bool server_stop(pid_t pid);

/* It ends by itself, with an error that has these words in its message. */
bool server_refuses(const char *const *args, const char *words);

/* Print what it said. */
void server_show_log(void);

#endif
