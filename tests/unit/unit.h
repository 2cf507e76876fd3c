/* unit.h - what each unit test program begins with: Check, and a main for its one suite. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include "base/base.h"

#include <check.h>
#include <stdlib.h>

#define TEST_MAIN(make_suite) \
	int main(void) \
	{ \
		SRunner *runner = srunner_create(make_suite()); \
		srunner_run_all(runner, CK_NORMAL); \
		int failed = srunner_ntests_failed(runner); \
		srunner_free(runner); \
		return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
	}

#endif
