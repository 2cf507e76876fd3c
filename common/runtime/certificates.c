/* certificates.c - from files to credentials, by GnuTLS. The key's text is wiped as soon as it was
 * taken over. */
#include "runtime/certificates.h"

#include "runtime/key_file.h"
#include "runtime/log.h"
#include "runtime/metrics.h"

#include <gnutls/x509.h>
#include <inttypes.h>
#include <stdatomic.h>

#define HOUR_US (3600 * US_PER_S)

static const struct {
	const char *certificate, *key, *ca;
} options[CERTIFICATES_SIDES] = {
	[CERTIFICATES_SERVER] = {"TLS_CERT_FILE", "TLS_KEY_FILE", "TLS_CLIENT_CA_FILE"},
	[CERTIFICATES_PEER] = {"PEER_CERT_FILE", "PEER_KEY_FILE", "PEER_CA_FILE"},
};

/* ---- when they expire ---- */

/* What the metric shows; 0: there is no such file. */
static struct shown {
	const char *label, *option;
	_Atomic int64_t expires_us;
} shown[CERTIFICATES_SIDES][2] = {
	[CERTIFICATES_SERVER] = {{"server", "TLS_CERT_FILE", 0},
                                 {"client_ca", "TLS_CLIENT_CA_FILE", 0}},
	[CERTIFICATES_PEER] = {{"peer", "PEER_CERT_FILE", 0}, {"peer_ca", "PEER_CA_FILE", 0}},
};

static void collect_expiry(const struct metric *metric, struct buf *out)
{
	const struct shown *row = &shown[0][0];

	for (size_t i = 0; i < sizeof(shown) / sizeof(*row); i++, row++) {
		int64_t us = atomic_load(&row->expires_us);

		if (us > 0)
			buf_addf(out, "%s{certificate=\"%s\"} %" PRId64 "\n", metric->name,
			         row->label, us / US_PER_S);
	}
}

static struct metric expiry = {"certificate_expiry_timestamp_seconds",
                               METRIC_GAUGE,
                               "When the certificates of a file expire, since 1970 UTC.",
                               collect_expiry,
                               NULL,
                               NULL};

void certificates_register_metrics(void)
{
	metric_register(&expiry);
}

void certificates_show(enum certificates_side side, const struct certificates *certificates)
{
	atomic_store(&shown[side][0].expires_us, certificates->expires_us);
	atomic_store(&shown[side][1].expires_us, certificates->ca_expires_us);
}

void certificates_warn(int64_t now_us)
{
	struct shown *row = &shown[0][0];

	for (size_t i = 0; i < sizeof(shown) / sizeof(*row); i++, row++) {
		int64_t us = atomic_load(&row->expires_us);

		if (us > 0 && us - now_us < CERTIFICATES_WARN_US)
			log_warn("certificate_expires_soon", L_STR("option", row->option),
			         L_INT("hours_left", (us - now_us) / HOUR_US),
			         L_STR("next", "put a new one in its place, then send SIGHUP"));
	}
}

/* ---- reading ---- */

static gnutls_datum_t datum_of(const struct key_file *file)
{
	return (gnutls_datum_t){(unsigned char *)file->bytes, (unsigned)file->len};
}

/* Of the certificate that expires first, or last. False: it is no PEM of certificates. */
static bool read_expiry(const gnutls_datum_t *pem, bool last, int64_t *ret_us)
{
	gnutls_x509_crt_t *list;
	unsigned count;

	if (gnutls_x509_crt_list_import2(&list, &count, pem, GNUTLS_X509_FMT_PEM, 0) < 0)
		return false;
	for (unsigned i = 0; i < count; i++) {
		int64_t us = (int64_t)gnutls_x509_crt_get_expiration_time(list[i]) * US_PER_S;

		if (i == 0 || (last ? us > *ret_us : us < *ret_us))
			*ret_us = us;
		gnutls_x509_crt_deinit(list[i]);
	}
	gnutls_free(list);
	return count > 0;
}

/* The contents are the caller's to release, also after a failure. */
static bool read_file(const char *option, const char *path, int64_t now_us, bool last,
                      struct key_file *ret_file, int64_t *ret_expires_us, struct buf *why)
{
	const char *wrong = NULL;

	if (!key_file_read(option, path, KEY_FILE_PUBLIC, ret_file, why))
		return false;
	const gnutls_datum_t pem = datum_of(ret_file);
	if (!read_expiry(&pem, last, ret_expires_us))
		wrong = "it is no certificate in PEM";
	else if (now_us >= *ret_expires_us)
		wrong = "it has expired: put a new one in its place";
	if (wrong != NULL)
		buf_addf(why, "%s: cannot use %s: %s.", option, path, wrong);
	return wrong == NULL;
}

static bool take_pair(enum certificates_side side, const struct certificates_files *files,
                      int64_t now_us, struct certificates *certificates, struct buf *why)
{
	struct key_file chain AUTO_KEY_FILE = {NULL, 0}, key AUTO_KEY_FILE = {NULL, 0};

	if (files->certificate[0] == '\0' && files->key[0] == '\0')
		return true;
	if (files->certificate[0] == '\0' || files->key[0] == '\0') {
		buf_addf(why, "%s and %s belong together: set both, or none.",
		         options[side].certificate, options[side].key);
		return false;
	}
	if (!read_file(options[side].certificate, files->certificate, now_us, false, &chain,
	               &certificates->expires_us, why) ||
	    !key_file_read(options[side].key, files->key, KEY_FILE_SECRET, &key, why))
		return false;

	const gnutls_datum_t chain_pem = datum_of(&chain), key_pem = datum_of(&key);
	int error = gnutls_certificate_set_x509_key_mem(certificates->credentials, &chain_pem,
	                                                &key_pem, GNUTLS_X509_FMT_PEM);
	if (error == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		buf_addf(why, "%s: cannot use %s: it is not the key of the certificate in %s.",
		         options[side].key, files->key, files->certificate);
	else if (error < 0)
		buf_addf(why, "%s: cannot use %s with %s: %s.", options[side].key, files->key,
		         files->certificate, gnutls_strerror(error));
	return error >= 0;
}

static bool take_ca(enum certificates_side side, const struct certificates_files *files,
                    int64_t now_us, struct certificates *certificates, struct buf *why)
{
	struct key_file file AUTO_KEY_FILE = {NULL, 0};

	if (files->ca[0] == '\0')
		return true;
	if (!read_file(options[side].ca, files->ca, now_us, true, &file,
	               &certificates->ca_expires_us, why))
		return false;

	const gnutls_datum_t pem = datum_of(&file);
	int error = gnutls_certificate_set_x509_trust_mem(certificates->credentials, &pem,
	                                                  GNUTLS_X509_FMT_PEM);
	if (error < 0)
		buf_addf(why, "%s: cannot use %s: %s.", options[side].ca, files->ca,
		         gnutls_strerror(error));
	return error >= 0;
}

bool certificates_read(enum certificates_side side, const struct certificates_files *files,
                       int64_t now_us, struct certificates *ret_certificates, struct buf *why)
{
	struct certificates certificates = {.expires_us = 0};

	if (gnutls_certificate_allocate_credentials(&certificates.credentials) < 0) {
		buf_add_str(why, "There is not enough memory for the certificates.");
		return false;
	}
	if (!take_pair(side, files, now_us, &certificates, why) ||
	    !take_ca(side, files, now_us, &certificates, why)) {
		certificates_release(&certificates);
		return false;
	}
	*ret_certificates = certificates;
	return true;
}

void certificates_release(struct certificates *certificates)
{
	gnutls_certificate_free_credentials(certificates->credentials);
	certificates->credentials = NULL;
}
