/* time_text.c - RFC 3339 text and microseconds. The calendar itself is the C library's. */
#include "base/time_text.h"

#include <string.h>
#include <time.h>

#define S_PER_DAY 86400
#define MS_PER_S 1000
#define YEAR_FIRST_US (INT64_C(-62167219200) * US_PER_S)    /* 0000-01-01T00:00:00Z */
#define YEAR_LAST_US (INT64_C(253402300800) * US_PER_S - 1) /* 9999-12-31T23:59:59.999999Z */
#define YEAR_FIRST_DAY (YEAR_FIRST_US / US_PER_S / S_PER_DAY)
#define DATE_CHARS (sizeof("2000-01-01T") - 1)
#define FRACTION_DIGITS_MAX 9

/* Writes the lowest `count` decimal digits of value and the character that follows them. */
static char *put_digits(char *out, int64_t value, size_t count, char after)
{
	for (size_t i = count; i > 0; i--) {
		out[i - 1] = (char)('0' + value % 10);
		value /= 10;
	}
	out[count] = after;
	return out + count + 1;
}

/* The date of a day counted from 1970, and a 'T'. To ask the C library takes a lock that all
 * threads share, so each thread keeps the answer: nearly always it is asked for the same day again.
 */
static const char *date_of(int64_t day)
{
	static _Thread_local char date[DATE_CHARS];
	static _Thread_local int64_t date_day = INT64_MIN;

	if (day == date_day)
		return date;
	time_t seconds = day * S_PER_DAY;
	struct tm utc;
	ensure(gmtime_r(&seconds, &utc) != NULL);
	char *rest = put_digits(date, utc.tm_year + 1900, 4, '-');
	rest = put_digits(rest, utc.tm_mon + 1, 2, '-');
	(void)put_digits(rest, utc.tm_mday, 2, 'T');
	date_day = day;
	return date;
}

void time_render(int64_t time_us, char out[TIME_TEXT_SIZE])
{
	ensure(time_us >= YEAR_FIRST_US);
	ensure(time_us <= YEAR_LAST_US);

	/* From the year 0 on, so that before 1970, too, a day's time counts forward. */
	int64_t ms = (time_us - YEAR_FIRST_US) / US_PER_MS;
	int64_t seconds = ms / MS_PER_S;
	int64_t minutes = seconds / 60;
	int64_t hours = minutes / 60;

	memcpy(out, date_of(hours / 24 + YEAR_FIRST_DAY), DATE_CHARS);
	out = put_digits(out + DATE_CHARS, hours % 24, 2, ':');
	out = put_digits(out, minutes % 60, 2, ':');
	out = put_digits(out, seconds % 60, 2, '.');
	out = put_digits(out, ms % MS_PER_S, 3, 'Z');
	*out = '\0';
}

/* The take_ functions take something off the front of *rest; false where it begins otherwise. */
static bool take_digits(struct text *rest, size_t count, int *ret_value)
{
	int value = 0;

	if (rest->len < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!char_is_digit(rest->ptr[i]))
			return false;
		value = value * 10 + (rest->ptr[i] - '0');
	}
	*rest = (struct text){rest->ptr + count, rest->len - count};
	*ret_value = value;
	return true;
}

static bool take_char(struct text *rest, char c)
{
	if (rest->len == 0 || rest->ptr[0] != c)
		return false;
	*rest = (struct text){rest->ptr + 1, rest->len - 1};
	return true;
}

/* [time-secfrac]: absent is 0; what is smaller than a microsecond is dropped. */
static bool take_fraction(struct text *rest, int64_t *ret_us)
{
	int64_t us = 0;
	int64_t place_us = US_PER_S / 10;
	int digit;

	if (!take_char(rest, '.')) {
		*ret_us = 0;
		return true;
	}
	for (size_t digits = 0; take_digits(rest, 1, &digit); digits++) {
		if (digits == FRACTION_DIGITS_MAX)
			return false;
		us += digit * place_us;
		place_us /= 10;
	}
	*ret_us = us;
	return rest->ptr[-1] != '.'; /* the point needs a digit */
}

/* time-offset, in seconds east of UTC. */
static bool take_offset(struct text *rest, int *ret_offset_s)
{
	int hour, minute;

	if (take_char(rest, 'Z') || take_char(rest, 'z')) {
		*ret_offset_s = 0;
		return true;
	}
	bool is_west = take_char(rest, '-');
	if ((!is_west && !take_char(rest, '+')) || !take_digits(rest, 2, &hour) ||
	    !take_char(rest, ':') || !take_digits(rest, 2, &minute) || hour > 23 || minute > 59)
		return false;
	*ret_offset_s = (hour * 60 + minute) * 60 * (is_west ? -1 : 1);
	return true;
}

bool time_parse(struct text text, int64_t *ret_time_us)
{
	struct text rest = text;
	int year, month, day, hour, minute, second, offset_s;
	int64_t fraction_us;

	if (!take_digits(&rest, 4, &year) || !take_char(&rest, '-') ||
	    !take_digits(&rest, 2, &month) || !take_char(&rest, '-') ||
	    !take_digits(&rest, 2, &day) || (!take_char(&rest, 'T') && !take_char(&rest, 't')) ||
	    !take_digits(&rest, 2, &hour) || !take_char(&rest, ':') ||
	    !take_digits(&rest, 2, &minute) || !take_char(&rest, ':') ||
	    !take_digits(&rest, 2, &second) || !take_fraction(&rest, &fraction_us) ||
	    !take_offset(&rest, &offset_s) || rest.len > 0)
		return false;
	if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 60)
		return false;

	struct tm utc = {
		.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_min = minute,
	};
	int64_t seconds = timegm(&utc) + second - offset_s;
	if (utc.tm_mday != day)
		return false; /* timegm() made the 31st of April the 1st of May */
	if (second == 60 && seconds % S_PER_DAY != 0)
		return false; /* leap seconds end a day of UTC and are numbered as the next one */

	int64_t time_us = seconds * US_PER_S + fraction_us;
	if (time_us < YEAR_FIRST_US || time_us > YEAR_LAST_US)
		return false; /* an offset can lead out of the years that have a text */
	*ret_time_us = time_us;
	return true;
}
