/* certificates.c - runs common/certs.sh and certtool (certificates.h). */
#include "e2e/certificates.h"

#include "e2e/harness.h"

#include <stdio.h>

#define SETTINGS_MAX 16
#define ECDSA "ecdsa --curve=secp256r1"
#define RSA "rsa --bits=2048"
#define SERVER_LINES "dns_name = localhost\nip_address = 127.0.0.1\nsigning_key\ntls_www_server\n"
#define CLIENT_LINES "signing_key\ntls_www_client\n"
#define PAST "activation_date = 2020-01-01\nexpiration_date = 2020-02-01\n"

static char directory[PATH_MAX];

/* ---- files ---- */

static const struct {
	const char *name, *key, *lines;
	bool is_self_signed;
} extra[] = {
	{"self", ECDSA, "dns_name = operator\n" CLIENT_LINES, true},
	{"expired", ECDSA,
         "dns_name = operator\nactivation_date = 2020-01-01\nexpiration_date = "
         "2020-02-01\n" CLIENT_LINES,
         false},
	{"stranger", ECDSA, "dns_name = stranger\n" CLIENT_LINES, false},
	{"common-name", ECDSA, "cn = operator\n" CLIENT_LINES, false},
	{"uri", ECDSA, "uri = operator\n" CLIENT_LINES, false},
	{"wildcard", ECDSA, "dns_name = *\n" CLIENT_LINES, false},
	{"server-only", ECDSA, "dns_name = operator\nsigning_key\ntls_www_server\n", false},
	{"second-name", ECDSA, "dns_name = stranger\ndns_name = OPERATOR\n" CLIENT_LINES, false},
	{"rsa", RSA, "dns_name = operator\n" CLIENT_LINES, false},
	{"server-rsa", RSA, SERVER_LINES, false},
	{"server-ecdsa", ECDSA, SERVER_LINES, false},
	{"server-soon", ECDSA, "expiration_days = 13\n" SERVER_LINES, false},
	{"server-expired", ECDSA, PAST SERVER_LINES, false},
};

static void run(const char *command)
{
	const char *const arguments[] = {"sh", "-c", command, NULL};

	ck_assert_msg(program_run(arguments) == 0, "%s", command);
}

void certificates_shell(const char *commands)
{
	char command[CERTIFICATES_COMMAND_SIZE];

	(void)snprintf(command, sizeof(command), "cd '%s' && %s", directory, commands);
	run(command);
}

static void add(const char *name, const char *key, const char *lines, bool is_self_signed)
{
	static const char by_ca[] = "--generate-certificate --load-ca-certificate ca.crt "
				    "--load-ca-privkey ca.key";
	char commands[CERTIFICATES_PATH_SIZE];

	(void)snprintf(commands, sizeof(commands),
	               "cd own && { printf '%s' >template && umask 077 && "
	               "certtool --generate-privkey --key-type=%s --outfile %s.key && "
	               "certtool %s --load-privkey %s.key --template template "
	               "--outfile %s.crt; } >log 2>&1 || { cat log; exit 1; }",
	               lines, key, name, is_self_signed ? "--generate-self-signed" : by_ca, name,
	               name);
	certificates_shell(commands);
}

void certificates_make(void)
{
	const char *parent = getenv("TMPDIR");
	char command[CERTIFICATES_COMMAND_SIZE];

	(void)snprintf(directory, sizeof(directory), "%s/tls.XXXXXX",
	               parent == NULL ? "/tmp" : parent);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(
		command, sizeof(command),
		"for set in own other; do common/certs.sh '%s'/$set >/dev/null || exit; done",
		directory);
	run(command);
	for (size_t i = 0; i < ARRAY_LEN(extra); i++)
		add(extra[i].name, extra[i].key, extra[i].lines, extra[i].is_self_signed);
	certificates_shell("install -m 0444 own/operator.key open.key && "
	                   "echo 'no certificate' >text && install -m 0400 text text.key && "
	                   "echo two words >words && printf %04097d 0 >long && "
	                   "chmod 0400 words long");
}

void certificates_remove(void)
{
	certificates_shell("rm -rf \"$PWD\"");
}

void certificates_path(const char *file, char out[CERTIFICATES_PATH_SIZE])
{
	(void)snprintf(out, CERTIFICATES_PATH_SIZE, "%s/%s", directory, file);
}

void certificates_go_live(const char *certificate, const char *key)
{
	char commands[512];

	(void)snprintf(commands, sizeof(commands), "cp -f %s.crt live.crt && cp -f %s.key live.key",
	               certificate, key);
	certificates_shell(commands);
}

const struct client_tls *certificates_client(const char *ca, const char *shown)
{
	static char paths[3][CERTIFICATES_PATH_SIZE];
	static struct client_tls tls;
	char file[256];

	tls = (struct client_tls){.ca = paths[0]};
	certificates_path(ca, paths[0]);
	if (shown == NULL)
		return &tls;
	(void)snprintf(file, sizeof(file), "%s.crt", shown);
	certificates_path(file, paths[1]);
	(void)snprintf(file, sizeof(file), "%s.key", shown);
	certificates_path(file, paths[2]);
	tls.certificate = paths[1];
	tls.key = paths[2];
	return &tls;
}

/* ---- settings ---- */

const char *certificates_settings[SETTINGS_MAX + 1];
static char texts[SETTINGS_MAX][CERTIFICATES_PATH_SIZE];
static size_t settings_count;

void settings_begin(const char *name)
{
	settings_count = 0;
	certificates_settings[0] = NULL;
	if (name != NULL)
		settings_add_pair("TLS", name);
}

void settings_add(const char *setting)
{
	ck_assert_uint_lt(settings_count, SETTINGS_MAX);
	certificates_settings[settings_count++] = setting;
	certificates_settings[settings_count] = NULL;
}

void settings_add_file(const char *option, const char *file)
{
	ck_assert_uint_lt(settings_count, SETTINGS_MAX);
	char *text = texts[settings_count];
	(void)snprintf(text, CERTIFICATES_PATH_SIZE, "%s=%s/%s", option, directory, file);
	settings_add(text);
}

void settings_add_pair(const char *prefix, const char *name)
{
	char option[32], file[128];

	(void)snprintf(option, sizeof(option), "%s_CERT_FILE", prefix);
	(void)snprintf(file, sizeof(file), "%s.crt", name);
	settings_add_file(option, file);
	(void)snprintf(option, sizeof(option), "%s_KEY_FILE", prefix);
	(void)snprintf(file, sizeof(file), "%s.key", name);
	settings_add_file(option, file);
}

void settings_add_clients(const char *names)
{
	settings_add_file("TLS_CLIENT_CA_FILE", "own/ca.crt");
	settings_add(names);
}
