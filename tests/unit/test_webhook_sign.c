/* test_webhook_sign.c - signatures of webhooks against the vector that Standard Webhooks has
 * published, and secrets as they are told. */
#include "base/webhook_sign.h"
#include "unit/unit.h"

#include <sodium.h>
#include <string.h>

/* The example of the specification and of its reference libraries. */
#define SECRET "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIME_S 1614265330
#define BODY "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static struct text decode(const char *base64, uint8_t *out, size_t size)
{
	size_t len;

	ck_assert_int_eq(sodium_base642bin(out, size, base64, strlen(base64), NULL, &len, NULL,
	                                   sodium_base64_VARIANT_ORIGINAL),
	                 0);
	return (struct text){(const char *)out, len};
}

START_TEST(the_published_vector_is_signed_as_published)
{
	uint8_t key[64];
	char signature[WEBHOOK_SIGNATURE_SIZE];

	ck_assert(webhook_sign(decode(SECRET, key, sizeof(key)), text_of(ID), TIME_S, text_of(BODY),
	                       signature));
	ck_assert_str_eq(signature, SIGNATURE);
}
END_TEST

static const struct {
	const char *id, *body;
	int64_t time_s;
} others[] = {
	{"msg_p5jXN8AQM9LWM0D4loKWxJeK", BODY, TIME_S},
	{ID, "{\"test\": 2432232315}", TIME_S},
	{ID, BODY, TIME_S + 1},
};

START_TEST(another_id_time_or_body_has_another_signature)
{
	uint8_t key[64];
	char signature[WEBHOOK_SIGNATURE_SIZE];

	ck_assert(webhook_sign(decode(SECRET, key, sizeof(key)), text_of(others[_i].id),
	                       others[_i].time_s, text_of(others[_i].body), signature));
	ck_assert_str_ne(signature, SIGNATURE);
}
END_TEST

START_TEST(a_secret_is_told_as_the_base64_of_its_bytes)
{
	struct webhook_secret secret;
	uint8_t decoded[64];
	char text[WEBHOOK_SECRET_TEXT_SIZE];

	for (size_t i = 0; i < WEBHOOK_SECRET_BYTES; i++)
		secret.bytes[i] = (uint8_t)(255 - i);
	webhook_secret_print(&secret, text);
	ck_assert_int_eq(strncmp(text, "whsec_", 6), 0);
	struct text bytes = decode(text + 6, decoded, sizeof(decoded));
	ck_assert_uint_eq(bytes.len, WEBHOOK_SECRET_BYTES);
	ck_assert_int_eq(memcmp(bytes.ptr, secret.bytes, bytes.len), 0);
}
END_TEST

static Suite *sign_suite(void)
{
	Suite *suite = suite_create("webhook_sign");
	TCase *tests = tcase_create("webhook_sign");

	tcase_add_test(tests, the_published_vector_is_signed_as_published);
	tcase_add_loop_test(tests, another_id_time_or_body_has_another_signature, 0,
	                    ARRAY_LEN(others));
	tcase_add_test(tests, a_secret_is_told_as_the_base64_of_its_bytes);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(sign_suite)
