/* keyring.h - who may call where AUTH=keys: the keys of API_KEYS_FILE, which can be read again
 * while requests are judged. */
#ifndef WEB_KEYRING_H
#define WEB_KEYRING_H

#include "web/key_list.h"

struct keyring;

/* Reads the file; path is borrowed for the keyring's life. NULL: why is one line that names the
 * file, the line and what is wrong, and nothing of what is there. */
struct keyring *keyring_open(const char *path, struct buf *why);
/* After the last look-up. Accepts NULL. */
void keyring_close(struct keyring *keyring);
/* Reads the file again. False: why, as above, and the keys stay as they are. One thread. */
must_use bool keyring_reload(struct keyring *keyring, struct buf *why);
/* Copies the key whose secret this is, where it is valid at that time. Any thread. */
must_use bool keyring_find(struct keyring *keyring, struct text secret, int64_t now_us,
                           struct api_key *ret_key);

#endif
