/* webhook_sign.h - secrets and signatures of webhooks, as Standard Webhooks 1.0.0 has them:
 * HMAC-SHA256 (GnuTLS) over "ID.TIMESTAMP.BODY". Pure. */
#ifndef BASE_WEBHOOK_SIGN_H
#define BASE_WEBHOOK_SIGN_H

#include "base/text.h"

#define WEBHOOK_SECRET_BYTES 32     /* the specification wants 24 to 64 */
#define WEBHOOK_SECRET_TEXT_SIZE 51 /* "whsec_", 44 characters of base64, the NUL */
#define WEBHOOK_SIGNATURE_SIZE 48   /* "v1,", 44 characters of base64, the NUL */

struct webhook_secret {
	uint8_t bytes[WEBHOOK_SECRET_BYTES];
};

/* As the caller is told it, once. */
void webhook_secret_print(const struct webhook_secret *secret, char out[WEBHOOK_SECRET_TEXT_SIZE]);

/* key may have any length. timestamp_s is since 1970. False: no memory. */
must_use bool webhook_sign(struct text key, struct text id, int64_t timestamp_s, struct text body,
                           char out[WEBHOOK_SIGNATURE_SIZE]);

#endif
