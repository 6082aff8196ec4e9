// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One file: may it be taken, what is the output called, and what becomes of
 * the input. The rules and the words are gzip's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "codec.h"
#include "names.h"
#include "report.h"
#include "wdzip.h"

/**
 * struct file - the file in work
 * @name:      as it was found, or "stdin"
 * @to_stdout: asked for, or the only way since this is standard input
 * @out_name:  where it goes otherwise
 * @header:    what to write, or what was read
 * @overhead:  bytes of header and trailer, which the ratio leaves out
 */
struct file {
	char name[PATH_MAX];
	char out_name[PATH_MAX];
	bool to_stdout;
	int fd;
	struct stat st;
	struct gz_header header;
	size_t overhead;
	struct output out;
};

/* Kept from file to file: buffers, and the channel. */
static struct source source;
static struct codec codec;
static struct codec rival = { .software = true };

/* ------------------------------------------------------------ the input */

/*
 * O_NONBLOCK: a FIFO that nobody writes to is to be refused, not waited for.
 * O_NOFOLLOW: the input is going to be removed.
 */
static int open_flags(void)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;

	if (opt.to_stdout)
		return flags;
	return flags | O_NONBLOCK | (opt.force ? 0 : O_NOFOLLOW);
}

static int open_name(struct file *file, const char *name, const char *suffix)
{
	if (snprintf(file->name, PATH_MAX, "%s%s", name, suffix) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	file->fd = open(file->name, open_flags());
	return file->fd < 0 ? -1 : 0;
}

/* "wdzip -d report" finds report.gz. */
static int open_any(struct file *file, const char *name)
{
	const char *suffix;

	if (!open_name(file, name, ""))
		return 0;
	if (errno != ENOENT || !opt.decompress || name_suffix(name))
		return -1;
	for (int i = 0; (suffix = name_try_suffix(i)); i++) {
		if (!open_name(file, name, suffix))
			return 0;
	}
	snprintf(file->name, PATH_MAX, "%s", name);
	errno = ENOENT;
	return -1;
}

static bool refuse(const struct file *file, const char *why)
{
	warning("%s %s", file->name, why);
	return false;
}

static bool is_acceptable(const struct file *file)
{
	const struct stat *st = &file->st;

	if (S_ISDIR(st->st_mode))
		return refuse(file, "is a directory -- ignored");
	if (opt.to_stdout)
		return true;
	if (!S_ISREG(st->st_mode))
		return refuse(file, "is not a directory or a regular file - ignored");
	if (opt.force)
		return true;
	if (st->st_mode & S_ISUID)
		return refuse(file, "is set-user-ID on execution - ignored");
	if (st->st_mode & S_ISGID)
		return refuse(file, "is set-group-ID on execution - ignored");
	if (st->st_mode & S_ISVTX)
		return refuse(file, "has the sticky bit set - file ignored");
	if (st->st_nlink > 1)
		return refuse(file, "has other links -- file ignored");
	return true;
}

static int open_input(struct file *file, const char *name)
{
	if (open_any(file, name)) {
		if (errno == ELOOP)
			error("%s: is a symbolic link; -f follows it", name);
		else
			error("%s: %s", file->name, strerror(errno));
		return -1;
	}
	if (fstat(file->fd, &file->st)) {
		error("%s: %s", file->name, strerror(errno));
		return -1;
	}
	return is_acceptable(file) ? 0 : -1;
}

/* ------------------------------------------------------------ the header */

static void make_header(struct file *file, const char *base)
{
	time_t mtime = file->st.st_mtime;

	memset(&file->header, 0, sizeof(file->header));
	file->overhead = GZ_FIXED_HEADER + GZ_TRAILER;
	if (!opt.name)
		return;
	if (S_ISREG(file->st.st_mode) && mtime > 0 && mtime <= UINT32_MAX)
		file->header.mtime = mtime;
	if (!base || strlen(base) > NAME_MAX)
		return;
	strcpy(file->header.name, base);
	file->overhead += strlen(base) + 1;
}

/* Returns 0, 1 for what is no gzip file and is to be copied, -1 for an error. */
static int read_header(struct file *file)
{
	size_t len;

	if (source_want(&source, 2))
		return -1;
	len = header_parse(&file->header, source.data, source.len);
	if (header_has_magic(source.data, source.len)) {
		file->overhead = len + GZ_TRAILER;
		return 0;
	}
	if (opt.force && file->to_stdout && !opt.test)
		return 1;
	if (source.len < 2)
		error("%s: unexpected end of file", file->name);
	else
		error("%s: not in gzip format", file->name);
	return -1;
}

/* ------------------------------------------------------------ the output */

static int choose_output(struct file *file)
{
	struct output *out = &file->out;

	if (file->to_stdout) {
		out->path = "stdout";
		out->fd = opt.test ? -1 : STDOUT_FILENO;
		return 0;
	}
	if (opt.decompress && opt.name && *file->header.name &&
	    name_replace_base(file->out_name, file->header.name))
		return -1;
	return output_create(out, file->out_name);
}

static struct timespec output_mtime(const struct file *file)
{
	struct timespec saved = { .tv_sec = file->header.mtime };

	if (opt.decompress && opt.name && saved.tv_sec)
		return saved;
	return file->st.st_mtim;
}

static bool is_terminal_refused(int fd, const char *what)
{
	if (opt.force || opt.test || !isatty(fd))
		return false;
	error("compressed data not %s a terminal; use -f to force it", what);
	return true;
}

/* ------------------------------------------------------------ the work */

static int run(struct codec *with, enum report_row row, struct file *file,
	       struct job *job)
{
	uint64_t copied = codec_copied(with);
	struct report_start start;
	char by[96];
	int ret;

	report_progress_begin(file->name, S_ISREG(file->st.st_mode) ?
			      (uint64_t)file->st.st_size : 0);
	report_start(&start);
	ret = opt.decompress ? codec_expand(with, job)
			     : codec_compress(with, job, &file->header);
	if (ret)
		return ret;
	report_add(row, &start, &(struct report_work) {
		.by = row == ROW_COMPARE ? "zlib in this process"
					 : codec_by(with, by, sizeof(by)),
		.mode = codec_mode(with),
		.in = job->in_bytes,
		.out = job->out_bytes,
		.copied = codec_copied(with) - copied,
	});
	return 0;
}

/*
 * The same input once more, with zlib in this process. What it makes goes
 * nowhere, so the comparison is rather too kind to it than to the device.
 */
static int compare(struct file *file)
{
	struct output nowhere = { .fd = -1, .path = "nowhere" };
	struct job job = { .src = &source, .out = &nowhere };

	if (lseek(file->fd, 0, SEEK_SET) < 0) {
		warning("%s: cannot be read twice, nothing to compare with",
			file->name);
		return 0;
	}
	if (source_start(&source, file->fd, file->name))
		return -1;
	return run(&rival, ROW_COMPARE, file, &job);
}

static void print_result(const struct file *file, const struct job *job)
{
	uint64_t plain = opt.decompress ? job->out_bytes : job->in_bytes;
	uint64_t packed = opt.decompress ? job->in_bytes : job->out_bytes;

	report_clear_progress();
	if (!opt.verbose)
		return;
	if (file->fd != STDIN_FILENO)
		fprintf(stderr, "%s:\t", file->name);
	if (opt.test) {
		fputs(" OK\n", stderr);
		return;
	}
	fprintf(stderr, "%5.1f%%", report_saved(plain, packed - file->overhead));
	if (file->out.is_file)
		fprintf(stderr, " -- %s %s",
			opt.keep ? "created" : "replaced with", file->out.path);
	fputc('\n', stderr);
}

static int work(struct file *file, struct job *job, bool copy)
{
	int ret;

	if (copy)
		return codec_copy(job);
	ret = run(&codec, ROW_MAIN, file, job);
	if (!ret && opt.compare)
		ret = compare(file);
	return ret;
}

/* From the open input to the output under its name. */
static int convert(struct file *file)
{
	struct job job = { .src = &source, .out = &file->out };
	int copy = 0;

	codec.software = opt.software;
	codec.device = opt.device;
	source.greedy = !opt.decompress;
	if (source_start(&source, file->fd, file->name))
		return -1;
	if (opt.decompress)
		copy = read_header(file);
	if (copy < 0 || choose_output(file))
		return -1;
	if (work(file, &job, copy)) {
		report_clear_progress();
		output_discard(&file->out);
		return -1;
	}
	if (output_commit(&file->out, &file->st, output_mtime(file)))
		return -1;
	print_result(file, &job);
	return 0;
}

static void treat_open_file(struct file *file)
{
	int ret = 0;

	if (!opt.decompress)
		make_header(file, name_base(file->name));
	if (!opt.to_stdout)
		ret = opt.decompress ? name_expanded(file->name, file->out_name)
				     : name_compressed(file->name,
						       file->out_name);
	if (ret || convert(file) || opt.to_stdout || opt.keep)
		return;
	if (unlink(file->name))
		warning("%s: cannot be removed: %s", file->name,
			strerror(errno));
}

void treat_file(const char *name)
{
	struct file file = { .to_stdout = opt.to_stdout, .fd = -1,
			     .out.fd = -1 };

	if (opt.to_stdout && !opt.decompress &&
	    is_terminal_refused(STDOUT_FILENO, "written to"))
		return;
	if (!open_input(&file, name))
		treat_open_file(&file);
	if (file.fd >= 0)
		close(file.fd);
}

void treat_stdin(void)
{
	struct file file = { .name = "stdin", .to_stdout = true,
			     .fd = STDIN_FILENO, .out.fd = -1 };

	if (opt.decompress ? is_terminal_refused(STDIN_FILENO, "read from")
			   : is_terminal_refused(STDOUT_FILENO, "written to"))
		return;
	if (fstat(file.fd, &file.st)) {
		error("stdin: %s", strerror(errno));
		return;
	}
	if (!opt.decompress)
		make_header(&file, NULL);
	convert(&file);
}

void treat_done(void)
{
	codec_close(&codec);
	codec_close(&rival);
	source_free(&source);
}
