/* harness.c - starts, watches and ends the daemons (harness.h). A pidfd tells of their end, inotify
 * of a longer log. */
#include "e2e/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Far above what anything here takes, sanitizers and a busy machine included: only a fault reaches
 * it. */
#define WAIT_MS_MAX 60000
#define LOG_BYTES_MAX (256 << 20)
#define LOG_SHOWN_MAX (64 * 1024) /* of a failure */
#define ENVIRONMENT_MAX 64
#define LISTENING "\"event\":\"listening\""

/* What of our own environment a daemon sees; the rest of it must not change a test. */
static const char *const inherited[] = {
	"PATH=",          "TMPDIR=",       "ASAN_OPTIONS=", "LSAN_OPTIONS=",
	"UBSAN_OPTIONS=", "TSAN_OPTIONS=", "GCOV_PREFIX="};

static int64_t monotonic_ms(void)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- starting ---- */

static bool is_inherited(const char *setting)
{
	for (size_t i = 0; i < ARRAY_LEN(inherited); i++)
		if (strncmp(setting, inherited[i], strlen(inherited[i])) == 0)
			return true;
	return false;
}

/* The first of two settings with the same name counts, so the test's own come first. */
static void make_environment(const char *const *settings, const char *out[ENVIRONMENT_MAX])
{
	size_t count = 0;

	for (; settings != NULL && *settings != NULL && count < ENVIRONMENT_MAX - 3; settings++)
		out[count++] = *settings;
	out[count++] = "PORT=0";
	out[count++] = "LISTEN=127.0.0.1";
	for (char **setting = environ; *setting != NULL && count < ENVIRONMENT_MAX - 1; setting++)
		if (is_inherited(*setting))
			out[count++] = *setting;
	out[count] = NULL;
}

/* Between fork and exec: only what is safe there. */
_Noreturn static void become(const char *path, const char *const *arguments,
                             const char *const *environment, const char *directory, int output)
{
	bool ok = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && chdir(directory) == 0;

	if (output >= 0)
		ok = ok && dup2(output, STDOUT_FILENO) >= 0 && dup2(output, STDERR_FILENO) >= 0;
	if (ok)
		(void)execve(path, (char *const *)(uintptr_t)arguments,
		             (char *const *)(uintptr_t)environment);
	_exit(127);
}

static void service_spawn(struct service *service, const char *command, const char *const *settings)
{
	const char *build = getenv("BUILD");
	const char *arguments[] = {service->name, command, NULL};
	const char *environment[ENVIRONMENT_MAX];
	char relative[PATH_MAX], path[PATH_MAX];

	ck_assert_int_eq(service->pid, 0);
	(void)snprintf(relative, sizeof(relative), "%s/%s", build == NULL ? "build" : build,
	               service->name);
	ck_assert_msg(realpath(relative, path) != NULL, "%s is not built", relative);
	make_environment(settings, environment);
	int log = open(service->log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ck_assert_int_ge(log, 0);
	service->log_from = lseek(log, 0, SEEK_END);
	service->pid = fork();
	if (service->pid == 0)
		become(path, arguments, environment, service->directory, log);
	ck_assert_int_gt(service->pid, 0);
	service->pid_fd = pidfd_open(service->pid, 0);
	ck_assert_int_ge(service->pid_fd, 0);
	(void)close(log);
}

void service_init(struct service *service, const char *name)
{
	const char *parent = getenv("TMPDIR");

	*service = (struct service){.name = name, .pid_fd = -1};
	int length = snprintf(service->directory, sizeof(service->directory), "%s/%s.XXXXXX",
	                      parent == NULL ? "/tmp" : parent, name);
	ck_assert_int_lt(length, (int)sizeof(service->directory));
	ck_assert_ptr_nonnull(mkdtemp(service->directory));
	(void)snprintf(service->log_path, sizeof(service->log_path), "%s/log", service->directory);
}

/* ---- the log ---- */

/* The present run's log; the caller frees it. */
static char *log_read(const struct service *service)
{
	int log = open(service->log_path, O_RDONLY | O_CLOEXEC);
	struct stat status;

	ck_assert(log >= 0 && fstat(log, &status) == 0);
	off_t size = status.st_size - service->log_from;
	ck_assert(size >= 0 && size <= LOG_BYTES_MAX);
	char *text = calloc(1, (size_t)size + 1);
	ck_assert(text != NULL && pread(log, text, (size_t)size, service->log_from) == size);
	(void)close(log);
	return text;
}

_Noreturn static void fail_with_log(const struct service *service, const char *what)
{
	char *log = log_read(service);
	size_t len = strlen(log);
	const char *end = len > LOG_SHOWN_MAX ? log + len - LOG_SHOWN_MAX : log;

	(void)fprintf(stderr, "---- log of %s ----\n%s----\n", service->name, end);
	free(log);
	ck_abort_msg("%s: %s", service->name, what);
	abort();
}

static bool log_holds(const struct service *service, const char *text)
{
	char *log = log_read(service);
	const char *at = strstr(log, text);
	bool holds = at != NULL && strchr(at, '\n') != NULL; /* the whole line is there */

	free(log);
	return holds;
}

void service_wait_log(struct service *service, const char *text)
{
	int64_t deadline_ms = monotonic_ms() + WAIT_MS_MAX;
	struct pollfd events[2] = {
		{.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .events = POLLIN},
		{.fd = service->pid_fd, .events = POLLIN},
	};
	char changes[4096];

	ck_assert_int_ge(events[0].fd, 0);
	ck_assert_int_ge(inotify_add_watch(events[0].fd, service->log_path, IN_MODIFY), 0);
	while (!log_holds(service, text)) {
		int64_t left_ms = deadline_ms - monotonic_ms();
		if (left_ms <= 0 || poll(events, 2, (int)left_ms) == 0)
			fail_with_log(service, "the log never held what was waited for");
		if (events[1].revents != 0 && !log_holds(service, text))
			fail_with_log(service, "ended before the log held what was waited for");
		ck_assert(read(events[0].fd, changes, sizeof(changes)) > 0 || errno == EAGAIN);
	}
	(void)close(events[0].fd);
}

static int log_port(const struct service *service)
{
	char *log = log_read(service);
	char *line = strstr(log, LISTENING);

	while (line > log && line[-1] != '\n')
		line--;
	cJSON *json = cJSON_Parse(line);
	const cJSON *port = cJSON_GetObjectItemCaseSensitive(json, "port");
	ck_assert(cJSON_IsNumber(port));
	int value = port->valueint;
	cJSON_Delete(json);
	free(log);
	return value;
}

/* ---- living and ending ---- */

void service_start(struct service *service, const char *const *settings)
{
	service_spawn(service, "serve", settings);
	service_wait_log(service, LISTENING);
	service->port = log_port(service);
}

int service_command(struct service *service, const char *command)
{
	service_spawn(service, command, NULL);
	return service_wait(service);
}

void service_signal(const struct service *service, int signal_number)
{
	ck_assert_int_gt(service->pid, 0);
	ck_assert_int_eq(kill(service->pid, signal_number), 0);
}

static int exit_status(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int service_wait(struct service *service)
{
	struct pollfd end = {.fd = service->pid_fd, .events = POLLIN};

	if (poll(&end, 1, WAIT_MS_MAX) != 1)
		fail_with_log(service, "does not end");
	(void)close(service->pid_fd);
	int status = exit_status(service->pid);
	service->pid = 0;
	service->pid_fd = -1;
	return status;
}

void service_stop(struct service *service)
{
	service_signal(service, SIGTERM);
	if (service_wait(service) != 0)
		fail_with_log(service, "SIGTERM did not end it with exit status 0");
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

void service_release(struct service *service)
{
	if (service->pid != 0)
		service_stop(service);
	ck_assert_int_eq(nftw(service->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
}

int program_run(const char *const *arguments)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	ck_assert_int_gt(pid, 0);
	return exit_status(pid);
}

/* ---- numbers ---- */

/* A number from the environment, or fallback. */
static uint64_t setting(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);
	char *end;

	if (text == NULL)
		return fallback;
	uint64_t value = strtoull(text, &end, 10);
	ck_assert_msg(end > text && *end == '\0', "%s is no number", name);
	return value;
}

uint64_t scaled(uint64_t count)
{
	uint64_t part = count * setting("E2E_SCALE", 100) / 100;

	return part == 0 ? 1 : part;
}

void chance_init(struct chance *chance)
{
	uint64_t seed;

	ck_assert_int_eq(getrandom(&seed, sizeof(seed), 0), sizeof(seed));
	chance->state = setting("SEED", seed);
	(void)printf("SEED=%" PRIu64 "\n", chance->state);
	(void)fflush(stdout);
}

/* splitmix64, whose next value depends on a counter alone (Steele, Lea, Flood 2014). */
uint64_t chance_below(struct chance *chance, uint64_t bound)
{
	uint64_t z = chance->state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (z ^ (z >> 31)) % bound;
}
