/* certificates.h - certificates for tests, and the settings that name them. Below one directory:
 * own/ is a set as `make certs` makes it, and what is not as it should be (certificates.c has the
 * list); other/ is the set of another CA. Each is NAME.crt with NAME.key. One thread. */
#ifndef E2E_CERTIFICATES_H
#define E2E_CERTIFICATES_H

#include "e2e/client.h"

#include <limits.h>

#define CERTIFICATES_PATH_SIZE (PATH_MAX + 512)
#define CERTIFICATES_COMMAND_SIZE (2 * CERTIFICATES_PATH_SIZE)

/* A fixture for all tests of a case. */
void certificates_make(void);
void certificates_remove(void);

/* The path of "own/operator.key". */
void certificates_path(const char *file, char out[CERTIFICATES_PATH_SIZE]);
/* Runs shell commands in the directory. */
void certificates_shell(const char *commands);
/* Puts a pair in the place of live.crt and live.key. */
void certificates_go_live(const char *certificate, const char *key);

/* What a client believes and shows; shown NULL: nothing. Borrowed until the next call. */
const struct client_tls *certificates_client(const char *ca, const char *shown);

/* ---- settings for service_start, NULL at their end ---- */

extern const char *certificates_settings[];

/* None, but a server's TLS_CERT_FILE and TLS_KEY_FILE; name NULL: not even these. */
void settings_begin(const char *name);
/* Lets in those whose certificate the CA of own/ has signed. names: "TLS_CLIENT_NAMES=...". */
void settings_add_clients(const char *names);
/* PREFIX_CERT_FILE and PREFIX_KEY_FILE. */
void settings_add_pair(const char *prefix, const char *name);
void settings_add_file(const char *option, const char *file);
/* Borrowed. */
void settings_add(const char *setting);

#endif
