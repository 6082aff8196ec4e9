// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

#define SOCKET	"socket"
#define LOG	"log"
#define TRIES	1000

static void exec_server(const char *const *args)
{
	char *argv[SERVER_ARGS + 7] = { "nbdkit", "-f", "--exit-with-parent", "-U", SOCKET, getenv("IPU_PLUGIN") };
	const char *preload = getenv("IPU_PRELOAD");

	for (int i = 0; i < SERVER_ARGS && args[i]; i++)
		argv[6 + i] = (char *)(uintptr_t)args[i];
	if (!freopen(LOG, "w", stderr))
		_exit(126);
	if (preload) {
		setenv("LD_PRELOAD", preload, 1);
		setenv("LSAN_OPTIONS", "suppressions=suppressions:print_suppressions=0", 1);
	}
	execvp(argv[0], argv);
	_exit(127);
}

pid_t server_start(const char *const *args)
{
	pid_t pid;

	unlink(SOCKET);
	fflush(stdout);
	pid = fork();
	if (!pid)
		exec_server(args);
	return pid;
}

struct nbd_handle *server_connect(pid_t pid)
{
	const struct timespec moment = { .tv_nsec = 10000000 };
	struct nbd_handle *nbd = nbd_create();

	if (!nbd)
		return NULL;
	nbd_set_strict_mode(nbd, 0);
	for (int i = 0; i < TRIES && !waitpid(pid, NULL, WNOHANG); i++) {
		if (!access(SOCKET, F_OK) && !nbd_connect_unix(nbd, SOCKET))
			return nbd;
		nbd_close(nbd);
		nbd = nbd_create();
		if (!nbd)
			return NULL;
		nbd_set_strict_mode(nbd, 0);
		nanosleep(&moment, NULL);
	}
	nbd_close(nbd);
	return NULL;
}

bool server_stop(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

bool server_refuses(const char *const *args, const char *words)
{
	pid_t pid = server_start(args);
	char said[4096] = "";
	int status;
	FILE *log;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	log = fopen(LOG, "r");
	if (log) {
		said[fread(said, 1, sizeof(said) - 1, log)] = '\0';
		fclose(log);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE && strstr(said, words))
		return true;
	printf("# status %x, \"%s\" is not in: %s\n", status, words, said);
	return false;
}

void server_show_log(void)
{
	FILE *log = fopen(LOG, "r");
	char line[512];

	while (log && fgets(line, sizeof(line), log))
		printf("# %s", line);
	if (log)
		fclose(log);
}
