/* expect: grow caller fill+1 up=1800 */
/* A helper makes the buffer of its caller larger, and larger again. */
#include <stdlib.h>

#include "target.h"

struct buffer {
	char *bytes;
	size_t capacity;
};

static NOINLINE void
grow(struct buffer *buffer)
{
	char *bytes;

	buffer->capacity = buffer->capacity == 0 ? 16 : 2 * buffer->capacity;
	bytes = realloc(buffer->bytes, buffer->capacity);
	TOUCH(bytes);
	if (bytes == NULL)
		abort();
	buffer->bytes = bytes;
	BEHIND();
}

static NOINLINE void
fill(void)
{
	struct buffer buffer = { NULL, 0 };

	for (int i = 0; i < 6; i++)
		grow(&buffer);
	free(buffer.bytes);
	BEHIND();
}

int
main(void)
{
	for (int i = 0; i < 300; i++)
		fill();
	return 0;
}
