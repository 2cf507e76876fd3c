/* test_metrics.c - the text that a Prometheus server reads, byte for byte. */
#include "unit/unit.h"

#include "runtime/metrics.h"

#include <signal.h>
#include <string.h>

static _Atomic int64_t requests = 7;
static struct metric requests_metric = {
	"requests_total",     METRIC_COUNTER, "Requests, \\ and\nlines.",
	metric_collect_value, &requests,      NULL,
};

static _Atomic int64_t depth = -1;
static struct metric depth_metric = {
	"depth", METRIC_GAUGE, "Depth.", metric_collect_value, &depth, NULL,
};

static const int64_t bounds_us[] = {250, 1000, 2500000};
static struct histogram times = {.bounds = bounds_us, .bounds_count = 3, .scale = US_PER_S};
static struct metric times_metric = {
	"times_seconds", METRIC_HISTOGRAM, "Times.", metric_collect_histogram, &times, NULL,
};

START_TEST(families_print_in_the_order_of_registration)
{
	struct buf out AUTO_BUF;

	buf_init(&out, 4096);
	metric_register(&requests_metric);
	metric_register(&depth_metric);
	metric_register(&times_metric);
	metrics_print(&out);
	ck_assert_str_eq(buf_str(&out), "# HELP requests_total Requests, \\\\ and\\nlines.\n"
	                                "# TYPE requests_total counter\n"
	                                "requests_total 7\n"
	                                "# HELP depth Depth.\n"
	                                "# TYPE depth gauge\n"
	                                "depth -1\n"
	                                "# HELP times_seconds Times.\n"
	                                "# TYPE times_seconds histogram\n"
	                                "times_seconds_bucket{le=\"0.00025\"} 0\n"
	                                "times_seconds_bucket{le=\"0.001\"} 0\n"
	                                "times_seconds_bucket{le=\"2.5\"} 0\n"
	                                "times_seconds_bucket{le=\"+Inf\"} 0\n"
	                                "times_seconds_sum 0\n"
	                                "times_seconds_count 0\n");
}
END_TEST

START_TEST(buckets_are_cumulative_and_a_bound_belongs_to_its_bucket)
{
	static const int64_t values_us[] = {0, 250, 251, 1000, 2500001};
	struct buf out AUTO_BUF;

	buf_init(&out, 4096);
	for (size_t i = 0; i < ARRAY_LEN(values_us); i++)
		histogram_observe(&times, values_us[i]);
	histogram_print(&times, "times_seconds", "route=\"/pay\"", &out);
	ck_assert_str_eq(buf_str(&out), "times_seconds_bucket{route=\"/pay\",le=\"0.00025\"} 2\n"
	                                "times_seconds_bucket{route=\"/pay\",le=\"0.001\"} 4\n"
	                                "times_seconds_bucket{route=\"/pay\",le=\"2.5\"} 4\n"
	                                "times_seconds_bucket{route=\"/pay\",le=\"+Inf\"} 5\n"
	                                "times_seconds_sum{route=\"/pay\"} 2.501502\n"
	                                "times_seconds_count{route=\"/pay\"} 5\n");
}
END_TEST

static const struct {
	int64_t value, scale;
	const char *want;
} sums[] = {
	{0, US_PER_S, "a_sum 0\n"},
	{1, US_PER_S, "a_sum 0.000001\n"},
	{10, US_PER_S, "a_sum 0.00001\n"},
	{100000, US_PER_S, "a_sum 0.1\n"},
	{US_PER_S, US_PER_S, "a_sum 1\n"},
	{1000001, US_PER_S, "a_sum 1.000001\n"},
	{INT64_MAX, US_PER_S, "a_sum 9223372036854.775807\n"},
	{64, 1, "a_sum 64\n"},
	{INT64_MAX, 1, "a_sum 9223372036854775807\n"},
};

START_TEST(a_sum_is_an_exact_decimal)
{
	struct histogram histogram = {.scale = sums[_i].scale};
	struct buf out AUTO_BUF;

	buf_init(&out, 4096);
	histogram_observe(&histogram, sums[_i].value);
	histogram_print(&histogram, "a", "", &out);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), sums[_i].want));
}
END_TEST

START_TEST(two_metrics_of_one_name_are_a_bug)
{
	static struct metric twin = {
		"depth", METRIC_GAUGE, "Depth.", metric_collect_value, &depth, NULL,
	};

	metric_register(&depth_metric);
	metric_register(&twin);
}
END_TEST

static Suite *metrics_suite(void)
{
	Suite *suite = suite_create("metrics");
	TCase *cases = tcase_create("metrics");

	tcase_add_test(cases, families_print_in_the_order_of_registration);
	tcase_add_test(cases, buckets_are_cumulative_and_a_bound_belongs_to_its_bucket);
	tcase_add_loop_test(cases, a_sum_is_an_exact_decimal, 0, ARRAY_LEN(sums));
	tcase_add_test_raise_signal(cases, two_metrics_of_one_name_are_a_bug, SIGABRT);
	suite_add_tcase(suite, cases);
	return suite;
}

TEST_MAIN(metrics_suite)
