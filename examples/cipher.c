/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cipher KEY IV < file > file.aes: AES-CTR, both in hexadecimal, on a device where there is
 * one. The same again gives the file back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <wd_cipher.h>

/* Bytes of @hex at @to, at most @room; 0: it is none. */
static size_t unhex(unsigned char *to, size_t room, const char *hex)
{
	size_t n = strlen(hex) / 2, i;

	if (strlen(hex) % 2 || n > room || strspn(hex, "0123456789abcdefABCDEF") != 2 * n)
		return 0;
	for (i = 0; i < n; i++)
		sscanf(hex + 2 * i, "%2hhx", &to[i]);
	return n;
}

/* The vector goes on from one piece to the next: all but the last are whole blocks. */
static int encrypt(struct wd_alg_ctx *ctx, unsigned char *iv)
{
	static unsigned char data[1 << 20];
	struct wd_request req;
	size_t n;
	int ret;

	while ((n = fread(data, 1, sizeof(data), stdin))) {
		wd_prep_encrypt(&req, data, data, n, iv);
		ret = wd_alg_run(ctx, &req);
		if (ret)
			return ret;
		fwrite(data, 1, n, stdout);
	}
	return ferror(stdin) || ferror(stdout) ? -EIO : 0;
}

int main(int argc, char **argv)
{
	struct wd_alg_ctx ctx = { .alg = "ctr(aes)" };
	unsigned char key[32], iv[WD_CIPHER_IV_SIZE];
	size_t key_len;
	int ret = -EINVAL;

	if (argc == 3 && unhex(iv, sizeof(iv), argv[2]) == sizeof(iv)) {
		key_len = unhex(key, sizeof(key), argv[1]);
		ret = wd_alg_init(&ctx);
		if (!ret)
			ret = wd_alg_set_key(&ctx, key, key_len);
		if (!ret)
			ret = encrypt(&ctx, iv);
		fprintf(stderr, "by the %s driver\n", wd_alg_vendor_name(&ctx));
		wd_alg_exit(&ctx);
	}
	if (ret)
		fprintf(stderr, "cipher: %s\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
