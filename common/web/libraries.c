/* libraries.c - the floors are the versions of Debian 12, against which everything here is tested.
 * A version tells only of upstream's releases. What Debian mended in them since (in cJSON 1.7.15
 * the heap overflow CVE-2023-53154, in libmicrohttpd 0.9.75 CVE-2023-27371) has the same number as
 * what is broken, and cannot be seen here: take the libraries from Debian, and its updates. */
#include "web/libraries.h"

#include "runtime/fetch.h"
#include "storage/db.h"
#include "web/http_response.h"

#include <cjson/cJSON.h>
#include <gnutls/gnutls.h>
#include <sodium.h>
#include <string.h>

static const char *gnutls_version(void)
{
	return gnutls_check_version(NULL);
}

const struct library libraries[] = {
	/* Reads out of bounds, before 1.7.11 (CVE-2019-11834 and CVE-2019-11835). */
	{"cJSON", "1.7.15", cJSON_Version},
	/* A Bleichenbacher oracle in RSA key exchange, before 3.7.9 (CVE-2023-0361). */
	{"GnuTLS", "3.7.9", gnutls_version},
	/* An answer that is compressed without end, before 7.88.0 (CVE-2023-23916). */
	{"libcurl", "7.88.1", fetch_library_version},
	/* A buffer that a request overruns, before 0.9.71 (CVE-2021-3466). */
	{"libmicrohttpd", "0.9.75", http_library_version},
	/* Nothing known before it: only never tested. */
	{"libsodium", "1.0.18", sodium_version_string},
	/* An index past an array's end with very long texts, before 3.39.2 (CVE-2022-35737). */
	{"SQLite", "3.40.1", db_library_version},
	{0},
};

bool libraries_are_safe(const struct library *rows, struct buf *why)
{
	for (; rows->name != NULL; rows++) {
		const char *version = rows->version();

		if (strverscmp(version, rows->floor) >= 0)
			continue;
		buf_addf(why, "%s %s is older than %s, the oldest that is safe here: update it",
		         rows->name, version, rows->floor);
		return false;
	}
	return true;
}
