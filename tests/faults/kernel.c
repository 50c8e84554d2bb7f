/*
 * Hazard: what the kernel offers beside mmap, in the hands of the program: io_uring with
 * buffers of the heap, Landlock, a heap whose pages userfaultfd serves, stacks in secret,
 * shared and file memory, advice for all that is mapped, mappings put beside each other
 * one, rseq that the program registers itself, a name and arguments that are overwritten.
 * And, with the environment of the test, what glibc's malloc can be tuned to.
 * Expected: no crash, results of native, exact counts. Argument: which.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/userfaultfd.h>
#include <malloc.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

__attribute__((noinline)) static void
churn(int rounds)
{
	void *kept[16] = { NULL };

	for (int i = 0; i < rounds; i++) {
		size_t size = (size_t)(i * 37) % 3000 + 1;

		free(kept[i % 16]);
		kept[i % 16] = malloc(size);
		memset(kept[i % 16], i, size);
	}
	for (int i = 0; i < 16; i++)
		free(kept[i]);
}

static void *
churner(void *arg)
{
	churn(1000);
	return arg;
}

/* By the main thread, by others and by a child. */
static int
all(void)
{
	pthread_t thread[2];
	int status = 0;
	pid_t child;

	churn(3000);
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, churner, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	fflush(stdout);
	child = fork();
	if (child == 0) {
		churn(500);
		_exit(3);
	}
	waitpid(child, &status, 0);
	return printf("child %x\n", (unsigned int)status) < 0;
}

/* --- io_uring --- */

enum { BUFFERS = 4, SIZE = 50000 };

struct ring {
	struct io_uring_params params;
	int fd;
	uint8_t *submitted, *completed;
	struct io_uring_sqe *entries;
};

static uint32_t *
ring_field(uint8_t *ring, uint32_t offset)
{
	return (void *)(ring + offset);
}

static int
ring_open(struct ring *ring)
{
	const struct io_uring_params *params = &ring->params;

	ring->fd = (int)syscall(SYS_io_uring_setup, BUFFERS, &ring->params);
	if (ring->fd < 0)
		return -1;
	ring->submitted = mmap(NULL, params->sq_off.array + params->sq_entries * 4,
	    PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->completed =
	    mmap(NULL, params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe),
		PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_CQ_RING);
	ring->entries = mmap(NULL, params->sq_entries * sizeof(*ring->entries),
	    PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQES);
	return ring->submitted == MAP_FAILED || ring->completed == MAP_FAILED ||
		ring->entries == MAP_FAILED
	    ? -1
	    : 0;
}

/* Reads into a buffer of the heap; what the kernel answers goes with a block, too. */
static int
ring_read(struct ring *ring, int file, int index, void *buffer)
{
	const struct io_uring_params *params = &ring->params;
	uint32_t *tail = ring_field(ring->submitted, params->sq_off.tail);
	uint32_t *head = ring_field(ring->completed, params->cq_off.head);
	const struct io_uring_cqe *answer = (void *)(ring->completed + params->cq_off.cqes);
	int result;

	ring->entries[index] = (struct io_uring_sqe){
		.opcode = IORING_OP_READ_FIXED,
		.fd = file,
		.addr = (uintptr_t)buffer,
		.len = SIZE,
		.buf_index = (uint16_t)index,
		.user_data = (uintptr_t)malloc(50),
	};
	ring_field(ring->submitted, params->sq_off.array)[*tail % params->sq_entries] =
	    (uint32_t)index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -1;
	answer += *head % params->cq_entries;
	result = answer->res;
	free((void *)(uintptr_t)answer->user_data);
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static int
ring(void)
{
	char name[] = "kernelXXXXXX";
	int file = mkstemp(name);
	struct ring ring = { 0 };
	struct iovec buffers[BUFFERS];
	long sum = 0;

	unlink(name);
	if (ring_open(&ring) != 0)
		return 77;
	for (int i = 0; i < BUFFERS; i++)
		buffers[i] = (struct iovec){ malloc(SIZE), SIZE };
	memset(buffers[0].iov_base, 5, SIZE);
	if (write(file, buffers[0].iov_base, SIZE) != SIZE)
		return 1;
	/* The kernel holds their pages from now on. */
	if (syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, buffers, BUFFERS) != 0)
		return 77;
	for (int i = 0; i < 100; i++) {
		uint8_t *buffer = buffers[i % BUFFERS].iov_base;

		sum += ring_read(&ring, file, i % BUFFERS, buffer) + buffer[i];
		churn(10);
	}
	for (int i = 0; i < BUFFERS; i++)
		free(buffers[i].iov_base);
	close(ring.fd);
	close(file);
	printf("%ld\n", sum);
	return all();
}

/* --- Landlock --- */

static int
landlock(void)
{
	struct landlock_ruleset_attr all_files = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
		    LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_REG,
	};
	int rules = (int)syscall(SYS_landlock_create_ruleset, &all_files, sizeof(all_files), 0);

	if (rules < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		return 77;
	close(rules);
	printf("%d\n", open("/etc/passwd", O_RDONLY));
	return all();
}

/* --- userfaultfd --- */

static int faults_fd;
static volatile unsigned long faults_served;

static void *
faults_serve(void *arg)
{
	struct uffd_msg message;

	while (read(faults_fd, &message, sizeof(message)) == sizeof(message)) {
		struct uffdio_zeropage page = {
			.range = { message.arg.pagefault.address & ~4095ULL, 4096 },
		};

		faults_served += ioctl(faults_fd, UFFDIO_ZEROPAGE, &page) == 0;
	}
	return arg;
}

/* The pages of the heap's top are another thread's to give, which must not allocate. */
static int
faults(void)
{
	const size_t size = 1 << 20;
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register what = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;
	uint8_t *top;

	faults_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
	if (faults_fd < 0 || ioctl(faults_fd, UFFDIO_API, &api) != 0)
		return 77;
	pthread_create(&thread, NULL, faults_serve, NULL);
	mallopt(M_MMAP_THRESHOLD, 1 << 25);
	mallopt(M_TRIM_THRESHOLD, 1 << 25);
	top = malloc(size);
	what.range.start = ((uintptr_t)top + 8191) & ~4095ULL;
	what.range.len = size - 4 * 4096;
	free(top);
	if (ioctl(faults_fd, UFFDIO_REGISTER, &what) != 0)
		return 77;
	for (int i = 0; i < 1000; i++)
		memset(malloc(900), i, 900);
	churn(3000);
	printf("served %d\n", faults_served > 0);
	fflush(stdout);
	_exit(0); /* with the thread */
}

/* --- Stacks --- */

static ucontext_t back, there;

static void
inside(void)
{
	churn(300);
}

static void
on_stack(const char *what, void *stack, size_t size)
{
	if (stack == NULL || stack == MAP_FAILED)
		return;
	for (int i = 0; i < 10; i++) {
		getcontext(&there);
		there.uc_stack.ss_sp = stack;
		there.uc_stack.ss_size = size;
		there.uc_link = &back;
		makecontext(&there, inside, 0);
		swapcontext(&back, &there);
		churn(10);
	}
	puts(what);
}

static void *
on_memory(size_t size, int flags, int fd)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
}

static int
stacks(void)
{
	const size_t size = 1 << 17;
	static uint8_t own[1 << 17];
	char name[] = "kernelXXXXXX";
	int file = mkstemp(name), secret = (int)syscall(SYS_memfd_secret, 0);

	unlink(name);
	if (ftruncate(file, (off_t)size) != 0)
		return 1;
	if (secret >= 0 && ftruncate(secret, (off_t)size) == 0)
		on_stack("secret", on_memory(size, MAP_SHARED, secret), size);
	/* The file ends where the stack does: above it a touch is SIGBUS. */
	on_stack("file", on_memory(2 * size, MAP_SHARED, file), size);
	on_stack("shared", on_memory(size, MAP_SHARED | MAP_ANONYMOUS, -1), size);
	on_stack("low", on_memory(size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1), size);
	on_stack("grows", on_memory(size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1), size);
	on_stack("malloc", malloc(size), size);
	on_stack("static", own, size);
	on_stack("alloca", __builtin_alloca(size), size);
	return 0;
}

/* --- All that is mapped --- */

struct map {
	unsigned long from, to;
};

enum { MAPS = 2000 };

/* Without the kernel's own and the stack. */
static int
maps_read(struct map *maps)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[5000];
	int count = 0;

	if (file == NULL)
		return 0;
	while (count < MAPS && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "%lx-%lx", &maps[count].from, &maps[count].to) == 2 &&
		    strstr(line, "[v") == NULL && strstr(line, "[stack") == NULL)
			count++;
	fclose(file);
	return count;
}

static int
advice(void)
{
	static const int kinds[] = { 20 /* MADV_COLD */, 21 /* MADV_PAGEOUT */, MADV_NOHUGEPAGE,
		MADV_SEQUENTIAL, MADV_DONTDUMP };
	static struct map maps[MAPS];
	int count = maps_read(maps);

	if (count == 0)
		return 77;
	churn(1000);
	for (size_t kind = 0; kind < sizeof(kinds) / sizeof(kinds[0]); kind++) {
		for (int i = 0; i < count; i++)
			madvise((void *)maps[i].from, maps[i].to - maps[i].from, kinds[kind]);
		churn(1000);
	}
	return all();
}

/* Before and behind each mapping one of ours, written to, protected, moved, unmapped. */
static int
beside(void)
{
	enum { LENGTH = 1 << 16 };
	static struct map maps[MAPS];
	int count = maps_read(maps);
	int placed = 0;

	for (int i = 0; i < 2 * count; i++) {
		unsigned long want = i % 2 ? maps[i / 2].to : maps[i / 2].from - LENGTH;
		uint8_t *at = mmap((void *)want, LENGTH, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		if (at == MAP_FAILED)
			continue;
		placed++;
		memset(at, i, LENGTH);
		mprotect(at, 4096, PROT_NONE);
		churn(20);
		at = mremap(at + 4096, LENGTH - 4096, 4 * LENGTH, MREMAP_MAYMOVE);
		memset(at, i, 4 * LENGTH);
		munmap(at, 4 * LENGTH);
		munmap((void *)want, 4096);
	}
	printf("placed %d\n", placed > 3);
	return all();
}

/* --- rseq --- */

enum { RSEQ_SIZE = 32, RSEQ_UNREGISTER = 1, RSEQ_SIGNATURE = 0x53053053 };

extern const ptrdiff_t __rseq_offset;
extern const unsigned int __rseq_size;

/* Instead of glibc's: what that says of the processor is old from then on. */
static void *
rseq_own(void *arg)
{
	static __thread uint32_t area[RSEQ_SIZE / 4] __attribute__((aligned(RSEQ_SIZE)));
	void *stack = on_memory(1 << 16, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (__rseq_size != 0)
		syscall(SYS_rseq, (uint8_t *)__builtin_thread_pointer() + __rseq_offset, RSEQ_SIZE,
		    RSEQ_UNREGISTER, RSEQ_SIGNATURE);
	area[1] = UINT32_MAX;
	if (syscall(SYS_rseq, area, RSEQ_SIZE, 0, RSEQ_SIGNATURE) != 0)
		return arg;
	churn(1000);
	on_stack("own", stack, 1 << 16);
	syscall(SYS_rseq, area, RSEQ_SIZE, RSEQ_UNREGISTER, RSEQ_SIGNATURE);
	return NULL;
}

static int
rseq(void)
{
	void *failed = NULL;
	pthread_t thread;

	if (rseq_own("no") != NULL)
		return 77;
	for (int i = 0; i < 2; i++) {
		pthread_create(&thread, NULL, rseq_own, "no");
		pthread_join(thread, &failed);
	}
	return failed != NULL;
}

/* --- Names --- */

/* As programs do that show their state in the list of processes. */
static int
renamed(int argc, char **argv, char **envp)
{
	char *end = argv[argc - 1];

	while (*envp != NULL)
		end = *envp++;
	end += strlen(end);
	prctl(PR_SET_NAME, "a\nb\033[31m", 0, 0, 0);
	memset(argv[0], 'x', (size_t)(end - argv[0]));
	return all();
}

int
main(int argc, char **argv, char **envp)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} cases[] = {
		{ "all", all },
		{ "ring", ring },
		{ "landlock", landlock },
		{ "faults", faults },
		{ "stacks", stacks },
		{ "advice", advice },
		{ "beside", beside },
		{ "rseq", rseq },
	};

	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "renamed") == 0)
		return renamed(argc, argv, envp);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(argv[1], cases[i].name) == 0)
			return cases[i].run();
	return 2;
}
