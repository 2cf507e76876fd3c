/* test_clients.c - which addresses are one client's. */
#include "web/clients.h"

#include "unit/unit.h"

#include <arpa/inet.h>
#include <string.h>

static struct clients clients;

static void set_up(void)
{
	ck_assert(clients_init(&clients, 8, 0));
}

static void tear_down(void)
{
	shares_free(clients.shares);
}

static uint64_t client(const char *text)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(80)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(443)};

	if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
		return client_of(&clients, (const void *)&v4);
	ck_assert_int_eq(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
	return client_of(&clients, (const void *)&v6);
}

static const struct {
	const char *one, *other;
	bool is_same;
} rows[] = {
	{"192.0.2.1", "192.0.2.1", true},
	{"192.0.2.1", "192.0.2.2", false},
	{"192.0.2.1", "::ffff:192.0.2.1", true}, /* over an IPv6 socket */
	{"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
	{"2001:db8::1", "2001:db8::1", true},
	{"2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true}, /* one /64 */
	{"2001:db8::1", "2001:db8:0:1::1", false},
	{"2001:db8::1", "2001:db9::1", false},
	{"0.0.0.0", "::", false},
};

START_TEST(a_client_is_an_ipv4_address_or_an_ipv6_64)
{
	ck_assert_msg((client(rows[_i].one) == client(rows[_i].other)) == rows[_i].is_same,
	              "%s, %s", rows[_i].one, rows[_i].other);
}
END_TEST

START_TEST(nobody_can_tell_a_client_s_place_beforehand)
{
	uint64_t before = client("192.0.2.1");

	tear_down();
	set_up();
	ck_assert_uint_ne(client("192.0.2.1"), before);
}
END_TEST

START_TEST(one_client_has_half_where_nothing_else_is_said)
{
	ck_assert_int_eq(clients.all, 8);
	ck_assert_int_eq(clients.each, 4);
}
END_TEST

static Suite *clients_suite(void)
{
	Suite *suite = suite_create("clients");
	TCase *tcase = tcase_create("clients");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, a_client_is_an_ipv4_address_or_an_ipv6_64, 0,
	                    (int)ARRAY_LEN(rows));
	tcase_add_test(tcase, nobody_can_tell_a_client_s_place_beforehand);
	tcase_add_test(tcase, one_client_has_half_where_nothing_else_is_said);
	suite_add_tcase(suite, tcase);
	return suite;
}

TEST_MAIN(clients_suite)
