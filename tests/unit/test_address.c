/* test_address.c - which addresses everybody can reach, however they are written, and which URLs a
 * webhook may have. */
#include "base/address.h"
#include "base/webhook_url.h"
#include "unit/unit.h"

#include <string.h>

static const struct {
	const char *host;
	const char *special; /* "": a public address */
} addresses[] = {
	/* the public ones beside each block */
	{"1.1.1.1", ""},
	{"9.255.255.255", ""},
	{"11.0.0.0", ""},
	{"100.63.255.255", ""},
	{"100.128.0.0", ""},
	{"126.255.255.255", ""},
	{"128.0.0.0", ""},
	{"169.253.255.255", ""},
	{"169.255.0.0", ""},
	{"172.15.255.255", ""},
	{"172.32.0.0", ""},
	{"192.0.1.255", ""},
	{"192.0.3.0", ""},
	{"192.167.255.255", ""},
	{"192.169.0.0", ""},
	{"198.17.255.255", ""},
	{"198.20.0.0", ""},
	{"223.255.255.255", ""},
	{"0.0.0.0", "unspecified"},
	{"0.255.255.255", "unspecified"},
	{"10.0.0.0", "private"},
	{"10.255.255.255", "private"},
	{"100.64.0.0", "private"},
	{"100.127.255.255", "private"},
	{"127.0.0.1", "loopback"},
	{"127.255.255.255", "loopback"},
	{"169.254.0.0", "link-local"},
	{"169.254.169.254", "link-local"},
	{"172.16.0.0", "private"},
	{"172.31.255.255", "private"},
	{"192.0.0.8", "reserved"},
	{"192.0.2.1", "documentation"},
	{"192.88.99.1", "reserved"},
	{"192.168.0.1", "private"},
	{"198.18.0.0", "benchmarking"},
	{"198.19.255.255", "benchmarking"},
	{"198.51.100.7", "documentation"},
	{"203.0.113.7", "documentation"},
	{"224.0.0.1", "multicast"},
	{"239.255.255.255", "multicast"},
	{"240.0.0.1", "reserved"},
	{"255.255.255.255", "reserved"},
	/* other ways to write 127.0.0.1 and 169.254.169.254 */
	{"2130706433", "loopback"},
	{"0x7f000001", "loopback"},
	{"0X7F.1", "loopback"},
	{"017700000001", "loopback"},
	{"0177.0.0.01", "loopback"},
	{"127.1", "loopback"},
	{"127.0.1", "loopback"},
	{"127.0.0.1.", "loopback"},
	{"0", "unspecified"},
	{"2852039166", "link-local"},
	{"0xa9fea9fe", "link-local"},
	{"0251.0376.0251.0376", "link-local"},
	{"169.16689662", "link-local"},
	{"0x0a.1", "private"},
	{"010.8.8.8", ""}, /* octal: 8.8.8.8 */
	{"134744072", ""}, /* 8.8.8.8 */
	/* IPv6 */
	{"[2606:4700:4700::1111]", ""},
	{"[2a00:1450:4001:80b::200e]", ""},
	{"[3ffe::1]", ""},
	{"[::]", "unspecified"},
	{"[::1]", "loopback"},
	{"[0:0:0:0:0:0:0:1]", "loopback"},
	{"[fc00::1]", "private"},
	{"[fdff::1]", "private"},
	{"[fe80::1]", "link-local"},
	{"[febf::1]", "link-local"},
	{"[fec0::1]", "private"},
	{"[ff02::1]", "multicast"},
	{"[100::1]", "reserved"},
	{"[4000::1]", "reserved"},
	{"[5f00::1]", "reserved"},
	{"[2001:db8::1]", "documentation"},
	{"[3fff::1]", "documentation"},
	{"[2001:2::1]", "reserved"},
	{"[2001:10::1]", "reserved"},
	{"[2001:200::1]", ""},
	/* IPv6 that embeds IPv4 */
	{"[::ffff:127.0.0.1]", "loopback"},
	{"[::ffff:7f00:1]", "loopback"},
	{"[::FFFF:169.254.169.254]", "link-local"},
	{"[::ffff:8.8.8.8]", ""},
	{"[::ffff:0:10.0.0.1]", "private"},
	{"[::127.0.0.1]", "loopback"},
	{"[::10.0.0.1]", "private"},
	{"[64:ff9b::10.0.0.1]", "private"},
	{"[64:ff9b::8.8.8.8]", ""},
	{"[64:ff9b:1::192.168.0.1]", "private"},
	{"[2002:7f00:1::]", "loopback"},
	{"[2002:a9fe:a9fe::1]", "link-local"},
	{"[2002:808:808::1]", ""},
	{"[2001:0:808:808:0:0:f5ff:fffe]", "private"}, /* Teredo of 10.0.0.1 */
	{"[2001:0:808:808:0:0:f7f7:f7f7]", ""},        /* and of 8.8.8.8 */
	{"[2606:4700::5efe:10.0.0.1]", "private"},     /* ISATAP */
	{"[2606:4700::200:5efe:127.0.0.1]", "loopback"},
};

START_TEST(an_address_is_judged_however_it_is_written)
{
	struct address address;
	enum address_spelling spelling = address_read(text_of(addresses[_i].host), &address);
	const char *special;

	ck_assert_msg(spelling == ADDRESS_IS_LITERAL, "%s", addresses[_i].host);
	special = address_special(&address);
	ck_assert_msg(strcmp(special == NULL ? "" : special, addresses[_i].special) == 0,
	              "%s is %s", addresses[_i].host, special == NULL ? "public" : special);
}
END_TEST

static const struct {
	const char *host;
	enum address_spelling spelling;
} hosts[] = {
	{"example.com", ADDRESS_IS_NAME},         {"a1.b2", ADDRESS_IS_NAME},
	{"1.example", ADDRESS_IS_NAME},           {"0x7f.example.com", ADDRESS_IS_NAME},
	{"256.0.0.1", ADDRESS_IS_MALFORMED},      {"1.2.3.4.5", ADDRESS_IS_MALFORMED},
	{"08.1.1.1", ADDRESS_IS_MALFORMED},       {"4294967296", ADDRESS_IS_MALFORMED},
	{"1.2.3.4x", ADDRESS_IS_MALFORMED},       {"0x", ADDRESS_IS_MALFORMED},
	{"[::1", ADDRESS_IS_MALFORMED},           {"[]", ADDRESS_IS_MALFORMED},
	{"[fe80::1%eth0]", ADDRESS_IS_MALFORMED}, {"[127.0.0.1]", ADDRESS_IS_MALFORMED},
	{"[1::2::3]", ADDRESS_IS_MALFORMED},      {"", ADDRESS_IS_MALFORMED},
	{"example.1", ADDRESS_IS_MALFORMED},
};

START_TEST(a_host_is_a_name_an_address_or_neither)
{
	struct address address;

	ck_assert_msg(address_read(text_of(hosts[_i].host), &address) == hosts[_i].spelling, "%s",
	              hosts[_i].host);
}
END_TEST

static const struct {
	const char *url;
	bool is_right, is_right_private; /* without, with WEBHOOK_ALLOW_PRIVATE */
} urls[] = {
	{"https://example.com", true, true},
	{"HTTPS://Example.com:8443/a/b?c=d&e=%20", true, true},
	{"https://xn--bcher-kva.example/hook", true, true},
	{"https://example.com?x=@y", true, true},
	{"https://example.com/@/:1", true, true},
	{"https://8.8.8.8/", true, true},
	{"https://[2606:4700::1]:443/x", true, true},
	{"https://localhostess.example/", true, true},
	{"http://example.com/", false, true},
	{"http://127.0.0.1:8080/hook", false, true},
	{"https://127.0.0.1/", false, true},
	{"https://0x7f.1/", false, true},
	{"https://[::1]/", false, true},
	{"https://localhost/", false, true},
	{"https://LocalHost.:1/", false, true},
	{"https://a.localhost/", false, true},
	{"https://169.254.169.254/latest/meta-data", false, true},
	{"https://10.1/", false, true},
	{"https://user@example.com/", false, false},
	{"https://user:password@example.com/", false, false},
	{"https://@example.com/", false, false},
	{"https://example.com/#fragment", false, false},
	{"https://example.com#", false, false},
	{"https://", false, false},
	{"https:///path", false, false},
	{"https://:443/", false, false},
	{"https://example.com:/", false, false},
	{"https://example.com:0/", false, false},
	{"https://example.com:65536/", false, false},
	{"https://example.com:80:80/", false, false},
	{"https://exa mple.com/", false, false},
	{"https://example.com/\xc3\xa9", false, false},
	{"https://ex%61mple.com/", false, false},
	{"https://example..com/", false, false},
	{"https://.example.com/", false, false},
	{"https://example.com\\@127.0.0.1/", false, false},
	{"https://256.256.256.256/", false, false},
	{"https://[::1/", false, false},
	{"https://[::1]x/", false, false},
	{"ftp://example.com/", false, false},
	{"file:///etc/passwd", false, false},
	{"gopher://127.0.0.1/", false, false},
	{"//example.com/", false, false},
	{"example.com", false, false},
	{" https://example.com/", false, false},
};

START_TEST(a_url_is_judged_by_its_text)
{
	struct text url = text_of(urls[_i].url);

	ck_assert_msg((webhook_url_fault(url, false) == NULL) == urls[_i].is_right, "%s",
	              urls[_i].url);
	ck_assert_msg((webhook_url_fault(url, true) == NULL) == urls[_i].is_right_private, "%s",
	              urls[_i].url);
}
END_TEST

START_TEST(a_url_is_told_without_its_query)
{
	ck_assert(text_is(webhook_url_plain(text_of("https://a.example/b?token=1")),
	                  "https://a.example/b"));
	ck_assert(text_is(webhook_url_plain(text_of("https://a.example")), "https://a.example"));
}
END_TEST

static Suite *address_suite(void)
{
	Suite *suite = suite_create("address");
	TCase *tests = tcase_create("address");

	tcase_add_loop_test(tests, an_address_is_judged_however_it_is_written, 0,
	                    ARRAY_LEN(addresses));
	tcase_add_loop_test(tests, a_host_is_a_name_an_address_or_neither, 0, ARRAY_LEN(hosts));
	tcase_add_loop_test(tests, a_url_is_judged_by_its_text, 0, ARRAY_LEN(urls));
	tcase_add_test(tests, a_url_is_told_without_its_query);
	suite_add_tcase(suite, tests);
	return suite;
}

TEST_MAIN(address_suite)
