/* peer_window.c - see peer_window.h. Invariant: an item is the writer's from peer_window_submit
 * until is_back; then its line and command are released, and its page has one borrower less. */
#include "runtime/peer_window.h"

#include <stdlib.h>
#include <string.h>

bool peer_window_init(struct peer_window *window, struct fetcher *fetcher, int64_t queue_max,
                      size_t command_size)
{
	int64_t half = (queue_max + 1) / 2;

	window->fetcher = fetcher;
	window->items_max = half < PEER_WINDOW_MAX ? (size_t)half : PEER_WINDOW_MAX;
	for (size_t i = 0; i < window->items_max; i++) {
		window->items[i].window = window;
		window->items[i].command = calloc(1, command_size + 1);
		if (window->items[i].command == NULL)
			return false;
	}
	return true;
}

void peer_window_release(struct peer_window *window)
{
	ensure(window->count == 0);
	for (size_t i = 0; i < window->items_max; i++)
		free(window->items[i].command);
}

struct peer_item *peer_window_reserve(struct peer_window *window)
{
	if (window->count == window->items_max || writer_reserve(window->writer) != ERR_NONE)
		return NULL;
	return &window->items[(window->first + window->count) % window->items_max];
}

void peer_window_cancel(struct peer_window *window, struct peer_item *item)
{
	peer_line_release(&item->line);
	writer_cancel(window->writer);
}

/* On the writer's thread. From the store on the item is the follower's again. */
static void come_back(struct job *job)
{
	struct peer_item *item = job->owner;
	struct peer_window *window = item->window;

	atomic_store(&item->is_back, true);
	if (!atomic_exchange(&window->was_rung, true))
		fetcher_wake(window->fetcher);
}

void peer_window_submit(struct peer_window *window, struct peer_item *item,
                        const struct command_kind *kind, const void *command, bool is_event)
{
	struct job *job = &item->job;

	*job = (struct job){.owner = item,
	                    .kind = kind,
	                    .command = command,
	                    .deadline_us = INT64_MAX,
	                    .done = come_back,
	                    .peer = is_event ? &item->step : NULL};
	if (item->page != NULL) {
		item->page->items_count++;
		job->request_id = item->line.id;
		job->traceparent = item->line.traceparent;
	}
	answer_init(&job->answer);
	buf_init(&job->kept, ANSWER_BYTES_MAX);
	atomic_store(&item->is_back, false);
	window->count++;
	writer_publish(window->writer, job);
}

struct peer_item *peer_window_oldest(struct peer_window *window)
{
	struct peer_item *item = &window->items[window->first];

	atomic_store(&window->was_rung, false);
	return window->count > 0 && atomic_load(&item->is_back) ? item : NULL;
}

void peer_window_drop(struct peer_window *window)
{
	struct peer_item *item = &window->items[window->first];

	ensure(window->count > 0 && atomic_load(&item->is_back));
	answer_release(&item->job.answer);
	buf_release(&item->job.kept);
	if (item->page != NULL) {
		item->page->items_count--;
		peer_line_release(&item->line);
	}
	window->first = (window->first + 1) % window->items_max;
	window->count--;
}

bool peer_window_has_passed(const struct peer_window *window, int64_t seq)
{
	const struct peer_item *oldest = &window->items[window->first];

	return window->count == 0 || (oldest->job.peer != NULL && oldest->step.from_seq >= seq);
}
