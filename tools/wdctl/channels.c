// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Find the open channels in /proc. Processes come and go while it is read, so
 * a file that has vanished is never an error.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channels.h"

#define KEY_PREFIX	"wd_"

const char *channel_field(const struct channel *chan, const char *key)
{
	for (size_t i = 0; i < chan->nr_fields; i++) {
		if (!strcmp(chan->fields[i].key, key))
			return chan->fields[i].value;
	}
	return NULL;
}

static FILE *open_at(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	FILE *file;

	if (fd < 0)
		return NULL;
	file = fdopen(fd, "r");
	if (!file)
		close(fd);
	return file;
}

/* "wd_state:\trunning\n" becomes a field; any other line is not for us. */
static void parse_line(char *line, struct channel *chan)
{
	struct channel_field *field = &chan->fields[chan->nr_fields];
	char *colon = strchr(line, ':');
	char *value;

	if (strncmp(line, KEY_PREFIX, strlen(KEY_PREFIX)) || !colon ||
	    chan->nr_fields == CHANNEL_MAX_FIELDS)
		return;
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	value[strcspn(value, "\n")] = '\0';
	snprintf(field->key, sizeof(field->key), "%.*s",
		 (int)sizeof(field->key) - 1, line + strlen(KEY_PREFIX));
	snprintf(field->value, sizeof(field->value), "%.*s",
		 (int)sizeof(field->value) - 1, value);
	chan->nr_fields++;
}

static void read_fdinfo(int pid_dir, const char *fd_name, struct channel *chan)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "fdinfo/%s", fd_name);
	file = open_at(pid_dir, path);
	if (!file)
		return;
	while (fgets(line, sizeof(line), file))
		parse_line(line, chan);
	fclose(file);
}

static void read_command(int pid_dir, struct channel *chan)
{
	FILE *file = open_at(pid_dir, "comm");

	if (!file || !fgets(chan->command, sizeof(chan->command), file))
		strcpy(chan->command, "?");
	chan->command[strcspn(chan->command, "\n")] = '\0';
	if (file)
		fclose(file);
}

static int append(struct channel_list *list, const struct channel *chan)
{
	struct channel *items;

	items = realloc(list->items, (list->nr + 1) * sizeof(*items));
	if (!items)
		return -ENOMEM;
	list->items = items;
	items[list->nr++] = *chan;
	return 0;
}

/*
 * Only a file under /dev can be a channel. Looking at the link first spares
 * the fdinfo of every socket and pipe of the machine.
 */
static int scan_fd(int pid_dir, pid_t pid, const char *fd_name,
		   struct channel_list *list)
{
	struct channel chan = { .pid = pid, .fd = atoi(fd_name) };
	char path[64];
	ssize_t len;

	snprintf(path, sizeof(path), "fd/%s", fd_name);
	len = readlinkat(pid_dir, path, chan.node, sizeof(chan.node) - 1);
	if (len < 0 || strncmp(chan.node, "/dev/", strlen("/dev/")))
		return 0;
	read_fdinfo(pid_dir, fd_name, &chan);
	if (!chan.nr_fields)
		return 0;
	read_command(pid_dir, &chan);
	return append(list, &chan);
}

static DIR *opendir_at(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir;

	if (fd < 0)
		return NULL;
	dir = fdopendir(fd);
	if (!dir)
		close(fd);
	return dir;
}

static int scan_process(int proc_dir, const char *pid_name,
			struct channel_list *list)
{
	DIR *pid_dir, *fd_dir;
	struct dirent *entry;
	int ret = 0;

	pid_dir = opendir_at(proc_dir, pid_name);
	if (!pid_dir)
		return 0;
	fd_dir = opendir_at(dirfd(pid_dir), "fd");
	if (!fd_dir) {
		if (errno == EACCES || errno == EPERM)
			list->nr_hidden++;
		goto out;
	}
	while (!ret && (entry = readdir(fd_dir))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			ret = scan_fd(dirfd(pid_dir), atoi(pid_name),
				      entry->d_name, list);
	}
	closedir(fd_dir);
out:
	closedir(pid_dir);
	return ret;
}

int channels_scan(const char *proc, struct channel_list *list)
{
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	memset(list, 0, sizeof(*list));
	dir = opendir(proc);
	if (!dir)
		return -errno;
	while (!ret && (entry = readdir(dir))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			ret = scan_process(dirfd(dir), entry->d_name, list);
	}
	closedir(dir);
	return ret;
}

void channels_free(struct channel_list *list)
{
	free(list->items);
	memset(list, 0, sizeof(*list));
}
