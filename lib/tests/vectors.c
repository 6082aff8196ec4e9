// SPDX-License-Identifier: GPL-2.0-or-later
#include "vectors.h"

/* SP 800-38A, appendix F: keys, the plaintext of all, and the vectors. */
#define K128	"2b7e151628aed2a6abf7158809cf4f3c"
#define K192	"8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"
#define K256	"603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
#define COUNT	"000102030405060708090a0b0c0d0e0f"
#define F0FF	"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
#define FOUR	"6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" \
		"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define ZERO16	"00000000000000000000000000000000"
#define ZERO32	ZERO16 ZERO16
#define SM4_KEY	"0123456789abcdeffedcba9876543210"

/* RFC 8439: "Ladies and Gentlemen of the class of '99: ..." */
#define LADIES	"4c616469657320616e642047656e746c656d656e206f662074686520636c6173" \
		"73206f66202739393a204966204920636f756c64206f6666657220796f75206f" \
		"6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73" \
		"637265656e20776f756c642062652069742e"

const struct cipher_vector cipher_vectors[] = {
	{ "ecb(aes)", "SP 800-38A F.1.1", K128, "", FOUR,
	  "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"
	  "43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4" },
	{ "ecb(aes)", "SP 800-38A F.1.3", K192, "", FOUR,
	  "bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eef"
	  "ef7afd2270e2e60adce0ba2face6444e9a4b41ba738d6c72fb16691603c18e0e" },
	{ "ecb(aes)", "SP 800-38A F.1.5", K256, "", FOUR,
	  "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870"
	  "b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7" },
	{ "cbc(aes)", "SP 800-38A F.2.1", K128, COUNT, FOUR,
	  "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
	  "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7" },
	{ "cbc(aes)", "SP 800-38A F.2.3", K192, COUNT, FOUR,
	  "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
	  "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd" },
	{ "cbc(aes)", "SP 800-38A F.2.5", K256, COUNT, FOUR,
	  "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
	  "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b" },
	{ "ctr(aes)", "SP 800-38A F.5.1", K128, F0FF, FOUR,
	  "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
	  "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee" },
	{ "ctr(aes)", "SP 800-38A F.5.3", K192, F0FF, FOUR,
	  "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94"
	  "1e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b050" },
	{ "ctr(aes)", "SP 800-38A F.5.5", K256, F0FF, FOUR,
	  "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
	  "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6" },
	{ "xts(aes)", "IEEE 1619 B.2, vector 2",
	  "1111111111111111111111111111111122222222222222222222222222222222",
	  "33333333330000000000000000000000",
	  "4444444444444444444444444444444444444444444444444444444444444444",
	  "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0" },
	{ "xts(aes)", "IEEE 1619 B.2, vector 15",
	  "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0bfbebdbcbbbab9b8b7b6b5b4b3b2b1b0",
	  "9a785634120000000000000000000000",
	  "000102030405060708090a0b0c0d0e0f10", "6c1625db4671522d3d7599601de7ca09ed" },
	{ "xts(aes)", "NIST CAVP XTSGenAES256",
	  "1ea661c58d943a0e4801e42f4b0947149e7f9f8e3e68d0c7505210bd311a0e7c"
	  "d6e13ffdf2418d8d1911c004cda58da3d619b7e2b9141e58318eea392cf41b08",
	  "adf8d92627464ad2f0428e84a9f87564",
	  "2eedea52cd8215e1acc647e810bbc3642e87287f8d2e57e36c0a24fbc12a202e",
	  "cbaad0e2f6cea3f50b37f934d46a9b130b9d54f07e34f36af793e86f73c6d7db" },
	{ "chacha20", "RFC 8439, 2.4.2", COUNT "101112131415161718191a1b1c1d1e1f",
	  "01000000000000000000004a00000000", LADIES,
	  "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0b"
	  "f91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d8"
	  "07ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab7793736"
	  "5af90bbf74a35be6b40b8eedf2785e42874d" },
	{ "cbc(sm4)", "GB/T 32907, A.1", SM4_KEY, ZERO16, SM4_KEY,
	  "681edf34d206965e86b3e94f536e4246" },
	{ "cbc(sm4)", "draft-ribose-cfrg-sm4, A.2.2", SM4_KEY, COUNT,
	  "aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffaaaaaaaabbbbbbbb",
	  "78ebb11cc40b0a48312aaeb2040244cb4cb7016951909226979b0d15dc6a8f6d" },
	{ "ctr(sm4)", "draft-ribose-cfrg-sm4, A.2.5", SM4_KEY, COUNT,
	  "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
	  "eeeeeeeeeeeeeeeeffffffffffffffffaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb",
	  "ac3236cb970cc20791364c395a1342d1a3cbc1878c6f30cd074cce385cdd70c7"
	  "f234bc0e24c11980fd1286310ce37b926e02fcd0faa0baf38b2933851d824514" },
	{ 0 },
};

/* The GCM specification by McGrew and Viega, appendix B. */
#define GCM_KEY	"feffe9928665731c6d6a8f9467308308"
#define GCM_IV	"cafebabefacedbaddecaf888"
#define GCM_60	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define GCM_C60	"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e" \
		"21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
#define ZERO12	"000000000000000000000000"
#define CCM_KEY	"404142434445464748494a4b4c4d4e4f"

const struct aead_vector aead_vectors[] = {
	{ "gcm(aes)", "GCM, test case 1", ZERO16, ZERO12, "", "", "",
	  "58e2fccefa7e3061367f1d57a4e7455a" },
	{ "gcm(aes)", "GCM, test case 2", ZERO16, ZERO12, "", ZERO16,
	  "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf" },
	{ "gcm(aes)", "GCM, test case 3", GCM_KEY, GCM_IV, "", GCM_60 "1aafd255",
	  GCM_C60 "473f5985", "4d5c2af327cd64a62cf35abd2ba6fab4" },
	{ "gcm(aes)", "GCM, test case 4", GCM_KEY, GCM_IV,
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2", GCM_60, GCM_C60,
	  "5bc94fbc3221a5db94fae95ae7121a47" },
	{ "gcm(aes)", "GCM, test case 8", ZERO16 "0000000000000000", ZERO12, "", ZERO16,
	  "98e7247c07f0fe411c267e4384b0f600", "2ff58d80033927ab8ef4d4587514f0fb" },
	{ "gcm(aes)", "GCM, test case 13", ZERO32, ZERO12, "", "", "",
	  "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "gcm(aes)", "GCM, test case 14", ZERO32, ZERO12, "", ZERO16,
	  "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919" },
	{ "ccm(aes)", "SP 800-38C, example 1", CCM_KEY, "10111213141516",
	  "0001020304050607", "20212223", "7162015b", "4dac255d" },
	{ "ccm(aes)", "SP 800-38C, example 2", CCM_KEY, "1011121314151617", COUNT,
	  "202122232425262728292a2b2c2d2e2f", "d2a1f0e051ea5f62081a7792073d593d",
	  "1fc64fbfaccd" },
	{ "ccm(aes)", "SP 800-38C, example 3", CCM_KEY, "101112131415161718191a1b",
	  COUNT "10111213", "202122232425262728292a2b2c2d2e2f3031323334353637",
	  "e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5", "484392fbc1b09951" },
	{ "ccm(aes)", "NIST CAVP DVPT128", "4ae701103c63deca5b5a3939d7d05992",
	  "5a8aa485c316e9", "", "", "", "02209f55" },
	{ "rfc7539(chacha20,poly1305)", "RFC 8439, 2.8.2",
	  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
	  "070000004041424344454647", "50515253c0c1c2c3c4c5c6c7", LADIES,
	  "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
	  "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
	  "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
	  "3ff4def08e4b7a9de576d26586cec64b6116",
	  "1ae10b594f09e26a7e902ecbd0600691" },
	{ 0 },
};

#define ABC	"abc"
#define NOPQ	"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
#define ABCD16	"abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd"
#define JEFE	"4a656665"
#define WHAT	"what do ya want for nothing?"
#define LARGER	"Test Using Larger Than Block-Size Key - Hash Key First"
#define AA131	AA32 AA32 AA32 AA32 "aaaaaa"
#define AA32	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define UP32	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define UP64	UP32 "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
#define SAMPLE	"Sample message for keylen<blocklen"

const struct digest_vector digest_vectors[] = {
	{ "sha1", "FIPS 180", "", ABC, "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ "sha1", "NIST CAVP", "", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
	{ "sha1", "FIPS 180", "", NOPQ, "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
	{ "sha224", "FIPS 180", "", ABC,
	  "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
	{ "sha224", "FIPS 180", "", NOPQ,
	  "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525" },
	{ "sha256", "FIPS 180", "", ABC,
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "sha256", "NIST CAVP", "", "",
	  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
	{ "sha256", "FIPS 180", "", NOPQ,
	  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	{ "sha384", "FIPS 180", "", ABC,
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	  "8086072ba1e7cc2358baeca134c825a7" },
	{ "sha512", "FIPS 180", "", ABC,
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	{ "sha3-256", "FIPS 202", "", ABC,
	  "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532" },
	{ "sha3-256", "FIPS 202", "", "",
	  "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a" },
	{ "sha3-512", "FIPS 202", "", ABC,
	  "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e"
	  "10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0" },
	{ "sm3", "GB/T 32905, A.1", "", ABC,
	  "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0" },
	{ "sm3", "GB/T 32905, A.2", "", ABCD16,
	  "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732" },
	{ "hmac(sha1)", "RFC 2202, case 2", JEFE, WHAT,
	  "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ "hmac(sha224)", "RFC 4231, case 2", JEFE, WHAT,
	  "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44" },
	{ "hmac(sha256)", "RFC 4231, case 2", JEFE, WHAT,
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ "hmac(sha256)", "RFC 4231, case 6", AA131, LARGER,
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ "hmac(sha384)", "RFC 4231, case 2", JEFE, WHAT,
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	  "8e2240ca5e69e2c78b3239ecfab21649" },
	{ "hmac(sha512)", "RFC 4231, case 2", JEFE, WHAT,
	  "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
	  "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737" },
	{ "hmac(sha3-256)", "NIST, HMAC_SHA3-256, sample 1", UP32, SAMPLE,
	  "4fe8e202c4f058e8dddc23d8c34e467343e23555e24fc2f025d598f558f67205" },
	{ "hmac(sha3-512)", "NIST, HMAC_SHA3-512, sample 1", UP64, SAMPLE,
	  "4efd629d6c71bf86162658f29943b1c308ce27cdfa6db0d9c3ce81763f9cbce5"
	  "f7ebe9868031db1a8f8eb7b6b95e5c5e3f657a8996c86a2f6527e307f0213196" },
	{ 0 },
};

#define DIGITS	"123456789"

const struct crc_vector crc_vectors[] = {
	{ "crc32", "CRC catalogue, CRC-32/ISO-HDLC", DIGITS, 0xcbf43926 },
	{ "crc32c", "CRC catalogue, CRC-32/ISCSI", DIGITS, 0xe3069283 },
	{ "crc64", "CRC catalogue, CRC-64/ECMA-182", DIGITS, 0x6c40df5f0b497347 },
	{ "crc64-nvme", "CRC catalogue, CRC-64/NVME", DIGITS, 0xae8b14860a799888 },
	{ 0 },
};
