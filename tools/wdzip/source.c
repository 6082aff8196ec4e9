// SPDX-License-Identifier: GPL-2.0-or-later
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source.h"
#include "wdzip.h"

static unsigned char *ahead_buf(const struct source *src)
{
	return src->buf[!src->current] + SOURCE_HEADROOM;
}

static int read_block(struct source *src)
{
	unsigned char *buf = ahead_buf(src);
	ssize_t ret;

	src->ahead_len = 0;
	while (!src->eof && src->ahead_len < BLOCK_SIZE) {
		ret = read(src->fd, buf + src->ahead_len,
			   BLOCK_SIZE - src->ahead_len);
		if (ret < 0 && errno == EINTR)
			continue;
		if (ret < 0) {
			error("%s: %s", src->name, strerror(errno));
			return -1;
		}
		src->eof = ret == 0;
		src->ahead_len += ret;
		if (!src->greedy)
			break;
	}
	src->have_ahead = true;
	return 0;
}

int source_start(struct source *src, int fd, const char *name)
{
	for (int i = 0; i < 2; i++) {
		if (!src->buf[i])
			src->buf[i] = malloc(SOURCE_HEADROOM + BLOCK_SIZE);
		if (!src->buf[i]) {
			error("no memory");
			return -1;
		}
	}
	src->fd = fd;
	src->name = name;
	src->data = src->buf[src->current];
	src->len = 0;
	src->have_ahead = false;
	src->eof = false;
	return source_next(src) < 0 ? -1 : 0;
}

int source_next(struct source *src)
{
	unsigned char *data;

	if (!src->have_ahead && read_block(src))
		return -1;
	if (!src->ahead_len)
		return 0;
	assert(src->len <= SOURCE_HEADROOM);
	data = ahead_buf(src) - src->len;
	memcpy(data, src->data, src->len);
	src->data = data;
	src->len += src->ahead_len;
	src->current = !src->current;
	src->have_ahead = false;
	return 1;
}

int source_read_ahead(struct source *src)
{
	struct pollfd pfd = { .fd = src->fd, .events = POLLIN };

	if (src->have_ahead || (!src->greedy && poll(&pfd, 1, 0) <= 0))
		return 0;
	return read_block(src);
}

bool source_is_last(const struct source *src)
{
	return src->eof && (!src->have_ahead || !src->ahead_len);
}

int source_want(struct source *src, size_t want)
{
	int ret = 1;

	while (ret > 0 && src->len < want)
		ret = source_next(src);
	return ret < 0 ? -1 : 0;
}

void source_free(struct source *src)
{
	for (int i = 0; i < 2; i++) {
		free(src->buf[i]);
		src->buf[i] = NULL;
	}
}
