/* tls.c - certificates and clients. Invariant: a set of certificates lives while it is the current
 * one or a session uses it. */
#include "web/tls.h"

#include "runtime/log.h"

#include <gnutls/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define CLIENT_NAME_MAX 253 /* a DNS name */
#define CLIENT_NAMES_MAX 64 /* that a certificate may have */

struct tls_set {
	struct certificates certificates;
	int64_t users_count; /* sessions, and one for being current */
};

struct tls {
	struct tls_options options;
	pthread_mutex_t mutex; /* guards the rest */
	struct tls_set *current;
};

struct tls_session {
	struct tls *tls;
	gnutls_session_t session;
	int fd;
	int *stalled_turns;
	struct tls_set *set;
	bool is_judged;           /* by that set */
	int64_t trusted_until_us; /* 0: it is not trusted */
	void (*opened)(void *arg);
	void *arg;
};

/* ---- sets ---- */

static void lock(struct tls *tls)
{
	ensure(pthread_mutex_lock(&tls->mutex) == 0);
}

static void unlock(struct tls *tls)
{
	ensure(pthread_mutex_unlock(&tls->mutex) == 0);
}

static struct tls_set *take_set(struct tls *tls)
{
	lock(tls);
	struct tls_set *set = tls->current;
	set->users_count++;
	unlock(tls);
	return set;
}

static void drop_set(struct tls *tls, struct tls_set *set)
{
	lock(tls);
	bool is_unused = --set->users_count == 0;
	unlock(tls);
	if (!is_unused)
		return;
	certificates_release(&set->certificates);
	free(set);
}

static struct tls_set *read_set(const struct tls_options *options, int64_t now_us, struct buf *why)
{
	struct tls_set *set = calloc(1, sizeof(*set));

	if (set == NULL) {
		buf_add_str(why, "There is not enough memory for the certificates.");
		return NULL;
	}
	if (!certificates_read(CERTIFICATES_SERVER, &options->files, now_us, &set->certificates,
	                       why)) {
		free(set);
		return NULL;
	}
	set->users_count = 1;
	return set;
}

bool tls_reload(struct tls *tls, int64_t now_us, struct buf *why)
{
	struct tls_set *set = read_set(&tls->options, now_us, why);

	if (set == NULL)
		return false;
	certificates_show(CERTIFICATES_SERVER, &set->certificates);
	lock(tls);
	struct tls_set *old = tls->current;
	tls->current = set;
	unlock(tls);
	drop_set(tls, old);
	return true;
}

/* ---- life ---- */

/* Takes the first name from the list. */
static struct text next_name(struct text *names)
{
	const char *comma = memchr(names->ptr, ',', names->len);
	size_t len = comma == NULL ? names->len : (size_t)(comma - names->ptr);
	struct text name = {names->ptr, len};

	names->ptr += comma == NULL ? len : len + 1;
	names->len -= comma == NULL ? len : len + 1;
	while (name.len > 0 && name.ptr[0] == ' ')
		name = (struct text){name.ptr + 1, name.len - 1};
	while (name.len > 0 && name.ptr[name.len - 1] == ' ')
		name.len--;
	return name;
}

static bool has_empty_name(struct text names)
{
	bool is_empty = names.len > 0 && names.ptr[names.len - 1] == ',';

	while (names.len > 0 && !is_empty)
		is_empty = next_name(&names).len == 0;
	return is_empty;
}

static bool check_options(const struct tls_options *options, struct buf *why)
{
	struct text names = text_of(options->client_names);
	bool has_ca = options->files.ca[0] != '\0';

	if (options->files.certificate[0] == '\0' && options->files.key[0] == '\0')
		buf_add_str(why, "TLS_CLIENT_CA_FILE and TLS_CLIENT_NAMES are for TLS: set "
		                 "TLS_CERT_FILE and TLS_KEY_FILE as well.");
	else if (has_ca != (names.len > 0))
		buf_add_str(why, "TLS_CLIENT_CA_FILE and TLS_CLIENT_NAMES belong together: set "
		                 "both, or none.");
	else if (has_empty_name(names))
		buf_add_str(why, "TLS_CLIENT_NAMES: a name is empty: give DNS names, with one "
		                 "comma between them.");
	else
		return true;
	return false;
}

bool tls_is_wanted(const struct tls_options *options)
{
	return options->files.certificate[0] != '\0' || options->files.key[0] != '\0' ||
	       options->files.ca[0] != '\0' || options->client_names[0] != '\0';
}

struct tls *tls_new(const struct tls_options *options, int64_t now_us, struct buf *why)
{
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL) {
		buf_add_str(why, "There is not enough memory to start.");
		return NULL;
	}
	tls->options = *options;
	if (check_options(options, why))
		tls->current = read_set(options, now_us, why);
	if (tls->current == NULL) {
		free(tls);
		return NULL;
	}
	ensure(pthread_mutex_init(&tls->mutex, NULL) == 0);
	certificates_show(CERTIFICATES_SERVER, &tls->current->certificates);
	return tls;
}

void tls_free(struct tls *tls)
{
	if (tls == NULL)
		return;
	ensure(tls->current->users_count == 1);
	drop_set(tls, tls->current);
	ensure(pthread_mutex_destroy(&tls->mutex) == 0);
	free(tls);
}

/* ---- sessions ---- */

/* The client's last message of the handshake, or ours. */
static int on_finished(gnutls_session_t session, unsigned type, unsigned when, unsigned incoming,
                       const gnutls_datum_t *message)
{
	const struct tls_session *own = gnutls_session_get_ptr(session);

	(void)type;
	(void)when;
	(void)message;
	if (incoming != 0)
		own->opened(own->arg);
	return 0;
}

static bool use_set(struct tls_session *own)
{
	return gnutls_credentials_set(own->session, GNUTLS_CRD_CERTIFICATE,
	                              own->set->certificates.credentials) == 0;
}

/* As GnuTLS does it, but for the note that it goes on: libmicrohttpd sends one record a turn, and
 * no event tells of that. */
static ssize_t push(gnutls_transport_ptr_t transport, const giovec_t *parts, int count)
{
	const struct tls_session *own = transport;
	const struct msghdr message = {.msg_iov = (giovec_t *)(uintptr_t)parts,
	                               .msg_iovlen = (size_t)count};
	ssize_t sent = sendmsg(own->fd, &message, MSG_NOSIGNAL);

	if (sent > 0)
		*own->stalled_turns = 0;
	return sent;
}

struct tls_session *tls_session_begin(struct tls *tls, gnutls_session_t session, int fd,
                                      int *stalled_turns, void (*opened)(void *arg), void *arg)
{
	struct tls_session *own = calloc(1, sizeof(*own));

	if (own == NULL)
		return NULL;
	*own = (struct tls_session){.tls = tls,
	                            .session = session,
	                            .fd = fd,
	                            .stalled_turns = stalled_turns,
	                            .set = take_set(tls),
	                            .opened = opened,
	                            .arg = arg};
	if (!use_set(own)) {
		tls_session_end(own);
		return NULL;
	}
	gnutls_session_set_ptr(session, own);
	gnutls_transport_set_ptr2(session, (gnutls_transport_ptr_t)(intptr_t)fd, own);
	gnutls_transport_set_vec_push_function(session, push);
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST,
	                                   on_finished);
	if (tls->options.files.ca[0] != '\0')
		gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
	return own;
}

void tls_session_end(struct tls_session *session)
{
	if (session == NULL)
		return;
	drop_set(session->tls, session->set);
	free(session);
}

void tls_session_finish(struct tls_session *session, const char *bytes, size_t count)
{
	if (gnutls_record_send(session->session, bytes, count) > 0)
		(void)gnutls_bye(session->session, GNUTLS_SHUT_WR);
}

int tls_no_certificate(gnutls_session_t session, const gnutls_datum_t *ca_names, int ca_count,
                       const gnutls_pk_algorithm_t *algorithms, int algorithms_count,
                       gnutls_pcert_st **ret_chain, unsigned *ret_chain_count,
                       gnutls_privkey_t *ret_key)
{
	(void)session;
	(void)ca_names;
	(void)ca_count;
	(void)algorithms;
	(void)algorithms_count;
	*ret_chain = NULL;
	*ret_chain_count = 0;
	*ret_key = NULL;
	return -1;
}

/* ---- clients ---- */

static bool is_allowed(const struct tls *tls, struct text name)
{
	struct text names = text_of(tls->options.client_names);

	while (names.len > 0) {
		struct text allowed = next_name(&names);

		if (allowed.len == name.len && strncasecmp(allowed.ptr, name.ptr, name.len) == 0)
			return true;
	}
	return false;
}

/* Only DNS names count, compared whole: what a subject's common name holds is not meant as one, and
 * a wildcard names no client. */
static bool has_allowed_name(const struct tls *tls, gnutls_x509_crt_t certificate)
{
	for (unsigned i = 0; i < CLIENT_NAMES_MAX; i++) {
		char name[CLIENT_NAME_MAX + 1];
		size_t size = sizeof(name);
		int type = gnutls_x509_crt_get_subject_alt_name(certificate, i, name, &size, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return false;
		if (type == GNUTLS_SAN_DNSNAME && is_allowed(tls, (struct text){name, size}))
			return true;
	}
	return false;
}

static bool check_name(const struct tls *tls, const gnutls_datum_t *encoded)
{
	gnutls_x509_crt_t certificate;
	bool is_right = false;

	if (gnutls_x509_crt_init(&certificate) != 0)
		return false;
	if (gnutls_x509_crt_import(certificate, encoded, GNUTLS_X509_FMT_DER) == 0)
		is_right = has_allowed_name(tls, certificate);
	gnutls_x509_crt_deinit(certificate);
	return is_right;
}

static void log_refused(const char *why)
{
	log_warn("client_certificate_refused", L_STR("why", why));
}

/* Says why not in the log, where there is a certificate at all. */
static bool is_right_client(const struct tls_session *own)
{
	static char for_clients[] = GNUTLS_KP_TLS_WWW_CLIENT;
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
	                                 .data = (unsigned char *)for_clients};
	unsigned chain_count = 0, status = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(own->session, &chain_count);
	gnutls_datum_t text = {NULL, 0};

	if (chain == NULL || chain_count == 0)
		return false;
	if (gnutls_certificate_verify_peers(own->session, &purpose, 1, &status) != 0) {
		log_refused("It cannot be verified.");
		return false;
	}
	if (status != 0) {
		(void)gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text,
		                                                   0);
		log_refused(text.data == NULL ? "It is not valid." : (const char *)text.data);
		gnutls_free(text.data);
		return false;
	}
	if (check_name(own->tls, &chain[0]))
		return true;
	log_refused("None of its DNS names is in TLS_CLIENT_NAMES.");
	return false;
}

/* After a reload the client is judged by the CAs of now. */
static void take_current_set(struct tls_session *own)
{
	struct tls_set *set = take_set(own->tls);

	if (set != own->set) {
		struct tls_set *old = own->set;

		own->set = set;
		own->is_judged = false;
		set = old;
		ensure(use_set(own)); /* in the place of the old ones, which takes no memory */
	}
	drop_set(own->tls, set);
}

bool tls_session_is_trusted(struct tls_session *session, int64_t now_us)
{
	if (session->tls->options.files.ca[0] == '\0')
		return true;
	take_current_set(session);
	if (!session->is_judged) {
		bool is_right = is_right_client(session);

		session->trusted_until_us =
			is_right ? (int64_t)gnutls_certificate_expiration_time_peers(
					   session->session) *
					   US_PER_S
				 : 0;
		session->is_judged = true;
	}
	return now_us < session->trusted_until_us;
}
