// SPDX-License-Identifier: GPL-2.0-or-later
/* Buffers of sequences: taken again while they are warm. */
#include <stdlib.h>

#include "seq.h"

#define MIN_SHIFT	12

void wd_seq_pool_init(struct seq_pool *pool)
{
	*pool = (struct seq_pool){ 0 };
	pthread_mutex_init(&pool->lock, NULL);
}

void wd_seq_pool_exit(struct seq_pool *pool)
{
	for (unsigned int i = 0; i < SEQ_POOL_CLASSES; i++) {
		while (pool->head[i]) {
			void *buf = pool->head[i];

			pool->head[i] = *(void **)buf;
			free(buf);
		}
	}
	pthread_mutex_destroy(&pool->lock);
}

static unsigned int class_of(size_t len)
{
	unsigned int c = 0;

	while (c < SEQ_POOL_CLASSES && len > (size_t)1 << (MIN_SHIFT + c))
		c++;
	return c;
}

void *wd_seq_pool_get(struct seq_pool *pool, size_t len)
{
	unsigned int c = class_of(len);
	void *buf = NULL;

	if (c == SEQ_POOL_CLASSES)
		return posix_memalign(&buf, (size_t)1 << MIN_SHIFT, len) ? NULL : buf;
	pthread_mutex_lock(&pool->lock);
	if (pool->head[c]) {
		buf = pool->head[c];
		pool->head[c] = *(void **)buf;
		pool->kept[c]--;
	}
	pthread_mutex_unlock(&pool->lock);
	if (!buf && posix_memalign(&buf, (size_t)1 << MIN_SHIFT, (size_t)1 << (MIN_SHIFT + c)))
		return NULL;
	return buf;
}

void wd_seq_pool_put(struct seq_pool *pool, void *buf, size_t len)
{
	unsigned int c = class_of(len);

	if (c < SEQ_POOL_CLASSES) {
		pthread_mutex_lock(&pool->lock);
		if (pool->kept[c] < SEQ_POOL_KEPT) {
			*(void **)buf = pool->head[c];
			pool->head[c] = buf;
			pool->kept[c]++;
			buf = NULL;
		}
		pthread_mutex_unlock(&pool->lock);
	}
	free(buf);
}
