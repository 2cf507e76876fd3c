/* service.c - the command line of both binaries: commands, options, help. */
#include "web/service.h"

#include "runtime/log.h"
#include "runtime/process.h"
#include "web/commands.h"
#include "web/libraries.h"
#include "web/pages.h"
#include "web/rate.h"
#include "web/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_US (3600 * US_PER_S)
#define USAGE_WIDTH 21 /* of --help's first column */

static const char *const auth_names[] = {[AUTH_NONE] = "none", [AUTH_KEYS] = "keys", NULL};

static const struct option common_options[] = {
	COMMON_OPTION("LISTEN", OPTION_TEXT, listen, "127.0.0.1", 1, 45, NULL,
                      "address to listen on"),
	COMMON_OPTION("PEER_URL", OPTION_TEXT, peer_url, "", 0, 2000, NULL,
                      "http or https URL of the other service, whose journal is followed; empty: "
                      "none is"),
	COMMON_OPTION(
		"SERVICE_URL", OPTION_TEXT, service_url, "", 0, 2000, NULL,
		"URL of the running service that commands ask: healthcheck and reconcile, and "
		"audit, backup and restore-check instead of the store; empty: LISTEN and PORT, "
		"and the store"),
	COMMON_OPTION("CURRENCY", OPTION_CURRENCY, currency, "USD", 0, 0, NULL,
                      "ISO 4217 code of requests that name none"),
	COMMON_OPTION("AUTH", OPTION_ENUM, auth, "none", 0, 0, auth_names,
                      "who may call: none is everyone, on loopback; keys is who has a key of "
                      "API_KEYS_FILE"),
	COMMON_OPTION("ALLOW_ANONYMOUS", OPTION_BOOLEAN, allow_anonymous, "0", 0, 1, NULL,
                      "1 permits AUTH=none on an address that others reach"),
	COMMON_OPTION("API_KEYS_FILE", OPTION_TEXT, api_keys_file, "", 0, 4000, NULL,
                      "file of the keys, read again on SIGHUP; README.md, Access, has its lines"),
	COMMON_OPTION("TLS_CERT_FILE", OPTION_TEXT, tls.files.certificate, "", 0, 4000, NULL,
                      "certificate of this service and those of the CAs between it and the root, "
                      "PEM; empty: plain HTTP"),
	COMMON_OPTION("TLS_KEY_FILE", OPTION_TEXT, tls.files.key, "", 0, 4000, NULL,
                      "its private key, PEM; a file that others cannot read"),
	COMMON_OPTION("TLS_CLIENT_CA_FILE", OPTION_TEXT, tls.files.ca, "", 0, 4000, NULL,
                      "CAs whose certificates clients must show, PEM; empty: none"),
	COMMON_OPTION("TLS_CLIENT_NAMES", OPTION_TEXT, tls.client_names, "", 0, 2000, NULL,
                      "DNS names, comma separated: a client's certificate must have one of them"),
	COMMON_OPTION("PEER_CA_FILE", OPTION_TEXT, peer.certificates.ca, "", 0, 4000, NULL,
                      "CAs that vouch for the other service, PEM; empty: the system's"),
	COMMON_OPTION("PEER_CERT_FILE", OPTION_TEXT, peer.certificates.certificate, "", 0, 4000,
                      NULL, "certificate shown to the other service, PEM; empty: none"),
	COMMON_OPTION("PEER_KEY_FILE", OPTION_TEXT, peer.certificates.key, "", 0, 4000, NULL,
                      "its private key, PEM; a file that others cannot read"),
	COMMON_OPTION("PEER_API_KEY_FILE", OPTION_TEXT, peer.api_key, "", 0, 4000, NULL,
                      "API key sent to the other service; a file that others cannot read"),
	COMMON_OPTION("LOG_LEVEL", OPTION_ENUM, log_level, "info", 0, 0, log_level_names,
                      "least level that is logged"),
	COMMON_OPTION("CONNECTIONS_MAX", OPTION_INTEGER, connections_max, "4096", 1, 100000, NULL,
                      "open connections"),
	COMMON_OPTION("CONNECTIONS_PER_ADDRESS_MAX", OPTION_INTEGER, connections_per_address_max,
                      "0", 0, 100000, NULL,
                      "open connections of one client address (IPv6: of a /64); 0 is half of "
                      "CONNECTIONS_MAX"),
	COMMON_OPTION("RATE_LIMIT", OPTION_INTEGER, rate_limit, "0", 0, RATE_MAX, NULL,
                      "requests a second of one key, or of one client address without a key; 0 is "
                      "no limit"),
	COMMON_OPTION("RATE_BURST", OPTION_INTEGER, rate_burst, "0", 0, RATE_MAX, NULL,
                      "requests that may come at once before RATE_LIMIT holds; 0 is as many as in "
                      "a second"),
	COMMON_OPTION(
		"QUEUE_MAX", OPTION_INTEGER, queue_max, "1024", 1, 100000, NULL,
		"commands under way, half of them one caller's at most; more are answered 503"),
	COMMON_OPTION("IDLE_TIMEOUT", OPTION_DURATION, idle_timeout_us, "75s", US_PER_S, HOUR_US,
                      NULL, "time a connection may stay open between requests"),
	COMMON_OPTION("IDEMPOTENCY_TTL", OPTION_DURATION, idempotency_ttl_us, "72h", US_PER_S,
                      8760 * HOUR_US, NULL, "time a stored answer is kept for its Idempotency-Key"),
	COMMON_OPTION("DRAIN_DELAY", OPTION_DURATION, drain_delay_us, "0s", 0, HOUR_US, NULL,
                      "time to serve on after SIGTERM while /readyz already fails"),
	COMMON_OPTION("AUDIT_INTERVAL", OPTION_DURATION, audit_interval_us, "1h", 0, 24 * HOUR_US,
                      NULL, "time between two audits of the journal's newest part; 0 is never"),
	COMMON_OPTION("BACKUP_KEEP", OPTION_INTEGER, backup_keep, "0", 0, 100000, NULL,
                      "backups that the command backup leaves in a folder; 0 is all"),
	COMMON_OPTION("WEBHOOK_ALLOW_PRIVATE", OPTION_BOOLEAN, webhook_allow_private, "0", 0, 1,
                      NULL, "1 permits webhooks over http and to private addresses"),
	{0},
};

struct command {
	const char *name, *help;
	command_fn *run;
	bool needs_options; /* reads them from flags and environment first; run gets NULL otherwise
	                     */
	/* After the name: "FILE" must be there, "[--json]" may be. */
	const char *words[COMMAND_WORDS_MAX];
};

static int run_version(const struct service *service, const struct common_options *options,
                       const char *const *words)
{
	(void)options;
	(void)words;
	(void)printf("%s %s (%s)\n", service->name, version_number, version_commit);
	return 0;
}

static int run_options(const struct service *service, const struct common_options *options,
                       const char *const *words)
{
	const struct option *tables[] = {service->options, common_options};
	struct buf text AUTO_BUF;

	(void)options;
	(void)words;
	buf_init(&text, 65536);
	buf_add_str(&text, "| variable | flag | default | meaning |\n|---|---|---|---|\n");
	config_markdown(tables, ARRAY_LEN(tables), &text);
	(void)fputs(buf_str(&text), stdout);
	return 0;
}

static command_fn run_help;

static const struct command commands[] = {
	{"serve", "serve requests until SIGTERM; the default", serve, true, {NULL}},
	{"audit",
         "check journal, states and storage, also beside a running daemon; exit 1 on a finding",
         run_audit,
         true,
         {"[--json]"}},
	{"backup",
         "copy the store into a new file (FOLDER/: named by the time), also beside a running "
         "daemon",
         run_backup,
         true,
         {"FILE"}},
	{"restore-check",
         "audit a copy of a backup (FOLDER/: the newest there); exit 1 on a finding",
         run_restore_check,
         true,
         {"FILE"}},
	{"restore",
         "put a sound backup in the place of the store, which is set aside",
         run_restore,
         true,
         {"FILE"}},
	{"reconcile",
         "compare orders and payments of the two running services; exit 1 on a difference",
         run_reconcile,
         true,
         {"[--json]"}},
	{"migrate",
         "bring the store of a stopped service to this program's schema, as a start does",
         run_migrate,
         true,
         {NULL}},
	{"healthcheck",
         "ask the service on this machine for /readyz, or with live for /healthz; exit 1 unless it "
         "is well",
         run_healthcheck,
         true,
         {"[live]"}},
	{"key",
         "make an API key: print its secret, and the line that API_KEYS_FILE needs",
         run_key,
         false,
         {"NAME", "SCOPE,SCOPE"}},
	{"options", "print the options as README.md shows them", run_options, false, {NULL}},
	{"version", "print what this is", run_version, false, {NULL}},
	{"help", "print this", run_help, false, {NULL}},
};

/* "backup FILE" */
static void add_usage(const struct command *command, struct buf *out)
{
	buf_add_str(out, command->name);
	for (size_t i = 0; i < COMMAND_WORDS_MAX && command->words[i] != NULL; i++)
		buf_addf(out, " %s", command->words[i]);
}

static int run_help(const struct service *service, const struct common_options *options,
                    const char *const *words)
{
	const struct option *tables[] = {service->options, common_options};
	struct buf text AUTO_BUF;

	(void)options;
	(void)words;
	buf_init(&text, 65536);
	buf_addf(&text, "%s - %s\n\nUsage: %s [COMMAND] [OPTION...]\n\nCommands:\n", service->name,
	         service->summary, service->name);
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		struct buf usage AUTO_BUF;

		buf_init(&usage, 256);
		add_usage(&commands[i], &usage);
		buf_addf(&text, "  %-*s %s\n", USAGE_WIDTH, buf_str(&usage), commands[i].help);
	}
	buf_add_str(&text, "\nOptions (each also an environment variable; a flag wins):\n");
	config_help(tables, ARRAY_LEN(tables), &text);
	(void)fputs(buf_str(&text), stdout);
	return 0;
}

static const struct command *find_command(const char *name)
{
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0)
		name = "version";
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* The command that argv names; *flags is how many words come before the options. A flag alone means
 * serve. */
static const struct command *choose_command(int argc, char **argv, int *flags)
{
	const struct command *command;

	*flags = argc; /* --help anywhere: nothing else counts */
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return find_command("help");
	*flags = 1;
	if (argc < 2)
		return find_command("serve");
	command = find_command(argv[1]);
	if (command != NULL)
		*flags = 2;
	return command == NULL && argv[1][0] == '-' ? find_command("serve") : command;
}

/* Takes the command's words from argv[*flags] on. The one that must be there and is not, or NULL.
 */
static const char *take_words(const struct command *command, int argc, char **argv, int *flags,
                              const char *ret_words[COMMAND_WORDS_MAX])
{
	for (size_t i = 0; i < COMMAND_WORDS_MAX; i++) {
		const char *wanted = command->words[i];
		const char *word = *flags < argc ? argv[*flags] : NULL;

		ret_words[i] = NULL;
		if (wanted == NULL)
			continue;
		if (wanted[0] == '[') {
			size_t len = strlen(wanted) - 2; /* without the brackets */

			if (word == NULL || strlen(word) != len ||
			    memcmp(word, wanted + 1, len) != 0)
				continue;
		} else if (word == NULL || word[0] == '-' || word[0] == '\0') {
			return wanted;
		}
		ret_words[i] = word;
		(*flags)++;
	}
	return NULL;
}

/* argv has flags only. */
static int run_with_options(const struct service *service, const struct command *command, int argc,
                            char **argv, const char *const *words)
{
	const struct option *tables[] = {service->options, common_options};
	struct common_options *options = calloc(1, service->options_size);
	struct buf why AUTO_BUF;
	int status = 2;

	buf_init(&why, 4096);
	if (options != NULL && libraries_are_safe(libraries, &why) &&
	    config_load(tables, ARRAY_LEN(tables), argc, argv, options, &why)) {
		log_set_service(service->name);
		log_set_level((enum log_level)options->log_level);
		status = command->run(service, options, words);
	} else {
		(void)fprintf(stderr, "%s: %s\n", service->name,
		              options == NULL ? "memory is short" : buf_str(&why));
	}
	free(options);
	return status;
}

static int run(const struct service *service, int argc, char **argv)
{
	struct buf why AUTO_BUF;
	const char *words[COMMAND_WORDS_MAX], *missing;
	int flags;
	const struct command *command = choose_command(argc, argv, &flags);

	buf_init(&why, 4096);
	if (!process_harden(&why)) {
		(void)fprintf(stderr, "%s: %s\n", service->name, buf_str(&why));
	} else if (command == NULL) {
		(void)fprintf(stderr, "%s: \"%s\" is not a command; see --help\n", service->name,
		              argv[1]);
	} else if ((missing = take_words(command, argc, argv, &flags, words)) != NULL) {
		add_usage(command, &why);
		(void)fprintf(stderr, "%s: %s needs a %s: %s %s%s\n", service->name, command->name,
		              missing, service->name, buf_str(&why),
		              command->needs_options ? " [OPTION...]" : "");
	} else if (command->needs_options) {
		return run_with_options(service, command, argc - flags, argv + flags, words);
	} else if (flags < argc) {
		(void)fprintf(stderr, "%s: %s takes no further arguments; see --help\n",
		              service->name, command->name);
	} else {
		return command->run(service, NULL, words);
	}
	return 2;
}

/* A key that was made or a report that was asked for is lost where the disk is full: who asked must
 * not believe otherwise. */
int service_main(const struct service *service, int argc, char **argv)
{
	int status = run(service, argc, argv);

	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return status;
	(void)fprintf(stderr, "%s: what it prints cannot be written\n", service->name);
	return 2;
}
