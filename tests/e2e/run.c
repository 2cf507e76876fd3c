/* run.c - runs a binary to its end (run.h). */
#include "e2e/run.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES_MAX (64 * 1024 * 1024)
#define WORDS_MAX 32

/* What the tests' own environment says to sanitizers and coverage; the rest must not change a test.
 */
static bool is_inherited(const char *setting)
{
	return strstr(setting, "SAN_OPTIONS=") != NULL || strncmp(setting, "GCOV_", 5) == 0;
}

static size_t add_words(const char *words[WORDS_MAX], size_t count, const char *const *more)
{
	for (; more != NULL && *more != NULL; more++) {
		ck_assert_uint_lt(count, WORDS_MAX - 1);
		words[count++] = *more;
	}
	words[count] = NULL;
	return count;
}

static void make_environment(const char *const *settings, const char *environment[WORDS_MAX])
{
	const char *const any_port[] = {"PORT=0", NULL};
	size_t count = add_words(environment, 0, settings);

	/* The first of two settings with the same name counts. */
	count = add_words(environment, count, any_port);
	for (char **setting = environ; *setting != NULL; setting++)
		if (is_inherited(*setting))
			count = add_words(environment, count,
			                  (const char *const[]){*setting, NULL});
}

/* Between fork and exec: only what is safe there. */
static _Noreturn void become(const char *path, const char *directory, const char *const *arguments,
                             const char *const *environment, int out, int err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && chdir(directory) == 0 &&
	    dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
		(void)execve(path, (char *const *)(uintptr_t)arguments,
		             (char *const *)(uintptr_t)environment);
	_exit(127);
}

static void add_all(int fd, struct buf *out)
{
	char part[4096];
	off_t at = 0;
	ssize_t count;

	while ((count = pread(fd, part, sizeof(part), at)) > 0) {
		buf_add(out, part, (size_t)count);
		at += count;
	}
	ck_assert(count == 0 && !out->full);
	(void)close(fd);
}

void run_begin(const struct service *service, const char *const *settings,
               const char *const *arguments, struct run *ret_run)
{
	const char *build = getenv("BUILD");
	const char *words[WORDS_MAX], *environment[WORDS_MAX];
	char relative[PATH_MAX], path[PATH_MAX];
	struct run run = {.status = 0};

	(void)snprintf(relative, sizeof(relative), "%s/%s", build == NULL ? "build" : build,
	               service->name);
	ck_assert_msg(realpath(relative, path) != NULL, "%s is not built", relative);
	words[0] = service->name;
	(void)add_words(words, 1, arguments);
	make_environment(settings, environment);
	run.out_fd = memfd_create("out", MFD_CLOEXEC);
	run.err_fd = memfd_create("err", MFD_CLOEXEC);
	ck_assert(run.out_fd >= 0 && run.err_fd >= 0);
	run.pid = fork();
	if (run.pid == 0)
		become(path, service->directory, words, environment, run.out_fd, run.err_fd);
	*ret_run = run;
}

void run_end(struct run *run)
{
	int status;

	ck_assert_int_eq(waitpid(run->pid, &status, 0), run->pid);
	run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	buf_init(&run->out, BYTES_MAX);
	buf_init(&run->err, BYTES_MAX);
	add_all(run->out_fd, &run->out);
	add_all(run->err_fd, &run->err);
}

void run_service(const struct service *service, const char *const *settings,
                 const char *const *arguments, struct run *ret_run)
{
	run_begin(service, settings, arguments, ret_run);
	run_end(ret_run);
}

void run_release(struct run *run)
{
	buf_release(&run->out);
	buf_release(&run->err);
}

void read_file(const char *path, struct buf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s cannot be read", path);
	add_all(fd, out);
}
