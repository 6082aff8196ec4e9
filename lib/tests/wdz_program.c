// SPDX-License-Identifier: GPL-2.0-or-later
/* A program that knows nothing of libwdz.so: wdz.sh runs it with that and without. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

static unsigned char plain[300000], packed[400000], back[sizeof(plain)];

static int round_trip(void)
{
	uLongf packed_len = sizeof(packed), back_len = sizeof(back);

	if (compress(packed, &packed_len, plain, sizeof(plain)) != Z_OK ||
	    uncompress(back, &back_len, packed, packed_len) != Z_OK)
		return 1;
	return back_len != sizeof(plain) || memcmp(plain, back, sizeof(plain));
}

int main(void)
{
	int status;
	pid_t pid;

	for (unsigned int i = 0; i < sizeof(plain); i++)
		plain[i] = (unsigned char)(i * i >> 7);
	if (round_trip())
		return 1;
	pid = fork();
	if (!pid)
		return round_trip();
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return 2;
	return round_trip();
}
