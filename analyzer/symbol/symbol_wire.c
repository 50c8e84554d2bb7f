#include "analyzer/symbol/symbol_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* After a call failed: is it to be tried again? */
static bool
again(const struct symbol_wire *wire)
{
	if (errno == EINTR)
		return true;
	if (errno != EAGAIN && errno != EWOULDBLOCK)
		return false;
	return wire->wait == NULL || wire->wait(wire->data);
}

static void
attach(struct msghdr *message, union control *control, int passed)
{
	struct cmsghdr *head;

	memset(control, 0, sizeof(*control));
	message->msg_control = control->bytes;
	message->msg_controllen = sizeof(control->bytes);
	head = CMSG_FIRSTHDR(message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(head), &passed, sizeof(passed));
}

bool
symbol_wire_send(const struct symbol_wire *wire, enum symbol_wire_type type, const void *data,
    size_t size, int passed)
{
	struct symbol_wire_head head = { (uint32_t)type, (uint32_t)size };
	size_t total = sizeof(head) + size;
	union control control;
	size_t done = 0;
	ssize_t sent;

	if (size > SYMBOL_WIRE_MAX)
		return false;
	while (done < total) {
		size_t of_head = done < sizeof(head) ? done : sizeof(head);
		size_t of_data = done - of_head;
		struct iovec parts[2] = {
			{ (char *)&head + of_head, sizeof(head) - of_head },
			{ (void *)((uintptr_t)data + of_data), size - of_data },
		};
		struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

		if (done == 0 && passed >= 0)
			attach(&message, &control, passed);
		sent = sendmsg(wire->fd, &message, MSG_NOSIGNAL);
		if (sent < 0 && !again(wire))
			return false;
		if (sent > 0)
			done += (size_t)sent;
	}
	return true;
}

static int
take_descriptor(struct msghdr *message)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (head != NULL && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

bool
symbol_wire_read_head(const struct symbol_wire *wire, struct symbol_wire_head *head, int *passed)
{
	union control control;
	struct iovec part = { head, sizeof(*head) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t got;

	if (passed == NULL)
		return symbol_wire_read(wire, head, sizeof(*head)) && head->size <= SYMBOL_WIRE_MAX;
	*passed = -1;
	message.msg_control = control.bytes;
	message.msg_controllen = sizeof(control.bytes);
	do
		got = recvmsg(wire->fd, &message, MSG_CMSG_CLOEXEC);
	while (got < 0 && again(wire));
	if (got <= 0)
		return false;
	*passed = take_descriptor(&message);
	return symbol_wire_read(wire, (char *)head + got, sizeof(*head) - (size_t)got) &&
	    head->size <= SYMBOL_WIRE_MAX;
}

bool
symbol_wire_read(const struct symbol_wire *wire, void *to, size_t size)
{
	size_t done = 0;
	ssize_t got;

	while (done < size) {
		got = recv(wire->fd, (char *)to + done, size - done, 0);
		if (got == 0 || (got < 0 && !again(wire)))
			return false;
		if (got > 0)
			done += (size_t)got;
	}
	return true;
}

void
symbol_wire_add_text(struct bytes *bytes, const char *text)
{
	size_t len;

	if (text == NULL) {
		bytes_add_number(bytes, 0);
		return;
	}
	len = strnlen(text, SYMBOL_WIRE_TEXT_MAX);
	bytes_add_number(bytes, len + 1);
	bytes_add(bytes, text, len);
	bytes_add_byte(bytes, '\0');
}

const char *
symbol_wire_take_text(struct bytes_reader *reader)
{
	size_t size = (size_t)bytes_take_limited(reader, SYMBOL_WIRE_TEXT_MAX + 1);
	const uint8_t *text = size > 0 ? bytes_take(reader, size) : NULL;

	if (text == NULL)
		return NULL;
	if (memchr(text, '\0', size) != text + size - 1) {
		reader->bad = true;
		return NULL;
	}
	return (const char *)text;
}
