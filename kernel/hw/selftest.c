// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine called directly, as the measure for what a channel costs: debugfs
 * wd_hw/data takes the data, wd_hw/deflate takes "LEVEL REQUEST_SIZE", runs over
 * all of it once and then reads as "BYTES_IN BYTES_OUT NANOSECONDS".
 */
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "op.h"

#define WD_TEST_DATA	(4U << 20)

static DEFINE_MUTEX(wd_test_lock);	/* of all below */
static void *wd_test_data;
static size_t wd_test_len;
static u64 wd_test_in, wd_test_out, wd_test_ns;

static size_t mem_read(struct wd_io *io, void *to, u64 addr, size_t len)
{
	memcpy(to, (void *)(unsigned long)addr, len);
	return len;
}

static size_t mem_write(struct wd_io *io, u64 addr, const void *from, size_t len)
{
	memcpy((void *)(unsigned long)addr, from, len);
	return len;
}

/* One request: a whole gzip stream. */
static int test_request(struct wd_stream *s, struct wd_io *io, const void *src,
			u32 len, void *dst, u32 room, unsigned int level)
{
	struct wd_job job = {
		.stream = s,
		.desc = {
			.opcode = WD_OP_DEFLATE,
			.op = WD_COMP_NEW | level << WD_COMP_LEVEL_SHIFT |
			      15 << WD_COMP_WINDOW_SHIFT |
			      WD_COMP_GZIP << WD_COMP_FORMAT_SHIFT |
			      WD_COMP_FINISH << WD_COMP_FLUSH_SHIFT,
			.src = (unsigned long)src,
			.src_len = len,
			.dst = (unsigned long)dst,
			.dst_len = room,
		},
	};
	struct wd_result res;

	if (wd_stream_init(s, &job.desc) != WD_ST_OK)
		return -EINVAL;
	wd_job_operands(&job);
	while (wd_comp_step(&job, io, &res) == WD_STEP_AGAIN)
		cond_resched();
	cond_resched();
	wd_test_in += job.consumed;
	wd_test_out += job.produced;
	return res.status == WD_ST_OK ? 0 : -EIO;
}

static int test_run(unsigned int level, u32 size)
{
	struct wd_io io = { .read = mem_read, .write = mem_write };
	u32 room = size + size / 8 + 64;
	struct wd_stream *s;
	void *dst = NULL;
	int ret = -ENOMEM;
	u64 start;
	size_t pos;

	s = wd_stream_alloc();
	io.bounce = kmalloc(WD_CHUNK, GFP_KERNEL);
	dst = vmalloc(room);
	if (!s || !io.bounce || !dst)
		goto out;

	wd_test_in = 0;
	wd_test_out = 0;
	ret = 0;
	start = ktime_get_ns();
	for (pos = 0; pos < wd_test_len && !ret; pos += size)
		ret = test_request(s, &io, wd_test_data + pos,
				   min_t(size_t, size, wd_test_len - pos), dst,
				   room, level);
	wd_test_ns = ktime_get_ns() - start;
out:
	vfree(dst);
	kfree(io.bounce);
	wd_stream_free(s);
	return ret;
}

static ssize_t data_write(struct file *file, const char __user *buf, size_t len,
			  loff_t *pos)
{
	ssize_t ret;

	mutex_lock(&wd_test_lock);
	ret = simple_write_to_buffer(wd_test_data, WD_TEST_DATA, pos, buf, len);
	if (ret > 0)
		wd_test_len = *pos;
	mutex_unlock(&wd_test_lock);
	/* More data than room is an error, not a loop of writes of nothing. */
	return ret ?: -ENOSPC;
}

static ssize_t deflate_write(struct file *file, const char __user *buf,
			     size_t len, loff_t *pos)
{
	unsigned int level, size;
	char line[32] = "";
	int ret;

	if (simple_write_to_buffer(line, sizeof(line) - 1, pos, buf, len) < 0)
		return -EFAULT;
	if (sscanf(line, "%u %u", &level, &size) != 2 || level > 9 || !size ||
	    size > WD_TEST_DATA)
		return -EINVAL;
	mutex_lock(&wd_test_lock);
	ret = test_run(level, size);
	mutex_unlock(&wd_test_lock);
	return ret ?: len;
}

static ssize_t deflate_read(struct file *file, char __user *buf, size_t len,
			    loff_t *pos)
{
	char line[80];
	int n;

	mutex_lock(&wd_test_lock);
	n = scnprintf(line, sizeof(line), "%llu %llu %llu\n", wd_test_in,
		      wd_test_out, wd_test_ns);
	mutex_unlock(&wd_test_lock);
	return simple_read_from_buffer(buf, len, pos, line, n);
}

static const struct file_operations data_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = data_write,
};

static const struct file_operations deflate_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = deflate_read,
	.write = deflate_write,
};

int wd_selftest_init(struct dentry *parent)
{
	wd_test_data = vzalloc(WD_TEST_DATA);
	if (!wd_test_data)
		return -ENOMEM;
	debugfs_create_file("data", 0200, parent, NULL, &data_fops);
	debugfs_create_file("deflate", 0600, parent, NULL, &deflate_fops);
	return 0;
}

/* Its files are gone. */
void wd_selftest_exit(void)
{
	vfree(wd_test_data);
}
