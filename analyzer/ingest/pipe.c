#include "analyzer/ingest/pipe.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "analyzer/trace/merge.h"
#include "analyzer/util/xalloc.h"

enum {
	PIPE_BATCHES = 16, /* a second-level cache holds them */
	PIPE_HALF = PIPE_BATCHES / 2,
	PIPE_LAG = 16, /* events: by then what is live there is in the cache */
};

struct pipe {
	struct merge *merge; /* the maker's, and so is match */
	struct match match;
	struct match_event reset;   /* of a pool, which is to end more blocks, */
	bool resets;                /* if this is so */
	struct pipe_batch *batches; /* PIPE_BATCHES of them, used in turn */
	bool ahead;                 /* there is a thread */
	pthread_t thread;
	pthread_mutex_t lock; /* for all that follows */
	pthread_cond_t moved;
	/* Who has to wait does so until there is work for a while: a batch is soon done,
	 * and to be woken takes its time. */
	uint64_t made;  /* batches */
	uint64_t taken; /* of these; the last one is still in use */
	bool ended;     /* no more are made */
	bool stopped;   /* no more are wanted */
};

static void
pipe_reset(struct pipe *pipe, struct match_event *event)
{
	pipe->resets = match_reset(&pipe->match, event);
	pipe->reset = *event;
	pipe->reset.again = true;
}

/* Fills the batch; false: there is nothing left for it. */
static bool
pipe_fill(struct pipe *pipe, struct pipe_batch *batch)
{
	struct match_event *to = batch->events, *end = to + PIPE_EVENTS;
	struct match_event *unmatched = to; /* from here on */
	size_t stream;

	for (; to < end; to++) {
		if (pipe->resets) {
			*to = pipe->reset;
			pipe_reset(pipe, to);
			unmatched = to + 1;
			continue;
		}
		if (!merge_take(pipe->merge, &to->event, &stream))
			break;
		to->stream = (uint32_t)stream;
		to->again = false;
		/* no block is larger; a database's numbers are signed */
		if (to->event.size > INT64_MAX)
			to->event.size = INT64_MAX;
		if (decode_resets(&to->event)) {
			while (unmatched < to)
				match_event(&pipe->match, unmatched++);
			pipe_reset(pipe, to);
			unmatched = to + 1;
			continue;
		}
		match_expect(&pipe->match, to);
		if (to >= unmatched + PIPE_LAG)
			match_event(&pipe->match, unmatched++);
	}
	while (unmatched < to)
		match_event(&pipe->match, unmatched++);
	batch->count = (size_t)(to - batch->events);
	batch->read = merge_read(pipe->merge);
	return batch->count > 0;
}

static struct pipe_batch *
pipe_batch(const struct pipe *pipe, uint64_t number)
{
	return &pipe->batches[number % PIPE_BATCHES];
}

static void *
pipe_run(void *data)
{
	struct pipe *pipe = data;
	uint64_t number = 0;
	bool more = true;

	while (more) {
		more = pipe_fill(pipe, pipe_batch(pipe, number++));
		pthread_mutex_lock(&pipe->lock);
		if (more)
			pipe->made = number;
		else
			pipe->ended = true;
		if (pipe->ended || pipe->made >= pipe->taken + PIPE_HALF)
			pthread_cond_signal(&pipe->moved);
		/* of those that were taken, the last is not free yet */
		if (more && number + 1 >= pipe->taken + PIPE_BATCHES)
			while (!pipe->stopped && number > pipe->taken + PIPE_HALF - 1)
				pthread_cond_wait(&pipe->moved, &pipe->lock);
		more = more && !pipe->stopped;
		pthread_mutex_unlock(&pipe->lock);
	}
	return NULL;
}

/* Signals are for the thread that was there before. */
static bool
pipe_start(struct pipe *pipe)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&pipe->thread, NULL, pipe_run, pipe) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

struct pipe *
pipe_new(struct reader *reader, const struct streams *streams,
    const struct definitions *definitions, uint32_t blocks, bool ahead)
{
	struct pipe *pipe = xcalloc(1, sizeof(*pipe));

	pipe->merge = merge_new(reader, streams);
	match_init(&pipe->match, definitions, streams);
	pipe->match.limit = blocks;
	pipe->batches = xcalloc(ahead ? PIPE_BATCHES : 1, sizeof(*pipe->batches));
	pthread_mutex_init(&pipe->lock, NULL);
	pthread_cond_init(&pipe->moved, NULL);
	pipe->ahead = ahead && pipe_start(pipe);
	return pipe;
}

struct pipe_batch *
pipe_next(struct pipe *pipe)
{
	struct pipe_batch *batch = NULL;

	if (!pipe->ahead)
		return pipe_fill(pipe, &pipe->batches[0]) ? &pipe->batches[0] : NULL;
	pthread_mutex_lock(&pipe->lock);
	if (pipe->made == pipe->taken)
		while (!pipe->ended && pipe->made < pipe->taken + PIPE_HALF)
			pthread_cond_wait(&pipe->moved, &pipe->lock);
	if (pipe->made > pipe->taken)
		batch = pipe_batch(pipe, pipe->taken++);
	if (pipe->made < pipe->taken + PIPE_HALF)
		pthread_cond_signal(&pipe->moved);
	pthread_mutex_unlock(&pipe->lock);
	return batch;
}

const struct match *
pipe_match(const struct pipe *pipe)
{
	return &pipe->match;
}

void
pipe_free(struct pipe *pipe)
{
	if (pipe == NULL)
		return;
	if (pipe->ahead) {
		pthread_mutex_lock(&pipe->lock);
		pipe->stopped = true;
		pthread_cond_signal(&pipe->moved);
		pthread_mutex_unlock(&pipe->lock);
		pthread_join(pipe->thread, NULL);
	}
	pthread_cond_destroy(&pipe->moved);
	pthread_mutex_destroy(&pipe->lock);
	match_release(&pipe->match);
	merge_free(pipe->merge);
	free(pipe->batches);
	free(pipe);
}
