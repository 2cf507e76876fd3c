/* answers.h - requests written shortly, and what the contract promises of every answer.
 * In a body and in an expected text a ' stands for a ". One thread. */
#ifndef E2E_ANSWERS_H
#define E2E_ANSWERS_H

#include "e2e/client.h"
#include "unit/unit.h"

/* Each sends a request with at most one header ("Name: value", or NULL) and fails the test where
 * the answer has another status, or lacks what every answer must have. */
void get(struct client *client, const char *path, const char *header, int status);
void post(struct client *client, const char *path, const char *header, const char *body,
          int status);
/* Reads a metric; name with its labels, where it has any. */
int64_t get_metric(struct client *client, const char *name);
/* A POST whose answer is a replay exactly if is_replay. */
void post_replay(struct client *client, const char *path, const char *header, const char *body,
                 int status, bool is_replay);

/* Of the last answer. It is this problem, in its full form. */
void check_problem(struct client *client, const char *slug);
/* It is 422 and names this one field ("#/amount"). */
void check_field_problem(struct client *client, const char *slug, const char *pointer);
/* Its body holds, or lacks, a text. */
void check_holds(const struct client *client, const char *text);
void check_lacks(const struct client *client, const char *text);

/* Whether a parsed body is the full form of a problem (api.md, "Errors"). */
void check_problem_form(const cJSON *json, int status, const char *slug);

/* A member of the last answer; there must be one. */
const cJSON *answer_member(const struct client *client, const char *name);
int64_t answer_int(const struct client *client, const char *name);
/* The rows of a list. */
const cJSON *answer_data(const struct client *client);

#endif
