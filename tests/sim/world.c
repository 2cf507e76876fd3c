/* world.c - see world.h. */
#include "sim/world.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN_US (INT64_C(1795408200) * US_PER_S) /* 2026-11-23T04:30:00Z */
#define LINE_BYTES_MAX 512
#define LINES_PRINTED 60 /* the newest of those that matter */

/* ---- chance: SplitMix64 (Steele, Lea, Flood 2014) ---- */

static uint64_t draw(struct world *world)
{
	uint64_t mixed = world->state += UINT64_C(0x9E3779B97F4A7C15);

	mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
	return mixed ^ (mixed >> 31);
}

int64_t world_pick(struct world *world, int64_t count)
{
	ensure(count > 0);
	return (int64_t)(draw(world) % (uint64_t)count); /* as good as even for small counts */
}

bool world_chance(struct world *world, int per_mille)
{
	return world_pick(world, 1000) < per_mille;
}

/* ---- what the services see ---- */

static int64_t see_clock(void *arg)
{
	return ((struct world *)arg)->now_us;
}

static void see_random(void *arg, void *bytes, size_t count)
{
	for (size_t i = 0; i < count; i += sizeof(uint64_t)) {
		uint64_t drawn = draw(arg);
		size_t left = count - i;

		memcpy((char *)bytes + i, &drawn, left < sizeof(drawn) ? left : sizeof(drawn));
	}
}

void world_open(struct world *world, uint64_t seed)
{
	*world = (struct world){
		.seed = seed, .state = seed, .now_us = BEGIN_US, .began_us = BEGIN_US, .focus = ""};
	world->env = (struct env){see_clock, see_clock, see_random, world};
	world->events = calloc(WORLD_EVENTS_MAX, sizeof(world->events[0]));
	ensure(world->events != NULL);
}

void world_close(struct world *world)
{
	for (size_t i = 0; i < world->lines_count; i++)
		free(world->lines[i].text);
	free(world->lines);
	free(world->events);
}

/* ---- events: a binary heap ---- */

static bool is_before(const struct world_event *a, const struct world_event *b)
{
	return a->at_us < b->at_us || (a->at_us == b->at_us && a->made < b->made);
}

static void swap(struct world_event *a, struct world_event *b)
{
	struct world_event kept = *a;

	*a = *b;
	*b = kept;
}

void world_after(struct world *world, int64_t delay_us, world_event_fn *run, void *arg,
                 int64_t number)
{
	size_t at = world->events_count++;

	ensure(delay_us >= 0 && world->events_count <= WORLD_EVENTS_MAX);
	world->events[at] = (struct world_event){world->now_us + delay_us, world->events_made++,
	                                         run, arg, number};
	for (; at > 0 && is_before(&world->events[at], &world->events[(at - 1) / 2]);
	     at = (at - 1) / 2)
		swap(&world->events[at], &world->events[(at - 1) / 2]);
}

static struct world_event take(struct world *world)
{
	struct world_event first = world->events[0];
	size_t at = 0, child;

	world->events[0] = world->events[--world->events_count];
	while ((child = 2 * at + 1) < world->events_count) {
		if (child + 1 < world->events_count &&
		    is_before(&world->events[child + 1], &world->events[child]))
			child++;
		if (!is_before(&world->events[child], &world->events[at]))
			break;
		swap(&world->events[child], &world->events[at]);
		at = child;
	}
	return first;
}

bool world_next(struct world *world, int64_t until_us)
{
	struct world_event event;

	if (world->events_count == 0 || world->events[0].at_us > until_us) {
		world->now_us = until_us;
		return false;
	}
	event = take(world);
	world->now_us = event.at_us;
	event.run(event.arg, event.number);
	return true;
}

/* ---- the record ---- */

static char *print(const char *format, va_list values)
{
	char text[LINE_BYTES_MAX];

	(void)vsnprintf(text, sizeof(text), format, values);
	char *copy = strdup(text);
	ensure(copy != NULL);
	return copy;
}

static void add_line(struct world *world, int64_t order, const char *format, va_list values)
{
	if (world->lines_count == world->lines_size) {
		world->lines_size = world->lines_size == 0 ? 4096 : 2 * world->lines_size;
		world->lines = realloc(world->lines, world->lines_size * sizeof(world->lines[0]));
		ensure(world->lines != NULL);
	}
	world->lines[world->lines_count++] =
		(struct world_line){world->now_us, order, print(format, values)};
}

void world_note(struct world *world, int64_t order, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	add_line(world, order, format, values);
	va_end(values);
}

/* The lines of one order and those about all; of no order: every line. */
static bool matters(const struct world *world, const struct world_line *line, int64_t order)
{
	return order == WORLD_NO_ORDER || line->order == order || line->order == WORLD_NO_ORDER ||
	       (world->focus[0] != '\0' && strstr(line->text, world->focus) != NULL);
}

static void print_lines(const struct world *world, int64_t order)
{
	size_t first = world->lines_count, begin = 0, left = LINES_PRINTED;

	while (begin < world->lines_count && order != WORLD_NO_ORDER &&
	       (world->lines[begin].order == WORLD_NO_ORDER ||
	        !matters(world, &world->lines[begin], order)))
		begin++;
	for (; first > begin && left > 0; first--)
		left -= matters(world, &world->lines[first - 1], order) ? 1 : 0;
	if (first > begin)
		(void)puts("  ...");
	for (size_t i = first; i < world->lines_count; i++) {
		int64_t at_ms = (world->lines[i].at_us - world->began_us) / US_PER_MS;

		if (matters(world, &world->lines[i], order))
			(void)printf("  %" PRId64 ".%03d s  %s\n", at_ms / 1000,
			             (int)(at_ms % 1000), world->lines[i].text);
	}
}

void world_fail(struct world *world, int64_t order, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	add_line(world, order, format, values);
	va_end(values);
	print_lines(world, order);
	(void)printf("FAILED: %s\nSEED=%" PRIu64 " at step %" PRId64 "\n",
	             world->lines[world->lines_count - 1].text, world->seed, world->step);
	exit(1);
}
